"""How a terminal becomes one of a district's: a one-time code, the terminal's two keys, and what comes back.

Code: `TY03-7K3M-9QXA-2C5D-HJ4C` = terminal code, 75 random bits in 15 characters (0-9 A-Z without I L O U, so that
nothing is read as something else), check character (ISO/IEC 7064 MOD 37,36 over all before it without hyphens: a slip
of the finger is told before anybody is asked). Typed in lower case, without hyphens, or with O for 0, it is the same
code. Who holds it may become that one terminal, once.

The terminal signs the request for its certificate together with the code, with the key it wants to be known by: whose
key it does not hold, nobody can enrol.
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from offline_queue.numbers import base64url, check_character, from_base64url, is_terminal_code
from offline_queue.wire import TerminalCode, Word, canonical_bytes

MAX_REQUEST_BYTES = 16 * 1024
"""Of a certificate request."""
MAX_ENROLMENT_BYTES = 20 * 1024
MAX_ENROLLED_BYTES = 6 * 1024 * 1024
"""Of the answer: the bundle of a district of ten thousand terminals is in it."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONG = 16
_MISREAD = str.maketrans("ILO", "110")
_SIGNED = b"township-kiosk enrolment v1\n"


def new_code(terminal: str) -> str:
    """A new code for one terminal. Raises ValueError for what is no terminal's code."""
    if not is_terminal_code(terminal):
        raise ValueError("a terminal's code is 2 to 8 of A-Z 0-9")
    while True:
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LONG - 1))
        check = check_character(terminal + drawn)
        if check in _ALPHABET:
            return _spelled(terminal, drawn + check)


def read_code(typed: str) -> str | None:
    """The code as :func:`new_code` spells it; None for what was mistyped, or is none."""
    plain = re.sub(r"[\s-]", "", typed).upper() if len(typed) <= 100 else ""
    terminal, rest = plain[:-_LONG], plain[-_LONG:].translate(_MISREAD)
    if not is_terminal_code(terminal) or any(character not in _ALPHABET for character in rest):
        return None
    return _spelled(terminal, rest) if check_character(terminal + rest[:-1]) == rest[-1] else None


def terminal_of(code: str) -> str:
    """Whose code it is."""
    return code.partition("-")[0]


def _spelled(terminal: str, rest: str) -> str:
    return "-".join((terminal, *(rest[at : at + 4] for at in range(0, _LONG, 4))))


class Enrolment(BaseModel):
    """What a terminal asks with. `public_key` is raw Ed25519 (base64url), `request` PKCS #10 in PEM, of another key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, StringConstraints(max_length=40)]
    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    request: Annotated[str, StringConstraints(max_length=MAX_REQUEST_BYTES)]
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]

    def proven(self) -> bytes | None:
        """The raw public key, if its holder signed this; None otherwise, or when the code is not spelled as a code."""
        raw = from_base64url(self.public_key)
        if raw is None or len(raw) != 32 or read_code(self.code) != self.code:
            return None
        try:
            signature = base64.b64decode(self.signature, validate=True)
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, _statement(self.code, self.request))
        except (ValueError, InvalidSignature):
            return None
        return raw


class HallName(BaseModel):
    """The hall a terminal belongs to, as the district calls it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: Word
    name: Word


class Enrolled(BaseModel):
    """What comes back. `certificate` is a PEM chain, the terminal's own first; `bundle` is a file of
    :mod:`offline_queue.bundle`, as JSON, or None where nothing is sealed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    terminal: TerminalCode
    hall: HallName
    certificate: Annotated[str, Field(max_length=64 * 1024)]
    bundle: dict[str, JsonValue] | None = None


def enrolment(code: str, key: Ed25519PrivateKey, request: bytes) -> bytes:
    """The body to ask with, signed by the terminal's `key`; `code` as :func:`read_code` gives it."""
    written = request.decode("ascii")
    asked = Enrolment(
        code=code,
        public_key=base64url(key.public_key().public_bytes_raw()),
        request=written,
        signature=base64.b64encode(key.sign(_statement(code, written))).decode(),
    )
    return canonical_bytes(asked)


def read_enrolled(content: bytes) -> Enrolled | None:
    try:
        return Enrolled.model_validate_json(content)
    except ValidationError:
        return None


def _statement(code: str, request: str) -> bytes:
    return _SIGNED + f"{code}\n{request}".encode()
