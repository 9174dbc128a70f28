"""Which card readers a terminal has, in words: one address names one reader, or one kind of reader.

    pcsc:                   whichever PC/SC readers there are
    pcsc:ACR39U             those whose name contains this
    pcsc:ACS ACR39U 00 00   that very one, also under another number after replugging
    replay:FILE             a conversation with a card, written down (:mod:`devices.card.replay`)
    sdt-serial:PATH         a reader of resident identity cards on a serial port (:mod:`devices.card.sam.uri`), likewise
    sdt-usb:0400:c35a, sdt-hid:0425:8159, sdt-hid:/dev/hidraw0, and sdt-pcsc:READER

Every kind is imported where it is opened: a terminal without one needs none of its libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from devices.card.slot import Slot

PCSC = "pcsc"
REPLAY = "replay"
_SAM = ("sdt-serial", "sdt-usb", "sdt-hid", "sdt-pcsc")


class BadAddress(ValueError):
    """No reader can be meant by this; the text says why."""


def check_address(address: str) -> str:
    """``address`` itself. Raises :class:`BadAddress`."""
    scheme, rest = _split(address)
    if scheme != PCSC and not rest:
        raise BadAddress(f"{address!r} names nothing behind the colon")
    return address


def as_address(typed: str) -> str:
    """What somebody typed: an address, or only a part of a PC/SC reader's name, or nothing for any of them."""
    scheme, colon, _ = typed.partition(":")
    return typed if colon and scheme in (PCSC, *_OPENERS) else f"{PCSC}:{typed}"


def pcsc_names(addresses: Sequence[str]) -> tuple[str, ...] | None:
    """Names and parts of names of the PC/SC readers among them; empty for any, ``None`` when none is one."""
    names = [rest for scheme, rest in map(_split, addresses) if scheme == PCSC]
    return (() if "" in names else tuple(names)) if names else None


def sam_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """Those among them that name a reader with a security module."""
    return tuple(address for address in addresses if _split(address)[0] in _SAM)


def open_slots(addresses: Sequence[str]) -> tuple[Slot, ...]:
    """One slot for all PC/SC readers, as they share one service, and one for each other reader. Raises
    :class:`BadAddress`; a reader that is not there is a state, not an error."""
    parts = [_split(check_address(address)) for address in dict.fromkeys(addresses)]
    names = pcsc_names(addresses)
    pcsc = [] if names is None else [_open_pcsc(names)]
    return (*pcsc, *(_OPENERS[scheme](rest) for scheme, rest in parts if scheme != PCSC))


def open_slot(address: str) -> Slot:
    """The slot of one reader. Raises :class:`BadAddress`."""
    (slot,) = open_slots((address,))
    return slot


def _split(address: str) -> tuple[str, str]:
    scheme, colon, rest = address.partition(":")
    if not colon or (scheme != PCSC and scheme not in _OPENERS):
        raise BadAddress(f"{address!r} begins with none of: {', '.join(f'{name}:' for name in (PCSC, *_OPENERS))}")
    return scheme, rest.strip()


def _open_pcsc(names: tuple[str, ...]) -> Slot:
    from devices.card.pcsc import PcscSlot

    return PcscSlot(names=names)


def _open_replay(rest: str) -> Slot:
    from devices.card.replay import ReplaySlot

    return ReplaySlot(Path(rest))


def _open_sam(rest: str, *, scheme: str) -> Slot:
    from devices.card.sam.uri import open_sam_slot

    return open_sam_slot(f"{scheme}:{rest}")


#: What opens an address by its scheme; PC/SC readers are opened together.
_OPENERS: Mapping[str, Callable[[str], Slot]] = {
    REPLAY: _open_replay,
    **{scheme: partial(_open_sam, scheme=scheme) for scheme in _SAM},
}
