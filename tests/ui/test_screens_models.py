"""View-models: touches become the right events, and nothing that strangers may not see ever reaches QML."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject

from devices.camera.api import Finding
from devices.card.api import NoCard
from devices.printer.api import PrinterStatus, PrinterTrouble
from kiosk.domain.resident import mask_name
from kiosk.domain.trouble import TROUBLES
from kiosk.journey import events
from kiosk.journey.events import CardChanged, Draft, Next, PickLanguage
from kiosk.journey.staffed import StaffView
from kiosk.journey.states import (
    Ask,
    Delivery,
    FindByCard,
    Found,
    HandedIn,
    HandingIn,
    IdleWarning,
    OtherCard,
    Printing,
    Sign,
    Terminal,
    Welcome,
)
from tests.support.journeys import HALL, LI, STORED, WANG, Walk, at, card
from tests.support.screens import NOW
from tests.support.stages import QUEUE, Stage, at_staff, stages
from ui.viewmodels.base import Links, ScreenModel, delivery_words, finding_words, printing_words
from ui.viewmodels.screens import model_for
from ui.viewmodels.terminal import TerminalModel

ROOT = Path(__file__).parents[2]
LONG_NAME = "阿卜杜热合曼·买买提吐尔逊江"


class Post:
    """Keeps what was posted."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        self.events.append(event)

    @property
    def last(self) -> events.Event:
        return self.events[-1]


@pytest.fixture
def post() -> Post:
    return Post()


def frame(post: Post, terminal: Terminal) -> TerminalModel:
    return TerminalModel(hall=HALL, post=post, clock=lambda: NOW, terminal=terminal)


def screen(post: Post, terminal: Terminal) -> ScreenModel:
    return model_for(Links(hall=HALL, post=post, clock=lambda: NOW), terminal)


def values(model: QObject) -> dict[str, object]:
    """Every property that QML could read."""
    meta = model.metaObject()
    names = [str(meta.property(index).name()) for index in range(meta.propertyCount())]
    return {name: model.property(name) for name in names if name not in ("screen", "parent")}


TOUCHES: list[tuple[str, str, tuple[object, ...], events.Event]] = [
    ("welcome", "begin", (), events.Begin()),
    ("welcome", "findByCard", (), events.FindMine(by_slip=False)),
    ("welcome", "findBySlip", (), events.FindMine(by_slip=True)),
    ("who-for", "pick", (True,), events.PickWho(True)),
    ("who-for", "pick", (False,), events.PickWho(False)),
    ("who-for", "back", (), events.Back()),
    ("matters", "pick", ("pension-enrolment",), events.PickMatter("pension-enrolment")),
    ("guide", "next", (), events.Next()),
    ("consent", "agree", (), events.Agree(NOW)),
    ("consent", "back", (), events.Back()),
    ("card-found", "confirm", (), events.ThatIsRight()),
    ("card-found", "another", (), events.AnotherCard()),
    ("refused", "next", (), events.Next()),
    ("question-village", "choose", ("003",), events.Draft("003")),
    ("question-village", "choose", ("",), events.WriteOwn(True)),
    ("question-phone", "edit", ("1381",), events.Draft("1381")),
    ("question-phone", "next", (), events.Next()),
    ("paper-good", "shoot", (), events.ShootNow()),
    ("paper-taken", "add", (), events.AddPage()),
    ("paper-taken", "remove", (0,), events.RemovePage(0)),
    ("paper-pages", "retake", (2,), events.RetakePage(2)),
    ("paper-pages", "turn", (1,), events.TurnPage(1)),
    ("paper-taken", "next", (), events.Next()),
    ("review", "edit", ("phone",), events.Edit("phone")),
    ("review", "next", (), events.Next()),
    ("sign", "sign", ("",), events.Signed(None)),
    ("sign", "sign", (base64.b64encode(b"\x89PNG").decode(),), events.Signed(b"\x89PNG")),
    ("sign", "sign", ("not base64!",), events.Signed(None)),
    ("handing-in-trouble", "again", (), events.TryAgain()),
    ("handed-in-stored", "rate", (3,), events.Rate(3)),
    ("handed-in-no-slip", "printAgain", (), events.PrintAgain(STORED.uid)),
    ("handed-in-stored", "another", (), events.AnotherMatter()),
    ("handed-in-stored", "finish", (), events.Finish()),
    ("find-by-card-found", "printAgain", ("some-uid",), events.PrintAgain("some-uid")),
    ("find-by-slip", "back", (), events.Back()),
]


@pytest.mark.parametrize(
    ("stage", "slot", "arguments", "wanted"), TOUCHES, ids=[f"{stage}-{slot}" for stage, slot, *_ in TOUCHES]
)
def test_a_touch_posts_its_event(
    post: Post, stage: str, slot: str, arguments: tuple[object, ...], wanted: events.Event
) -> None:
    terminal = next(each.terminal for each in stages() if each.name == stage)
    getattr(screen(post, terminal), slot)(*arguments)
    assert post.events == [wanted]


FRAME_TOUCHES: list[tuple[str, events.Event]] = [
    ("touched", events.Touched()),
    ("callStaff", events.CallStaff()),
    ("toggleCare", events.SetCare(True)),
    ("toggleLanguage", events.PickLanguage("en")),
    ("toggleTheme", events.Touched()),
    ("finish", events.Finish()),
    ("finishForSure", events.FinishForSure()),
    ("closeOverlay", events.CloseOverlay()),
    ("switchCard", events.SwitchToOtherCard()),
]


@pytest.mark.parametrize(("slot", "wanted"), FRAME_TOUCHES, ids=[slot for slot, _ in FRAME_TOUCHES])
def test_the_frame_posts_its_events(post: Post, slot: str, wanted: events.Event) -> None:
    getattr(frame(post, Walk().to_questions().terminal), slot)()
    assert post.events == [wanted]


def test_care_and_language_are_turned_back_by_the_same_button(post: Post) -> None:
    model = frame(post, replace(Walk().terminal, care=True, language="en"))
    model.toggleCare()
    model.toggleLanguage()
    assert post.events == [events.SetCare(False), PickLanguage("zh")]


@pytest.mark.parametrize("stage", stages(), ids=lambda stage: stage.name)
def test_no_property_holds_a_full_name_or_number(post: Post, stage: Stage) -> None:
    terminal = stage.terminal
    secrets = ["王秀英", "李建国", "932682196803150025", "932682198501010017"]
    if not isinstance(terminal.screen, Ask):  # where the resident is typing it just now
        secrets.append("13812345678")
    for model in (frame(post, terminal), screen(post, terminal)):
        said = str(values(model))
        assert not [secret for secret in secrets if secret in said]


def test_served_and_other_names_are_masked(post: Post) -> None:
    model = frame(post, Walk().to_questions(card(1, LONG_NAME)).terminal)
    assert values(model)["servedName"] == mask_name(LONG_NAME) == "阿*江"
    walk = Walk().to_questions().do(CardChanged(NoCard()), CardChanged(LI))
    assert isinstance(walk.terminal.overlay, OtherCard)
    assert values(frame(post, walk.terminal))["otherName"] == "李*国"


def test_the_found_person_is_shown_masked_with_sex_and_year(post: Post) -> None:
    model = screen(post, Walk().to_card().do(CardChanged(WANG)).terminal)
    assert model.property("found") == {
        "name": "王*英", "number": "932*************25", "sex": "女", "born": "1968 年生",
    }  # fmt: skip


def test_the_review_masks_the_phone_and_offers_to_change_all_but_the_card(post: Post) -> None:
    rows: list[dict[str, str]] = screen(post, Walk().to_review().terminal).property("rows")
    by_id = {row["id"]: row["value"] for row in rows}
    assert by_id["phone"] == "138****5678"
    assert by_id["village"] == "西山村"
    assert by_id["household-register"] == "1 页"
    assert [row["id"] for row in rows].count("") == 1


def test_a_written_village_is_reviewed_as_it_was_written(post: Post) -> None:
    walk = Walk().to_questions().do(Draft("13812345678"), Next(), events.WriteOwn(True), Draft("月亮湾新村"), Next())
    for answer in ("rural", "500"):
        walk.do(Draft(answer), Next())
    review = replace(walk.terminal, screen=Walk().to_review().terminal.screen)
    rows: list[dict[str, str]] = screen(post, review).property("rows")
    assert next(row["value"] for row in rows if row["id"] == "village") == "月亮湾新村"


def test_nothing_is_chosen_beforehand(post: Post) -> None:
    for stage in stages():
        if isinstance(stage.terminal.screen, Ask):
            first = replace(stage.terminal.screen, draft="")
            assert screen(post, replace(stage.terminal, screen=first)).property("draft") == ""
    assert screen(post, at(HandedIn(stored=STORED))).property("rating") == 0


@pytest.mark.parametrize("delivery", [Delivery.READY, Delivery.SENDING, Delivery.HELD])
@pytest.mark.parametrize("printing", list(Printing))
def test_what_is_only_stored_is_never_called_sent(post: Post, delivery: Delivery, printing: Printing) -> None:
    model = screen(post, at(HandedIn(stored=STORED, delivery=delivery, printing=printing)))
    assert str(model.property("title")).startswith("已存好")
    said = str(values(model))
    assert "已交到区里" not in said
    assert "成功" not in said
    assert "区里收到了" not in said


@pytest.mark.parametrize("printing", list(Printing))
def test_what_staff_withdrew_is_not_said_to_be_on_its_way(post: Post, printing: Printing) -> None:
    model = screen(post, at(HandedIn(stored=STORED, delivery=Delivery.CANCELLED, printing=printing)))
    assert (model.property("title"), model.property("hero")) == ("已撤销", "circle-x")
    assert "不会报送到区里" in str(model.property("body"))
    assert "自动报送" not in str(values(model))


def test_the_top_bar_tells_staff_one_thing_at_a_time_and_nothing_while_somebody_is_served(post: Post) -> None:
    def bar(terminal: Terminal) -> tuple[object, object]:
        model = frame(post, terminal)
        return model.property("staffHint"), model.property("staffIcon")

    welcome = Walk().do(events.HeldSeen(2)).terminal
    low = PrinterStatus(trouble=None, paper_low=True, certain=True)
    out = PrinterStatus(trouble=PrinterTrouble.PAPER_OUT, paper_low=False, certain=True)
    assert bar(Walk().terminal)[0] == ""
    assert bar(welcome) == ("2 件要处理", "alert-circle")
    assert bar(replace(welcome, printer=low)) == ("2 件要处理", "alert-circle")
    assert bar(replace(welcome, printer=out))[1] == "printer"
    assert bar(replace(Walk().terminal, printer=low)) == ("打印纸快用完了", "printer")
    assert bar(replace(Walk().to_questions().terminal, held=2))[0] == ""
    assert Walk().do(events.HeldSeen(2), events.HeldSeen(0)).terminal.held == 0


def test_staff_see_how_far_each_that_waits_has_come(post: Post) -> None:
    model = screen(post, at_staff(StaffView(seen=QUEUE)))
    rows: list[dict[str, str]] = model.property("rows")
    assert [row["moving"] for row in rows[:3]] == ["", "", ""]
    assert [row["moving"] for row in rows[3:]] == ["已报送 40%，853 KB / 2.0 MB", "还没开始报送，共 3 KB"]


def test_a_case_number_is_shown_once_the_district_gave_one(post: Post) -> None:
    done = HandedIn(stored=STORED, delivery=Delivery.DONE, case_number="330100-2026-001234")
    model = screen(post, at(done))
    assert model.property("caseNumber") == "330100-2026-001234"
    assert "已交到区里" in str(model.property("title"))
    assert model.property("number") == STORED.provisional_number
    assert str(model.property("qr")).startswith("data:image/png;base64,")


def test_found_rows_tell_the_time_of_the_hall(post: Post) -> None:
    found = Found(
        uid="u", provisional_number="TY03-261123-0047-K", matter=None,
        created=datetime(2026, 11, 22, 16, 30, tzinfo=UTC), delivery=Delivery.READY, case_number=None, slip_text=None,
    )  # fmt: skip
    rows: list[dict[str, object]] = screen(post, at(FindByCard(found=(found,)))).property("rows")
    assert rows[0]["created"] == "2026-11-23 00:30"
    assert rows[0]["state"] == "已存好，网络恢复后自动报送"
    assert rows[0]["printable"] is False


@pytest.mark.parametrize("delivery", list(Delivery))
def test_the_queue_s_manual_names_each_state_as_the_screens_do(delivery: Delivery) -> None:
    manual = (ROOT / "docs" / "queue.md").read_text("utf-8")
    assert f"| `{delivery.value}` | {delivery_words(delivery, None)} |" in manual


def test_the_steps_follow_the_way(post: Post) -> None:
    states = [step["state"] for step in frame(post, Walk().to_papers().terminal).property("steps")]
    assert states == ["done", "done", "now", "next", "next"]
    assert frame(post, Walk().terminal).property("steps") == []


def test_every_trouble_of_the_store_has_words_in_both_languages(post: Post) -> None:
    for code in ("storage-full", "storage-failed", "too-large"):
        for language in ("zh", "en"):
            terminal = replace(at(HandingIn(trouble=code)), language=language)
            assert screen(post, terminal).property("trouble") == {
                "message": TROUBLES[code].message(language),
                "remedy": TROUBLES[code].remedy(language),
                "code": code,
            }


def test_every_finding_has_its_own_advice() -> None:
    assert len({finding_words(finding) for finding in Finding}) == len(Finding)


def test_the_idle_warning_counts_down_and_care_mode_waits_longer(post: Post) -> None:
    walk = Walk().to_questions()
    warned = replace(walk.terminal, overlay=IdleWarning(until=walk.terminal.now + 12))
    assert frame(post, warned).property("idleSeconds") == 12
    assert frame(post, warned).property("idleTotal") == 30
    assert frame(post, replace(warned, care=True)).property("idleTotal") == 45


def test_the_same_screen_keeps_its_model_and_another_gets_its_own(post: Post) -> None:
    walk = Walk().to_questions()
    model = frame(post, walk.terminal)
    first = model.property("screen")
    model.update(walk.do(Draft("138")).terminal)
    assert model.property("screen") is first
    model.update(at(Sign()))
    assert model.property("screen") is not first
    assert model.property("screenName") == "Sign"
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_contrast_ends_with_its_session(post: Post) -> None:
    walk = Walk().to_questions()
    model = frame(post, walk.terminal)
    model.toggleTheme()
    assert model.property("theme") == "contrast"
    model.update(replace(walk.terminal, session=None, screen=Welcome()))
    assert model.property("theme") == "day"


def test_a_slip_that_did_not_come_out_says_what_the_printer_said() -> None:
    screen = HandedIn(stored=STORED, printing=Printing.NOT_PRINTED, printer="printer-paper-out")
    words = printing_words(screen.printing, screen.printer, at(screen))
    assert words["kind"] == "wrong"
    assert "打印机没有纸了" in words["text"]
