"""The child of :class:`tests.support.card_rig.PcscdRig`: watches a PC/SC reader and lays virtual cards on it.

Its arguments are the readers' addresses. Reads one command a line (``watch``, ``insert KEY [READER]``, ``remove
[READER]``, ``pulled``, ``hold``, ``release``), prints every reported state and every command done as one JSON object a
line, and ends when its input closes.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from typing import Any

from smartcard import scard

from devices.card.api import CardState
from devices.card.opening import open_readers
from devices.card.profile import FIELDS
from devices.card.sim import VPCD_PORT, VpcdLink
from tests.support.card_rig import DEADLINE_S, TODAY, card
from tests.support.pcscd import READER

_lock = threading.Lock()


def _say(message: dict[str, Any]) -> None:
    with _lock:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def _report(state: CardState) -> None:
    _say({"kind": type(state).__name__, **asdict(state)})


class _OtherProgram:
    """Another program that takes the card for itself, before the driver watches."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._context = 0
        self._handle = 0

    def hold(self) -> None:
        result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        assert result == 0, result
        result, states = scard.SCardGetStatusChange(self._context, 0, [(self._reader, 0)])
        while not states[0][1] & scard.SCARD_STATE_PRESENT:
            result, states = scard.SCardGetStatusChange(self._context, 5000, [(self._reader, states[0][1])])
            assert result == 0, hex(result)
        result, self._handle, _ = scard.SCardConnect(
            self._context, self._reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0
        )
        assert result == 0, hex(result)

    def release(self) -> None:
        scard.SCardDisconnect(self._handle, scard.SCARD_RESET_CARD)
        scard.SCardReleaseContext(self._context)


def _wait_empty(reader: str) -> None:
    """Return when pcscd has noticed that no card is left, so that the next test finds an empty reader."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert result == 0, hex(result)
    result, states = scard.SCardGetStatusChange(context, 0, [(reader, 0)])
    while states[0][1] & scard.SCARD_STATE_PRESENT:
        result, states = scard.SCardGetStatusChange(context, 5000, [(reader, states[0][1])])
        assert result == 0, hex(result)
    scard.SCardReleaseContext(context)


def main() -> None:
    name = READER
    links = (VpcdLink(), VpcdLink(port=VPCD_PORT + 1))
    other = _OtherProgram(name)
    # Cards are read in a process of their own, as on a terminal; it counts as covered when this one is measured.
    measured = ["-m", "coverage", "run"] if "coverage" in sys.modules else []
    reader = open_readers(
        sys.argv[1:],
        fields=FIELDS,
        today=lambda: TODAY,
        command=(sys.executable, *measured, "-m", "devices.card.child"),
    )
    for line in sys.stdin:
        word, key, place = (*line.split(), "", "")[:3]
        link = links[int(place or 0)]
        match word:
            case "watch":
                reader.start(_report)
            case "insert":
                link.insert(card(key))
            case "remove":
                links[int(key or 0)].remove()
            case "pulled":
                assert link.wait_pulled(DEADLINE_S)
            case "hold":
                other.hold()
            case _:
                other.release()
        _say({"done": word})
    reader.stop()
    for link in links:
        link.remove()
    _wait_empty(name)


if __name__ == "__main__":
    main()
