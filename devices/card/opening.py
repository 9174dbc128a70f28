"""From addresses to the one reader the terminal hears."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from devices.card.addresses import open_slots
from devices.card.api import CardReader
from devices.card.child_readout import ChildReadout
from devices.card.reader import WatchedReader
from devices.card.side_by_side import SideBySide


def open_readers(
    addresses: Sequence[str],
    *,
    fields: frozenset[str],
    today: Callable[[], date],
    trust: Path | None = None,
    command: Sequence[str],
) -> CardReader:
    """The readers at ``addresses`` (:mod:`devices.card.addresses`) as one. ``command`` starts the process that reads a
    card, the addresses are its arguments; the rest as for :class:`~devices.card.reader.WatchedReader`. Raises
    ``BadAddress``."""
    numbers = itertools.count(1)
    readers = [
        WatchedReader(
            slot=slot,
            fields=fields,
            today=today,
            trust=trust,
            readout=ChildReadout(command=(*command, *addresses)),
            numbers=numbers,
        )
        for slot in open_slots(addresses)
    ]
    return readers[0] if len(readers) == 1 else SideBySide(readers=readers, numbers=numbers)
