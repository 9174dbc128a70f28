"""Taking one hand-in: frozen, sealed, numbered and durable before anybody is told.

Order: the write lock; papers sealed, written and fsynced; their folder fsynced; one COMMIT with the form, its number
and its papers' rows. Only then is there an answer, and may a slip be printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import apsw
from pydantic import JsonValue

from offline_queue.blobs import Blobs
from offline_queue.damage import last_of_day
from offline_queue.database import Database, Transaction
from offline_queue.freezing import FormTooLarge, Frozen, NamedPaper, freeze_here, freeze_to
from offline_queue.keyring import DistrictKeys
from offline_queue.model import Clock, NoKeys, OtherContent, Paper, StorageTrouble, Stored, TooLarge
from offline_queue.numbers import MOST_A_DAY, TOKEN_BYTES, SlipSigner, base64url, make_number
from offline_queue.sealing import Sealer
from offline_queue.summary import ReprintData, Summary, content_sha256
from offline_queue.wire import Attachment, Envelope, sha256_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What is handed in; see :meth:`offline_queue.store.Store.put`."""

    uid: str
    matter: str
    form: Mapping[str, JsonValue]
    papers: tuple[Paper, ...]
    test: bool
    id_number: str | None
    masked_name: str
    slip_data: bytes


class Intake:
    """Puts into the queue of one terminal, sealed to the district where `district_keys` are in use."""

    def __init__(
        self,
        *,
        database: Database,
        blobs: Blobs,
        sealer: Sealer,
        district_keys: DistrictKeys | None,
        terminal: str,
        slips: SlipSigner,
        clock: Clock,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._sealer = sealer
        self._district_keys = district_keys
        self._terminal = terminal
        self._slips = slips
        self._clock = clock

    def take(self, asked: HandIn) -> Stored | OtherContent | NoKeys | TooLarge | StorageTrouble:
        """Store it durably; the same again is the same Stored. Raises pydantic.ValidationError."""
        content = content_sha256(matter=asked.matter, form=asked.form, papers=asked.papers, test=asked.test)
        papers: list[NamedPaper] = [(str(uuid4()), paper) for paper in asked.papers]
        declared = tuple(
            Attachment(
                id=name,
                material=paper.material,
                media_type=paper.media_type,
                bytes=len(paper.content),
                sha256=sha256_hex(paper.content),
            )
            for name, paper in papers
        )
        try:
            with self._database.write() as connection:
                known = self._stored(connection, asked.uid, content)
                if known is not None:
                    return known
                now = self._clock.wall()
                recipients = self._district_keys.recipients(now) if self._district_keys else None
                if self._district_keys and recipients is None:
                    return NoKeys()
                token = os.urandom(TOKEN_BYTES)
                envelope = Envelope(
                    uid=asked.uid,
                    kiosk=self._terminal,
                    provisional_number=self._next_number(connection, now.strftime("%y%m%d")),
                    token=base64url(token),
                    matter=asked.matter,
                    created=now.isoformat(timespec="seconds"),
                    test=asked.test,
                    form=dict(asked.form),
                    attachments=declared,
                )
                frozen = (
                    freeze_here(envelope, papers, sealer=self._sealer, blobs=self._blobs)
                    if recipients is None
                    else freeze_to(recipients, envelope, papers, blobs=self._blobs)
                )
                if papers:
                    self._blobs.settle()
                slip_qr = self._slips.text(number=envelope.provisional_number, token=token)
                finder = self._sealer.finder(asked.id_number) if asked.id_number else None
                self._insert(
                    connection,
                    envelope,
                    frozen,
                    summary=Summary(
                        matter=asked.matter,
                        content=content,
                        name=asked.masked_name,
                        finder="" if finder is None else finder.hex(),
                    ),
                    reprint=ReprintData(slip_qr=slip_qr, matter=asked.matter, slip_data=asked.slip_data),
                    finder=finder,
                )
        except FormTooLarge:
            return TooLarge(part="form")
        except (apsw.Error, OSError) as trouble:
            # The papers' files stay until a sender starts: whether the rows are there is not known here.
            return StorageTrouble(detail=type(trouble).__name__)
        except BaseException:
            self._blobs.remove(name for name, _ in papers)
            raise
        return Stored(
            uid=asked.uid, provisional_number=envelope.provisional_number, created=envelope.created, slip_qr=slip_qr
        )

    def _next_number(self, connection: Transaction, day: str) -> str:
        last = connection.value(
            "INSERT INTO counter VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last", (day,)
        )
        if not isinstance(last, int) or not 0 < last <= MOST_A_DAY or self._is_taken(connection, day, last):
            # A bit of the counter has flipped: the day's own numbers say how far it had come.
            last = 1 + last_of_day(connection, terminal=self._terminal, day=day)
            connection.run("UPDATE counter SET last = ? WHERE day = ?", (last, day))
        return make_number(terminal=self._terminal, day=day, counter=last)

    def _is_taken(self, connection: Transaction, day: str, counter: int) -> bool:
        number = make_number(terminal=self._terminal, day=day, counter=counter)
        return connection.one("SELECT 1 FROM submission WHERE number = ?", (number,)) is not None

    def _insert(
        self,
        connection: Transaction,
        envelope: Envelope,
        frozen: Frozen,
        *,
        summary: Summary,
        reprint: ReprintData,
        finder: bytes | None,
    ) -> None:
        uid, sealer = envelope.uid, self._sealer
        connection.run(
            """
            INSERT INTO submission (uid, number, state, test, body, body_sha256, body_bytes, key_id, summary, finder,
                                    reprint, created_wall, created_epoch, boot_id, next_mono)
            VALUES (?, ?, 'ready', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                uid,
                envelope.provisional_number,
                int(envelope.test),
                frozen.stored,
                frozen.sha256,
                frozen.bytes,
                frozen.key_id,
                summary.sealed(sealer, uid),
                finder,
                reprint.sealed(sealer, uid),
                envelope.created,
                self._clock.wall().timestamp(),
                self._clock.boot_id(),
                self._clock.monotonic(),
            ),
        )
        seq = connection.last_row()
        connection.run_many(
            "INSERT INTO attachment (id, submission, position, bytes, sha256, state) VALUES (?, ?, ?, ?, ?, 'ready')",
            [(one.id, seq, at, one.bytes, one.sha256) for at, one in enumerate(frozen.papers)],
        )

    def _stored(self, connection: Transaction, uid: str, content: str) -> Stored | OtherContent | None:
        row = connection.one("SELECT number, created_wall, reprint, summary FROM submission WHERE uid = ?", (uid,))
        if row is None:
            return None
        summary = Summary.opened(self._sealer, uid, row[3])
        if summary is None or summary.content != content:
            return OtherContent(uid=uid)
        reprint = ReprintData.opened(self._sealer, uid, row[2])
        return Stored(
            uid=uid, provisional_number=row[0], created=row[1], slip_qr="" if reprint is None else reprint.slip_qr
        )
