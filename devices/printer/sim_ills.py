"""What can be the matter with a simulated printer, and what it says of that when asked.

Bits after Epson's *ESC/POS Command Reference*: ``DLE EOT n`` and ``GS a n`` (basic ASB).
"""

from __future__ import annotations

from dataclasses import dataclass

NONSENSE = b"\xff\xf8E\x80"


@dataclass(slots=True)
class Ills:
    """``jammed``: the next cut gets ``knife_stuck``. ``hung``: neither reads, prints nor answers. ``lies``: says that
    all is well; ``silent``: answers nothing; ``babbles``: answers nonsense; ``automatic``: talks unasked."""

    cover_open: bool = False
    paper_out: bool = False
    paper_low: bool = False
    jammed: bool = False
    knife_stuck: bool = False
    hung: bool = False
    unplugged: bool = False
    powered: bool = True
    lies: bool = False
    silent: bool = False
    babbles: bool = False
    automatic: bool = False

    def is_off_line(self) -> bool:
        return self.cover_open or self.paper_out or self.knife_stuck

    def can_print(self) -> bool:
        return self.powered and not self.hung and not self.is_off_line()

    def answer(self, question: int) -> bytes:
        """What goes out for ``DLE EOT`` *question*."""
        if self.silent or not 1 <= question <= 4:
            return b""
        if self.babbles:
            return NONSENSE
        noise = self.automatic_status() if self.automatic else b""
        return noise + bytes((0x12 if self.lies else self._state(question),))

    def _state(self, question: int) -> int:
        match question:
            case 1:
                return 0x12 | 0x08 * self.is_off_line()
            case 2:
                return 0x12 | 0x04 * self.cover_open | 0x20 * self.paper_out | 0x40 * self.knife_stuck
            case 3:
                return 0x12 | 0x08 * self.knife_stuck
            case _:
                return 0x12 | 0x0C * (self.paper_low or self.paper_out) | 0x60 * self.paper_out

    def automatic_status(self) -> bytes:
        """Printer, error and paper, as four bytes."""
        first = 0x10 | 0x08 * self.is_off_line() | 0x20 * self.cover_open
        return bytes((first, 0x08 * self.knife_stuck, 0x03 * self.paper_low | 0x0C * self.paper_out, 0x0F))
