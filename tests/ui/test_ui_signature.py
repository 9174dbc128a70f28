"""The signature pad: strokes become a picture, an untouched pad none."""

from __future__ import annotations

import base64
from typing import cast

from PySide6.QtGui import QColor, QImage

from kiosk.journey.events import Signed, Touched
from kiosk.journey.states import Sign
from tests.support.journeys import HALL, at
from tests.support.screens import settle, shown
from ui import touch
from ui.signature import SignatureInk


def test_strokes_become_black_on_white_and_are_forgotten() -> None:
    with shown(HALL, at(Sign())) as (app, _):
        ink = cast(SignatureInk, touch.find(app.window, "sign-pad"))
        assert ink.png() == ""
        touch.stroke(app.window, "sign-pad", [(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)])
        settle(app)
        picture = QImage.fromData(base64.b64decode(ink.png()))
        assert (picture.width(), picture.height()) == (round(ink.width()), round(ink.height()))
        assert picture.pixelColor(picture.width() // 2, picture.height() // 2) == QColor("black")
        assert picture.pixelColor(5, 5) == QColor("white")
        ink.clear()
        assert ink.png() == ""


def test_a_resting_finger_is_no_signature() -> None:
    with shown(HALL, at(Sign())) as (app, _):
        ink = cast(SignatureInk, touch.find(app.window, "sign-pad"))
        touch.stroke(app.window, "sign-pad", [(0.5, 0.5), (0.502, 0.5)])
        settle(app)
        assert ink.property("empty") is True
        assert ink.png() == ""


def test_handing_in_sends_what_was_written() -> None:
    with shown(HALL, at(Sign())) as (app, runner):
        touch.stroke(app.window, "sign-pad", [(0.2, 0.3), (0.4, 0.6), (0.7, 0.3)])
        settle(app)
        name = "hand-in" if touch.visible(app.window, "hand-in") else "next"
        touch.tap(app.window, name)
        settle(app)
    signed = [event for event in runner.posted if event != Touched()]
    assert len(signed) == 1
    assert isinstance(signed[0], Signed)
    assert signed[0].png is not None
    assert signed[0].png.startswith(b"\x89PNG")
