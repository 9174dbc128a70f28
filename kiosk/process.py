"""What the terminal's process must be: the only one on its data, and one that leaves no memory behind."""

from __future__ import annotations

import fcntl
import os
import resource
import sys
from pathlib import Path

from offline_queue.blobs import private_folder

READING = "devices.camera.reading.child"
CARD = "devices.card.child"
CHILDREN = frozenset({READING, CARD})
"""What runs in a process of its own. The bundle has no ``python -m``, so ``kiosk/__main__.py`` knows these by name."""


def child_command(module: str) -> list[str]:
    """The command that runs one of :data:`CHILDREN`, from the source tree as in the bundle."""
    return [sys.executable, "-m", module]


class AlreadyRunning(Exception):
    """Another terminal works on this data folder."""


def forbid_core_dumps() -> None:
    """Memory holds what residents enter; a crash must not write it to the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def is_running(folder: Path) -> bool:
    """Whether a terminal works on ``folder``."""
    try:
        lock = os.open(folder / "terminal.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


class Alone:
    """Keeps ``folder`` to this process until :meth:`release`. Two terminals would fight for the same reader, camera and
    printer; ``kiosk queue`` needs no such right, since the queue's leases order its senders.

    The kernel lets go of the lock (``flock``) when the process ends, however it ends. Raises :class:`AlreadyRunning`,
    or :class:`OSError` when the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        private_folder(folder)
        self._lock: int | None = os.open(folder / "terminal.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as failure:
            self.release()
            raise AlreadyRunning(f"another terminal is running on {folder}: close it first") from failure

    def release(self) -> None:
        """Let go. Idempotent."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
