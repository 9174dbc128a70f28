"""Qt's keyboard writes Chinese, in a private folder, and remembers nobody."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEventLoop, QPointF, QStandardPaths
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickItem

import ui.app
from kiosk.journey.events import Draft, Event, Next, WriteOwn
from kiosk.journey.states import Terminal, Welcome
from tests.support.journeys import HALL, Walk
from tests.support.screens import settle, shown
from ui import touch
from ui.app import TerminalApp
from ui.keyboard import KeyboardMemory


def _writing() -> Terminal:
    return Walk().to_questions().do(Draft("13812345678"), Next(), WriteOwn(True)).terminal


def _wait_until(what: str, app: TerminalApp) -> QQuickItem:
    """The visible key of that letter."""
    deadline = QDeadlineTimer(30_000)
    while not deadline.hasExpired():
        for item in touch.items(app.window):
            if item.property("key") is not None and str(item.property("text")).lower() == what:
                return item
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    raise AssertionError(f"no key {what!r}")


def _press(app: TerminalApp, letter: str) -> None:
    key = _wait_until(letter, app)
    spot = key.mapToScene(QPointF(key.width() / 2, key.height() / 2)).toPoint()
    touch.drag(app.window, [spot])
    settle(app)


def _drafts(posted: list[Event]) -> list[str]:
    return [event.value for event in posted if isinstance(event, Draft)]


def _write_hello(app: TerminalApp, posted: list[Event]) -> None:
    touch.tap(app.window, "written")
    for letter in "nihao":
        _press(app, letter)
    _press(app, " ")
    deadline = QDeadlineTimer(30_000)
    while "你好" not in _drafts(posted) and not deadline.hasExpired():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)


def test_pinyin_writes_chinese_and_leaves_nothing_behind() -> None:
    memory = ui.app._kept[0]  # pyright: ignore[reportPrivateUsage]
    home = Path.home() / ".config" / "qtvirtualkeyboard"
    before = home.exists()
    with shown(HALL, _writing()) as (app, runner):
        touch.tap(app.window, "written")
        settle(app)
        panel = touch.find(app.window, "keyboard")
        assert panel.mapToScene(QPointF(0, panel.height())).y() <= app.window.height() + 1
        assert panel.mapToScene(QPointF(0, 0)).x() >= 0
        written = {path: path.read_bytes() for path in memory.folder.rglob("*") if path.is_file()}
        _write_hello(app, runner.posted)
        for _ in range(3):
            settle(app)
        assert "你好" in _drafts(runner.posted)
        learned = {path: path.read_bytes() for path in memory.folder.rglob("*") if path.is_file()}
        assert all(learned.get(path) == content for path, content in written.items())
        runner.become(Terminal(now=1001.0, today=_writing().today, screen=Welcome()))
        settle(app)
        assert not QGuiApplication.inputMethod().isVisible()
        assert list(memory.folder.iterdir()) == []
    assert home.exists() == before


def test_the_configuration_folder_of_the_keyboard_is_ours() -> None:
    memory = ui.app._kept[0]  # pyright: ignore[reportPrivateUsage]
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    assert Path(place) == memory.folder
    assert memory.folder != Path.home() / ".config"


def test_forgetting_empties_the_folder_and_closing_removes_it() -> None:
    environment: dict[str, str] = {}
    memory = KeyboardMemory(environment)
    (memory.folder / "qtvirtualkeyboard").mkdir()
    (memory.folder / "qtvirtualkeyboard" / "usr_dict.dat").write_bytes(b"words")
    (memory.folder / "loose").write_bytes(b"words")
    memory.forget()
    assert list(memory.folder.iterdir()) == []
    assert environment["XDG_CONFIG_HOME"] == str(memory.folder)
    memory.close()
    assert not memory.folder.exists()
