"""A terminal without its screen, in a process of its own that tests can kill: ``python -m tests.support.session_process
FOLDER PRINTER PLATFORM``, data under ``KIOSK_DATA_DIR``.

A resident comes as far as the signature; then it says ``signing`` and goes on once a line comes in. It never ends by
itself. ``FOLDER`` is the camera's desk.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from devices.camera.capture import OpencvCamera
from devices.camera.sim import SimDesk
from devices.card.reader import WatchedReader
from devices.card.sim import InProcessSlot, demo_cards
from kiosk.bootstrap import Parts, open_core
from kiosk.config import PrinterTable
from kiosk.demo import demo_config
from kiosk.journey.events import Agree, Begin, Draft, Event, Next, PickMatter, PickWho, Signed, ThatIsRight
from kiosk.journey.runner import Runner
from kiosk.journey.states import Identify, Terminal
from kiosk.opening import CARD_FIELDS, china_time, open_slip_printer
from tests.support.black_box import ANSWERS, SIGNATURE, register_of

PATIENCE_S = 40.0


class Resident:
    """Touches what a resident touches, on the thread that the screen would have."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._bell = threading.Event()
        runner.wake = self._bell.set

    def do(self, *events: Event) -> None:
        for event in events:
            self._runner.post(event)
        self._runner.pump()

    def until(self, ready: Callable[[Terminal], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not ready(self._runner.state):
            if time.monotonic() > end:
                raise TimeoutError(f"still at {type(self._runner.state.screen).__name__}")
            self._bell.wait(1.0)
            self._bell.clear()
            self._runner.pump()

    def stay(self) -> None:
        """Until killed."""
        while True:
            self._bell.wait()
            self._bell.clear()
            self._runner.pump()


def main(folder: Path, printer: str, platform: str) -> None:
    slot, desk = InProcessSlot(), SimDesk(folder=folder)
    parts = Parts(
        reader=WatchedReader(slot=slot, fields=CARD_FIELDS, today=lambda: china_time().date()),
        camera=OpencvCamera(source=desk.source),
        printer=open_slip_printer(PrinterTable(uri=printer)),
    )
    core = open_core(demo_config(platform, printer), parts, test=False)
    resident = Resident(core.runner)
    resident.do(Begin(), PickWho(False), PickMatter("pension-enrolment"), Next(), Agree(china_time()))
    slot.insert(demo_cards()["wang"])
    resident.until(lambda state: isinstance(state.screen, Identify) and state.screen.found is not None)
    resident.do(ThatIsRight())
    for answer in ANSWERS.values():
        resident.do(Draft(answer), Next())
    desk.lay(register_of("wang"))
    resident.until(lambda state: state.session is not None and bool(state.session.scans))
    resident.do(Next(), Next())
    sys.stdout.write(f"{type(core.runner.state.screen).__name__}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    resident.do(Signed(SIGNATURE))
    resident.stay()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
