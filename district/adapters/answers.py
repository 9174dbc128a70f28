"""What their answer to a request means, as the adapter file says."""

from __future__ import annotations

import json
import re
from typing import cast

from pydantic import JsonValue

from district.adapters.file import Match, Reading
from district.receiving import Delivered, Later, Refused

_LONGEST_NUMBER = 128


def read_answer(body: bytes, reading: Reading) -> Delivered | Later | Refused:
    """An answer of status 2xx. One that is not their JSON is a portal's, or half of one: tried again."""
    told = parsed(body)
    if told is None:
        return Later(error="not-their-answer")
    if _holds(told, reading.success) or (reading.repeated is not None and _holds(told, reading.repeated)):
        return Delivered(number=None if reading.number is None else text_at(told, reading.number))
    code = text_at(told, reading.success.path)
    if reading.retry is not None and _holds(told, reading.retry):
        return Later(error=f"their-{_short(code)}")
    return Later(error="not-their-answer") if code is None else Refused(error=f"their-{_short(code)}")


def parsed(body: bytes) -> JsonValue:
    """Their JSON; None where it is none, nested without end, say."""
    try:
        return cast("JsonValue", json.loads(body))
    except (ValueError, RecursionError):
        return None


def text_at(told: JsonValue, path: str) -> str | None:
    """The text, number or truth value at a path, bounded; None where there is nothing of the kind."""
    value: JsonValue = told
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return None
    text = str(value)
    # What a terminal or a database could choke on is no number.
    return text if 0 < len(text) <= _LONGEST_NUMBER and text.isprintable() else None


def _holds(told: JsonValue, match: Match) -> bool:
    return text_at(told, match.path) in match.one_of


def _short(code: str | None) -> str:
    """Of their code what may stand in a log: it is short and plain; anything else could be a message, or a number of
    somebody's."""
    plain = code is not None and re.fullmatch(r"(?!.*\d{9})[A-Za-z0-9_.-]{1,24}", code) is not None
    return str(code) if plain else "code"
