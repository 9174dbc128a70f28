"""The slip that a technician prints: whether Chinese, rare characters, the code, the knife and the width are right."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PIL import Image, ImageDraw

from devices.printer.api import Part, Setup
from kiosk.receipts.compose import compose
from kiosk.receipts.picture import draw_line
from kiosk.receipts.slip import Slip

_DOTS_PER_CM = 80


def trial_slip(created: datetime) -> Slip:
    """What it says; marked as a test."""
    return Slip(
        language="zh",
        hall="打印测试",
        title="汉字、二维码、切纸：㛃䶮𬭚〇",
        provisional_number="TY00-000000-0000-0",
        qr_text="https://district.invalid/s#test",
        applicant="王*英",
        proxy=None,
        created=created,
        materials=(),
        stored_offline=True,
        case_number=None,
        test=True,
        reprint=False,
        terminal="TY00",
        help_line="",
    )


def trial_parts(setup: Setup, *, font_folder: Path, created: datetime) -> tuple[Part, ...]:
    """The trial slip as the printer is set up to want it, with a ruler above it: no printer tells that its paper is
    narrower than the configuration says, but then the ruler's right end is missing."""
    return (_ruler(setup.width, font_folder), *compose(trial_slip(created), setup, font_folder=font_folder))


def _ruler(width: int, font_folder: Path) -> Image.Image:
    words = f"◀ {width} 点：两头的粗线都要看得见 ▶"
    ruler = Image.new("1", (width, 100), 1)
    pen = ImageDraw.Draw(ruler)
    pen.line((0, 24, width - 1, 24), fill=0, width=3)
    for x in range(0, width, _DOTS_PER_CM):
        pen.line((x, 10, x, 38), fill=0, width=2)
    for x in (0, width - 8):
        pen.rectangle((x, 0, x + 7, 99), fill=0)
    line = draw_line(
        words, dots=24, rows=40, bold=True, centred=True, width=width - 32, font_folder=font_folder
    )  # between the thick ends
    ruler.paste(line, (16, 50))
    return ruler
