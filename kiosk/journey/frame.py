"""The frame around the way through: beginning a session, wiping it, on_finish, and what silence alone brings."""

from __future__ import annotations

from dataclasses import replace

from devices.card.api import CardFailed, CardRead, NoCard
from kiosk.domain.spoken import Line
from kiosk.journey.effects import (
    Effect,
    StopCamera,
    Warn,
    Wipe,
)
from kiosk.journey.staffed import SILENCE_S, StaffCode, StaffView
from kiosk.journey.states import (
    Ask,
    ConfirmFinish,
    FindByCard,
    FindBySlip,
    Hall,
    HandedIn,
    HandingIn,
    Identify,
    IdleWarning,
    LayDocument,
    Review,
    ScanPapers,
    Screen,
    Session,
    ShowDocument,
    ShowPaper,
    Sign,
    Terminal,
    Thanks,
    TypeDocument,
    Welcome,
    WhoFor,
)

Step = tuple[Terminal, tuple[Effect, ...]]
"""The next state, and what is to be done, in order."""


def begun(terminal: Terminal, screen: Screen | None = None) -> Terminal:
    """A new session, at ``screen`` or at the first question."""
    number = terminal.sessions + 1
    return replace(
        terminal,
        screen=screen or WhoFor(),
        overlay=None,
        session=Session(number=number),
        sessions=number,
        touched=terminal.now,
    )


def wiped(terminal: Terminal) -> Step:
    """Back to the welcome screen with nothing left of the resident, the card's read included."""
    effects: tuple[Effect, ...] = (*camera_off(terminal.screen),)
    if terminal.session is not None:
        effects = (*effects, Wipe(terminal.session.number))
    card = NoCard() if isinstance(terminal.card, CardRead | CardFailed) else terminal.card
    fresh = replace(
        terminal, screen=Welcome(), overlay=None, session=None, language="zh", care=False, card=card,
        touched=terminal.now,
    )  # fmt: skip
    return fresh, effects


def camera_off(screen: Screen) -> tuple[Effect, ...]:
    """What switches the camera off, if ``screen`` had it on."""
    match screen:
        case ScanPapers(adding=True) | FindBySlip(found=None, elsewhere=None) | ShowDocument() | ShowPaper(scan=None):
            return (StopCamera(),)
        case _:
            return ()


def on_finish(terminal: Terminal, hall: Hall) -> Step:
    """ "Finish" was touched: what could be lost is asked about, the rest ends."""
    match terminal.screen:
        case HandingIn(trouble=None):
            return terminal, ()  # a moment, then it is stored and the slip comes
        case HandedIn():
            factor = hall.patience.care_factor if terminal.care else 1.0
            until = terminal.now + hall.patience.thanks * factor
            return replace(terminal, screen=Thanks(until=until), overlay=None), ()
        case ShowDocument() | TypeDocument() | LayDocument() if isinstance(terminal.screen.asked_by, FindByCard):
            return wiped(terminal)
        case ShowDocument() | TypeDocument() | LayDocument() | Identify() | Ask() | ShowPaper() | ScanPapers():
            return replace(terminal, overlay=ConfirmFinish()), ()
        case Review() | Sign() | HandingIn():
            return replace(terminal, overlay=ConfirmFinish()), ()
        case _:
            return wiped(terminal)


def on_tick(terminal: Terminal, hall: Hall) -> Step:
    """What the clock alone brings: warning, wipe, goodbye."""
    patience = hall.patience
    factor = patience.care_factor if terminal.care else 1.0
    match terminal.overlay, terminal.screen:
        case IdleWarning(until), _:
            return wiped(terminal) if terminal.now >= until else (terminal, ())
        case _, Thanks(until):
            return wiped(terminal) if terminal.now >= until else (terminal, ())
        case _, HandingIn(trouble=None):
            return terminal, ()
        case _, StaffCode() | StaffView():
            return wiped(terminal) if terminal.now - terminal.touched >= SILENCE_S else (terminal, ())
        case _ if terminal.now - terminal.touched < patience.idle * factor:
            return terminal, ()
        case _, Welcome():
            return replace(terminal, language="zh", care=False, overlay=None, touched=terminal.now), ()
        case _:
            warned = replace(terminal, overlay=IdleWarning(until=terminal.now + patience.warning * factor))
            return warned, (Warn(Line.IDLE_WARNING, terminal.language, slow=terminal.care),)
