"""What hall staff do at the terminal: open the view with their code, see what is held and why, and send it again."""

from __future__ import annotations

from dataclasses import replace

from kiosk.journey.effects import CheckStaffCode, LookAtQueue, ReleaseHeld
from kiosk.journey.events import Back, Draft, Event, Next, QueueTold, SendAgain, StaffChecked, SyncChanged
from kiosk.journey.frame import Step, wiped
from kiosk.journey.staffed import LOCKED_S, LONGEST_CODE, TRIES, StaffCode, StaffView
from kiosk.journey.states import Hall, Terminal


def open_view(terminal: Terminal, hall: Hall) -> Step:
    """Somebody held the hall's name for long; without a code in the configuration nothing happens."""
    return (replace(terminal, screen=StaffCode()) if hall.staff else terminal), ()


def at_code(terminal: Terminal, screen: StaffCode, event: Event) -> Step:
    """The code is typed and checked; five wrong ones lock the view for a quarter of an hour."""
    locked = terminal.now < terminal.staff_locked
    match event:
        case Draft(text) if not screen.checking and not locked:
            digits = "".join(each for each in text if each in "0123456789")[:LONGEST_CODE]
            return replace(terminal, screen=StaffCode(draft=digits)), ()
        case Next() if screen.draft and not screen.checking and not locked:
            return replace(terminal, screen=StaffCode(checking=True)), (CheckStaffCode(screen.draft),)
        case StaffChecked(right=True) if screen.checking:
            return replace(terminal, screen=StaffView(), staff_wrong=0), (LookAtQueue(),)
        case StaffChecked() if screen.checking:
            wrong = terminal.staff_wrong + 1
            shut = wrong >= TRIES
            return replace(
                terminal,
                screen=StaffCode(wrong=True),
                staff_wrong=0 if shut else wrong,
                staff_locked=terminal.now + LOCKED_S if shut else terminal.staff_locked,
            ), ()
        case Back():
            return wiped(terminal)
        case _:
            return terminal, ()


def at_view(terminal: Terminal, screen: StaffView, event: Event) -> Step:
    """What waits; each held submission can be sent again."""
    match event:
        case QueueTold(seen):
            return replace(terminal, screen=replace(screen, seen=seen)), ()
        case SendAgain(uid) if screen.seen is not None and any(uid == item.uid for item in screen.seen.held):
            return replace(terminal, screen=replace(screen, sent=screen.sent | {uid})), (ReleaseHeld(uid),)
        case SyncChanged():
            return terminal, (LookAtQueue(),)
        case Back() | Next():
            return wiped(terminal)
        case _:
            return terminal, ()
