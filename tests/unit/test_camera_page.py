"""Papers found where they were laid, and everything that may be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.api import Corners, Finding, PageFound, Picture
from devices.camera.page import AutoShot, find_page
from devices.camera.pictures import PictureError, decode_picture, read_picture
from devices.camera.scan import straighten, to_pdf
from tests.support.papers import CORNERS, DARK, desk, overlap, packed, written_page

DATA = Path(__file__).parents[3] / "shared" / "data" / "papers"
SHORT = 105.0


def findings(picture: Picture, *, fast: bool = True) -> tuple[Finding, ...]:
    return find_page(picture, fast=fast, short_side_mm=SHORT).findings


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("mat", [DARK, (30, 30, 30), (40, 90, 40), (40, 40, 120)])
def test_a_paper_is_found_where_it_lies(mat: tuple[int, int, int], fast: bool) -> None:
    found = find_page(desk(written_page(), mat=mat), fast=fast, short_side_mm=SHORT)
    assert found.corners is not None
    assert overlap(found.corners, CORNERS) > 0.98
    assert np.abs(np.array(found.corners) - np.array(CORNERS)).max() < 8  # the same corner first
    assert found.findings == ()


@pytest.mark.parametrize("fast", [True, False])
def test_turned_papers(fast: bool) -> None:
    for degrees in (-20, -8, 12, 30):
        turn = np.deg2rad(degrees)
        matrix = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
        points = np.array([(-380, -270), (380, -270), (380, 270), (-380, 270)]) @ matrix.T + (960, 540)
        corners: Corners = tuple((float(x), float(y)) for x, y in points)  # pyright: ignore[reportAssignmentType]  # four
        found = find_page(desk(written_page(1000, 710), corners), fast=fast)
        assert found.corners is not None
        assert overlap(found.corners, corners) > 0.97


def test_a_table_within_the_paper_is_not_the_paper() -> None:
    page = written_page(blank=True)
    cv2.rectangle(page, (90, 90), (810, 810), (20, 20, 20), 6)
    for y in range(90, 810, 80):
        cv2.line(page, (90, y), (810, y), (20, 20, 20), 3)
    for fast in (True, False):
        found = find_page(desk(page), fast=fast)
        assert found.corners is not None
        assert overlap(found.corners, CORNERS) > 0.97


@pytest.mark.parametrize("fast", [True, False])
def test_nothing_is_found_where_nothing_lies(fast: bool) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    for empty in (desk(None), noise, np.zeros((300, 300, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert find_page(empty, fast=fast) == PageFound(None, (Finding.NO_PAPER,))


@pytest.mark.parametrize("fast", [True, False])
def test_a_light_mat_is_said(fast: bool) -> None:
    found = find_page(desk(written_page(), mat=(238, 242, 244)), fast=fast)
    assert found == PageFound(None, (Finding.NO_PAPER, Finding.LIGHT_MAT))


def test_dark_bright_and_glaring_light() -> None:
    scene = desk(written_page())
    assert Finding.TOO_DARK in findings((scene * 0.25).astype(np.uint8))
    assert Finding.TOO_BRIGHT in findings(np.clip(scene.astype(np.int32) + 90, 0, 255).astype(np.uint8))
    spot = np.zeros(scene.shape[:2], np.float32)
    cv2.circle(spot, (800, 500), 70, [255], -1)
    glaring = np.clip(scene * 0.8 + cv2.GaussianBlur(spot, (0, 0), 9)[:, :, None], 0, 255).astype(np.uint8)
    assert findings(glaring) == (Finding.GLARE,)
    assert findings((scene * 0.8).astype(np.uint8)) == ()


def test_blur_and_blankness_are_told_apart() -> None:
    assert findings(cv2.GaussianBlur(desk(written_page()), (0, 0), 5).astype(np.uint8)) == (Finding.BLURRED,)
    motion = cv2.filter2D(desk(written_page()), -1, np.full((1, 21), 1 / 21))
    assert findings(motion.astype(np.uint8)) == (Finding.BLURRED,)
    assert findings(desk(written_page(blank=True))) == (Finding.BLANK,)


def test_cut_off_and_small_papers() -> None:
    outside: Corners = ((420.0, -80.0), (1330.0, -60.0), (1290.0, 800.0), (380.0, 780.0))
    found = find_page(desk(written_page(), outside), short_side_mm=SHORT)
    assert found.corners is not None
    assert Finding.CUT_OFF in found.findings
    assert find_page(desk(written_page())).findings == (Finding.TOO_SMALL,)


def test_a_hand_on_the_paper() -> None:
    scene = desk(written_page())
    cv2.ellipse(scene, (1320, 520), (150, 60), 0, 0, 360, (120, 150, 205), -1)
    assert Finding.COVERED in findings(scene)


def test_several_findings_come_in_the_order_to_mend_them() -> None:
    dark = (cv2.GaussianBlur(desk(written_page()), (0, 0), 6) * 0.25).astype(np.uint8)
    found = find_page(dark, fast=True).findings
    assert list(found) == [finding for finding in Finding if finding in found]
    assert len(found) >= 2


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
        moved: Corners = tuple((x + step * 12, y) for x, y in CORNERS)  # pyright: ignore[reportAssignmentType]  # four
        assert not shot.see(PageFound(moved, ()), picture)
    for step in range(20):
        flickering = (picture * (1.0 if step % 2 else 0.8)).astype(np.uint8)
        assert not shot.see(PageFound(CORNERS, ()), flickering)
    for _ in range(20):
        assert not shot.see(PageFound(CORNERS, (Finding.GLARE,)), picture)


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


def test_large_papers_are_bounded_and_pages_become_a_pdf() -> None:
    page = written_page(3200, 4400)
    height, width = page.shape[:2]
    scan = straighten(page, ((0.0, 0.0), (width - 1.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0)))
    assert max(scan.width, scan.height) <= 2480
    document = to_pdf([scan, scan])
    assert document.startswith(b"%PDF-")
    assert scan.jpeg in document
    assert document == to_pdf([scan, scan])
    with pytest.raises(ValueError, match="at least one"):
        to_pdf([])


def test_files(tmp_path: Path) -> None:
    (tmp_path / "#1 户口.jpg").write_bytes(packed(desk(written_page()), ".jpg"))
    found = find_page(read_picture(tmp_path / "#1 户口.jpg"), short_side_mm=SHORT)
    assert found.corners is not None
    with pytest.raises(PictureError):
        read_picture(tmp_path / "none.jpg")


@pytest.mark.skipif(not DATA.exists(), reason="the photographs are not here")
def test_photographs() -> None:
    truth = json.loads((DATA / "truth.json").read_text())
    for name, known in truth.items():
        found = find_page(read_picture(DATA / name))
        assert found.corners is not None, name
        assert overlap(found.corners, known["corners_tl_tr_br_bl"]) > 0.9, name
