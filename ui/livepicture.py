"""The live picture: frames come from the camera's thread, ready to be painted, and never hold up the Qt thread.

VideoOutput stays blank under the software renderer, so this is a painted item. Conversion and scaling happen in the
thread that brings the frame; the Qt thread only draws an image of exactly the size it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Property, QObject, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from PySide6.QtQml import QmlElement
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

from devices.camera.api import Corners, Picture

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1


class LiveFrame(Protocol):
    """What the camera's desk shows: a picture (height x width x 3, BGR, uint8), the page's corners in its pixels
    (``None``: no page), and whether the page is fit to be shot."""

    @property
    def picture(self) -> Picture: ...

    @property
    def corners(self) -> Corners | None: ...

    @property
    def good(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame ready to be painted: ``outline`` in pixels of ``image``."""

    image: QImage
    outline: tuple[QPointF, ...]
    good: bool


def prepare(frame: LiveFrame, room: QSize) -> Shown:
    """Scale ``frame`` to fit ``room`` (pixels), keeping its shape; it is never enlarged. Any thread."""
    height, width = frame.picture.shape[:2]
    scale = min(room.width() / width, room.height() / height, 1.0) if not room.isEmpty() else 1.0
    step = max(1, int(1 / scale))  # dropping rows and columns first keeps the smooth part small
    thin = frame.picture[::step, ::step].copy()
    rows, columns = thin.shape[:2]
    image = QImage(thin.data, columns, rows, columns * 3, QImage.Format.Format_BGR888)
    target = QSize(max(1, round(width * scale)), max(1, round(height * scale)))
    image = image.scaled(
        target, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    ).convertToFormat(QImage.Format.Format_RGB32)
    outline = tuple(QPointF(x * scale, y * scale) for x, y in frame.corners or ())
    return Shown(image, outline, frame.good)


@QmlElement
class LiveFeed(QObject):
    """The newest frame on its way to the screen. A frame nobody painted in time is dropped, never queued."""

    fresh = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.room = QSize()
        self.newest: Shown | None = None
        self._told = False

    def show(self, frame: LiveFrame | None) -> None:
        """Take up a frame, or ``None`` when the camera stopped. Any thread; does the scaling there."""
        self.newest = None if frame is None else prepare(frame, self.room)
        if not self._told:
            self._told = True
            self.fresh.emit()

    def take(self) -> Shown | None:
        """The newest frame; Qt thread."""
        self._told = False
        return self.newest


@QmlElement
class LivePictureItem(QQuickPaintedItem):
    """Paints the feed's newest frame centred, with the page's outline."""

    feedChanged = Signal()
    lineChanged = Signal()
    liveChanged = Signal()

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self._feed: LiveFeed | None = None
        self._shown: Shown | None = None
        self._line = 6.0
        self.painted = 0
        """Frames painted since the item was made; the bench reads it."""
        self.widthChanged.connect(self._measure)
        self.heightChanged.connect(self._measure)

    def _get_feed(self) -> LiveFeed | None:
        return self._feed

    def _set_feed(self, feed: LiveFeed | None) -> None:
        if feed is self._feed:
            return
        if self._feed is not None:
            self._feed.fresh.disconnect(self._freshen)
        self._feed = feed
        if feed is not None:
            feed.fresh.connect(self._freshen, Qt.ConnectionType.QueuedConnection)
            self._measure()
            self._freshen()
        self.feedChanged.emit()

    feed = Property(LiveFeed, _get_feed, _set_feed, notify=feedChanged)

    def _get_line(self) -> float:
        return self._line

    def _set_line(self, line: float) -> None:
        self._line = line
        self.lineChanged.emit()
        self.update()

    line = Property(float, _get_line, _set_line, notify=lineChanged)

    def _get_live(self) -> bool:
        return self._shown is not None

    live = Property(bool, _get_live, notify=liveChanged)

    @Slot()
    def _measure(self) -> None:
        if self._feed is not None:
            self._feed.room = QSize(round(self.width()), round(self.height()))

    @Slot()
    def _freshen(self) -> None:
        before = self._shown
        self._shown = self._feed.take() if self._feed is not None else None
        if (before is None) is not (self._shown is None):
            self.liveChanged.emit()
        self.update()

    def paint(self, painter: QPainter) -> None:
        shown = self._shown
        if shown is None:
            return
        self.painted += 1
        size = shown.image.size()
        fit = min(self.width() / size.width(), self.height() / size.height())
        left = (self.width() - size.width() * fit) / 2
        top = (self.height() - size.height() * fit) / 2
        painter.drawImage(QRectF(left, top, size.width() * fit, size.height() * fit), shown.image)
        if shown.outline:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen = QPen(QColor("#3CC07B" if shown.good else "#FFC53D"), self._line)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            if not shown.good:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawPolygon(QPolygonF([QPointF(left + p.x() * fit, top + p.y() * fit) for p in shown.outline]))
