"""The way through, station by station: from the first choice to the review. Each function knows one screen's events."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from devices.camera.api import Doubt, Lost, Scan
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
    RetakePage,
    ShootNow,
    TakeOffer,
    ThatIsRight,
    TurnPage,
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


def _paper(session: Session, material: Material, replacing: int | None = None) -> StartCamera:
    taken = session.scans.get(material.id, ())
    known = tuple(scan.likeness for index, scan in enumerate(taken) if index != replacing)
    return StartCamera(session.number, Purpose.PAPER, material.short_side_mm, known)


def scanning(terminal: Terminal, session: Session, screen: ScanPapers, event: Event) -> Step:
    """One material under the camera."""
    material = screen.material
    match event:
        case CameraChanged(state):
            shooting = screen.shooting and not isinstance(state, Lost)  # what was being shot may never come
            return replace(terminal, screen=replace(screen, shooting=shooting)), ()
        case Back() if screen.editing and not screen.adding and enough(material, session):
            return to_review(terminal)
        case Back() if not (screen.adding and session.scans.get(material.id)):
            index = way.materials(session, terminal.today).index(material)
            back, effects = _to_material(terminal, session, index - 1)
            return back, (*camera_off(screen), *effects)
        case _ if screen.adding:
            return _shooting(terminal, session, screen, event)
        case _:
            return _looking_through(terminal, session, screen, event)


def _looking_for(terminal: Terminal, session: Session, screen: ScanPapers, replacing: int | None = None) -> Step:
    """The camera on, for the next page or for one anew."""
    looking = replace(screen, adding=True, seen=False, findings=(), shooting=False, replacing=replacing)
    return replace(terminal, session=session, screen=looking), (_paper(session, screen.material, replacing),)


def _shooting(terminal: Terminal, session: Session, screen: ScanPapers, event: Event) -> Step:
    """The camera looks for a page."""
    taken = session.scans.get(screen.material.id, ())
    match event:
        case PageJudged(findings=findings) if not screen.shooting:
            return replace(terminal, screen=replace(screen, seen=True, findings=findings)), ()
        case PageShot(scan=None):
            return replace(terminal, screen=replace(screen, shooting=True)), ()
        case PageShot(scan=Scan() as scan):
            at = len(taken) if screen.replacing is None else screen.replacing
            session = _with_scans(session, screen.material.id, (*taken[:at], scan, *taken[at + 1 :]))
            terminal = replace(terminal, touched=terminal.now, session=session)
            read = to_be_read(session, screen.material, scan)
            if screen.material.sides == 2 and screen.replacing is None and at % 2 == 0:
                back, effects = _looking_for(terminal, session, screen)
                return back, (*read, *effects)
            shown = replace(screen, adding=False, shooting=False, replacing=None)
            return replace(terminal, screen=shown), (*read, StopCamera())
        case ShootNow() if not screen.shooting:
            return replace(terminal, screen=replace(screen, shooting=True)), (Shoot(session.number),)
        case Back():
            return replace(terminal, screen=replace(screen, adding=False, replacing=None)), (StopCamera(),)
        case _:
            return terminal, ()


def _looking_through(terminal: Terminal, session: Session, screen: ScanPapers, event: Event) -> Step:
    """The pages taken are shown."""
    material = screen.material
    taken = session.scans.get(material.id, ())
    match event:
        case AddPage() if len(taken) < material.most_shots:
            return _looking_for(terminal, session, screen)
        case RetakePage(index) if 0 <= index < len(taken):
            return _looking_for(terminal, session, screen, index)
        case TurnPage(index) if 0 <= index < len(taken):
            page = taken[index]
            doubts = tuple(doubt for doubt in page.doubts if doubt is not Doubt.UPSIDE_DOWN)
            turned = replace(page, turns=(page.turns + 1) % 4, doubts=doubts)
            pages = (*taken[:index], turned, *taken[index + 1 :])
            return replace(terminal, session=_with_scans(session, material.id, pages)), ()
        case RemovePage(index) if 0 <= index < len(taken):
            first = index - index % material.sides
            left = (*taken[:first], *taken[first + material.sides :])
            session = _with_scans(session, material.id, tuple(_unlike(page) for page in left))
            if not left:
                return _looking_for(terminal, session, screen)
            return replace(terminal, session=session), ()
        case Next() if enough(material, session):
            if screen.editing:
                return to_review(terminal)
            return _to_material(terminal, session, way.materials(session, terminal.today).index(material) + 1)
        case _:
            return terminal, ()


def enough(material: Material, session: Session) -> bool:
    """Whether every page asked for is there, and no card with one side only."""
    count = len(session.scans.get(material.id, ()))
    return count >= material.fewest_shots and count % material.sides == 0


def _unlike(page: Scan) -> Scan:
    """The page without the doubt that there is another like it: the other may be gone now."""
    return replace(page, doubts=tuple(doubt for doubt in page.doubts if doubt is not Doubt.SAME_PAGE))


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
