"""All that can happen: a finger, a device, the clock, the store. Frozen values, posted to one mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from devices.camera.api import CameraState, Finding, Scan
from devices.camera.reading.api import Read
from devices.card.api import CardState, DocumentKey
from devices.printer.api import Outcome, PrinterStatus, PrinterTrouble
from devices.speech.api import SpeechTrouble
from kiosk.domain.words import Language
from kiosk.journey.staffed import QueueSeen
from kiosk.journey.states import Delivery, Elsewhere, Found, Sight, Stored

# --- the resident ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Touched:
    """A finger anywhere, even where it does nothing."""


@dataclass(frozen=True, slots=True)
class Begin:
    """From the welcome screen to a matter."""


@dataclass(frozen=True, slots=True)
class FindMine:
    """From the welcome screen to progress; by card, or by the code on a slip."""

    by_slip: bool


@dataclass(frozen=True, slots=True)
class PickLanguage:
    language: Language


@dataclass(frozen=True, slots=True)
class SetCare:
    on: bool


@dataclass(frozen=True, slots=True)
class CallStaff:
    pass


@dataclass(frozen=True, slots=True)
class CloseOverlay:
    """ "More time", "back to my matter", "keep going": whatever the overlay asked, the resident stays."""


@dataclass(frozen=True, slots=True)
class Finish:
    """End now. Asked once more if something would be lost."""


@dataclass(frozen=True, slots=True)
class FinishForSure:
    pass


@dataclass(frozen=True, slots=True)
class SwitchToOtherCard:
    """The one with the new card goes on: the session before is wiped, a new one begins."""


@dataclass(frozen=True, slots=True)
class Back:
    pass


@dataclass(frozen=True, slots=True)
class PickWho:
    on_behalf: bool


@dataclass(frozen=True, slots=True)
class PickMatter:
    matter_id: str


@dataclass(frozen=True, slots=True)
class Next:
    """On from the guide, a question, the papers or the review."""


@dataclass(frozen=True, slots=True)
class Agree:
    """Consent given at ``at`` (with time zone)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ThatIsRight:
    """The person found on the card is the right one."""


@dataclass(frozen=True, slots=True)
class AnotherCard:
    """The person found on the card is not the right one."""


@dataclass(frozen=True, slots=True)
class UseCamera:
    """The camera shall read it, instead of the resident typing."""


@dataclass(frozen=True, slots=True)
class TypeInstead:
    """The resident types it, instead of the camera reading."""


@dataclass(frozen=True, slots=True)
class TypeCan:
    """The document has a six-digit access number to be typed; ``on`` false: number and dates after all."""

    on: bool


@dataclass(frozen=True, slots=True)
class TakeOffer:
    """What the camera read is right: it goes into the field, as if it had been typed."""

    text: str


@dataclass(frozen=True, slots=True)
class RefuseOffer:
    """What the camera read is wrong, or not wanted."""

    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What now stands in the question's field, or the choice touched."""

    value: str


@dataclass(frozen=True, slots=True)
class WriteOwn:
    """ "Not listed, write it"; ``on`` false: back to the list."""

    on: bool


@dataclass(frozen=True, slots=True)
class ShootNow:
    """Take the picture by hand."""


@dataclass(frozen=True, slots=True)
class AddPage:
    """One more page of the same material."""


@dataclass(frozen=True, slots=True)
class RemovePage:
    """Away with it; of a card with both its sides."""

    index: int


@dataclass(frozen=True, slots=True)
class RetakePage:
    """This page once more; the one there stays until the new one is taken."""

    index: int


@dataclass(frozen=True, slots=True)
class TurnPage:
    """A quarter turn clockwise."""

    index: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Change one line of the review: a question's or a material's id."""

    part: str


@dataclass(frozen=True, slots=True)
class Signed:
    """Strokes as PNG, or ``None`` when the pad was left empty. It hands the submission in."""

    png: bytes | None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Hand in once more after the store failed."""


@dataclass(frozen=True, slots=True)
class Rate:
    """5 very satisfied … 1 very dissatisfied."""

    level: int


@dataclass(frozen=True, slots=True)
class AnotherMatter:
    """Same resident, next matter: a new session with nothing carried over but the language and care mode."""


@dataclass(frozen=True, slots=True)
class PrintAgain:
    """Print a slip (again) at the resident's wish; it is marked as a reprint."""

    uid: str


# --- devices, store, clock ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tick:
    """``now`` on the monotonic clock, seconds; ``today`` the local date."""

    now: float
    today: date


@dataclass(frozen=True, slots=True)
class CardChanged:
    state: CardState


@dataclass(frozen=True, slots=True)
class CameraChanged:
    state: CameraState


@dataclass(frozen=True, slots=True)
class PageJudged:
    """One live frame was judged."""

    session: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PageShot:
    """A page was shot and straightened; ``shooting`` has begun when ``scan`` is ``None``."""

    session: int
    scan: Scan | None


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """The camera read a code; ``text`` is untrusted."""

    session: int
    text: str


@dataclass(frozen=True, slots=True)
class PageRead:
    """What was found on ``scan``, as suggestions."""

    session: int
    scan: Scan
    read: Read


@dataclass(frozen=True, slots=True)
class DocumentJudged:
    """What the camera makes of the document under it has changed."""

    session: int
    sight: Sight


@dataclass(frozen=True, slots=True)
class KeySeen:
    """The camera read what opens the document, twice alike and with right check digits."""

    session: int
    key: DocumentKey


@dataclass(frozen=True, slots=True)
class StoreDone:
    session: int
    stored: Stored


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """``trouble`` is ``storage-full``, ``storage-failed``, ``keys-missing``, ``too-large`` or ``paper-too-large``."""

    session: int
    trouble: str


@dataclass(frozen=True, slots=True)
class SlipEnded:
    """``trouble`` is what the printer said of itself, for those who mend it."""

    session: int
    uid: str
    outcome: Outcome
    trouble: PrinterTrouble | None = None


@dataclass(frozen=True, slots=True)
class PrinterSeen:
    """How the printer is, at first and at every change."""

    status: PrinterStatus


@dataclass(frozen=True, slots=True)
class HeldSeen:
    """How many submissions wait for hall staff, at first and at every change."""

    count: int


@dataclass(frozen=True, slots=True)
class SyncChanged:
    """The queue moved a submission on."""

    uid: str
    delivery: Delivery
    case_number: str | None


@dataclass(frozen=True, slots=True)
class SpeakerChanged:
    """Nothing can be said any more because of ``trouble``; or it can again."""

    trouble: SpeechTrouble | None


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a card's or slip's owner has on this terminal. ``trouble`` is ``nothing-found``, ``lookup-failed`` or what
    is wrong with the slip's code; ``insertion`` the card's that was asked for (0: a slip's code). ``elsewhere`` is
    another terminal's slip, found genuine."""

    session: int
    found: tuple[Found, ...]
    trouble: str | None = None
    insertion: int = 0
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class OpenStaff:
    """The hall's name was held for long."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Staff release a held submission."""

    uid: str


@dataclass(frozen=True, slots=True)
class StaffChecked:
    """Whether the code was right."""

    right: bool


@dataclass(frozen=True, slots=True)
class QueueTold:
    """What is in the queue."""

    seen: QueueSeen


Event = (
    Touched
    | Begin
    | FindMine
    | PickLanguage
    | SetCare
    | CallStaff
    | CloseOverlay
    | Finish
    | FinishForSure
    | SwitchToOtherCard
    | Back
    | PickWho
    | PickMatter
    | Next
    | Agree
    | ThatIsRight
    | AnotherCard
    | UseCamera
    | TypeInstead
    | TypeCan
    | TakeOffer
    | RefuseOffer
    | Draft
    | WriteOwn
    | ShootNow
    | AddPage
    | RemovePage
    | RetakePage
    | TurnPage
    | Edit
    | Signed
    | TryAgain
    | Rate
    | AnotherMatter
    | PrintAgain
    | Tick
    | CardChanged
    | CameraChanged
    | PageJudged
    | PageShot
    | CodeSeen
    | PageRead
    | DocumentJudged
    | KeySeen
    | StoreDone
    | StoreFailed
    | SlipEnded
    | PrinterSeen
    | HeldSeen
    | SyncChanged
    | SpeakerChanged
    | LookedUp
    | OpenStaff
    | SendAgain
    | StaffChecked
    | QueueTold
)
