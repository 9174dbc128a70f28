"""What a printer says, sorted: one stream carries answers of three kinds, and things nobody asked for.

The kinds are told apart by bits that never change (Epson, *ESC/POS Command Reference*):

* an answer to ``DLE EOT``: bits 7, 4, 1, 0 are 0, 1, 1, 0;
* "done", the answer to ``GS r 1``: the high half is 0;
* "cleared", the answer to ``DLE DC4 8``: 37 25 00;
* automatic status (``GS a``), four bytes of which the first has bits 7, 4, 1, 0 as 0, 1, 0, 0: never asked for, but a
  printer's switches may turn it on, and its later bytes look like "done";
* XON and XOFF.

Anything else is nonsense: another program's printer, a wrong baud rate. It is counted, since a printer that talks
nonsense cannot be believed in between either.
"""

from __future__ import annotations

from collections import deque

from devices.printer.api import PrinterStatus, PrinterTrouble

_CLEARED = b"\x37\x25\x00"


class Hearing:
    """Fed with what arrives. ``answers`` are those to ``DLE EOT`` not yet taken, oldest first; ``done``, ``cleared``
    and ``nonsense`` count since :meth:`forget`."""

    def __init__(self) -> None:
        self.answers: deque[int] = deque(maxlen=64)
        self._automatic_left = 0
        self._clearing = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew, as before a question; an automatic status that has begun is still heard to its end."""
        self.answers.clear()
        self.done = self.cleared = self.nonsense = 0

    def feed(self, heard: bytes) -> None:
        for byte in heard:
            self._sort(byte)

    def _sort(self, byte: int) -> None:
        if self._clearing and byte == _CLEARED[self._clearing]:
            self._clearing = (self._clearing + 1) % len(_CLEARED)
            self.cleared += self._clearing == 0
            return
        self._clearing = 0
        if byte & 0x93 == 0x12:
            self.answers.append(byte)
        elif byte in (0x11, 0x13):
            pass  # XON, XOFF
        elif byte == _CLEARED[0]:
            self._clearing = 1
        elif byte & 0x93 == 0x10:
            self._automatic_left = 3
        elif self._automatic_left and byte & 0x90 == 0:
            self._automatic_left -= 1
        elif byte & 0xF0 == 0:
            self.done += 1
        else:
            self.nonsense += 1


def read_status(answers: tuple[int, int, int, int]) -> PrinterStatus:
    """The answers to ``DLE EOT`` 1, 2, 3, 4 as a status. An open cover comes first: it often reports the paper as out
    too."""
    printer, cause, error, roll = answers
    trouble: PrinterTrouble | None = None
    if cause & 0x04:
        trouble = PrinterTrouble.COVER_OPEN
    elif cause & 0x20 or roll & 0x60:
        trouble = PrinterTrouble.PAPER_OUT
    elif cause & 0x40 or error & 0x6C:
        trouble = PrinterTrouble.FAULT
    elif printer & 0x08:
        trouble = PrinterTrouble.OFFLINE
    return PrinterStatus(trouble=trouble, paper_low=bool(roll & 0x0C), certain=True)
