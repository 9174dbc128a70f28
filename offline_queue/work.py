"""What a sender takes from the queue: one piece of work, with what it needs to send and to report back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWork:
    seq: int
    uid: str
    sha256: str
    attempts: int
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormsWork:
    """Several forms that go out in one request; each is decided by itself."""

    forms: tuple[FormWork, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperToSend:
    id: str
    bytes: int
    offset: int
    attempts: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersWork:
    """A received form whose papers are not all there. `papers` are those that are due now: empty when only the
    platform's word is missing."""

    seq: int
    uid: str
    sha256: str
    attempts: int
    key_id: str
    papers: tuple[PaperToSend, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWork:
    """A done submission whose case number is not known yet."""

    seq: int
    uid: str
    sha256: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingWork:
    seq: int
    uid: str
    level: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryWork:
    """What the terminal says of itself; `body` is JSON."""

    kind: str
    body: str
    attempts: int


Work = FormWork | FormsWork | PapersWork | NumberWork | RatingWork | TelemetryWork
SubmissionWork = FormWork | PapersWork | NumberWork
