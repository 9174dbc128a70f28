"""The little elliptic curve arithmetic that PACE's generic mapping needs and no library offers.

The mapping adds two points and multiplies one that is not the curve's own generator; OpenSSL, through cryptography,
gives only the x coordinate of a product (ECDH). So the products are OpenSSL's, in constant time, and y is recovered
from the x of two neighbouring products. Three old brainpool curves that cryptography does not know are multiplied here,
plainly; those keys live for one read, and this machine runs nothing that could time it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from devices.card.slot import CardDamaged

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

    @property
    def generator(self) -> Point:
        return self.x, self.y

    @property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.p.bit_length() + 7) // 8

    def draw(self) -> int:
        """A fresh private key."""
        return secrets.randbelow(self.n - 1) + 1

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
        """``factor`` times ``point``, 0 < factor < n. Raises :class:`CardDamaged` outside of that."""
        if not 0 < factor < self.n:
            raise CardDamaged("no such factor")
        if self.openssl is None or factor in (1, self.n - 1):
            return self._multiply_plainly(factor, point)
        # With Q = factor·P and R = Q + P, the addition law gives (yQ - yP)² = (xR + xP + xQ)(xQ - xP)²; solved for yQ.
        x, y = point
        x_q, x_r = self.multiply_x(factor, point), self.multiply_x(factor + 1, point)
        squares = x_q**3 + self.a * x_q + self.b + y * y
        return x_q, (squares - (x_r + x + x_q) * (x_q - x) ** 2) * pow(2 * y, -1, self.p) % self.p

    def multiply_x(self, factor: int, point: Point) -> int:
        """The x coordinate of the product alone: what a key agreement (TR-03111 clause 4.3.1) needs."""
        if self.openssl is None:
            return self._multiply_plainly(factor, point)[0]
        own = ec.derive_private_key(factor, self.openssl)
        other = ec.EllipticCurvePublicNumbers(*point, self.openssl).public_key()
        return int.from_bytes(own.exchange(ec.ECDH(), other), "big")

    def _multiply_plainly(self, factor: int, point: Point) -> Point:
        product = point
        for bit in bin(factor)[3:]:
            product = self.add(product, product)
            if bit == "1":
                product = self.add(product, point)
        return product
