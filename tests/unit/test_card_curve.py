"""The arithmetic on curves, beside OpenSSL's and beside itself done the slow way."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.card.emrtd.curve import Curve, Point
from devices.card.emrtd.curves import CURVES
from devices.card.slot import CardDamaged

curves = st.sampled_from(list(CURVES.values()))


def slowly(curve: Curve, factor: int, point: Point) -> Point:
    product = point
    for bit in bin(factor)[3:]:
        product = curve.add(product, product)
        if bit == "1":
            product = curve.add(product, point)
    return product


@given(curves, st.integers(2, 2**192 - 2**100), st.integers(1, 2**190))
@settings(max_examples=60)
def test_products_are_right(curve: Curve, one: int, other: int) -> None:
    point = slowly(curve, one, curve.generator)
    assert curve.key(one).point == point
    assert curve.multiply(one, curve.generator) == point
    product = curve.multiply(other, point)
    assert product == slowly(curve, other, point)
    assert curve.key(other).agree(point) == product[0]
    assert curve.decode(curve.encode(product)) == product


@pytest.mark.parametrize("curve", [curve for curve in CURVES.values() if curve.openssl], ids=lambda curve: curve.name)
def test_the_curves_are_openssls(curve: Curve) -> None:
    assert curve.openssl is not None
    mine, other = curve.draw(), ec.generate_private_key(curve.openssl)
    numbers = other.public_key().public_numbers()
    shared = other.exchange(ec.ECDH(), ec.EllipticCurvePublicNumbers(*mine.point, curve.openssl).public_key())
    assert curve.multiply(mine.factor, (numbers.x, numbers.y))[0].to_bytes(curve.size, "big") == shared


@pytest.mark.parametrize("curve", CURVES.values(), ids=lambda curve: curve.name)
def test_the_edges_of_the_group(curve: Curve) -> None:
    x, y = curve.generator
    opposite = (x, curve.p - y)
    for factor, product in ((1, (x, y)), (curve.n - 1, opposite), (2, curve.add((x, y), (x, y)))):
        assert curve.multiply(factor, curve.generator) == product
    with pytest.raises(CardDamaged):
        curve.add((x, y), opposite)
    with pytest.raises(CardDamaged):
        curve.multiply(curve.n, (x, y))
    assert all(0 < curve.draw().factor < curve.n for _ in range(20))


@pytest.mark.parametrize("curve", CURVES.values(), ids=lambda curve: curve.name)
def test_points_off_the_curve_are_refused(curve: Curve) -> None:
    good = curve.encode(curve.generator)
    assert curve.decode(good) == curve.generator
    beyond = b"\x04" + curve.p.to_bytes(curve.size, "big") + curve.y.to_bytes(curve.size, "big")
    compressed = bytes((2,)) + good[1 : 1 + curve.size]
    for bad in (
        b"",
        b"\x00",
        good[:-1],
        good + b"\0",
        good[:-1] + bytes((good[-1] ^ 1,)),
        beyond,
        compressed,
        bytes(len(good)),
    ):
        with pytest.raises(CardDamaged):
            curve.decode(bad)
