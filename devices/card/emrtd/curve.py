"""The little elliptic curve arithmetic that PACE's generic mapping needs and no library offers.

The mapping adds two points and multiplies one that is not the curve's own generator; OpenSSL, through cryptography,
multiplies only the generator and gives no more than the x coordinate of other products (ECDH). Those two are left to it
on the curves it knows. The rest takes as long as its numbers are: the keys live for one read, and nothing near this
machine could time it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from devices.card.slot import CardDamaged

_ODD_MULTIPLES = 8  # 1, 3 … 15

Point = tuple[int, int]
"""Affine coordinates; the point at infinity never leaves this module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """y² = x³ + ax + b modulo p, generator (x, y) of prime order n, cofactor 1."""

    name: str
    oid: str
    p: int
    a: int
    b: int
    x: int
    y: int
    n: int
    openssl: ec.EllipticCurve | None
    _generator_multiples: tuple[Point, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_generator_multiples", self._odd_multiples(self.generator))

    @property
    def generator(self) -> Point:
        return self.x, self.y

    @property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.p.bit_length() + 7) // 8

    def draw(self) -> KeyPair:
        """A fresh key pair."""
        if self.openssl is None:
            return self.key(secrets.randbelow(self.n - 1) + 1)
        return _key_pair(self, ec.generate_private_key(self.openssl))

    def key(self, factor: int) -> KeyPair:
        """The key pair of a private key, 0 < factor < n; as in the factors below."""
        if self.openssl is None:
            return KeyPair(curve=self, factor=factor, point=self.multiply(factor, self.generator), openssl=None)
        return _key_pair(self, ec.derive_private_key(factor, self.openssl))

    def encode(self, point: Point) -> bytes:
        """Uncompressed, ``04 || x || y`` (TR-03111 clause 3.2.1)."""
        return b"\x04" + point[0].to_bytes(self.size, "big") + point[1].to_bytes(self.size, "big")

    def decode(self, raw: bytes) -> Point:
        """A chip's point. Raises :class:`CardDamaged` unless it is uncompressed and lies on the curve: as the cofactor
        is 1, it then is in the right group, and infinity cannot be written this way."""
        if len(raw) != 1 + 2 * self.size or raw[0] != 0x04:
            raise CardDamaged("no uncompressed point")
        x, y = int.from_bytes(raw[1 : 1 + self.size], "big"), int.from_bytes(raw[1 + self.size :], "big")
        if x >= self.p or y >= self.p or (y * y - (x * x + self.a) * x - self.b) % self.p:
            raise CardDamaged("not on the curve")
        return x, y

    def add(self, one: Point, other: Point) -> Point:
        """The sum. Raises :class:`CardDamaged` when it is infinity."""
        (x1, y1), (x2, y2) = one, other
        if x1 != x2:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        elif (y1 + y2) % self.p:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            raise CardDamaged("the sum is infinity")
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def multiply(self, factor: int, point: Point) -> Point:
        """``factor`` times ``point``."""
        return self.combine(((factor, point),))

    def combine(self, products: Sequence[tuple[int, Point]]) -> Point:
        """The sum of these products, worked out side by side (Straus). Raises :class:`CardDamaged` for infinity."""
        terms = [
            (
                _signed_digits(factor),
                self._generator_multiples if point == self.generator else self._odd_multiples(point),
            )
            for factor, point in products
        ]
        total: tuple[int, int, int] | None = None
        for place in reversed(range(max(len(digits) for digits, _ in terms))):
            if total is not None:
                total = self._double(total)
            for digits, odd in terms:
                digit = digits[place] if place < len(digits) else 0
                if digit:
                    x, y = odd[abs(digit) >> 1]
                    signed = (x, y if digit > 0 else self.p - y)
                    total = (*signed, 1) if total is None else self._add_to(total, signed)
        if total is None:
            raise CardDamaged("the sum is infinity")
        inverse = pow(total[2], -1, self.p)
        return total[0] * inverse**2 % self.p, total[1] * inverse**3 % self.p

    def _odd_multiples(self, point: Point) -> tuple[Point, ...]:
        odd, twice = [point], self.add(point, point)
        for _ in range(_ODD_MULTIPLES - 1):
            odd.append(self.add(odd[-1], twice))
        return tuple(odd)

    # Jacobian coordinates: (X, Y, Z) is the point (X/Z², Y/Z³), so that only the end needs an inverse. Formulas of the
    # Explicit-Formulas Database (hyperelliptic.org/EFD), dbl-1998-cmo-2 and madd.

    def _double(self, point: tuple[int, int, int]) -> tuple[int, int, int]:
        x, y, z = point
        p = self.p
        y_square, z_square = y * y % p, z * z % p
        s = 4 * x * y_square % p
        m = (3 * x * x + self.a * (z_square * z_square % p)) % p
        doubled = (m * m - 2 * s) % p
        return doubled, (m * (s - doubled) - 8 * y_square * y_square) % p, 2 * y * z % p

    def _add_to(self, point: tuple[int, int, int], other: Point) -> tuple[int, int, int]:
        x, y, z = point
        p = self.p
        z_square = z * z % p
        h = (other[0] * z_square - x) % p
        r = (other[1] * z_square * z - y) % p
        if not h:
            # The same point twice, or a point and its opposite. Below a prime order that takes a factor made for it.
            raise CardDamaged("no such sum")
        h_square = h * h % p
        h_cube, v = h * h_square % p, x * h_square % p
        added = (r * r - h_cube - 2 * v) % p
        return added, (r * (v - added) - y * h_cube) % p, z * h % p


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key and its point, the public one. OpenSSL's key is kept where it has made one: making it anew from a
    number takes it as long as a product."""

    curve: Curve
    factor: int = field(repr=False)
    point: Point
    openssl: ec.EllipticCurvePrivateKey | None

    def agree(self, other: Point) -> int:
        """The x coordinate of the product with another's point: a key agreement (TR-03111 clause 4.3.1)."""
        if self.openssl is None or self.curve.openssl is None:
            return self.curve.multiply(self.factor, other)[0]
        public = ec.EllipticCurvePublicNumbers(*other, self.curve.openssl).public_key()
        return int.from_bytes(self.openssl.exchange(ec.ECDH(), public), "big")


def _key_pair(curve: Curve, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    numbers = key.private_numbers()
    public = numbers.public_numbers
    return KeyPair(curve=curve, factor=numbers.private_value, point=(public.x, public.y), openssl=key)


def _signed_digits(factor: int) -> list[int]:
    """Non-adjacent form of width 5, lowest digit first: each digit is 0 or odd and below 16 in size."""
    digits: list[int] = []
    while factor:
        digit = factor & 31 if factor & 1 else 0
        digit -= 32 if digit > 16 else 0
        digits.append(digit)
        factor = (factor - digit) >> 1
    return digits
