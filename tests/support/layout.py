"""Walks a window and says what is wrong with how it is laid out: cut words, small, crowded or covered targets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtQuick import QQuickItem, QQuickWindow

from ui import touch

SLACK = 1.5
"""Window pixels that rounding may take."""
TARGET = 96.0
CARE_TARGET = 128.0
GAP = 16.0
"""Design pixels, 4 to the millimetre on the reference screen."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """How a window is measured: ``unit`` is window pixels per design pixel."""

    unit: float
    care: bool


def faults(window: QQuickWindow, ruler: Ruler) -> list[str]:
    """All that is wrong, in words; empty when all is well."""
    return [*_word_faults(window), *_covered(window), *_target_faults(window, ruler)]


def area(item: QQuickItem) -> QRectF:
    """Where the item lies in the window."""
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def _shown(window: QQuickWindow) -> Iterator[QQuickItem]:
    """Every item that can be seen; the keyboard's own are Qt's."""
    waiting = [window.contentItem()]
    while waiting:
        item = waiting.pop()
        if not touch.seen(item) or item.objectName() == "keyboard":
            continue
        yield item
        waiting.extend(reversed(item.childItems()))


def _kin(item: QQuickItem | None) -> Iterator[QQuickItem]:
    while item is not None:
        yield item
        item = item.parentItem()


def _has(item: QQuickItem, name: str) -> bool:
    return item.metaObject().indexOfProperty(name) >= 0


def _covered(window: QQuickWindow) -> Iterator[str]:
    """Words that a button lies on, or that run into other words."""
    shown = list(_shown(window))
    targets = [item for item in shown if _is_target(item) and item.objectName() != "sign-pad"]
    said = [item for item in shown if _has(item, "contentWidth") and item.property("text")]
    beneath = any(item.objectName() == "dialog" for item in shown)
    for item in said:
        place = area(item).adjusted(SLACK, SLACK, -SLACK, -SLACK)
        words, kin = str(item.property("text"))[:24], list(_kin(item))
        if beneath and not any(parent.objectName() == "dialog" for parent in kin):
            continue
        for target in targets:
            if beneath and not any(parent.objectName() == "dialog" for parent in _kin(target)):
                continue
            if target not in kin and area(target).intersects(place):
                yield f"covered by {target.objectName()}: {words}"
    if not beneath:
        for one, two in itertools.combinations(said, 2):
            if area(one).adjusted(SLACK, SLACK, -SLACK, -SLACK).intersects(area(two)):
                yield f"run into each other: {str(one.property('text'))[:24]} and {str(two.property('text'))[:24]}"


def _word_faults(window: QQuickWindow) -> Iterator[str]:
    everything = QRectF(0, 0, window.width(), window.height()).adjusted(-SLACK, -SLACK, SLACK, SLACK)
    for item in _shown(window):
        if not (_has(item, "truncated") and _has(item, "contentWidth")) or not item.property("text"):
            continue
        words = str(item.property("text"))[:24]
        if item.property("truncated"):
            yield f"cut: {words}"
        wide, high = float(item.property("contentWidth")), float(item.property("contentHeight"))
        if wide > item.width() + SLACK or high > item.height() + SLACK:
            yield f"too large for its place: {words} ({wide:.0f}x{high:.0f} in {item.width():.0f}x{item.height():.0f})"
        place = area(item)
        if not everything.contains(place):
            yield f"outside the window: {words}"
        for parent in _kin(item.parentItem()):
            if parent.objectName() in ("content", "dialog") or _is_target(parent):
                outside = area(parent).adjusted(-SLACK, -SLACK, SLACK, SLACK)
                if not outside.contains(place):
                    name = parent.objectName() or "its button"
                    yield f"sticks out of {name}: {words}"
                break


def _is_target(item: QQuickItem) -> bool:
    """Whether a finger can do something with it."""
    if item.metaObject().indexOfSignal("activated()") >= 0:
        return item.isEnabled() and item.property("touchable") is not False
    return item.objectName() in ("written", "sign-pad")


def _target_faults(window: QQuickWindow, ruler: Ruler) -> Iterator[str]:
    least = (CARE_TARGET if ruler.care else TARGET) * ruler.unit - SLACK
    targets = [item for item in _shown(window) if _is_target(item)]
    over = [item for item in targets if any(parent.objectName() == "dialog" for parent in _kin(item))]
    for item in over or targets:
        place, name = area(item), item.objectName() or "nameless target"
        if not item.objectName():
            yield "a target without a name"
        if min(place.width(), place.height()) < least:
            yield f"small: {name} is {place.width():.0f}x{place.height():.0f}, least {least:.0f}"
        for parent in _kin(item.parentItem()):
            if parent.objectName() == "content" and not area(parent).adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(
                place
            ):
                yield f"sticks out of content: {name}"
    for one, two in itertools.combinations(over or targets, 2):
        if one in _kin(two) or two in _kin(one):
            continue
        grown = area(one).adjusted(*[side * (GAP * ruler.unit - SLACK) for side in (-1, -1, 1, 1)])
        if grown.intersects(area(two)):
            yield f"crowded: {one.objectName()} and {two.objectName()}"
