"""A slip printer made of software: it listens on TCP, obeys the bytes, and hands out its paper as pictures.

It behaves as the real ones do where that matters to a driver: real-time commands are answered on arrival, even from the
middle of a picture; the buffer has an end and then the line stands still; a cover, a roll or a knife that fails stops
the head while what was received stays in the buffer and goes on when the fault is gone; a lost connection leaves half a
command behind.

Two threads: one serves the line, one is the print head. Every public method may be called from any thread.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PIL import Image

from devices.printer.escpos_bytes import CLEAR, CLEARED
from devices.printer.sim_interpreter import Interpreter

_PACED_ROWS = 16


class _Interrupted(Exception):
    """The buffer was cleared, or the power is gone: the command in hand ends here."""


class SimulatedPrinter:
    """``with SimulatedPrinter() as printer: open_printer(printer.uri)``.

    ``port`` 0 takes any free one. Every cut makes a slip: kept in :meth:`slips`, written to ``folder`` as
    ``slip-0001.png``, and given to ``on_slip`` on the print head's thread. ``rows_per_s`` ``None`` prints as fast as it
    can. ``font`` draws plain text, which is otherwise only fed. ``says_done`` and ``can_clear`` off make it one of the
    clones that know neither ``GS r`` nor ``DLE DC4``.
    """

    def __init__(
        self,
        *,
        width: int = 576,
        port: int = 0,
        folder: Path | None = None,
        on_slip: Callable[[Image.Image], None] | None = None,
        rows_per_s: float | None = None,
        buffer_bytes: int = 65536,
        font: Path | None = None,
        says_done: bool = True,
        can_clear: bool = True,
    ) -> None:
        self._width = width
        self._folder = folder
        self.on_slip = on_slip
        self._rows_per_s = rows_per_s
        self._buffer_bytes = buffer_bytes
        self._says_done = says_done
        self._can_clear = can_clear
        self._state = threading.Condition()
        self._buffer = bytearray()
        self._received = bytearray()
        self._rows: list[bytes] = []
        self._slips: list[Image.Image] = []
        self._cleared = 0
        self._cover_open = self._paper_out = self._paper_low = self._jammed = self._knife_stuck = False
        self._hung = self._stopped = False
        self._powered = True
        self._rows_left: int | None = None
        self._bytes_left: int | None = None
        self._interpreter = Interpreter(
            width=width, take=self._take, row=self._print_row, cut=self._cut, done=self._done, font=font
        )
        self._wake_up, self._woken = socket.socketpair()
        self._wake_up.setblocking(False)
        self._listener: socket.socket | None = _listen(port)
        self._port = int(self._listener.getsockname()[1])
        self._line: socket.socket | None = None
        self._threads = [
            threading.Thread(target=self._serve, name="simulated-printer-line", daemon=True),
            threading.Thread(target=self._run_head, name="simulated-printer-head", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> SimulatedPrinter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def uri(self) -> str:
        """What :func:`devices.printer.escpos_driver.open_printer` takes."""
        return f"tcp://127.0.0.1:{self._port}"

    # What came out

    def slips(self) -> list[Image.Image]:
        """Every piece of paper cut so far, oldest first: mode ``1``, ``width`` dots wide."""
        with self._state:
            return list(self._slips)

    def wait_for_slips(self, count: int, within_s: float) -> list[Image.Image]:
        """The slips once there are *count* of them, or those there are after *within_s* seconds."""
        with self._state:
            self._state.wait_for(lambda: len(self._slips) >= count, within_s)
            return list(self._slips)

    def rows_in_the_mouth(self) -> int:
        """Rows printed since the last cut."""
        with self._state:
            return len(self._rows)

    def received(self) -> bytes:
        """Every byte that arrived since the start."""
        with self._state:
            return bytes(self._received)

    def unknown_commands(self) -> list[bytes]:
        """Commands it could make nothing of."""
        return list(self._interpreter.unknown)

    # What may go wrong

    def open_cover(self) -> None:
        self._set("_cover_open", True)

    def close_cover(self) -> None:
        self._set("_cover_open", False)

    def take_paper(self, *, after_rows: int = 0) -> None:
        """The roll ends, now or after so many more printed rows."""
        with self._state:
            self._rows_left = after_rows or None
            self._paper_out = not after_rows
            self._changed()

    def load_paper(self) -> None:
        with self._state:
            self._rows_left = None
            self._paper_out = self._paper_low = False
            self._changed()

    def run_low(self) -> None:
        """The roll is near its end, and still prints."""
        self._set("_paper_low", True)

    def jam_knife(self) -> None:
        """The next cut gets stuck."""
        self._set("_jammed", True)

    def free_knife(self) -> None:
        with self._state:
            self._jammed = self._knife_stuck = False
            self._changed()

    def hang(self) -> None:
        """Neither read, print nor answer any more; the connection stays."""
        self._set("_hung", True)

    def wake(self) -> None:
        self._set("_hung", False)

    def drop_connection(self, *, after_bytes: int = 0) -> None:
        """Cut the line, now or after so many more received bytes; the printer takes a new connection."""
        with self._state:
            self._bytes_left = after_bytes
            self._changed()

    def power_off(self) -> None:
        """Nothing listens, and what was in the buffer is lost; what is on the paper stays."""
        with self._state:
            self._powered = False
            self._clear()
            self._changed()
            self._state.wait_for(lambda: self._listener is None, 5)

    def power_on(self) -> None:
        with self._state:
            self._listener = _listen(self._port)
            self._powered = True
            self._changed()

    def power_cycle(self) -> None:
        self.power_off()
        self.power_on()

    def stop(self) -> None:
        """Switch off for good and end both threads. Idempotent."""
        with self._state:
            self._stopped = True
            self._changed()
        for thread in self._threads:
            thread.join(5)
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._wake_up.close()
        self._woken.close()

    def _set(self, name: str, value: bool) -> None:
        with self._state:
            setattr(self, name, value)
            self._changed()

    def _changed(self) -> None:
        self._state.notify_all()
        if self._wake_up.fileno() >= 0:
            with contextlib.suppress(BlockingIOError):  # so many calls wait already that one more says nothing
                self._wake_up.send(b"!")

    def _clear(self) -> None:
        self._buffer.clear()
        self._cleared += 1

    # The line

    def _serve(self) -> None:
        window = b""
        while True:
            with self._state:
                if self._stopped:
                    return
                if not self._powered:
                    self._hang_up()
                    if self._listener is not None:
                        self._listener.close()
                        self._listener = None
                        self._state.notify_all()
                if self._bytes_left == 0:
                    self._bytes_left = None
                    self._hang_up()
                    window = b""
                watched = self._line or self._listener
                full = self._line is not None and len(self._buffer) >= self._buffer_bytes
                if self._hung or full:
                    watched = None
            ready, _, _ = select.select([self._woken, watched] if watched else [self._woken], [], [])
            if self._woken in ready:
                self._woken.recv(4096)
            elif self._line is None:
                self._line, _ = self._listener.accept() if self._listener else (None, None)
                window = b""
            else:
                window = self._read_line(self._line, window)

    def _read_line(self, line: socket.socket, window: bytes) -> bytes:
        try:
            data = line.recv(min(4096, self._bytes_left or 4096))
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return b""
        with self._state:
            if self._bytes_left is not None:
                self._bytes_left -= len(data)
            self._received += data
            for byte in data:
                self._buffer.append(byte)
                window = (window + bytes((byte,)))[-len(CLEAR) :]
                answer = self._obey_at_once(window)
                if answer:
                    _say(line, answer)
            self._state.notify_all()
        return window

    def _obey_at_once(self, window: bytes) -> bytes:
        if window == CLEAR and self._can_clear:
            self._clear()
            return CLEARED
        if window[-3:-1] != b"\x10\x04":
            return b""
        out, low = self._paper_out, self._paper_low
        match window[-1]:
            case 1:
                return bytes((0x12 | 0x08 * self._off_line(),))
            case 2:
                return bytes((0x12 | 0x04 * self._cover_open | 0x20 * out | 0x40 * self._knife_stuck,))
            case 3:
                return bytes((0x12 | 0x08 * self._knife_stuck,))
            case 4:
                return bytes((0x12 | 0x0C * (low or out) | 0x60 * out,))
            case _:
                return b""

    def _off_line(self) -> bool:
        return self._cover_open or self._paper_out or self._knife_stuck

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    # The print head

    def _run_head(self) -> None:
        while True:
            try:
                self._interpreter.step()
            except _Interrupted:
                self._interpreter.reset()
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
            self._wait(lambda: len(self._buffer) >= count and not self._hung)
            was_full = len(self._buffer) >= self._buffer_bytes
            taken = bytes(self._buffer[:count])
            del self._buffer[:count]
            if was_full:
                self._changed()
            return taken

    def _can_print(self) -> bool:
        return self._powered and not self._hung and not self._off_line()

    def _print_row(self, dots: bytes) -> None:
        with self._state:
            self._wait(self._can_print)
            self._rows.append(dots)
            if self._rows_left is not None:
                self._rows_left -= 1
                if self._rows_left == 0:
                    self._rows_left = None
                    self._paper_out = True
            if self._rows_per_s and len(self._rows) % _PACED_ROWS == 0:
                self._state.wait_for(lambda: self._stopped, _PACED_ROWS / self._rows_per_s)

    def _cut(self) -> None:
        with self._state:
            self._knife_stuck = self._jammed
            self._wait(self._can_print)
            dots = b"".join(self._rows)
            size = (self._width, len(self._rows))
            self._rows = []
            slip = Image.frombytes("1", size, bytes(byte ^ 0xFF for byte in dots)) if dots else Image.new("1", size)
            number = len(self._slips) + 1
            on_slip = self.on_slip
        if self._folder is not None and dots:
            slip.save(self._folder / f"slip-{number:04}.png")
        if on_slip is not None:
            on_slip(slip)
        with self._state:
            self._slips.append(slip)
            self._state.notify_all()

    def _done(self) -> None:
        if not self._says_done:
            return
        with self._state:
            self._wait(self._can_print)
            if self._line is not None:
                _say(self._line, bytes((0x03 * self._paper_low,)))


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4)
    return listener


def _say(line: socket.socket, answer: bytes) -> None:
    try:
        line.send(answer)
    except OSError:
        return  # the other side is gone; reading will tell
