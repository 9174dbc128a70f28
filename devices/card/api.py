"""What the rest of the terminal may know of a card reader.

A reader reports exactly one :data:`CardState` at a time, always the newest. Expected trouble is a value here, never an
exception; each :class:`CardTrouble` is a stable code that the application maps once to a sentence and a remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Assurance(StrEnum):
    """How far a read can be trusted, strongest first. A UID alone is never an identity."""

    CHIP_AUTHENTICATED = "chip_authenticated"
    SIGNED = "signed"
    SAM_VERIFIED = "sam_verified"
    UNSIGNED = "unsigned"


class CardTrouble(StrEnum):
    """Why a card on the reader gave no read."""

    MUTE = "card-mute"  # no answer to reset: worn contacts, or the wrong way round
    UNKNOWN = "card-unknown"  # answers, but no profile knows it
    PULLED = "card-pulled"  # taken away or swapped before the read was finished
    UNREADABLE = "card-unreadable"  # worn: its contact breaks off, or its data is damaged, at every one of some tries
    PROTECTED = "card-protected"  # wants a PIN or key (6982, 6985); none is ever sent
    EXPIRED = "card-expired"
    BUSY = "card-busy"  # held by another program
    TWO_CARDS = "card-two"  # two cards at once: nobody can say whose turn it is
    NEEDS_KEY = "card-needs-key"  # a travel document that opens only to its MRZ or CAN; see ``CardReader.try_key``
    WRONG_KEY = "card-wrong-key"  # the MRZ or CAN given did not open it
    ALTERED = "card-altered"  # what is on the chip is not what its issuer signed


@dataclass(frozen=True, slots=True)
class Check:
    """One check made on what was read, e.g. ``id-number-checksum``; ``passed`` tells how it ended."""

    name: str
    passed: bool


@dataclass(frozen=True, slots=True)
class MrzKey:
    """What of a machine readable zone opens a travel document's chip (ICAO 9303-11 clause 4.3.2): document number
    without fillers, birth and expiry date as ``yymmdd``. Check digits are computed, not taken over."""

    document_number: str
    birth_date: str
    expires: str


@dataclass(frozen=True, slots=True)
class CanKey:
    """The six-digit card access number printed on a travel document (ICAO 9303-11 clause 4.4.1)."""

    digits: str


DocumentKey = MrzKey | CanKey


@dataclass(frozen=True, slots=True)
class NoService:
    """The smart card service does not answer; the reader keeps trying."""


@dataclass(frozen=True, slots=True)
class NoReader:
    """The service runs, but the configured reader (or any reader) is not plugged in."""


@dataclass(frozen=True, slots=True)
class NoCard:
    """Ready, and no card lies on the reader."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A card was laid on and is being read. ``insertion`` counts insertions since start, from 1, over all readers of
    the terminal; some numbers may be left out."""

    insertion: int


@dataclass(frozen=True, slots=True)
class CardRead:
    """A finished read, bound to one insertion.

    ``fields`` holds only what was asked for, by these names: ``name``, ``id_number``, ``sex`` (``male``/``female``),
    ``birth_date`` and ``expires`` (ISO 8601), ``ethnic_group`` (two digits, GB/T 3304), ``card_number``, ``issuer``
    (digits of a social security card's issuer, else the authority's name), ``english_name``, ``address``,
    ``nationality`` and ``issuing_state`` (three letters, ICAO 9303-3 clause 5), ``document_number``, ``issued`` and
    ``birth_place``. A field that is not on the card is left out. ``photo`` is there only when ``photo`` was asked for:
    JPEG or JPEG 2000 as it is on the chip. A check that failed does not stop the read.
    """

    insertion: int
    profile: str
    assurance: Assurance
    fields: Mapping[str, str]
    checks: tuple[Check, ...]
    photo: bytes | None = None


@dataclass(frozen=True, slots=True)
class CardFailed:
    """The card of this insertion gave no read; a new insertion is a new chance. Some come by themselves, without a
    hand: after ``BUSY`` the card is read once the other program lets go, after ``TWO_CARDS`` once one card is left, and
    after ``NEEDS_KEY`` and ``WRONG_KEY`` once a key is tried. Each begins with a :class:`Reading` of its own."""

    insertion: int
    trouble: CardTrouble


CardState = NoService | NoReader | NoCard | Reading | CardRead | CardFailed


class CardReader(Protocol):
    """All readers of a terminal as one; each is watched by one thread of its own."""

    def start(self, on_state: Callable[[CardState], None]) -> None:
        """Begin watching. ``on_state`` is called from the watcher thread, at once with the first state found."""
        ...

    def try_key(self, key: DocumentKey) -> None:
        """Read the card that lies there once more, with ``key``; counts as a new insertion (``Reading``, then its end).
        Without a card, or with one that wanted no key, nothing happens. The key is forgotten after that read. Any
        thread; never waits."""
        ...

    def stop(self) -> None:
        """End the thread and let go of the reader; returns when it has ended. Idempotent."""
        ...
