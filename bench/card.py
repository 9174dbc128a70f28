"""How long a social security card takes from "inserted" to its fields, beside the same commands by bare pyscard.

A real pcscd with vpcd's two virtual readers, in a namespace of its own, and one virtual card in a process of its own.
Each round lays the card on one reader for each way of reading, in turn:

- the terminal's way: the watcher sees the card, a warm child reads it and answers with the fields, and ends
- the same driver without a child, in the watcher's thread
- pyscard's own classes: connect, the same commands, disconnect
- pyscard's lowest calls: exclusive connect, the same commands, reset

Time runs from the moment a program hears of the card (pcscd's polling before that, 0.2 s on average, is the same for
all) to the fields, or to the end of the bare conversation. The ratios carry over to other machines, the milliseconds
don't: a genuine card takes some 20 ms a command, which makes every overhead small. `--json` ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import queue
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from importlib import import_module
from typing import Any, cast

from smartcard import scard

from devices.card.api import CardRead, CardReader, CardState, NoCard, Reading
from devices.card.opening import open_readers
from devices.card.pcsc import PcscLink, PcscSlot
from devices.card.reader import WatchedReader
from devices.card.sim import VPCD_PORT, VpcdLink, demo_cards
from kiosk.opening import CARD_FIELDS
from kiosk.process import CARD, child_command
from tests.support.pcscd import PcscdNamespace

MINE, BARE = "Virtual PCD 00 00", "Virtual PCD 00 01"
TODAY = date(2026, 11, 23)
DEADLINE_S = 20.0
#: Seconds between two cards, in which the next child gets warm; people take longer.
BETWEEN_S = 0.7


class Hand:
    """Lays the card on a reader, from a process of its own, so that card and reader share no interpreter."""

    def __init__(self) -> None:
        argv = [sys.executable, "-m", "bench.card", "--card"]
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *words: str) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(" ".join(words) + "\n")
        self._child.stdin.flush()
        assert self._child.stdout.readline() == "done\n"


def hold_cards() -> None:
    """The other side of :class:`Hand`: ``0`` or ``1`` lays the card on that reader, ``off`` takes it away."""
    links = [VpcdLink(port=VPCD_PORT), VpcdLink(port=VPCD_PORT + 1)]
    for line in sys.stdin:
        for link in links:
            link.remove()
        if (word := line.strip()) != "off":
            links[int(word)].insert(demo_cards()["wang"])
        sys.stdout.write("done\n")
        sys.stdout.flush()


class Watched:
    """One of our readers, and the times of what it told."""

    def __init__(self, reader: CardReader) -> None:
        self._told: queue.SimpleQueue[tuple[float, CardState]] = queue.SimpleQueue()
        reader.start(lambda state: self._told.put((time.perf_counter(), state)))
        self.stop = reader.stop
        self._wait(NoCard)

    def round(self, hand: Hand) -> float:
        """Seconds from ``Reading`` to ``CardRead``."""
        time.sleep(BETWEEN_S)
        hand("0")
        began, ended = self._wait(Reading), self._wait(CardRead)
        hand("off")
        self._wait(NoCard)
        return ended - began

    def _wait(self, kind: type[CardState]) -> float:
        at, state = self._told.get(timeout=DEADLINE_S)
        assert isinstance(state, kind), state
        return at


def recorded(hand: Hand) -> list[bytes]:
    """The commands that one read by our driver sends."""
    commands: list[bytes] = []
    exchange = PcscLink.exchange

    def noting(self: PcscLink, command: bytes) -> bytes:
        commands.append(command)
        return exchange(self, command)

    PcscLink.exchange = noting
    try:
        watched = in_process()
        watched.round(hand)
        watched.stop()
    finally:
        PcscLink.exchange = exchange
    return commands


def by_child() -> Watched:
    return Watched(open_readers([f"pcsc:{MINE}"], fields=CARD_FIELDS, today=lambda: TODAY, command=child_command(CARD)))


def in_process() -> Watched:
    return Watched(WatchedReader(slot=PcscSlot(names=(MINE,)), fields=CARD_FIELDS, today=lambda: TODAY))


def _await_card(context: int, present: bool) -> None:
    _, states = scard.SCardGetStatusChange(context, 0, [(BARE, scard.SCARD_STATE_UNAWARE)])
    while bool(states[0][1] & scard.SCARD_STATE_PRESENT) is not present:
        _, states = scard.SCardGetStatusChange(context, 10_000, [(BARE, states[0][1])])


def bare_round(hand: Hand, context: int, talk: Callable[[], None]) -> float:
    """Seconds that ``talk`` takes, from the card's event on."""
    hand("1")
    _await_card(context, True)
    began = time.perf_counter()
    talk()
    taken = time.perf_counter() - began
    hand("off")
    _await_card(context, False)
    return taken


def pyscard_talk(commands: Iterable[bytes]) -> Callable[[], None]:
    def talk() -> None:
        (reader,) = (each for each in cast("Any", import_module("smartcard.System")).readers() if str(each) == BARE)
        connection = reader.createConnection()
        connection.connect()
        for command in commands:
            connection.transmit(list(command))
        connection.disconnect()

    return talk


def scard_talk(context: int, commands: Iterable[bytes]) -> Callable[[], None]:
    def talk() -> None:
        result, handle, _ = scard.SCardConnect(
            context, BARE, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        assert result == 0, hex(result)
        for command in commands:
            result, _ = scard.SCardTransmit(handle, scard.SCARD_PCI_T0, list(command))
            assert result == 0, hex(result)
        scard.SCardDisconnect(handle, scard.SCARD_RESET_CARD)

    return talk


def measure(rounds: int) -> dict[str, Any]:
    """All ways, in turn, ``rounds`` times each."""
    hand = Hand()
    hand("off")
    commands = recorded(hand)
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    taken: dict[str, list[float]] = {"terminal": [], "in process": [], "pyscard": [], "scard": []}
    for way, start in (("terminal", by_child), ("in process", in_process)):
        watched = start()
        for _ in range(rounds):
            taken[way].append(watched.round(hand))
            taken["pyscard"].append(bare_round(hand, context, pyscard_talk(commands)))
            taken["scard"].append(bare_round(hand, context, scard_talk(context, commands)))
        watched.stop()
    scard.SCardReleaseContext(context)
    return {
        "commands": len(commands),
        "rounds": rounds,
        "p50_ms": {way: round(statistics.median(times) * 1000, 2) for way, times in taken.items()},
        "p90_ms": {way: round(statistics.quantiles(times, n=10)[-1] * 1000, 2) for way, times in taken.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--card", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.card:
        hold_cards()
        return 0
    if given.inside:
        print(json.dumps(measure(given.rounds)))
        return 0
    with PcscdNamespace() as hall:
        argv = [sys.executable, "-m", "bench.card", "--inside", "--rounds", str(given.rounds)]
        done = hall.run(argv, timeout=600)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            return 1
    found = json.loads(done.stdout)
    middle = found["p50_ms"]
    print(f"social security card, {found['commands']} commands, {found['rounds']} rounds, p50 and p90 in ms")
    for way, label in (
        ("terminal", "terminal, a child reads"),
        ("in process", "the same without a child"),
        ("pyscard", "bare pyscard, its classes"),
        ("scard", "bare pyscard, lowest calls"),
    ):
        ratios = f"{middle[way] / middle['pyscard']:5.2f} x pyscard  {middle[way] / middle['scard']:5.2f} x lowest"
        print(f"  {label:28} {middle[way]:8.2f} {found['p90_ms'][way]:8.2f}   {ratios}")
    if given.json:
        ratio = round(middle["terminal"] / middle["pyscard"], 3)
        print(json.dumps({**found, "ratio": ratio, "asked": 1.2}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
