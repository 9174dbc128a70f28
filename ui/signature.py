"""Catches a finger's strokes and turns them into a picture, black on white; keeps nothing once cleared."""

from __future__ import annotations

import itertools

from PySide6.QtCore import Property, QBuffer, QByteArray, QIODevice, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtQml import QmlElement
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1

_SHORTEST = 12.0
"""Pixels a stroke must cover to count: a resting finger is no signature."""


@QmlElement
class SignatureInk(QQuickPaintedItem):
    """Touch arrives as mouse events, which Qt Quick makes of any touch nobody else claims."""

    changed = Signal()
    strokeChanged = Signal()

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self.setAcceptedMouseButtons(Qt.MouseButton.LeftButton)
        self.setKeepMouseGrab(True)
        self._strokes: list[list[QPointF]] = []
        self._stroke = 8.0

    def _get_empty(self) -> bool:
        return not any(_reach(points) >= _SHORTEST for points in self._strokes)

    empty = Property(bool, _get_empty, notify=changed)

    def _get_stroke(self) -> float:
        return self._stroke

    def _set_stroke(self, stroke: float) -> None:
        self._stroke = stroke
        self.strokeChanged.emit()

    stroke = Property(float, _get_stroke, _set_stroke, notify=strokeChanged)

    @Slot()
    def clear(self) -> None:
        """Forget every stroke."""
        self._strokes = []
        self._tell()

    @Slot(result=str)
    def png(self) -> str:
        """The strokes as PNG, black on white, base64; empty where nothing was written."""
        if self._get_empty():
            return ""
        image = QImage(max(1, round(self.width())), max(1, round(self.height())), QImage.Format.Format_Grayscale8)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        self._draw(painter)
        painter.end()
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType] - stub lacks str formats
        return bytes(data.toBase64().data()).decode("ascii")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._strokes.append([event.position()])
        event.accept()
        self._tell()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._strokes:
            self._strokes[-1].append(event.position())
            self._tell()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def paint(self, painter: QPainter) -> None:
        self._draw(painter)

    def _tell(self) -> None:
        self.changed.emit()
        self.update()

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(Qt.GlobalColor.black, self._stroke)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        for points in self._strokes:
            path = QPainterPath(points[0])
            for one, two in itertools.pairwise(points):
                path.quadTo(one, (one + two) / 2)
            path.lineTo(points[-1])
            painter.drawPath(path)


def _reach(points: list[QPointF]) -> float:
    """How far a stroke gets from where it began, pixels."""
    return max(abs(p.x() - points[0].x()) + abs(p.y() - points[0].y()) for p in points)
