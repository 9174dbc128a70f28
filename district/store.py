"""What the platform keeps, and keeps durably before it answers.

A receipt is stored as bytes and answered byte-identical ever after; (uid, sha256) is never forgotten, even when what
was handed in has been erased. A test submission is kept out of cases: it never gets a case number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Engine, bindparam, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from district.case_numbers import next_cases
from district.database import AWAY, alone, open_engine, write
from district.inserting import insert_submissions, insert_together, look_up
from district.leases import UPLOADS_AT_ONCE, Leases
from district.objects import Place, open_objects
from district.opening import Body, Keys, Read, kept_body, read_with
from district.outbox import Event, tell
from district.outcomes import Conflict, NotAsked, NotJson, PaperRow, SubmissionRow, Take, Taken, Unknown
from district.papers_store import PaperStore
from district.supplements import claim, number_of_case, settle, waiting_for
from district.tables import ATTACHMENTS, STEPS, SUBMISSIONS
from district.times import now_text
from district.together import Together
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import Attachment, Progress, State, Step, is_json

_TRIES = 8
_KNOWN_BY_NOW = "23505"  # unique_violation: another took one of them since we looked
_LOCKED = "55P03"  # lock_not_available: another is at work on what one of them wants
_REQUESTS = 8
"""In one commit."""
_PAGE = 100
_KNOWN_PAPERS = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class _Looked:
    """What came, as it was read."""

    outside: Body
    body: bytes
    read: Read | NoKey | NotIntact

    @property
    def is_case(self) -> bool:
        """Whether it is a complete case as it came, if it is new."""
        outside, read = self.outside, self.read
        return (
            not outside.attachments
            and not outside.test
            and isinstance(read, Read)
            and read.envelope.supplement_of is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fresh:
    """What is to be stored."""

    outside: Body
    body: bytes
    sha256: str
    matter: str
    supplement_of: str | None
    papers: tuple[str, ...]
    is_case: bool

    @property
    def state(self) -> str:
        return (State.RECEIVED if self.papers else State.DONE).value

    def receipt(self, case_number: str | None) -> bytes:
        """The canonical bytes of a :class:`offline_queue.wire.Receipt`, whose parts were all looked at: its keys are in
        their order."""
        return to_json(
            {
                "case_number": case_number,
                "missing": self.papers,
                "sha256": self.sha256,
                "state": self.state,
                "uid": self.outside.uid,
            }
        )

    def row(self, now: str, case_number: str | None, receipt: bytes) -> dict[str, object]:
        return {
            "uid": self.outside.uid,
            "sha256": self.sha256,
            "body": self.body,
            "receipt": receipt,
            "test": self.outside.test,
            "state": self.state,
            "case_number": case_number,
            "received_at": now,
            "complete_at": None if self.papers else now,
            "terminal": self.outside.kiosk,
            "provisional_number": self.outside.provisional_number,
            "matter": self.matter,
            "stage": "received" if self.papers else "complete",
            "supplement_of": self.supplement_of,
        }

    def paper_rows(self) -> Iterator[dict[str, object]]:
        for position, one in enumerate(self.outside.attachments):
            kind = (one.material, one.media_type) if isinstance(one, Attachment) else ("", "")
            yield {
                "id": one.id,
                "uid": self.outside.uid,
                "material": kind[0],
                "media_type": kind[1],
                "bytes": one.bytes,
                "sha256": one.sha256,
                "position": position,
                "offset": 0,
                "complete": False,
            }


@dataclass(frozen=True, slots=True)
class _Made:
    """The rows of what is to be stored, and its receipts by uid."""

    rows: list[dict[str, object]]
    papers: list[dict[str, object]]
    receipts: dict[str, bytes]

    @classmethod
    def of(cls, fresh: Iterable[_Fresh], numbers: Sequence[str], answered: Mapping[str, str | None], now: str) -> _Made:
        """`numbers` are for its cases; `answered` those of the cases that supplements belong to."""
        following = iter(numbers)
        made = cls([], [], {})
        for one in fresh:
            number = next(following) if one.is_case else None
            told = answered[one.supplement_of] if one.supplement_of is not None and not one.papers else number
            receipt = made.receipts[one.outside.uid] = one.receipt(told)
            made.rows.append(one.row(now, number, receipt))
            made.papers.extend(one.paper_rows())
        return made


class DistrictStore:
    """One platform's database and papers. Safe to use from several threads, and several processes on one database.
    `keys` open what is sealed, and are kept nowhere here."""

    def __init__(
        self, url: str, papers: Path | Place, keys: Keys | None = None, *, uploads: int = UPLOADS_AT_ONCE
    ) -> None:
        self._keys: Keys = keys or {}
        self._engine = open_engine(url)
        self.objects = open_objects(papers, self._engine)
        self._together: Together[Sequence[_Looked], list[Take]] = Together(self._take_several, most=_REQUESTS)
        self.papers = PaperStore(self._engine, self.objects, Leases(self._engine, most=uploads), self._keys)

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def take(self, outside: Body, body: bytes) -> Take:
        """Store a submission once; a replay gets the first receipt's bytes. What is sealed must open: the terminal
        deletes its copy on our word."""
        return self.take_all([(outside, body)])[0]

    def take_all(self, arrived: Sequence[tuple[Body, bytes]]) -> list[Take]:
        """Each as if it had come alone, all in one commit; it may be that of others, too, who came at the same time."""
        looked = [_Looked(outside, body, read_with(self._keys, outside)) for outside, body in arrived]
        # A supplement waits for whoever is at work on its case, and nobody shall wait for it.
        return self._take_again(looked) if any(map(_is_supplement, looked)) else self._together.ask(looked)

    def _take_several(self, several: Sequence[Sequence[_Looked]]) -> list[list[Take] | Exception]:
        """Those of several requests. What one of them is the cause of is not the others' trouble."""
        try:
            taken = iter(self._take_again([one for looked in several for one in looked]))
        except Exception as trouble:
            if len(several) == 1 or _is_everybodys(trouble):
                raise
            return list(map(self._take_alone, several))
        return [list(islice(taken, len(looked))) for looked in several]

    def _take_alone(self, looked: Sequence[_Looked]) -> list[Take] | Exception:
        try:
            return self._take_again(looked)
        except Exception as trouble:  # noqa: BLE001 - raised by whoever asked
            return trouble

    def _take_again(self, looked: Sequence[_Looked]) -> list[Take]:
        for _ in range(_TRIES - 1):
            try:
                return self._take_all(looked)
            except IntegrityError as trouble:
                if getattr(trouble.orig, "sqlstate", _KNOWN_BY_NOW) != _KNOWN_BY_NOW:
                    raise
        return self._take_all(looked)

    def _take_all(self, looked: Sequence[_Looked]) -> list[Take]:
        """Raises IntegrityError when a uid or an attachment's id came to be known since it was looked for."""
        now = now_text()
        # What counts drawn numbers again, should the server have forgotten them, stores no supplement.
        ahead = self._engine.dialect.name != "sqlite" and not any(map(_is_supplement, looked))
        cases = {one.outside.uid for one in looked if ahead and one.is_case}
        found = look_up(self._engine, {one.outside.uid for one in looked}, cases=cases, now=now)
        papers = self._known_papers(one.outside for one in looked if one.outside.uid not in found.known)
        fresh: dict[str, _Fresh] = {}
        judged: list[Take | _Fresh] = []
        for one in looked:
            take = _judge(one, found.known, fresh, papers)
            if isinstance(take, _Fresh):
                fresh[take.outside.uid] = take
                papers.update(take.papers)
            judged.append(take)
        receipts: dict[str, bytes] = {}
        if fresh and ahead:
            made = _Made.of(fresh.values(), found.numbers, {}, now)
            insert_together(self._engine, made.rows, made.papers)
            receipts = made.receipts
        elif fresh:
            receipts = write(self._engine, lambda connection: _keep(connection, fresh.values(), now))
        taken: list[Take] = []
        for one in judged:
            if isinstance(one, _Fresh):
                new = fresh.pop(one.outside.uid, None) is not None  # the same once more in one batch is a replay
                receipt = receipts.get(one.outside.uid)
                one = NotAsked() if receipt is None else Taken(receipt=receipt, new=new)
            taken.append(one)
        return taken

    def _known_papers(self, bodies: Iterable[Body]) -> set[str]:
        """Of the ids that these bodies declare, those that are known."""
        named = [paper.id for one in bodies for paper in one.attachments]
        if not named:
            return set()
        with alone(self._engine) as connection:
            return set(connection.execute(_KNOWN_PAPERS, {"ids": named}).scalars())

    def progress(self, uid: str, *, of: str | None = None) -> Progress | Unknown:
        """Here and below, `of` is the code of the terminal that asks: what is not its own is unknown to it."""
        with alone(self._engine) as connection:
            row = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == uid)).first()
            if row is None or of not in (None, row.terminal):
                return Unknown()
            missing = connection.execute(
                select(ATTACHMENTS.c.id)
                .where(ATTACHMENTS.c.uid == uid, ATTACHMENTS.c.complete.is_(False), ATTACHMENTS.c.erased_at.is_(None))
                .order_by(ATTACHMENTS.c.position)
            ).scalars()
            steps = [Step(at=row.received_at, code="received")]
            if row.complete_at is not None:
                steps.append(Step(at=row.complete_at, code="complete"))
            later = select(STEPS.c.at, STEPS.c.code, STEPS.c.note).where(STEPS.c.uid == uid).order_by(STEPS.c.seq)
            steps += [Step(at=step.at, code=step.code, note=step.note) for step in connection.execute(later)]
            case_number = row.case_number
            if row.supplement_of is not None and row.state == State.DONE.value:
                case_number = number_of_case(connection, row.supplement_of)
            return Progress(
                uid=uid,
                sha256=row.sha256,
                state=State(row.state),
                case_number=case_number,
                missing=tuple(missing),
                steps=tuple(steps),
                supplement=waiting_for(connection, uid, row.stage),
            )

    def rate(self, uid: str, level: int, *, of: str | None = None) -> bool | Unknown:
        """Keep the one rating of a submission; False when there is another one already."""

        def work(connection: Connection) -> bool | Unknown:
            row = connection.execute(
                select(SUBMISSIONS.c.rating, SUBMISSIONS.c.terminal).where(SUBMISSIONS.c.uid == uid).with_for_update()
            ).first()
            if row is None or of not in (None, row.terminal):
                return Unknown()
            if row.rating is None:
                connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == uid).values(rating=level))
                tell(connection, Event.RATED, [uid], now=now_text())
            return row.rating in (None, level)

        return write(self._engine, work)

    def submissions(self) -> Iterator[SubmissionRow]:
        """All submissions but those that were erased, oldest first."""
        after = 0
        while True:
            page = select(SUBMISSIONS).where(SUBMISSIONS.c.seq > after, SUBMISSIONS.c.body.is_not(None))
            with alone(self._engine) as connection:
                rows = connection.execute(page.order_by(SUBMISSIONS.c.seq).limit(_PAGE)).all()
                shown = [self._row(connection, row) for row in rows]
            yield from shown
            if len(rows) < _PAGE:
                return
            after = rows[-1].seq

    def submission(self, uid: str) -> SubmissionRow | None:
        """None also for one that was erased."""
        one = select(SUBMISSIONS).where(SUBMISSIONS.c.uid == uid, SUBMISSIONS.c.body.is_not(None))
        with alone(self._engine) as connection:
            row = connection.execute(one).first()
            return None if row is None else self._row(connection, row)

    def _row(self, connection: Connection, row: Any) -> SubmissionRow:
        papers = connection.execute(
            select(ATTACHMENTS).where(ATTACHMENTS.c.uid == row.uid).order_by(ATTACHMENTS.c.position)
        )
        outside = kept_body(row.body)
        read = read_with(self._keys, outside)
        envelope = read.envelope if isinstance(read, Read) else None
        inside = {one.id: one for one in envelope.attachments} if envelope is not None else {}
        return SubmissionRow(
            outside=outside,
            envelope=envelope,
            sha256=row.sha256,
            state=State(row.state),
            case_number=row.case_number,
            received_at=row.received_at,
            rating=row.rating,
            papers=tuple(
                PaperRow(
                    id=paper.id,
                    material=one.material,
                    media_type=one.media_type,
                    bytes=one.bytes,
                    sha256=one.sha256,
                    complete=paper.complete,
                )
                for paper in papers
                for one in (inside.get(paper.id, paper),)
            ),
        )


def _is_everybodys(trouble: Exception) -> bool:
    """Whether it is no better for one request alone."""
    return isinstance(trouble, AWAY) and getattr(getattr(trouble, "orig", None), "sqlstate", None) != _LOCKED


def _is_supplement(one: _Looked) -> bool:
    return isinstance(one.read, Read) and one.read.envelope.supplement_of is not None


def _judge(
    one: _Looked, known: Mapping[str, tuple[str, bytes]], fresh: Mapping[str, _Fresh], papers: Set[str]
) -> Take | _Fresh:
    uid, sha256 = one.outside.uid, hashlib.sha256(one.body).hexdigest()
    if uid in known:
        first, receipt = known[uid]
        return Taken(receipt=receipt, new=False) if first == sha256 else Conflict()
    if uid in fresh:
        return fresh[uid] if fresh[uid].sha256 == sha256 else Conflict()
    if not isinstance(one.read, Read):
        return one.read
    names = tuple(paper.id for paper in one.outside.attachments)
    if len(set(names)) < len(names) or not papers.isdisjoint(names):
        return Conflict()
    inside = one.read.envelope
    if not is_json(inside.form):
        return NotJson()
    return _Fresh(
        outside=one.outside,
        body=one.body,
        sha256=sha256,
        matter=inside.matter,
        supplement_of=inside.supplement_of,
        papers=names,
        is_case=one.is_case,
    )


def _keep(connection: Connection, fresh: Iterable[_Fresh], now: str) -> dict[str, bytes]:
    """Store what is new, and give the receipts by uid; none for a supplement that nobody asked for."""
    kept = [one for one in fresh if one.supplement_of is None or _answers(connection, one, one.supplement_of, now)]
    if not kept:
        return {}
    answered = {one: number_of_case(connection, one) for one in {one.supplement_of for one in kept} if one is not None}
    made = _Made.of(kept, next_cases(connection, now, sum(one.is_case for one in kept)), answered, now)
    insert_submissions(connection, made.rows, made.papers)
    return made.receipts


def _answers(connection: Connection, one: _Fresh, asked: str, now: str) -> bool:
    """Whether it is what that supplement waits for; a rehearsal never is."""
    outside = one.outside
    if outside.test or not claim(connection, asked, uid=outside.uid, terminal=outside.kiosk):
        return False
    if not one.papers:
        settle(connection, asked, now=now)
    return True
