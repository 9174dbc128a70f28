"""Who runs the rounds of sending: a thread beside the app, or the only thread of a service (`kiosk sync`).

Both may be there. One of them has the turn (:mod:`offline_queue.lease`), the other looks on; a look at the queue's
version every two seconds tells each what the other one did.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

import apsw
from pydantic import JsonValue

from offline_queue.heartbeat import Heartbeat
from offline_queue.line import Line
from offline_queue.model import Standing
from offline_queue.round import Platform
from offline_queue.store import Store
from offline_queue.sync import Changed, OnChange, run_round
from offline_queue.wire import State

LOOK_SECONDS = 2.0
_LONGEST_SLEEP = 60.0
_TROUBLE_SLEEP = 30.0

_log = logging.getLogger(__name__)


class SyncThread:
    """Runs rounds: at start, when woken, when something falls due, and when another process has changed the queue.

    With `about` it lets the platform know how this terminal is (:mod:`offline_queue.heartbeat`). `upkeep`
    is called in every round of ours.
    Beside the app it is the app's, and steps back while a `service` (`kiosk sync`) has the turn; then it only tells how
    the newest submissions come on.
    """

    def __init__(
        self,
        store: Store,
        platform: Platform,
        *,
        line: Line | None = None,
        about: Callable[[], Mapping[str, JsonValue]] | None = None,
        upkeep: Callable[[], None] | None = None,
        on_change: OnChange | None = None,
        service: bool = False,
    ) -> None:
        self._store = store
        self._platform = platform
        self._line = line or Line()
        self._heartbeat = Heartbeat(store, about) if about is not None else None
        self._upkeep = upkeep
        self._on_change = on_change
        self._service = service
        self._condition = threading.Condition()
        self._woken = False
        self._hurry = False
        self._stopping = False
        self._version = -1
        self._latest: frozenset[Standing] | None = None
        self._thread = threading.Thread(target=self._run, name="queue-sync", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self, *, hurry: bool = False) -> None:
        """Something was put or rated; with `hurry` (the network is back, staff asks) everything is tried now."""
        with self._condition:
            self._woken = True
            self._hurry = self._hurry or hurry
            self._condition.notify_all()

    def stop(self, timeout: float = 35.0) -> bool:
        """End after the request under way (bounded by the client's deadline); True when it has ended in `timeout`."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    break
                hurry, self._hurry, self._woken = self._hurry, False, False
            self._rest(self._round(hurry))
        with suppress(apsw.Error, OSError):
            self._store.outbox.end_turn()  # the other process need not wait until this one has died

    def _rest(self, seconds: float) -> None:
        """Until something is due, or somebody wakes us; a look at the queue's version costs no more than a read."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            with self._condition:
                if self._condition.wait_for(lambda: self._woken or self._stopping, timeout=min(left, LOOK_SECONDS)):
                    return
            if self._has_changed():
                return

    def _has_changed(self) -> bool:
        try:
            version = self._store.version()
        except apsw.Error:
            return False  # the next round meets it, too
        before, self._version = self._version, version
        return version != before

    def _round(self, hurry: bool) -> float:
        """Seconds to sleep after one round."""
        try:
            self._version = self._store.version()
            self._tell_latest()
            if hurry:
                self._store.outbox.hurry()
            if not self._store.outbox.take_turn(service=self._service):
                return LOOK_SECONDS
            if self._upkeep is not None:
                self._upkeep()
            beat = _LONGEST_SLEEP if self._heartbeat is None else self._heartbeat.beat()
            run_round(self._store, self._platform, self._line, self._on_change, lambda: self._stopping)
            self._latest = frozenset(self._store.latest())
            self._store.tidy()  # only now: on a full disk it may fail, and sending makes room
            due = self._store.outbox.seconds_to_next(papers_in=self._line.seconds_to_papers())
        except (apsw.Error, OSError):
            # A full or failing disk is trouble that may pass; nothing was lost, since nothing was acknowledged.
            return _TROUBLE_SLEEP
        except Exception as failure:  # noqa: BLE001 - a bug here must not keep everything else from ever being sent
            # Its text may carry what a resident wrote, so only its type is logged. Its lease runs out by itself.
            _log.error("a round of the queue failed: %s", type(failure).__name__)
            return _TROUBLE_SLEEP
        return min(_LONGEST_SLEEP, beat, _LONGEST_SLEEP if due is None else due)

    def _tell_latest(self) -> None:
        """What another process made of the newest submissions since the last look."""
        before, self._latest = self._latest, frozenset(self._store.latest())
        if self._on_change is None or before is None:
            return
        known = {one.uid for one in before}
        for one in self._latest - before:
            if one.uid in known or one.state is not State.READY:  # our own put is no news
                self._on_change(Changed(uid=one.uid, state=one.state, case_number=one.case_number))
