"""The lower layer: what a reader and the card in it are, seen from just above the wire.

A :class:`Slot` is one device on which a card can lie. PC/SC is one, the in-process simulator another; everything
above (profiles, :class:`~devices.card.reader.WatchedReader`) knows only this file. Who watches a slot need not be who
reads the card: a :class:`Place` says in words where it lies, so that another process finds that very card.
The exceptions here stay inside the package: the reader turns them into :class:`~devices.card.api.CardTrouble` values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from devices.card.api import CardTrouble

# ISO 7816-4:2020 5.1: a short response carries at most 256 bytes of data, an extended one 65,536; then the status.
_SHORT, _EXTENDED, _STATUS = 256, 65536, 2
# The largest chain gathered with GET RESPONSE; no profile needs more than one record or signature (512 bytes).
_MOST_DATA = 4096
# A social security card takes about 20 commands. The longest read is a travel document with a photo: 128 KiB in pieces
# of 223 bytes are 590. A card that makes us ask on and on is not one we want to talk to.
_MOST_COMMANDS = 700


class Presence(Enum):
    """What lies where."""

    NO_SERVICE = auto()
    NO_READER = auto()
    EMPTY = auto()
    CARD = auto()
    SEVERAL = auto()  # two cards or more, on one device or on several that are one slot


@dataclass(frozen=True, slots=True)
class SlotView:
    """One look at a slot. ``card`` is 0 without a card, else a number that is new whenever a card was laid on (the
    same card laid on again, the card found after the service or reader came back, and the one that is left of two,
    count as new)."""

    presence: Presence
    card: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the card of one view lies, in words that mean the same in another process.

    ``address`` opens a slot there (:mod:`devices.card.addresses`). ``card`` is the device's own count of insertions,
    so that a slot opened elsewhere gives the same place for the same insertion and another for any other card; 0 where
    a device does not count. ``shared`` tells whether the device may be watched while another process reads from it."""

    address: str
    card: int = 0
    shared: bool = True


class CardError(Exception):
    """A card gave no read; ``trouble`` is what the outside hears."""

    trouble = CardTrouble.UNREADABLE


class CardGone(CardError):
    """The link to the card broke: pulled, swapped, or a bad contact."""

    trouble = CardTrouble.PULLED


class CardMute(CardError):
    """A card is there but answers no reset."""

    trouble = CardTrouble.MUTE


class CardHeld(CardError):
    """Another program holds the card."""

    trouble = CardTrouble.BUSY


class CardDamaged(CardError):
    """What the card sent is outside every bound."""

    trouble = CardTrouble.UNREADABLE


class CardProtected(CardError):
    """The card wants a PIN or a key (6982, 6985). None is ever sent."""

    trouble = CardTrouble.PROTECTED


class SlotLost(Exception):
    """Service or reader went away in the middle; the next look says which."""


class Link(Protocol):
    """An exclusive connection to one card, as raw as the reader gives it."""

    @property
    def atr(self) -> bytes:
        """Answer to reset, ISO 7816-3 clause 8."""
        ...

    def exchange(self, command: bytes) -> bytes:
        """Send one command APDU, give the response with its status bytes. Raises ``CardGone``, ``SlotLost``."""
        ...

    def close(self) -> None:
        """Reset the card, so that nothing stays selected, and let go. Idempotent; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class SamRecord:
    """A resident identity card as its reader's security module gave it: ``text`` is the text block (UTF-16LE, 256
    bytes), ``photo`` the WLT picture (1,024 bytes)."""

    text: bytes
    photo: bytes


class SamLink(ABC):
    """A card found and selected by a reader with a licensed security module (SAM_V). No command reaches such a card:
    the module reads it as a whole."""

    @abstractmethod
    def read_card(self) -> SamRecord:
        """Everything at once. Raises the errors of this module."""

    @abstractmethod
    def close(self) -> None:
        """Let go. Idempotent; never raises."""


class Slot(Protocol):
    """One device for cards. ``cancel`` belongs to any thread, everything else to one."""

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:
        """The view as soon as it differs from ``seen``; the unchanged one after ``timeout`` seconds or a cancel."""
        ...

    def place(self, view: SlotView) -> Place:
        """Where the card of ``view`` lies. Raises :class:`CardGone` when it is no longer that card."""
        ...

    def connect(self, view: SlotView, *, reset: bool = False) -> Link | SamLink:
        """Exclusive access to the card of ``view``, which is reset first if it had stopped answering (``reset``).
        Raises :class:`CardGone` when it is no longer that card, :class:`CardMute`, :class:`CardHeld`,
        :class:`SlotLost`."""
        ...

    def cancel(self) -> None:
        """Make the look in progress return, or else the next one."""
        ...

    def close(self) -> None:
        """Let go of the reader; a later look takes it up again."""
        ...


class Channel:
    """Commands to one card for one read, with the chores of T=0 done and every length bounded."""

    def __init__(self, *, link: Link, give_up: Callable[[], bool]) -> None:
        """``give_up`` is asked before every command; once true, the read ends with :class:`CardDamaged`."""
        self._link = link
        self._give_up = give_up
        self._commands = 0

    @property
    def atr(self) -> bytes:
        return self._link.atr

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Data and status word of one command APDU. Data is never longer than the command allows (256 bytes for a short
        one, for an extended one what its Le says), or 4,096 bytes in a chain. Whether a card takes extended commands is
        for the profile to know.

        Status 6Cxx repeats the command with the length the card names, 61xx fetches with GET RESPONSE (ISO 7816-3
        clause 12.2, ISO 7816-4 clause 5.6): PC/SC leaves both to us. Raises the errors of this module.
        """
        data, status = self._once(apdu)
        if status >> 8 == 0x6C and not _is_extended(apdu):
            data, status = self._once(_with_le(apdu, status & 0xFF))
        gathered = data
        while status >> 8 == 0x61:
            data, status = self._once(bytes((_plain_class(apdu), 0xC0, 0x00, 0x00, status & 0xFF)))
            gathered += data
            if not data or len(gathered) > _MOST_DATA:
                raise CardDamaged("endless response chain")
        return gathered, status

    def _once(self, apdu: bytes) -> tuple[bytes, int]:
        self._commands += 1
        if self._commands > _MOST_COMMANDS or self._give_up():
            raise CardDamaged("read takes too long")
        response = self._link.exchange(apdu)
        if not _STATUS <= len(response) <= _longest_data(apdu) + _STATUS:
            raise CardDamaged(f"response of {len(response)} bytes")
        return response[:-2], int.from_bytes(response[-2:], "big")


def _plain_class(apdu: bytes) -> int:
    """The class of GET RESPONSE: an interindustry command, whatever came before it (ISO 7816-4:2020 11.8.1). It keeps
    that one's logical channel (bits 1 and 2 where bits 8 to 6 are 0) and asks for no protection of its own."""
    return apdu[0] & 0x03 if apdu[0] < 0x20 else 0x00


def _is_extended(apdu: bytes) -> bool:
    """The extended cases of ISO 7816-3 clause 12.1 begin their lengths with a zero byte."""
    return len(apdu) >= 7 and apdu[4] == 0


def _longest_data(apdu: bytes) -> int:
    """What a response to this command may carry; an Le of zero asks for all there is."""
    if not _is_extended(apdu):
        return _SHORT
    has_le = len(apdu) == 7 or len(apdu) == 9 + int.from_bytes(apdu[5:7], "big")
    return (int.from_bytes(apdu[-2:], "big") or _EXTENDED) if has_le else _SHORT


def _with_le(apdu: bytes, le: int) -> bytes:
    """The same command with its expected length set; short cases 1 to 4 of ISO 7816-3 clause 12.1."""
    has_le = len(apdu) == 5 or (len(apdu) > 5 and len(apdu) == 6 + apdu[4])
    return (apdu[:-1] if has_le else apdu) + bytes((le,))
