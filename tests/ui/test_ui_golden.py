"""Every screen as a picture, compared with the one that was looked at. GOLDEN_UPDATE=1 renews the pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.support.looks import GOLDEN, LOOKS, SHARE, Look, difference, keep, pictures
from tests.support.screens import half, render
from tests.support.stages import HALL, stages

UPDATE = os.environ.get("GOLDEN_UPDATE") == "1"


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_screen_looks_like_its_golden_picture(look: Look, tmp_path: Path) -> None:
    different: list[str] = []
    for stage, picture in pictures(look):
        path = GOLDEN / look.name / f"{stage.name}.png"
        if UPDATE:
            keep(picture, path)
            continue
        share = difference(picture, QImage(str(path))) if path.is_file() else 1.0
        if share > SHARE:
            now = tmp_path / f"{stage.name}.png"
            picture.save(str(now))
            different.append(f"{stage.name}: {share:.2%} of the pixels differ; now {now}")
    assert not different, "\n".join(different)


def test_no_golden_picture_is_left_over() -> None:
    wanted = {f"{look.name}/{stage.name}.png" for look in LOOKS for stage in stages()}
    assert {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*.png")} == wanted


def test_a_moved_word_is_a_difference() -> None:
    stage = stages()[1]
    one = half(render(HALL, stage.terminal))
    other = half(render(HALL, stage.terminal, language="en"))
    assert difference(one, one.copy()) == 0.0
    assert difference(one, other) > SHARE
