"""Makes their fields of our case, as the adapter file says. Nothing is looked up but names and list positions."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import assert_never
from urllib.parse import quote

from pydantic import JsonValue

from district.adapters.file import Each, Fields, Fixed, From, Joined, Kind, Node


class Unmapped(Exception):
    """This case can't be put into their words; `reason` names the field or table, never its value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A paper's bytes, read when they are asked for."""

    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A paper as the mapping sees it: `fields` is what `item.…` finds, `their_id` what an upload before it gave."""

    fields: Mapping[str, JsonValue]
    media_type: str
    content: Content
    their_id: str | None = None

    def seen(self) -> dict[str, Value]:
        named: dict[str, Value] = {} if self.their_id is None else {"their_id": self.their_id}
        return {**self.fields, "content": self.content, **named}


Value = JsonValue | Content | Mapping[str, "Value"] | Sequence["Value"]


class _Nothing(Enum):
    ABSENT = "absent"
    OMIT = "omit"


_PRIVATE = ("form", "supplements")
"""What of a case residents and staff wrote themselves."""
_EACH_AT_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapper:
    """One case's values. `zone` is what times without one are in, and are written in. `paper` is the one that an upload
    is about. With `masked`, what people wrote and papers hold is replaced by its length."""

    case: Mapping[str, Value]
    papers: Sequence[Item]
    codes: Mapping[str, Mapping[str, str]]
    zone: str
    paper: Item | None = None
    masked: bool = False
    _item: Value | _Nothing = field(default=_Nothing.ABSENT)
    _private: bool = field(default=False)

    def of(self, paper: Item) -> Mapper:
        """The same case, about one paper, which stands at `item`."""
        return replace(self, paper=paper, _item=paper.seen(), _private=False)

    def fields(self, fields: Mapping[str, Node]) -> dict[str, JsonValue]:
        made = ((name, self._made(node)) for name, node in fields.items())
        return {name: value for name, value in made if not isinstance(value, _Nothing)}

    def texts(self, fields: Mapping[str, Node]) -> dict[str, str]:
        """For headers, queries and forms, where everything is text."""
        return {name: _as_text(name, value) for name, value in self.fields(fields).items()}

    def text(self, node: Node) -> str:
        made = self._made(node)
        return "" if isinstance(made, _Nothing) else _as_text("a text", made)

    def address(self, template: str) -> str:
        """An address's path with what stands in braces put in, percent-encoded; never a `.` or `..` segment."""

        def put(match: re.Match[str]) -> str:
            value = self._looked_up(match[1])
            if not isinstance(value, str | int) or str(value) in ("", ".", ".."):
                raise Unmapped(f"missing:{match[1]}")
            return quote(str(value), safe="")

        return re.sub(r"\{([^{}]+)\}", put, template)

    def _made(self, node: Node) -> JsonValue | _Nothing:
        match node:
            case Fixed(fixed=text, kind=kind):
                return _formed(text, kind, "fixed")
            case From():
                return self._taken(node)
            case Fields(fields=fields, when=when):
                if when is not None and self._looked_up(when) in (_Nothing.ABSENT, None, False, "", [], {}):
                    return _Nothing.OMIT
                return self.fields(fields)
            case Each(each=path, item=item):
                return [made for made in self._each(path, item) if not isinstance(made, _Nothing)]
            case Joined(join=parts, between=between):
                return between.join(self.text(part) for part in parts)
            case _ as never:
                assert_never(never)

    def _each(self, path: str, node: Node) -> list[JsonValue | _Nothing]:
        found = self._looked_up(path)
        if found is None or isinstance(found, _Nothing):
            return []
        if not isinstance(found, Sequence) or isinstance(found, str) or len(found) > _EACH_AT_MOST:
            raise Unmapped(f"not-a-list:{path}")
        private = self._is_private(path)
        return [replace(self, _item=one, _private=private)._made(node) for one in found]

    def _taken(self, node: From) -> JsonValue | _Nothing:
        value = self._looked_up(node.path)
        if value is None or value == "" or isinstance(value, _Nothing):
            if node.missing == "refuse":
                raise Unmapped(f"missing:{node.path}")
            return {"omit": _Nothing.OMIT, "empty": "", "null": None}[node.missing]
        if node.codes is not None:
            table = self.codes[node.codes]
            code = table.get(_plain(value, node.path), table.get("*"))
            if code is None:
                raise Unmapped(f"no-code:{node.codes}")
            return _formed(code, node.kind, node.path)
        if self.masked and (self._is_private(node.path) or isinstance(value, Content)):
            return _mask(value, node.kind)
        if node.date is not None:
            return _formed(self._date(value, node.date, node.path), node.kind, node.path)
        return _formed(value, node.kind, node.path)

    def _looked_up(self, path: str) -> Value | _Nothing:
        root, *names = path.split(".")
        value: Value | _Nothing
        match root:
            case "item":
                value = self._item
            case "papers":
                value = [one.seen() for one in self.papers]
            case _:
                value = self.case.get(root, _Nothing.ABSENT)
        for name in names:
            if isinstance(value, Mapping):
                value = value.get(name, _Nothing.ABSENT)
            elif isinstance(value, Sequence) and not isinstance(value, str) and name.isascii() and name.isdigit():
                value = value[int(name)] if int(name) < len(value) else _Nothing.ABSENT
            else:
                return _Nothing.ABSENT
        return value

    def _is_private(self, path: str) -> bool:
        root = path.split(".")[0]
        return root in _PRIVATE or (self._private and root == "item")

    def _date(self, value: Value, pattern: str, path: str) -> str:
        try:
            when = datetime.fromisoformat(_plain(value, path))
        except ValueError:
            raise Unmapped(f"not-a-time:{path}") from None
        zone = _zone(self.zone)
        return _written(when if when.tzinfo is not None else when.replace(tzinfo=zone), pattern, zone)


def formatted_now(seconds: float, pattern: str, zone: str) -> str:
    """Seconds since 1970 as `pattern` says."""
    return _written(datetime.fromtimestamp(seconds, tz=UTC), pattern, _zone(zone))


def _written(when: datetime, pattern: str, zone: timezone) -> str:
    if pattern == "epoch-seconds":
        return str(math.floor(when.timestamp()))
    if pattern == "epoch-milliseconds":
        return str(math.floor(when.timestamp() * 1000))
    return when.astimezone(zone).strftime(pattern)


def _zone(text: str) -> timezone:
    hours, minutes = int(text[1:3]), int(text[4:6])
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def _plain(value: Value, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Unmapped(f"not-a-text:{path}")


def _formed(value: Value, kind: Kind, path: str) -> JsonValue:
    match kind:
        case "text":
            return _plain(value, path)
        case "number":
            text = _plain(value, path)
            if re.fullmatch(r"-?\d{1,15}", text, re.ASCII) is not None:
                return int(text)
            if re.fullmatch(r"-?\d{1,15}\.\d{1,9}", text, re.ASCII) is not None:
                return float(text)
            raise Unmapped(f"not-a-number:{path}")
        case "true-false":
            if (text := _plain(value, path)) not in ("true", "false"):
                raise Unmapped(f"not-true-or-false:{path}")
            return text == "true"
        case "json":
            return json.dumps(_json(value, path), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        case "value":
            return _json(value, path)
        case "base64":
            content = value.read() if isinstance(value, Content) else _plain(value, path).encode()
            return base64.b64encode(content).decode()
        case _ as never:
            assert_never(never)


def _json(value: Value, path: str) -> JsonValue:
    """The value as it stands, but for papers' bytes."""
    if isinstance(value, Content):
        raise Unmapped(f"not-json:{path}")
    if isinstance(value, Mapping):
        return {name: _json(inner, path) for name, inner in value.items() if not isinstance(inner, Content)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(inner, path) for inner in value]
    return value


def _mask(value: Value, kind: Kind) -> JsonValue:
    if isinstance(value, Content):
        return "<a paper>"
    if isinstance(value, str | int | float) and kind != "json":
        return f"<{len(str(value))} characters>"
    return "<what was filled in>"


def _as_text(name: str, value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise Unmapped(f"not-a-text:{name}")
    return _plain(value, name)
