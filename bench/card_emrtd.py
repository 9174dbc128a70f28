"""How much our own work adds to the time a travel document needs: a whole read over the sum of its APDU round trips.

PACE (brainpoolP256r1, AES-256), EF.COM, EF.SOD with its signature and issuer judged, DG1 and a DG2 of 15 KB, on a real
pcscd with vpcd. The chip is OpenPACE's (libeac3), in a process of its own; beside it our simulated chip, which adds
chip authentication. Round trips are timed around SCardTransmit itself, in the very reads that are timed whole. Only
the ratio carries over: a genuine chip takes some 20 ms a command, not 0.3. `--json` ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from devices.card import pcsc
from devices.card.api import Assurance, CanKey
from devices.card.profile import ProfileRead, Wish
from devices.card.profiles.travel_document import TravelDocument
from devices.card.sim import Chip, VpcdLink
from devices.card.sim_emrtd import DEMO_HOLDERS, EmrtdChip, Holder, Issue, demo_state, issue
from devices.card.sim_emrtd_files import State
from devices.card.slot import Channel, Link, Presence
from tests.support.eac_chip import EacChip
from tests.support.emrtd import TODAY
from tests.support.pcscd import PcscdNamespace

CAN = "141421"
ASKED = frozenset(("english_name", "document_number", "expires", "photo"))
CHIPS = ("OpenPACE, short", "OpenPACE, extended", "simulated, short")


def holder() -> Holder:
    return replace(DEMO_HOLDERS["passport"], can=CAN)


def chip(kind: str, state: State) -> Chip:
    extended = "extended" in kind
    if kind.startswith("simulated"):
        return issue(holder(), state, Issue(picture_bytes=15_000))
    written = issue(holder(), state, Issue(picture_bytes=15_000, chip_key=None)).written
    assert written.card_access is not None
    return EacChip(
        files=written.files,
        card_access=written.card_access,
        zone=holder().zone,
        can=CAN,
        mrz_information=holder().mrz_information,
        extended=extended,
    )


def lay(kind: str, root: Path) -> None:
    """The card's process: lies on the reader until its input ends."""
    state = demo_state()
    root.write_bytes(state.root_der)
    hand = VpcdLink()
    hand.insert(chip(kind, state))
    assert hand.wait_connected(20)
    print("connected", flush=True)
    sys.stdin.read()
    hand.remove()


class Watch:
    """Adds up what passes between our code and the service."""

    def __init__(self) -> None:
        self.spent = 0.0
        self.commands = 0
        self._transmit = pcsc.scard.SCardTransmit
        pcsc.scard.SCardTransmit = self._timed

    def _timed(self, *arguments: Any) -> Any:
        began = time.perf_counter()
        answer = self._transmit(*arguments)
        self.spent += time.perf_counter() - began
        self.commands += 1
        return answer


def read(reader: str, trust: Path, assurance: str, rounds: int) -> None:
    """The reader's process: prints one line of JSON with whole, spent and commands of each round."""
    slot = pcsc.PcscSlot(names=(reader,))
    view = slot.look(None, 0)
    while view.presence is not Presence.CARD:
        view = slot.look(view, 5)
    watch = Watch()
    wish = Wish(fields=ASKED, today=TODAY, key=CanKey(CAN), trust=trust)
    taken: list[tuple[float, float, int]] = []
    for _ in range(rounds + 2):
        link = slot.connect(view)
        assert not isinstance(link, EmrtdChip)
        watch.spent, watch.commands = 0.0, 0
        began = time.perf_counter()
        found = _once(link, wish)
        taken.append((time.perf_counter() - began, watch.spent, watch.commands))
        assert isinstance(found, ProfileRead), found
        assert found.assurance is Assurance(assurance), found.checks
        assert found.photo is not None
        assert len(found.photo) == 15_000
        link.close()
    slot.close()
    print(json.dumps(taken[2:]), flush=True)


def _once(link: Link, wish: Wish) -> Any:
    return TravelDocument().read(Channel(link=link, give_up=lambda: False), wish)


def measure(kind: str, rounds: int) -> dict[str, float]:
    me = [sys.executable, "-m", "bench.card_emrtd"]
    with tempfile.TemporaryDirectory() as folder, PcscdNamespace() as hall:
        root = Path(folder) / "utopia.cer"
        card = hall.popen([*me, "--lay", kind, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert card.stdout is not None
        assert card.stdout.readline() == "connected\n"
        assurance = Assurance.SIGNED if "OpenPACE" in kind else Assurance.CHIP_AUTHENTICATED
        done = hall.run([*me, "--read", hall.reader, folder, assurance.value, "--rounds", str(rounds)])
        assert done.returncode == 0, done.stderr
    taken: list[tuple[float, float, int]] = json.loads(done.stdout)
    ratios = [whole / spent for whole, spent, _ in taken]
    return {
        "commands": taken[0][2],
        "whole_ms": statistics.median(whole for whole, _, _ in taken) * 1e3,
        "trips_ms": statistics.median(spent for _, spent, _ in taken) * 1e3,
        "ratio": statistics.median(ratios),
        "worst": max(ratios),
    }


def table(rows: dict[str, dict[str, float]]) -> None:
    print(f"{'chip':22}{'commands':>10}{'read ms':>10}{'trips ms':>10}{'ratio':>8}{'worst':>8}")
    for name, row in rows.items():
        print(
            f"{name:22}{row['commands']:>10.0f}{row['whole_ms']:>10.1f}{row['trips_ms']:>10.1f}"
            f"{row['ratio']:>8.2f}{row['worst']:>8.2f}"
        )


def main(argv: Sequence[str] | None = None) -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--lay", nargs=2, help=argparse.SUPPRESS)
    arguments.add_argument("--read", nargs=3, help=argparse.SUPPRESS)
    given = arguments.parse_args(argv)
    if given.lay:
        lay(given.lay[0], Path(given.lay[1]))
    elif given.read:
        read(given.read[0], Path(given.read[1]), given.read[2], given.rounds)
    else:
        rows = {kind: measure(kind, given.rounds) for kind in CHIPS}
        table(rows)
        if given.json:
            print(json.dumps(rows))


if __name__ == "__main__":
    main()
