"""The way through, station by station: from the first choice to the review. Each function knows one screen's events."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from devices.camera.api import Lost, Scan
from devices.card.api import CardTrouble
from kiosk.catalogue.model import Material
from kiosk.domain.resident import Role
from kiosk.journey import way
from kiosk.journey.cards import at_reader
from kiosk.journey.documents import show
from kiosk.journey.effects import (
    Purpose,
    Shoot,
    StartCamera,
    StopCamera,
)
from kiosk.journey.events import (
    AddPage,
    Agree,
    AnotherCard,
    Back,
    CameraChanged,
    Draft,
    Edit,
    Event,
    Next,
    PageJudged,
    PageShot,
    PickMatter,
    PickWho,
    RefuseOffer,
    RemovePage,
    ShootNow,
    TakeOffer,
    ThatIsRight,
    UseCamera,
    WriteOwn,
)
from kiosk.journey.frame import Step, camera_off, wiped
from kiosk.journey.offers import on_offer, to_be_read
from kiosk.journey.states import (
    Agreed,
    Ask,
    AskConsent,
    ChooseMatter,
    Hall,
    Identify,
    Refused,
    Review,
    ScanPapers,
    Session,
    ShowGuide,
    Sign,
    Terminal,
    WhoFor,
)


def before_the_card(terminal: Terminal, session: Session, event: Event, hall: Hall) -> Step:
    """Who for, which matter, guide and consent."""
    match terminal.screen, event:
        case WhoFor(), PickWho(on_behalf):
            return replace(terminal, session=replace(session, on_behalf=on_behalf), screen=ChooseMatter()), ()
        case WhoFor(), Back():
            return wiped(terminal)
        case ChooseMatter(), PickMatter(matter_id):
            matter = next((each for each in hall.matters if each.id == matter_id), None)
            if matter is None:
                return terminal, ()
            return replace(terminal, session=replace(session, matter=matter), screen=ShowGuide()), ()
        case ChooseMatter(), Back():
            return replace(terminal, screen=WhoFor()), ()
        case ShowGuide(), Next():
            return replace(terminal, screen=AskConsent()), ()
        case ShowGuide(), Back():
            return replace(terminal, screen=ChooseMatter()), ()
        case AskConsent(), Agree(at) if session.matter is not None:
            agreed = replace(session, agreed=Agreed(version=session.matter.consent.version, at=at))
            role = Role.PROXY if session.on_behalf else Role.APPLICANT
            return at_reader(replace(terminal, session=agreed), Identify(role=role))
        case AskConsent(), Back():
            return replace(terminal, screen=ShowGuide()), ()
        case _:
            return terminal, ()


def who_it_is(terminal: Terminal, session: Session, screen: Identify, event: Event) -> Step:
    """The person on the card: right, another card, or back."""
    match event:
        case ThatIsRight() if screen.found is not None and screen.role is Role.PROXY:
            known = replace(session, proxy=screen.found)
            return replace(
                terminal, session=known, screen=Identify(role=Role.APPLICANT, insertion=screen.insertion)
            ), ()
        case ThatIsRight() if screen.found is not None:
            known = replace(session, applicant=screen.found)
            refusal = way.refusal(known, terminal.today)
            if refusal is not None:
                return replace(terminal, session=known, screen=Refused(refusal=refusal)), ()
            return _to_question(replace(terminal, session=known), known, 0)
        case AnotherCard():
            return replace(terminal, screen=replace(screen, found=None, trouble=None)), ()
        case UseCamera() if screen.trouble == CardTrouble.NEEDS_KEY.value:
            return show(terminal, session, replace(screen, trouble=None))
        case Back() if screen.role is Role.APPLICANT and session.proxy is not None:
            again = Identify(role=Role.PROXY, found=session.proxy, insertion=screen.insertion)
            return replace(terminal, session=replace(session, proxy=None, applicant=None), screen=again), ()
        case Back():
            undone = replace(session, agreed=None, applicant=None, proxy=None)
            return replace(terminal, session=undone, screen=AskConsent()), ()
        case _:
            return terminal, ()


def _to_question(terminal: Terminal, session: Session, index: int) -> Step:
    """To the question at ``index`` of those that apply; past either end, the neighbouring part of the way."""
    asked = way.questions(session, terminal.today)
    if index < 0:
        return replace(terminal, screen=Identify(role=Role.APPLICANT, found=session.applicant)), ()
    if index >= len(asked):
        return _to_material(terminal, session, 0)
    question = asked[index]
    draft = session.answers.get(question.id, "")
    return replace(terminal, screen=Ask(question=question, draft=draft, writing=question.id in session.written)), ()


def asking(terminal: Terminal, session: Session, screen: Ask, event: Event, hall: Hall) -> Step:
    """One question."""
    question = screen.question
    match event:
        case Draft(value):
            return replace(terminal, screen=replace(screen, draft=way.tidy(question, value), wrong=False)), ()
        case UseCamera() | TakeOffer() | RefuseOffer():
            return on_offer(terminal, session, screen, event)
        case WriteOwn(on):
            return replace(terminal, screen=replace(screen, writing=on, draft="", wrong=False)), ()
        case Next() if not way.acceptable(question, screen.draft, written=screen.writing, hall=hall):
            return replace(terminal, screen=replace(screen, wrong=True)), ()
        case Next():
            session = way.answered(session, question, screen.draft, written=screen.writing, today=terminal.today)
            terminal = replace(terminal, session=session)
            asked = way.questions(session, terminal.today)
            if screen.editing:
                open_ones = [index for index, each in enumerate(asked) if each.id not in session.answers]
                return _to_question(terminal, session, open_ones[0]) if open_ones else to_review(terminal)
            return _to_question(terminal, session, asked.index(question) + 1)
        case Back() if screen.writing:
            return replace(terminal, screen=replace(screen, writing=False, draft="", wrong=False)), ()
        case Back() if screen.editing:
            return to_review(terminal)
        case Back():
            return _to_question(terminal, session, way.questions(session, terminal.today).index(question) - 1)
        case _:
            return terminal, ()


def _to_material(terminal: Terminal, session: Session, index: int, *, editing: bool = False) -> Step:
    wanted = way.materials(session, terminal.today)
    if index < 0:
        return _to_question(terminal, session, len(way.questions(session, terminal.today)) - 1)
    if index >= len(wanted):
        return to_review(terminal)
    material = wanted[index]
    empty = not session.scans.get(material.id)
    shown = replace(terminal, screen=ScanPapers(material=material, adding=empty, editing=editing))
    return shown, ((_paper(session, material),) if empty else ())


def _paper(session: Session, material: Material) -> StartCamera:
    return StartCamera(session.number, Purpose.PAPER, material.short_side_mm)


def scanning(terminal: Terminal, session: Session, screen: ScanPapers, event: Event) -> Step:
    """One material under the camera."""
    material = screen.material
    taken = session.scans.get(material.id, ())
    looking = replace(screen, adding=True, seen=False, findings=(), shooting=False)
    match event:
        case CameraChanged(state):
            shooting = screen.shooting and not isinstance(state, Lost)  # what was being shot may never come
            return replace(terminal, screen=replace(screen, camera=state, shooting=shooting)), ()
        case PageJudged(findings=findings) if screen.adding and not screen.shooting:
            return replace(terminal, screen=replace(screen, seen=True, findings=findings)), ()
        case PageShot(scan=None) if screen.adding:
            return replace(terminal, screen=replace(screen, shooting=True)), ()
        case PageShot(scan=scan) if screen.adding and scan is not None:
            return replace(
                terminal,
                touched=terminal.now,
                session=_with_scans(session, material.id, (*taken, scan)),
                screen=replace(screen, adding=False, shooting=False),
            ), (*to_be_read(session, material, scan), StopCamera())
        case ShootNow() if screen.adding and not screen.shooting:
            return replace(terminal, screen=replace(screen, shooting=True)), (Shoot(session.number),)
        case AddPage() if not screen.adding and len(taken) < material.most:
            return replace(terminal, screen=looking), (_paper(session, material),)
        case RemovePage(index) if not screen.adding and 0 <= index < len(taken):
            left = taken[:index] + taken[index + 1 :]
            terminal = replace(terminal, session=_with_scans(session, material.id, left))
            if left:
                return terminal, ()
            return replace(terminal, screen=looking), (_paper(session, material),)
        case Next() if not screen.adding and len(taken) >= material.pages:
            if screen.editing:
                return to_review(terminal)
            return _to_material(terminal, session, way.materials(session, terminal.today).index(material) + 1)
        case Back() if screen.adding and taken:
            return replace(terminal, screen=replace(screen, adding=False)), (StopCamera(),)
        case Back() if screen.editing and taken:
            return to_review(terminal)
        case Back():
            index = way.materials(session, terminal.today).index(material)
            stop = camera_off(screen)
            back, effects = _to_material(terminal, session, index - 1)
            return back, (*stop, *effects)
        case _:
            return terminal, ()


def _with_scans(session: Session, material_id: str, scans: tuple[Scan, ...]) -> Session:
    return replace(session, scans=MappingProxyType({**session.scans, material_id: scans}))


def to_review(terminal: Terminal) -> Step:
    """On, or back, to the review."""
    return replace(terminal, screen=Review()), ()


def reviewing(terminal: Terminal, session: Session, event: Event) -> Step:
    """Everything once more."""
    match event:
        case Edit(part):
            asked = way.questions(session, terminal.today)
            wanted = way.materials(session, terminal.today)
            for index, question in enumerate(asked):
                if question.id == part:
                    opened, effects = _to_question(terminal, session, index)
                    if isinstance(opened.screen, Ask):
                        opened = replace(opened, screen=replace(opened.screen, editing=True))
                    return opened, effects
            for index, material in enumerate(wanted):
                if material.id == part:
                    return _to_material(terminal, session, index, editing=True)
            return terminal, ()
        case Next():
            return replace(terminal, screen=Sign()), ()
        case Back():
            return _to_material(terminal, session, len(way.materials(session, terminal.today)) - 1)
        case _:
            return terminal, ()
