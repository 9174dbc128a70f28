"""The ciphers, messaging and points of a virtual travel document's chip; see :mod:`devices.card.sim_emrtd_chip`.

Written from ICAO 9303-11 once more, plainly and slowly, so that the reading side is not measured against itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from devices.card.emrtd.curve import Curve
from devices.card.sim_emrtd_files import tlv

Point = tuple[int, int] | None


@dataclass(slots=True)
class Session:
    """Session keys with their counter."""

    aes: bool
    encryption: bytes
    authentication: bytes
    counter: int


def read_objects(data: bytes) -> dict[int, bytes]:
    """The data objects in ``data`` by tag, believing every length."""
    found: dict[int, bytes] = {}
    while len(data) >= 2:
        wide = 2 if data[0] & 0x1F == 0x1F else 1
        length, at = data[wide], wide + 1
        if length > 0x80:
            at += length & 0x7F
            length = int.from_bytes(data[wide + 1 : at], "big")
        found[int.from_bytes(data[:wide], "big")] = data[at : at + length]
        data = data[at + length :]
    return found


# --- secure messaging, clause 9.8, from the other side


def open_command(session: Session, command: bytes, data: bytes) -> tuple[bytes, int] | None:
    """Data and Le of a protected command; ``None`` when its code is wrong."""
    session.counter += 1
    objects = read_objects(data)
    block = 16 if session.aes else 8
    covered = data[:-10]
    header = command[:4] + b"\x80" + bytes(block - 5)
    if _code(session, header + covered) != objects.get(0x8E):
        return None
    hidden = objects.get(0x85) or objects.get(0x87, b"")[1:]
    plain = b""
    if hidden:
        padded = _cipher(session, hidden, decrypt=True)
        plain = padded[: padded.rindex(b"\x80")]
    wanted = objects.get(0x97, b"")
    le = (int.from_bytes(wanted, "big") or 256 ** len(wanted)) if wanted else 0
    return plain, le


def seal_answer(session: Session, body: bytes, status: bytes) -> bytes:
    """The protected answer, with its status outside as well."""
    session.counter += 1
    block = 16 if session.aes else 8
    objects = b""
    if body:
        objects = tlv(0x87, b"\x01" + _cipher(session, body + b"\x80" + bytes(-(len(body) + 1) % block)))
    objects += tlv(0x99, status)
    return objects + tlv(0x8E, _code(session, objects)) + status


def _cipher(session: Session, data: bytes, *, decrypt: bool = False) -> bytes:
    if not session.aes:
        return des(session.encryption, data, decrypt=decrypt)
    first = aes(session.encryption, bytes(16), session.counter.to_bytes(16, "big"))
    return aes(session.encryption, first, data, decrypt=decrypt)


def _code(session: Session, data: bytes) -> bytes:
    if not session.aes:
        return retail_mac(session.authentication, (session.counter % 2**64).to_bytes(8, "big") + data)
    return _cmac(
        session.authentication, session.counter.to_bytes(16, "big") + data + b"\x80" + bytes(-(len(data) + 1) % 16)
    )


def token(session: Session, oid: bytes, public: bytes) -> bytes:
    """PACE's authentication token (clause 4.4.3.4)."""
    data = tlv(0x7F49, tlv(0x06, oid) + tlv(0x86, public))
    return _cmac(session.authentication, data) if session.aes else retail_mac(session.authentication, data)


# --- ciphers


def kdf(secret: bytes, counter: int, suite: int) -> bytes:
    """A key from a secret; ``suite`` 1 to 4."""
    counted = secret + bytes((0, 0, 0, counter))
    if suite <= 2:
        return hashlib.sha1(counted, usedforsecurity=False).digest()[:16]
    return hashlib.sha256(counted).digest()[: 24 if suite == 3 else 32]


def des(key: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    """Two-key 3DES in CBC."""
    cipher = Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8)))
    return (cipher.decryptor() if decrypt else cipher.encryptor()).update(data)


def aes(key: bytes, first: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    """AES in CBC."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(first))
    return (cipher.decryptor() if decrypt else cipher.encryptor()).update(data)


def _cmac(key: bytes, data: bytes) -> bytes:
    code = CMAC(algorithms.AES(key))
    code.update(data)
    return code.finalize()[:8]


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO 9797-1 MAC algorithm 3 with padding method 2, step by step in single DES."""
    data += b"\x80" + bytes(-(len(data) + 1) % 8)
    one, two = (Cipher(TripleDES(half * 3), modes.ECB()) for half in (key[:8], key[8:]))  # noqa: S305 - single DES of single blocks, which CBC is made of below  # nosec B305
    value = bytes(8)
    for at in range(0, len(data), 8):
        value = one.encryptor().update(bytes(a ^ b for a, b in zip(value, data[at : at + 8], strict=True)))
    return one.encryptor().update(two.decryptor().update(value))


# --- points


def plus(curve: Curve, one: Point, other: Point) -> Point:
    """The sum of two points; ``None`` is infinity."""
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % curve.p == 0:
        return None
    if one == other:
        slope = (3 * one[0] ** 2 + curve.a) * pow(2 * one[1], -1, curve.p)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, curve.p)
    x = (slope**2 - one[0] - other[0]) % curve.p
    return x, (slope * (one[0] - x) - one[1]) % curve.p


def times(curve: Curve, factor: int, point: Point) -> Point:
    """A multiple of a point, bit by bit."""
    total: Point = None
    while factor:
        if factor & 1:
            total = plus(curve, total, point)
        point = plus(curve, point, point)
        factor >>= 1
    return total


def point_of(curve: Curve, raw: bytes) -> Point:
    """A point from its bytes; whether it lies on the curve nobody asks."""
    size = curve.size
    if len(raw) != 1 + 2 * size or raw[0] != 4:
        raise ValueError
    return int.from_bytes(raw[1 : 1 + size], "big"), int.from_bytes(raw[1 + size :], "big")


def raw_point(curve: Curve, point: Point) -> bytes:
    """``04 || x || y``."""
    if point is None:
        raise ValueError
    return b"\x04" + point[0].to_bytes(curve.size, "big") + point[1].to_bytes(curve.size, "big")
