"""All that can happen to a resident.

``advance(terminal, event, hall)`` is a pure function: it returns the next :class:`Terminal` and what is to be done
about it. Nothing is looked up; time comes in with :class:`Tick`. Three rules hold everywhere and are property-tested:

* from every state there is a way out (:class:`Finish`, then :class:`FinishForSure`), and silence takes it, too;
* every way out wipes: the session is dropped and :class:`Wipe` is asked for;
* two people are never mixed: another person's card in a session asks first, and going on with it wipes.

An event that means nothing where the resident is (a late answer of a device, a double touch) changes nothing. Answers
that belong to an earlier session carry its number and are dropped.

Here is the order in which an event is looked at; what it means is told beside: ``frame`` (beginning, silence, wiping),
``cards``, ``stations`` (first choice to review), ``outcome`` (signature to rating, finding again) and ``staff``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from kiosk.journey.cards import at_reader, on_card
from kiosk.journey.documents import laying, showing, typing
from kiosk.journey.effects import (
    AlertStaff,
    Hush,
    Purpose,
    StartCamera,
)
from kiosk.journey.events import (
    Back,
    Begin,
    CallStaff,
    CameraChanged,
    CardChanged,
    CloseOverlay,
    CodeSeen,
    DocumentJudged,
    Event,
    FindMine,
    Finish,
    FinishForSure,
    HeldSeen,
    KeySeen,
    LookedUp,
    Next,
    OpenStaff,
    PageJudged,
    PageRead,
    PageShot,
    PickLanguage,
    PrinterSeen,
    QueueTold,
    SetCare,
    SlipEnded,
    SpeakerChanged,
    StaffChecked,
    StoreDone,
    StoreFailed,
    SwitchToOtherCard,
    SyncChanged,
    Tick,
    Touched,
)
from kiosk.journey.frame import Step, begun, on_finish, on_tick, wiped
from kiosk.journey.offers import page_read, showing_paper
from kiosk.journey.outcome import finding, handed_in, handing_in
from kiosk.journey.staff import at_code, at_view, open_view
from kiosk.journey.staffed import StaffCode, StaffView
from kiosk.journey.states import (
    Ask,
    AskConsent,
    ChooseMatter,
    ConfirmFinish,
    FindByCard,
    FindBySlip,
    Hall,
    HandedIn,
    HandingIn,
    Identify,
    IdleWarning,
    LayDocument,
    OtherCard,
    Refused,
    Review,
    ScanPapers,
    ShowDocument,
    ShowGuide,
    ShowPaper,
    Sign,
    StaffCalled,
    Terminal,
    Thanks,
    TypeDocument,
    Welcome,
    WhoFor,
)
from kiosk.journey.stations import asking, before_the_card, reviewing, scanning, who_it_is

_DEVICES = (
    Tick | CardChanged | CameraChanged | PageJudged | PageShot | PageRead | CodeSeen | DocumentJudged | KeySeen
    | StoreDone | StoreFailed | SlipEnded | PrinterSeen | HeldSeen | SyncChanged | SpeakerChanged | LookedUp
    | StaffChecked | QueueTold
)  # fmt: skip
"""Events no finger made: they are no sign of life."""


def advance(terminal: Terminal, event: Event, hall: Hall) -> Step:
    """What ``event`` makes of ``terminal``, and the effects to carry out, in order."""
    finger = not isinstance(event, _DEVICES)
    after, effects = _moved(replace(terminal, touched=terminal.now) if finger else terminal, event, hall)
    warned = isinstance(terminal.overlay, IdleWarning)
    if warned and (finger or not isinstance(after.overlay, IdleWarning)):
        effects = (Hush(), *effects)  # whoever answers is not talked to any longer, and nobody after the wipe
    return after, effects


def _moved(terminal: Terminal, event: Event, hall: Hall) -> Step:
    """What means the same on every screen."""
    match event:
        case Tick():
            return on_tick(replace(terminal, now=event.now, today=event.today), hall)
        case CardChanged():
            return on_card(replace(terminal, card=event.state))
        case CameraChanged(state):
            return _on_screen(replace(terminal, camera=state), event, hall)
        case PrinterSeen(status):
            return replace(terminal, printer=status), ()
        case HeldSeen(count):
            return replace(terminal, held=count), ()
        case Touched() | SpeakerChanged():
            return terminal, ()
        case PickLanguage(language):
            return replace(terminal, language=language), ()
        case SetCare(on):
            return replace(terminal, care=on), ()
        case CallStaff():
            return replace(terminal, overlay=StaffCalled()), (AlertStaff(),)
        case CloseOverlay():
            return replace(terminal, overlay=None), ()
        case Finish():
            return on_finish(terminal, hall)
        case FinishForSure() if isinstance(terminal.overlay, ConfirmFinish):
            return wiped(terminal)
        case SwitchToOtherCard() if isinstance(terminal.overlay, OtherCard):
            card = terminal.card
            gone, effects = wiped(terminal)
            return begun(replace(gone, card=card)), effects
        case _ if isinstance(terminal.overlay, IdleWarning | OtherCard | ConfirmFinish) and not isinstance(
            event, _DEVICES
        ):
            return terminal, ()  # what lies over the screen asks first; a touch from before it came means nothing
        case _:
            return _on_screen(terminal, event, hall)


def _on_screen(terminal: Terminal, event: Event, hall: Hall) -> Step:
    """Events that mean something on one screen only."""
    session, screen = terminal.session, terminal.screen
    if isinstance(screen, Welcome):
        match event:
            case Begin():
                return begun(terminal), ()
            case OpenStaff():
                return open_view(terminal, hall)
            case FindMine(by_slip=False):
                opened = begun(terminal, FindByCard())
                return at_reader(opened, FindByCard())
            case FindMine():
                opened = begun(terminal, FindBySlip())
                return opened, (StartCamera(opened.sessions, Purpose.CODE),)
            case _:
                return terminal, ()
    if isinstance(screen, StaffCode):
        return at_code(terminal, screen, event)
    if isinstance(screen, StaffView):
        return at_view(terminal, screen, event)
    if session is None or getattr(event, "session", session.number) != session.number:
        return terminal, ()
    if isinstance(event, PageRead):
        return page_read(terminal, session, event)
    match screen:
        case WhoFor() | ChooseMatter() | ShowGuide() | AskConsent():
            return before_the_card(terminal, session, event, hall)
        case Identify():
            return who_it_is(terminal, session, screen, event)
        case ShowDocument():
            return showing(terminal, screen, event)
        case TypeDocument():
            return typing(terminal, session, screen, event)
        case LayDocument():
            return laying(terminal, session, screen, event)
        case Refused():
            return wiped(terminal) if isinstance(event, Next | Back) else (terminal, ())
        case Ask():
            return asking(terminal, session, screen, event, hall)
        case ShowPaper():
            return showing_paper(terminal, session, screen, event)
        case ScanPapers():
            return scanning(terminal, session, screen, event)
        case Review():
            return reviewing(terminal, session, event)
        case Sign() | HandingIn():
            return handing_in(terminal, session, event)
        case HandedIn():
            return handed_in(terminal, session, screen, event)
        case FindByCard() | FindBySlip():
            return finding(terminal, session, screen, event)
        case Thanks():
            return terminal, ()
        case _:
            assert_never(screen)
