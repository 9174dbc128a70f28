"""A case as it is told to others, by webhook, through an adapter or in the export: one shape (docs/adapters.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, select

from district.opening import PaperLost
from district.outbox import HANDED_ON, Told
from district.outcomes import SubmissionRow
from district.receiving import CasePaper, Delivery, Event
from district.store import DistrictStore
from district.tables import STEPS, SUBMISSIONS, SUPPLEMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """There is no key here to open it; what can be told without is in `delivery`."""

    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """It was deleted when its time was over; what remains is in `delivery`."""

    delivery: Delivery


def delivery_of(store: DistrictStore, told: Told) -> Delivery | Sealed | Erased:
    """The case that an event is of, as it stands now. Papers are its own; those of the answer to a supplement, where
    that is what is told."""
    with store.engine.connect() as connection:
        row = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == told.uid)).one()
        steps = connection.execute(select(STEPS).where(STEPS.c.uid == told.uid).order_by(STEPS.c.seq)).all()
        asked = list(_supplements(connection, told.uid))
    inside = store.submission(told.uid)
    answers = {one.answered_uid: store.submission(one.answered_uid) for one in asked if one.answered_at is not None}
    with_papers = inside
    if told.event == Event.SUPPLEMENT_ANSWERED:
        answered = [one for one in asked if one.answered_at is not None and one.answered_at <= told.made_at]
        newest = max(answered, key=lambda one: one.answered_at, default=None)
        with_papers = None if newest is None else answers[newest.answered_uid]
    envelope = None if inside is None else inside.envelope
    case: dict[str, JsonValue] = {
        "event": {"seq": told.seq, "key": told.key, "code": told.event, "at": told.made_at},
        "uid": row.uid,
        "case_number": row.case_number,
        "provisional_number": row.provisional_number,
        "kiosk": row.terminal,
        "hall": row.hall,
        "matter": row.matter if envelope is None else envelope.matter,
        "created": None if inside is None else inside.outside.created,
        "received_at": row.received_at,
        "complete_at": row.complete_at,
        "stage": row.stage,
        "rating": row.rating,
        "erased_at": row.erased_at,
        "their_number": next((step.note for step in steps if step.code == HANDED_ON), None),
        "form": None if envelope is None else envelope.form,
        "steps": [{"at": step.at, "code": step.code} for step in steps],
        "supplements": [_supplement(one, answers.get(one.answered_uid)) for one in asked],
    }
    delivery = Delivery(
        key=told.key,
        event=told.event,
        case=case,
        papers=tuple(_papers(with_papers)),
        content=lambda name: _content(store, name),
    )
    if inside is None:
        return Erased(delivery=delivery)
    return delivery if envelope is not None else Sealed(delivery=delivery)


def _supplements(connection: Connection, uid: str) -> Iterator[Any]:
    yield from connection.execute(select(SUPPLEMENTS).where(SUPPLEMENTS.c.uid == uid).order_by(SUPPLEMENTS.c.asked_at))


def _supplement(asked: Any, answer: SubmissionRow | None) -> dict[str, JsonValue]:
    envelope = None if answer is None else answer.envelope
    return {
        "id": asked.id,
        "asked_at": asked.asked_at,
        "materials": asked.materials,
        "note": asked.note,
        "due_on": asked.due_on,
        "answered_at": asked.answered_at,
        "answered_uid": asked.answered_uid,
        "form": None if envelope is None else envelope.form,
    }


def _papers(row: SubmissionRow | None) -> Iterator[CasePaper]:
    if row is None or row.envelope is None:
        return
    for one in row.papers:
        if one.complete:
            yield CasePaper(
                id=one.id, material=one.material, media_type=one.media_type, bytes=one.bytes, sha256=one.sha256
            )


def _content(store: DistrictStore, name: str) -> bytes:
    paper = store.papers.paper(name)
    if paper is None:
        raise PaperLost(name)
    return b"".join(paper.content)
