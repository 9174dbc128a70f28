"""What can happen to a resident: the way through, its trouble, and the rules that hold everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.camera.api import Live, Off
from devices.card.api import CardFailed, CardState, CardTrouble, NoCard, NoReader, NoService, Reading
from devices.printer.api import Outcome, PrinterTrouble
from kiosk.domain.resident import Role
from kiosk.journey.effects import (
    AlertStaff,
    LookUpCard,
    LookUpCode,
    PrintSlip,
    Purpose,
    SendRating,
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
    CallStaff,
    CameraChanged,
    CardChanged,
    CloseOverlay,
    CodeSeen,
    Draft,
    Edit,
    FindMine,
    Finish,
    FinishForSure,
    LookedUp,
    Next,
    PageShot,
    PickLanguage,
    PickMatter,
    PickWho,
    PrintAgain,
    Rate,
    SetCare,
    Signed,
    SlipEnded,
    StoreDone,
    StoreFailed,
    SyncChanged,
    ThatIsRight,
    TryAgain,
    WriteOwn,
)
from kiosk.journey.states import (
    Ask,
    AskConsent,
    ChooseMatter,
    Delivery,
    FindByCard,
    FindBySlip,
    Found,
    HandedIn,
    HandingIn,
    Identify,
    Printing,
    Refused,
    Review,
    ScanPapers,
    ShowGuide,
    Sign,
    StaffCalled,
    Thanks,
    Welcome,
    WhoFor,
)
from tests.support.journeys import CHILD, LI, NOON, SCAN, STORED, WANG, Walk, card

SLIP = STORED.slip_text
FOUND = Found(
    uid=STORED.uid,
    provisional_number=STORED.provisional_number,
    matter=None,
    created=NOON,
    delivery=Delivery.DONE,
    case_number="C1",
    slip_text=STORED.slip_text,
)


def test_the_whole_way_for_oneself() -> None:
    walk = Walk().to_slip()
    assert isinstance(walk.screen, HandedIn)
    store = next(effect for effect in walk.effects if isinstance(effect, Store))
    assert dict(store.session.answers) == {"phone": "13812345678", "village": "003", "hukou": "rural", "level": "500"}
    assert store.session.scans["household-register"] == (SCAN,)
    assert store.session.agreed is not None
    assert (store.session.agreed.version, store.session.agreed.at) == ("2026-11", NOON)
    assert walk.effects[-1] == PrintSlip(1, STORED.uid, reprint=False)
    walk.do(SlipEnded(1, STORED.uid, Outcome.PRINTED), Rate(4), Rate(1), Finish())
    assert [effect for effect in walk.effects if isinstance(effect, SendRating)] == [SendRating(STORED.uid, 4)]
    assert isinstance(walk.screen, Thanks)
    walk.wait(9)
    assert isinstance(walk.screen, Welcome)
    assert walk.effects[-1] == Wipe(1)


def test_the_slip_is_asked_for_only_after_the_store_answered() -> None:
    walk = Walk().to_storing()
    assert not any(isinstance(effect, PrintSlip) for effect in walk.effects)
    walk.do(StoreFailed(1, "storage-full"))
    assert walk.screen == HandingIn(trouble="storage-full")
    assert not any(isinstance(effect, PrintSlip) for effect in walk.effects)
    assert walk.session.scans  # nothing is lost
    walk.do(TryAgain())
    assert sum(isinstance(effect, Store) for effect in walk.effects) == 2
    walk.do(StoreDone(1, STORED))
    assert isinstance(walk.screen, HandedIn)


@pytest.mark.parametrize(("trouble", "back"), [("storage-failed", False), ("storage-full", True), ("too-large", True)])
def test_what_may_be_stored_after_all_is_not_changed(trouble: str, back: bool) -> None:
    walk = Walk().to_storing().do(StoreFailed(1, trouble), Back())
    assert isinstance(walk.screen, Review) == back
    if not back:
        assert walk.screen == HandingIn(trouble=trouble)
        assert walk.session.signature
        walk.do(TryAgain(), StoreDone(1, STORED))
        assert isinstance(walk.screen, HandedIn)


def test_what_is_stored_is_let_go_of_at_once() -> None:
    session = Walk().to_slip().session
    assert not session.scans
    assert not session.answers
    assert session.signature is None


def test_for_someone_else_both_cards_are_read() -> None:
    walk = Walk().to_card(on_behalf=True).do(CardChanged(LI), ThatIsRight())
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is None  # the same card still lies there
    walk.do(CardChanged(NoCard()), CardChanged(replace(LI, insertion=3)))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == "card-same-person"
    walk.do(CardChanged(replace(WANG, insertion=4)), ThatIsRight())
    assert isinstance(walk.screen, Ask)
    assert walk.session.proxy is not None
    assert walk.session.proxy.name == "李建国"
    assert walk.session.applicant is not None
    assert walk.session.applicant.name == "王秀英"
    assert walk.session.served == walk.session.proxy
    walk.do(Back(), Back())
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is not None
    assert walk.screen.found.name == "李建国"


def test_a_card_laid_on_begins_and_is_used_after_consent_only() -> None:
    walk = Walk().do(CardChanged(WANG))
    assert isinstance(walk.screen, WhoFor)
    assert walk.session.applicant is None
    walk.do(PickWho(False), PickMatter("pension-enrolment"), Next(), Agree(NOON))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is not None
    assert walk.session.applicant is None  # until "yes, that's me"


@pytest.mark.parametrize("trouble", [trouble for trouble in CardTrouble if trouble is not CardTrouble.NEEDS_KEY])
def test_a_failed_card_says_why_and_the_next_insertion_is_a_new_chance(trouble: CardTrouble) -> None:
    walk = Walk().to_card().do(CardChanged(CardFailed(1, trouble)))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == trouble.value
    walk.do(CardChanged(NoCard()))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == trouble.value  # long enough to be read
    walk.do(CardChanged(Reading(2)), CardChanged(replace(WANG, insertion=2)))
    assert isinstance(walk.screen, Identify)
    assert (walk.screen.trouble, walk.screen.found is not None) == (None, True)


@pytest.mark.parametrize(("state", "code"), [(NoReader(), "no-reader"), (NoService(), "no-service")])
def test_a_missing_reader_is_said_and_forgotten_when_it_is_back(state: CardState, code: str) -> None:
    walk = Walk().to_card().do(CardChanged(state))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == code
    walk.do(CardChanged(NoCard()))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble is None


def test_a_card_without_a_whole_identity_is_refused() -> None:
    partial = replace(WANG, fields={"name": "王秀英"})
    walk = Walk().to_card().do(CardChanged(partial))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == "card-incomplete"


def test_the_wrong_person_on_the_card() -> None:
    walk = Walk().to_card().do(CardChanged(WANG), AnotherCard())
    assert walk.screen == Identify(role=Role.APPLICANT, insertion=1)
    walk.do(CardChanged(WANG))  # still lying there
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is None


def test_under_sixteen_is_told_why() -> None:
    walk = Walk().to_card().do(CardChanged(CHILD), ThatIsRight())
    assert isinstance(walk.screen, Refused)
    assert walk.screen.refusal.id == "too-young"
    walk.do(Next())
    assert isinstance(walk.screen, Welcome)
    assert walk.effects[-1] == Wipe(1)


def test_only_what_applies_is_asked() -> None:
    old = card(1, born="1950-01-01")
    walk = Walk().to_questions(old)
    for answer in ("13812345678", "003", "rural"):
        walk.do(Draft(answer), Next())
    assert isinstance(walk.screen, ScanPapers)  # no contribution level at 76
    assert "level" not in walk.session.answers


def test_a_wrong_answer_stays_and_says_so() -> None:
    walk = Walk().to_questions().do(Draft("1381234x56"), Next())
    assert isinstance(walk.screen, Ask)
    assert (walk.screen.wrong, walk.screen.draft) == (True, "138123456")
    walk.do(Draft("138123456789999"))
    assert isinstance(walk.screen, Ask)
    assert (walk.screen.wrong, walk.screen.draft) == (False, "13812345678")


def test_nothing_is_chosen_beforehand() -> None:
    walk = Walk().to_questions().do(Draft("13812345678"), Next())
    assert isinstance(walk.screen, Ask)
    assert walk.screen.draft == ""
    walk.do(Next())
    assert isinstance(walk.screen, Ask)
    assert walk.screen.wrong
    walk.do(Draft("999"), Next())
    assert isinstance(walk.screen, Ask)
    assert walk.screen.wrong  # not one of the choices


def test_a_village_that_is_not_listed_is_written() -> None:
    walk = Walk().to_questions().do(Draft("13812345678"), Next(), WriteOwn(True), Draft("  新\u0007村"), Next())
    assert walk.session.answers["village"] == "新村"
    assert walk.session.written == {"village"}
    walk.do(Back())
    assert isinstance(walk.screen, Ask)
    assert (walk.screen.writing, walk.screen.draft) == (True, "新村")
    walk.do(Back(), Draft("003"), Next())
    assert walk.session.written == frozenset()


def test_backwards_from_the_papers_to_the_welcome_screen() -> None:
    walk = Walk().to_papers()
    seen = [type(walk.screen)]
    for _ in range(12):
        walk.do(Back())
        seen.append(type(walk.screen))
    assert seen == [
        ScanPapers, Ask, Ask, Ask, Ask, Identify, AskConsent, ShowGuide, ChooseMatter, WhoFor, Welcome, Welcome,
        Welcome,
    ]  # fmt: skip


def test_editing_from_the_review_comes_back_to_it() -> None:
    walk = Walk().to_review().do(Edit("hukou"), Draft("urban"), Next())
    assert isinstance(walk.screen, Review)
    assert walk.session.answers["hukou"] == "urban"
    walk.do(Edit("phone"), Draft("1"), Back())
    assert walk.session.answers["phone"] == "13812345678"
    walk.do(Edit("household-register"))
    assert isinstance(walk.screen, ScanPapers)
    assert not walk.screen.adding
    walk.do(AddPage(), PageShot(1, SCAN), Next())
    assert isinstance(walk.screen, Review)
    walk.do(Edit("household-register"), Back(), Edit("nothing"))
    assert isinstance(walk.screen, Review)
    walk.do(Back())
    assert isinstance(walk.screen, ScanPapers)


def test_an_empty_signature_is_not_handed_in() -> None:
    walk = Walk().to_review().do(Next(), Signed(None))
    assert walk.screen == Sign(empty=True)
    assert not any(isinstance(effect, Store) for effect in walk.effects)
    walk.do(Back())
    assert isinstance(walk.screen, Review)


@pytest.mark.parametrize("outcome", [Outcome.NOT_PRINTED, Outcome.UNKNOWN])
def test_a_slip_that_failed_is_printed_again_only_when_asked(outcome: Outcome) -> None:
    walk = Walk().to_slip().do(PrintAgain(STORED.uid))
    assert sum(isinstance(effect, PrintSlip) for effect in walk.effects) == 1  # still running
    walk.do(SlipEnded(1, STORED.uid, outcome))
    assert sum(isinstance(effect, PrintSlip) for effect in walk.effects) == 1
    walk.do(PrintAgain(STORED.uid), PrintAgain(STORED.uid))
    assert walk.effects[-1] == PrintSlip(1, STORED.uid, reprint=True)
    assert sum(isinstance(effect, PrintSlip) for effect in walk.effects) == 2
    walk.do(SlipEnded(1, STORED.uid, Outcome.PRINTED), PrintAgain(STORED.uid))
    assert sum(isinstance(effect, PrintSlip) for effect in walk.effects) == 2


def test_the_sync_shows_while_the_resident_still_stands_there() -> None:
    walk = Walk().to_slip().do(SyncChanged("other", Delivery.DONE, "X"), SyncChanged(STORED.uid, Delivery.DONE, "C-7"))
    assert isinstance(walk.screen, HandedIn)
    assert (walk.screen.delivery, walk.screen.case_number) == (Delivery.DONE, "C-7")


def test_another_matter_begins_anew_in_the_same_language() -> None:
    walk = Walk().do(PickLanguage("en"), SetCare(True)).to_slip().do(AnotherMatter())
    assert isinstance(walk.screen, WhoFor)
    assert (walk.terminal.language, walk.terminal.care, walk.session.number) == ("en", True, 2)
    assert Wipe(1) in walk.effects


def test_progress_by_card_and_a_reprint() -> None:
    walk = Walk().do(FindMine(by_slip=False), CardChanged(WANG))
    assert walk.effects[-1] == LookUpCard(1, 1, WANG.fields["id_number"])
    walk.do(LookedUp(1, (FOUND,), insertion=1), PrintAgain("unknown"), PrintAgain(FOUND.uid))
    assert walk.effects[-1] == PrintSlip(1, FOUND.uid, reprint=True)
    walk.do(SlipEnded(1, FOUND.uid, Outcome.PRINTED))
    assert isinstance(walk.screen, FindByCard)
    assert walk.screen.printing is Printing.PRINTED
    walk.do(Back())
    assert walk.effects[-1] == Wipe(1)


@pytest.mark.parametrize("first", [(FOUND,), ()])
def test_the_next_card_shows_its_own_owners_progress_only(first: tuple[Found, ...]) -> None:
    walk = Walk().do(FindMine(by_slip=False), CardChanged(WANG), LookedUp(1, first, insertion=1))
    walk.do(PrintAgain(FOUND.uid), CardChanged(NoCard()))
    assert isinstance(walk.screen, FindByCard)
    assert walk.screen.found == first  # the card may be taken away
    walk.do(CardChanged(LI))
    assert walk.screen == FindByCard(insertion=2)
    assert walk.effects[-1] == LookUpCard(1, 2, LI.fields["id_number"])
    walk.do(LookedUp(1, (FOUND,), insertion=1), SlipEnded(1, FOUND.uid, Outcome.PRINTED))
    assert walk.screen == FindByCard(insertion=2)
    walk.do(LookedUp(1, (), "nothing-found", 2))
    assert walk.screen == FindByCard(found=(), insertion=2)


def test_progress_by_a_card_that_fails() -> None:
    walk = Walk().do(FindMine(by_slip=False), CardChanged(CardFailed(1, CardTrouble.MUTE)))
    assert isinstance(walk.screen, FindByCard)
    assert walk.screen.trouble == "card-mute"


def test_progress_by_the_code_on_a_slip() -> None:
    walk = Walk().do(FindMine(by_slip=True))
    assert walk.effects[-1] == StartCamera(1, Purpose.CODE)
    walk.do(CameraChanged(Live(1280, 720)), CodeSeen(1, SLIP))
    assert walk.effects[-1] == LookUpCode(1, SLIP)
    walk.do(LookedUp(1, (), "code-foreign"))
    assert isinstance(walk.screen, FindBySlip)
    assert walk.screen.trouble == "code-foreign"
    walk.do(LookedUp(1, (FOUND,)))
    assert walk.effects[-1] == StopCamera()


def test_the_camera_is_known_to_be_on_wherever_the_resident_is() -> None:
    walk = Walk().do(FindMine(by_slip=True), CameraChanged(Live(1280, 720)), Back())
    assert isinstance(walk.screen, Welcome)
    assert walk.terminal.camera == Live(1280, 720)  # until it says otherwise itself
    walk.do(CameraChanged(Off()))
    assert walk.terminal.camera == Off()


def test_a_code_that_is_no_slip_says_what_it_is_and_is_not_looked_up() -> None:
    walk = Walk().do(FindMine(by_slip=True))
    before = len(walk.effects)
    for text, trouble in (
        ("https://example.com/win", "code-foreign"),
        ("https://district.example/m#v1.pension-enrolment", "code-matter"),
        ("https://district.example/n#v1.pension-enrolment.261123", "code-notice"),
        ("https://district.example/e#v1.AAAAAAAAAAAAAAAAAAAAAA", "code-enrolment"),
        ("https://district.example/s#v2.anything", "slip-of-other-version"),
    ):
        walk.do(CodeSeen(1, text))
        assert isinstance(walk.screen, FindBySlip)
        assert walk.screen.trouble == trouble
    assert len(walk.effects) == before
    walk.do(CodeSeen(1, SLIP))
    assert isinstance(walk.screen, FindBySlip)
    assert walk.screen.trouble == "slip-of-other-version"  # until the answer comes
    walk.do(LookedUp(1, (FOUND,)))
    assert isinstance(walk.screen, FindBySlip)
    assert walk.screen.trouble is None


def test_help_is_called_and_the_way_goes_on() -> None:
    walk = Walk().to_questions().do(Draft("138"), CallStaff())
    assert isinstance(walk.terminal.overlay, StaffCalled)
    assert walk.effects[-1] == AlertStaff()
    walk.do(CloseOverlay())
    assert isinstance(walk.screen, Ask)
    assert walk.screen.draft == "138"


def test_a_disk_that_fails_at_looking_up_is_said_and_the_card_can_be_laid_again() -> None:
    walk = Walk().do(FindMine(by_slip=False), CardChanged(WANG), LookedUp(1, (), "lookup-failed", 1))
    assert isinstance(walk.screen, FindByCard)
    assert (walk.screen.trouble, walk.screen.found) == ("lookup-failed", None)
    walk.do(CardChanged(NoCard()), CardChanged(replace(WANG, insertion=2)))
    assert sum(isinstance(effect, LookUpCard) for effect in walk.effects) == 2


def test_answers_for_an_earlier_session_are_dropped() -> None:
    walk = Walk().to_storing().do()
    number = walk.session.number
    walk.do(StoreFailed(number, "storage-full"), Finish(), FinishForSure()).to_storing()
    walk.do(StoreDone(number, STORED))
    assert isinstance(walk.screen, HandingIn)


def test_the_printers_own_trouble_is_told_until_the_slip_is_there() -> None:
    ended = SlipEnded(1, STORED.uid, Outcome.NOT_PRINTED, PrinterTrouble.PAPER_OUT)
    walk = Walk().to_slip().do(ended)
    assert isinstance(walk.screen, HandedIn)
    assert (walk.screen.printing, walk.screen.printer) == (Printing.NOT_PRINTED, "printer-paper-out")
    walk.do(PrintAgain(STORED.uid), SlipEnded(1, STORED.uid, Outcome.PRINTED))
    assert isinstance(walk.screen, HandedIn)
    assert walk.screen.printer is None
