"""The two hashes that receivers sign with. HMAC is RFC 2104's; SM3 is GB/T 32905-2016 (GM/T 0004-2012)."""

from __future__ import annotations

from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

Algorithm = Literal["hmac-sha256", "hmac-sm3"]


def authenticate(algorithm: Algorithm, secret: bytes, text: bytes) -> bytes:
    """HMAC over `text`: 32 bytes with either hash."""
    mac = HMAC(secret, _hash(algorithm))
    mac.update(text)
    return mac.finalize()


def digest(algorithm: Algorithm, content: bytes) -> bytes:
    """The bare hash that belongs to the algorithm: 32 bytes."""
    hashed = Hash(_hash(algorithm))
    hashed.update(content)
    return hashed.finalize()


def _hash(algorithm: Algorithm) -> HashAlgorithm:
    return SM3() if algorithm == "hmac-sm3" else SHA256()
