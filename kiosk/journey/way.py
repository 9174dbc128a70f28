"""Which question, paper or refusal comes next for this resident: the catalogue's conditions applied to a session."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

from devices.card.api import CardRead
from kiosk.catalogue.conditions import Value, holds
from kiosk.catalogue.model import ChoiceQuestion, DigitsQuestion, Material, Matter, Option, Question, Refusal
from kiosk.domain.resident import Resident, Sex
from kiosk.journey.states import Hall, Session

LONGEST_WRITTEN = 40
"""Characters of an answer written by hand."""


def resident_of(card: CardRead) -> Resident | None:
    """The person on a card, or ``None`` when the card does not carry a whole identity. A travel document without an
    identity number is told by its own number."""
    fields = card.fields
    try:
        return Resident(
            name=fields["name"],
            id_number=fields.get("id_number") or fields["document_number"],
            sex=Sex(fields["sex"]),
            birth_date=date.fromisoformat(fields["birth_date"]),
            profile=card.profile,
            assurance=card.assurance.value,
        )
    except (KeyError, ValueError):
        return None


def _matter(session: Session) -> Matter:
    if session.matter is None:
        raise ValueError("no matter was chosen yet")
    return session.matter


def facts(session: Session, today: date) -> dict[str, Value]:
    """What conditions may ask about; see ``catalogue/conditions.py``."""
    if session.applicant is None:
        raise ValueError("the applicant is not identified yet")
    return {
        "applicant": {"age": session.applicant.age_on(today), "sex": session.applicant.sex.value},
        "on_behalf": bool(session.on_behalf),
        "answers": dict(session.answers),
    }


def questions(session: Session, today: date) -> tuple[Question, ...]:
    """The questions this resident is asked, in order."""
    known = facts(session, today)
    return tuple(question for question in _matter(session).questions if holds(question.when, known))


def materials(session: Session, today: date) -> tuple[Material, ...]:
    """The papers this resident lays down, in order."""
    known = facts(session, today)
    return tuple(material for material in _matter(session).materials if holds(material.when, known))


def refusal(session: Session, today: date) -> Refusal | None:
    """The first reason why the matter cannot be done for this applicant, if any."""
    known = facts(session, today)
    return next((refusal for refusal in _matter(session).refusals if holds(refusal.when, known)), None)


def options(question: ChoiceQuestion, hall: Hall) -> tuple[Option, ...]:
    """The choices of a question, lists of the hall filled in."""
    return hall.villages if question.options == "villages" else question.options


def tidy(question: Question, draft: str) -> str:
    """A draft as the field may hold it: bounded, digits only where digits are asked, no control characters."""
    if isinstance(question, DigitsQuestion):
        return "".join(character for character in draft if character in "0123456789")[: question.longest]
    return "".join(character for character in draft if character.isprintable())[:LONGEST_WRITTEN]


def acceptable(question: Question, draft: str, *, written: bool, hall: Hall) -> bool:
    """Whether ``draft`` answers ``question``; ``written`` for the "not listed" field of a choice."""
    if isinstance(question, DigitsQuestion):
        return question.accepts(draft)
    if written:
        return question.other is not None and draft.strip() != ""
    return any(option.value == draft for option in options(question, hall))


def answered(session: Session, question: Question, value: str, *, written: bool, today: date) -> Session:
    """``session`` with one answer; answers whose question no longer applies are dropped."""
    answers = {**session.answers, question.id: value.strip()}
    marked = session.written | {question.id} if written else session.written - {question.id}
    changed = replace(session, answers=MappingProxyType(answers), written=marked)
    asked = {each.id for each in questions(changed, today)}
    kept = {key: answer for key, answer in answers.items() if key in asked}
    return replace(changed, answers=MappingProxyType(kept), written=marked & asked)
