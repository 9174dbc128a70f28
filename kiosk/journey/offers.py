"""What the camera read off a paper, as suggestions: offered, taken by a touch, refused by a touch, never filled in.

A suggestion reaches a question in two ways: the resident lays something down for just this question (its picture is
read and dropped), or a paper scanned as a material happened to carry it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from devices.camera.api import Lost, Scan
from devices.camera.reading.api import Kind, Suggestion
from kiosk.catalogue.model import DigitsQuestion, Material
from kiosk.journey import way
from kiosk.journey.effects import Effect, Purpose, ReadPage, Shoot, StartCamera, StopCamera
from kiosk.journey.events import (
    Back,
    CameraChanged,
    Event,
    PageJudged,
    PageRead,
    PageShot,
    RefuseOffer,
    ShootNow,
    TakeOffer,
    UseCamera,
)
from kiosk.journey.frame import Step
from kiosk.journey.states import Ask, Session, ShowPaper, Terminal

_CITIZENS = 18
"""Characters of an identity number (GB 11643-1999)."""
_CARD_SHORT_SIDE = 54.0
"""Millimetres (ISO/IEC 7810, ID-1): the smallest thing that is laid down to be read."""


def readable(screen: Ask) -> bool:
    """Whether something laid under the camera may answer what is now asked."""
    return screen.question.suggest is not None and (isinstance(screen.question, DigitsQuestion) or screen.writing)


def offered(session: Session, screen: Ask) -> tuple[str, ...]:
    """What was read and may be meant here; nothing that stands in the field already."""
    if screen.question.suggest is None or not readable(screen):
        return ()
    return tuple(text for text in session.offers.get(screen.question.suggest, ()) if text != screen.draft)


def on_offer(terminal: Terminal, session: Session, screen: Ask, event: UseCamera | TakeOffer | RefuseOffer) -> Step:
    """The resident has something read, takes what was read, or does not."""
    match event:
        case UseCamera() if readable(screen):
            started = StartCamera(session.number, Purpose.PAPER, _CARD_SHORT_SIDE)
            return replace(terminal, screen=ShowPaper(replace(screen, unread=False, wrong=False))), (started,)
        case TakeOffer(text) if text in offered(session, screen):
            draft = way.tidy(screen.question, text)
            return replace(terminal, screen=replace(screen, draft=draft, wrong=False, unread=False)), ()
        case RefuseOffer(text) if text in offered(session, screen) and screen.question.suggest is not None:
            kind = screen.question.suggest
            left = tuple(each for each in session.offers[kind] if each != text)
            offers = MappingProxyType({**session.offers, kind: left})
            return replace(terminal, session=replace(session, offers=offers)), ()
        case _:
            return terminal, ()


def showing_paper(terminal: Terminal, session: Session, screen: ShowPaper, event: Event) -> Step:
    """Something is awaited under the camera to answer one question."""
    match event:
        case CameraChanged(state):
            shooting = screen.shooting and not isinstance(state, Lost)
            return replace(terminal, screen=replace(screen, shooting=shooting)), ()
        case PageJudged(findings=findings) if not screen.shooting:
            return replace(terminal, screen=replace(screen, seen=True, findings=findings)), ()
        case PageShot(scan=None):
            return replace(terminal, screen=replace(screen, shooting=True)), ()
        case PageShot(scan=scan) if scan is not None and screen.scan is None and screen.ask.question.suggest:
            asked = ReadPage(session.number, scan, frozenset({Kind(screen.ask.question.suggest)}))
            reading = replace(screen, shooting=True, scan=scan)
            return replace(terminal, screen=reading, touched=terminal.now), (StopCamera(), asked)
        case ShootNow() if not screen.shooting:
            return replace(terminal, screen=replace(screen, shooting=True)), (Shoot(session.number),)
        case Back():
            return replace(terminal, screen=screen.ask), ((StopCamera(),) if screen.scan is None else ())
        case _:
            return terminal, ()


def page_read(terminal: Terminal, session: Session, event: PageRead) -> Step:
    """What was found on a page, wherever the resident is by now; nothing at all is nothing to speak of."""
    found = event.read if isinstance(event.read, tuple) else ()
    screen = terminal.screen
    if isinstance(screen, ShowPaper):
        if event.scan != screen.scan:
            return terminal, ()
        session = _with_offers(session, found)
        unread = not offered(session, screen.ask)
        asking = replace(screen.ask, unread=unread)
        return replace(terminal, session=session, screen=asking, touched=terminal.now), ()
    if not any(event.scan in scans for scans in session.scans.values()):
        return terminal, ()  # taken away meanwhile
    numbers = frozenset(each.text for each in found if each.kind is Kind.ID_NUMBER)
    known = MappingProxyType({**session.numbers, event.scan: numbers}) if numbers else session.numbers
    return replace(terminal, session=replace(_with_offers(session, found), numbers=known)), ()


def _with_offers(session: Session, found: tuple[Suggestion, ...]) -> Session:
    offers = dict(session.offers)
    for each in found:
        if each.kind in (Kind.NAME, Kind.BANK_CARD):
            before = offers.get(each.kind.value, ())
            offers[each.kind.value] = (*before, *(() if each.text in before else (each.text,)))
    return replace(session, offers=MappingProxyType(offers))


def to_be_read(session: Session, material: Material, scan: Scan) -> tuple[Effect, ...]:
    """What asks for a scanned page to be read, if anything on it is of use."""
    questions = session.matter.questions if session.matter is not None else ()
    kinds = {Kind(question.suggest) for question in questions if question.suggest is not None}
    if material.shows_applicant:
        kinds.add(Kind.ID_NUMBER)
    return (ReadPage(session.number, scan, frozenset(kinds)),) if kinds else ()


def shows_another(session: Session, material: Material) -> bool:
    """Whether identity numbers were read on the pages of ``material``, and the applicant's is not among them."""
    numbers: set[str] = set()
    for scan in session.scans.get(material.id, ()):
        numbers |= session.numbers.get(scan, frozenset())
    applicant = session.applicant
    if not material.shows_applicant or applicant is None or len(applicant.id_number) != _CITIZENS:
        return False  # a travel document's number stands on no register
    return bool(numbers) and applicant.id_number not in numbers
