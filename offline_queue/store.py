"""The hall's side of the queue: a submission is put in, looked up, found again by card, rated, and released when held.

How it is put in durably is `intake`'s part, what goes out `outbox`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from offline_queue.blobs import Blobs, free_bytes, private_folder, sync_folder, sync_path
from offline_queue.carrying import Carrier
from offline_queue.database import Database
from offline_queue.despite import as_far_as_legible
from offline_queue.due import release
from offline_queue.findings import Finding, Repair, Wrong
from offline_queue.intake import HandIn, Intake
from offline_queue.keeping import expire_reprints, forget_ended
from offline_queue.keyring import DistrictKeys
from offline_queue.leaving import Left, Record, sign_record
from offline_queue.model import (
    Clock,
    Found,
    Item,
    NoKeys,
    NoSpace,
    OtherContent,
    Overview,
    Paper,
    Reprint,
    Standing,
    StorageTrouble,
    Stored,
    SystemClock,
    TooLarge,
)
from offline_queue.numbers import (
    SlipSigner,
    is_district_host,
    is_terminal_code,
    key_id,
)
from offline_queue.outbox import Outbox
from offline_queue.queue_time import QueueClock
from offline_queue.repairing import Repairer
from offline_queue.retry import Outcome
from offline_queue.sealing import LocalKeySealer, Sealer, terminal_key
from offline_queue.signing import RequestSigner
from offline_queue.summary import ReprintData
from offline_queue.verify import Verifier
from offline_queue.views import found, health, held, items, latest, overview, unsettled
from offline_queue.wire import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS
from offline_queue.withdrawing import Cancelling, Withdrawal

RESERVE_BYTES = 64 * 1024 * 1024
KEEP_DAYS = 180
_ROOM_PER_ITEM = 64 * 1024


class Store:
    """The queue in one data folder. Safe to use from several threads and, beside other processes, at once."""

    def __init__(
        self,
        *,
        database: Database,
        blobs: Blobs,
        outbox: Outbox,
        sealer: Sealer,
        district_keys: DistrictKeys | None,
        terminal: str,
        district: str,
        key: Ed25519PrivateKey,
        clock: QueueClock,
        reserve_bytes: int,
        keep_days: int,
        free: Callable[[], int],
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._outbox = outbox
        self._sealer = sealer
        self._district_keys = district_keys
        self._terminal = terminal
        self._intake = Intake(
            database=database,
            blobs=blobs,
            sealer=sealer,
            district_keys=district_keys,
            terminal=terminal,
            slips=SlipSigner(district=district, key=key),
            clock=clock,
        )
        self._key = key
        self._clock = clock
        self._reserve_bytes = reserve_bytes
        self._keep_days = keep_days
        self._free = free

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        terminal: str,
        district: str,
        sealer: Sealer | None = None,
        district_keys: DistrictKeys | None = None,
        clock: Clock | None = None,
        reserve_bytes: int = RESERVE_BYTES,
        keep_days: int = KEEP_DAYS,
        free: Callable[[], int] | None = None,
    ) -> Store:
        """Open or make the queue in `folder` (made 0700). What is queued is left as it is until something is sent.

        `terminal` is the terminal code (2-8 of A-Z 0-9), `district` the host in slip texts. Without `sealer` the key in
        the folder is used. With `district_keys` everything put is sealed to the district, and nothing is taken while
        none are installed. `keep_days`: how long what ended is remembered. `free` gives the file system's free bytes.
        Raises ValueError for a malformed code or host, NewerQueue for a file of a newer program, OSError or apsw.Error
        when the folder can't be used.
        """
        if not is_terminal_code(terminal) or not is_district_host(district):
            raise ValueError(f"not a terminal code and a district host: {terminal!r}, {district!r}")
        private_folder(folder)
        folder.chmod(0o700)
        sealer = sealer or LocalKeySealer.in_folder(folder)
        queue_clock = QueueClock(clock or SystemClock())
        blobs = Blobs(folder)
        blobs.give_up_ballast()  # SQLite needs room to open its file
        # Asked first: what another process puts once the file is made is no stranger.
        database = Database(folder / "queue.db", papers_before=bool(blobs.names()))
        sync_folder(folder)
        with database.read() as connection:
            queue_clock.follow(connection)
            empty = connection.one("SELECT 1 FROM submission LIMIT 1") is None
        if empty:  # before the first is acknowledged, and not at every start: the folders above may be busy ones
            sync_path(folder)
        outbox = Outbox(database=database, blobs=blobs, sealer=sealer, clock=queue_clock)
        return cls(
            database=database,
            blobs=blobs,
            outbox=outbox,
            sealer=sealer,
            district_keys=district_keys,
            terminal=terminal,
            district=district,
            key=terminal_key(folder),
            clock=queue_clock,
            reserve_bytes=reserve_bytes,
            keep_days=keep_days,
            free=free or (lambda: free_bytes(folder)),
        )

    def close(self) -> None:
        self._outbox.close()
        self._database.close()

    @property
    def outbox(self) -> Outbox:
        """The sender's side of the same queue."""
        return self._outbox

    @property
    def carrier(self) -> Carrier:
        """The stick's side of the same queue."""
        keys = self._district_keys
        return Carrier(
            database=self._database,
            blobs=self._blobs,
            key=self._key,
            terminal=self._terminal,
            signer=None if keys is None else keys.signer,
            clock=self._clock,
        )

    @property
    def public_key(self) -> tuple[str, bytes]:
        """Key id and raw Ed25519 key of this terminal, which other terminals need to read its slips."""
        raw = self._key.public_key().public_bytes_raw()
        return key_id(raw), raw

    def signer(self) -> RequestSigner:
        """Signs requests as this terminal."""
        return RequestSigner(self._key, wall=lambda: self._clock.wall().timestamp())

    def put(
        self,
        *,
        matter: str,
        form: Mapping[str, JsonValue],
        attachments: Sequence[Paper] = (),
        test: bool = False,
        uid: str | None = None,
        id_number: str | None = None,
        masked_name: str = "",
        slip_data: bytes = b"",
    ) -> Stored | OtherContent | NoSpace | NoKeys | TooLarge | StorageTrouble:
        """Store a submission durably; it is frozen from then on.

        `uid` (a random UUID, drawn once per submission by the caller) makes a repeated put harmless: the same Stored
        comes back, and OtherContent when it is not the same put (the form's `signed_at` aside). `id_number` lets `find`
        find it by card; only a keyed digest is kept. `masked_name` is what staff may see of the applicant. `slip_data`
        are the caller's own bytes for a reprint, kept sealed for 24 hours. A malformed argument raises
        pydantic.ValidationError.
        """
        if len(attachments) > MAX_ATTACHMENTS:
            return TooLarge(part="attachments")
        if any(len(paper.content) > MAX_ATTACHMENT_BYTES for paper in attachments):
            return TooLarge(part="attachment")
        needed = _ROOM_PER_ITEM + sum(len(paper.content) for paper in attachments)
        free = self._free()
        if free - needed < self._reserve_bytes:
            return NoSpace(needed=needed, free=free)
        return self._intake.take(
            HandIn(
                uid=uid or str(uuid4()),
                matter=matter,
                form=form,
                papers=tuple(attachments),
                test=test,
                id_number=id_number,
                masked_name=masked_name,
                slip_data=slip_data,
            )
        )

    def list(self) -> tuple[Item, ...]:
        """All submissions, oldest first."""
        with self._database.read() as connection:
            return tuple(items(connection, self._sealer))

    def show(self, uid: str) -> Item | None:
        with self._database.read() as connection:
            return next(items(connection, self._sealer, uid=uid), None)

    def find(self, id_number: str) -> tuple[Found, ...]:
        """A resident's submissions by the number on the card, newest first."""
        self.expire_reprints()
        with self._database.read() as connection:
            return tuple(found(connection, self._sealer, id_number))

    def reprint(self, uid: str) -> Reprint | None:
        """What a lost slip needs, or None when there is no such submission or its 24 hours are over."""
        self.expire_reprints()
        with self._database.read() as connection:
            row = connection.one("SELECT reprint FROM submission WHERE uid = ?", (uid,))
        data = None if row is None else ReprintData.opened(self._sealer, uid, row[0])
        return None if data is None else Reprint(slip_qr=data.slip_qr, slip_data=data.slip_data)

    def rate(self, uid: str, level: int) -> bool:
        """Keep a rating (1-5) to be sent after its submission; False when there is one already or no such uid."""
        if not 1 <= level <= 5:
            raise ValueError(f"a rating is 1 to 5, not {level}")
        with self._database.write() as connection:
            added = connection.run(
                """
                INSERT INTO rating (submission, level, state, next_mono)
                SELECT seq, ?, 'ready', ? FROM submission WHERE uid = ? ON CONFLICT (submission) DO NOTHING
                """,
                (level, self._clock.monotonic(), uid),
            )
            return added == 1

    def report(self, kind: str, body: Mapping[str, JsonValue]) -> None:
        """Keep what the terminal says of itself for the platform; the newest of a kind replaces the one before."""
        written = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        with self._database.write() as connection:
            connection.run(
                """
                INSERT INTO telemetry (kind, body, next_mono) VALUES (?, ?, ?)
                ON CONFLICT (kind) DO UPDATE SET body = excluded.body
                """,
                (kind, written, self._clock.monotonic()),
            )

    def retry(self, uid: str) -> bool:
        """Send a held or waiting submission as soon as possible; False when there is nothing to send under this uid."""
        self._outbox.start()
        with self._database.write() as connection:
            return release(connection, self._clock, uid)

    def waiting(self) -> int:
        """How many submissions are not yet with the platform in full (held ones aside)."""
        with self._database.read() as connection:
            # One state at a time, since each has its index.
            return connection.value(
                """
                SELECT (SELECT count(*) FROM submission WHERE state = 'ready')
                     + (SELECT count(*) FROM submission WHERE state = 'received')
                     + (SELECT count(*) FROM submission WHERE state = 'sending' AND lease IS NOT NULL)
                """
            )

    def forms_waiting(self) -> int:
        """How many forms are yet to be sent, or under way; more than a platform would plan for are not counted."""
        with self._database.read() as connection:
            return connection.value(
                """
                SELECT (SELECT count(*) FROM (SELECT 1 FROM submission WHERE state = 'ready' LIMIT 5000))
                     + (SELECT count(*) FROM submission WHERE state = 'sending' AND lease IS NOT NULL)
                """
            )

    def version(self) -> int:
        """Another number when another process, or another opener, has changed the queue."""
        return self._database.version()

    def held(self) -> int:
        """How many submissions wait for people. Cheap, whatever is queued."""
        with self._database.read() as connection:
            return held(connection)

    def overview(self, *, most: int, moving: int) -> Overview:
        """What has not arrived, with at most `most` of what is held and `moving` of what waits by itself."""
        with self._database.read() as connection:
            return overview(connection, self._sealer, most=most, moving=moving)

    def unsettled(self) -> tuple[Left, ...]:
        """What has not arrived in full, oldest first."""
        with self._database.read() as connection:
            return unsettled(connection)

    def delivered(self) -> int:
        """How many submissions are remembered as done."""
        with self._database.read() as connection:
            return connection.value("SELECT count(*) FROM submission WHERE state = 'done'")

    def sign_record(self, record: Record) -> bytes:
        """What this terminal leaves behind, signed with its key."""
        return sign_record(record, self._key)

    def latest(self) -> tuple[Standing, ...]:
        """How the submissions handed in last stand, newest first: what a screen may still be showing."""
        with self._database.read() as connection:
            return latest(connection)

    def health(self) -> dict[str, JsonValue]:
        """What may be told of this queue to whoever looks after it: numbers, and nothing of a resident."""
        now = self._clock.wall()
        with self._database.read() as connection:
            found = health(connection, self._sealer, now=now.timestamp())
        return {"at": now.isoformat(timespec="seconds"), "waiting": self.waiting(), "free_bytes": self._free(), **found}

    def verify(self) -> tuple[Finding, ...]:
        """Open and compare everything; empty when all is well. Changes nothing."""
        unknown: tuple[str, ...] = ()
        with suppress(apsw.CorruptError):  # which will show
            unknown = self._outbox.unknown_papers()
        with self._database.read() as connection:
            with suppress(apsw.Error):  # which will show
                self._clock.follow(connection)
            verifier = Verifier(connection, blobs=self._blobs, sealer=self._sealer, clock=self._clock)
            return tuple(verifier.findings(unknown=unknown))

    def is_legible(self) -> bool:
        """Whether every part of the file can be read; else it takes a new file (:mod:`offline_queue.salvage`)."""
        return not {Wrong.DATABASE, Wrong.ROW_UNREADABLE} & {finding.code for finding in self.verify()}

    def tidy(self) -> None:
        """What nobody asks for: room on a full disk, leftovers of the last stop, what may be kept no longer. Cheap when
        there is nothing. Raises apsw.Error, OSError on disk trouble."""
        self._outbox.start()
        self.expire_reprints()
        self.forget_ended()

    def expire_reprints(self) -> None:
        """Forget what may no longer be printed again (:mod:`offline_queue.keeping`). Cheap when there is nothing."""
        as_far_as_legible(self._database, lambda: expire_reprints(self._database, self._clock))

    def forget_ended(self) -> int:
        """Forget what ended more than `keep_days` ago; gives how many. Cheap when there is nothing."""
        forgotten = [0]
        as_far_as_legible(self._database, lambda: forgotten.append(self._forget()))
        return forgotten[-1]

    def _forget(self) -> int:
        return forget_ended(self._database, self._blobs, self._clock, days=self._keep_days)

    def cancel(
        self, uid: str, *, reason: str, by: str, confirmed_by: str, ask: Callable[[str], Outcome] | None = None
    ) -> Withdrawal:
        """Withdraw what the platform doesn't have, on the word of two people.

        `ask` gets its answer about a uid; without it, only what was never offered is withdrawn. What was handed in
        stays sealed until it is forgotten. Raises ValueError without a reason and two names.
        """
        return self._outbox.withdraw(Cancelling(uid=uid, reason=reason, by=by, confirmed_by=confirmed_by), ask)

    def empty_log(self) -> None:
        """Bring what was put out of the log into the main file, where a flipped bit takes no more than it hits; rounds
        of sending do so by themselves. Trouble with the disk is left to whoever writes next."""
        with suppress(apsw.Error):
            self._database.empty_log()

    def repair(self) -> tuple[Repair, ...]:
        """Mend what can be mended without losing anything, and give what was mended: nothing where parts of the file
        can't be read (:mod:`offline_queue.salvage`)."""
        mending = Repairer(database=self._database, blobs=self._blobs, sealer=self._sealer, clock=self._clock)
        try:
            return mending.repair()
        except apsw.CorruptError:
            return ()
