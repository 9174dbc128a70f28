"""What cards of every kind write: text people can read, days, photos. Whatever is not so ends as ``CardDamaged``."""

from __future__ import annotations

import unicodedata
from datetime import date

from devices.card.slot import CardDamaged

_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"


def printable(text: str) -> str:
    """``text`` itself, when every letter of it can be shown or spoken. Private use is let through: older systems put
    rare characters of names and places there."""
    for letter in text:
        category = unicodedata.category(letter)
        if category[0] not in "LMNPS" and category not in ("Zs", "Co"):
            raise CardDamaged("text that cannot be printed")
    return text


def day(year: str, month: str, day_of_month: str) -> date:
    """The day that these digits name."""
    try:
        if not (year + month + day_of_month).isdecimal() or not (year + month + day_of_month).isascii():
            raise ValueError("no digits")
        return date(int(year), int(month), int(day_of_month))
    except ValueError:
        raise CardDamaged("no date") from None


def jpeg_in(data: bytes) -> bytes | None:
    """The JPEG that ``data`` begins with, without what fills its file up; ``None`` when there is none."""
    end = data.rfind(_JPEG_ENDS)
    return data[: end + len(_JPEG_ENDS)] if data.startswith(_JPEG_BEGINS) and end > 0 else None
