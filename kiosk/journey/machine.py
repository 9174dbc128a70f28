"""All that can happen to a resident.

``advance(terminal, event, hall)`` is a pure function: it returns the next :class:`Terminal` and what is to be done
about it. Nothing is looked up; time comes in with :class:`Tick`. Three rules hold everywhere and are property-tested:

* from every state there is a way out (:class:`Finish`, then :class:`FinishForSure`), and silence takes it, too;
* every way out wipes: the session is dropped and :class:`Wipe` is asked for;
* two people are never mixed: another person's card in a session asks first, and going on with it wipes.

An event that means nothing where the resident is (a late answer of a device, a double touch) changes nothing. Answers
that belong to an earlier session carry its number and are dropped.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import assert_never

from devices.camera.api import Scan
from devices.card.api import CardFailed, CardRead, NoCard, NoReader, NoService, Reading
from kiosk.catalogue.model import Material
from kiosk.domain.resident import Role
from kiosk.journey import way
from kiosk.journey.effects import (
    AlertStaff,
    Effect,
    LookUpCard,
    LookUpCode,
    PrintSlip,
    Purpose,
    SendRating,
    Shoot,
    StartCamera,
    StopCamera,
    Store,
    Wipe,
)
from kiosk.journey.events import (
    AddPage,
    Agree,
    AnotherCard,
    AnotherMatter,
    Back,
    Begin,
    CallStaff,
    CameraChanged,
    CardChanged,
    CloseOverlay,
    CodeSeen,
    Draft,
    Edit,
    Event,
    FindMine,
    Finish,
    FinishForSure,
    LookedUp,
    Next,
    PageJudged,
    PageShot,
    PickLanguage,
    PickMatter,
    PickWho,
    PrintAgain,
    Rate,
    RemovePage,
    SetCare,
    ShootNow,
    Signed,
    SlipEnded,
    StoreDone,
    StoreFailed,
    SwitchToOtherCard,
    SyncChanged,
    ThatIsRight,
    Tick,
    Touched,
    TryAgain,
    WriteOwn,
)
from kiosk.journey.states import (
    Agreed,
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
    OtherCard,
    Printing,
    Refused,
    Review,
    ScanPapers,
    Screen,
    Session,
    ShowGuide,
    Sign,
    StaffCalled,
    Terminal,
    Thanks,
    Welcome,
    WhoFor,
)

Step = tuple[Terminal, tuple[Effect, ...]]

_DEVICES = (
    Tick | CardChanged | CameraChanged | PageJudged | PageShot | CodeSeen | StoreDone | StoreFailed
    | SlipEnded | SyncChanged | LookedUp
)  # fmt: skip
"""Events no finger made: they are no sign of life."""


def advance(terminal: Terminal, event: Event, hall: Hall) -> Step:
    """What ``event`` makes of ``terminal``, and the effects to carry out, in order."""
    if not isinstance(event, _DEVICES):
        terminal = replace(terminal, touched=terminal.now)
    match event:
        case Tick():
            return _silence(replace(terminal, now=event.now, today=event.today), hall)
        case CardChanged():
            return _card(replace(terminal, card=event.state))
        case Touched():
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
            return _finish(terminal, hall)
        case FinishForSure() if isinstance(terminal.overlay, ConfirmFinish):
            return _wiped(terminal)
        case SwitchToOtherCard() if isinstance(terminal.overlay, OtherCard):
            card = terminal.card
            gone, effects = _wiped(terminal)
            return _begun(replace(gone, card=card)), effects
        case _ if isinstance(terminal.overlay, IdleWarning | OtherCard | ConfirmFinish) and not isinstance(
            event, _DEVICES
        ):
            return terminal, ()  # what lies over the screen asks first; a touch from before it came means nothing
        case _:
            return _on_screen(terminal, event, hall)


# --- the frame ----------------------------------------------------------------------------------------------------


def _begun(terminal: Terminal, screen: Screen | None = None) -> Terminal:
    number = terminal.sessions + 1
    return replace(
        terminal,
        screen=screen or WhoFor(),
        overlay=None,
        session=Session(number=number),
        sessions=number,
        touched=terminal.now,
    )


def _wiped(terminal: Terminal) -> Step:
    """Back to the welcome screen with nothing left of the resident, the card's read included."""
    effects: tuple[Effect, ...] = (*_camera_off(terminal.screen),)
    if terminal.session is not None:
        effects = (*effects, Wipe(terminal.session.number))
    card = NoCard() if isinstance(terminal.card, CardRead | CardFailed) else terminal.card
    fresh = replace(
        terminal, screen=Welcome(), overlay=None, session=None, language="zh", care=False, card=card,
        touched=terminal.now,
    )  # fmt: skip
    return fresh, effects


def _camera_off(screen: Screen) -> tuple[Effect, ...]:
    on = (isinstance(screen, ScanPapers) and screen.adding) or (isinstance(screen, FindBySlip) and screen.found is None)
    return (StopCamera(),) if on else ()


def _finish(terminal: Terminal, hall: Hall) -> Step:
    match terminal.screen:
        case HandingIn(trouble=None):
            return terminal, ()  # a moment, then it is stored and the slip comes
        case HandedIn():
            factor = hall.patience.care_factor if terminal.care else 1.0
            until = terminal.now + hall.patience.thanks * factor
            return replace(terminal, screen=Thanks(until=until), overlay=None), ()
        case Identify() | Ask() | ScanPapers() | Review() | Sign() | HandingIn():
            return replace(terminal, overlay=ConfirmFinish()), ()
        case _:
            return _wiped(terminal)


def _silence(terminal: Terminal, hall: Hall) -> Step:
    """What the clock alone brings: warning, wipe, goodbye."""
    patience = hall.patience
    factor = patience.care_factor if terminal.care else 1.0
    match terminal.overlay, terminal.screen:
        case IdleWarning(until), _:
            return _wiped(terminal) if terminal.now >= until else (terminal, ())
        case _, Thanks(until):
            return _wiped(terminal) if terminal.now >= until else (terminal, ())
        case _, HandingIn(trouble=None):
            return terminal, ()
        case _ if terminal.now - terminal.touched < patience.idle * factor:
            return terminal, ()
        case _, Welcome():
            return replace(terminal, language="zh", care=False, overlay=None, touched=terminal.now), ()
        case _:
            return replace(terminal, overlay=IdleWarning(until=terminal.now + patience.warning * factor)), ()


# --- cards --------------------------------------------------------------------------------------------------------


def _card(terminal: Terminal) -> Step:
    """A card came, went or failed."""
    card = terminal.card
    if isinstance(card, CardRead | CardFailed):
        terminal = replace(terminal, touched=terminal.now)  # a hand was there
    match terminal.screen:
        case Welcome() if isinstance(card, CardRead | CardFailed):
            return _begun(terminal), ()
        case Thanks() if isinstance(card, CardRead | CardFailed):
            gone, effects = _wiped(terminal)
            return _begun(replace(gone, card=card)), effects
        case Identify():
            return _identify(terminal, terminal.screen), ()
        case FindByCard(found=None):
            return _find_by_card(terminal, terminal.screen)
        case _:
            return _stranger(terminal), ()


def _stranger(terminal: Terminal) -> Terminal:
    """Ask when the card of somebody else is laid on in the middle of a session."""
    session, card = terminal.session, terminal.card
    if session is None or session.applicant is None or not isinstance(card, CardRead):
        return terminal
    resident = way.resident_of(card)
    known = {person.id_number for person in (session.applicant, session.proxy) if person is not None}
    if resident is None or resident.id_number in known or isinstance(terminal.screen, HandingIn):
        return terminal
    return replace(terminal, overlay=OtherCard(resident=resident))


def _identify(terminal: Terminal, screen: Identify) -> Terminal:
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


def _find_by_card(terminal: Terminal, screen: FindByCard) -> Step:
    session = terminal.session
    seen = _identify(terminal, Identify(role=Role.PROXY, insertion=screen.insertion, trouble=screen.trouble)).screen
    if session is None or not isinstance(seen, Identify):
        return terminal, ()
    looking = replace(terminal, screen=replace(screen, trouble=seen.trouble, insertion=seen.insertion))
    if seen.found is None:
        return looking, ()
    return looking, (LookUpCard(session.number, seen.found.id_number),)


# --- the way through ----------------------------------------------------------------------------------------------


def _on_screen(terminal: Terminal, event: Event, hall: Hall) -> Step:
    """Events that mean something on one screen only."""
    session, screen = terminal.session, terminal.screen
    if isinstance(screen, Welcome):
        match event:
            case Begin():
                return _begun(terminal), ()
            case FindMine(by_slip=False):
                opened = _begun(terminal, FindByCard())
                return _find_by_card(opened, FindByCard())
            case FindMine():
                opened = _begun(terminal, FindBySlip())
                return opened, (StartCamera(opened.sessions, Purpose.CODE),)
            case _:
                return terminal, ()
    if session is None or getattr(event, "session", session.number) != session.number:
        return terminal, ()
    match screen:
        case WhoFor() | ChooseMatter() | ShowGuide() | AskConsent():
            return _before_the_card(terminal, session, event, hall)
        case Identify():
            return _who_it_is(terminal, session, screen, event)
        case Refused():
            return _wiped(terminal) if isinstance(event, Next | Back) else (terminal, ())
        case Ask():
            return _asking(terminal, session, screen, event, hall)
        case ScanPapers():
            return _scanning(terminal, session, screen, event)
        case Review():
            return _reviewing(terminal, session, event)
        case Sign() | HandingIn():
            return _handing_in(terminal, session, event)
        case HandedIn():
            return _handed_in(terminal, session, screen, event)
        case FindByCard() | FindBySlip():
            return _finding(terminal, session, screen, event)
        case Thanks():
            return terminal, ()
        case _:
            assert_never(screen)


def _before_the_card(terminal: Terminal, session: Session, event: Event, hall: Hall) -> Step:
    match terminal.screen, event:
        case WhoFor(), PickWho(on_behalf):
            return replace(terminal, session=replace(session, on_behalf=on_behalf), screen=ChooseMatter()), ()
        case WhoFor(), Back():
            return _wiped(terminal)
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
            return _identify(replace(terminal, session=agreed), Identify(role=role)), ()
        case AskConsent(), Back():
            return replace(terminal, screen=ShowGuide()), ()
        case _:
            return terminal, ()


def _who_it_is(terminal: Terminal, session: Session, screen: Identify, event: Event) -> Step:
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


def _asking(terminal: Terminal, session: Session, screen: Ask, event: Event, hall: Hall) -> Step:
    question = screen.question
    match event:
        case Draft(value):
            return replace(terminal, screen=replace(screen, draft=way.tidy(question, value), wrong=False)), ()
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
                return _to_question(terminal, session, open_ones[0]) if open_ones else _to_review(terminal)
            return _to_question(terminal, session, asked.index(question) + 1)
        case Back() if screen.writing:
            return replace(terminal, screen=replace(screen, writing=False, draft="", wrong=False)), ()
        case Back() if screen.editing:
            return _to_review(terminal)
        case Back():
            return _to_question(terminal, session, way.questions(session, terminal.today).index(question) - 1)
        case _:
            return terminal, ()


def _to_material(terminal: Terminal, session: Session, index: int, *, editing: bool = False) -> Step:
    wanted = way.materials(session, terminal.today)
    if index < 0:
        return _to_question(terminal, session, len(way.questions(session, terminal.today)) - 1)
    if index >= len(wanted):
        return _to_review(terminal)
    material = wanted[index]
    empty = not session.scans.get(material.id)
    shown = replace(terminal, screen=ScanPapers(material=material, adding=empty, editing=editing))
    return shown, ((_paper(session, material),) if empty else ())


def _paper(session: Session, material: Material) -> StartCamera:
    return StartCamera(session.number, Purpose.PAPER, material.short_side_mm)


def _scanning(terminal: Terminal, session: Session, screen: ScanPapers, event: Event) -> Step:
    material = screen.material
    taken = session.scans.get(material.id, ())
    looking = replace(screen, adding=True, seen=False, findings=(), shooting=False)
    match event:
        case CameraChanged(state):
            return replace(terminal, screen=replace(screen, camera=state)), ()
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
            ), (StopCamera(),)
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
                return _to_review(terminal)
            return _to_material(terminal, session, way.materials(session, terminal.today).index(material) + 1)
        case Back() if screen.adding and taken:
            return replace(terminal, screen=replace(screen, adding=False)), (StopCamera(),)
        case Back() if screen.editing and taken:
            return _to_review(terminal)
        case Back():
            index = way.materials(session, terminal.today).index(material)
            stop = _camera_off(screen)
            back, effects = _to_material(terminal, session, index - 1)
            return back, (*stop, *effects)
        case _:
            return terminal, ()


def _with_scans(session: Session, material_id: str, scans: tuple[Scan, ...]) -> Session:
    return replace(session, scans=MappingProxyType({**session.scans, material_id: scans}))


def _to_review(terminal: Terminal) -> Step:
    return replace(terminal, screen=Review()), ()


def _reviewing(terminal: Terminal, session: Session, event: Event) -> Step:
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


def _handing_in(terminal: Terminal, session: Session, event: Event) -> Step:
    match terminal.screen, event:
        case Sign(), Signed(png=None):
            return replace(terminal, screen=Sign(empty=True)), ()
        case Sign(), Signed(png):
            signed = replace(session, signature=png)
            storing = replace(terminal, session=signed, screen=HandingIn(), overlay=None)
            return storing, (Store(signed, terminal.language),)
        case ((Sign() | HandingIn(trouble=str())), Back()):
            return _to_review(replace(terminal, session=replace(session, signature=None)))
        case HandingIn(trouble=str()), TryAgain():
            return replace(terminal, screen=HandingIn()), (Store(session, terminal.language),)
        case HandingIn(trouble=None), StoreFailed(trouble=trouble):
            return replace(terminal, screen=HandingIn(trouble=trouble)), ()
        case HandingIn(trouble=None), StoreDone(stored=stored):
            # It is stored and sealed: what the screens no longer need is let go at once.
            light = replace(session, scans=MappingProxyType({}), signature=None, answers=MappingProxyType({}))
            shown = replace(terminal, session=light, screen=HandedIn(stored=stored), touched=terminal.now)
            return shown, (PrintSlip(session.number, stored.uid, reprint=False),)
        case _:
            return terminal, ()


def _handed_in(terminal: Terminal, session: Session, screen: HandedIn, event: Event) -> Step:
    match event:
        case SlipEnded(uid=uid, outcome=outcome) if uid == screen.stored.uid:
            return replace(terminal, screen=replace(screen, printing=Printing.ended(outcome))), ()
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
            gone, effects = _wiped(terminal)
            kept = replace(gone, language=terminal.language, care=terminal.care)
            return _begun(kept), effects
        case _:
            return terminal, ()


def _finding(terminal: Terminal, session: Session, screen: FindByCard | FindBySlip, event: Event) -> Step:
    match screen, event:
        case _, Back():
            return _wiped(terminal)
        case FindByCard(found=None), LookedUp(trouble="lookup-failed"):
            return replace(terminal, screen=replace(screen, trouble="lookup-failed")), ()
        case FindByCard(found=None), LookedUp(found=found):
            return replace(terminal, screen=replace(screen, found=found)), ()
        case FindByCard(found=tuple(found)), PrintAgain(uid) if screen.printing is not Printing.RUNNING:
            if not any(each.uid == uid and each.slip_text is not None for each in found):
                return terminal, ()
            printing = replace(screen, printing_uid=uid, printing=Printing.RUNNING)
            return replace(terminal, screen=printing), (PrintSlip(session.number, uid, reprint=True),)
        case FindByCard(), SlipEnded(uid=uid, outcome=outcome) if uid == screen.printing_uid:
            return replace(terminal, screen=replace(screen, printing=Printing.ended(outcome))), ()
        case FindBySlip(), CameraChanged(state):
            return replace(terminal, screen=replace(screen, camera=state)), ()
        case FindBySlip(found=None), CodeSeen(text=text):
            return replace(terminal, touched=terminal.now), (LookUpCode(session.number, text),)
        case FindBySlip(found=None), LookedUp(found=found, trouble=trouble):
            if not found:
                return replace(terminal, screen=replace(screen, trouble=trouble)), ()
            return replace(terminal, screen=replace(screen, found=found, trouble=None)), (StopCamera(),)
        case _:
            return terminal, ()
