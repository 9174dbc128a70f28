"""Papers found where they were laid, and everything that may be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.api import Corners, Finding, PageFound
from devices.camera.page import find_page
from devices.camera.pictures import PictureError, read_picture
from tests.support.papers import CORNERS, DARK, desk, overlap, packed, written_page
from tests.support.scenes import MATS, PAPERS, TROUBLES, scene

DATA = Path(__file__).parents[3] / "shared" / "data" / "papers"
SHORT = 105.0


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


def test_cut_off_and_small_papers() -> None:
    outside: Corners = ((420.0, -80.0), (1330.0, -60.0), (1290.0, 800.0), (380.0, 780.0))
    found = find_page(desk(written_page(), outside), short_side_mm=SHORT)
    assert found.corners is not None
    assert Finding.CUT_OFF in found.findings
    assert find_page(desk(written_page())).findings == (Finding.TOO_SMALL,)


def test_several_findings_come_in_the_order_to_mend_them() -> None:
    dark = (cv2.GaussianBlur(desk(written_page()), (0, 0), 6) * 0.25).astype(np.uint8)
    found = find_page(dark, fast=True).findings
    assert list(found) == [finding for finding in Finding if finding in found]
    assert len(found) >= 2


def test_files(tmp_path: Path) -> None:
    (tmp_path / "#1 户口.jpg").write_bytes(packed(desk(written_page()), ".jpg"))
    found = find_page(read_picture(tmp_path / "#1 户口.jpg"), short_side_mm=SHORT)
    assert found.corners is not None
    with pytest.raises(PictureError):
        read_picture(tmp_path / "none.jpg")


@pytest.mark.parametrize("mat", MATS)
def test_papers_on_every_mat(mat: str) -> None:
    turn = MATS.index(mat)
    drawn = scene(41 + turn, mat, PAPERS[turn % 3], (TROUBLES[turn],))
    found = find_page(drawn.picture, short_side_mm=drawn.short_side_mm)
    assert found.corners is not None
    assert overlap(found.corners, drawn.corners) > 0.95


def test_where_it_lay_before_is_looked_at_first_and_forgotten_when_it_is_gone() -> None:
    lying = desk(written_page())
    first = find_page(lying, fast=True, short_side_mm=SHORT)
    assert first.corners is not None
    assert find_page(lying, fast=True, short_side_mm=SHORT, near=first.corners).corners == first.corners
    moved: Corners = tuple((x + 9, y - 6) for x, y in CORNERS)  # pyright: ignore[reportAssignmentType]  # four
    near = find_page(desk(written_page(), moved), fast=True, short_side_mm=SHORT, near=first.corners)
    assert near.corners is not None
    assert overlap(near.corners, moved) > 0.985
    for picture in (desk(None), np.zeros((1080, 1920, 3), np.uint8)):
        assert find_page(picture, fast=True, near=first.corners).corners is None


@pytest.mark.skipif(not DATA.exists(), reason="the photographs are not here")
def test_photographs() -> None:
    truth = json.loads((DATA / "truth.json").read_text())
    for name, known in truth.items():
        found = find_page(read_picture(DATA / name))
        assert found.corners is not None, name
        assert overlap(found.corners, known["corners_tl_tr_br_bl"]) > 0.9, name
