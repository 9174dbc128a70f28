"""A slip printer made of software: it listens on TCP or a serial line, obeys the bytes, and hands out its paper as
pictures.

It behaves as the real ones do where that matters to a driver: real-time commands are answered on arrival, even from the
middle of a picture; the buffer has an end and then the line stands still; a cover, a roll or a knife that fails stops
the head while what was received stays in the buffer and goes on when the fault is gone; a lost connection leaves half a
command behind. It also behaves as the bad ones do: lies, talks nonsense, is silent, or talks without being asked.

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

from devices.printer.sim_head import PrintHead, paper
from devices.printer.sim_ills import Ills
from devices.printer.sim_interpreter import Knife
from devices.printer.sim_line import Outlet, SerialOutlet, TcpOutlet

# Epson's reference: DLE DC4 (fn = 8), "Clear buffer(s)", and the clear response.
_CLEAR_BUFFERS = bytes((16, 20, 8, 1, 3, 20, 1, 6, 2, 8))
_CLEAR_RESPONSE = bytes((0x37, 0x25, 0x00))


class SimulatedPrinter:
    """``with SimulatedPrinter() as printer: open_printer(printer.uri)``.

    ``serial`` makes it a serial printer; else ``port`` 0 takes any free TCP port. Every cut makes a slip: kept in
    :meth:`slips`, written to ``folder`` as ``slip-0001.png``, and given to ``on_slip`` on the print head's thread.
    ``width`` is the head's, in dots: what is wider is lost. ``rows_per_s`` ``None`` prints as fast as it can. ``font``
    draws its own characters, which are otherwise only fed. ``says_done`` and ``can_clear`` off make it one of the
    clones that know neither ``GS r`` nor ``DLE DC4``. Faults with ``after_rows`` wait for so many more printed rows.
    """

    def __init__(
        self,
        *,
        width: int = 576,
        serial: bool = False,
        port: int = 0,
        folder: Path | None = None,
        on_slip: Callable[[Image.Image], None] | None = None,
        rows_per_s: float | None = None,
        buffer_bytes: int = 65536,
        font: Path | None = None,
        says_done: bool = True,
        can_clear: bool = True,
    ) -> None:
        self._can_clear = can_clear
        self._state = threading.Condition()
        self._ills = Ills()
        self._received = bytearray()
        self._window = b""
        self._bytes_left: int | None = None
        self._stopped = False
        self._open = True
        self._closings = 0
        self._outlet: Outlet = SerialOutlet() if serial else TcpOutlet(port)
        self._head = PrintHead(
            state=self._state,
            ills=self._ills,
            width=width,
            buffer_bytes=buffer_bytes,
            rows_per_s=rows_per_s,
            says_done=says_done,
            font=font,
            folder=folder,
            say=self._outlet.say,
            took=self._stir,
            automatic=self._turn_automatic,
        )
        self._head.on_slip = on_slip
        self._wake_up, self._woken = socket.socketpair()
        self._wake_up.setblocking(False)
        self._thread = threading.Thread(target=self._serve, name="simulated-printer-line", daemon=True)
        self._thread.start()
        self._head.start()

    def __enter__(self) -> SimulatedPrinter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def on_slip(self) -> Callable[[Image.Image], None] | None:
        """Who is given every slip, on the print head's thread."""
        return self._head.on_slip

    @on_slip.setter
    def on_slip(self, told: Callable[[Image.Image], None] | None) -> None:
        self._head.on_slip = told

    @property
    def uri(self) -> str:
        """What :func:`devices.printer.escpos_driver.open_printer` takes."""
        return self._outlet.uri

    # What came out

    def slips(self) -> list[Image.Image]:
        """Every piece of paper cut so far, oldest first: mode ``1``, ``width`` dots wide."""
        with self._state:
            return list(self._head.slips)

    def cuts(self) -> list[Knife]:
        """How each of the slips was cut."""
        with self._state:
            return list(self._head.cuts)

    def wait_for_slips(self, count: int, within_s: float) -> list[Image.Image]:
        """The slips once there are *count* of them, or those there are after *within_s* seconds."""
        with self._state:
            self._state.wait_for(lambda: len(self._head.slips) >= count, within_s)
            return list(self._head.slips)

    def rows_in_the_mouth(self) -> int:
        """Rows printed since the last cut."""
        with self._state:
            return len(self._head.rows)

    def in_the_mouth(self) -> Image.Image:
        """What hangs there, not cut."""
        with self._state:
            return paper(self._head.rows, self._head.width)

    def received(self) -> bytes:
        """Every byte that arrived since the start."""
        with self._state:
            return bytes(self._received)

    def unknown_commands(self) -> list[bytes]:
        """Commands it could make nothing of."""
        return list(self._head.interpreter.unknown)

    # What may go wrong

    def open_cover(self, *, after_rows: int = 0) -> None:
        self._set("cover_open", True, after_rows)

    def close_cover(self) -> None:
        self._set("cover_open", False)

    def take_paper(self, *, after_rows: int = 0) -> None:
        self._set("paper_out", True, after_rows)

    def load_paper(self) -> None:
        with self._state:
            self._head.later.clear()
            self._ills.paper_out = self._ills.paper_low = False
            self._changed()

    def run_low(self) -> None:
        """The roll is near its end, and still prints."""
        self._set("paper_low", True)

    def jam_knife(self) -> None:
        """The next cut gets stuck."""
        self._set("jammed", True)

    def free_knife(self) -> None:
        with self._state:
            self._ills.jammed = self._ills.knife_stuck = False
            self._changed()

    def hang(self, *, after_rows: int = 0) -> None:
        """Neither read, print nor answer any more; the connection stays."""
        self._set("hung", True, after_rows)

    def wake(self) -> None:
        self._set("hung", False)

    def unplug(self, *, after_rows: int = 0) -> None:
        """The data cable is out. On TCP nothing tells the terminal; a serial port is gone. What was received is
        printed."""
        self._when(after_rows, self._unplug)

    def plug(self) -> None:
        with self._state:
            self._ills.unplugged = False
            self._outlet.hang_up()  # what was under way on the old connection is lost
            self._window = b""
            self._outlet.open()
            self._changed()

    def drop_connection(self, *, after_bytes: int = 0) -> None:
        """Cut the line, now or after so many more received bytes; the printer takes a new connection."""
        with self._state:
            self._bytes_left = after_bytes
            self._changed()

    def power_off(self, *, after_rows: int = 0) -> None:
        """Nothing listens, and what was in the buffer is lost; what is on the paper stays."""
        self._when(after_rows, self._power_off)

    def power_on(self) -> None:
        with self._state:
            self._outlet.open()
            self._ills.powered = self._open = True
            self._changed()

    def power_cycle(self, *, after_rows: int = 0) -> None:
        def cycle() -> None:
            self._power_off()
            self.power_on()

        self._when(after_rows, cycle)

    def change_width(self, width: int) -> None:
        """Another width of paper (dots), from the next command on."""
        self._head.change_width(width)

    def lie(self) -> None:
        """Answer every question with "all is well", whatever is the matter."""
        self._set("lies", True)

    def fall_silent(self) -> None:
        """Answer no question any more, and print all the same."""
        self._set("silent", True)

    def babble(self) -> None:
        """Answer every question with nonsense."""
        self._set("babbles", True)

    def chatter(self) -> None:
        """Send automatic status before every answer and at every change, unasked, as a switch in some printers has
        it."""
        self._set("automatic", True)

    def behave(self) -> None:
        """No more lies, silence, nonsense or chatter."""
        with self._state:
            self._ills.lies = self._ills.silent = self._ills.babbles = self._ills.automatic = False
            self._changed()

    def call_after(self, rows: int, act: Callable[[], None]) -> None:
        """Call *act* on the print head's thread once so many more rows are printed."""
        self._when(rows, act)

    def print_slowly(self, rows_per_s: float | None) -> None:
        """So many rows a second from now on; ``None``: as fast as it can."""
        with self._state:
            self._head.rows_per_s = rows_per_s

    def stop(self) -> None:
        """Switch off for good and end both threads. Idempotent."""
        with self._state:
            self._stopped = True
            self._changed()
        self._thread.join(5)
        self._head.stop()
        self._outlet.close()
        if isinstance(self._outlet, SerialOutlet):
            self._outlet.remove()
        self._wake_up.close()
        self._woken.close()

    def _set(self, name: str, value: bool, after_rows: int = 0) -> None:
        def act() -> None:
            with self._state:
                setattr(self._ills, name, value)
                self._changed()

        self._when(after_rows, act)

    def _when(self, after_rows: int, act: Callable[[], None]) -> None:
        if after_rows:
            with self._state:
                self._head.later.append((after_rows, act))
        else:
            act()

    def _power_off(self) -> None:
        with self._state:
            before = self._closings
            self._ills.powered = False
            self._window = b""
            self._head.clear()
            self._changed()
            # The line's thread closes it: while it waits there, the port would stay taken.
            self._state.wait_for(lambda: self._closings != before or self._stopped, 5)

    def _unplug(self) -> None:
        with self._state:
            self._ills.unplugged = True
            if isinstance(self._outlet, SerialOutlet):
                self._outlet.hang_up()
            self._changed()

    def _changed(self) -> None:
        self._state.notify_all()
        if self._ills.automatic and self._ills.powered:
            self._outlet.say(self._ills.automatic_status())
        self._stir()

    def _stir(self) -> None:
        if self._wake_up.fileno() >= 0:
            with contextlib.suppress(BlockingIOError):  # so many calls wait already that one more says nothing
                self._wake_up.send(b"!")

    # The line

    def _serve(self) -> None:
        while True:
            with self._state:
                if self._stopped:
                    return
                if self._open and not self._ills.powered:
                    self._outlet.close()
                    self._open = False
                    self._closings += 1
                    self._state.notify_all()
                if self._bytes_left == 0:
                    self._bytes_left = None
                    self._outlet.hang_up()
                    if isinstance(self._outlet, SerialOutlet):
                        self._outlet.open()
                    self._window = b""
                watched = self._outlet.watched()
                if self._ills.hung or self._ills.unplugged or self._head.is_full():
                    watched = None
            waiting = [self._woken.fileno()] if watched is None else [self._woken.fileno(), watched]
            try:
                ready, _, _ = select.select(waiting, [], [])
            except (OSError, ValueError):
                continue  # the line was closed meanwhile
            if self._woken.fileno() in ready:
                self._woken.recv(4096)
            else:
                self._hear()

    def _hear(self) -> None:
        with self._state:
            if self._outlet.watched() is None:
                return
            data = self._outlet.read(min(4096, self._bytes_left or 4096))
            if not data:
                self._window = b""
                return
            if self._bytes_left is not None:
                self._bytes_left -= len(data)
            self._received += data
            for byte in data:
                self._head.put(byte)
                self._window = (self._window + bytes((byte,)))[-len(_CLEAR_BUFFERS) :]
                if answer := self._obey_at_once():
                    self._outlet.say(answer)
            self._state.notify_all()

    def _obey_at_once(self) -> bytes:
        """What a real-time command that ends here is answered with."""
        if self._window == _CLEAR_BUFFERS and self._can_clear:
            self._head.clear()
            return b"" if self._ills.silent else _CLEAR_RESPONSE
        return self._ills.answer(self._window[-1]) if self._window[-3:-1] == b"\x10\x04" else b""

    def _turn_automatic(self, kinds: int) -> None:
        with self._state:
            self._ills.automatic = kinds != 0
            self._changed()
