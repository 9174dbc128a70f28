"""What spoils a simulated picture does what it is called, to the frame as a whole."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.api import Picture
from devices.camera.pictures import PictureError, gray, read_picture
from devices.camera.sim import SimDesk
from devices.camera.sim_effects import Blur, Dark, Effect, Glare, Motion, Noise, spoil
from tests.support.papers import packed, written_page

PAGE = written_page(640, 480)


def sharpness(picture: Picture) -> float:
    return float(cv2.Laplacian(gray(picture), cv2.CV_64F).var())


def test_each_effect_does_what_it_is_called() -> None:
    grey = np.full((480, 640, 3), 120, np.uint8)
    noisy = spoil(grey, [Noise(20)]).astype(int) - 120
    assert 18 < noisy.std() < 22
    assert abs(noisy.mean()) < 1
    assert sharpness(spoil(PAGE, [Blur(3)])) < sharpness(PAGE) / 20
    assert sharpness(spoil(PAGE, [Motion(25, 20)])) < sharpness(PAGE) / 4
    assert spoil(grey, [Dark(0.2)]).mean() == 24
    shone = spoil(grey, [Glare(0.25, 0.5, 0.3)])
    assert shone[240, 160].min() == 255
    assert shone[240, 600].tolist() == [120, 120, 120]


def test_noise_and_motion_differ_from_frame_to_frame_and_nothing_else_does() -> None:
    changing: list[Effect] = [Noise(), Motion()]
    for effect in (*changing, Blur(), Glare(), Dark()):
        same = np.array_equal(spoil(PAGE, [effect], number=0), spoil(PAGE, [effect], number=1))
        assert same is (effect not in changing)
        assert np.array_equal(spoil(PAGE, [effect], number=1), spoil(PAGE, [effect], number=1))


def test_effects_add_up_and_leave_the_picture_alone() -> None:
    before = PAGE.copy()
    both = spoil(PAGE, [Dark(0.2), Noise(15)])
    assert np.array_equal(PAGE, before)
    assert both.mean() < PAGE.mean() / 3
    assert np.array_equal(spoil(PAGE, []), PAGE)


def test_a_desk_is_spoilt_and_seen_clearly_again(tmp_path: Path) -> None:
    desk = SimDesk(folder=tmp_path / "camera", width=640, height=480)
    (tmp_path / "paper.png").write_bytes(packed(PAGE))
    desk.show_file(tmp_path / "paper.png")

    def seen() -> Picture:
        return read_picture(Path(desk.source) / "0.jpg")

    clear = sharpness(seen())
    desk.spoil(Blur())
    assert sharpness(seen()) < clear / 20
    desk.clear()
    desk.show_file(tmp_path / "paper.png")
    assert sharpness(seen()) < clear / 20  # the lens is still as it was
    desk.spoil()
    assert sharpness(seen()) == pytest.approx(clear, rel=0.05)  # pyright: ignore[reportUnknownMemberType]
    with pytest.raises(PictureError):
        desk.show_file(tmp_path / "none.png")
