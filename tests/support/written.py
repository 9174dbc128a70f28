"""Papers with writing that must be read: drawn here, of invented people, photographed as a terminal's camera would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from devices.camera import demo_papers
from devices.camera.api import Picture

FONTS = Path(__file__).parents[2] / "ui" / "fonts"
SANS = FONTS / "NotoSansCJKsc-Regular.otf"
BOLD = FONTS / "NotoSansCJKsc-Bold.otf"
OCR_B = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
"""The typeface that ICAO 9303-3 clause 4.3 asks for (Debian: fonts-ocr-b)."""

_INK = (40, 36, 36)


def id_number(area: str, born: str, sequence: str) -> str:
    """A number that passes its check; areas from 90 on are nobody's."""
    digits = area + born + sequence
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def bank_card(digits: str) -> str:
    """``digits`` with their Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    number: str


PEOPLE = (
    Person("王秀英", id_number("932682", "19680315", "002")),
    Person("欧阳建国", id_number("932682", "19501101", "001")),
    Person("阿卜杜热合曼·买买提", id_number("940102", "19771224", "013")),
    Person("娜仁", id_number("950101", "19991231", "024")),
    Person("古丽巴哈尔·艾则孜", id_number("940102", "19850707", "048")),
    Person("龚䶮", id_number("932682", "20010228", "101")),
)


def _sheet(width: int, height: int, colour: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (width, height), colour)
    return sheet, ImageDraw.Draw(sheet)


def _picture(sheet: Image.Image) -> Picture:
    return np.ascontiguousarray(np.asarray(sheet, dtype=np.uint8)[:, :, ::-1])


def identity_card(person: Person) -> Picture:
    """The side with the number, 85.6 x 54 mm at 12 px/mm."""
    sheet, draw = _sheet(1027, 648, (222, 232, 240))
    label, value = ImageFont.truetype(str(SANS), 30), ImageFont.truetype(str(SANS), 40)
    digits = ImageFont.truetype(str(BOLD), 44)
    for y, name, text in (
        (70, "姓 名", person.name),
        (150, "性 别", "女   民 族  汉"),
        (230, "出 生", "1968 年 3 月 15 日"),
    ):
        draw.text((60, y), name, font=label, fill=(60, 110, 160), anchor="lm")
        draw.text((180, y), text, font=value, fill=_INK, anchor="lm")
    draw.text((60, 310), "住 址", font=label, fill=(60, 110, 160), anchor="lm")
    draw.text((180, 310), "样张省样张县桃源镇", font=value, fill=_INK, anchor="lm")
    draw.text((180, 365), "东河村 12 号", font=value, fill=_INK, anchor="lm")
    draw.text((60, 570), "公民身份号码", font=label, fill=(60, 110, 160), anchor="lm")
    draw.text((340, 570), " ".join(person.number), font=digits, fill=_INK, anchor="lm")
    draw.rectangle((720, 90, 960, 400), fill=(150, 160, 170))
    return _picture(sheet)


def letter(*lines: str) -> Picture:
    """Any lines on an A4 page at 6 px/mm."""
    sheet, draw = _sheet(1260, 1782, (246, 246, 242))
    font = ImageFont.truetype(str(SANS), 34)
    for index, line in enumerate(lines):
        draw.text((110, 160 + 90 * index), line, font=font, fill=_INK, anchor="lm")
    return _picture(sheet)


def bank_card_front(number: str) -> Picture:
    """A debit card with its number in groups, as they are printed."""
    return demo_papers.bank_card(number, fonts=FONTS)


def document_page(lines: tuple[str, ...], *, scale: float = 6.0) -> Picture:
    """The data page of a travel document, ``scale`` px/mm, with its zone in OCR-B."""
    fine = demo_papers.document_page(lines, fonts=FONTS, zone_font=OCR_B)
    size = (round(fine.shape[1] * scale / 18), round(fine.shape[0] * scale / 18))
    return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def under_camera(
    page: Picture, *, degrees: float = 0.0, blur: float = 0.8, noise: float = 4.0, size: tuple[int, int] = (1920, 1080)
) -> Picture:
    """``page`` pixel for pixel on a dark mat in a frame of ``size``, turned, out of focus a little, noisy."""
    frame = np.full((size[1], size[0], 3), (48, 42, 38), np.uint8)
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    matrix[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    cv2.warpAffine(page, matrix, size, dst=frame, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT)
    seen = cv2.GaussianBlur(frame, (0, 0), blur) if blur else frame
    grain = np.random.default_rng(7).normal(0, noise, seen.shape)
    return np.clip(seen + grain, 0, 255).astype(np.uint8)
