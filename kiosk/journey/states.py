"""Where a resident can be, and what is known of them there. States carry data, never pictures.

One :class:`Terminal` holds the frame around every screen (language, devices, clock) and one of the closed union
:data:`Screen`. What belongs to the resident hangs on ``Terminal.session`` and nowhere else, so that dropping it is the
wipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from devices.camera.api import CameraState, Finding, Off, Scan
from devices.card.api import CardState, DocumentKey, NoCard
from devices.printer.api import Outcome, PrinterStatus
from kiosk.catalogue.model import Material, Matter, Option, Question, Refusal
from kiosk.domain.resident import Resident, Role
from kiosk.domain.words import Language, Text
from kiosk.journey.staffed import StaffCode, StaffView


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence may last, in seconds. Care mode multiplies each by ``care_factor``."""

    idle: float = 90.0
    warning: float = 30.0
    thanks: float = 8.0
    care_factor: float = 1.5


@dataclass(frozen=True, slots=True)
class Hall:
    """What does not change while the terminal runs, passed in by the composition root. ``staff``: there is a code that
    opens the staff view."""

    name: Text
    help_line: Text
    terminal: str
    matters: tuple[Matter, ...]
    villages: tuple[Option, ...]
    patience: Patience = field(default_factory=Patience)
    test: bool = False
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """The consent that was given: its version, and when."""

    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """All that is known of the resident in front of the terminal. Scans and signature stay in memory only.

    ``answers`` maps question id to value; ``written`` holds the ids whose answer the resident wrote by hand (the
    "not listed" choice). ``offers`` are what was read off papers, by kind, and not refused; ``numbers`` the identity
    numbers that were read on a scan. ``signature`` is a PNG picture of the finger's strokes, black on white.
    """

    number: int
    matter: Matter | None = None
    on_behalf: bool | None = None
    agreed: Agreed | None = None
    applicant: Resident | None = None
    proxy: Resident | None = None
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    written: frozenset[str] = frozenset()
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    numbers: Mapping[Scan, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    scans: Mapping[str, tuple[Scan, ...]] = field(default_factory=lambda: MappingProxyType({}))
    signature: bytes | None = None

    @property
    def served(self) -> Resident | None:
        """Who stands in front of the terminal."""
        return self.proxy if self.on_behalf else self.applicant


# --- screens, in the order of the way through ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    """Nobody is served."""


@dataclass(frozen=True, slots=True)
class WhoFor:
    """Me, or someone else?"""


@dataclass(frozen=True, slots=True)
class ChooseMatter:
    """Which matter?"""


@dataclass(frozen=True, slots=True)
class ShowGuide:
    """Can I, what do I need, how long, what does it cost."""


@dataclass(frozen=True, slots=True)
class AskConsent:
    """What will be read, photographed and sent."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Whose card is wanted (``role``); ``found`` waits for "yes, that's me", ``trouble`` is a code of
    ``domain.trouble``. ``insertion`` is the insertion already dealt with."""

    role: Role
    found: Resident | None = None
    trouble: str | None = None
    insertion: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The matter cannot be done for this applicant here."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. ``draft`` is what stands in the field; ``writing`` while the "not listed" field is open;
    ``wrong`` after a draft was refused. ``editing`` when it was opened from the review; ``unread`` after the camera
    read nothing that answers it."""

    question: Question
    draft: str = ""
    writing: bool = False
    wrong: bool = False
    editing: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class ShowPaper:
    """Something that carries the answer to ``ask`` is awaited under the camera, instead of typing. Its picture is read
    and dropped: ``scan`` while it is being read. ``seen``, ``findings`` and ``shooting`` as at :class:`ScanPapers`."""

    ask: Ask
    seen: bool = False
    findings: tuple[Finding, ...] = ()
    shooting: bool = False
    scan: Scan | None = None


@dataclass(frozen=True, slots=True)
class ScanPapers:
    """One material under the camera. ``seen`` is false until a frame was judged; ``findings`` empty and ``seen``:
    hold still. ``shooting`` between the shot and the finished page; ``adding`` while the camera looks for a page
    (false: the pages taken are shown). ``replacing`` is the page that is being taken anew."""

    material: Material
    seen: bool = False
    findings: tuple[Finding, ...] = ()
    shooting: bool = False
    adding: bool = True
    editing: bool = False
    replacing: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """Everything once more, each line open to change."""


@dataclass(frozen=True, slots=True)
class Sign:
    """With a finger. ``empty`` after an untouched pad was handed over."""

    empty: bool = False


@dataclass(frozen=True, slots=True)
class HandingIn:
    """Being stored. ``trouble`` (a code) when it could not be; everything stays and can be tried again."""

    trouble: str | None = None

    @property
    def can_go_back(self) -> bool:
        """After ``storage-failed`` it may be stored after all (the disk failed at its last word): what was handed in
        must not change under the same uid, so it is tried again or left."""
        return self.trouble is not None and self.trouble != "storage-failed"


class Delivery(StrEnum):
    """How far the submission got, in the wire's words plus nothing of our own."""

    READY = "ready"
    SENDING = "sending"
    RECEIVED = "received"
    DONE = "done"
    HELD = "held"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store answered once the submission was durable. ``slip_text`` is the slip's QR payload."""

    uid: str
    provisional_number: str
    slip_text: str
    created: datetime


class Printing(StrEnum):
    """Where the slip is."""

    RUNNING = "running"
    PRINTED = "printed"
    NOT_PRINTED = "not-printed"
    UNKNOWN = "unknown"

    @classmethod
    def ended(cls, outcome: Outcome) -> Printing:
        return cls(outcome.value)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Stored; the slip is on its way or out. ``delivery`` and ``case_number`` follow the sync. ``rating`` 1 to 5.
    ``printer`` is the printer's trouble (a code) when the slip did not come out."""

    stored: Stored
    printing: Printing = Printing.RUNNING
    printer: str | None = None
    delivery: Delivery = Delivery.READY
    case_number: str | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Thanks:
    """Goodbye; wipes by itself after a few seconds. ``until`` on the monotonic clock, seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class Found:
    """One earlier submission found again. ``slip_text`` is ``None`` when its reprint data has expired."""

    uid: str
    provisional_number: str
    matter: Text | None
    created: datetime
    delivery: Delivery
    case_number: str | None
    slip_text: str | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A genuine slip of another terminal of the district: the code of that terminal, its hall's name as the district
    wrote it, and the day."""

    number: str
    terminal: str
    hall: str
    day: date


@dataclass(frozen=True, slots=True)
class FindByCard:
    """Progress and lost slips: waiting for a card (``found is None``), else what was found. ``printing`` tells of a
    reprint of ``printing_uid``, ``printer`` the printer's trouble (a code)."""

    found: tuple[Found, ...] | None = None
    trouble: str | None = None
    insertion: int = 0
    printing_uid: str | None = None
    printing: Printing | None = None
    printer: str | None = None


@dataclass(frozen=True, slots=True)
class FindBySlip:
    """Progress by the code on a slip, held under the camera. ``code`` is the text read last; ``elsewhere`` is shown
    when another terminal's slip was found genuine."""

    found: tuple[Found, ...] | None = None
    elsewhere: Elsewhere | None = None
    trouble: str | None = None
    code: str = ""


class Sight(StrEnum):
    """What the camera makes of a travel document that is held under it."""

    NOTHING = "nothing"  # no zone in the picture
    SEEN = "seen"  # a zone, being read
    UNCLEAR = "unclear"  # a zone that could not be read, again and again
    BROKEN = "broken"  # reading itself does not work: only typing is left


@dataclass(frozen=True, slots=True)
class ShowDocument:
    """A travel document opens only to what is printed on it: it is awaited under the camera. ``asked_by`` wanted the
    card and goes on with it; ``trouble`` (a code) tells why once was not enough."""

    asked_by: Identify | FindByCard
    sight: Sight = Sight.NOTHING
    trouble: str | None = None


class KeyPart(StrEnum):
    """What is typed from a travel document: the first three in this order, or the last alone."""

    NUMBER = "number"
    BIRTH = "birth"
    EXPIRES = "expires"
    CAN = "can"


@dataclass(frozen=True, slots=True)
class TypeDocument:
    """The same, typed: ``part`` stands in the field as ``draft``, ``typed`` holds what was accepted. Dates are eight
    digits, ``yyyymmdd``. ``wrong`` after a draft was refused, ``trouble`` after the document refused all of it."""

    asked_by: Identify | FindByCard
    part: KeyPart = KeyPart.NUMBER
    draft: str = ""
    typed: Mapping[KeyPart, str] = field(default_factory=lambda: MappingProxyType({}))
    wrong: bool = False
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class LayDocument:
    """What opens the document is known; it is awaited on the reader, or being read (``trying``). ``typed`` is what the
    key was typed on (``None``: the camera read it), to return there when it does not open it."""

    asked_by: Identify | FindByCard
    key: DocumentKey
    typed: TypeDocument | None = None
    trying: bool = False
    trouble: str | None = None


Screen = (
    Welcome
    | WhoFor
    | ChooseMatter
    | ShowGuide
    | AskConsent
    | Identify
    | Refused
    | Ask
    | ShowPaper
    | ScanPapers
    | Review
    | Sign
    | HandingIn
    | HandedIn
    | Thanks
    | FindByCard
    | FindBySlip
    | ShowDocument
    | TypeDocument
    | LayDocument
    | StaffCode
    | StaffView
)


# --- what may lie over a screen -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IdleWarning:
    """Silence for too long: "more time?", until ``until`` on the monotonic clock."""

    until: float


@dataclass(frozen=True, slots=True)
class OtherCard:
    """Another card was laid on in the middle of a session: ask, never mix two people."""

    resident: Resident


@dataclass(frozen=True, slots=True)
class ConfirmFinish:
    """ "Finish" was touched while something would be lost."""


@dataclass(frozen=True, slots=True)
class StaffCalled:
    """Help is on its way; the screen stays as it is beneath."""


Overlay = IdleWarning | OtherCard | ConfirmFinish | StaffCalled


@dataclass(frozen=True, slots=True)
class Terminal:
    """The whole state. ``now`` and ``touched`` are seconds on the monotonic clock, ``today`` the local date; ``camera``
    is what the camera does now, whichever screen it was switched on for; ``held`` submissions wait for hall staff.
    ``staff_wrong`` counts wrong staff codes; none is taken before ``staff_locked``."""

    now: float
    today: date
    screen: Screen = field(default_factory=Welcome)
    overlay: Overlay | None = None
    session: Session | None = None
    sessions: int = 0
    language: Language = "zh"
    care: bool = False
    touched: float = 0.0
    card: CardState = field(default_factory=NoCard)
    printer: PrinterStatus | None = None
    held: int = 0
    camera: CameraState = field(default_factory=Off)
    staff_wrong: int = 0
    staff_locked: float = 0.0
