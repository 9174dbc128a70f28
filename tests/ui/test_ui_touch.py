"""What a finger does, and where it must do nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, QPoint, QPointF
from PySide6.QtQuick import QQuickWindow

from kiosk.journey.events import (
    Agree,
    Back,
    Begin,
    CallStaff,
    CloseOverlay,
    Event,
    Finish,
    FinishForSure,
    PickLanguage,
    SetCare,
    SwitchToOtherCard,
    Touched,
)
from kiosk.journey.states import Ask, ConfirmFinish, IdleWarning, OtherCard, StaffCalled, Terminal
from tests.support.journeys import HALL, LI, WANG, Walk
from tests.support.screens import let_rest, settle, shown
from ui import touch


def _question() -> Terminal:
    return Walk().to_questions().terminal


def _middle(window: QQuickWindow, name: str) -> QPoint:
    item = touch.find(window, name)
    return item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("begin", Begin()),
        ("call-staff", CallStaff()),
        ("care", SetCare(True)),
        ("language", PickLanguage("en")),
        ("finish", Finish()),
    ],
)
def test_a_tap_is_a_sign_of_life_and_does_what_the_button_says(name: str, event: Event) -> None:
    with shown(HALL, Walk().terminal) as (app, runner):
        touch.tap(app.window, name)
        settle(app)
    assert set(map(repr, runner.posted)) == {repr(Touched()), repr(event)}
    assert runner.posted.count(event) == 1


def test_a_touch_that_ends_elsewhere_does_nothing() -> None:
    with shown(HALL, Walk().terminal) as (app, runner):
        start, end = _middle(app.window, "finish"), _middle(app.window, "begin")
        touch.drag(app.window, [start, (start + end) / 2, end])
        settle(app)
    assert [event for event in runner.posted if event != Touched()] == []


def test_a_touch_that_begins_elsewhere_does_nothing() -> None:
    with shown(HALL, Walk().terminal) as (app, runner):
        start, end = QPoint(20, 300), _middle(app.window, "finish")
        touch.drag(app.window, [start, (start + end) / 2, end])
        settle(app)
    assert [event for event in runner.posted if event != Touched()] == []


OVERLAYS = [
    (IdleWarning(until=1020.0), "more-time", CloseOverlay()),
    (IdleWarning(until=1020.0), "idle-finish", FinishForSure()),
    (ConfirmFinish(), "keep-going-finish", CloseOverlay()),
    (ConfirmFinish(), "finish-for-sure", FinishForSure()),
    (StaffCalled(), "staff-ok", CloseOverlay()),
]


@pytest.mark.parametrize(("overlay", "name", "event"), OVERLAYS)
def test_an_overlay_answers_and_covers_what_is_beneath(
    overlay: IdleWarning | ConfirmFinish | StaffCalled, name: str, event: Event
) -> None:
    with shown(HALL, replace(_question(), overlay=overlay)) as (app, runner):
        with pytest.raises(touch.CannotTouch, match="covered"):
            touch.reachable(app.window, "back")
        under = _middle(app.window, "back")
        touch.drag(app.window, [under])
        settle(app)
        assert [posted for posted in runner.posted if posted != Touched()] == []
        touch.tap(app.window, name)
        settle(app)
    assert event in runner.posted


def test_another_card_asks_and_never_mixes() -> None:
    terminal = Walk().to_questions(WANG).terminal
    other = Walk().to_questions(LI).session.applicant
    assert other is not None
    with shown(HALL, replace(terminal, overlay=OtherCard(other))) as (app, runner):
        touch.tap(app.window, "switch-card")
        touch.tap(app.window, "keep-going")
        settle(app)
    assert [event for event in runner.posted if event != Touched()] == [SwitchToOtherCard(), CloseOverlay()]


def test_the_finger_says_why_it_cannot_touch() -> None:
    question = _question()
    assert isinstance(question.screen, Ask)
    with shown(HALL, question) as (app, _):
        with pytest.raises(touch.CannotTouch, match=r"not on the screen; there are .*digit-0"):
            touch.tap(app.window, "no-such-button")
        touch.find(app.window, "back").setEnabled(False)
        with pytest.raises(touch.CannotTouch, match="back: disabled"):
            touch.tap(app.window, "back")
        with pytest.raises(touch.CannotTouch, match="more-time: hidden"):
            touch.tap(app.window, "more-time")


def test_a_trembling_second_touch_does_not_agree_to_the_next_screen() -> None:
    guide = Walk().to_card().do(Back(), Back()).terminal
    with shown(HALL, guide) as (app, runner):
        spot = _middle(app.window, "next")
        settling = app.window.findChild(QObject, "settling-time")
        assert settling is not None
        assert settling.property("interval") == 300
        settling.setProperty("interval", 600_000)  # that a slow machine has not painted the screen only later
        runner.become(Walk().to_card().do(Back()).terminal)
        settle(app)
        touch.drag(app.window, [spot, spot])
        settle(app)
        assert not [event for event in runner.posted if isinstance(event, Agree)]
        settling.setProperty("interval", 0)
        let_rest(app)
        touch.tap(app.window, "agree")
        settle(app)
        assert [event for event in runner.posted if isinstance(event, Agree)]
