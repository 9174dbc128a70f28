"""After the wipe nothing of the last resident can be reached: not in Python's objects, not on the screen."""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import replace

from PySide6.QtQuick import QQuickWindow

from devices.camera.api import Scan
from kiosk.journey.events import Finish, FinishForSure, PageShot
from tests.support.journeys import HALL, WANG, Walk
from tests.support.papers import packed, written_page
from tests.support.screens import settle, shown
from ui import touch
from ui.viewmodels.papers import ScanPapersModel

ALONE = 2
"""References to an object that only one variable knows: that, and the question itself."""


def test_pages_and_their_small_pictures_go_with_the_session() -> None:
    page = bytes(bytearray(packed(written_page(620, 877), ".jpg")))
    walk = Walk().to_papers()
    walk.do(PageShot(walk.session.number, Scan(jpeg=page, width=620, height=877)))
    assert sys.getrefcount(page) > ALONE
    with shown(HALL, Walk().terminal) as (app, runner):  # what is given here stays for the whole block
        runner.become(walk.terminal)
        settle(app)
        model = app.model.property("screen")
        assert isinstance(model, ScanPapersModel)
        assert str(model.pages).count("data:image/jpeg") == 1
        small = weakref.ref(model)
        runner.become(walk.do(Finish(), FinishForSure()).terminal)
        del walk, model
        settle(app)
        gc.collect()
        assert small() is None
        left = sys.getrefcount(page)  # asked outside the assertion, which keeps a reference of its own
        assert left == ALONE
        assert not touch.visible(app.window, "remove-0")


def test_the_name_leaves_every_word_on_the_screen() -> None:
    walk = Walk().to_papers()
    with shown(HALL, walk.terminal) as (app, runner):
        assert _words(app.window) & {"王*英"}
        runner.become(replace(walk.do(Finish(), FinishForSure()).terminal))
        settle(app)
        words = " ".join(_words(app.window))
        assert "王" not in words
        assert WANG.fields["id_number"][:3] + "*" not in words


def _words(window: QQuickWindow) -> set[str]:
    return {str(item.property("text")) for item in touch.items(window, hidden=True) if item.property("text")}
