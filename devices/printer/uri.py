"""Printer addresses as people write them in the configuration, read once and strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit


class Answers(StrEnum):
    """What a printer can be asked. ``all``: real-time status and "done" (``GS r``); ``status``: real-time status only,
    as some clones; ``none``: nothing ever comes back (a file, a one-way print server)."""

    ALL = "all"
    STATUS = "status"
    NONE = "none"


class Flow(StrEnum):
    """How a serial printer says "wait"."""

    NONE = "none"
    RTSCTS = "rtscts"
    XONXOFF = "xonxoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    host: str
    port: int
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    path: str
    baud: int
    flow: Flow
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbAddress:
    vendor: int
    product: int
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAddress:
    path: str
    answers: Answers = Answers.NONE


_WRITTEN_AS = {
    "tcp": "tcp://host:port",
    "serial": "serial:/dev/ttyUSB0?baud=115200",
    "usb": "usb:VVVV:PPPP (vendor and product in hexadecimal)",
    "file": "file:/path",
}

_Choice = TypeVar("_Choice", bound=StrEnum)

Address = TcpAddress | SerialAddress | UsbAddress | FileAddress


def read_address(uri: str) -> Address:
    """The address that *uri* names.

    ``tcp://host[:port]`` (port 9100 by itself), ``serial:PATH[?baud=N&flow=none|rtscts|xonxoff]`` (115200, none),
    ``usb:VVVV:PPPP``, ``file:PATH``; all but the file take ``answers=all|status|none``.

    Raises :class:`ValueError` with one sentence that says what is wrong and what would be right.
    """
    scheme, _, rest = uri.partition(":")
    match scheme:
        case "tcp":
            return _tcp(uri)
        case "serial":
            path, options = _options(uri, rest, {"baud", "flow", "answers"})
            if not path:
                raise _wrong(uri, "names no serial port", scheme)
            baud = options.get("baud", "115200")
            if not baud.isascii() or not baud.isdigit() or int(baud) == 0:
                raise _wrong(uri, f"has baud={baud}, which is not a speed", scheme)
            return SerialAddress(
                path=path,
                baud=int(baud),
                flow=_choice(uri, Flow, "flow", options.get("flow", Flow.NONE)),
                answers=_choice(uri, Answers, "answers", options.get("answers", Answers.ALL)),
            )
        case "usb":
            ids, options = _options(uri, rest, {"answers"})
            match = re.fullmatch(r"([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})", ids)
            if match is None:
                raise _wrong(uri, "does not name a vendor and a product", scheme)
            return UsbAddress(
                vendor=int(match[1], 16),
                product=int(match[2], 16),
                answers=_choice(uri, Answers, "answers", options.get("answers", Answers.ALL)),
            )
        case "file":
            if not rest:
                raise _wrong(uri, "names no file", scheme)
            return FileAddress(path=rest)
        case _:
            known = ", ".join(_WRITTEN_AS.values())
            raise ValueError(f"printer address {uri!r} begins with none of the known kinds: {known}")


def _tcp(uri: str) -> TcpAddress:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong(uri, f"cannot be read ({error})", "tcp") from None
    if not host or not uri.startswith("tcp://") or parts.path not in ("", "/"):
        raise _wrong(uri, "names no host", "tcp")
    if port == 0:
        raise _wrong(uri, "has port 0", "tcp")
    _, options = _options(uri, "?" + parts.query, {"answers"})
    answers = _choice(uri, Answers, "answers", options.get("answers", Answers.ALL))
    return TcpAddress(host=host, port=9100 if port is None else port, answers=answers)


def _options(uri: str, rest: str, known: set[str]) -> tuple[str, dict[str, str]]:
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for key in options:
        if key not in known:
            raise ValueError(
                f"printer address {uri!r} has an unknown option {key!r}; known: {', '.join(sorted(known))}"
            )
    return path, options


def _choice(uri: str, kind: type[_Choice], key: str, value: str) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"printer address {uri!r} has {key}={value}; known: {', '.join(kind)}") from None


def _wrong(uri: str, what: str, scheme: str) -> ValueError:
    return ValueError(f"printer address {uri!r} {what}; write it as {_WRITTEN_AS[scheme]}")
