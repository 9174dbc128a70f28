"""The simulated printer's buffer and print head: bytes go in, rows and cut paper come out.

Its thread is the print head. Everything is guarded by one condition, which the printer's faults share.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from devices.printer.sim_ills import Ills
from devices.printer.sim_interpreter import Interpreter, Knife

_PACED_ROWS = 16


class _Interrupted(Exception):
    """The buffer was cleared, or the power is gone: the command in hand ends here."""


class PrintHead:
    """``say`` answers whoever is connected; ``took`` is called, with the state held, when a full buffer has room again;
    ``automatic`` is ``GS a``. The rest is as in :class:`devices.printer.sim.SimulatedPrinter`."""

    def __init__(
        self,
        *,
        state: threading.Condition,
        ills: Ills,
        width: int,
        buffer_bytes: int,
        rows_per_s: float | None,
        says_done: bool,
        font: Path | None,
        folder: Path | None,
        say: Callable[[bytes], None],
        took: Callable[[], None],
        automatic: Callable[[int], None],
    ) -> None:
        self._state = state
        self._ills = ills
        self.width = width
        self._buffer_bytes = buffer_bytes
        self._says_done = says_done
        self._folder = folder
        self._say = say
        self._took = took
        self._buffer = bytearray()
        self._cleared = 0
        self._stopped = False
        self.rows_per_s = rows_per_s
        self.rows: list[bytes] = []
        self.slips: list[Image.Image] = []
        self.cuts: list[Knife] = []
        self.later: list[tuple[int, Callable[[], None]]] = []
        """What happens after so many more rows."""
        self.on_slip: Callable[[Image.Image], None] | None = None
        self.interpreter = Interpreter(
            width=width,
            take=self._take,
            row=self._print_row,
            cut=self._cut,
            done=self._done,
            automatic=automatic,
            font=font,
        )
        self._thread = threading.Thread(target=self._run, name="simulated-printer-head", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def change_width(self, width: int) -> None:
        with self._state:
            self.width = self.interpreter.width = width
            self.rows = [row[: width // 8].ljust(width // 8, b"\x00") for row in self.rows]

    def stop(self) -> None:
        with self._state:
            self._stopped = True
            self._state.notify_all()
        self._thread.join(5)

    # With the state held

    def put(self, byte: int) -> None:
        self._buffer.append(byte)

    def is_full(self) -> bool:
        return len(self._buffer) >= self._buffer_bytes

    def clear(self) -> None:
        """Throw away what is in the buffer, and the command in hand."""
        self._buffer.clear()
        self._cleared += 1

    # The head's thread

    def _run(self) -> None:
        while True:
            try:
                self.interpreter.step()
            except _Interrupted:
                self.interpreter.reset()
            with self._state:
                if self._stopped:
                    return

    def _wait(self, ready: Callable[[], bool]) -> None:
        """With the state held: block until *ready*; raises when the power goes or the buffer is cleared meanwhile."""
        before = self._cleared
        self._state.wait_for(lambda: self._stopped or self._cleared != before or ready())
        if self._stopped or self._cleared != before:
            raise _Interrupted

    def _take(self, count: int) -> bytes:
        with self._state:
            taken = bytearray()
            while len(taken) < count:  # a command may be longer than the buffer
                self._wait(lambda: bool(self._buffer) and not self._ills.hung)
                was_full = self.is_full()
                piece = self._buffer[: count - len(taken)]
                del self._buffer[: len(piece)]
                taken += piece
                if was_full:
                    self._took()
            return bytes(taken)

    def _print_row(self, dots: bytes) -> None:
        with self._state:
            self._wait(self._ills.can_print)
            self.rows.append(dots[: self.width // 8].ljust(self.width // 8, b"\x00"))  # the width may have changed
            self.later = [(rows - 1, act) for rows, act in self.later]
            due = [act for rows, act in self.later if rows <= 0]
            self.later = [(rows, act) for rows, act in self.later if rows > 0]
            before = self._cleared
            if self.rows_per_s and len(self.rows) % _PACED_ROWS == 0:
                self._state.wait_for(lambda: self._stopped, _PACED_ROWS / self.rows_per_s)
        for act in due:
            act()
        if due and self._cleared != before:
            raise _Interrupted

    def _cut(self, how: Knife) -> None:
        with self._state:
            self._ills.knife_stuck = self._ills.jammed
            self._wait(self._ills.can_print)
            slip = paper(self.rows, self.width)
            self.rows = []
            number = len(self.slips) + 1
            on_slip = self.on_slip
        if self._folder is not None and slip.height:
            slip.save(self._folder / f"slip-{number:04}.png")
        if on_slip is not None:
            on_slip(slip)
        with self._state:
            self.slips.append(slip)
            self.cuts.append(how)
            self._state.notify_all()

    def _done(self) -> None:
        if not self._says_done:
            return
        with self._state:
            self._wait(self._ills.can_print)
            if not self._ills.silent:
                self._say(bytes((0x03 * self._ills.paper_low,)))


def paper(rows: list[bytes], width: int) -> Image.Image:
    """Printed rows as a picture."""
    if not rows:
        return Image.new("1", (width, 0))
    return Image.frombytes("1", (width, len(rows)), bytes(byte ^ 0xFF for byte in b"".join(rows)))
