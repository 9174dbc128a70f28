"""Computes the contrast of every pair of colours that the screens put on each other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor
from PySide6.QtQml import QQmlComponent, QQmlEngine

from ui.app import FOLDER

WORDS = [
    (ink, ground)
    for ink in ("ink", "ink2", "accent")
    for ground in ("ground", "surface", "shade", "tint", "notice", "goodTint", "wrongTint")
] + [
    ("accentInk", "accent"),
    ("accentInk", "accentPressed"),
    ("goodInk", "good"),
    ("good", "surface"),
    ("good", "goodTint"),
    ("wrong", "surface"),
    ("wrong", "wrongTint"),
]
SIGNS = [("line", "surface"), ("line", "ground"), ("accent", "ground"), ("good", "ground"), ("wrong", "ground")]


def _luminance(color: QColor) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["day", "contrast"])
def test_every_pair_of_colours_is_far_enough_apart(name: str) -> None:
    engine = QQmlEngine()
    engine.addImportPath(str(FOLDER / "qml"))
    component = QQmlComponent(engine)
    component.setData(
        b"import QtQuick\nimport Kiosk\nQtObject { property string name; property QtObject theme: Theme\n"
        b"Component.onCompleted: Theme.name = name }",
        QUrl(),
    )
    holder = component.createWithInitialProperties({"name": name})
    assert holder is not None, component.errorString()
    theme = holder.property("theme")
    low = [
        f"{ink} on {ground}: {_contrast(theme.property(ink), theme.property(ground)):.2f}"
        for pairs, least in ((WORDS, 7.0), (SIGNS, 4.5))
        for ink, ground in pairs
        if _contrast(theme.property(ink), theme.property(ground)) < least
    ]
    assert not low, low
    holder.deleteLater()
    engine.deleteLater()
