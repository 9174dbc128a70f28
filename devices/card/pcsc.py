"""PC/SC: the only module that touches pyscard.

pyscard's own monitors die for good when pcscd restarts, so this is a watcher over ``SCardGetStatusChange``: it takes
the service up again whenever it comes back, hears of readers through the ``\\\\?PnP?\\Notification`` pseudo reader, and
wakes at once on ``SCardCancel``. The low-level calls answer result codes, so nothing here depends on exceptions of the
library. Commands and answers are personal data and are logged nowhere.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

from smartcard import scard

from devices.card.addresses import PCSC
from devices.card.slot import CardGone, CardHeld, CardMute, Place, Presence, SlotLost, SlotView

_PNP = "\\\\?PnP?\\Notification"
_RETRY_S = 0.5  # how often a service that is away is looked for
_PAUSE_S = 0.2  # while a reader is listed but not there, so that it cannot become a busy loop
# Readers are listed anew this often even if no notification came: one plugged in between listing and waiting is
# otherwise missed.
_RELIST_S = 5.0
_CANCELS = 20  # times a look is told to end
_CANCEL_STEP_S = 0.005
_MOST_READERS = 15  # pcsc-lite's own limit is 16, and the pseudo reader takes a place

# Result codes, winscard(3) / [MS-ERREF]; written out because pyscard gives them signed on Windows.
_OK = 0
_CANCELLED = 0x80100002
_TIMEOUT = 0x8010000A
_SHARING_VIOLATION = 0x8010000B
_NO_READERS = 0x8010002E
_NO_ANSWER = frozenset((0x80100066, 0x80100067, 0x80100065, 0x8010000F))  # unresponsive, unpowered, unsupported, T=?
_READER_AWAY = frozenset((0x80100009, 0x80100017))  # unknown reader, reader unavailable
_SERVICE_AWAY = frozenset(
    # invalid handle, no service, service stopped, internal communication error, shutdown; and what pcsc-lite answers
    # when its daemon died under a call: internal error.
    (0x80100003, 0x8010001D, 0x8010001E, 0x80100013, 0x80100018, 0x80100001),
)

# pcsc-lite names a reader "<device> <reader number> <slot number>" in hex; the reader number changes on replugging.
_LITE_NAME = re.compile(r"(?P<device>.*) [0-9A-F]{2} (?P<slot>[0-9A-F]{2})")


def pick_readers(wanted: tuple[str, ...], names: list[str]) -> list[str]:
    """The readers meant by ``wanted``, each once: any when nothing is wanted, else what each of its names means."""
    if not wanted:
        return names
    return list(dict.fromkeys(name for each in wanted for name in _meant(each, names)))


def _meant(wanted: str, names: list[str]) -> list[str]:
    """That very name, else the same device and slot under a new reader number, else every name that contains it."""
    if wanted in names:
        return [wanted]
    if parts := _LITE_NAME.fullmatch(wanted):
        others = ((name, _LITE_NAME.fullmatch(name)) for name in names)
        return [name for name, other in others if other and other.groups() == parts.groups()]
    return [name for name in names if wanted.casefold() in name.casefold()]


def list_readers() -> list[str] | None:
    """Names of the readers plugged in now, for diagnosis; ``None`` when the service does not answer."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if _code(result) != _OK:
        return None
    try:
        result, names = scard.SCardListReaders(context, [])
        return names if _code(result) == _OK else [] if _code(result) == _NO_READERS else None
    finally:
        scard.SCardReleaseContext(context)


@dataclass(frozen=True, slots=True)
class _Seat:
    """One insertion as the service counts it: context generation, reader, and the reader's own event count."""

    generation: int
    reader: str
    events: int


class PcscLink:
    """A card held exclusively. Made by :meth:`PcscSlot.connect`; ``broken`` when the card does not answer."""

    def __init__(self, *, handle: int, protocol: int, atr: bytes, broken: bool) -> None:
        self._handle: int | None = handle
        self._pci = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        self._atr = atr
        self._broken = broken

    @property
    def atr(self) -> bytes:
        return self._atr

    def exchange(self, command: bytes) -> bytes:
        """See :class:`devices.card.slot.Link`."""
        if self._handle is None:
            raise CardGone("closed")
        result, response = scard.SCardTransmit(self._handle, self._pci, list(command))
        if _code(result) == _OK and len(response) >= 2:
            return bytes(response)
        self._broken = True  # no status bytes are no answer, too
        if _code(result) in _SERVICE_AWAY | _READER_AWAY:
            raise SlotLost(hex(_code(result)))
        raise CardGone(hex(_code(result)))

    def close(self) -> None:
        """Reset the card and let go."""
        handle, self._handle = self._handle, None
        if handle is not None:
            # After a reset that fails, pcscd calls the reader empty without telling its own polling; a card laid on
            # before the next poll (0.4 s) would then never be seen. So no reset for a card that does not answer.
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD if self._broken else scard.SCARD_RESET_CARD)


class PcscSlot:
    """One PC/SC reader, or several that are watched as one: whichever gets a card is read, two cards are too many."""

    def __init__(self, *, names: tuple[str, ...]) -> None:
        """``names`` as the service lists them, or parts of them (see :func:`pick_readers`); none means any reader."""
        self._wanted = names
        self._context: int | None = None
        self._generation = 0
        self._known: list[tuple[str, int]] = []
        self._listed = 0
        self._lying: dict[_Seat, bytes] = {}  # every insertion there is now, with its answer to reset
        self._cards = 0
        self._wake = threading.Event()
        self._waiting = False

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:
        """See :class:`devices.card.slot.Slot`."""
        end = time.monotonic() + timeout
        if seen is not None and timeout <= 0 and self._known:
            return self._view_of([name for name, _ in self._known])  # in the middle of a read, a new reader can wait
        while True:
            view = self._view()
            left = end - time.monotonic()
            if view != seen or left <= 0:
                return view
            self._waiting = True
            if self._wake.is_set():
                self._waiting = False
                self._wake.clear()
                return view
            self._await_change(left)
            self._waiting = False

    def place(self, view: SlotView) -> Place:
        """See :class:`devices.card.slot.Slot`; the service's own event count names the insertion, to every process."""
        seat = self._seat(view)
        return Place(f"{PCSC}:{seat.reader}", seat.events)

    def connect(self, view: SlotView, *, reset: bool = False) -> PcscLink:
        """See :class:`devices.card.slot.Slot`."""
        return self._hold(self._seat(view), reset=reset)

    def connect_at(self, place: Place, *, reset: bool) -> PcscLink:
        """As :meth:`connect`, for a process that watches nothing. No look goes before: the event count, compared once
        the card is held, tells whether it is the one meant."""
        reader = place.address.removeprefix(f"{PCSC}:")
        try:
            return self._hold(_Seat(self._establish(), reader, place.card), reset=reset)
        except SlotLost:
            self.close()  # the service may be another one than when this process began to wait
            return self._hold(_Seat(self._establish(), reader, place.card), reset=reset)

    def _hold(self, seat: _Seat, *, reset: bool) -> PcscLink:
        if self._context is None:
            raise SlotLost("let go of, or no service")
        result, handle, protocol = scard.SCardConnect(
            self._context,
            seat.reader,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        code = _code(result)
        if code == _SHARING_VIOLATION:
            raise CardHeld(seat.reader)
        if code in _NO_ANSWER:
            raise CardMute(hex(code))
        if code in _SERVICE_AWAY | _READER_AWAY:
            raise SlotLost(hex(code))
        if code != _OK:
            raise CardGone(hex(code))
        if reset:
            # The service sees the same card, but it stopped answering: swapped between two polls, it has no power yet.
            result, protocol = scard.SCardReconnect(
                handle,
                scard.SCARD_SHARE_EXCLUSIVE,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
                scard.SCARD_RESET_CARD,
            )
        # From here a swap breaks the handle; a swap between look and connect shows as another count of events.
        lying = self._cards_in(self._states([seat.reader]) or []) if _code(result) == _OK else {}
        link = PcscLink(handle=handle, protocol=protocol, atr=lying.get(seat, b""), broken=_code(result) != _OK)
        if seat not in lying:
            link.close()
            raise CardGone("swapped while connecting")
        return link

    def cancel(self) -> None:
        """See :class:`devices.card.slot.Slot`."""
        self._wake.set()
        # The service forgets a cancel that comes before the wait it is meant for: so again, until the look has heard.
        for _ in range(_CANCELS):
            context = self._context
            if context is None or not self._waiting or not self._wake.is_set():
                return
            scard.SCardCancel(context)
            time.sleep(_CANCEL_STEP_S)

    def close(self) -> None:
        """Let go of the service."""
        context, self._context = self._context, None
        if context is not None:
            scard.SCardReleaseContext(context)

    def _seat(self, view: SlotView) -> _Seat:
        if view != SlotView(Presence.CARD, self._cards) or len(self._lying) != 1:
            raise CardGone("another card, or none")
        return next(iter(self._lying))

    def _view(self) -> SlotView:
        """What is there now, without waiting."""
        names = self._names()
        if names is None:
            return self._nothing(Presence.NO_SERVICE)
        self._listed = len(names)
        return self._view_of(pick_readers(self._wanted, names)[:_MOST_READERS])

    def _view_of(self, readers: list[str]) -> SlotView:
        states = self._states(readers)
        if states is None:
            return self._nothing(Presence.NO_SERVICE)
        if not states:
            return self._nothing(Presence.NO_READER)
        self._known = [(name, state) for name, state, _ in states]
        lying = self._cards_in(states)
        # Whoever lays a second card on, or takes one of two away, may have changed places: all of it counts as new.
        if lying and lying.keys() != self._lying.keys():
            self._cards += 1
        self._lying = lying
        match len(lying):
            case 0:
                return SlotView(Presence.EMPTY)
            case 1:
                return SlotView(Presence.CARD, self._cards)
            case _:
                return SlotView(Presence.SEVERAL, self._cards)

    def _states(self, readers: list[str]) -> list[tuple[str, int, bytes]] | None:
        """Name, state and answer to reset of those that are there; ``None`` without a service."""
        if self._context is None:
            return None
        if not readers:
            return []
        unaware = [(name, scard.SCARD_STATE_UNAWARE) for name in readers]
        result, states = scard.SCardGetStatusChange(self._context, 0, unaware)
        code = _code(result)
        if code in _READER_AWAY:
            return []
        if code not in (_OK, _TIMEOUT):
            # A pcscd that dies under this very call leaves any code (seen: 8010006A), so no list of codes will do.
            self.close()
            return None
        away = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE
        return [(name, state, bytes(atr)) for name, state, atr in states if not state & away]

    def _cards_in(self, states: list[tuple[str, int, bytes]]) -> dict[_Seat, bytes]:
        return {
            _Seat(self._generation, name, state >> 16): atr
            for name, state, atr in states
            if state & scard.SCARD_STATE_PRESENT
        }

    def _nothing(self, presence: Presence) -> SlotView:
        self._lying = {}
        self._known = []
        return SlotView(presence)

    def _establish(self) -> int:
        """Make sure of the service, if it is there; the number of this context."""
        if self._context is None:
            result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
            if _code(result) == _OK:
                self._context = context
                self._generation += 1
        return self._generation

    def _names(self) -> list[str] | None:
        self._establish()
        if self._context is None:
            return None
        result, names = scard.SCardListReaders(self._context, [])
        if _code(result) == _OK:
            return names
        if _code(result) == _NO_READERS:
            return []
        self.close()
        return None

    def _await_change(self, left: float) -> None:
        """Wait until something may have changed: a reader's state, the set of readers, a cancel, the service's end."""
        if self._context is None:
            self._wake.wait(min(left, _RETRY_S))
            return
        milliseconds = max(1, int(min(left, _RELIST_S) * 1000))
        # The pseudo reader's state is the number of readers known, in the high word; pcsc-lite 1.9 looks for itself.
        states = [*self._known, (_PNP, self._listed << 16)]
        result, _ = scard.SCardGetStatusChange(self._context, milliseconds, states)
        code = _code(result)
        if code in _READER_AWAY:
            self._wake.wait(min(left, _PAUSE_S))
        elif code not in (_OK, _TIMEOUT, _CANCELLED):
            self.close()


def _code(result: int) -> int:
    return result & 0xFFFFFFFF
