"""The PDF that is handed in: true size, within its limit, in no more colours than needed, the same every time."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.api import Corners, Picture, Scan
from devices.camera.filing import Content, PdfTooLarge, content_of, to_pdf, upright
from devices.camera.pictures import decode_picture
from devices.camera.scan import straighten
from tests.support.papers import desk, packed, written_page

LARGE = 4 * 1024 * 1024


def page(width: int = 1240, height: int = 1754, *, short_side_mm: float = 210, turns: int = 0) -> Scan:
    return scan_of(written_page(width, height), short_side_mm=short_side_mm, turns=turns)


def scan_of(picture: Picture, *, short_side_mm: float = 210, turns: int = 0) -> Scan:
    height, width = picture.shape[:2]
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
    return Scan(jpeg=jpeg, width=width, height=height, short_side_mm=short_side_mm, turns=turns)


def filed(scans: list[Scan], *, largest: int = LARGE, sides: int = 1) -> bytes:
    document = to_pdf(scans, largest=largest, sides=sides)
    assert isinstance(document, bytes)
    return document


def boxes(document: bytes) -> list[tuple[int, int]]:
    """Page sizes in millimetres."""
    found = re.findall(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", document)
    return [(round(float(w) / 72 * 25.4), round(float(h) / 72 * 25.4)) for w, h in found]


def with_seal() -> Picture:
    seen = written_page(1240, 1754)
    cv2.circle(seen, (800, 1300), 120, (50, 40, 200), 8, cv2.LINE_AA)
    return seen


def with_photograph() -> Picture:
    seen = written_page(1240, 1754)
    ramp = np.linspace(60, 190, 300).astype(np.uint8)
    seen[200:500, 800:1100] = ramp[:, None, None]
    return seen


def test_true_size() -> None:
    assert boxes(filed([page()])) == [(210, 297)]
    assert boxes(filed([page(1754, 1240)])) == [(297, 210)]
    assert boxes(filed([page(1235, 1760)])) == [(210, 297)]  # A4 but for the camera's error
    assert boxes(filed([page(1000, 1362, short_side_mm=105), page()])) == [(105, 143), (210, 297)]


def test_a_turned_page_is_filed_turned() -> None:
    assert boxes(filed([page(turns=1)])) == [(297, 210)]
    straight, turned = upright(page()), upright(page(turns=3))
    assert np.array_equal(np.rot90(straight, 1), turned)


def test_black_on_white_takes_one_bit_a_seal_colour_a_photograph_grey() -> None:
    assert content_of(written_page(1240, 1754)) is Content.ONE_BIT
    assert content_of(with_seal()) is Content.COLOUR
    assert content_of(with_photograph()) is Content.GREY
    blue_pen = written_page(1240, 1754)
    cv2.putText(blue_pen, "signed", (500, 1600), 0, 3, (150, 60, 20), 6, cv2.LINE_AA)
    assert content_of(blue_pen) is Content.COLOUR


def test_what_a_page_is_kept_in_survives_camera_and_light() -> None:
    corners: Corners = ((460.0, 30.0), (1180.0, 40.0), (1190.0, 1050.0), (450.0, 1045.0))
    shade = np.linspace(0.65, 1.0, 1920)[None, :, None]
    for drawn, wanted in ((written_page(1240, 1754), Content.ONE_BIT), (with_seal(), Content.COLOUR)):
        scan = straighten((desk(drawn, corners) * shade).astype(np.uint8), corners)
        assert content_of(decode_picture(scan.jpeg)) is wanted


def test_the_filters_in_the_file_say_the_same() -> None:
    assert b"/CCITTFaxDecode" in filed([scan_of(written_page(1240, 1754))])
    colour, grey = filed([scan_of(with_seal())]), filed([scan_of(with_photograph())])
    assert b"/DCTDecode" in colour
    assert b"/DeviceRGB" in colour
    assert b"/DeviceGray" in grey
    assert len(filed([page()])) < len(grey)


def test_the_limit_holds_and_too_much_is_said() -> None:
    rng = np.random.default_rng(1)
    rough = cv2.GaussianBlur(rng.integers(0, 255, (1754, 1240, 3), dtype=np.uint8), (0, 0), 1.5).astype(np.uint8)
    pages = [scan_of(rough)] * 2
    whole = len(filed(pages))
    answer = to_pdf(pages, largest=20_000)
    assert isinstance(answer, PdfTooLarge)
    assert 20_000 < answer.smallest < 0.7 * whole
    for largest in (whole - 1, (whole + answer.smallest) // 2, answer.smallest):
        assert len(filed(pages, largest=largest)) <= largest


def test_twelve_pages_of_writing_are_small() -> None:
    assert len(filed([page()] * 12)) < 1024 * 1024


def test_both_sides_of_a_card_lie_on_one_sheet_at_true_size(tmp_path: Path) -> None:
    red, blue = np.full((638, 1011, 3), (40, 40, 200), np.uint8), np.full((638, 1011, 3), (200, 40, 40), np.uint8)
    document = filed([scan_of(red, short_side_mm=54), scan_of(blue, short_side_mm=54)], sides=2)
    assert boxes(document) == [(210, 297)]
    assert len(boxes(filed([scan_of(red, short_side_mm=54)] * 4, sides=2))) == 2
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not here")
    (tmp_path / "card.pdf").write_bytes(document)
    subprocess.run(["pdftoppm", "-r", "254", "-png", tmp_path / "card.pdf", tmp_path / "card"], check=True)
    sheet = decode_picture(next(tmp_path.glob("*.png")).read_bytes()).astype(np.int16)  # ten pixels a millimetre
    for colour, half in (((2, 0), slice(0, 1485)), ((0, 2), slice(1485, 2970))):
        strong, weak = colour
        card = (sheet[half, :, strong] - sheet[half, :, weak]) > 80
        rows, columns = np.nonzero(card.any(axis=1))[0], np.nonzero(card.any(axis=0))[0]
        assert abs(len(rows) - 540) <= 6
        assert abs(len(columns) - 856) <= 6
        assert abs(columns.mean() - 1050) < 5


def test_the_same_pages_give_the_same_bytes() -> None:
    pages = [page(), scan_of(with_seal()), scan_of(with_photograph())]
    assert filed(pages) == filed(pages)
    assert filed(pages[1:], sides=2) == filed(pages[1:], sides=2)


def test_no_pages_no_file() -> None:
    with pytest.raises(ValueError, match="at least one"):
        to_pdf([], largest=LARGE)


def test_pages_small_as_a_stamp_are_filed() -> None:
    assert boxes(filed([Scan(jpeg=packed(written_page(200, 280), ".jpg"), width=200, height=280)]))
