"""What the camera read off a paper: offered, taken or refused by a touch, and never in the way."""

from __future__ import annotations

import pytest

from devices.camera.api import Finding, Live, Lost, Scan
from devices.camera.reading.api import Kind, ReadingTrouble
from kiosk.journey.effects import Purpose, ReadPage, Shoot, StartCamera, StopCamera, Store
from kiosk.journey.events import (
    AddPage,
    Agree,
    Back,
    Begin,
    CameraChanged,
    CardChanged,
    Draft,
    Edit,
    Next,
    PageJudged,
    PageRead,
    PageShot,
    PickMatter,
    PickWho,
    RefuseOffer,
    RemovePage,
    ShootNow,
    Signed,
    StoreDone,
    TakeOffer,
    ThatIsRight,
    UseCamera,
    WriteOwn,
)
from kiosk.journey.offers import offered, readable, shows_another
from kiosk.journey.states import Ask, Review, ScanPapers, ShowPaper, Welcome
from tests.support.journeys import LI, NOON, SCAN, STORED, WANG, Walk, card
from tests.support.reader import seen
from tests.support.written import bank_card

CARD = bank_card("621700123456789012")
OTHER = bank_card("622848001234567890")
PAGE = Scan(jpeg=b"register", width=10, height=10)


def asked() -> Walk:
    walk = Walk().do(Begin(), PickWho(False), PickMatter("pension-payout-account"), Next(), Agree(NOON))
    return walk.do(CardChanged(card(1, born="1950-01-01")), ThatIsRight())


def read(*texts: str) -> Walk:
    return asked().do(UseCamera(), PageShot(1, SCAN), PageRead(1, SCAN, seen(Kind.BANK_CARD, *texts)))


def ask(walk: Walk) -> Ask:
    assert isinstance(walk.screen, Ask)
    return walk.screen


def test_a_card_is_shown_read_offered_and_taken() -> None:
    walk = asked().do(UseCamera())
    assert walk.effects[-1] == StartCamera(1, Purpose.PAPER, 54.0)
    walk.do(CameraChanged(Live(1280, 720)), PageJudged(1, (Finding.GLARE,)))
    assert isinstance(walk.screen, ShowPaper)
    assert (walk.terminal.camera, walk.screen.findings) == (Live(1280, 720), (Finding.GLARE,))
    walk.do(PageShot(1, None), PageShot(1, SCAN))
    assert walk.effects[-2:] == [StopCamera(), ReadPage(1, SCAN, frozenset({Kind.BANK_CARD}))]
    walk.do(PageRead(1, SCAN, seen(Kind.BANK_CARD, CARD)))
    assert ask(walk).draft == ""  # offered, not filled in
    assert offered(walk.session, ask(walk)) == (CARD,)
    assert not walk.session.scans  # the picture was dropped
    walk.do(TakeOffer(CARD))
    assert ask(walk).draft == CARD
    assert offered(walk.session, ask(walk)) == ()
    assert "account" not in walk.session.answers  # until "next"
    assert walk.do(Next()).session.answers["account"] == CARD


def test_what_was_read_is_refused_by_one_touch_and_does_not_come_back() -> None:
    walk = read(CARD, OTHER).do(Draft("62"), RefuseOffer(CARD))
    assert (ask(walk).draft, offered(walk.session, ask(walk))) == ("62", (OTHER,))
    walk.do(RefuseOffer(OTHER))
    assert offered(walk.session, ask(walk)) == ()


def test_only_what_was_offered_can_be_taken() -> None:
    walk = read(CARD).do(TakeOffer(OTHER), RefuseOffer(OTHER))
    assert (ask(walk).draft, offered(walk.session, ask(walk))) == ("", (CARD,))


@pytest.mark.parametrize("nothing", [(), ReadingTrouble.SLOW, ReadingTrouble.FAILED])
def test_nothing_read_costs_nothing(nothing: tuple[()] | ReadingTrouble) -> None:
    walk = asked().do(Draft("6217"), UseCamera(), PageShot(1, SCAN), PageRead(1, SCAN, nothing))
    assert (ask(walk).unread, ask(walk).draft) == (True, "6217")
    walk.do(UseCamera())
    assert isinstance(walk.screen, ShowPaper)
    assert not walk.screen.ask.unread


def test_back_while_it_is_shown_or_read_and_a_late_answer() -> None:
    walk = asked().do(UseCamera(), Back())
    assert walk.effects[-1] == StopCamera()
    walk.do(UseCamera(), PageShot(1, SCAN), Back())
    assert isinstance(walk.effects[-1], ReadPage)  # the camera was off already
    before = walk.terminal
    walk.do(PageRead(1, SCAN, seen(Kind.BANK_CARD, CARD)))
    assert walk.terminal == before
    walk.do(UseCamera(), PageRead(1, SCAN, seen(Kind.BANK_CARD, CARD)))
    assert isinstance(walk.screen, ShowPaper)  # of a picture from before


def test_by_hand_once_and_a_camera_that_is_lost_while_shooting() -> None:
    walk = asked().do(UseCamera(), ShootNow(), ShootNow())
    assert sum(isinstance(effect, Shoot) for effect in walk.effects) == 1
    walk.do(PageJudged(1, ()), CameraChanged(Lost()), ShootNow())
    assert sum(isinstance(effect, Shoot) for effect in walk.effects) == 2


def test_a_question_that_nothing_answers_has_no_camera() -> None:
    walk = Walk().to_questions().do(UseCamera())
    assert not readable(ask(walk))
    assert offered(walk.session, ask(walk)) == ()
    walk.do(RefuseOffer("x"))
    assert isinstance(walk.screen, Ask)


def test_a_name_is_offered_where_one_is_written() -> None:
    walk = asked().do(Draft(CARD), Next(), Draft("13812345678"), Next())
    assert not readable(ask(walk))  # while choices are shown
    walk.do(WriteOwn(True), UseCamera(), PageShot(1, SCAN), PageRead(1, SCAN, seen(Kind.NAME, "李建国")))
    assert (ask(walk).writing, offered(walk.session, ask(walk))) == (True, ("李建国",))
    walk.do(TakeOffer("李建国"), Next())
    assert walk.session.answers["contact"] == "李建国"
    assert "contact" in walk.session.written


def test_a_paper_scanned_later_offers_its_number_when_the_answer_is_changed() -> None:
    walk = asked().do(Draft(OTHER), Next(), Draft("13812345678"), Next(), Draft("nobody"), Next())
    assert isinstance(walk.screen, ScanPapers)
    walk.do(PageShot(1, SCAN))
    (asked_for,) = [effect for effect in walk.effects if isinstance(effect, ReadPage)]
    assert asked_for == ReadPage(1, SCAN, frozenset({Kind.BANK_CARD, Kind.NAME}))
    walk.do(Next(), PageRead(1, SCAN, seen(Kind.BANK_CARD, CARD)))  # answered while the resident went on
    assert isinstance(walk.screen, Review)
    assert walk.session.answers["account"] == OTHER
    walk.do(Edit("account"))
    assert offered(walk.session, ask(walk)) == (CARD,)
    walk.do(TakeOffer(CARD), Next())
    assert walk.session.answers["account"] == CARD


def register(*numbers: str, walk: Walk | None = None) -> Walk:
    walk = walk or Walk().to_papers()
    return walk.do(PageShot(1, PAGE), PageRead(1, PAGE, seen(Kind.ID_NUMBER, *numbers)))


def another(walk: Walk) -> bool:
    assert walk.session.matter is not None
    return shows_another(walk.session, walk.session.matter.materials[0])


def test_somebody_elses_register_is_asked_about_and_never_in_the_way() -> None:
    walk = register(LI.fields["id_number"])
    assert ReadPage(1, PAGE, frozenset({Kind.ID_NUMBER})) in walk.effects
    assert another(walk)
    walk.do(Next(), Next(), Signed(b"png"))
    assert any(isinstance(effect, Store) for effect in walk.effects)


def test_a_page_with_the_applicant_among_others_is_right() -> None:
    assert not another(register(LI.fields["id_number"], WANG.fields["id_number"]))
    assert not another(register())
    walk = register(LI.fields["id_number"]).do(AddPage())
    walk.do(PageShot(1, SCAN), PageRead(1, SCAN, seen(Kind.ID_NUMBER, WANG.fields["id_number"])))
    assert not another(walk)
    assert another(walk.do(RemovePage(1)))


def test_what_was_read_on_a_page_taken_away_means_nothing() -> None:
    walk = register(LI.fields["id_number"]).do(RemovePage(0), PageShot(1, SCAN))
    assert not another(walk)
    walk.do(RemovePage(0), PageRead(1, SCAN, seen(Kind.ID_NUMBER, LI.fields["id_number"])))
    assert not walk.session.numbers.get(SCAN)


def test_what_was_read_goes_with_the_papers() -> None:
    walk = register(LI.fields["id_number"]).do(Next(), Next(), Signed(b"png"), StoreDone(1, STORED))
    assert not walk.session.numbers
    assert not walk.session.offers
    walk = read(CARD).wait(500).wait(500)
    assert isinstance(walk.screen, Welcome)
    walk.do(PageRead(1, SCAN, seen(Kind.BANK_CARD, CARD)))
    assert CARD not in repr(walk.terminal)
