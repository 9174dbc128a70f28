"""A terminal goes out of service: what is left of its queue is written down and signed, and then everything is wiped.

The record is signed by the key that is wiped next, which the district keeps in its register. Files are overwritten once
and unlinked, keys first: what an interrupted wipe leaves behind opens to nothing. A drive that spreads writes (an SSD,
an SD card) and a file system that keeps old versions may hold old copies all the same; only full-disk encryption, or
destroying the drive, ends those.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import AwareDatetime, Field, StringConstraints, ValidationError, model_validator

from offline_queue.blobs import sync_folder, write_durably
from offline_queue.parcel import SignedPart, open_signed, sign
from offline_queue.people import are_two
from offline_queue.wire import KeyId, Sha256, State, TerminalCode, Uid, canonical_bytes

_RECORD = b"township-kiosk decommission v1\n"
_Text = Annotated[str, StringConstraints(max_length=500)]
_PIECE = 1024 * 1024


class Left(SignedPart):
    """A submission that had not arrived in full. `exported`: it lies on a stick. `rating`: of 1-5, where that had not
    arrived either; with the state `done` it is all that had not."""

    uid: Uid
    number: _Text
    state: State
    sha256: Sha256
    exported: bool
    rating: Annotated[int, Field(ge=1, le=5)] | None = None


class Confirmed(SignedPart):
    """Two people answer for what is given up, and why."""

    by: _Text
    confirmed_by: _Text
    reason: _Text

    @model_validator(mode="after")
    def _are_two(self) -> Confirmed:
        if not self.reason.strip() or not are_two(self.by, self.confirmed_by):
            raise ValueError("giving up takes a reason and the names of two people")
        return self


class Record(SignedPart):
    """`delivered` counts the submissions the queue remembered as done. `revoked`: whether the district has revoked the
    key; `later`: a stick must be imported first; `unreached`: somebody must do it by hand."""

    terminal: TerminalCode
    key_id: KeyId
    at: AwareDatetime
    delivered: Annotated[int, Field(ge=0)]
    left: tuple[Left, ...]
    confirmed: Confirmed | None
    revoked: Literal["revoked", "later", "unreached"]


def sign_record(record: Record, key: Ed25519PrivateKey) -> bytes:
    return sign(_RECORD, canonical_bytes(record), key)


def read_record(content: bytes, public_key: bytes) -> Record | None:
    """The record in a file's bytes, if the terminal of that raw Ed25519 key signed it."""
    inside = open_signed(_RECORD, content, public_key)
    try:
        return None if inside is None else Record.model_validate_json(inside)
    except ValidationError:
        return None


def keep_record(path: Path, content: bytes) -> None:
    """Durably, and never over an older one. Raises OSError."""
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    draft = path.with_name(f"{path.name}.part")
    write_durably(draft, content)
    os.replace(draft, path)
    sync_folder(path.parent)


def wipe(folder: Path, *, first: tuple[str, ...] = ("*.key", "*.tpm", "*.cred")) -> int:
    """Overwrite and unlink every file under `folder`, those named `first` before the others; gives how many. Links are
    removed, not followed. Raises OSError; once more goes on."""
    files = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    files.sort(key=lambda path: not any(path.match(pattern) for pattern in first))
    for path in files:
        if not path.is_symlink():
            overwrite(path)
        path.unlink()
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return len(files)


def overwrite(path: Path) -> None:
    """Random bytes over the whole of a file, on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        left = os.fstat(descriptor).st_size
        while left > 0:
            left -= os.write(descriptor, os.urandom(min(left, _PIECE)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
