"""What a card changes, wherever the resident is: it begins, identifies, finds again, or belongs to somebody else."""

from __future__ import annotations

from dataclasses import replace

from devices.card.api import CardFailed, CardRead, CardTrouble, NoCard, NoReader, NoService, Reading
from kiosk.domain.resident import Role
from kiosk.journey import documents, way
from kiosk.journey.effects import (
    LookUpCard,
)
from kiosk.journey.frame import Step, begun, camera_off, wiped
from kiosk.journey.staffed import StaffCode, StaffView
from kiosk.journey.states import (
    FindByCard,
    HandingIn,
    Identify,
    LayDocument,
    OtherCard,
    ShowDocument,
    Terminal,
    Thanks,
    TypeDocument,
    Welcome,
)


def on_card(terminal: Terminal) -> Step:
    """A card came, went or failed."""
    card = terminal.card
    if isinstance(card, CardRead | CardFailed):
        terminal = replace(terminal, touched=terminal.now)  # a hand was there
    match terminal.screen:
        case Welcome() if isinstance(card, CardRead | CardFailed):
            return begun(terminal), ()
        case Thanks() | StaffCode() | StaffView() if isinstance(card, CardRead | CardFailed):
            gone, effects = wiped(terminal)
            return begun(replace(gone, card=card)), effects
        case Identify() | FindByCard() as screen:
            return at_reader(terminal, screen)
        case (ShowDocument() | TypeDocument() | LayDocument()) as screen if terminal.session is not None:
            return documents.on_reader(terminal, terminal.session, screen) or _asked_for(terminal, screen)
        case _:
            return stranger(terminal), ()


def at_reader(terminal: Terminal, screen: Identify | FindByCard) -> Step:
    """What lies on the reader, where a card is wanted; a document that wants a key goes to the camera."""
    match terminal.card, terminal.session:
        case CardFailed(insertion, CardTrouble.NEEDS_KEY), session if session and insertion > screen.insertion:
            return documents.show(terminal, session, replace(screen, insertion=insertion, found=None, trouble=None))
        case _ if isinstance(screen, Identify):
            return identify(terminal, screen), ()
        case _:
            return find_by_card(terminal, screen)


def _asked_for(terminal: Terminal, screen: ShowDocument | TypeDocument | LayDocument) -> Step:
    """Back to the screen that wanted the card: it was read, or is none that a key would open."""
    stop = camera_off(screen)
    back, effects = at_reader(replace(terminal, screen=screen.asked_by), screen.asked_by)
    return back, (*stop, *effects)


def stranger(terminal: Terminal) -> Terminal:
    """Ask when the card of somebody else is laid on in the middle of a session."""
    session, card = terminal.session, terminal.card
    if session is None or session.applicant is None or not isinstance(card, CardRead):
        return terminal
    resident = way.resident_of(card)
    known = {person.id_number for person in (session.applicant, session.proxy) if person is not None}
    if resident is None or resident.id_number in known or isinstance(terminal.screen, HandingIn):
        return terminal
    return replace(terminal, overlay=OtherCard(resident=resident))


def identify(terminal: Terminal, screen: Identify) -> Terminal:
    """Take up what lies on the reader, unless it was dealt with before."""
    match terminal.card:
        case CardRead(insertion=insertion) as card if insertion > screen.insertion:
            resident = way.resident_of(card)
            session = terminal.session
            if resident is None:
                screen = replace(screen, found=None, trouble="card-incomplete", insertion=insertion)
            elif (
                screen.role is Role.APPLICANT
                and session is not None
                and session.proxy is not None
                and session.proxy.id_number == resident.id_number
            ):
                screen = replace(screen, found=None, trouble="card-same-person", insertion=insertion)
            else:
                screen = replace(screen, found=resident, trouble=None, insertion=insertion)
        case CardFailed(insertion=insertion, trouble=trouble) if insertion > screen.insertion:
            screen = replace(screen, found=None, trouble=trouble.value, insertion=insertion)
        case NoReader() if screen.found is None:
            screen = replace(screen, trouble="no-reader")
        case NoService() if screen.found is None:
            screen = replace(screen, trouble="no-service")
        case Reading():
            screen = replace(screen, found=None, trouble=None)
        case NoCard() if screen.trouble in ("no-reader", "no-service"):
            screen = replace(screen, trouble=None)
        case _:
            pass
    return replace(terminal, screen=screen)


def find_by_card(terminal: Terminal, screen: FindByCard) -> Step:
    """Look up whose card this is; each new card forgets what the one before it showed."""
    session, card = terminal.session, terminal.card
    if isinstance(card, CardRead | CardFailed) and card.insertion > screen.insertion:
        screen = FindByCard(insertion=screen.insertion)
    elif screen.found is not None:
        return terminal, ()
    seen = identify(terminal, Identify(role=Role.PROXY, insertion=screen.insertion, trouble=screen.trouble)).screen
    if session is None or not isinstance(seen, Identify):
        return terminal, ()
    looking = replace(terminal, screen=replace(screen, trouble=seen.trouble, insertion=seen.insertion))
    if seen.found is None:
        return looking, ()
    return looking, (LookUpCard(session.number, seen.insertion, seen.found.id_number),)
