"""Carries the journey: takes events from the mailbox, asks the machine, has the effects carried out.

The runner belongs to one thread (the Qt thread of the app). Every other thread only calls :meth:`Runner.post`. Nothing
here blocks: what takes time is handed to the desk (camera) or the clerk (queue, slips), each with a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, assert_never

from devices.camera.api import Scan
from devices.camera.reading.api import Kind
from devices.card.api import CardFailed, DocumentKey
from kiosk.audit.log import AuditLog
from kiosk.domain.spoken import Line
from kiosk.domain.words import Language
from kiosk.journey.effects import (
    AlertStaff,
    CheckStaffCode,
    Effect,
    Hush,
    LookAtQueue,
    LookUpCard,
    LookUpCode,
    PrintSlip,
    Purpose,
    ReadPage,
    ReleaseHeld,
    SendRating,
    Shoot,
    StartCamera,
    StopCamera,
    Store,
    TryKey,
    Warn,
    Wipe,
)
from kiosk.journey.events import (
    CardChanged,
    Event,
    LookedUp,
    PrinterSeen,
    SlipEnded,
    SpeakerChanged,
    StaffChecked,
    StoreDone,
    StoreFailed,
    SyncChanged,
)
from kiosk.journey.machine import advance
from kiosk.journey.states import Hall, Session, Terminal

if TYPE_CHECKING:
    from kiosk.journey.desk import LivePicture


class Desk(Protocol):
    """The camera's desk: looks at what lies there while a screen needs it."""

    def start(self, session: int, purpose: Purpose, short_side_mm: float, taken: tuple[bytes, ...] = ()) -> None: ...

    def stop(self) -> None: ...

    def shoot(self) -> None: ...


class Reading(Protocol):
    """Has pages read. Answers come as events."""

    def read(self, session: int, scan: Scan, kinds: frozenset[Kind]) -> None: ...

    def forget(self) -> None: ...


class Clerk(Protocol):
    """Files submissions, finds them again, prints their slips. Answers come as events."""

    def store(self, session: Session, language: Language) -> None: ...

    def print_slip(self, session: int, uid: str, *, reprint: bool) -> None: ...

    def look_up_card(self, session: int, insertion: int, id_number: str) -> None: ...

    def look_up_code(self, session: int, text: str) -> None: ...

    def rate(self, uid: str, level: int) -> None: ...

    def wipe(self, session: int) -> None: ...


class StaffDesk(Protocol):
    """What hall staff look at and do. Answers come as events."""

    def check(self, code: str) -> None: ...

    def look(self) -> None: ...

    def release(self, uid: str) -> None: ...


class Voice(Protocol):
    """Says aloud what a resident should hear."""

    def warn(self, line: Line, language: Language, *, slow: bool) -> None: ...

    def hush(self) -> None: ...

    def wipe(self) -> None: ...


def _nothing(*_: object) -> None:
    return


class Runner:
    """``wake`` is called on the posting thread when the mailbox was empty; it must make :meth:`pump` run on the
    runner's thread. ``on_state`` is called there after every change; ``on_live`` on the desk's thread, for every
    picture of the camera (``None``: nothing to show any more). ``try_key`` is the card reader's."""

    def __init__(
        self,
        *,
        hall: Hall,
        start: Terminal,
        desk: Desk,
        reading: Reading,
        try_key: Callable[[DocumentKey], None],
        clerk: Clerk,
        staff: StaffDesk,
        voice: Voice,
        audit: AuditLog,
    ) -> None:
        self.hall = hall
        self.state = start
        self.wake: Callable[[], None] = _nothing
        self.on_state: Callable[[Terminal], None] = _nothing
        self.on_live: Callable[[LivePicture | None], None] = _nothing
        self._desk = desk
        self._reading = reading
        self._try_key = try_key
        self._clerk = clerk
        self._staff = staff
        self._voice = voice
        self._audit = audit
        self._mailbox: deque[Event] = deque()

    def post(self, event: Event) -> None:
        """Put ``event`` into the mailbox; any thread."""
        self._mailbox.append(event)
        self.wake()

    def pump(self) -> None:
        """Take everything from the mailbox; runner's thread only."""
        while self._mailbox:
            event = self._mailbox.popleft()
            before = self.state
            self.state, effects = advance(before, event, self.hall)
            self._note(event, before)
            for effect in effects:
                self._carry_out(effect)
            if self.state is not before:
                self.on_state(self.state)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case StartCamera(session, purpose, short_side_mm, taken):
                self._desk.start(session, purpose, short_side_mm, taken)
            case StopCamera():
                self._desk.stop()
            case Shoot():
                self._desk.shoot()
            case ReadPage(session, scan, kinds):
                self._reading.read(session, scan, kinds)
            case TryKey(key):
                self._try_key(key)
            case Store(session, language):
                self._clerk.store(session, language)
            case PrintSlip(session, uid, reprint):
                self._clerk.print_slip(session, uid, reprint=reprint)
            case LookUpCard(session, insertion, id_number):
                self._clerk.look_up_card(session, insertion, id_number)
            case LookUpCode(session, text):
                self._clerk.look_up_code(session, text)
            case SendRating(uid, level):
                self._clerk.rate(uid, level)
            case AlertStaff():
                self._audit.note("staff-called", session=self.state.sessions, screen=type(self.state.screen).__name__)
            case CheckStaffCode(code):
                self._staff.check(code)
            case LookAtQueue():
                self._staff.look()
            case ReleaseHeld(uid):
                self._audit.note("submission-released", uid=uid)
                self._staff.release(uid)
            case Warn(line, language, slow):
                self._voice.warn(line, language, slow=slow)
            case Hush():
                self._voice.hush()
            case Wipe(session):
                self._voice.wipe()
                self._clerk.wipe(session)
                self._reading.forget()
                self._audit.note("session-wiped", session=session)
            case _:
                assert_never(effect)

    def _note(self, event: Event, before: Terminal) -> None:
        """Log what those who answer for the terminal need to know; never who it was."""
        if self.state.sessions > before.sessions:
            self._audit.note("session-begun", session=self.state.sessions)
        match event:
            case CardChanged(CardFailed(trouble=trouble)):
                self._audit.note("card-trouble", trouble=trouble.value)
            case StoreDone(session, stored):
                matter = before.session.matter.id if before.session and before.session.matter else ""
                self._audit.note("submission-stored", session=session, uid=stored.uid, matter=matter)
            case StoreFailed(session, trouble):
                self._audit.note("submission-not-stored", session=session, trouble=trouble)
            case SlipEnded(_, uid, outcome, trouble):
                said = trouble.value if trouble is not None else ""
                self._audit.note("slip-ended", uid=uid, outcome=outcome.value, trouble=said)
            case PrinterSeen(status):
                said = status.trouble.value if status.trouble is not None else ""
                self._audit.note("printer-seen", trouble=said, paper_low=int(status.paper_low))
            case SyncChanged(uid, delivery, _):
                self._audit.note("delivery-changed", uid=uid, delivery=delivery.value)
            case SpeakerChanged(trouble):
                self._audit.note("speaker-changed", trouble=trouble.value if trouble is not None else "")
            case StaffChecked(right):
                self._audit.note("staff-code", right=int(right))
            case LookedUp(session, found):
                self._audit.note("looked-up", session=session, count=len(found))
            case _:
                pass
