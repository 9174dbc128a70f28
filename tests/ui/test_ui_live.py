"""The live picture: newest frame only, scaled where it comes from, gone when the camera stops."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEventLoop, QMetaObject, QSize
from PySide6.QtGui import QColor

from devices.camera.api import Live, Lost, Off, Opening, Picture
from kiosk.journey.desk import LivePicture
from kiosk.journey.states import FindBySlip, ScanPapers, Terminal
from tests.support.journeys import HALL, Walk, at
from tests.support.screens import settle, shown
from ui import touch
from ui.livepicture import LiveFeed, LivePictureItem, prepare


def _papers() -> Terminal:
    terminal = Walk().to_papers().terminal
    assert isinstance(terminal.screen, ScanPapers)
    return replace(terminal, camera=Live(1920, 1080), screen=replace(terminal.screen, seen=True))


def _frame(color: tuple[int, int, int] = (200, 30, 10), size: tuple[int, int] = (1920, 1080)) -> LivePicture:
    picture: Picture = np.full((size[1], size[0], 3), color, np.uint8)
    return LivePicture(picture, None, good=False)


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (641, 479), (5, 3)])
def test_a_frame_fits_its_room_and_keeps_shape_and_colour(size: tuple[int, int]) -> None:
    shown_frame = prepare(_frame(size=size), QSize(920, 668))
    image = shown_frame.image
    assert image.width() <= 920
    assert image.height() <= 668
    assert image.width() == min(920, size[0]) or image.height() == min(668, size[1])
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    assert (middle.red(), middle.green(), middle.blue()) == (10, 30, 200)


def test_corners_are_scaled_with_the_picture() -> None:
    corners = ((0.0, 0.0), (1920.0, 0.0), (1920.0, 1080.0), (0.0, 1080.0))
    ready = prepare(LivePicture(_frame().picture, corners, good=True), QSize(960, 960))
    assert [(point.x(), point.y()) for point in ready.outline] == [(0, 0), (960, 0), (960, 540), (0, 540)]


def test_frames_of_another_thread_reach_the_screen_and_leave_it() -> None:
    with shown(HALL, _papers()) as (app, _):
        item = cast(LivePictureItem, touch.find(app.window, "live-picture"))
        assert item.property("live") is False
        thread = threading.Thread(target=app.feed.show, args=(_frame(),))
        thread.start()
        deadline = QDeadlineTimer(30_000)
        while not item.property("live") and not deadline.hasExpired():
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
        thread.join()
        settle(app)
        centre = item.mapToScene(item.boundingRect().center()).toPoint()
        assert app.window.grabWindow().pixelColor(centre) == QColor(10, 30, 200)
        app.feed.show(None)
        settle(app)
        assert item.property("live") is False
        assert app.window.grabWindow().pixelColor(centre) != QColor(10, 30, 200)


def test_the_sign_is_shown_for_as_long_as_the_camera_captures() -> None:
    papers = _papers()
    codes = at(FindBySlip())
    for screen in (papers, codes):
        with shown(HALL, screen) as (app, runner):
            for state, on in ((Off(), False), (Opening(), True), (Live(1920, 1080), True), (Lost(), False)):
                runner.become(replace(screen, camera=state))
                settle(app)
                assert touch.visible(app.window, "camera-on") is on, state


def test_only_the_newest_frame_waits() -> None:
    feed = LiveFeed()
    told: list[int] = []
    feed.fresh.connect(lambda: told.append(1))
    for shade in range(5):
        feed.show(_frame((shade, shade, shade), (4, 4)))
    assert len(told) == 1
    taken = feed.take()
    assert taken is not None
    assert taken.image.pixelColor(0, 0).red() == 4


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None counts no references any more")
def test_void_calls_leave_none_alone() -> None:
    """PySide6 6.12.0 on Python 3.11 drops a reference to None on every void call, and aborts after some thousand."""
    with shown(HALL, _papers()) as (app, runner):
        item = cast(LivePictureItem, touch.find(app.window, "live-picture"))
        app.feed.show(_frame(size=(8, 8)))
        settle(app)
        before = sys.getrefcount(None)
        for _ in range(3000):
            QMetaObject.invokeMethod(app.model, "touched")
            app.feed.fresh.emit()
            item.update()
        for _ in range(50):
            app.window.grabWindow()
        QCoreApplication.processEvents()
        after = sys.getrefcount(None)
    assert len(runner.posted) == 3000
    assert abs(after - before) < 500
