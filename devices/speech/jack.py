"""Whether headphones are plugged in.

Privacy hangs on it: what is said into headphones is for one pair of ears. When they are pulled out in the middle of an
utterance, most sound cards let the loudspeaker take over by themselves, so the utterance has to end.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from devices.speech.program import run
from devices.speech.turn import Late, Turn

CARDS = Path("/proc/asound")
_DEADLINE_S = 1.0


class Jack(Protocol):
    """Where headphones are plugged in."""

    def plugged(self) -> bool:
        """Whether they are there now; milliseconds."""
        ...


class NoJack:
    """No headphones belong to this terminal."""

    def plugged(self) -> bool:
        return False


class CardJack:
    """A USB headset is its own sound card: it is plugged in while the kernel lists a card of this id (the word in
    brackets in ``/proc/asound/cards``)."""

    def __init__(self, card: str, *, cards: Path = CARDS) -> None:
        self._entry = cards / card

    def plugged(self) -> bool:
        return self._entry.exists()


class SwitchJack:
    """A socket whose switch the sound card knows: the control of this name, as ``amixer -c CARD controls`` shows it
    under ``iface=CARD`` ("Headphone Jack", "Front Headphone Jack")."""

    def __init__(self, card: str, control: str) -> None:
        self._argv = ["amixer", "-c", card, "cget", f"iface=CARD,name='{control}'"]

    def plugged(self) -> bool:
        """A card or a control that is not there has nothing plugged in."""
        turn = Turn()
        try:
            asked = run(self._argv, turn=turn, within_s=_DEADLINE_S)
        except (FileNotFoundError, Late):
            return False
        finally:
            turn.close()
        return asked.status == 0 and b": values=on" in asked.out


def read_jack(written: str) -> Jack:
    """The jack that is written as ``card:Headset`` or ``switch:0:Headphone Jack``; empty: none. Raises
    :class:`ValueError`."""
    if not written:
        return NoJack()
    if found := re.fullmatch(r"card:([A-Za-z0-9_-]{1,32})", written):
        return CardJack(found[1])
    if found := re.fullmatch(r"switch:([A-Za-z0-9_-]{1,32}):([A-Za-z0-9 ,_-]{1,64})", written):
        return SwitchJack(found[1], found[2])
    raise ValueError(f'{written!r} is neither "card:ID" nor "switch:CARD:Control name"')
