"""The Speech Synthesis Interface Protocol (SSIP) of speech-dispatcher, without its socket.

Source: ssip.info of speech-dispatcher 0.11. A reply is zero or more lines ``NNN-text`` and a last one ``NNN text``;
what happens to a message comes unasked, between replies, as a reply of class 7. Whatever comes in, the result is a
value or :class:`SsipError`, and the lengths have an end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

LONGEST_LINE = 4096
MOST_LINES = 65536
"""Of one reply: espeak-ng's module lists 13,000 voices, every language with every variant."""

_LINE = re.compile(rb"([1-7][0-9]{2})([ -])(.*)", re.DOTALL)
_WORD = re.compile(r"[^\x00-\x1f\x7f]+")


class SsipError(Exception):
    """What came is not SSIP, or not bounded."""


class Happened(IntEnum):
    """Notifications of class 7 (ssip.info, "Event notification")."""

    INDEX_MARK = 700
    BEGIN = 701
    END = 702
    CANCELED = 703
    PAUSED = 704
    RESUMED = 705


@dataclass(frozen=True, slots=True)
class Reply:
    """``lines`` are those before the last."""

    code: int
    lines: tuple[str, ...]
    text: str

    @property
    def well(self) -> bool:
        return 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class Notice:
    """Something ``happened`` to ``message``."""

    happened: Happened
    message: int


class Parser:
    """Takes bytes as they come, gives what they say. After an error it is of no use any more."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._code = 0
        self._lines: list[str] = []

    def feed(self, data: bytes) -> list[Reply | Notice]:
        """What is complete by now. Raises :class:`SsipError`."""
        self._rest += data
        said: list[Reply | Notice] = []
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end]).removesuffix(b"\r")
            del self._rest[: end + 1]
            if (whole := self._line(line)) is not None:
                said.append(whole)
        if len(self._rest) > LONGEST_LINE:
            raise SsipError("a line without an end")
        return said

    def _line(self, line: bytes) -> Reply | Notice | None:
        found = _LINE.fullmatch(line)
        if found is None or len(line) > LONGEST_LINE:
            raise SsipError("no code at the beginning of a line")
        code, text = int(found[1]), found[3].decode("utf-8", "replace")
        if self._lines and code != self._code:
            raise SsipError(f"{code} in the middle of {self._code}")
        self._code = code
        if found[2] == b"-":
            self._lines.append(text)
            if len(self._lines) > MOST_LINES:
                raise SsipError("a reply without an end")
            return None
        lines, self._lines = tuple(self._lines), []
        return _notice(code, lines) if code >= 700 else Reply(code, lines, text)


def _notice(code: int, lines: tuple[str, ...]) -> Notice:
    """Of the lines (message, client, with an index mark also its name) only the first matters: we are one client."""
    try:
        happened = Happened(code)
        number = re.fullmatch("[0-9]{1,9}", lines[0], re.ASCII)
    except (ValueError, IndexError) as failure:
        raise SsipError(f"an unknown notification {code}") from failure
    if number is None:
        raise SsipError(f"notification {code} without a message number")
    return Notice(happened, int(number[0]))


def command(*words: str) -> bytes:
    """One command line. Raises :class:`ValueError` for a word that would end the line."""
    if not all(_WORD.fullmatch(word) for word in words):
        raise ValueError("a word of a command is empty or has control characters")
    return " ".join(words).encode() + b"\r\n"


def message(text: str) -> bytes:
    """``text`` as it follows ``SPEAK``: ended by a line with a single dot, dots at the beginning of a line doubled."""
    lines = re.split("\r\n|\r|\n", text)
    return "".join(f".{line}\r\n" if line.startswith(".") else f"{line}\r\n" for line in lines).encode() + b".\r\n"
