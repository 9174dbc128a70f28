"""Sending as a service of its own: what `kiosk sync` runs beside the app, or without one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk.bootstrap import about_terminal, line_of, open_platform, open_queue
from kiosk.config import Config, ConfigError
from kiosk.process import AlreadyRunning, forbid_core_dumps

if TYPE_CHECKING:
    from offline_queue.sync import Changed


def serve_sync(config: Config, *, ready: Callable[[], None], told: Callable[[Changed], None]) -> bool:
    """Send what is queued, from `ready` on, until SIGTERM or SIGINT; True when the last request ended in time. Raises
    :class:`ConfigError`, or ``AlreadyRunning`` when another service sends from this queue."""
    from offline_queue.sender import SyncThread

    forbid_core_dumps()
    if not config.platform.url:
        raise ConfigError("platform.url is empty: there is nobody to send to")
    # Before any thread starts, so that all have it: the signal is for the one that waits for it.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    store = open_queue(config)
    try:
        if not store.outbox.take_turn(service=True):
            raise AlreadyRunning("another kiosk sync is sending from this queue: end it first")
        platform = open_platform(config.platform, store.signer())
        line = line_of(config.platform)
        sync = SyncThread(
            store, platform, line=line, about=lambda: about_terminal(platform), on_change=told, service=True
        )
        sync.start()
        ready()
        signal.sigwait(signals)
        return sync.stop()
    finally:
        store.close()
