"""Papers for the simulated desk, drawn so that nobody's real paper is needed for a demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from devices.camera.api import Picture

REGISTER_SHORT_SIDE = 105.0
"""Millimetres: a household-register leaf is about 105 x 143 mm (GA 453 booklet format)."""
_WIDTH, _HEIGHT = 1050, 1430
_PAPER = (247, 244, 236)
_INK = (38, 38, 44)
_RED = (196, 48, 44)
_FINE = 18.0
"""Pixels per millimetre of what carries small print."""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """Who stands on the leaf. All invented."""

    name: str
    sex: str
    birth_date: str
    id_number: str
    address: str


def register_page(entry: RegisterEntry, *, font: Path) -> Picture:
    """A leaf of a household register (常住人口登记卡), 1050 x 1430 pixels, marked as a specimen."""
    page = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    draw = ImageDraw.Draw(page)
    title, label, hand = (ImageFont.truetype(str(font), size) for size in (58, 27, 33))
    draw.text((_WIDTH / 2, 78), "常住人口登记卡", font=title, fill=_INK, anchor="mm")
    rows: tuple[tuple[tuple[str, str], ...], ...] = (
        (("姓名", entry.name), ("户主或与户主关系", "户主")),
        (("曾用名", ""), ("性别", entry.sex)),
        (("出生地", "样张县"), ("民族", "汉族")),
        (("籍贯", "样张县"), ("出生日期", entry.birth_date)),
        (("住址", entry.address),),
        (("公民身份号码", entry.id_number),),
        (("文化程度", "初中"), ("婚姻状况", "已婚")),
        (("服务处所", ""), ("职业", "务农")),
        (("何时由何地迁来本址", "久居"),),
        (("承办人签章", ""), ("登记日期", "2020年01月01日")),
    )
    top, high, left, right = 150, 112, 60, _WIDTH - 60
    for index, row in enumerate(rows):
        y = top + index * high
        wide = (right - left) // len(row)
        for column, (name, value) in enumerate(row):
            x = left + column * wide
            draw.rectangle((x, y, x + wide, y + high), outline=_INK, width=3)
            draw.line((x + 185, y, x + 185, y + high), fill=_INK, width=2)
            for line, part in enumerate(_broken(name)):
                shift = (line - (len(_broken(name)) - 1) / 2) * 34
                draw.text((x + 92, y + high / 2 + shift), part, font=label, fill=_INK, anchor="mm")
            draw.text((x + 205, y + high / 2), value, font=hand, fill=_INK, anchor="lm")
    draw.ellipse((250, 1140, 430, 1320), outline=_RED, width=6)
    draw.text((340, 1230), "样张", font=title, fill=_RED, anchor="mm")
    draw.text((_WIDTH / 2, _HEIGHT - 52), "演示用样张，不是证件", font=label, fill=_INK, anchor="mm")
    return _pixels(page)


def _broken(label: str) -> list[str]:
    """A long label in lines that fit its cell."""
    lines = -(-len(label) // 6)
    size = -(-len(label) // lines)
    return [label[start : start + size] for start in range(0, len(label), size)]


def document_page(lines: tuple[str, ...], *, fonts: Path, zone_font: Path | None = None) -> Picture:
    """The page with the photo of a travel document, marked as a specimen, at 18 px/mm: a passport's for two lines of
    44, else a card's. The zone stands as ICAO 9303-3 clause 4.2 has it: characters 2.54 mm apart, in ``zone_font``
    (OCR-B is not shipped; a sans serif serves a demonstration)."""
    book = len(lines[0]) > 30
    width, height = (125.0, 88.0) if book else (85.6, 54.0)
    page = Image.new("RGB", (round(width * _FINE), round(height * _FINE)), (238, 228, 232))
    draw = ImageDraw.Draw(page)
    body = ImageFont.truetype(str(fonts / "NotoSansCJKsc-Regular.otf"), round(2.6 * _FINE))
    for row, text in enumerate(("旅行证件 TRAVEL DOCUMENT", "样张 SPECIMEN", "演示用，不是证件")):
        draw.text((width * 0.4 * _FINE, (9 + 7 * row) * _FINE * height / 88), text, font=body, fill=_INK, anchor="lm")
    draw.rectangle((5 * _FINE, 8 * _FINE, 30 * _FINE, height * 0.5 * _FINE), fill=(170, 160, 150))
    zone = ImageFont.truetype(str(zone_font or fonts / "NotoSansCJKsc-Regular.otf"), round(3.4 * _FINE))
    left = (width - 2.54 * len(lines[0])) / 2
    for row, line in enumerate(lines):
        y = (height - 8.0 - 5.4 * (len(lines) - 1 - row)) * _FINE
        for place, letter in enumerate(line):
            draw.text(((left + 2.54 * (place + 0.5)) * _FINE, y), letter, font=zone, fill=_INK, anchor="mm")
    return _pixels(page)


def bank_card(number: str, *, fonts: Path) -> Picture:
    """The front of an invented bank's card, its number in groups of four, at 12 px/mm."""
    card = Image.new("RGB", (1027, 648), (236, 214, 168))
    draw = ImageDraw.Draw(card)
    bold, plain = (str(fonts / f"NotoSansCJKsc-{weight}.otf") for weight in ("Bold", "Regular"))
    draw.text((60, 90), "样张农村商业银行", font=ImageFont.truetype(bold, 52), fill=_INK, anchor="lm")
    groups = "  ".join(number[start : start + 4] for start in range(0, len(number), 4))
    draw.text((60, 390), groups, font=ImageFont.truetype(bold, 62), fill=_INK, anchor="lm")
    draw.text((60, 500), "VALID THRU 12/34", font=ImageFont.truetype(plain, 34), fill=_INK, anchor="lm")
    return _pixels(card)


def _pixels(page: Image.Image) -> Picture:
    return np.ascontiguousarray(np.asarray(page, dtype=np.uint8)[:, :, ::-1])
