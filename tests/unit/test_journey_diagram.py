"""The picture of the journey is that of the code, and leaves out no screen."""

from __future__ import annotations

import re
from typing import get_args

from kiosk.journey import diagram
from kiosk.journey.states import Overlay, Screen, Welcome

PAGE = diagram.drawn()


def test_the_page_in_docs_is_fresh() -> None:
    assert diagram.FILE.read_text("utf-8") == PAGE, "run python -m kiosk.journey.diagram"


def test_every_screen_can_be_reached() -> None:
    reached = set(re.findall(r"--> (\w+)", PAGE))
    assert reached == {screen.__name__ for screen in get_args(Screen)}


def test_every_screen_but_the_first_has_a_way_out_and_every_overlay_a_way_in_and_out() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.+ \| .+) \|$", PAGE, re.MULTILINE))
    for screen in get_args(Screen):
        if screen is not Welcome:
            assert "silence" in rows[screen.__name__], screen
    for overlay in get_args(Overlay):
        opened, _, closed = rows[overlay.__name__].partition(" | ")
        assert opened.strip("– ")
        assert closed.strip("– ")
