"""What terminals send by stick: each parcel goes the same way into the store as what comes by network, and only what is
durable there gets a receipt.

Who signed is looked up in the register of terminals, as for requests: unknown and revoked keys are refused. A parcel
that came by network already, in part or in full, or lies on the stick twice, becomes the same one submission.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import IntegrityError

from district.database import AWAY
from district.opening import read_body
from district.outcomes import Conflict, NotAsked, NotJson, NotOpening, Taken, Unknown, Upload, WrongDigest, WrongOffset
from district.store import DistrictStore
from district.terminals import Terminals
from offline_queue.blobs import sync_folder, write_whole
from offline_queue.parcel import (
    BODY,
    FOLDER,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    MAX_RECEIPTS,
    Parcel,
    Receipts,
    chunks_of,
    is_file_of,
    read_at_most,
    read_parcel,
    sign_receipts,
)
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import (
    MAX_BODY_BYTES,
    SEALED_TYPE,
    Progress,
    Receipt,
    SealedAttachment,
    SealedSubmission,
    State,
    sha256_hex,
)

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A parcel whose every byte is durable here; `new` when it was not, before."""

    receipt: Receipt
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotImported:
    """`name` of the folder on the stick; `reason`, a stable word:

    unreadable    no manifest, or none that can be read (a stick that was pulled, say)
    unknown-terminal, revoked-terminal, forged   the signature is not that of a terminal in the register
    damaged       a file is missing, cut off or changed
    not-a-submission   the body is not what the manifest says, or not sealed, or has a number that JSON has not
    conflict      another submission is known under this uid
    no-key, not-intact   it doesn't open with the district's keys
    not-asked     a supplement that was not asked for, or is answered already
    busy          somebody else is writing to the same submission; once more later
    """

    name: str
    reason: str


def import_folder(stick: Path, store: DistrictStore, terminals: Terminals) -> Iterator[Imported | NotImported]:
    """Take in what lies in `stick`, parcel by parcel. Raises OSError where there is no folder of parcels."""
    for name in sorted(os.listdir(stick / FOLDER)):
        folder = stick / FOLDER / name
        if folder.is_dir() and not folder.is_symlink() and not name.endswith(".part"):
            yield _import(folder, store, terminals)


def write_receipts(stick: Path, imported: list[Receipt], key: Ed25519PrivateKey) -> tuple[Path, ...]:
    """Lay signed receipts beside the parcels, durably; gives the files. Raises OSError."""
    now = datetime.now(tz=UTC)
    files: list[Path] = []
    for at in range(0, len(imported), MAX_RECEIPTS):
        receipts = Receipts(created=now, receipts=tuple(imported[at : at + MAX_RECEIPTS]))
        path = stick / FOLDER / f"receipts-{now:%Y%m%dT%H%M%S%f}-{at}.json"
        write_whole(path, [sign_receipts(receipts, key)])
        files.append(path)
    sync_folder(stick / FOLDER)
    return tuple(files)


def _import(folder: Path, store: DistrictStore, terminals: Terminals) -> Imported | NotImported:
    parcel = _signed_by_terminal(folder, terminals)
    if isinstance(parcel, str):
        return NotImported(name=folder.name, reason=parcel)
    for _ in range(_TRIES):
        try:
            taken = _take(folder, parcel, store)
        except (*AWAY, IntegrityError):
            continue  # the running platform writes to the same rows: its word or ours, once more
        if taken is not None:
            return taken if isinstance(taken, Imported) else NotImported(name=folder.name, reason=taken)
    return NotImported(name=folder.name, reason="busy")


def _signed_by_terminal(folder: Path, terminals: Terminals) -> Parcel | str:
    """The manifest, or why there is none."""
    try:
        manifest = read_at_most(folder / MANIFEST, MAX_MANIFEST_BYTES)
    except OSError:
        return "unreadable"
    signed = None if manifest is None else read_parcel(manifest)
    if signed is None:
        return "unreadable"
    terminal = terminals.find(signed.key_id)
    if terminal is None:
        return "unknown-terminal"
    if terminal.revoked_at is not None:
        return "revoked-terminal"
    parcel = signed.verified(terminal.public_key)
    if parcel is None or parcel.kiosk != terminal.code:
        return "forged"
    return parcel


class _Unreadable(Exception):
    """The stick doesn't give its bytes. The platform's own disk raises OSError, and ends the import."""


def _take(folder: Path, parcel: Parcel, store: DistrictStore) -> Imported | str | None:
    """One way through the store; None when somebody else was at the same submission."""
    body = _body(folder, parcel)
    if body is None:
        return "damaged"
    outside = read_body(body, SEALED_TYPE)
    if not isinstance(outside, SealedSubmission) or not _agree(outside, parcel):
        return "not-a-submission"
    known = store.progress(parcel.uid)
    if isinstance(known, Progress) and known.state is State.DONE and known.sha256 == parcel.sha256:
        return _receipt(known, new=False)
    if not _papers_are_whole(folder, parcel):
        return "damaged"  # before anything is taken: half a submission helps nobody
    taken = store.take(outside, body)
    if not isinstance(taken, Taken):
        return _WORDS[type(taken)]
    for one in parcel.attachments:
        try:
            trouble = _append(folder / one.id, one, store)
        except _Unreadable:
            return "damaged"
        if trouble is not None:
            return trouble
    progress = store.progress(parcel.uid)
    if not isinstance(progress, Progress) or progress.state is not State.DONE:
        return None
    return _receipt(progress, new=True)


def _body(folder: Path, parcel: Parcel) -> bytes | None:
    try:
        body = read_at_most(folder / BODY, MAX_BODY_BYTES)
    except OSError:
        return None
    return body if body is not None and sha256_hex(body) == parcel.sha256 else None


def _papers_are_whole(folder: Path, parcel: Parcel) -> bool:
    try:
        return all(is_file_of(folder / one.id, size=one.bytes, sha256=one.sha256) for one in parcel.attachments)
    except OSError:
        return False


def _append(path: Path, paper: SealedAttachment, store: DistrictStore) -> str | None:
    """Bring one paper to its end, from wherever it stands; gives what keeps it from that."""
    for _ in range(_TRIES):
        upload = store.papers.upload(paper.id)
        if isinstance(upload, Unknown):
            return "conflict"
        for chunk in _chunks(path, upload.offset):
            match store.papers.append(paper.id, upload.offset, chunk):
                case Upload() as reached:
                    upload = reached
                case WrongOffset() | WrongDigest():
                    break  # it arrives by network at this moment; or what had come that way was damaged, and is gone
                case NotOpening():
                    return "not-intact"
                case _:
                    return "conflict"
        if store.papers.upload(paper.id) == Upload(offset=paper.bytes, length=paper.bytes):
            return None
    return "busy"


def _chunks(path: Path, offset: int) -> Iterator[bytes]:
    try:
        yield from chunks_of(path, offset)
    except OSError as failure:
        raise _Unreadable from failure


def _agree(outside: SealedSubmission, parcel: Parcel) -> bool:
    return (outside.uid, outside.kiosk, outside.attachments) == (parcel.uid, parcel.kiosk, parcel.attachments)


def _receipt(progress: Progress, *, new: bool) -> Imported:
    receipt = Receipt(
        uid=progress.uid, sha256=progress.sha256, state=State.DONE, case_number=progress.case_number, missing=()
    )
    return Imported(receipt=receipt, new=new)


_WORDS = {
    Conflict: "conflict",
    NoKey: "no-key",
    NotIntact: "not-intact",
    NotAsked: "not-asked",
    NotJson: "not-a-submission",
}
