"""The two ways to lay a virtual card on a reader: in this process, or through the real PC/SC service by way of vpcd.

In both, everything above the slot (in process) or above the operating system (vpcd) is what meets real cards.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Protocol

from devices.card.sim_card import Faults, Person, VirtualCard, demo_cards
from devices.card.slot import CardGone, CardHeld, CardMute, Place, Presence, SlotLost, SlotView

__all__ = ["VPCD_PORT", "Chip", "Faults", "InProcessSlot", "Person", "VirtualCard", "VpcdLink", "demo_cards"]

#: Where vpcd listens for the card of its first reader, "Virtual PCD 00 00"; its second reader is one above.
VPCD_PORT = 35963

_RETRY_S = 0.1
_SWAP_S = 2.0
_LONGEST_MESSAGE = 4096


class Chip(Protocol):
    """Any virtual card, as its reader's contacts or field meet it. Called from one thread at a time."""

    def answer_to_reset(self) -> bytes:
        """The ATR, 2 to 33 bytes; empty from a mute card."""
        ...

    def power(self, on: bool) -> None:
        """Power up (or reset), or power down."""
        ...

    def respond(self, command: bytes) -> bytes | None:
        """The response to one command APDU; ``None`` when the card is pulled at this moment."""
        ...


class InProcessSlot:
    """A reader in this process, with the slot the driver sees on one side and a hand that lays cards on the other.

    ``insert``, ``remove``, ``hold``, ``release``, ``plug`` and ``serve`` may be called from any thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._card: Chip | None = None
        self._cards = 0
        self._held = False
        self._plugged = True
        self._serving = True
        self._cancelled = False
        self.address = "sim:nowhere"  # where another process finds this reader

    def insert(self, card: Chip) -> None:
        """Lay a card on the reader, in place of the one there."""
        with self._changed:
            self._card = card
            self._cards += 1
            self._changed.notify_all()

    def remove(self) -> None:
        """Take the card away, if there is one."""
        with self._changed:
            self._card = None
            self._changed.notify_all()

    def hold(self, held: bool) -> None:
        """Another program takes the card for itself (``True``), or lets it go."""
        with self._changed:
            self._held = held
            self._changed.notify_all()

    def plug(self, plugged: bool) -> None:
        """Plug the reader in, or pull its cable."""
        with self._changed:
            self._plugged = plugged
            self._cards += plugged  # a card found after plugging in counts as laid on anew
            self._changed.notify_all()

    def serve(self, serving: bool) -> None:
        """Let the smart card service run, or stop it."""
        with self._changed:
            self._serving = serving
            self._cards += serving
            self._changed.notify_all()

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:
        """See :class:`devices.card.slot.Slot`."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or self._view() != seen, timeout)
            self._cancelled = False
            return self._view()

    def place(self, view: SlotView) -> Place:
        """See :class:`devices.card.slot.Slot`; another process reaches a card here by way of :mod:`.sim_port`."""
        with self._changed:
            if self._view() != view:
                raise CardGone("another card, or none")
        return Place(self.address, view.card)

    def connect(self, view: SlotView, *, reset: bool = False) -> InProcessLink:  # noqa: ARG002
        """See :class:`devices.card.slot.Slot`; every connection resets."""
        with self._changed:
            if self._view() != view or self._card is None:
                raise CardGone("another card, or none")
            if self._held:
                raise CardHeld("held by another program")
            if not self._card.answer_to_reset():
                raise CardMute("no answer to reset")
            self._card.power(True)
            return InProcessLink(slot=self, card=self._card, view=view)

    def cancel(self) -> None:
        """See :class:`devices.card.slot.Slot`."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing to let go of."""

    def reach(self, view: SlotView, command: bytes) -> bytes:
        """Pass a command to the card of ``view``, for the link."""
        with self._changed:
            now, card = self._view(), self._card
        if now.presence in (Presence.NO_SERVICE, Presence.NO_READER):
            raise SlotLost(now.presence.name)
        if now != view or card is None:
            raise CardGone("pulled")
        response = card.respond(command)
        if response is None:
            self.remove()
            raise CardGone("pulled")
        return response

    def _view(self) -> SlotView:
        if not self._serving:
            return SlotView(Presence.NO_SERVICE)
        if not self._plugged:
            return SlotView(Presence.NO_READER)
        return SlotView(Presence.EMPTY) if self._card is None else SlotView(Presence.CARD, self._cards)


class InProcessLink:
    """A card held in this process. Made by :meth:`InProcessSlot.connect`."""

    def __init__(self, *, slot: InProcessSlot, card: Chip, view: SlotView) -> None:
        self._slot = slot
        self._card = card
        self._view = view

    @property
    def atr(self) -> bytes:
        return self._card.answer_to_reset()

    def exchange(self, command: bytes) -> bytes:
        """See :class:`devices.card.slot.Link`."""
        return self._slot.reach(self._view, command)

    def close(self) -> None:
        """Reset the card."""
        self._card.power(False)


class VpcdLink:
    """Lays cards on one of vpcd's readers: a connected card is an inserted one, a closed connection a removed one.

    vpcd's protocol: length (unsigned, two bytes, big-endian) and body, both ways. A body of one byte is 0 power off,
    1 power on, 2 reset, 4 "send your ATR"; a longer one is a command APDU. While a card lies here, the connection is
    taken up again whenever pcscd comes back.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = VPCD_PORT) -> None:
        self._address = (host, port)
        self._away = threading.Event()
        self._connected = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._wire: socket.socket | None = None

    def insert(self, card: Chip) -> None:
        """Lay a card on the reader, in place of the one there. Returns at once; pcscd notices within 0.4 s."""
        self.remove()
        self._away.clear()
        self._connected.clear()
        self._thread = threading.Thread(target=self._lie, args=(card,), name="vpcd-card", daemon=True)
        self._thread.start()

    def remove(self) -> None:
        """Take the card away, if there is one."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._away.set()
        with self._lock:
            if self._wire is not None:
                with contextlib.suppress(OSError):  # pcscd may have closed it in this very moment
                    self._wire.shutdown(socket.SHUT_RDWR)
        thread.join()

    def wait_connected(self, timeout: float) -> bool:
        """Whether the card has reached vpcd within ``timeout`` seconds."""
        return self._connected.wait(timeout)

    def wait_pulled(self, timeout: float) -> bool:
        """Whether the card has pulled itself (a fault of its own) within ``timeout`` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def _lie(self, card: Chip) -> None:
        while not self._away.is_set():
            try:
                wire = socket.create_connection(self._address, timeout=_SWAP_S)
            except OSError:
                self._away.wait(_RETRY_S)
                continue
            wire.settimeout(None)
            with wire:
                with self._lock:
                    if self._away.is_set():
                        return
                    self._wire = wire
                self._connected.set()
                try:
                    pulled = self._serve(wire, card)
                except OSError:
                    pulled = False
                finally:
                    with self._lock:
                        self._wire = None
            card.power(False)
            if pulled:
                return
            self._away.wait(_RETRY_S)

    def _serve(self, wire: socket.socket, card: Chip) -> bool:
        """Answer until the connection ends; true when the card was pulled by a fault of its own."""
        while True:
            match receive_frame(wire, most=_LONGEST_MESSAGE):
                case b"\x00":
                    card.power(False)
                case b"\x01" | b"\x02":
                    card.power(True)
                case b"\x04":
                    send_frame(wire, card.answer_to_reset())
                case body:
                    response = card.respond(body)
                    if response is None:
                        return True
                    send_frame(wire, response)


def send_frame(wire: socket.socket, body: bytes) -> None:
    """A body behind its length, as vpcd frames them."""
    wire.sendall(len(body).to_bytes(2, "big") + body)


def receive_frame(wire: socket.socket, *, most: int) -> bytes:
    """The next body. Raises :class:`ConnectionError` at the end, and for one of more than ``most`` bytes."""
    length = int.from_bytes(_receive(wire, 2), "big")
    if length > most:
        raise ConnectionError(f"message of {length} bytes")
    return _receive(wire, length)


def _receive(wire: socket.socket, count: int) -> bytes:
    body = b""
    while len(body) < count:
        # vpcd sends length and body apart; Nagle's algorithm holds the body back until the length is acknowledged, and
        # the kernel falls back to delayed acknowledgements by itself: 44 ms a command instead of 0.1 ms.
        if wire.family == socket.AF_INET and hasattr(socket, "TCP_QUICKACK"):
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = wire.recv(count - len(body))
        if not piece:
            raise ConnectionError("closed")
        body += piece
    return body
