"""Characters that the terminal's own font has no form for: rare ones of the later extensions, which do stand in names.

A blank or a box on the slip would hide a part of somebody's name without a word. The character's number is printed in
its place, marked, so that whoever reads the slip knows that something stands there and can look it up.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kiosk.receipts.slip import Slip

_SIZE = 24
_NOBODYS = "\U0010fffd"  # no font has a form for it


def legible(slip: Slip, font: Path) -> Slip:
    """*slip* with every character that *font* lacks written as its number."""
    return dataclasses.replace(
        slip,
        hall=marked(slip.hall, font),
        title=marked(slip.title, font),
        applicant=marked(slip.applicant, font),
        proxy=None if slip.proxy is None else marked(slip.proxy, font),
        materials=tuple(marked(material, font) for material in slip.materials),
        help_line=marked(slip.help_line, font),
    )


def marked(text: str, font: Path) -> str:
    """*text* with every character that *font* lacks as ``[U+20000]``."""
    return "".join(each if each.isascii() or _has(each, font) else f"[U+{ord(each):04X}]" for each in text)


@functools.lru_cache(maxsize=4096)
def _has(character: str, font: Path) -> bool:
    form = _form(character, font)
    return form != _form(_NOBODYS, font)


def _form(character: str, font: Path) -> bytes:
    cell = Image.new("1", (2 * _SIZE, 2 * _SIZE))
    ImageDraw.Draw(cell).text((0, 0), character, fill=1, font=_opened(font))
    return cell.tobytes()


@functools.lru_cache(maxsize=4)
def _opened(font: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font, _SIZE, layout_engine=ImageFont.Layout.BASIC)
