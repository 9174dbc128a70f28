"""From what is printed on a document to what opens its chip (ICAO 9303-11 clauses 4.3.2, 4.4.1 and 9.7.2)."""

from __future__ import annotations

import hashlib

from devices.card.api import CanKey, MrzKey
from devices.card.mrz_zone import check_digit


def mrz_information(key: MrzKey) -> bytes:
    """Number, birth and expiry with their check digits. Raises ``KeyError`` for characters no zone can have."""
    parts = (key.document_number.ljust(9, "<"), key.birth_date, key.expires)
    return "".join(part + check_digit(part) for part in parts).encode("ascii")


def mrz_seed(key: MrzKey) -> bytes:
    """The 20 bytes that PACE takes as password; BAC takes the first 16."""
    return hashlib.sha1(mrz_information(key), usedforsecurity=False).digest()


def password(key: MrzKey | CanKey) -> tuple[int, bytes]:
    """PACE's number of the password (clause 4.4.4.1) and the secret to derive its key from."""
    match key:
        case MrzKey():
            return 0x01, mrz_seed(key)
        case CanKey(digits=digits):
            return 0x02, digits.encode("ascii")
