"""How the app begins and ends: threads meet Qt in one place, and the engine goes before what it shows."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import cast

from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEventLoop, QSize, QThread
from PySide6.QtGui import QColor
from PySide6.QtQml import QQmlApplicationEngine

from kiosk.journey.events import Event, SetCare, Tick
from kiosk.journey.states import Terminal
from tests.support.journeys import HALL, TODAY, Walk
from tests.support.screens import NOW, StillRunner, settle, shown
from ui import touch
from ui.app import TerminalApp, missing_parts
from ui.bridge import Bridge
from ui.icons import draw


class _Threaded(StillRunner):
    """Counts on which thread it is pumped."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(HALL, terminal)
        self.mail: list[Event] = []
        self.pumped: list[tuple[bool, tuple[Event, ...]]] = []

    def post(self, event: Event) -> None:
        self.mail.append(event)
        self.wake()

    def pump(self) -> None:
        here = QThread.currentThread() is QCoreApplication.instance().thread()  # pyright: ignore[reportOptionalMemberAccess]
        self.pumped.append((here, tuple(self.mail)))
        self.mail.clear()


def test_what_another_thread_posts_is_pumped_on_the_qt_thread() -> None:
    runner = _Threaded(Walk().terminal)
    bridge = Bridge(journey=runner, on_state=lambda _: None, clock=lambda: NOW, monotonic=lambda: 7.0)
    thread = threading.Thread(target=runner.post, args=(SetCare(True),))
    thread.start()
    thread.join()
    assert runner.pumped == []
    deadline = QDeadlineTimer(30_000)
    while not runner.pumped and not deadline.hasExpired():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    assert runner.pumped == [(True, (SetCare(True),))]
    bridge.start()
    QCoreApplication.processEvents()
    assert runner.pumped[1] == (True, (Tick(now=7.0, today=NOW.date()),))
    bridge.stop()
    runner.post(SetCare(False))
    QCoreApplication.processEvents()
    assert len(runner.pumped) == 2


def test_the_engine_is_gone_before_its_view_models() -> None:
    runner = StillRunner(HALL, Walk().terminal)
    app = TerminalApp(runner=runner, fullscreen=False, size=(540, 960), clock=lambda: NOW)
    settle(app)
    gone: list[str] = []
    engine = cast(QQmlApplicationEngine, app._engine)  # pyright: ignore[reportPrivateUsage]
    engine.destroyed.connect(lambda: gone.append("engine"))
    app.model.destroyed.connect(lambda: gone.append("model"))
    app.feed.destroyed.connect(lambda: gone.append("feed"))
    app.close()
    app.close()
    assert gone == ["engine", "model", "feed"]


def test_the_language_changes_while_running_and_back() -> None:
    with shown(HALL, Walk().terminal) as (app, runner):
        title = touch.find(app.window, "title")
        chinese = title.property("text")
        runner.become(replace(runner.state, language="en"))
        settle(app)
        english = touch.find(app.window, "title").property("text")
        assert english.isascii()
        assert english != chinese
        runner.become(replace(runner.state, language="zh"))
        settle(app)
        assert touch.find(app.window, "title").property("text") == chinese


def test_care_mode_enlarges_words_and_stops_motion() -> None:
    with shown(HALL, Walk().terminal) as (app, runner):
        small = touch.find(app.window, "title").property("font").pixelSize()
        runner.become(replace(runner.state, care=True))
        settle(app)
        assert touch.find(app.window, "title").property("font").pixelSize() == round(small * 1.4)


def test_nothing_is_missing() -> None:
    assert missing_parts() == []


def test_icons_are_drawn_in_the_asked_colour() -> None:
    image = draw("check", "ff0b4a6f", QSize(96, 96))
    colours = {
        image.pixelColor(x, y).name() for x in range(96) for y in range(96) if image.pixelColor(x, y).alpha() == 255
    }
    assert QColor("#0b4a6f").name() in colours
    assert len(colours) <= 3


def test_the_clock_and_the_day_come_from_outside() -> None:
    with shown(HALL, Walk().terminal) as (app, _):
        assert touch.find(app.window, "clock").property("text") == f"{NOW:%H:%M}"
    assert NOW.date() == TODAY
