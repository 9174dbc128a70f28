"""The simulated reader's cable: lets another process reach the card on an :class:`~devices.card.sim.InProcessSlot`.

Frames are vpcd's (length, body). An empty body asks which card lies there; eight bytes ask for the card of that number,
and from then on the connection is that card's: one byte 4 asks for its answer to reset, more is a command.
An empty response is a card that was pulled, a closed connection a reader that went away.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from pathlib import Path

from devices.card.sim import InProcessSlot, receive_frame, send_frame
from devices.card.slot import CardGone, CardHeld, CardMute, Link, Place, Presence, SlotLost, SlotView

SCHEME = "sim"
LONGEST = 0xFFFF
_DEADLINE_S = 20.0
_NUMBER = 8  # bytes of a card's number
_ENDS: tuple[tuple[bytes, type[Exception]], ...] = (
    (b"\x01", CardGone),
    (b"\x02", CardHeld),
    (b"\x03", CardMute),
    (b"\x04", SlotLost),
)
_TAKEN = b"\x00"


class SimPort:
    """Serves one simulated reader on a Unix socket, until closed."""

    def __init__(self, slot: InProcessSlot) -> None:
        self._slot = slot
        # unix(7) allows a socket's path 108 bytes, and TMPDIR may be longer.
        self._folder = tempfile.TemporaryDirectory(prefix="card-", dir="/tmp")  # nosec B108
        self._path = str(Path(self._folder.name) / "reader")
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self._path)
        self._server.listen()
        self._thread = threading.Thread(target=self._accept, name="sim-port", daemon=True)
        self._thread.start()
        slot.address = f"{SCHEME}:{self._path}"

    def close(self) -> None:
        """End it, and every connection with it."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        self._folder.cleanup()

    def _accept(self) -> None:
        serving: list[threading.Thread] = []
        while True:
            try:
                wire, _ = self._server.accept()
            except OSError:
                break
            wire.settimeout(_DEADLINE_S)
            serving = [thread for thread in serving if thread.is_alive()]
            serving.append(threading.Thread(target=self._serve, args=(wire,), name="sim-port", daemon=True))
            serving[-1].start()
        for thread in serving:
            thread.join()

    def _serve(self, wire: socket.socket) -> None:
        with wire, contextlib.suppress(OSError):
            while not (asked := receive_frame(wire, most=_NUMBER)):
                view = self._slot.look(None, 0)
                send_frame(wire, view.card.to_bytes(_NUMBER, "big"))
            try:
                link = self._slot.connect(SlotView(Presence.CARD, int.from_bytes(asked, "big")))
            except (CardGone, CardHeld, CardMute, SlotLost) as failure:
                send_frame(wire, next(word for word, kind in _ENDS if isinstance(failure, kind)))
                return
            send_frame(wire, _TAKEN)
            try:
                self._pass_on(wire, link)
            finally:
                link.close()

    def _pass_on(self, wire: socket.socket, link: Link) -> None:
        while True:
            match receive_frame(wire, most=LONGEST):
                case b"\x04":
                    send_frame(wire, link.atr)
                case command:
                    try:
                        send_frame(wire, link.exchange(command))
                    except CardGone:
                        send_frame(wire, b"")
                    except SlotLost:
                        return


class PortSlot:
    """The same reader, seen from the process at the other end. Only for one read: it waits for nothing."""

    def __init__(self, path: str) -> None:
        self._path = path

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:  # noqa: ARG002
        """See :class:`devices.card.slot.Slot`."""
        with self._wire() as wire:
            send_frame(wire, b"")
            card = int.from_bytes(receive_frame(wire, most=_NUMBER), "big")
        return SlotView(Presence.CARD, card) if card else SlotView(Presence.EMPTY)

    def place(self, view: SlotView) -> Place:
        """See :class:`devices.card.slot.Slot`."""
        return Place(f"{SCHEME}:{self._path}", view.card)

    def connect(self, view: SlotView, *, reset: bool = False) -> Link:  # noqa: ARG002
        """See :class:`devices.card.slot.Slot`."""
        wire = self._wire()
        send_frame(wire, view.card.to_bytes(_NUMBER, "big"))
        end = receive_frame(wire, most=1)
        for word, kind in _ENDS:
            if end == word:
                wire.close()
                raise kind("as the simulator says")
        return _PortLink(wire)

    def cancel(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to let go of."""

    def _wire(self) -> socket.socket:
        wire = socket.socket(socket.AF_UNIX)
        wire.settimeout(_DEADLINE_S)
        try:
            wire.connect(self._path)
        except OSError as failure:
            wire.close()
            raise SlotLost(type(failure).__name__) from failure
        return wire


class _PortLink:
    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    @property
    def atr(self) -> bytes:
        send_frame(self._wire, b"\x04")
        return receive_frame(self._wire, most=LONGEST)

    def exchange(self, command: bytes) -> bytes:
        """See :class:`devices.card.slot.Link`."""
        try:
            send_frame(self._wire, command)
            response = receive_frame(self._wire, most=LONGEST)
        except OSError as failure:
            raise SlotLost(type(failure).__name__) from failure
        if not response:
            raise CardGone("pulled")
        return response

    def close(self) -> None:
        self._wire.close()
