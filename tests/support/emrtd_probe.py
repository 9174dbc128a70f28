"""Travel documents through the real service: ``python -m tests.support.emrtd_probe READER STEPS`` inside it.

STEPS is a JSON list of ``{"document", "changes", "keys"}``; ``"peer": true`` lays OpenPACE's chip. For each, one line
of JSON comes back with every state the reader reported, from the card laid on to the last key tried.
"""

from __future__ import annotations

import json
import queue
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from devices.card.api import CanKey, CardFailed, CardRead, CardState, MrzKey, NoCard
from devices.card.pcsc import PcscSlot
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader
from devices.card.sim import Chip, VpcdLink
from devices.card.sim_emrtd import (
    DEMO_HOLDERS,
    ChipFaults,
    Issue,
    Lock,
    demo_document,
    demo_state,
    issue,
    trust_demo_state,
)
from tests.support.eac_chip import EacChip
from tests.support.emrtd import TODAY

_DEADLINE_S = 20.0


def _chip(step: dict[str, Any]) -> Chip:
    changes = dict(step.get("changes", {}))
    if "lock" in changes:
        changes["lock"] = Lock(**changes["lock"])
    if "faults" in changes:
        changes["faults"] = ChipFaults(**changes["faults"])
    if not step.get("peer"):
        return demo_document(step["document"], **changes)
    holder = replace(DEMO_HOLDERS[step["document"]], can="141421")
    written = issue(holder, demo_state(), Issue(chip_key=None, **changes)).written
    assert written.card_access is not None
    return EacChip(
        files=written.files,
        card_access=written.card_access,
        zone=holder.zone,
        can=holder.can,
        mrz_information=holder.mrz_information,
        extended=written.extended,
    )


def _said(state: CardState) -> dict[str, Any]:
    said = {"kind": type(state).__name__, **asdict(state)}
    if isinstance(state, CardRead):
        said["photo"] = None if state.photo is None else len(state.photo)
    return said


def main() -> None:
    states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
    hand = VpcdLink()
    with tempfile.TemporaryDirectory() as folder:
        reader = WatchedReader(
            slot=PcscSlot(names=(sys.argv[1],)),
            fields=FIELDS,
            today=lambda: TODAY,
            trust=trust_demo_state(Path(folder)),
        )
        reader.start(states.put)
        for step in json.loads(sys.argv[2]):
            while not isinstance(states.get(timeout=_DEADLINE_S), NoCard):
                pass
            hand.insert(_chip(step))
            heard: list[dict[str, Any]] = []
            for key in (None, *step["keys"]):
                if key is not None:
                    reader.try_key(CanKey(key) if isinstance(key, str) else MrzKey(*key))
                while True:
                    state = states.get(timeout=_DEADLINE_S)
                    heard.append(_said(state))
                    if isinstance(state, CardRead | CardFailed):
                        break
            sys.stdout.write(json.dumps(heard) + "\n")
            sys.stdout.flush()
            hand.remove()
        reader.stop()


if __name__ == "__main__":
    main()
