"""Measures every screen in every look: nothing cut, nothing overlapping, everything large enough for a finger."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtQuick import QQuickItem, QQuickWindow

from tests.support.looks import LOOKS, SMALL_LOOKS, Look
from tests.support.screens import settle, shown
from tests.support.stages import HALL, stages
from ui import touch
from ui.app import TerminalApp

DAY = [look for look in LOOKS if look.theme == "day"] + SMALL_LOOKS


def _box(item: QQuickItem) -> QRectF:
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def _visible(item: QQuickItem) -> bool:
    return item.isVisible() and item.width() > 0 and item.height() > 0


def _keyboard(item: QQuickItem | None) -> bool:
    while item is not None:
        if item.objectName() == "keyboard":
            return True
        item = item.parentItem()
    return False


def _texts(window: QQuickWindow) -> list[QQuickItem]:
    return [
        item
        for item in touch.items(window)
        if item.inherits("QQuickText") and _visible(item) and item.property("text") and not _keyboard(item)
    ]


def _targets(window: QQuickWindow) -> list[QQuickItem]:
    return [
        item
        for item in touch.items(window)
        if _visible(item) and item.metaObject().indexOfSignal("activated()") >= 0 and item.property("activeFocusOnTab")
    ]


def _unit(look: Look) -> float:
    width, height = look.size
    return min(width / 1920, height / 1080) if width > height else min(width / 1080, height / 1920)


def _faults(app: TerminalApp, look: Look) -> list[str]:
    faults: list[str] = []
    window = app.window
    whole = QRectF(0, 0, *look.size)
    unit = _unit(look)
    for text in _texts(window):
        words = repr(text.property("text"))
        box = _box(text)
        if text.property("truncated"):
            faults.append(f"{words} is cut")
        if text.property("contentWidth") > text.width() + 1.5 or text.property("contentHeight") > text.height() + 2.5:
            faults.append(f"{words} does not fit its box")
        if not whole.contains(box.adjusted(1, 1, -1, -1)):
            faults.append(f"{words} leaves the window")
        size = text.property("fontInfo").pixelSize() if not text.property("font") else text.property("font").pixelSize()
        if size < 28 * unit - 1:
            faults.append(f"{words} is only {size} px")
    targets = _targets(window)
    least = (128 if look.care else 96) * unit - 1
    for target in targets:
        box = _box(target)
        name = target.objectName()
        if not name:
            faults.append(f"a touchable without a name: {target.property('text')}")
        if not target.property("text"):
            faults.append(f"{name} cannot be read aloud")
        if min(box.width(), box.height()) < least:
            faults.append(f"{name} is only {box.width():.0f} x {box.height():.0f}")
        if not whole.contains(box.adjusted(1, 1, -1, -1)):
            faults.append(f"{name} leaves the window")
    beneath = cast(str, app.model.property("overlay")) != ""
    for index, one in enumerate(targets):
        for other in targets[index + 1 :]:
            apart = (16 * unit - 1) / 2
            near = _box(one).adjusted(-apart, -apart, apart, apart)
            if not beneath and near.intersects(_box(other).adjusted(-apart, -apart, apart, apart)):
                faults.append(f"{one.objectName()} and {other.objectName()} are too close")
    names = [target.objectName() for target in targets]
    faults.extend(f"{name} is there twice" for name in set(names) if names.count(name) > 1)
    return faults


@pytest.mark.parametrize("look", DAY, ids=lambda look: look.name)
def test_nothing_is_cut_and_everything_can_be_touched(look: Look) -> None:
    faults: list[str] = []
    for stage in stages():
        terminal = replace(stage.terminal, language=look.language, care=look.care)
        with shown(HALL, terminal, size=look.size) as (app, _):
            if stage.live is not None:
                app.feed.show(stage.live)
                settle(app)
            faults.extend(f"{stage.name}: {fault}" for fault in _faults(app, look))
    assert not faults, "\n".join(faults)


def test_the_always_there_buttons_stay_where_they_are() -> None:
    places: dict[str, set[tuple[float, float]]] = {}
    for stage in stages():
        with shown(HALL, stage.terminal) as (app, _):
            for name in ("call-staff", "care", "contrast", "language", "finish"):
                box = _box(touch.find(app.window, name))
                places.setdefault(name, set()).add((box.x(), box.y()))
    assert {name: len(spots) for name, spots in places.items()} == dict.fromkeys(places, 1)
