"""Frames painted a second and the longest stall of the Qt thread, beside the same screen without a camera.

    .venv/bin/python -m bench.live [--seconds 5] [--json]

A second thread brings 1080p frames at 25 a second, as the camera's desk does, into the real papers screen drawn by the
software renderer. The Qt thread beats every 5 ms; the longest gap between two beats is its stall. The ratio says what
the live picture costs whoever touches a button meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import cast

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, QTimer, Slot

from devices.camera.api import Live
from kiosk.journey.desk import LivePicture
from kiosk.journey.events import Event
from kiosk.journey.states import Hall, ScanPapers, Terminal
from tests.support.journeys import HALL, Walk
from ui import touch
from ui.app import TerminalApp
from ui.livepicture import LivePictureItem

BEAT_MS = 5
FRAMES_A_SECOND = 25


@dataclass(frozen=True, slots=True)
class Measured:
    """``brought`` and ``painted`` frames a second; stalls of the Qt thread in milliseconds."""

    brought: float
    painted: float
    stall_longest_ms: float
    stall_p99_ms: float


class Still:
    """A journey that stays where it is."""

    def __init__(self, state: Terminal) -> None:
        self.hall: Hall = HALL
        self.state = state
        self.wake: Callable[[], None] = lambda: None
        self.on_state: Callable[[Terminal], None] = lambda _: None
        self.on_live: Callable[[LivePicture | None], None] = lambda _: None

    def post(self, event: Event) -> None: ...

    def pump(self) -> None: ...


class Pulse(QObject):
    """Notes the time between its beats."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    @Slot()
    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._last) * 1000 - BEAT_MS)
        self._last = now


def frames() -> list[LivePicture]:
    """A second of a paper that wanders over a noisy mat, 1920 x 1080."""
    noise = np.random.default_rng(5).integers(20, 50, (1080, 1920, 3), np.uint8)
    made: list[LivePicture] = []
    for number in range(FRAMES_A_SECOND):
        picture = noise.copy()
        left = 400 + 8 * number
        picture[100:1000, left : left + 640] = 235
        corners = ((left, 100.0), (left + 640.0, 100.0), (left + 640.0, 1000.0), (left + 0.0, 1000.0))
        made.append(LivePicture(picture, corners, good=number % 2 == 0))
    return made


def run_for(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)


def measure(seconds: float, pictures: list[LivePicture]) -> Measured:
    """The papers screen for ``seconds``; without ``pictures`` no camera."""
    terminal = Walk().to_papers().terminal
    if not isinstance(terminal.screen, ScanPapers):
        raise TypeError("the walk did not lead to the papers")
    state = replace(terminal, camera=Live(1920, 1080), screen=replace(terminal.screen, seen=True))
    app = TerminalApp(runner=Still(state), fullscreen=False, size=None, clock=lambda: datetime.now(UTC))
    item = cast(LivePictureItem, touch.find(app.window, "live-picture"))
    ended = threading.Event()
    brought = 0

    def bring() -> None:
        nonlocal brought
        due = time.perf_counter()
        while not ended.is_set():
            app.feed.show(pictures[brought % len(pictures)])
            brought += 1
            due += 1 / FRAMES_A_SECOND
            ended.wait(max(0.0, due - time.perf_counter()))

    thread = threading.Thread(target=bring)
    if pictures:
        thread.start()
    run_for(0.5)
    first, painted = brought, item.painted
    pulse = Pulse()
    begun = time.perf_counter()
    run_for(seconds)
    took = time.perf_counter() - begun
    gaps = sorted(pulse.gaps)
    pulse.deleteLater()
    result = Measured(
        brought=(brought - first) / took,
        painted=(item.painted - painted) / took,
        stall_longest_ms=gaps[-1],
        stall_p99_ms=gaps[int(len(gaps) * 0.99)],
    )
    ended.set()
    if pictures:
        thread.join()
    del item
    app.close()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.live", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    still = measure(arguments.seconds, [])
    live = measure(arguments.seconds, frames())
    ratio = live.stall_longest_ms / max(still.stall_longest_ms, 0.1)
    enough = live.painted >= 15
    if arguments.json:
        print(json.dumps({"no_camera": asdict(still), "live": asdict(live), "stall_ratio": ratio, "enough": enough}))
    else:
        print(f"no camera: longest stall {still.stall_longest_ms:.1f} ms, p99 {still.stall_p99_ms:.1f} ms")
        print(
            f"live 1080p: {live.painted:.1f} of {live.brought:.1f} frames/s painted (15 wanted), "
            f"longest stall {live.stall_longest_ms:.1f} ms, p99 {live.stall_p99_ms:.1f} ms; ratio {ratio:.1f}"
        )
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
