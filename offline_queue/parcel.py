"""Submissions on a stick: what a terminal and its district hand each other where there is no network.

    township-kiosk/<uid>/parcel.json      what lies beside it, signed by the terminal
    township-kiosk/<uid>/body             the frozen body, as it would be sent
    township-kiosk/<uid>/<attachment id>  each paper, as it would be uploaded
    township-kiosk/receipts-<time>.json   what the district has taken, signed by the district

A signed file is `{"content": base64 of JSON, "signature": base64}`; the signature is Ed25519 over a line that says what
it is and the JSON's bytes. Only what is sealed to the district travels like this: a stick gets lost. `parcel.json` is
written last and the folder gets its name after that, so that a parcel is whole, or it is none.
"""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from offline_queue.wire import (
    CHUNK_BYTES,
    MAX_ATTACHMENTS,
    MAX_BODY_BYTES,
    KeyId,
    Receipt,
    SealedAttachment,
    Sha256,
    TerminalCode,
    Uid,
    canonical_bytes,
)

FOLDER = "township-kiosk"
MANIFEST = "parcel.json"
BODY = "body"
MAX_MANIFEST_BYTES = 64 * 1024
"""64 papers take 11 KiB."""
MAX_RECEIPTS = 20_000
MAX_RECEIPTS_BYTES = 16 * 1024 * 1024
_PARCEL = b"township-kiosk parcel v1\n"
_RECEIPTS = b"township-kiosk receipts v1\n"


class SignedPart(BaseModel):
    """Something that stands in a signed file: nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Parcel(SignedPart):
    """One submission; `key_id` is of the terminal's key that signs this. Digests are of the files beside it."""

    uid: Uid
    kiosk: TerminalCode
    key_id: KeyId
    sha256: Sha256
    bytes: Annotated[int, Field(ge=1, le=MAX_BODY_BYTES)]
    attachments: Annotated[tuple[SealedAttachment, ...], Field(max_length=MAX_ATTACHMENTS)] = ()

    @property
    def total(self) -> int:
        """Bytes of all that lies beside it."""
        return self.bytes + sum(one.bytes for one in self.attachments)


class Receipts(SignedPart):
    """What the district has durably, in full; one receipt a submission."""

    created: AwareDatetime
    receipts: Annotated[tuple[Receipt, ...], Field(max_length=MAX_RECEIPTS)]


class _File(SignedPart):
    content: Annotated[str, StringConstraints(max_length=MAX_RECEIPTS_BYTES * 2)]
    signature: Annotated[str, StringConstraints(max_length=88)]


def sign_parcel(parcel: Parcel, key: Ed25519PrivateKey) -> bytes:
    return sign(_PARCEL, canonical_bytes(parcel), key)


def sign_receipts(receipts: Receipts, key: Ed25519PrivateKey) -> bytes:
    return sign(_RECEIPTS, canonical_bytes(receipts), key)


class SignedParcel:
    """A manifest whose signature has not been looked at yet: only its key id says who must have signed."""

    def __init__(self, *, parcel: Parcel, content: bytes, signature: bytes) -> None:
        self._parcel = parcel
        self._content = content
        self._signature = signature

    @property
    def key_id(self) -> str:
        return self._parcel.key_id

    def verified(self, public_key: bytes) -> Parcel | None:
        """The manifest, if the holder of that raw Ed25519 key signed it."""
        return self._parcel if _holds(public_key, self._signature, _PARCEL + self._content) else None


def read_parcel(content: bytes) -> SignedParcel | None:
    """A manifest's file; None when it is none."""
    opened = _opened(content)
    if opened is None:
        return None
    inside, signature = opened
    try:
        parcel = Parcel.model_validate_json(inside)
    except ValidationError:
        return None
    return SignedParcel(parcel=parcel, content=inside, signature=signature)


def read_receipts(content: bytes, signer: bytes) -> Receipts | None:
    """A district's receipts, if the holder of `signer` (raw Ed25519) signed them; None for anything else."""
    inside = open_signed(_RECEIPTS, content, signer)
    try:
        return None if inside is None else Receipts.model_validate_json(inside)
    except ValidationError:
        return None


def open_signed(what: bytes, content: bytes, signer: bytes) -> bytes | None:
    """What is in a signed file of that kind, if the holder of `signer` (raw Ed25519) signed it."""
    opened = _opened(content)
    return opened[0] if opened is not None and _holds(signer, opened[1], what + opened[0]) else None


def read_at_most(path: Path, limit: int) -> bytes | None:
    """A file's bytes; None when it is no ordinary file (a link, say) or longer than `limit`. Raises OSError."""
    with open_plain(path) as file:
        content = file.read(limit + 1)
    return content if len(content) <= limit else None


def open_plain(path: Path) -> BufferedReader:
    """Open an ordinary file that a stick holds. Raises OSError, also for a link or a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as failure:
        if failure.errno == errno.ELOOP:
            raise FileNotFoundError(f"{path.name} is a link") from failure
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"{path.name} is no ordinary file")
    return os.fdopen(descriptor, "rb")


def is_file_of(path: Path, *, size: int, sha256: str) -> bool:
    """Whether the file holds exactly these bytes; False as well when there is none. Raises OSError for a bad disk."""
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size != size:
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def chunks_of(path: Path, offset: int) -> Iterator[bytes]:
    """The file from `offset` on, in pieces as uploads have them."""
    with open_plain(path) as file:
        file.seek(offset)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def sign(what: bytes, content: bytes, key: Ed25519PrivateKey) -> bytes:
    """A signed file; `what` is the line that says what it is."""
    signature = base64.b64encode(key.sign(what + content)).decode()
    return canonical_bytes(_File(content=base64.b64encode(content).decode(), signature=signature))


def _opened(content: bytes) -> tuple[bytes, bytes] | None:
    try:
        file = _File.model_validate_json(content)
        return base64.b64decode(file.content, validate=True), base64.b64decode(file.signature, validate=True)
    except (ValidationError, binascii.Error):
        return None


def _holds(public_key: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except InvalidSignature:
        return False
    return True
