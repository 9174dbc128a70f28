"""The staff view as staff touch it: held open by the hall's name, its code never shown, a held item sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEventLoop, QPointF, Qt
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from kiosk.journey.events import Back, Draft, Next, OpenStaff, SendAgain
from kiosk.journey.staffed import StaffCode, StaffView
from tests.support.journeys import HALL, Walk
from tests.support.screens import let_rest, settle, shown
from tests.support.stages import QUEUE, at_staff
from ui import touch
from ui.app import TerminalApp


def _hold(app: TerminalApp, until: Callable[[], bool], *, interval: int) -> None:
    area = touch.find(app.window, "hall-name")
    area.setProperty("pressAndHoldInterval", interval)
    spot = area.mapToScene(QPointF(area.width() / 2, area.height() / 2)).toPoint()
    QTest.mousePress(app.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
    while not until():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
    QTest.mouseRelease(app.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)


def test_holding_the_halls_name_for_long_opens_and_a_touch_does_not() -> None:
    with shown(HALL, Walk().terminal) as (app, runner):
        assert touch.find(app.window, "hall-name").property("pressAndHoldInterval") == 5000
        _hold(app, QDeadlineTimer(600).hasExpired, interval=600_000)
        assert OpenStaff() not in runner.posted
        _hold(app, lambda: OpenStaff() in runner.posted, interval=60)


def _texts(item: QQuickItem) -> str:
    said = str(item.property("text") or "") if item.isVisible() else ""
    return said + "".join(_texts(child) for child in item.childItems())


def test_the_code_is_typed_unseen() -> None:
    with shown(HALL, at_staff(StaffCode())) as (app, runner):
        touch.tap(app.window, "digit-7")
        assert runner.posted[-1] == Draft("7")
        runner.become(replace(runner.state, screen=StaffCode(draft="735")))
        settle(app)
        value = touch.find(app.window, "digits-value").property("text")
        assert value == "●●●"
        touch.tap(app.window, "next")
        assert runner.posted[-1] == Next()
        touch.tap(app.window, "back")
        assert runner.posted[-1] == Back()


def test_reasons_are_told_in_words_and_each_can_be_sent_again_once() -> None:
    with shown(HALL, at_staff(StaffView(seen=QUEUE))) as (app, runner):
        said = _texts(touch.find(app.window, "screen"))
        assert "区里认为内容不能受理" in said
        assert "http-422" not in said
        assert "王*英" in said
        touch.tap(app.window, "send-again-0")
        uid = QUEUE.held[0].uid
        assert runner.posted[-1] == SendAgain(uid)
        runner.become(replace(runner.state, screen=StaffView(seen=QUEUE, sent=frozenset({uid}))))
        settle(app)
        let_rest(app)
        assert not touch.find(app.window, "send-again-0").property("enabled")
