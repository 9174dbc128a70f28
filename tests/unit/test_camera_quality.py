"""Every finding, shown to come where it should and to stay away where it should not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from devices.camera import quality
from devices.camera.api import Corners, Finding, Picture
from devices.camera.page import find_page
from devices.camera.pictures import gray
from tests.support.papers import CORNERS, desk, written_page
from tests.support.scenes import MATS, PAPERS, scene

SHORT = 105.0


def judged(picture: Picture, corners: Corners = CORNERS, *, short_side_mm: float = SHORT) -> tuple[Finding, ...]:
    return quality.findings_of(picture, corners, short_side_mm=short_side_mm, fast=True)


def laid(degrees: float, *, slant: float = 1.0) -> Corners:
    """An upright paper turned around the picture's middle; ``slant`` narrows its far side."""
    turn = np.deg2rad(degrees)
    matrix = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    points = np.array([(-300 * slant, -330), (300 * slant, -330), (300, 330), (-300, 330)]) @ matrix.T + (960, 540)
    return tuple((float(x), float(y)) for x, y in points)  # pyright: ignore[reportReturnType]  # four


def _blot(picture: Picture) -> Picture:
    spot = np.zeros(picture.shape[:2], np.float32)
    cv2.circle(spot, (800, 500), 70, [255], -1)
    return np.clip(picture * 0.8 + cv2.GaussianBlur(spot, (0, 0), 9)[:, :, None], 0, 255).astype(np.uint8)


def _finger(picture: Picture) -> Picture:
    seen = picture.copy()
    cv2.ellipse(seen, (1320, 520), (150, 60), 0, 0, 360, (120, 150, 205), -1)
    return seen


WRONG: dict[Finding, Callable[[Picture], Picture]] = {
    Finding.TOO_DARK: lambda seen: (seen * 0.3).astype(np.uint8),
    Finding.TOO_BRIGHT: lambda seen: np.clip(seen.astype(np.int32) + 90, 0, 255).astype(np.uint8),
    Finding.GLARE: _blot,
    Finding.COVERED: _finger,
    Finding.BLURRED: lambda seen: cv2.GaussianBlur(seen, (0, 0), 4).astype(np.uint8),
}


@pytest.mark.parametrize("finding", WRONG)
def test_what_is_wrong_with_the_picture_is_found_and_nothing_else(finding: Finding) -> None:
    good = (desk(written_page()) * 0.9).astype(np.uint8)
    assert judged(good) == ()
    assert judged(WRONG[finding](good)) == (finding,)


def test_sideways_and_lengthwise_motion_are_blur() -> None:
    seen = desk(written_page())
    for kernel in (np.full((1, 13), 1 / 13), np.full((13, 1), 1 / 13)):
        assert judged(cv2.filter2D(seen, -1, kernel).astype(np.uint8)) == (Finding.BLURRED,)


def test_noise_is_no_writing_and_a_blank_page_is_not_blurred() -> None:
    noise = np.random.default_rng(5).normal(0, 6, (1080, 1920, 3))
    blank = np.clip(desk(written_page(blank=True)) + noise, 0, 255).astype(np.uint8)
    assert judged(blank) == (Finding.BLANK,)


def test_sharpness_does_not_depend_on_light() -> None:
    seen = desk(written_page())
    sharp = [quality.sharpness(gray(picture), tiles=60) for picture in (seen, seen // 2)]
    one, half = sharp
    assert one is not None
    assert half is not None
    assert abs(one.edge_px - half.edge_px) < 0.5
    assert half.tenengrad == pytest.approx(one.tenengrad, rel=0.25)


def test_exposure_in_figures() -> None:
    picture = np.full((100, 100, 3), 200, np.uint8)
    picture[:10], picture[90:] = 40, 240
    seen = quality.exposure(picture)
    assert (seen.p5, seen.p95) == (40, 240)
    assert seen.mean == pytest.approx(188, abs=1)


@pytest.mark.parametrize(
    ("degrees", "askew"), [(0, False), (20, False), (-28, False), (40, True), (-40, True), (90, False)]
)
def test_a_paper_laid_across_is_askew(degrees: float, askew: bool) -> None:
    seen = judged(desk(written_page(), laid(degrees)), laid(degrees), short_side_mm=60)
    assert seen == ((Finding.ASKEW,) if askew else ())


def test_a_paper_seen_slantwise_is_askew() -> None:
    assert not quality.askew(laid(0, slant=0.8))
    assert quality.askew(laid(0, slant=0.5))


@pytest.mark.parametrize(
    ("left", "wanted"),
    [(60.0, ()), (11.0, (Finding.NEAR_BORDER,)), (2.0, (Finding.CUT_OFF,)), (-40.0, (Finding.CUT_OFF,))],
)
def test_near_the_border_and_beyond(left: float, wanted: tuple[Finding, ...]) -> None:
    corners: Corners = ((left, 70.0), (left + 900, 70.0), (left + 900, 970.0), (left, 970.0))
    assert judged(desk(written_page(), corners), corners) == wanted


def test_six_pixels_a_millimetre() -> None:
    seen = desk(written_page())
    assert judged(seen, short_side_mm=140) == ()
    assert judged(seen, short_side_mm=160) == (Finding.TOO_SMALL,)


@pytest.mark.parametrize("mat", MATS)
@pytest.mark.parametrize("paper", PAPERS)
def test_a_finger_is_seen_on_every_mat_and_only_a_finger(mat: str, paper: str) -> None:
    seed = 7000 + MATS.index(mat) * 10 + PAPERS.index(paper)
    for troubles in ((), ("finger",)):
        drawn = scene(seed, mat, paper, troubles)
        wrong = judged(drawn.picture, drawn.corners, short_side_mm=30)
        assert wrong == ((Finding.COVERED,) if troubles else ()), drawn.name


def test_a_card_in_the_colour_of_skin_is_no_hand() -> None:
    page = np.full((900, 900, 3), (170, 195, 232), np.uint8)
    for y in range(90, 840, 44):
        cv2.putText(page, "Identity card 1234567890 sample", (60, y), 0, 1.0, (40, 36, 34), 2, cv2.LINE_AA)
    assert judged(desk(page)) == ()


def test_a_careful_look_judges_alike() -> None:
    found = find_page(desk(written_page()), short_side_mm=SHORT)
    assert found.findings == ()
    assert found.corners is not None
