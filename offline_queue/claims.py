"""How due work is taken: the oldest first, leased to one sender in the caller's transaction."""

from __future__ import annotations

import re

import apsw

from offline_queue.damage import hold_row
from offline_queue.database import Row, Transaction
from offline_queue.freezing import SentForm
from offline_queue.lease import LEASE_SECONDS
from offline_queue.reasons import Reason
from offline_queue.sealing import Sealer
from offline_queue.wire import MAX_BATCH_BYTES, State
from offline_queue.work import FormsWork, FormWork, NumberWork, PapersWork, PaperToSend

_UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Claims:
    """Takes work for one holder of leases. What can't be read is passed over from then on: a damaged page of the file
    stops what lies in it, and nothing else."""

    def __init__(self, *, sealer: Sealer, holder: str) -> None:
        self._sealer = sealer
        self._holder = holder
        self._unreadable: set[int] = set()

    @property
    def passed_over(self) -> int:
        """How many rows could not be read."""
        return len(self._unreadable)

    def forms(self, connection: Transaction, mono: float, *, most: int) -> FormWork | FormsWork | None:
        """The oldest due form, with more of them as far as they go together: `most`, and a batch's bytes."""
        first = self._form(connection, mono)
        if first is None or most == 1:
            return first
        forms, room = [first], MAX_BATCH_BYTES - len(first.body)
        while len(forms) < most and (one := self._form(connection, mono, room=room)) is not None:
            forms.append(one)
            room -= len(one.body)
        return first if len(forms) == 1 else FormsWork(forms=tuple(forms))

    def _form(self, connection: Transaction, mono: float, *, room: int | None = None) -> FormWork | None:
        while (row := self._due(connection, "state = 'ready'", mono, "body")) is not None:
            seq, uid, sha256, attempts, key_id, stored = row
            form = SentForm(uid=uid, key_id=key_id, sha256=sha256)
            body = form.body(stored, self._sealer) if isinstance(stored, bytes) else None
            if body is None:
                connection.run(
                    "UPDATE submission SET state = 'held', last_error = ? WHERE seq = ?", (Reason.BODY_DAMAGED, seq)
                )
            elif room is not None and len(body) > room:
                return None  # no smaller one is looked for behind it: that would be a look at everything that waits
            else:
                self._lease(connection, seq, mono, State.SENDING)
                return FormWork(
                    seq=seq, uid=uid, sha256=sha256, attempts=attempts, body=body, media_type=form.media_type
                )
        return None

    def papers(self, connection: Transaction, mono: float) -> PapersWork | None:
        while (row := self._due(connection, "state = 'received'", mono)) is not None:
            seq, uid, sha256, attempts, key_id = row
            rows = connection.all(
                """
                SELECT id, bytes, sha256, offset, attempts FROM attachment
                WHERE submission = ? AND state = 'ready' AND next_mono <= ? ORDER BY position
                """,
                (seq, mono),
            )
            if not all(isinstance(number, int) for paper in rows for number in (paper[1], paper[3], paper[4])):
                hold_row(connection, seq)
                continue
            papers = tuple(
                PaperToSend(id=name, bytes=size, sha256=digest, offset=offset, attempts=tried)
                for name, size, digest, offset, tried in rows
            )
            self._lease(connection, seq, mono, State.RECEIVED)
            return PapersWork(seq=seq, uid=uid, sha256=sha256, attempts=attempts, key_id=key_id, papers=papers)
        return None

    def number(self, connection: Transaction, mono: float) -> NumberWork | None:
        row = self._due(connection, "state = 'done' AND case_number IS NULL AND test = 0", mono)
        if row is None:
            return None
        self._lease(connection, row[0], mono, State.DONE)
        return NumberWork(seq=row[0], uid=row[1], sha256=row[2], attempts=row[3])

    def _due(self, connection: Transaction, which: str, mono: float, *columns: str) -> Row | None:
        """The sound row that is due first and nobody's: seq, uid, body_sha256, attempts, key_id and `columns`. Damaged
        ones are held. Raises apsw.CorruptError where an index differs from its rows, and for a row that can't be read,
        which is passed over from then on.
        """
        while True:
            # Asked of the indexes alone, and then compared: SQLite takes a partial index at its word.
            seq = connection.value(
                f"""
                SELECT seq FROM submission WHERE {which} AND next_mono <= ? {self._readable()}
                AND seq NOT IN (SELECT seq FROM submission WHERE lease IS NOT NULL) ORDER BY next_mono, seq LIMIT 1
                """,  # noqa: S608 - constants  # nosec B608
                (mono,),
            )
            if seq is None:
                return None
            try:
                row = connection.one(
                    f"""
                    SELECT {which} AND next_mono <= ? AND lease IS NULL,
                           {", ".join(("seq", "uid", "body_sha256", "attempts", "key_id", *columns))}
                    FROM submission WHERE seq = ?
                    """,  # noqa: S608 - constants  # nosec B608
                    (mono, seq),
                )
            except apsw.CorruptError:
                self._unreadable.add(seq)
                raise
            if row is None:
                self._unreadable.add(seq)
            if row is None or not row[0]:
                raise apsw.CorruptError("an index differs from its rows")
            if _is_sound(*row[2:6]):
                return row[1:]
            hold_row(connection, seq)

    def _readable(self) -> str:
        return f"AND seq NOT IN ({', '.join(map(str, self._unreadable))})" if self._unreadable else ""

    def _lease(self, connection: Transaction, seq: int, mono: float, state: State) -> None:
        connection.run(
            "UPDATE submission SET state = ?, lease = ?, lease_mono = ? WHERE seq = ?",
            (state.value, self._holder, mono + LEASE_SECONDS, seq),
        )


def _is_sound(uid: object, sha256: object, attempts: object, key_id: object) -> bool:
    """Whether these can have been written. Whether the other columns have their types, SQLite sees at the lease."""
    return (
        isinstance(uid, str)
        and _UID.fullmatch(uid) is not None
        and isinstance(sha256, str)
        and isinstance(key_id, str)
        and isinstance(attempts, int)
        and attempts >= 0
    )
