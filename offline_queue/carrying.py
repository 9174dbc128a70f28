"""The terminal's end of the stick: writing what is queued onto it, and taking the district's receipts from it.

What was carried stays queued, and goes on being sent if there is a network: once is once, as the district knows a
submission by its uid. Only a receipt that the district signed ends it here, by the same commit as one that was sent:
DONE and the end of the body at once, then the papers' files.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from offline_queue.blobs import Blobs, free_bytes, sync_folder, write_durably
from offline_queue.database import Database
from offline_queue.lease import is_alive
from offline_queue.model import Clock
from offline_queue.numbers import key_id
from offline_queue.parcel import (
    BODY,
    FOLDER,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    MAX_RECEIPTS_BYTES,
    Parcel,
    chunks_of,
    is_file_of,
    read_at_most,
    read_parcel,
    read_receipts,
    sign_parcel,
)
from offline_queue.sealing import is_local
from offline_queue.wire import Receipt, SealedAttachment, State, canonical_bytes, sha256_hex

_ROOM = 1024 * 1024
"""What names and a stick's large blocks may take beside the bytes themselves."""
_PART = ".part"


class StickTrouble(StrEnum):
    """Why a stick can't be used any further."""

    FULL = "stick-full"
    READ_ONLY = "stick-read-only"
    GONE = "stick-gone"


_TROUBLES = {
    errno.ENOSPC: StickTrouble.FULL,
    errno.EDQUOT: StickTrouble.FULL,
    errno.EFBIG: StickTrouble.FULL,
    errno.EROFS: StickTrouble.READ_ONLY,
    errno.EACCES: StickTrouble.READ_ONLY,
    errno.EPERM: StickTrouble.READ_ONLY,
}


class StickFailed(Exception):
    """The stick can't be used (any further). Nothing that is queued is lost; what was whole on it stays whole."""

    def __init__(self, trouble: StickTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Carried(StrEnum):
    """What became of a queued submission at an export."""

    WRITTEN = "written"
    THERE = "there"
    """An earlier export wrote it; every byte was compared."""
    NOT_SEALED = "not-sealed"
    """It is sealed to this machine's own key: what would leave on a stick could be read by its finder."""
    DAMAGED = "damaged"
    SENT = "sent"
    """It arrived by network meanwhile."""
    WITHDRAWN = "withdrawn"
    """It was withdrawn meanwhile."""


class Applied(StrEnum):
    """What became of one receipt."""

    DONE = "done"
    KNOWN = "known"
    """It was done before."""
    FOREIGN = "foreign"
    """Another terminal's submission, or one that is forgotten here."""
    OTHER_BYTES = "other-bytes"
    INCOMPLETE = "incomplete"
    """The district lacks papers."""
    CANCELLED = "cancelled"
    SENDING = "sending"
    """It is being sent at this moment: later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedItem:
    uid: str
    provisional_number: str
    result: Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedReceipt:
    uid: str
    case_number: str | None
    result: Applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """A file of receipts that the district's key did not sign, or that was damaged: nothing in it counts."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queued:
    seq: int
    number: str
    key_id: str
    parcel: Parcel


class Carrier:
    """The stick's part of one queue. `key` is the terminal's, `terminal` its code; `signer` the district's raw Ed25519
    key, None where nothing is sealed to a district."""

    def __init__(
        self,
        *,
        database: Database,
        blobs: Blobs,
        key: Ed25519PrivateKey,
        terminal: str,
        signer: bytes | None,
        clock: Clock,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._key = key
        self._terminal = terminal
        self._signer = signer
        self._clock = clock

    def export(self, stick: Path) -> Iterator[CarriedItem]:
        """Write everything that is not done into `stick`, oldest first, and say of each what became of it.

        Done again, it goes on where it stopped. Raises StickFailed, before or in between.
        """
        folder = stick / FOLDER
        with _on_stick():
            _look_for(stick)
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(stick)
        for queued in self._queued():
            yield CarriedItem(
                uid=queued.parcel.uid, provisional_number=queued.number, result=self._carry(queued, folder)
            )

    def apply(self, stick: Path) -> Iterator[AppliedReceipt | Forged]:
        """Take the receipts that the district laid into `stick`; nothing where it laid none. Raises StickFailed."""
        signer = self._signer
        with _on_stick():
            _look_for(stick)
            files = sorted((stick / FOLDER).glob("receipts-*.json"))
        for path in files:
            with _on_stick():
                content = read_at_most(path, MAX_RECEIPTS_BYTES)
            receipts = None if content is None or signer is None else read_receipts(content, signer)
            if receipts is None:
                yield Forged(name=path.name)
                continue
            for one in receipts.receipts:
                yield AppliedReceipt(uid=one.uid, case_number=one.case_number, result=self._apply(one))
        self._database.empty_log()

    def _queued(self) -> list[_Queued]:
        """Read at once, in small: bodies are taken one by one."""
        own = key_id(self._key.public_key().public_bytes_raw())
        found: list[_Queued] = []
        with self._database.read() as connection:
            for seq, uid, number, key, sha256, size in connection.all(
                """
                SELECT seq, uid, number, key_id, body_sha256, body_bytes FROM submission
                WHERE state IN ('ready', 'sending', 'received', 'held') ORDER BY seq
                """
            ):
                papers = connection.all(
                    "SELECT id, bytes, sha256 FROM attachment WHERE submission = ? ORDER BY position", (seq,)
                )
                parcel = Parcel(
                    uid=uid,
                    kiosk=self._terminal,
                    key_id=own,
                    sha256=sha256,
                    bytes=size,
                    attachments=tuple(SealedAttachment(id=name, bytes=n, sha256=d) for name, n, d in papers),
                )
                found.append(_Queued(seq=seq, number=number, key_id=key, parcel=parcel))
        return found

    def _carry(self, queued: _Queued, folder: Path) -> Carried:
        parcel = queued.parcel
        if is_local(queued.key_id):
            return Carried.NOT_SEALED
        target, draft = folder / parcel.uid, folder / f"{parcel.uid}{_PART}"
        with _on_stick():
            there = _is_whole(target, parcel, self._key.public_key().public_bytes_raw())
        if there:
            self._note(queued)
            return Carried.THERE
        with self._database.read() as connection:
            body = connection.value("SELECT body FROM submission WHERE seq = ?", (queued.seq,))
        if body is None or sha256_hex(body) != parcel.sha256:
            return self._why_not(queued)
        with _on_stick():
            draft.mkdir(mode=0o700, exist_ok=True)
            missing = [a for a in parcel.attachments if not is_file_of(draft / a.id, size=a.bytes, sha256=a.sha256)]
            if free_bytes(folder) < _ROOM + parcel.bytes + sum(one.bytes for one in missing):
                raise OSError(errno.ENOSPC, "no room")
        for one in missing:
            if not self._copy(one, draft / one.id):
                return self._why_not(queued)
        with _on_stick():
            write_durably(draft / BODY, body)
            write_durably(draft / MANIFEST, sign_parcel(parcel, self._key))
            sync_folder(draft)
        # Before the name: whoever finds it on the stick must not find it withdrawn here.
        if not self._note(queued):
            with _on_stick():
                _remove(draft)
            return self._why_not(queued)
        with _on_stick():
            if os.path.lexists(target):
                _remove(target)
            os.rename(draft, target)
            sync_folder(folder)
        return Carried.WRITTEN

    def _why_not(self, queued: _Queued) -> Carried:
        with self._database.read() as connection:
            state = connection.value("SELECT state FROM submission WHERE seq = ?", (queued.seq,))
        if state == State.CANCELLED.value:
            return Carried.WITHDRAWN
        return Carried.SENT if state in (None, State.DONE.value) else Carried.DAMAGED

    def _copy(self, paper: SealedAttachment, target: Path) -> bool:
        """One paper, durably but for its name; False when it can't be read here as it was frozen."""
        digest = hashlib.sha256()
        with _on_stick():
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                for chunk in chunks_of(self._blobs.path(paper.id), 0):
                    digest.update(chunk)
                    with _on_stick():
                        view = memoryview(chunk)
                        while view:
                            view = view[os.write(descriptor, view) :]
            except OSError:
                return False  # the terminal's own disk; the stick's trouble is no OSError here
            with _on_stick():
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return digest.hexdigest() == paper.sha256

    def _note(self, queued: _Queued) -> bool:
        """Its bytes leave: from now on it can't be withdrawn here. False when it was already."""
        with self._database.write() as connection:
            noted = connection.run(
                """
                UPDATE submission SET exported_epoch = coalesce(exported_epoch, ?)
                WHERE seq = ? AND state <> 'cancelled'
                """,
                (self._clock.wall().timestamp(), queued.seq),
            )
        return noted == 1

    def _apply(self, receipt: Receipt) -> Applied:
        with self._database.write() as connection:
            row = connection.one(
                "SELECT seq, state, body_sha256, lease, lease_mono FROM submission WHERE uid = ?",
                (receipt.uid,),
            )
            if row is None:
                return Applied.FOREIGN
            seq, state, sha256, lease, until = row
            if sha256 != receipt.sha256:
                return Applied.OTHER_BYTES
            if state == State.DONE.value:
                connection.run(
                    "UPDATE submission SET case_number = coalesce(case_number, ?) WHERE seq = ?",
                    (receipt.case_number, seq),
                )
                return Applied.KNOWN
            if state == State.CANCELLED.value:
                return Applied.CANCELLED
            if receipt.state is not State.DONE or receipt.missing:
                return Applied.INCOMPLETE
            held = until is not None and until >= self._clock.monotonic()
            if held and lease is not None and is_alive(lease):
                return Applied.SENDING
            connection.run(
                """
                UPDATE submission SET state = 'done', body = NULL, receipt = ?, case_number = ?, lease = NULL,
                    lease_mono = NULL, last_error = NULL, next_wall = NULL, next_mono = ?, ended_epoch = ?
                WHERE seq = ?
                """,
                (
                    canonical_bytes(receipt),
                    receipt.case_number,
                    self._clock.monotonic(),
                    self._clock.wall().timestamp(),
                    seq,
                ),
            )
            connection.run("UPDATE attachment SET state = 'done', offset = bytes WHERE submission = ?", (seq,))
            papers = [name for (name,) in connection.all("SELECT id FROM attachment WHERE submission = ?", (seq,))]
        self._blobs.remove(papers)
        return Applied.DONE


def _is_whole(folder: Path, parcel: Parcel, public_key: bytes) -> bool:
    """Whether the folder holds this parcel, to the last byte."""
    try:
        manifest = read_at_most(folder / MANIFEST, MAX_MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return False
    signed = None if manifest is None else read_parcel(manifest)
    return (
        signed is not None
        and signed.verified(public_key) == parcel
        and is_file_of(folder / BODY, size=parcel.bytes, sha256=parcel.sha256)
        and all(is_file_of(folder / one.id, size=one.bytes, sha256=one.sha256) for one in parcel.attachments)
    )


def _look_for(stick: Path) -> None:
    if not stick.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _on_stick() -> Generator[None]:
    """What fails in this block is the stick's trouble."""
    try:
        yield
    except OSError as failure:
        raise StickFailed(_TROUBLES.get(failure.errno or 0, StickTrouble.GONE)) from failure
