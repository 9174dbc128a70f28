"""All that the journey can ask for. The runner carries each out and posts what came of it as an event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devices.camera.api import Scan
from devices.camera.reading.api import Kind
from devices.card.api import DocumentKey
from kiosk.domain.spoken import Line
from kiosk.domain.words import Language
from kiosk.journey.states import Session


class Purpose(StrEnum):
    """What the camera is wanted for; it captures only while a screen needs it."""

    PAPER = "paper"
    CODE = "code"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class StartCamera:
    """``short_side_mm`` is the shorter side of the paper that is awaited, ``taken`` the likenesses of those that are
    not awaited any more."""

    session: int
    purpose: Purpose
    short_side_mm: float = 210
    taken: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class StopCamera:
    pass


@dataclass(frozen=True, slots=True)
class Shoot:
    """Take the page now, whatever was found."""

    session: int


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Look for ``kinds`` on a page just scanned; suggestions come back, or a word that it could not be read."""

    session: int
    scan: Scan
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class TryKey:
    """Read the travel document on the reader once more, with what opens it."""

    key: DocumentKey


@dataclass(frozen=True, slots=True)
class Store:
    """Freeze the session as a submission and put it into the queue; the slip waits for the answer."""

    session: Session
    language: Language


@dataclass(frozen=True, slots=True)
class PrintSlip:
    session: int
    uid: str
    reprint: bool


@dataclass(frozen=True, slots=True)
class LookUpCard:
    """``insertion`` comes back with the answer: it belongs to that card only."""

    session: int
    insertion: int
    id_number: str


@dataclass(frozen=True, slots=True)
class LookUpCode:
    session: int
    text: str


@dataclass(frozen=True, slots=True)
class SendRating:
    uid: str
    level: int


@dataclass(frozen=True, slots=True)
class AlertStaff:
    """The resident asks for help."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Say ``line`` aloud, at once; ``slow`` in care mode."""

    line: Line
    language: Language
    slow: bool


@dataclass(frozen=True, slots=True)
class Hush:
    """Whoever was spoken to has heard enough."""


@dataclass(frozen=True, slots=True)
class Wipe:
    """The session is over: drop every copy of what belonged to it."""

    session: int


@dataclass(frozen=True, slots=True)
class CheckStaffCode:
    code: str


@dataclass(frozen=True, slots=True)
class LookAtQueue:
    """For staff: what waits, and what is held."""


@dataclass(frozen=True, slots=True)
class ReleaseHeld:
    uid: str


Effect = (
    StartCamera
    | StopCamera
    | Shoot
    | ReadPage
    | TryKey
    | Store
    | PrintSlip
    | LookUpCard
    | LookUpCode
    | SendRating
    | AlertStaff
    | Warn
    | Hush
    | Wipe
    | CheckStaffCode
    | LookAtQueue
    | ReleaseHeld
)
