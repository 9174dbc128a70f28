"""Printer addresses as people write them in the configuration, read once and strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit


class Flow(StrEnum):
    """How a serial printer says "wait"."""

    NONE = "none"
    RTSCTS = "rtscts"
    XONXOFF = "xonxoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    path: str
    baud: int
    flow: Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbAddress:
    vendor: int
    product: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAddress:
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CupsAddress:
    host: str
    port: int
    queue: str


_WRITTEN_AS = {
    "tcp": "tcp://host:port",
    "serial": "serial:/dev/ttyUSB0?baud=115200",
    "usb": "usb:VVVV:PPPP (vendor and product in hexadecimal)",
    "file": "file:/path",
    "cups": "cups:queue or cups://host:631/queue",
}

_QUEUE = re.compile(r"[!-~]{1,127}")  # CUPS: printable ASCII without space, "/" and "#"

_Choice = TypeVar("_Choice", bound=StrEnum)

Address = TcpAddress | SerialAddress | UsbAddress | FileAddress | CupsAddress


def read_address(uri: str) -> Address:
    """The address that *uri* names.

    ``tcp://host[:port]`` (port 9100 by itself), ``serial:PATH[?baud=N&flow=none|rtscts|xonxoff]`` (115200, none),
    ``usb:VVVV:PPPP``, ``file:PATH``, ``cups:QUEUE`` (this machine's CUPS) or ``cups://HOST[:PORT]/QUEUE``.

    Raises :class:`ValueError` with one sentence that says what is wrong and what would be right.
    """
    scheme, _, rest = uri.partition(":")
    match scheme:
        case "tcp":
            return _tcp(uri)
        case "serial":
            path, options = _options(uri, rest, {"baud", "flow"})
            if not path:
                raise _wrong(uri, "names no serial port", scheme)
            baud = options.get("baud", "115200")
            if not baud.isascii() or not baud.isdigit() or int(baud) == 0:
                raise _wrong(uri, f"has baud={baud}, which is not a speed", scheme)
            return SerialAddress(
                path=path,
                baud=int(baud),
                flow=_choice(uri, Flow, "flow", options.get("flow", Flow.NONE)),
            )
        case "usb":
            match = re.fullmatch(r"([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})", rest)
            if match is None:
                raise _wrong(uri, "does not name a vendor and a product", scheme)
            return UsbAddress(vendor=int(match[1], 16), product=int(match[2], 16))
        case "file":
            if not rest:
                raise _wrong(uri, "names no file", scheme)
            return FileAddress(path=rest)
        case "cups":
            return _cups(uri, rest)
        case _:
            known = ", ".join(_WRITTEN_AS.values())
            raise ValueError(f"printer address {uri!r} begins with none of the known kinds: {known}")


def _tcp(uri: str) -> TcpAddress:
    host, port, path = _place(uri, "tcp")
    if path not in ("", "/"):
        raise _wrong(uri, "names no host", "tcp")
    return TcpAddress(host=host, port=9100 if port is None else port)


def _cups(uri: str, rest: str) -> CupsAddress:
    if rest.startswith("//"):
        host, port, path = _place(uri, "cups")
        queue = path.removeprefix("/")
    else:
        host, port, queue = "localhost", None, rest
    if not _QUEUE.fullmatch(queue) or "/" in queue or "#" in queue or "?" in queue:
        raise _wrong(uri, "names no queue", "cups")
    return CupsAddress(host=host, port=631 if port is None else port, queue=queue)


def _place(uri: str, scheme: str) -> tuple[str, int | None, str]:
    """Host, port and path of an address that is written like a web address."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong(uri, f"cannot be read ({error})", scheme) from None
    if not host or not uri.startswith(f"{scheme}://"):
        raise _wrong(uri, "names no host", scheme)
    if port == 0:
        raise _wrong(uri, "has port 0", scheme)
    if parts.query:
        raise _wrong(uri, f"has options ({parts.query}); there are none", scheme)
    return host, port, parts.path


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
