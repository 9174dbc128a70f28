"""What a terminal says of itself, every ten minutes while somebody sends: how much waits, and its disk and clock.

Nothing of a resident. The first one comes by chance within a minute: after a power cut a whole town starts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import SystemRandom
from time import monotonic

from pydantic import JsonValue

from offline_queue.store import Store

KIND = "heartbeat"
EVERY_SECONDS = 600.0
FIRST_SECONDS = 60.0


class Heartbeat:
    """Puts reports into the queue's last lane. `about` adds what the queue does not know: version, clock offset."""

    def __init__(
        self, store: Store, about: Callable[[], Mapping[str, JsonValue]], *, now: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._about = about
        self._now = now
        self._next = now() + SystemRandom().uniform(0, FIRST_SECONDS)

    def beat(self) -> float:
        """Report when it is time; gives the seconds until it is again. Raises apsw.Error, OSError on disk trouble."""
        if self._now() >= self._next:
            self._store.report(KIND, {**self._store.health(), **self._about()})
            self._next = self._now() + EVERY_SECONDS
        return self._next - self._now()
