"""What an answer says, and whether that is what the contract says. What is wrong in it raises Broken."""

from __future__ import annotations

import json
import re
import time
from email.utils import parsedate_to_datetime
from typing import Any

from district.check.line import Answer
from district.check.rules import Broken, NotThere

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PROBLEM = "urn:township-kiosk:problem:"


def told(answer: Answer) -> str:
    """What was answered to what."""
    kind = kind_of(answer)
    status = f"{answer.status}{f' ({kind[:40]})' if kind else ''}"
    return f"{answer.to} was answered {status}"


def there(answer: Answer, *statuses: int) -> None:
    """Raises NotThere for what is answered as if nothing of the kind could be asked, unless that is what is wanted."""
    if answer.status in (405, 501) and not {405, answer.status} & set(statuses):
        request = _UID.sub("{uid}", answer.to.partition("?")[0])
        raise NotThere(f"{told(answer)}: there is no such request here, build that first", request)


def expect(answer: Answer, *statuses: int, kind: str | None = None) -> None:
    """Raises Broken for another status, or a problem of another kind than the contract names."""
    there(answer, *statuses)
    if answer.status not in statuses:
        raise Broken(f"{told(answer)}, not {' or '.join(map(str, statuses))}")
    if kind is not None and kind_of(answer) != kind:
        raise Broken(f"{told(answer)}, but not with the type {_PROBLEM}{kind}")


def expect_refusal(answer: Answer) -> None:
    """Raises Broken for what is not a definite refusal (4xx)."""
    there(answer)
    if not 400 <= answer.status < 500:
        raise Broken(f"{told(answer)}, not 4xx")


def same(seen: object, wanted: object, what: str) -> None:
    if seen != wanted:
        raise Broken(f"{what} is {_short(seen)}, not {_short(wanted)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def listed(value: Any) -> list[Any]:
    """A list of JSON. Raises Broken for anything else."""
    if not isinstance(value, list):
        raise Broken(f"{_short(value)} is no list")
    return value  # pyright: ignore[reportUnknownVariableType] - of whatever JSON has


def json_of(answer: Answer) -> dict[str, Any]:
    """The object in an answer's body. Raises Broken."""
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Broken(f"{answer.to} was answered {answer.status} without a JSON object in its body")
    return content  # pyright: ignore[reportUnknownVariableType] - its keys are text: it was JSON


def kind_of(answer: Answer) -> str:
    """How a problem's type ends; empty where there is none."""
    try:
        told = json_of(answer).get("type")
    except Broken:
        return ""
    return told.removeprefix(_PROBLEM) if isinstance(told, str) and told.startswith(_PROBLEM) else ""


def offset_of(answer: Answer, name: str = "Upload-Offset") -> int:
    """Raises Broken."""
    text = answer.field(name) or ""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Broken(f"{answer.to} was answered {answer.status} with {name} {_short(answer.field(name))}")
    return int(text)


def date_of(answer: Answer) -> float | None:
    """Seconds since 1970 of its Date."""
    return _date(answer.field("Date"))


def _date(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def seconds_of(text: str | None) -> float | None:
    """A Retry-After in seconds from now (RFC 9110 10.2.3); None for what is none."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    date = _date(text)
    return None if date is None else max(0.0, date - time.time())
