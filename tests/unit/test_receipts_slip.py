"""The receipt slip: its words, its lines, its dots, its code."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import os
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from devices.printer.api import Drawn, Setup
from kiosk.receipts import picture, slip
from kiosk.receipts.compose import compose, laid_out
from kiosk.receipts.glyphs import marked
from kiosk.receipts.picture import BOLD, REGULAR, draw
from kiosk.receipts.slip import Slip, sentences
from kiosk.receipts.typeset import balance, wrap
from tests.support.slips import CHINESE, ENGLISH, FONTS, GOLDEN, RARE, REPRINT, TEST, UNKNOWN, WRITTEN

GOLDEN_FOLDER = Path(__file__).parents[1] / "golden" / "slips"
# Dot for dot with the FreeType the pictures were made with; another one may move the edge of a stroke.
MADE_WITH_FREETYPE = "2.14.3"
TOLERATED_SHARE = 0.0 if features.version("freetype2") == MADE_WITH_FREETYPE else 0.002


def difference(one: Image.Image, other: Image.Image) -> float:
    """The share of dots that differ."""
    changed = ImageChops.logical_xor(one, other)
    return changed.histogram()[-1] / (one.width * one.height)


def approved(name: str, drawn: Image.Image) -> Image.Image:
    """The golden picture; with GOLDEN_UPDATE=1 it is *drawn* from now on."""
    path = GOLDEN_FOLDER / f"{name}.png"
    if os.environ.get("GOLDEN_UPDATE") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.save(path, optimize=True)
    with Image.open(path) as file:
        return file.convert("1")


@pytest.mark.parametrize("name", GOLDEN)
def test_slip_looks_as_it_was_approved(name: str) -> None:
    what, width = GOLDEN[name]
    drawn = draw(what, width=width, font_folder=FONTS)
    golden = approved(name, drawn)
    assert drawn.size == golden.size
    assert difference(drawn, golden) <= TOLERATED_SHARE


@pytest.mark.parametrize("name", WRITTEN)
def test_written_slip_looks_as_it_was_approved(name: str) -> None:
    what, width = WRITTEN[name]
    setup = Setup(width=width, text=Drawn.NATIVE)
    drawn = laid_out(compose(what, setup, font_folder=FONTS), setup, font_folder=FONTS)
    golden = approved(name, drawn)
    assert drawn.size == golden.size
    assert difference(drawn, golden) <= TOLERATED_SHARE


def test_no_golden_slip_is_left_over() -> None:
    assert {path.stem for path in GOLDEN_FOLDER.iterdir()} == {*GOLDEN, *WRITTEN}


@pytest.mark.parametrize("name", GOLDEN)
def test_nothing_reaches_the_edge_and_the_code_is_read(name: str) -> None:
    what, width = GOLDEN[name]
    drawn = draw(what, width=width, font_folder=FONTS)
    for edge in ((0, 0, 12, drawn.height), (width - 12, 0, width, drawn.height)):
        assert drawn.crop(edge).convert("L").getextrema() == (255, 255)
    (code,) = zxingcpp.read_barcodes(drawn.convert("L"))
    assert code.text == what.qr_text


def test_character_that_the_font_lacks_is_told_by_its_number() -> None:
    font = FONTS / BOLD
    assert marked("王*\U00020000，㛃䶮𬭚〇：", font) == "王*[U+20000]，㛃䶮𬭚〇："
    shown = dataclasses.replace(UNKNOWN, applicant="王*[U+20000]", proxy="[U+2A6D5]*英")
    assert draw(UNKNOWN, font_folder=FONTS).tobytes() == draw(shown, font_folder=FONTS).tobytes()


def test_golden_comparison_sees_one_changed_digit() -> None:
    changed = dataclasses.replace(CHINESE, provisional_number="TY03-261123-0048-K")
    one, other = (draw(each, font_folder=FONTS) for each in (CHINESE, changed))
    assert difference(one, other) > 0


@pytest.mark.parametrize("width", [384, 576, 640])
@pytest.mark.parametrize("what", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_code_is_read_from_the_drawn_slip(what: Slip, width: int) -> None:
    drawn = draw(what, width=width, font_folder=FONTS)
    assert drawn.mode == "1"
    assert drawn.width == width
    codes = zxingcpp.read_barcodes(drawn.convert("L"))
    assert [(code.text, code.format) for code in codes] == [(what.qr_text, zxingcpp.BarcodeFormat.QRCode)]


def test_code_that_cannot_be_read_is_refused() -> None:
    endless = dataclasses.replace(CHINESE, qr_text="x" * 1200)
    with pytest.raises(ValueError, match="cannot be read"):
        draw(endless, width=384, font_folder=FONTS)


def test_same_slip_is_the_same_dots() -> None:
    assert draw(RARE, font_folder=FONTS).tobytes() == draw(RARE, font_folder=FONTS).tobytes()


@pytest.mark.parametrize("font", [REGULAR, BOLD])
@pytest.mark.parametrize("character", list("㛃䶮𬭚〇：*·•"))
def test_font_has_the_rare_character(font: str, character: str) -> None:
    shipped = ImageFont.truetype(FONTS / font, 40)
    assert ink(shipped, character) != ink(shipped, "\U0010fffd")


def ink(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    paper = Image.new("L", (60, 60))
    ImageDraw.Draw(paper).text((0, 0), character, fill=255, font=font)
    return paper.tobytes()


def test_marks_change_the_picture() -> None:
    plain, reprint, test = (draw(each, font_folder=FONTS) for each in (CHINESE, REPRINT, TEST))
    assert reprint.height > plain.height
    # The test mark is a black band: over half of its rows' dots are ink.
    band = test.crop((0, 8, test.width, 150))
    assert band.histogram()[0] > band.width * band.height / 2


def test_slip_never_says_sent_when_it_is_only_stored() -> None:
    for language in ("zh", "en"):
        words = sentences(language)
        assert words.sent != words.stored
    assert sentences("zh").stored == "已存好，网络恢复后自动报送"
    assert sentences("zh").sent.startswith("已报送")


def test_both_languages_have_every_sentence() -> None:
    for language in ("zh", "en"):
        assert all(dataclasses.astuple(sentences(language)))


def measure(text: str) -> float:
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("短", ["短"]),
        ("城乡居民基本养老保险", ["城乡居民基", "本养老保险"]),
        ("已经存好了，放心", ["已经存好", "了，放心"]),
        ("请到大厅找（张）", ["请到大厅找", "（张）"]),
        ("Sent to the hall", ["Sent to", "the hall"]),
        ("abcdefghijklmnop", ["abcdefghij", "klmnop"]),
        ("拨打 0912-123 吧", ["拨打", "0912-123", "吧"]),
    ],
)
def test_lines_break_where_readers_expect(text: str, lines: list[str]) -> None:
    assert wrap(text, width=10, measure=measure) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("城乡居民基本养", ["城乡居民", "基本养"]),
        ("不用再来，也不用重填", ["不用再来，", "也不用重填"]),
        ("one two three four", ["one two", "three four"]),
    ],
)
def test_headings_leave_no_word_alone(text: str, lines: list[str]) -> None:
    width = 120 if text.isascii() else 100
    assert balance(text, width=width, measure=lambda part: 10 * measure(part)) == lines


def test_receipts_know_neither_devices_nor_screens() -> None:
    for module in (slip, picture):
        tree = ast.parse(inspect.getsource(module))
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [name for name in imported if name.split(".")[0] in {"devices", "ui", "offline_queue"}]
