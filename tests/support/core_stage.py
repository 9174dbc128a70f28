"""A terminal without its screen, pumped as the Qt thread would: simulated card, desk and printer, and a real queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import pytest

from devices.camera.capture import OpencvCamera
from devices.camera.reading import process as reading
from devices.card.reader import WatchedReader
from devices.printer.escpos_driver import open_printer
from devices.printer.talk import Deadlines
from devices.speech import dispatcher
from kiosk.bootstrap import Core, Parts, open_core
from kiosk.demo import Simulators, demo_config, simulators
from kiosk.demo.simulators import simulated_speaker
from kiosk.journey.events import Agree, Begin, Draft, Event, Next, PickMatter, PickWho, Signed, ThatIsRight, Tick
from kiosk.journey.states import HandedIn, Identify, Printing, Terminal
from kiosk.opening import CARD_FIELDS, china_time
from tests.support.journeys import NOON

PATIENCE_S = 100.0
_PATIENT = Deadlines(connect=10, answer=10, fragment=10, finish=40)
"""The simulators answer as soon as the machine lets them."""


class Stage:
    """A running core whose runner is pumped here, as the Qt thread would."""

    def __init__(self, core: Core, sims: Simulators) -> None:
        self.core = core
        self.sims = sims
        self._bell = threading.Event()
        core.runner.wake = self._bell.set

    def do(self, *events: Event) -> Stage:
        for event in events:
            self.core.runner.post(event)
        self.core.runner.pump()
        return self

    def until(self, ready: Callable[[Terminal], bool]) -> Terminal:
        end = time.monotonic() + PATIENCE_S
        while not ready(self.core.runner.state):
            left = end - time.monotonic()
            assert left > 0, f"still at {self.core.runner.state.screen}"
            self._bell.wait(min(left, 1.0))
            self._bell.clear()
            self.core.runner.pump()
        return self.core.runner.state

    def sooner_or_later(self, true: Callable[[], bool]) -> bool:
        """For what no event of ours announces."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end:
                return False
            self._bell.wait(0.05)
        return True

    def silence(self, seconds: float) -> None:
        state = self.core.runner.state
        self.do(Tick(now=state.now + seconds, today=state.today))

    def to_papers(self, card: str = "wang") -> Stage:
        self.do(Begin(), PickWho(False), PickMatter("pension-enrolment"), Next(), Agree(NOON))
        self.sims.slot.insert(self.sims.cards[card])
        self.until(lambda state: isinstance(state.screen, Identify) and state.screen.found is not None)
        self.do(ThatIsRight())
        for answer in ("13812345678", "003", "rural", "500"):
            self.do(Draft(answer), Next())
        return self

    def to_slip(self) -> HandedIn:
        self.to_papers()
        self.sims.desk.lay(self.sims.papers["wang"])
        self.until(lambda state: state.session is not None and bool(state.session.scans))
        self.do(Next(), Next(), Signed(PNG))
        state = self.until(
            lambda state: isinstance(state.screen, HandedIn) and state.screen.printing is not Printing.RUNNING
        )
        assert isinstance(state.screen, HandedIn)
        return state.screen


PNG = b"\x89PNG\r\n\x1a\n-a-signature"


online = pytest.mark.parametrize("stage", [True], indirect=True)


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Stage]:
    """Without a network, unless the test is marked to have one by ``@online``."""
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(dispatcher, "ANSWER_S", 20.0)
    # A resident is not kept waiting for what can be typed, too; tests of what was read are.
    monkeypatch.setattr(reading, "ReadingProcess", partial(reading.ReadingProcess, patience=PATIENCE_S))
    with simulators(tmp_path / "elsewhere") as sims:
        parts = Parts(
            reader=WatchedReader(slot=sims.slot, fields=CARD_FIELDS, today=lambda: china_time().date()),
            camera=OpencvCamera(source=sims.desk.source, patience=20),
            codes=OpencvCamera(source=sims.window.source, patience=20),
            printer=open_printer(sims.printer.uri, deadlines=_PATIENT),
            speaker=simulated_speaker(sims.voice, sims.jack),
        )
        url = sims.district.url if getattr(request, "param", False) else ""
        core = open_core(demo_config(url, sims.printer.uri, sims.neighbour.keys), parts)
        try:
            yield Stage(core, sims)
        finally:
            core.close()
