"""Draws the shipped line icons in whatever colour the theme asks for.

A terminal may have no GPU, so icons are recoloured by rendering the SVG anew instead of by a shader effect.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtQuick import QQuickImageProvider
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).parent / "qml" / "Kiosk" / "icons"
_LARGEST = 1024


class UnknownIcon(KeyError):
    """A screen asked for an icon that is not shipped."""


def draw(name: str, color: str, size: QSize) -> QImage:
    """The icon ``name`` in ``color`` (``rrggbb`` or ``aarrggbb``), as large as ``size`` pixels.

    Raises :class:`UnknownIcon` where there is no such file in the icons folder.
    """
    path = FOLDER / f"{name}.svg"
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise UnknownIcon(name)
    svg = path.read_text(encoding="utf-8").replace("currentColor", f"#{color[-6:]}")
    svg = svg.replace('stroke-width="2"', 'stroke-width="1.75"')
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return image


class IconProvider(QQuickImageProvider):
    """Answers ``image://icon/NAME/COLOUR``."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)

    def requestImage(self, id: str, size: QSize, requestedSize: QSize) -> QImage:
        name, _, color = id.partition("/")
        side = min(max(requestedSize.width(), requestedSize.height(), 1), _LARGEST)
        try:
            image = draw(name, color, QSize(side, side))
        except UnknownIcon:
            image = QImage()  # the Image element warns, and warnings fail tests
        size.setWidth(image.width())
        size.setHeight(image.height())
        return image
