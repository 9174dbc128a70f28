"""How a card is read out: by whom is the reader's choice, what comes of it is the same.

:class:`DirectReadout` reads in this process; :class:`devices.card.child_readout.ChildReadout` has a process of its own
do it, which ends afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from devices.card.api import CardTrouble
from devices.card.profile import Profile, ProfileRead, Wish
from devices.card.profiles import PROFILES
from devices.card.slot import Channel, Link, SamLink, Slot, SlotView

#: The name of the profile that knew the card, and what it found; or why there is nothing.
Finding = tuple[str, ProfileRead] | CardTrouble


class Readout(Protocol):
    """Belongs to one watched slot and its one thread."""

    def prepare(self) -> None:
        """Get ready for a card, so that none has to wait. Never raises."""
        ...

    def read(self, slot: Slot, view: SlotView, wish: Wish, *, reset: bool, wanted: Callable[[], bool]) -> Finding:
        """Read the card of ``view`` once; see :meth:`devices.card.slot.Slot.connect` for ``reset``. It ends soon after
        ``wanted`` says no. Raises the errors of :mod:`devices.card.slot`."""
        ...

    def close(self) -> None:
        """Let go of everything. Idempotent; never raises."""
        ...


class DirectReadout:
    """Reads in this process: for the process that only reads, and for tests."""

    def __init__(self, *, profiles: tuple[Profile, ...] = PROFILES) -> None:
        self._profiles = profiles

    def prepare(self) -> None:
        """See :class:`Readout`."""

    def read(self, slot: Slot, view: SlotView, wish: Wish, *, reset: bool, wanted: Callable[[], bool]) -> Finding:
        """See :class:`Readout`."""
        link = slot.connect(view, reset=reset)
        try:
            return read_link(link, wish, self._profiles, give_up=lambda: not wanted())
        finally:
            link.close()

    def close(self) -> None:
        """See :class:`Readout`."""


def read_link(
    link: Link | SamLink, wish: Wish, profiles: tuple[Profile, ...], *, give_up: Callable[[], bool]
) -> Finding:
    """What the first profile that knows the card makes of it; whatever it gives, only what was asked for leaves.

    A card that wants a PIN where it is asked what it is may be another profile's: it is protected if none knows it."""
    unknown = CardTrouble.UNKNOWN
    card = link if isinstance(link, SamLink) else Channel(link=link, give_up=give_up)
    for profile in profiles:
        match profile.read(card, wish):
            case CardTrouble.UNKNOWN:
                continue
            case CardTrouble.PROTECTED:
                unknown = CardTrouble.PROTECTED
            case CardTrouble() as trouble:
                return trouble
            case found:
                asked = {name: value for name, value in found.fields.items() if name in wish.fields}
                photo = found.photo if "photo" in wish.fields else None
                return profile.name, replace(found, fields=asked, photo=photo)
    return unknown
