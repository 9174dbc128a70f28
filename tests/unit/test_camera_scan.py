"""From the shot to the page: straight, evenly lit, upright, and known again when it comes twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from devices.camera import wayup
from devices.camera.api import Corners, Doubt, Picture
from devices.camera.demo_papers import RegisterEntry, register_page
from devices.camera.likeness import alike, likeness
from devices.camera.pictures import decode_picture
from devices.camera.scan import straighten
from devices.camera.wayup import WayUp, way_up
from tests.support.papers import CORNERS, desk, written_page
from tests.support.scenes import FONT, LI, WANG


def leaf(entry: RegisterEntry) -> Picture:
    return register_page(entry, font=FONT)


def whole(picture: Picture) -> Corners:
    height, width = picture.shape[:2]
    return ((0.0, 0.0), (width - 1.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0))


def shot(page: Picture, seed: int, *, moved: float = 0.0) -> bytes:
    """The likeness of a page photographed in some light, its corners found to a pixel or so; ``moved`` pixels."""
    rng = np.random.default_rng(seed)
    corners = np.array([(500, 40), (1280, 60), (1260, 1040), (470, 1020)]) + rng.uniform(-moved, moved, (4, 2))
    shade = np.linspace(rng.uniform(0.6, 1), 1, 1920)[None, :, None]
    seen = (desk(page, _corners(corners)) * shade).astype(np.uint8)
    return straighten(seen, _corners(corners + rng.normal(0, 0.8, (4, 2))), short_side_mm=105).likeness


def _corners(points: npt.NDArray[np.float64]) -> Corners:
    return tuple((float(x), float(y)) for x, y in points)  # pyright: ignore[reportReturnType]  # four


def test_the_scan_shows_the_paper_alone_and_evenly_lit() -> None:
    shade = np.linspace(0.55, 1.0, 1920)[None, :, None]
    scan = straighten((desk(written_page()) * shade).astype(np.uint8), CORNERS)
    flat = decode_picture(scan.jpeg)
    assert flat.shape == (scan.height, scan.width, 3)
    assert abs(scan.width - 911) < 5
    assert abs(scan.height - 915) < 5
    left, right = (np.percentile(part, 80) for part in (flat[:, :200], flat[:, -200:]))
    assert min(left, right) > 215
    assert abs(float(left) - float(right)) < 15
    assert flat[2:-2, 2:-2].min(axis=2)[:6].mean() > 150  # no strip of the mat at the top


def test_large_papers_and_cards_are_bounded() -> None:
    page = written_page(3200, 4400)
    assert max(straighten(page, whole(page)).height, 0) == 2480
    card = straighten(page, whole(page), short_side_mm=54)
    assert abs(card.width - 54 / 25.4 * 300) <= 2


@pytest.mark.parametrize("turns", range(4))
def test_pages_are_set_upright_however_they_lay(turns: int) -> None:
    lying = np.ascontiguousarray(np.rot90(leaf(WANG), turns))
    assert way_up(lying) == WayUp(turns, sure=True)
    scan = straighten(lying, whole(lying), short_side_mm=105)
    assert scan.height > scan.width
    assert scan.doubts == ()
    assert way_up(decode_picture(scan.jpeg)) == WayUp(0, sure=True)


def test_a_page_without_writing_is_left_as_it_lay() -> None:
    blank = written_page(blank=True)
    assert way_up(blank) == WayUp(0, sure=False)
    assert straighten(blank, whole(blank)).doubts == ()


def test_few_lines_upside_down_are_said_and_not_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    page = leaf(WANG)
    votes = iter([0.99, 0.99, 0.05, *[0.5] * 20])

    def vote(_: Picture) -> float:
        return next(votes)

    monkeypatch.setattr(wayup, "_upside_down", vote)
    scan = straighten(page, whole(page), short_side_mm=105)
    assert scan.doubts == (Doubt.UPSIDE_DOWN,)
    assert scan.height > scan.width


def test_without_the_model_nothing_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wayup, "_classifier", lambda: None)
    page = np.ascontiguousarray(leaf(WANG)[::-1, ::-1])
    assert way_up(page) == WayUp(0, sure=False)


def test_a_page_that_still_lies_there_is_known_and_another_leaf_of_the_form_is_not() -> None:
    lying = [shot(leaf(WANG), seed) for seed in range(4)]
    assert all(alike(one, other) for one in lying for other in lying)
    laid_again = [shot(leaf(WANG), seed, moved=35) for seed in range(4, 8)]
    assert sum(alike(lying[0], other) for other in laid_again) >= 3
    brother = replace(WANG, name="李建国", birth_date="1985年09月17日")
    others = [shot(leaf(entry), seed, moved=35) for seed, entry in enumerate((LI, brother, brother), start=8)]
    assert not any(alike(one, other) for one in (*lying, *laid_again) for other in others)


def test_a_page_laid_the_other_way_round_is_the_same_page() -> None:
    page = leaf(WANG)
    kept = likeness(page)
    assert alike(kept, likeness(np.ascontiguousarray(page[::-1, ::-1])))
    assert alike(kept, likeness(np.ascontiguousarray(np.rot90(page))))
    assert not alike(kept, likeness(written_page(blank=True)))
    assert not alike(kept, b"")


def test_a_page_taken_twice_is_doubted() -> None:
    page = leaf(WANG)
    once = straighten(page, whole(page), short_side_mm=105)
    assert straighten(page, whole(page), short_side_mm=105, taken=(once.likeness,)).doubts == (Doubt.SAME_PAGE,)
    other = leaf(LI)
    assert straighten(other, whole(other), short_side_mm=105, taken=(once.likeness,)).doubts == ()
