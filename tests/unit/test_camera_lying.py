"""One paper from the first live frame to the shot: followed, looked at closely once, and not shot twice."""

from __future__ import annotations

import numpy as np

from devices.camera.api import Corners, Finding, PageFound, Picture
from devices.camera.demo_papers import register_page
from devices.camera.likeness import likeness
from devices.camera.lying import AutoShot, PaperWatch
from devices.camera.page import find_page
from devices.camera.quality import flattened
from tests.support.papers import CORNERS, desk, overlap, written_page
from tests.support.scenes import FONT, LI, WANG, scene

SHORT = 105.0


def shifted(by: float) -> Corners:
    return tuple((x + by, y) for x, y in CORNERS)  # pyright: ignore[reportReturnType]  # four


def test_the_shot_comes_once_after_nine_still_frames() -> None:
    picture = desk(written_page())
    found = find_page(picture, fast=True, short_side_mm=SHORT)
    shot = AutoShot(frames=9)
    assert [shot.see(found, picture) for _ in range(12)] == [False] * 8 + [True] + [False] * 3
    assert not shot.see(PageFound(None, (Finding.NO_PAPER,)), picture)
    assert [shot.see(found, picture) for _ in range(9)][-1]


def test_no_shot_while_paper_or_picture_move_or_something_is_wrong() -> None:
    picture = desk(written_page())
    shot = AutoShot(frames=3)
    for step in range(20):
        assert not shot.see(PageFound(shifted(step * 12), ()), picture)
    for step in range(20):
        flickering = (picture * (1.0 if step % 2 else 0.8)).astype(np.uint8)
        assert not shot.see(PageFound(CORNERS, ()), flickering)
    for _ in range(20):
        assert not shot.see(PageFound(CORNERS, (Finding.GLARE,)), picture)


def test_a_paper_is_followed_told_to_lie_still_and_shot() -> None:
    watch = PaperWatch(short_side_mm=SHORT)
    lying = desk(written_page())
    for by in (-60, -30):
        moving = watch.see(desk(written_page(), shifted(by)))
        assert moving.found.findings == (Finding.MOVING,)
        assert moving.found.corners is not None
        assert overlap(moving.found.corners, shifted(by)) > 0.97
    frames = [watch.see(lying) for _ in range(10)]
    assert [seen.shoot for seen in frames].count(True) == 1
    assert frames[0].found.findings == (Finding.MOVING,)
    assert frames[5].found.findings == ()
    assert frames[9].found.corners is not None
    assert overlap(frames[9].found.corners, CORNERS) > 0.98


def test_the_outline_of_a_still_paper_does_not_tremble() -> None:
    watch = PaperWatch(short_side_mm=SHORT)
    rng = np.random.default_rng(2)
    plain = desk(written_page())

    def noisy() -> Picture:
        return np.clip(plain + rng.normal(0, 4, plain.shape), 0, 255).astype(np.uint8)

    seen = [watch.see(noisy()).found.corners for _ in range(8)]
    assert len(set(seen[4:])) == 1


def test_what_the_quick_look_does_not_see_the_careful_one_does_once_it_lies_still() -> None:
    for seed, mat, paper in ((100047, "grey", "a4"), (100057, "grey", "booklet")):
        drawn = scene(seed, mat, paper, ("finger",))
        assert find_page(drawn.picture, fast=True).corners is None  # else this scene shows nothing
        watch = PaperWatch(short_side_mm=30)
        found = [watch.see(drawn.picture).found for _ in range(6)]
        assert found[0].findings == (Finding.NO_PAPER,)
        assert found[-1].corners is not None
        assert overlap(found[-1].corners, drawn.corners) > 0.95
        assert found[-1].findings == (Finding.COVERED,)


def test_a_page_that_was_taken_is_not_shot_again_until_another_lies_there() -> None:
    first, second = (register_page(entry, font=FONT) for entry in (WANG, LI))
    lying = desk(first)
    taken = likeness(flattened(lying, CORNERS, long_side=1200, margin=0.004))
    watch = PaperWatch(short_side_mm=SHORT, taken=(taken,))
    frames = [watch.see(lying) for _ in range(12)]
    assert not any(seen.shoot for seen in frames)
    assert frames[-1].found.findings == (Finding.TAKEN,)
    other = desk(second)
    frames = [watch.see(other) for _ in range(18)]  # laid exactly where the first one lay
    assert [seen.shoot for seen in frames].count(True) == 1


def test_nothing_lies_there() -> None:
    watch = PaperWatch(short_side_mm=SHORT)
    for _ in range(5):
        assert watch.see(desk(None)).found == PageFound(None, (Finding.NO_PAPER,))
    pale = desk(written_page(), mat=(238, 242, 244))
    assert [watch.see(pale).found for _ in range(5)][-1].findings == (Finding.NO_PAPER, Finding.LIGHT_MAT)
