"""What a terminal handed in, was answered and may rely on; and what of it a district's database does not keep."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import select

from district.authority import certificate_sha256
from district.receiving import Event
from district.store import DistrictStore
from district.tables import ATTACHMENTS, OUTBOX, SUBMISSIONS, SUPPLEMENTS, TERMINALS
from offline_queue.enrolment import read_enrolled
from offline_queue.wire import Attachment, Envelope, State, canonical_bytes, read_receipt, sha256_hex


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission, its papers by id, and what was answered: every receipt, that it is whole, the rating that was
    taken, and whether it, or what staff asked of it, was unknown once it had been acknowledged."""

    envelope: Envelope
    body: bytes
    papers: dict[str, bytes]
    receipts: list[bytes] = field(default_factory=list[bytes])
    whole: list[bool] = field(default_factory=list[bool])
    rated: list[int] = field(default_factory=list[int])
    unknown: list[bool] = field(default_factory=list[bool])


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that enrols: its key's id, what it asks with, and every answer."""

    key_id: str
    asked: bytes
    answers: list[bytes] = field(default_factory=list[bytes])


def submission(chance: Random, number: int, code: str, supplement_of: str | None = None) -> Sent:
    papers = {
        str(UUID(bytes=chance.randbytes(16), version=4)): chance.randbytes(3_000)
        for _ in range(chance.choice((0, 0, 0, 2)))
    }
    envelope = Envelope(
        uid=str(UUID(bytes=chance.randbytes(16), version=4)),
        kiosk=code,
        provisional_number=f"{code}-261123-{number:04d}-E",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:00:00+08:00",
        test=False,
        form={"of": f"{code}-{number}"},
        attachments=tuple(
            Attachment(id=name, material="m", media_type="image/png", bytes=len(content), sha256=sha256_hex(content))
            for name, content in papers.items()
        ),
        supplement_of=supplement_of,
    )
    return Sent(envelope, canonical_bytes(envelope), papers)


def judge(papers: Path, database: str, sent: Sequence[Sent], machines: Sequence[Machine]) -> Counter[str]:
    """The promises that were broken, by name."""
    broken: Counter[str] = Counter()
    with closing(DistrictStore(database, papers)) as store:
        with store.engine.connect() as connection:
            rows = {row.uid: row for row in connection.execute(select(SUBMISSIONS))}
            events = Counter((row.uid, row.event) for row in connection.execute(select(OUTBOX)))
            incomplete = set(connection.execute(select(ATTACHMENTS.c.uid).where(~ATTACHMENTS.c.complete)).scalars())
            answered = {row.answered_uid: row for row in connection.execute(select(SUPPLEMENTS))}
            terminals = {row.key_id: row for row in connection.execute(select(TERMINALS))}
        for one in sent:
            row = rows.get(one.envelope.uid)
            if (one.receipts and (row is None or row.body != one.body)) or one.unknown:
                broken["every 2xx is stored"] += 1
            if len({*one.receipts, *([row.receipt] if row is not None else [])}) > 1:
                broken["receipts are the same bytes"] += 1
            if one.whole and (row is None or row.state != State.DONE.value or one.envelope.uid in incomplete):
                broken["papers complete a submission"] += 1
            for name, content in one.papers.items() if one.whole else ():
                paper = store.papers.paper(name)
                if paper is None or b"".join(paper.content) != content:
                    broken["the same papers"] += 1
            if one.rated and (row is None or row.rating != one.rated[0] or events[one.envelope.uid, Event.RATED] != 1):
                broken["a rating is kept, and told of once"] += 1
            if one.whole and one.envelope.supplement_of is not None:
                asked = answered.get(one.envelope.uid)
                if asked is None or asked.id != one.envelope.supplement_of or asked.answered_at is None:
                    broken["an answer belongs to what was asked"] += 1
                elif events[asked.uid, Event.SUPPLEMENT_ANSWERED] != 1:
                    broken["an answer is told of once"] += 1
        handed_in: defaultdict[str, int] = defaultdict(int)
        for row in rows.values():
            handed_in[json.loads(row.body)["form"]["of"]] += 1
            receipt = read_receipt(row.receipt)
            if row.supplement_of is None and (receipt is None or receipt.case_number not in (None, row.case_number)):
                broken["a case keeps its number"] += 1
        done = [row for row in rows.values() if row.state == State.DONE.value and row.supplement_of is None]
        broken["no case twice"] = sum(times - 1 for times in handed_in.values())
        broken["every case has a number of its own"] = len(done) - len({row.case_number for row in done} - {None})
        told = {uid: times for (uid, event), times in events.items() if event == Event.COMPLETE}
        broken["each case is told of once"] = sum(told.get(row.uid) != 1 for row in done) + len(
            told.keys() - rows.keys()
        )
        broken["an enrolment is kept, and answered the same"] = sum(not _is_kept(one, terminals) for one in machines)
    return +broken


def _is_kept(one: Machine, terminals: Mapping[str, object]) -> bool:
    if not one.answers:
        return True
    enrolled, row = read_enrolled(one.answers[0]), terminals.get(one.key_id)
    assert enrolled is not None, one.answers[0]
    certificate = certificate_sha256(enrolled.certificate.encode())
    return len(set(one.answers)) == 1 and getattr(row, "certificate_sha256", None) == certificate
