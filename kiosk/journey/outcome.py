"""The end of the way: signing, handing in, the slip and the rating; and finding earlier submissions again."""

from __future__ import annotations

from dataclasses import replace

from kiosk.journey.effects import (
    LookUpCode,
    PrintSlip,
    SendRating,
    StopCamera,
    Store,
)
from kiosk.journey.events import (
    AnotherMatter,
    Back,
    CodeSeen,
    Event,
    LookedUp,
    PrintAgain,
    Rate,
    Signed,
    SlipEnded,
    StoreDone,
    StoreFailed,
    SyncChanged,
    TryAgain,
)
from kiosk.journey.frame import Step, begun, wiped
from kiosk.journey.scanned import classify, trouble_of
from kiosk.journey.states import (
    Elsewhere,
    FindByCard,
    FindBySlip,
    HandedIn,
    HandingIn,
    Printing,
    Session,
    Sign,
    Terminal,
)
from kiosk.journey.stations import to_review


def handing_in(terminal: Terminal, session: Session, event: Event) -> Step:
    """Signature and store; the slip is asked for only after the store's word."""
    match terminal.screen, event:
        case Sign(), Signed(png=None):
            return replace(terminal, screen=Sign(empty=True)), ()
        case Sign(), Signed(png):
            signed = replace(session, signature=png)
            storing = replace(terminal, session=signed, screen=HandingIn(), overlay=None)
            return storing, (Store(signed, terminal.language),)
        case HandingIn(can_go_back=False), Back():
            return terminal, ()
        case ((Sign() | HandingIn()), Back()):
            return to_review(replace(terminal, session=replace(session, signature=None)))
        case HandingIn(trouble=str()), TryAgain():
            return replace(terminal, screen=HandingIn()), (Store(session, terminal.language),)
        case HandingIn(trouble=None), StoreFailed(trouble=trouble):
            return replace(terminal, screen=HandingIn(trouble=trouble)), ()
        case HandingIn(trouble=None), StoreDone(stored=stored):
            # It is stored and sealed: what the screens no longer need is let go at once.
            bare = Session(number=session.number)
            light = replace(
                session,
                scans=bare.scans,
                signature=None,
                answers=bare.answers,
                offers=bare.offers,
                numbers=bare.numbers,
            )
            shown = replace(terminal, session=light, screen=HandedIn(stored=stored), touched=terminal.now)
            return shown, (PrintSlip(session.number, stored.uid, reprint=False),)
        case _:
            return terminal, ()


def handed_in(terminal: Terminal, session: Session, screen: HandedIn, event: Event) -> Step:
    """Slip, delivery, rating, and what comes next."""
    match event:
        case SlipEnded(uid=uid) if uid == screen.stored.uid:
            return replace(terminal, screen=_slip_ended(screen, event)), ()
        case SyncChanged(uid, delivery, case_number) if uid == screen.stored.uid:
            return replace(terminal, screen=replace(screen, delivery=delivery, case_number=case_number)), ()
        case Rate(level) if screen.rating is None and 1 <= level <= 5:
            return replace(terminal, screen=replace(screen, rating=level)), (SendRating(screen.stored.uid, level),)
        case PrintAgain(uid) if uid == screen.stored.uid and screen.printing in (
            Printing.NOT_PRINTED,
            Printing.UNKNOWN,
        ):
            again = replace(terminal, screen=replace(screen, printing=Printing.RUNNING))
            return again, (PrintSlip(session.number, uid, reprint=True),)
        case AnotherMatter():
            gone, effects = wiped(terminal)
            kept = replace(gone, language=terminal.language, care=terminal.care)
            return begun(kept), effects
        case _:
            return terminal, ()


def _slip_ended(screen: HandedIn | FindByCard, ended: SlipEnded) -> HandedIn | FindByCard:
    trouble = ended.trouble.value if ended.trouble else None
    return replace(screen, printing=Printing.ended(ended.outcome), printer=trouble)


def finding(terminal: Terminal, session: Session, screen: FindByCard | FindBySlip, event: Event) -> Step:
    """Earlier submissions, by card or by slip."""
    match screen, event:
        case _, Back():
            return wiped(terminal)
        case FindByCard(insertion=shown), LookedUp(insertion=asked) if asked != shown:
            return terminal, ()  # the card it was asked for is gone, and another one's owner may stand here
        case FindByCard(found=None), LookedUp(trouble="lookup-failed"):
            return replace(terminal, screen=replace(screen, trouble="lookup-failed")), ()
        case FindByCard(found=None), LookedUp(found=found):
            return replace(terminal, screen=replace(screen, found=found)), ()
        case FindByCard(found=tuple(found)), PrintAgain(uid) if screen.printing is not Printing.RUNNING:
            if not any(each.uid == uid and each.slip_text is not None for each in found):
                return terminal, ()
            printing = replace(screen, printing_uid=uid, printing=Printing.RUNNING)
            return replace(terminal, screen=printing), (PrintSlip(session.number, uid, reprint=True),)
        case FindByCard(), SlipEnded(uid=uid) as ended if uid == screen.printing_uid:
            return replace(terminal, screen=_slip_ended(screen, ended)), ()
        case FindBySlip(found=None, elsewhere=None), CodeSeen(text=text):
            # A code left lying is no sign of life: only a new one is.
            touched = terminal.touched if text == screen.code else terminal.now
            trouble = trouble_of(classify(text))
            # A slip's own trouble comes with the answer; until then the one before it stays on the screen.
            shown = replace(screen, code=text, trouble=trouble or screen.trouble)
            seen = replace(terminal, screen=shown, touched=touched)
            return seen, ((LookUpCode(session.number, text),) if trouble is None else ())
        case FindBySlip(found=None, elsewhere=None), LookedUp(elsewhere=Elsewhere() as elsewhere):
            shown = replace(screen, elsewhere=elsewhere, trouble=None, code="")
            return replace(terminal, screen=shown), (StopCamera(),)
        case FindBySlip(found=None, elsewhere=None), LookedUp(found=found, trouble=trouble):
            if not found:
                return replace(terminal, screen=replace(screen, trouble=trouble)), ()
            return replace(terminal, screen=replace(screen, found=found, trouble=None, code="")), (StopCamera(),)
        case _:
            return terminal, ()
