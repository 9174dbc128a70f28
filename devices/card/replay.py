"""A conversation with a card, written down: a report from a hall played again, with invented data, and no card.

The file lies there like a card: written, it is laid on; written anew, it is another one; deleted, it is lifted. Nothing
here records: what a real card says is personal data. A file is written by hand or by a test.

    # comment
    atr 3B 67 00 00 53 53 43 2D 53 49 4D
    > 00 A4 04 00 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF
    < 61 13
    > 00 C0 00 00 13
    < gone                      the link to the card breaks

or, for a card that a reader's security module read (256 and 1,024 bytes; the photo may be left out):

    text 5F 67 00 79 …
    photo 57 4C 66 …

Lengths are bounded, and a command other than the one written down ends the read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devices.card.addresses import REPLAY
from devices.card.slot import (
    CardDamaged,
    CardGone,
    CardMute,
    Link,
    Place,
    Presence,
    SamLink,
    SamRecord,
    SlotView,
)

_POLL_S = 0.2
_LONGEST_FILE = 512 * 1024  # a travel document with a large photo takes a quarter of that
_MOST_EXCHANGES = 1000
_LONGEST_ATR = 33  # ISO 7816-3 clause 8.2
_LONGEST_MESSAGE = 65_536 + 10  # an extended command or response, ISO 7816-3 clause 12.1
_TEXT, _PHOTO = 256, 1024
_GONE = b""


class BadReplay(ValueError):
    """A file that says nothing that can be played; the text names the line, never its content."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Either ``exchanges``, commands with their answers (empty: the link breaks), or a ``record``. An empty ``atr`` is
    a card that answers no reset."""

    atr: bytes = b""
    exchanges: tuple[tuple[bytes, bytes], ...] = ()
    record: SamRecord | None = None


def parse_replay(text: str) -> Conversation:
    """What ``text`` writes down. Raises :class:`BadReplay`, whatever it is given."""
    atr = b""
    parts: dict[str, bytes] = {}
    exchanges: list[tuple[bytes, bytes]] = []
    command: bytes | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        word, _, rest = line.partition("#")[0].strip().partition(" ")
        match word:
            case "":
                pass
            case "atr" if not atr and not parts:
                atr = _bytes(rest, number, most=_LONGEST_ATR)
            case ">" if command is None and not parts and len(exchanges) < _MOST_EXCHANGES:
                command = _bytes(rest, number, least=4, most=_LONGEST_MESSAGE)
            case "<" if command is not None:
                gone = rest.strip() == "gone"
                exchanges.append((command, _GONE if gone else _bytes(rest, number, least=2, most=_LONGEST_MESSAGE)))
                command = None
            case "text" | "photo" if word not in parts and not atr and not exchanges and command is None:
                size = _TEXT if word == "text" else _PHOTO
                parts[word] = _bytes(rest, number, least=size, most=size)
            case _:
                raise BadReplay(f"line {number}: not expected here")
    if command is not None or (parts and "text" not in parts):
        raise BadReplay("the last command has no answer" if command is not None else "a photo without its text")
    record = SamRecord(text=parts["text"], photo=parts.get("photo", bytes(_PHOTO))) if parts else None
    return Conversation(atr=atr, exchanges=tuple(exchanges), record=record)


def _bytes(text: str, number: int, *, least: int = 1, most: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise BadReplay(f"line {number}: no bytes in hexadecimal") from None
    if not least <= len(found) <= most:
        raise BadReplay(f"line {number}: {len(found)} bytes, where {least} to {most} can be")
    return found


def read_replay(file: Path) -> Conversation:
    """What ``file`` writes down. Raises :class:`BadReplay`, or :class:`OSError`."""
    with file.open("rb") as source:
        content = source.read(_LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        raise BadReplay(f"longer than {_LONGEST_FILE} bytes")
    try:
        return parse_replay(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadReplay("no text") from None


class ReplaySlot:
    """The slot on which the file lies, or does not."""

    def __init__(self, file: Path) -> None:
        self._file = file.absolute()
        self._laid = 0  # when the file was written, in nanoseconds
        self._cards = 0
        self._wake = threading.Event()

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:
        """See :class:`devices.card.slot.Slot`."""
        end = time.monotonic() + timeout
        while True:
            view = self._view()
            left = end - time.monotonic()
            if view != seen or left <= 0:
                return view
            if self._wake.wait(min(left, _POLL_S)):
                self._wake.clear()
                return view

    def place(self, view: SlotView) -> Place:
        """See :class:`devices.card.slot.Slot`."""
        if self._view() != view:
            raise CardGone("another card, or none")
        return Place(f"{REPLAY}:{self._file}", self._laid)

    def connect(self, view: SlotView, *, reset: bool = False) -> Link | SamLink:  # noqa: ARG002 - nothing to reset
        """See :class:`devices.card.slot.Slot`."""
        if self._view() != view:
            raise CardGone("another card, or none")
        try:
            said = read_replay(self._file)
        except BadReplay as failure:
            raise CardDamaged(str(failure)) from failure
        except OSError as failure:
            raise CardGone(type(failure).__name__) from failure
        if said.record is not None:
            return _ReplayedRecord(said.record)
        if not said.atr:
            raise CardMute("no answer to reset")
        return _ReplayedLink(said)

    def cancel(self) -> None:
        """See :class:`devices.card.slot.Slot`."""
        self._wake.set()

    def close(self) -> None:
        """Nothing to let go of."""

    def _view(self) -> SlotView:
        try:
            laid = self._file.stat().st_mtime_ns
        except OSError:
            self._laid = 0
            return SlotView(Presence.EMPTY)
        if laid != self._laid:
            self._laid = laid
            self._cards += 1
        return SlotView(Presence.CARD, self._cards)


class _ReplayedLink:
    def __init__(self, said: Conversation) -> None:
        self._atr = said.atr
        self._left: Iterator[tuple[bytes, bytes]] = iter(said.exchanges)

    @property
    def atr(self) -> bytes:
        return self._atr

    def exchange(self, command: bytes) -> bytes:
        """See :class:`devices.card.slot.Link`."""
        expected, answer = next(self._left, (b"", b""))
        if command != expected:
            raise CardDamaged("not the command that was written down")
        if answer == _GONE:
            raise CardGone("written down so")
        return answer

    def close(self) -> None:
        self._left = iter(())


class _ReplayedRecord(SamLink):
    def __init__(self, record: SamRecord) -> None:
        self._record = record

    def read_card(self) -> SamRecord:
        return self._record

    def close(self) -> None:
        pass
