"""The process that reads one card (:mod:`devices.card.child`), able to reach simulated readers too.

A program of its own, so that the one on a terminal knows no simulator.
"""

from __future__ import annotations

import sys

from devices.card.addresses import open_slot
from devices.card.child import main
from devices.card.sim_port import SCHEME, PortSlot
from devices.card.slot import Slot

COMMAND = (sys.executable, "-m", "devices.card.sim_child")
"""What starts it."""


def open_any(address: str) -> Slot:
    """The slot of one reader, simulated or not."""
    scheme, _, rest = address.partition(":")
    return PortSlot(rest) if scheme == SCHEME else open_slot(address)


if __name__ == "__main__":
    main(open_any)
