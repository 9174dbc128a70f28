"""What addresses and forms say, read as what it should be; what is none is None."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from datetime import date


def as_printed(number: str) -> str:
    """As slips have it, however it was typed: in full width, in small letters, with spaces or other dashes."""
    return re.sub("[^0-9A-Z]+", "-", unicodedata.normalize("NFKC", number).upper()).strip("-")


def one_of(text: str | None, known: Container[str]) -> str | None:
    return text if text is not None and text in known else None


def key(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < 19 else None


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
