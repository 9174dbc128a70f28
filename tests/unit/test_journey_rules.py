"""The rules that hold wherever a resident is: a way out that wipes, nobody mixed, a camera that rests."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.camera.reading.api import Kind
from devices.card.api import CardFailed, CardRead, CardTrouble, MrzKey, NoCard, NoReader, Reading
from devices.printer.api import Outcome
from kiosk.journey.effects import (
    Hush,
    LookUpCard,
    StartCamera,
    StopCamera,
    Store,
    Warn,
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
    CardChanged,
    CloseOverlay,
    CodeSeen,
    Draft,
    Edit,
    Event,
    FindMine,
    Finish,
    FinishForSure,
    KeySeen,
    LookedUp,
    Next,
    OpenStaff,
    PageRead,
    PageShot,
    PickLanguage,
    PickMatter,
    PickWho,
    PrintAgain,
    QueueTold,
    Rate,
    RemovePage,
    SendAgain,
    SetCare,
    ShootNow,
    Signed,
    SlipEnded,
    StaffChecked,
    StoreDone,
    StoreFailed,
    SwitchToOtherCard,
    TakeOffer,
    ThatIsRight,
    Tick,
    Touched,
    TryAgain,
    TypeCan,
    TypeInstead,
    UseCamera,
    WriteOwn,
)
from kiosk.journey.staffed import HeldItem, QueueSeen
from kiosk.journey.states import (
    ConfirmFinish,
    Delivery,
    FindByCard,
    FindBySlip,
    Found,
    HandingIn,
    IdleWarning,
    ScanPapers,
    ShowDocument,
    ShowPaper,
    Terminal,
    Thanks,
    Welcome,
)
from tests.support.journeys import CHILD, LI, NOON, SCAN, STORED, TODAY, WANG, Walk, card
from tests.support.reader import seen
from tests.support.written import bank_card

FOUND = Found(
    uid=STORED.uid,
    provisional_number=STORED.provisional_number,
    matter=None,
    created=NOON,
    delivery=Delivery.DONE,
    case_number="C1",
    slip_text=STORED.slip_text,
)


KEY = MrzKey(document_number="E12345678", birth_date="680315", expires="300101")
QUEUE = QueueSeen(waiting=1, held=(HeldItem(uid="u", number="n", created=NOON, reason="http-422"),))
DRAFTS = ["13812345678", "621700", "nobody", "003", "rural", "500", "", "村", "E12345678", "19680315"]
ACCOUNT = bank_card("621700123456789012")
_numbers = st.integers(min_value=1, max_value=4)
OLD = card(1, "王秀英", WANG.fields["id_number"], "1950-01-01")
_cards = st.sampled_from([WANG, LI, CHILD, OLD]).flatmap(
    lambda read: st.integers(1, 30).map(lambda insertion: replace(read, insertion=insertion))
)


def _looked_up(session: int, insertion: int) -> LookedUp:
    return LookedUp(session, (replace(FOUND, case_number=f"C{insertion}"),), insertion=insertion)


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [
            Touched(), Begin(), CallStaff(), CloseOverlay(), Finish(), FinishForSure(), SwitchToOtherCard(), Back(),
            PickMatter("pension-enrolment"), PickMatter("none"), Next(), Agree(NOON), ThatIsRight(), AnotherCard(),
            ShootNow(), AddPage(), RemovePage(0), Edit("phone"), Edit("level"), Edit("household-register"),
            Signed(None), Signed(b"png"), TryAgain(), Rate(5), Rate(0), AnotherMatter(), PrintAgain(STORED.uid),
            UseCamera(), TypeInstead(), TypeCan(True), TakeOffer(ACCOUNT), PickMatter("pension-payout-account"),
            PickLanguage("en"), CardChanged(NoCard()), CardChanged(Reading(9)), CardChanged(NoReader()),
            OpenStaff(), StaffChecked(True), StaffChecked(False), SendAgain("u"), QueueTold(QUEUE),
        ]
    ),
    st.booleans().map(PickWho), st.booleans().map(SetCare), st.booleans().map(WriteOwn), st.booleans().map(FindMine),
    st.sampled_from(DRAFTS).map(Draft),
    _cards.map(CardChanged),
    st.builds(CardFailed, _numbers, st.sampled_from(list(CardTrouble))).map(CardChanged),
    _numbers.map(lambda session: PageShot(session, SCAN)),
    _numbers.map(lambda session: PageShot(session, None)),
    _numbers.map(lambda session: StoreDone(session, STORED)),
    _numbers.map(lambda session: StoreFailed(session, "storage-failed")),
    _numbers.map(lambda session: SlipEnded(session, STORED.uid, Outcome.UNKNOWN)),
    st.builds(_looked_up, _numbers, st.integers(0, 30)),
    _numbers.map(lambda session: CodeSeen(session, "x")),
    _numbers.map(lambda session: KeySeen(session, KEY)),
    _numbers.map(lambda session: PageRead(session, SCAN, seen(Kind.BANK_CARD, ACCOUNT))),
)  # fmt: skip


def _texts(value: object) -> str:
    """Everything reachable from a value, as text."""
    if is_dataclass(value):
        return " ".join(_texts(getattr(value, field.name)) for field in fields(value))
    return repr(value)


def _bare(terminal: Terminal) -> bool:
    return isinstance(terminal.screen, Welcome) and terminal.session is None and terminal.overlay is None


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=60))
def test_from_everywhere_there_is_a_way_out_and_it_wipes(events: list[Event]) -> None:
    walk = Walk().do(*events)
    begun = walk.terminal.session
    walk.do(Finish())
    if isinstance(walk.terminal.overlay, ConfirmFinish):
        walk.do(FinishForSure())
    if isinstance(walk.screen, HandingIn):  # for the moment of storing, the way out is the slip
        walk.do(StoreDone(walk.session.number, STORED), Finish())
    if isinstance(walk.screen, Thanks):
        walk.wait(60)
    assert _bare(walk.terminal)
    if begun is not None:
        assert Wipe(begun.number) in walk.effects
    left = _texts(walk.terminal)
    for read in (WANG, LI, CHILD):
        assert read.fields["id_number"] not in left
        assert read.fields["name"] not in left
    assert KEY.document_number not in left
    assert ACCOUNT not in left


@settings(max_examples=200)
@given(st.lists(EVENTS, max_size=60))
def test_silence_always_ends_at_the_welcome_screen(events: list[Event]) -> None:
    walk = Walk().do(*events)
    if isinstance(walk.screen, HandingIn) and walk.screen.trouble is None:
        walk.do(StoreFailed(walk.session.number, "storage-failed"))
    for _ in range(3):
        walk.wait(200)
    assert _bare(walk.terminal)


@settings(max_examples=200)
@given(st.lists(EVENTS, max_size=80))
def test_only_the_last_cards_owner_sees_what_was_found(events: list[Event]) -> None:
    walk = Walk().do(FindMine(by_slip=False))
    for event in events:
        asked = [effect for effect in walk.effects if isinstance(effect, LookUpCard)]
        if not isinstance(event, LookedUp):
            walk.do(event)
        elif asked:  # the clerk answers what it was asked, in any order
            which = asked[event.insertion % len(asked)]
            walk.do(_looked_up(which.session, which.insertion))
        screen = walk.screen
        if isinstance(screen, FindByCard) and screen.found:
            assert screen.found[0].case_number == f"C{asked[-1].insertion}" == f"C{screen.insertion}"
            if isinstance(read := walk.terminal.card, CardRead):
                assert read.insertion <= asked[-1].insertion


@settings(max_examples=200)
@given(st.lists(EVENTS, max_size=80))
def test_two_people_are_never_mixed(events: list[Event]) -> None:
    """What is stored carries only people whose cards were confirmed in that very session, and each session stores with
    a finished form."""
    walk = Walk().do(*events)
    for effect in walk.effects:
        if isinstance(effect, Store):
            assert effect.session.agreed is not None
            assert effect.session.applicant is not None
            assert (effect.session.proxy is not None) == bool(effect.session.on_behalf)
            assert effect.session.applicant != effect.session.proxy
            assert effect.session.signature
            assert effect.session.scans


@settings(max_examples=200)
@given(st.lists(EVENTS, max_size=60))
def test_the_camera_runs_only_while_a_screen_needs_it(events: list[Event]) -> None:
    walk = Walk().do(*events)
    on = False
    for effect in walk.effects:
        if isinstance(effect, StartCamera):
            on = True
        elif isinstance(effect, StopCamera):
            on = False
    screen = walk.screen
    needed = (
        (isinstance(screen, ScanPapers) and screen.adding)
        or (isinstance(screen, FindBySlip) and not screen.found)
        or isinstance(screen, ShowDocument)
        or (isinstance(screen, ShowPaper) and screen.scan is None)
    )
    assert on == needed


@settings(max_examples=200)
@given(st.lists(EVENTS | st.sampled_from(["50", "100"]), max_size=60))
def test_nobody_is_talked_to_but_who_is_silent(events: list[Event | str]) -> None:
    """A warning is being said at most as long as it shows, and never into the next session."""
    walk = Walk()
    for event in events:
        walk = walk.wait(int(event)) if isinstance(event, str) else walk.do(event)
        said = [effect for effect in walk.effects if isinstance(effect, Warn | Hush)]
        if said and isinstance(said[-1], Warn):
            assert isinstance(walk.terminal.overlay, IdleWarning)
        assert len(said) < 2 or not (isinstance(said[-1], Warn) and isinstance(said[-2], Warn))


def test_ticks_alone_change_nothing_but_the_clock() -> None:
    walk = Walk().to_questions()
    before = walk.terminal
    walk.do(Tick(before.now + 1, TODAY))
    assert walk.terminal == replace(before, now=before.now + 1)
