"""One mailbox, one signal: brings what happens on other threads to the Qt thread, and tells the journey the time.

The only place where threads meet Qt. The signal is queued to a bound slot; a lambda would run in the emitter's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from kiosk.journey.desk import LivePicture
from kiosk.journey.events import Event, Tick
from kiosk.journey.states import Hall, Terminal

TICK_MS = 250


class Journey(Protocol):
    """The journey's runner, as far as the screens need it."""

    hall: Hall
    state: Terminal
    wake: Callable[[], None]
    on_state: Callable[[Terminal], None]
    on_live: Callable[[LivePicture | None], None]

    def post(self, event: Event) -> None: ...

    def pump(self) -> None: ...


class Bridge(QObject):
    """``clock`` gives local time with its zone, ``monotonic`` seconds that only grow."""

    _woken = Signal()

    def __init__(
        self,
        *,
        journey: Journey,
        on_state: Callable[[Terminal], None],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__()
        self._journey = journey
        self._clock = clock
        self._monotonic = monotonic
        self._woken.connect(self._pump, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        journey.on_state = on_state
        journey.wake = self._woken.emit

    def start(self) -> None:
        """Begin to tell the time, and take what was posted before."""
        self._timer.start()
        self._tick()

    def stop(self) -> None:
        """From here on nothing reaches the screens; events posted later stay in the mailbox."""
        self._timer.stop()
        self._journey.wake = _nothing
        self._journey.on_state = _ignore

    @Slot()
    def _pump(self) -> None:
        self._journey.pump()

    @Slot()
    def _tick(self) -> None:
        self._journey.post(Tick(now=self._monotonic(), today=self._clock().date()))


def _nothing() -> None:
    return


def _ignore(_: Terminal) -> None:
    return
