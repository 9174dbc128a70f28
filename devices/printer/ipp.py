"""The four questions of the Internet Printing Protocol that a slip needs, over plain HTTP.

Encoding: RFC 8010; operations, attributes and states: RFC 8011. ``pycups`` would do the same through libcups, a C
library to be compiled against on every terminal, and without deadlines.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

PRINT_JOB = 0x0002
CANCEL_JOB = 0x0008
GET_JOB_ATTRIBUTES = 0x0009
GET_PRINTER_ATTRIBUTES = 0x000B

_OPERATION, _JOB, _END = b"\x01", b"\x02", b"\x03"
_INTEGER, _BOOLEAN, _ENUM = 0x21, 0x22, 0x23
_NAME, _KEYWORD, _URI, _CHARSET, _LANGUAGE, _MIME_TYPE = 0x42, 0x44, 0x45, 0x47, 0x48, 0x49
_MOST_BYTES = 256 * 1024

Value = int | bool | str | bytes | None
Attributes = dict[str, list[Value]]


class IppRefused(Exception):
    """The queue answered "no", or something that is no IPP; nothing was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue of a CUPS server. Every call raises :class:`OSError` when the server cannot be reached within
    ``within_s`` seconds a step, and :class:`IppRefused` for an answer that is no."""

    host: str
    port: int
    name: str
    within_s: float
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1 << 31)))

    @property
    def _uri(self) -> str:
        return f"ipp://{self.host}:{self.port}/printers/{self.name}"

    def ask(self, operation: int, *wanted: str, job: int | None = None) -> Attributes:
        """Carry out *operation* on the queue, or on its *job*; the attributes in the answer."""
        request = _text(_URI, "printer-uri", self._uri)
        if job is not None:
            request += _attribute(_INTEGER, "job-id", struct.pack(">i", job))
        request += _text(_NAME, "requesting-user-name", "kiosk")
        for index, name in enumerate(wanted):
            request += _text(_KEYWORD, "requested-attributes" if index == 0 else "", name)
        return self._exchange(operation, request, b"")

    def submit(self, data: bytes, *, cancel_after_s: int) -> int:
        """Hand in *data* for the printer as it is; the job's number. CUPS gives up after *cancel_after_s* by itself,
        should nobody be left to do it."""
        request = _text(_URI, "printer-uri", self._uri) + _text(_NAME, "requesting-user-name", "kiosk")
        request += _text(_NAME, "job-name", "slip") + _text(_MIME_TYPE, "document-format", "application/vnd.cups-raw")
        request += _JOB + _attribute(_INTEGER, "job-cancel-after", struct.pack(">i", cancel_after_s))
        match self._exchange(PRINT_JOB, request, data).get("job-id"):
            case [int(number)]:
                return number
            case _:
                raise IppRefused("the queue took the job and gave it no number")

    def _exchange(self, operation: int, request: bytes, data: bytes) -> Attributes:
        start = struct.pack(">BBHi", 2, 0, operation, next(self._numbers)) + _OPERATION
        start += _text(_CHARSET, "attributes-charset", "utf-8") + _text(_LANGUAGE, "attributes-natural-language", "en")
        connection = HTTPConnection(self.host, self.port, timeout=self.within_s)
        try:
            connection.request(
                "POST", f"/printers/{self.name}", start + request + _END + data, {"Content-Type": "application/ipp"}
            )
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
        except HTTPException as failure:
            raise OSError(f"no HTTP: {type(failure).__name__}") from failure
        finally:
            connection.close()
        if answer.status != 200:
            raise IppRefused(f"HTTP status {answer.status}")
        return read_answer(body)


def read_answer(body: bytes) -> Attributes:
    """The attributes of an answer, those of all groups together. Raises :class:`IppRefused` for a status other than
    "successful" (RFC 8011, B.1.2) and for what is no IPP."""
    if len(body) > _MOST_BYTES:
        raise IppRefused("the answer is longer than any")
    if len(body) < 8 or body[0] not in (1, 2):
        raise IppRefused("the answer is no IPP")
    (status,) = struct.unpack_from(">H", body, 2)
    if status >= 0x0100:
        raise IppRefused(f"IPP status {status:#06x}")
    attributes: Attributes = {}
    name = ""
    at = 8
    try:
        while (tag := body[at]) != _END[0]:
            at += 1
            if tag < 0x10:  # a delimiter: the next group begins
                continue
            key, at = _counted(body, at)
            value, at = _counted(body, at)
            name = key.decode("utf-8", "replace") or name
            attributes.setdefault(name, []).append(_value(tag, value))
    except (IndexError, struct.error) as failure:
        raise IppRefused("the answer ends too early") from failure
    return attributes


def _counted(body: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", body, at)
    end = at + 2 + length
    if end > len(body):
        raise IndexError
    return body[at + 2 : end], end


def _value(tag: int, value: bytes) -> Value:
    if tag < 0x20:  # unknown, no-value, unsupported
        return None
    if tag in (_INTEGER, _ENUM):
        (number,) = struct.unpack(">i", value)
        return int(number)
    if tag == _BOOLEAN:
        return value != b"\x00"
    if 0x41 <= tag <= 0x49:
        return value.decode("utf-8", "replace")
    return value


def _text(tag: int, name: str, value: str) -> bytes:
    return _attribute(tag, name, value.encode())


def _attribute(tag: int, name: str, value: bytes) -> bytes:
    key = name.encode("ascii")
    return bytes((tag,)) + struct.pack(">H", len(key)) + key + struct.pack(">H", len(value)) + value
