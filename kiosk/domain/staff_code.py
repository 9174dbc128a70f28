"""The code that opens the staff view, kept only as its scrypt hash (RFC 7914): whoever reads the configuration must try
every code at some 50 ms each. A short code is no secret against a stolen disk; it keeps passers-by out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

SHORTEST, LONGEST = 6, 12
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
_MARK = "scrypt-16k"


def is_staff_code(code: str) -> bool:
    """Six to twelve digits, not all the same."""
    return code.isascii() and code.isdigit() and SHORTEST <= len(code) <= LONGEST and len(set(code)) > 1


def hash_staff_code(code: str) -> str:
    """The line for the configuration. Raises ValueError for what is no code."""
    if not is_staff_code(code):
        raise ValueError(f"a staff code has {SHORTEST} to {LONGEST} digits, not all the same")
    salt = os.urandom(16)
    return f"{_MARK}:{_text(salt)}:{_text(_hashed(code, salt))}"


def is_hash(text: str) -> bool:
    """Whether it is a line of :func:`hash_staff_code`."""
    return _parts(text) is not None


def opens(code: str, kept: str) -> bool:
    """Whether the code is the one that was hashed."""
    parts = _parts(kept)
    return parts is not None and hmac.compare_digest(_hashed(code, parts[0]), parts[1])


def _hashed(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, **_COST)


def _parts(text: str) -> tuple[bytes, bytes] | None:
    try:
        mark, salt, digest = text.split(":")
        parts = base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error):
        return None
    return parts if mark == _MARK and (len(parts[0]), len(parts[1])) == (16, 32) else None


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
