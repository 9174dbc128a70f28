"""Who sends: the thread beside the app, and `kiosk sync`, a service of its own that runs the same one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk import __version__
from kiosk.bootstrap import line_of, open_platform, open_queue
from kiosk.config import Config, ConfigError
from kiosk.own_certificate import days_left
from kiosk.process import AlreadyRunning
from kiosk.renewal import upkeep

if TYPE_CHECKING:
    from pydantic import JsonValue

    from offline_queue.client import PlatformClient
    from offline_queue.sender import SyncThread
    from offline_queue.store import Store
    from offline_queue.sync import Changed, OnChange


def open_sync(config: Config, store: Store, *, on_change: OnChange, service: bool = False) -> SyncThread:
    """The thread that sends, not yet started; it also renews the certificate and tells how the terminal is."""
    from offline_queue.sender import SyncThread

    signer = store.signer()
    client = open_platform(config.platform, signer, waiting=store.forms_waiting)
    return SyncThread(
        store,
        client,
        line=line_of(config.platform),
        about=lambda: _about(config, client),
        upkeep=upkeep(config, client, signer),
        on_change=on_change,
        service=service,
    )


def _about(config: Config, client: PlatformClient) -> dict[str, JsonValue]:
    """What a heartbeat says beside the queue's own numbers."""
    said: dict[str, JsonValue] = {"version": __version__, "clock_offset_seconds": round(client.clock_offset)}
    days = days_left(config.platform)
    return said if days is None else {**said, "certificate_days": days}


def serve_sync(config: Config, *, ready: Callable[[], None], told: Callable[[Changed], None]) -> bool:
    """Send what is queued, from `ready` on, until SIGTERM or SIGINT; True when the last request ended in time. Raises
    :class:`ConfigError`, or ``AlreadyRunning`` when another service sends from this queue."""
    if not config.platform.url:
        raise ConfigError("platform.url is empty: there is nobody to send to")
    # Before any thread starts, so that all have it: the signal is for the one that waits for it.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    store = open_queue(config)
    try:
        if not store.outbox.take_turn(service=True):
            raise AlreadyRunning("another kiosk sync is sending from this queue: end it first")
        sync = open_sync(config, store, on_change=told, service=True)
        sync.start()
        ready()
        signal.sigwait(signals)
        return sync.stop()
    finally:
        store.close()
