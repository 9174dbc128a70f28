"""How due work is taken: the oldest first, leased to one sender in the caller's transaction."""

from __future__ import annotations

from offline_queue.database import Transaction
from offline_queue.freezing import SentForm
from offline_queue.lease import LEASE_SECONDS
from offline_queue.sealing import Sealer
from offline_queue.wire import MAX_BATCH_BYTES, MAX_BODY_BYTES, State
from offline_queue.work import FormsWork, FormWork, NumberWork, PapersWork, PaperToSend


class Claims:
    """Takes work for one holder of leases."""

    def __init__(self, *, sealer: Sealer, holder: str) -> None:
        self._sealer = sealer
        self._holder = holder

    def forms(self, connection: Transaction, mono: float, *, most: int) -> FormWork | FormsWork | None:
        """The oldest due form, with more of them as far as they go together: `most`, and a batch's bytes."""
        first = self._form(connection, mono)
        if first is None or most == 1:
            return first
        forms, room = [first], MAX_BATCH_BYTES - len(first.body)
        while len(forms) < most and (one := self._form(connection, mono, most_bytes=room)) is not None:
            forms.append(one)
            room -= len(one.body)
        return first if len(forms) == 1 else FormsWork(forms=tuple(forms))

    def _form(self, connection: Transaction, mono: float, *, most_bytes: int = MAX_BODY_BYTES) -> FormWork | None:
        while True:
            row = connection.one(
                """
                SELECT seq, uid, body_sha256, attempts, key_id, body_bytes, body FROM submission
                WHERE state = 'ready' AND next_mono <= ? ORDER BY next_mono, seq LIMIT 1
                """,
                (mono,),
            )
            # No smaller one is looked for behind it: that would be a look at everything that waits.
            if row is None or row[5] > most_bytes:
                return None
            seq, uid, sha256, attempts, key_id, _, stored = row
            form = SentForm(uid=uid, key_id=key_id, sha256=sha256)
            body = form.body(stored, self._sealer)
            if body is not None:
                self._lease(connection, seq, mono, State.SENDING)
                return FormWork(
                    seq=seq, uid=uid, sha256=sha256, attempts=attempts, body=body, media_type=form.media_type
                )
            connection.run("UPDATE submission SET state = 'held', last_error = 'body-damaged' WHERE seq = ?", (seq,))

    def papers(self, connection: Transaction, mono: float) -> PapersWork | None:
        row = connection.one(
            """
            SELECT seq, uid, body_sha256, attempts, key_id FROM submission
            WHERE state = 'received' AND next_mono <= ? AND lease IS NULL ORDER BY next_mono, seq LIMIT 1
            """,
            (mono,),
        )
        if row is None:
            return None
        seq, uid, sha256, attempts, key_id = row
        papers = tuple(
            PaperToSend(id=name, bytes=size, sha256=digest, offset=offset, attempts=tried)
            for name, size, digest, offset, tried in connection.all(
                """
                SELECT id, bytes, sha256, offset, attempts FROM attachment
                WHERE submission = ? AND state = 'ready' AND next_mono <= ? ORDER BY position
                """,
                (seq, mono),
            )
        )
        self._lease(connection, seq, mono, State.RECEIVED)
        return PapersWork(seq=seq, uid=uid, sha256=sha256, attempts=attempts, key_id=key_id, papers=papers)

    def number(self, connection: Transaction, mono: float) -> NumberWork | None:
        row = connection.one(
            """
            SELECT seq, uid, body_sha256, attempts FROM submission
            WHERE state = 'done' AND case_number IS NULL AND test = 0 AND next_mono <= ? AND lease IS NULL
            ORDER BY next_mono, seq LIMIT 1
            """,
            (mono,),
        )
        if row is None:
            return None
        self._lease(connection, row[0], mono, State.DONE)
        return NumberWork(seq=row[0], uid=row[1], sha256=row[2], attempts=row[3])

    def _lease(self, connection: Transaction, seq: int, mono: float, state: State) -> None:
        connection.run(
            "UPDATE submission SET state = ?, lease = ?, lease_mono = ? WHERE seq = ?",
            (state.value, self._holder, mono + LEASE_SECONDS, seq),
        )
