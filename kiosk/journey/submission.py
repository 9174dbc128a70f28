"""What a finished session hands in: the form as plain JsonValue values, and its papers as files."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from kiosk.domain.resident import Resident
from kiosk.domain.words import Language
from kiosk.journey.states import Session


def _person(resident: Resident | None) -> JsonValue:
    if resident is None:
        return None
    return {
        "name": resident.name,
        "id_number": resident.id_number,
        "sex": resident.sex.value,
        "birth_date": resident.birth_date.isoformat(),
        "identified_by": resident.profile,
        "assurance": resident.assurance,
    }


def form_of(session: Session, language: Language, signed_at: datetime) -> dict[str, JsonValue]:
    """The form of a session that has come to its end. Raises :class:`ValueError` for one that has not: nothing
    half-finished is ever frozen."""
    if session.matter is None or session.agreed is None or session.applicant is None or session.signature is None:
        raise ValueError("the session is not finished")
    return {
        "matter": session.matter.id,
        "language": language,
        "on_behalf": bool(session.on_behalf),
        "consent": {"version": session.agreed.version, "at": session.agreed.at.isoformat()},
        "signed_at": signed_at.isoformat(),
        "applicant": _person(session.applicant),
        "proxy": _person(session.proxy),
        "answers": {**session.answers},
        "written": [*sorted(session.written)],
        "pages": {**{material: len(scans) for material, scans in session.scans.items()}},
    }
