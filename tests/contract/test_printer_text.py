"""Lines in the printer's own characters, and codes of its own, through the real driver to the simulated printer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
import zxingcpp
from PIL import Image

from devices.printer.api import Code, CodePage, Drawn, Line, Outcome, Setup
from devices.printer.escpos_bytes import slip_bytes
from devices.printer.escpos_driver import open_printer
from devices.printer.sim import SimulatedPrinter
from devices.printer.talk import Deadlines
from kiosk.receipts.compose import compose, drawn_instead, laid_out
from kiosk.receipts.slip import Slip
from kiosk.receipts.trial import trial_parts
from tests.support.slips import CHINESE, ENGLISH, FONTS, LONG_NAME, RARE, REPRINT, TEST

FONT = FONTS / "NotoSansCJKsc-Regular.otf"
PATIENT = Deadlines(connect=20, answer=20, fragment=20, finish=40)
TEXT = Setup(text=Drawn.NATIVE, qr=Drawn.NATIVE)


@pytest.fixture
def sim() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter(font=FONT) as simulated:
        yield simulated
        assert simulated.unknown_commands() == []


def printed(sim: SimulatedPrinter, slip: Slip, setup: Setup) -> Image.Image:
    """The paper of *slip*."""
    printer = open_printer(sim.uri, setup, PATIENT)
    parts = compose(slip, setup, font_folder=FONTS)
    result = printer.print(parts)
    printer.close()
    assert result.outcome is Outcome.PRINTED
    paper = sim.slips()[-1]
    assert paper.height == result.rows  # the count of paper is right for text and codes, too
    return paper


def code_on(paper: Image.Image) -> str:
    (code,) = zxingcpp.read_barcodes(paper.convert("L"))
    return code.text


@pytest.mark.parametrize("width", [384, 576, 640])
@pytest.mark.parametrize("what", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_code_of_a_written_slip_is_read_from_the_paper(what: Slip, width: int) -> None:
    for qr in Drawn:
        with SimulatedPrinter(width=width, font=FONT) as sim:
            paper = printed(sim, what, Setup(width=width, text=Drawn.NATIVE, qr=qr))
        assert code_on(paper) == what.qr_text


def test_code_drawn_by_the_printer_stands_in_a_drawn_slip(sim: SimulatedPrinter) -> None:
    paper = printed(sim, CHINESE, Setup(qr=Drawn.NATIVE))
    assert code_on(paper) == CHINESE.qr_text
    above, code, below = compose(CHINESE, Setup(qr=Drawn.NATIVE), font_folder=FONTS)
    assert isinstance(above, Image.Image)
    assert isinstance(code, Code)
    assert isinstance(below, Image.Image)
    assert paper.crop((0, 0, 576, above.height)).tobytes() == above.tobytes()


@pytest.mark.parametrize("what", [CHINESE, ENGLISH, LONG_NAME, RARE, REPRINT, TEST])
@pytest.mark.parametrize("width", [384, 576, 640])
def test_every_line_fits_and_every_name_is_there(what: Slip, width: int) -> None:
    setup = Setup(width=width, text=Drawn.NATIVE)
    lines = [part for part in compose(what, setup, font_folder=FONTS) if isinstance(part, Line)]
    for line in lines:
        cells = sum(1 if character.isascii() else 2 for character in line.text)
        assert cells * 12 * line.size <= width, line
    said = "".join(line.text.replace(" ", "") for line in lines)
    for content in (what.provisional_number, what.hall, what.applicant, what.proxy, what.title):
        if content is not None and not drawn_instead(what, setup):
            assert content.replace(" ", "") in said
    assert ("重印" in said) is what.reprint
    assert ("测试" in said) is what.test


def test_name_that_the_printer_lacks_comes_as_a_picture(sim: SimulatedPrinter) -> None:
    assert drawn_instead(RARE, TEXT) == "𬭚"
    assert drawn_instead(RARE, dataclasses.replace(TEXT, code_page=CodePage.GB2312)) == "〇㛃䶮𬭚"
    assert drawn_instead(RARE, Setup()) == ""
    parts = compose(RARE, TEXT, font_folder=FONTS)
    (picture,) = (part for part in parts if isinstance(part, Image.Image))
    assert "㛃*䶮" in "".join(part.text for part in parts if isinstance(part, Line))
    paper = printed(sim, RARE, TEXT)
    # The line is on the paper, dot for dot as we drew it.
    y = next(
        y for y in range(paper.height) if paper.crop((0, y, 576, y + picture.height)).tobytes() == picture.tobytes()
    )
    assert y > 0
    assert picture.convert("L").getextrema() == (0, 255)


def test_written_slip_is_a_fraction_of_a_drawn_one() -> None:
    drawn, coded, written = (
        len(slip_bytes(compose(CHINESE, setup, font_folder=FONTS), setup))
        for setup in (Setup(), Setup(qr=Drawn.NATIVE), TEXT)
    )
    assert written < 1500 < coded < drawn


def test_preview_of_a_written_slip_is_readable() -> None:
    parts = compose(CHINESE, TEXT, font_folder=FONTS)
    preview = laid_out(parts, TEXT, font_folder=FONTS)
    assert preview.width == 576
    assert code_on(preview) == CHINESE.qr_text


def test_ruler_of_the_trial_slip_shows_paper_that_is_too_narrow() -> None:
    setup = Setup(width=576)
    parts = trial_parts(setup, font_folder=FONTS, created=CHINESE.created)
    papers: list[Image.Image] = []
    for width in (576, 384):
        with SimulatedPrinter(width=width) as sim:
            printer = open_printer(sim.uri, setup, PATIENT)
            assert printer.print(parts).outcome is Outcome.PRINTED  # no printer tells
            printer.close()
            papers += sim.slips()
    fitting, narrow = papers
    assert [fitting.getpixel((x, 90)) for x in (0, 575)] == [0, 0]
    assert narrow.getpixel((0, 90)) == 0
    assert narrow.getpixel((383, 90)) != 0
