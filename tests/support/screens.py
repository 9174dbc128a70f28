"""Puts any screen on an offscreen window from nothing but a state: no devices, and a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import cast

from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEvent, QEventLoop, QSize, Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtQuick import QQuickItem

from kiosk.domain.words import Language
from kiosk.journey.desk import LivePicture
from kiosk.journey.events import Event, Tick
from kiosk.journey.states import Hall, Terminal
from ui import touch
from ui.app import TerminalApp

PORTRAIT = (1080, 1920)
LANDSCAPE = (1920, 1080)
SMALL = (1280, 800)

FONTS = Path(__file__).parents[2] / "ui" / "fonts"
NOW = datetime(2026, 11, 23, 9, 41, tzinfo=timezone(timedelta(hours=8)))


def prepare_environment(folder: Path) -> None:
    """Before the application object: no screen, no GPU, no fonts but ours, so that pictures are the same anywhere."""
    config = folder / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>'
        f"<dir>{FONTS}</dir><cachedir>{folder / 'cache'}</cachedir>"
        '<match target="font"><edit name="hinting" mode="assign"><bool>false</bool></edit>'
        '<edit name="antialias" mode="assign"><bool>true</bool></edit>'
        '<edit name="rgba" mode="assign"><const>none</const></edit></match></fontconfig>',
        encoding="utf-8",
    )
    os.environ.update(
        FONTCONFIG_FILE=str(config),
        QT_QPA_PLATFORM="offscreen",
        QT_QUICK_BACKEND="software",
        QT_SCALE_FACTOR="1",
        LANG="C.UTF-8",
    )


class StillRunner:
    """A journey that stays where it was put and writes down what it was told."""

    def __init__(self, hall: Hall, state: Terminal) -> None:
        self.hall = hall
        self.state = state
        self.posted: list[Event] = []
        self.wake: Callable[[], None] = lambda: None
        self.on_state: Callable[[Terminal], None] = lambda _: None
        self.on_live: Callable[[LivePicture | None], None] = lambda _: None

    def post(self, event: Event) -> None:
        if not isinstance(event, Tick):
            self.posted.append(event)

    def pump(self) -> None:
        return

    def become(self, state: Terminal) -> None:
        """Another state, as after an event."""
        self.state = state
        self.on_state(state)


def _loading(item: QQuickItem) -> bool:
    """Whether a picture in the item is still on its way."""
    if not item.isVisible():
        return False
    if item.inherits("QQuickImage") and not cast(QUrl, item.property("source")).isEmpty():
        return item.implicitWidth() == 0  # "progress" is already 1 while the picture is still being decoded
    return any(_loading(child) for child in item.childItems())


def settle(app: TerminalApp) -> None:
    """Let everything asked for be loaded, laid out and painted; pictures in data URLs are loaded on another thread."""
    for _ in range(4):
        QCoreApplication.processEvents()
    screen = touch.find(app.window, "screen")
    deadline = QDeadlineTimer(30_000)
    while _loading(screen) and not deadline.hasExpired():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QCoreApplication.processEvents()


def let_rest(app: TerminalApp) -> None:
    """Until a new screen takes touches (Main.qml: what comes right after a screen was meant for the one before)."""
    deadline = QDeadlineTimer(30_000)
    while touch.visible(app.window, "settling") and not deadline.hasExpired():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)


@contextmanager
def shown(
    hall: Hall, state: Terminal, *, size: tuple[int, int] = PORTRAIT, theme: str = "day"
) -> Generator[tuple[TerminalApp, StillRunner]]:
    """The app at ``state``; closed at the end."""
    runner = StillRunner(hall, state)
    app = TerminalApp(
        runner=runner, fullscreen=False, size=size, clock=lambda: NOW, monotonic=lambda: state.now, theme=theme
    )
    try:
        settle(app)
        let_rest(app)
        yield app, runner
    finally:
        app.close()


def render(
    hall: Hall,
    state: Terminal,
    *,
    size: tuple[int, int] = PORTRAIT,
    language: Language = "zh",
    care: bool = False,
    theme: str = "day",
    live: LivePicture | None = None,
) -> QImage:
    """The screen at ``state`` as a picture of ``size`` pixels; ``live`` is what the camera sees."""
    with shown(hall, replace(state, language=language, care=care), size=size, theme=theme) as (app, _):
        if live is not None:
            app.feed.show(live)
            settle(app)
        return app.window.grabWindow().convertToFormat(QImage.Format.Format_RGB32)


def half(picture: QImage) -> QImage:
    """Half size, as golden pictures are kept."""
    return picture.scaled(
        QSize(picture.width() // 2, picture.height() // 2),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def pixels(picture: QImage) -> memoryview:
    """The picture's bytes, four a pixel."""
    return cast(memoryview, picture.convertToFormat(QImage.Format.Format_RGB32).constBits())
