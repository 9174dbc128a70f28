"""A travel document on the reader: its chip answers only to what is printed on it, read by the camera or typed.

The reader and the camera are two places. So the document is lifted, shown and laid back, or typed from while it lies
there; what was read is kept until the chip said yes or no to it, and is dropped with the session like all else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from devices.card.api import (
    CanKey,
    CardFailed,
    CardRead,
    CardTrouble,
    DocumentKey,
    MrzKey,
    NoCard,
    NoReader,
    NoService,
)
from kiosk.journey.effects import Purpose, StartCamera, StopCamera, TryKey
from kiosk.journey.events import (
    Back,
    DocumentJudged,
    Draft,
    Event,
    KeySeen,
    Next,
    TypeCan,
    TypeInstead,
    UseCamera,
)
from kiosk.journey.frame import Step
from kiosk.journey.states import (
    FindByCard,
    Identify,
    KeyPart,
    LayDocument,
    Session,
    ShowDocument,
    Terminal,
    TypeDocument,
)

LONGEST = {KeyPart.NUMBER: 22, KeyPart.BIRTH: 8, KeyPart.EXPIRES: 8, KeyPart.CAN: 6}
"""Characters of each part; a TD1 document's number may go on in its optional field (ICAO 9303-5 clause 4.2.2.1)."""
_SHORTEST_NUMBER = 5
_LATER = {KeyPart.NUMBER: KeyPart.BIRTH, KeyPart.BIRTH: KeyPart.EXPIRES}
_EARLIER = {later: part for part, later in _LATER.items()}
_LAY_AGAIN = (CardTrouble.PULLED, CardTrouble.UNREADABLE, CardTrouble.MUTE, CardTrouble.BUSY, CardTrouble.TWO_CARDS)
"""What another laying mends while the key is known."""
_CLOSED = (CardTrouble.NEEDS_KEY, CardTrouble.WRONG_KEY)
_ON_ITS_WAY = (*_CLOSED, CardTrouble.PULLED, CardTrouble.MUTE, CardTrouble.TWO_CARDS)
"""What the reader may say while the document is being moved to the camera."""


def show(terminal: Terminal, session: Session, asked_by: Identify | FindByCard) -> Step:
    """To the camera, with the document that ``asked_by`` found closed."""
    return replace(terminal, screen=ShowDocument(asked_by)), (_camera(session),)


def _camera(session: Session) -> StartCamera:
    return StartCamera(session.number, Purpose.DOCUMENT)


# --- the reader -----------------------------------------------------------------------------------------------------


def on_reader(terminal: Terminal, session: Session, screen: ShowDocument | TypeDocument | LayDocument) -> Step | None:
    """What the reader's newest word means here; ``None`` when it is for the screen that wanted the card."""
    card = terminal.card
    match card:
        case NoReader() | NoService():
            return None
        case NoCard() if isinstance(screen, LayDocument):
            return replace(terminal, screen=replace(screen, trying=False)), ()
        case CardFailed(insertion=insertion) if insertion <= screen.asked_by.insertion:
            return terminal, ()
        case CardFailed(insertion=insertion, trouble=trouble):
            screen = replace(screen, asked_by=replace(screen.asked_by, insertion=insertion))
            if isinstance(screen, LayDocument):
                return _laid(terminal, session, screen, trouble)
            return (replace(terminal, screen=screen), ()) if trouble in _ON_ITS_WAY else None
        case CardRead(insertion=insertion) if insertion > screen.asked_by.insertion:
            return None
        case _:
            return terminal, ()


def _laid(terminal: Terminal, session: Session, screen: LayDocument, trouble: CardTrouble) -> Step | None:
    """The document is back on the reader, and did not open."""
    match trouble:
        case CardTrouble.NEEDS_KEY if not screen.trying:
            return replace(terminal, screen=replace(screen, trying=True, trouble=None)), (TryKey(screen.key),)
        case CardTrouble.NEEDS_KEY | CardTrouble.WRONG_KEY:
            return _wrong(terminal, session, screen)
        case _ if trouble in _LAY_AGAIN:
            return replace(terminal, screen=replace(screen, trying=False, trouble=trouble.value)), ()
        case _:
            return None


def _wrong(terminal: Terminal, session: Session, screen: LayDocument) -> Step:
    """Back to where the key came from, which says so; what was typed is still there to be compared."""
    code = CardTrouble.WRONG_KEY.value
    if screen.typed is not None:
        first = KeyPart.CAN if screen.typed.part is KeyPart.CAN else KeyPart.NUMBER
        typed = replace(_at(screen.typed, first), asked_by=screen.asked_by, trouble=code)
        return replace(terminal, screen=typed), ()
    return replace(terminal, screen=ShowDocument(screen.asked_by, trouble=code)), (_camera(session),)


def _lay(terminal: Terminal, asked_by: Identify | FindByCard, key: DocumentKey, typed: TypeDocument | None) -> Step:
    """The key is known: the document is read if it lies there, else awaited."""
    lies = isinstance(terminal.card, CardFailed) and terminal.card.trouble in _CLOSED
    laying = LayDocument(asked_by, key, typed, trying=lies)
    return replace(terminal, screen=laying, touched=terminal.now), ((TryKey(key),) if lies else ())


# --- the camera -----------------------------------------------------------------------------------------------------


def showing(terminal: Terminal, screen: ShowDocument, event: Event) -> Step:
    """The document is awaited under the camera."""
    match event:
        case DocumentJudged(sight=sight):
            return replace(terminal, screen=replace(screen, sight=sight)), ()
        case KeySeen(key=key):
            laid, effects = _lay(terminal, screen.asked_by, key, None)
            return laid, (StopCamera(), *effects)
        case TypeInstead():
            return replace(terminal, screen=TypeDocument(screen.asked_by)), (StopCamera(),)
        case Back():
            return replace(terminal, screen=_closed(screen.asked_by)), (StopCamera(),)
        case _:
            return terminal, ()


def _closed(asked_by: Identify | FindByCard) -> Identify | FindByCard:
    """Back to where a card is wanted, which says what is the matter with this one."""
    return replace(asked_by, trouble=CardTrouble.NEEDS_KEY.value)


# --- the keys -------------------------------------------------------------------------------------------------------


def typing(terminal: Terminal, session: Session, screen: TypeDocument, event: Event) -> Step:
    """What is printed on the document is typed, one part after the other."""
    match event:
        case Draft(value):
            return replace(terminal, screen=replace(screen, draft=_tidy(screen.part, value), wrong=False)), ()
        case TypeCan(on):
            part = KeyPart.CAN if on else KeyPart.NUMBER
            return replace(terminal, screen=_at(screen, part)), ()
        case UseCamera():
            return show(terminal, session, screen.asked_by)
        case Next() if not _acceptable(screen.part, screen.draft, terminal.today):
            return replace(terminal, screen=replace(screen, wrong=True)), ()
        case Next() if screen.part in _LATER:
            return replace(terminal, screen=_at(_kept(screen), _LATER[screen.part])), ()
        case Next():
            whole = _kept(screen)
            return _lay(terminal, screen.asked_by, _key(whole), replace(whole, trouble=None))
        case Back() if screen.part in _EARLIER:
            return replace(terminal, screen=_at(screen, _EARLIER[screen.part])), ()
        case Back():
            return show(terminal, session, screen.asked_by)
        case _:
            return terminal, ()


def _at(screen: TypeDocument, part: KeyPart) -> TypeDocument:
    return replace(screen, part=part, draft=screen.typed.get(part, ""), wrong=False, trouble=None)


def _kept(screen: TypeDocument) -> TypeDocument:
    return replace(screen, typed=MappingProxyType({**screen.typed, screen.part: screen.draft}))


def _key(screen: TypeDocument) -> DocumentKey:
    if screen.part is KeyPart.CAN:
        return CanKey(screen.draft)
    number, birth, expires = (screen.typed[part] for part in (KeyPart.NUMBER, KeyPart.BIRTH, KeyPart.EXPIRES))
    return MrzKey(document_number=number, birth_date=birth[2:], expires=expires[2:])


def _tidy(part: KeyPart, draft: str) -> str:
    wanted = r"[^A-Z0-9]" if part is KeyPart.NUMBER else r"[^0-9]"
    return re.sub(wanted, "", draft.upper(), flags=re.ASCII)[: LONGEST[part]]


def _acceptable(part: KeyPart, draft: str, today: date) -> bool:
    if part is KeyPart.NUMBER:
        return len(draft) >= _SHORTEST_NUMBER
    if len(draft) != LONGEST[part] or part is KeyPart.CAN:
        return len(draft) == LONGEST[part]
    try:
        day = date(int(draft[:4]), int(draft[4:6]), int(draft[6:]))
    except ValueError:
        return False
    nearest = today.year - 120 if part is KeyPart.BIRTH else today.year - 50
    return nearest <= day.year and (day <= today if part is KeyPart.BIRTH else day.year <= today.year + 50)


# --- back on the reader ---------------------------------------------------------------------------------------------


def laying(terminal: Terminal, session: Session, screen: LayDocument, event: Event) -> Step:
    """The document is awaited on the reader again, or being read."""
    if not isinstance(event, Back):
        return terminal, ()
    if screen.typed is not None:
        return replace(terminal, screen=replace(screen.typed, asked_by=screen.asked_by)), ()
    return show(terminal, session, screen.asked_by)
