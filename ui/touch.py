"""A finger for rehearsals and tests: finds an item by name and touches it as a resident would, or says why it cannot.

Real touch events go to the window, so whatever keeps a resident from touching an item keeps this from it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QInputDevice, QPointingDevice
from PySide6.QtQuick import QQuickItem, QQuickWindow
from PySide6.QtTest import QTest

FRAME_MS = 20
"""Milliseconds, a little more than a frame."""
EVERYWHERE = "everywhere"
"""The item that watches all touches and lets them through."""


class CannotTouch(Exception):
    """The item is missing, hidden, disabled, outside the window or covered; the message names it and the reason."""


@cache
def _finger() -> QPointingDevice:
    return QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen)


def seen(item: QQuickItem) -> bool:
    """Whether the item itself can be seen: neither hidden nor wholly transparent."""
    return item.isVisible() and item.opacity() > 0


def items(window: QQuickWindow, *, hidden: bool = False) -> Iterator[QQuickItem]:
    """Every visible item in the window, depth first; with ``hidden`` the invisible ones, too."""
    waiting = [window.contentItem()]
    while waiting:
        item = waiting.pop()
        if hidden or seen(item):
            yield item
            waiting.extend(reversed(item.childItems()))


def find(window: QQuickWindow, object_name: str) -> QQuickItem:
    """The item of that name, the visible one where several carry it. Raises :class:`CannotTouch` if there is none."""
    for hidden in (False, True):
        for item in items(window, hidden=hidden):
            if item.objectName() == object_name:
                return item
    there = sorted({item.objectName() for item in items(window) if item.objectName()})
    raise CannotTouch(f"{object_name}: not on the screen; there are {', '.join(there)}")


def visible(window: QQuickWindow, object_name: str) -> bool:
    """Whether an item of that name can be seen."""
    return any(item.objectName() == object_name for item in items(window))


def reachable(window: QQuickWindow, object_name: str) -> QQuickItem:
    """The item, if a finger on its middle would reach it. Raises :class:`CannotTouch`."""
    item = find(window, object_name)
    if not seen(item) or item.width() <= 0 or item.height() <= 0:
        raise CannotTouch(f"{object_name}: hidden")
    if not item.isEnabled():
        raise CannotTouch(f"{object_name}: disabled")
    centre = item.mapToScene(QPointF(item.width() / 2, item.height() / 2))
    if not (0 <= centre.x() < window.width() and 0 <= centre.y() < window.height()):
        raise CannotTouch(f"{object_name}: outside the window at {centre.x():.0f}, {centre.y():.0f}")
    above = _topmost(window.contentItem(), centre, item)
    if above is not None and above is not item:
        raise CannotTouch(f"{object_name}: covered by {above.objectName() or above.metaObject().className()}")
    return item


def _topmost(item: QQuickItem, point: QPointF, wanted: QQuickItem) -> QQuickItem | None:
    """The highest item at ``point`` that is ``wanted`` (or inside it) or takes touches away from it."""
    if not seen(item) or item.objectName() == EVERYWHERE:
        return None
    for child in sorted(item.childItems(), key=lambda child: child.z(), reverse=False)[::-1]:
        hit = _topmost(child, point, wanted)
        if hit is not None:
            return wanted if item is wanted else hit
    local = item.mapFromScene(point)
    inside = 0 <= local.x() < item.width() and 0 <= local.y() < item.height()
    takes = item is wanted or (item.isEnabled() and item.acceptedMouseButtons() != Qt.MouseButton.NoButton)
    return item if inside and takes else None


def tap(window: QQuickWindow, object_name: str) -> None:
    """Touch the middle of the item and let go. Raises :class:`CannotTouch`."""
    item = reachable(window, object_name)
    spot = item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()
    QTest.touchEvent(window, _finger()).press(0, spot, window).commit()
    QTest.touchEvent(window, _finger()).release(0, spot, window).commit()


def drag(window: QQuickWindow, spots: Iterable[QPoint]) -> None:
    """Lay the finger on the first spot (window pixels), move over the others, and lift it at the last."""
    way = list(spots)
    QTest.touchEvent(window, _finger()).press(0, way[0], window).commit()
    for spot in way[1:]:
        QTest.touchEvent(window, _finger()).move(0, spot, window).commit()
        QTest.qWait(FRAME_MS)  # Qt Quick hands on only the last move of a frame
    QTest.touchEvent(window, _finger()).release(0, way[-1], window).commit()


def stroke(window: QQuickWindow, object_name: str, points: Iterable[tuple[float, float]]) -> None:
    """Draw over the item with one finger; ``points`` in parts of its width and height, 0 to 1."""
    item = reachable(window, object_name)
    drag(window, (item.mapToScene(QPointF(x * item.width(), y * item.height())).toPoint() for x, y in points))


def grab(window: QQuickWindow) -> QImage:
    """The window as a picture."""
    return window.grabWindow()
