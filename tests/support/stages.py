"""Every screen a resident can meet, each as a state, for golden pictures and the contact sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np

from devices.camera.api import Doubt, Finding, Live, Lost, Scan
from devices.camera.reading.api import Kind
from devices.camera.reading.zone import find_zone
from devices.card.api import CardFailed, CardTrouble, MrzKey, NoCard, Reading
from devices.printer.api import PrinterStatus
from kiosk.catalogue.model import Material
from kiosk.domain.resident import Role
from kiosk.domain.words import Text
from kiosk.journey.desk import LivePicture
from kiosk.journey.events import (
    Agree,
    Begin,
    CallStaff,
    CardChanged,
    DocumentJudged,
    Draft,
    FindMine,
    Finish,
    KeySeen,
    Next,
    PageRead,
    PageShot,
    PickMatter,
    PickWho,
    TakeOffer,
    ThatIsRight,
    TypeCan,
    TypeInstead,
    UseCamera,
    WriteOwn,
)
from kiosk.journey.staffed import HeldItem, MovingItem, QueueSeen, StaffCode, StaffView
from kiosk.journey.states import (
    Delivery,
    Elsewhere,
    FindByCard,
    FindBySlip,
    Found,
    HandedIn,
    HandingIn,
    Identify,
    IdleWarning,
    Printing,
    Refused,
    ScanPapers,
    ShowDocument,
    ShowPaper,
    Sight,
    Sign,
    Terminal,
    Thanks,
)
from tests.support.journeys import HALL, LI, NOON, SCAN, STORED, WANG, Walk, at, card
from tests.support.papers import packed, written_page
from tests.support.reader import seen
from tests.support.written import bank_card, bank_card_front, document_page, under_camera


@dataclass(frozen=True, slots=True)
class Stage:
    """One screen to be looked at; ``live`` is what the camera sees there."""

    name: str
    terminal: Terminal
    live: LivePicture | None = None


def _page() -> Scan:
    return Scan(jpeg=packed(written_page(620, 877), ".jpg"), width=620, height=877)


def _pages() -> Terminal:
    """Four pages taken, two of which someone should look at."""
    terminal = Walk().to_papers().terminal
    assert isinstance(terminal.screen, ScanPapers)
    assert terminal.session is not None
    page = _page()
    pages = (page, replace(page, doubts=(Doubt.UPSIDE_DOWN,), turns=2), replace(page, doubts=(Doubt.SAME_PAGE,)), page)
    session = replace(terminal.session, scans=MappingProxyType({terminal.screen.material.id: pages}))
    return replace(terminal, session=session, screen=replace(terminal.screen, adding=False))


def card_walk() -> Walk:
    """At the papers of a matter that asks for both sides of an identity card."""
    matter = HALL.matters[0]
    card = Material(
        id="identity-card",
        name=Text(zh="身份证", en="Identity card"),
        ask=Text(zh="请放上身份证，正反两面都要拍", en="Lay down the identity card: both sides"),
        hint=Text(zh="平放在黑色台面上。", en="Flat on the dark mat."),
        most=1,
        sides=2,
        short_side_mm=54,
    )
    return Walk(replace(HALL, matters=(matter.model_copy(update={"materials": (card,)}),))).to_papers()


def _card_page() -> Scan:
    return Scan(jpeg=packed(written_page(640, 404), ".jpg"), width=640, height=404, short_side_mm=54)


def _back_awaited() -> Terminal:
    walk = card_walk()
    terminal = walk.do(PageShot(walk.session.number, _card_page())).terminal
    assert isinstance(terminal.screen, ScanPapers)
    looking = replace(terminal.screen, seen=True, findings=(Finding.TAKEN,))
    return replace(terminal, screen=looking)


def _both_sides() -> Terminal:
    walk = card_walk()
    shot = PageShot(walk.session.number, _card_page())
    return walk.do(shot, shot).terminal


def _live(*, good: bool) -> LivePicture:
    picture = np.full((720, 1280, 3), (43, 36, 31), np.uint8)
    corners = ((360.0, 60.0), (900.0, 80.0), (880.0, 690.0), (340.0, 660.0))
    page = written_page(540, 600)
    picture[70:670, 352:892] = page
    return LivePicture(picture, corners, good=good)


PASSPORT = CardFailed(1, CardTrouble.NEEDS_KEY)
BANK_CARD = bank_card("621700123456789012")
OLD = card(1, born="1950-01-01")
ZONE = ("POCHNWANG<<XIUYING<<<<<<<<<<<<<<<<<<<<<<<<<<", "E123456784CHN6803155F3001019<<<<<<<<<<<<<<02")
KEY = MrzKey(document_number="E12345678", birth_date="680315", expires="300101")


QUEUE = QueueSeen(
    waiting=12,
    moving=(
        MovingItem(
            number="TY03-261122-0001-6",
            created=NOON - timedelta(days=1, hours=3),
            sent=873_000,
            size=2_140_000,
            reason="unreachable",
        ),
        MovingItem(number="TY03-261123-0002-C", created=NOON - timedelta(minutes=20), sent=0, size=3_400),
    ),
    held=(
        HeldItem(
            uid="0190f3a0-0000-4000-8000-000000000011",
            number="TY03-261121-0007-X",
            created=NOON - timedelta(days=2),
            reason="http-422",
            matter=HALL.matters[0].title,
            name="王*英",
        ),
        HeldItem(
            uid="0190f3a0-0000-4000-8000-000000000012",
            number="TY03-261122-0002-4",
            created=NOON - timedelta(days=1),
            reason="http-413",
        ),
        HeldItem(
            uid="0190f3a0-0000-4000-8000-000000000013",
            number="TY03-261123-0001-E",
            created=NOON - timedelta(hours=1),
            reason="paper-damaged",
        ),
    ),
    more=4,
)
"""What staff see on a bad day: one item with all that may be shown, two of a terminal without a key store."""


def at_staff(screen: StaffCode | StaffView) -> Terminal:
    """Hall staff at the terminal, nobody served."""
    return replace(Walk().terminal, screen=screen)


def _documents() -> list[Stage]:
    """A travel document that opens only to what is printed on it."""
    shown = Walk().to_card().do(CardChanged(PASSPORT))
    number = shown.session.number
    looking = shown.terminal
    assert isinstance(looking.screen, ShowDocument)
    live = looking.screen
    typed = Walk().to_card().do(CardChanged(PASSPORT), TypeInstead())
    letters = typed.do(Draft("E1234")).terminal
    short = typed.do(Draft("E1"), Next()).terminal
    birth = typed.do(Draft("E12345678"), Next(), Draft("1968031")).terminal
    refused = typed.do(Draft("19680315"), Next(), Draft("20300101"), Next())
    refused.do(CardChanged(CardFailed(2, CardTrouble.WRONG_KEY)))
    can = Walk().to_card().do(CardChanged(PASSPORT), TypeInstead(), TypeCan(True), Draft("123")).terminal
    lay = Walk().to_card().do(CardChanged(PASSPORT), CardChanged(NoCard()), KeySeen(number, KEY)).terminal
    opening = Walk().to_card().do(CardChanged(PASSPORT), KeySeen(number, KEY), CardChanged(Reading(2))).terminal
    pulled = Walk().to_card().do(CardChanged(PASSPORT), KeySeen(number, KEY))
    pulled.do(CardChanged(CardFailed(2, CardTrouble.PULLED)), CardChanged(NoCard()))
    wrong = Walk().to_card().do(CardChanged(PASSPORT), KeySeen(number, KEY))
    wrong.do(CardChanged(CardFailed(2, CardTrouble.WRONG_KEY)), DocumentJudged(number, Sight.NOTHING))
    return [
        Stage("document-show", replace(looking, screen=live), _passport(good=False)),
        Stage("document-seen", replace(looking, screen=replace(live, sight=Sight.SEEN)), _passport(good=True)),
        Stage("document-unclear", replace(looking, screen=replace(live, sight=Sight.UNCLEAR)), _passport(good=False)),
        Stage("document-camera-lost", replace(looking, camera=Lost())),
        Stage("document-wrong", wrong.terminal),
        Stage("document-lay", lay),
        Stage("document-reading", opening),
        Stage("document-pulled", pulled.terminal),
        Stage("document-number", letters),
        Stage("document-number-short", short),
        Stage("document-birth", birth),
        Stage("document-refused", refused.terminal),
        Stage("document-can", can),
    ]


def _offers() -> list[Stage]:
    """What the camera reads instead of the resident typing."""

    def asked() -> Walk:
        way = Walk().do(Begin(), PickWho(False), PickMatter("pension-payout-account"), Next(), Agree(NOON))
        return way.do(CardChanged(OLD), ThatIsRight())

    account = asked()
    number = account.session.number
    showing = account.do(UseCamera()).terminal
    assert isinstance(showing.screen, ShowPaper)
    live = replace(showing.screen, seen=True)
    card = under_camera(bank_card_front(BANK_CARD), size=(1280, 720))
    read = account.do(PageShot(number, SCAN))
    reading = read.terminal
    offer = read.do(PageRead(number, SCAN, seen(Kind.BANK_CARD, BANK_CARD))).terminal
    taken = read.do(TakeOffer(BANK_CARD)).terminal
    unread = asked().do(UseCamera(), PageShot(number, SCAN), PageRead(number, SCAN, ())).terminal
    name = asked().do(Draft(BANK_CARD), Next(), Draft("13812345678"), Next(), WriteOwn(True), UseCamera())
    name.do(PageShot(number, SCAN), PageRead(number, SCAN, seen(Kind.NAME, "王秀英")))
    papers = Walk().to_papers()
    page = _page()
    papers.do(PageShot(number, page), PageRead(number, page, seen(Kind.ID_NUMBER, LI.fields["id_number"])))
    another = papers.terminal
    review = papers.do(Next()).terminal
    return [
        Stage("offer-show", replace(showing, screen=live), LivePicture(card, None, good=False)),
        Stage("offer-reading", reading),
        Stage("offer-card", offer),
        Stage("offer-taken", taken),
        Stage("offer-unread", unread),
        Stage("offer-name", name.terminal),
        Stage("paper-of-another", another),
        Stage("review-of-another", review),
    ]


def _passport(*, good: bool) -> LivePicture:
    picture = under_camera(document_page(ZONE), degrees=4, size=(1280, 720))
    zone = find_zone(picture)
    assert zone is not None
    return LivePicture(picture, zone.corners if good else None, good=good)


def _found(count: int) -> tuple[Found, ...]:
    states = [(Delivery.DONE, "330100-2026-001234"), (Delivery.READY, None), (Delivery.HELD, None)]
    return tuple(
        Found(
            uid=f"0190f3a0-0000-4000-8000-00000000000{index}",
            provisional_number=f"TY03-2611{23 - index}-004{index}-K",
            matter=HALL.matters[0].title,
            created=NOON - timedelta(days=index),
            delivery=states[index % 3][0],
            case_number=states[index % 3][1],
            slip_text="x" if index < 2 else None,
        )
        for index in range(count)
    )


def stages() -> list[Stage]:
    """All of them, in the order of the way through."""
    refusal = HALL.matters[0].refusals[0]
    papers = Walk().to_papers()
    shot = papers.do(PageShot(papers.session.number, _page())).terminal
    paper_screen = Walk().to_papers().terminal
    assert isinstance(paper_screen.screen, ScanPapers)
    scanning = replace(paper_screen.screen, seen=True)
    handed = at(HandedIn(stored=STORED))
    review = Walk().to_papers()
    review.do(PageShot(review.session.number, _page()), Next())
    asked = Walk().to_questions()
    now = asked.terminal.now
    village = Walk().to_questions().do(Draft("13812345678"), Next())
    village_chosen = Walk().to_questions().do(Draft("13812345678"), Next(), Draft("003"))
    village_written = Walk().to_questions().do(Draft("13812345678"), Next(), WriteOwn(True))
    hukou = Walk().to_questions().do(Draft("13812345678"), Next(), Draft("003"), Next())
    level = Walk().to_questions().do(Draft("13812345678"), Next(), Draft("003"), Next(), Draft("rural"), Next())
    waiting = Walk().to_card().terminal
    assert isinstance(waiting.screen, Identify)
    found = Walk().to_card().do(CardChanged(WANG)).terminal
    proxy = Walk().to_card(on_behalf=True)
    other = Walk().to_questions().do(CardChanged(NoCard()), CardChanged(LI))
    listed = [
        Stage("welcome", Walk().terminal),
        Stage(
            "welcome-paper-low",
            replace(Walk().terminal, printer=PrinterStatus(trouble=None, paper_low=True, certain=True)),
        ),
        Stage("welcome-held", replace(Walk().terminal, held=2)),
        Stage("who-for", Walk().do(Begin()).terminal),
        Stage("matters", Walk().do(Begin(), PickWho(False)).terminal),
        Stage("guide", Walk().do(Begin(), PickWho(False), PickMatter("pension-enrolment")).terminal),
        Stage("consent", Walk().do(Begin(), PickWho(False), PickMatter("pension-enrolment"), Next()).terminal),
        Stage("card-waiting", waiting),
        Stage("card-waiting-proxy", proxy.terminal),
        Stage("card-trouble", replace(waiting, screen=Identify(role=Role.APPLICANT, trouble="card-mute"))),
        Stage("card-found", found),
        Stage("card-closed", replace(waiting, screen=Identify(role=Role.APPLICANT, trouble="card-needs-key"))),
        *_documents(),
        Stage("refused", at(Refused(refusal))),
        Stage("question-phone", Walk().to_questions().do(Draft("138123")).terminal),
        Stage("question-phone-wrong", Walk().to_questions().do(Draft("138"), Next()).terminal),
        Stage("question-village", village.terminal),
        Stage("question-village-chosen", village_chosen.terminal),
        Stage("question-village-written", village_written.terminal),
        Stage("question-hukou", hukou.terminal),
        Stage("question-level", level.terminal),
        *_offers(),
        Stage("paper-opening", paper_screen),
        Stage("paper-good", replace(paper_screen, screen=scanning), _live(good=True)),
        Stage(
            "paper-glare",
            replace(paper_screen, screen=replace(scanning, findings=(Finding.GLARE,))),
            _live(good=False),
        ),
        Stage("paper-camera-lost", replace(paper_screen, camera=Lost(), screen=scanning)),
        Stage("paper-taken", shot),
        Stage("paper-pages", _pages()),
        Stage("paper-back-awaited", _back_awaited(), _live(good=False)),
        Stage("paper-both-sides", _both_sides()),
        Stage("review", review.terminal),
        Stage("sign", at(Sign())),
        Stage("sign-empty", at(Sign(empty=True))),
        Stage("handing-in", at(HandingIn())),
        Stage("handing-in-trouble", at(HandingIn(trouble="storage-full"))),
        Stage("handed-in-printing", handed),
        Stage("handed-in-stored", at(HandedIn(stored=STORED, printing=Printing.PRINTED))),
        Stage(
            "handed-in-done",
            at(
                HandedIn(
                    stored=STORED,
                    printing=Printing.PRINTED,
                    delivery=Delivery.DONE,
                    case_number="330100-2026-001234",
                    rating=5,
                )
            ),
        ),
        Stage(
            "handed-in-cancelled",
            at(HandedIn(stored=STORED, delivery=Delivery.CANCELLED, printing=Printing.PRINTED)),
        ),
        Stage("handed-in-no-slip", at(HandedIn(stored=STORED, printing=Printing.NOT_PRINTED))),
        Stage("thanks", at(Thanks(until=now + 8))),
        Stage("find-by-card", Walk().do(FindMine(by_slip=False)).terminal),
        Stage("find-by-card-found", at(FindByCard(found=_found(3)))),
        Stage("find-by-card-none", at(FindByCard(found=()))),
        Stage("find-by-slip", at(FindBySlip()), _live(good=False)),
        Stage("find-by-slip-other", at(FindBySlip(trouble="code-notice")), _live(good=False)),
        Stage(
            "find-by-slip-elsewhere",
            at(
                FindBySlip(
                    elsewhere=Elsewhere(
                        number="TY05-261121-0012-6",
                        terminal="TY05",
                        hall="清溪镇便民服务大厅",
                        day=date(2026, 11, 21),
                    )
                )
            ),
        ),
        Stage("staff-code", at_staff(StaffCode(draft="204060"))),
        Stage("staff-code-wrong", at_staff(StaffCode(wrong=True))),
        Stage("staff-code-locked", replace(at_staff(StaffCode(wrong=True)), staff_locked=now + 600)),
        Stage("staff-view", at_staff(StaffView(seen=QUEUE, sent=frozenset({QUEUE.held[1].uid})))),
        Stage("staff-view-moving", at_staff(StaffView(seen=replace(QUEUE, held=(), more=0)))),
        Stage("staff-view-none", at_staff(StaffView(seen=QueueSeen(waiting=0, held=())))),
        Stage("idle-warning", replace(level.terminal, overlay=IdleWarning(until=level.terminal.now + 20))),
        Stage("other-card", other.terminal),
        Stage("confirm-finish", Walk().to_questions().do(Finish()).terminal),
        Stage("staff-called", Walk().to_questions().do(CallStaff()).terminal),
    ]
    on = Live(1280, 720)
    return [replace(each, terminal=replace(each.terminal, camera=on)) if each.live else each for each in listed]
