"""Writes events as JSON lines. An event or field that ``events.toml`` does not list is a bug and raises, so personal
data cannot slip in by way of a new field."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import tomllib
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from io import TextIOWrapper
from pathlib import Path

from offline_queue.blobs import private_folder

LARGEST = 2 * 1024 * 1024
"""Bytes of one log file; five are kept."""


def _allowed() -> dict[str, frozenset[str]]:
    table = tomllib.loads((files("kiosk.audit") / "events.toml").read_text("utf-8"))
    return {event: frozenset(entry["fields"]) for event, entry in table.items()}


class _PrivateFiles(logging.handlers.RotatingFileHandler):
    """Makes every file, those after a turn-over included, readable by the terminal's user only."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class AuditLog:
    """One log file, ``audit.jsonl`` in ``folder``. ``clock`` gives the time with its zone."""

    def __init__(self, *, folder: Path, clock: Callable[[], datetime]) -> None:
        private_folder(folder)
        path = folder / "audit.jsonl"
        self._allowed = _allowed()
        self._clock = clock
        self._handler = _PrivateFiles(path, maxBytes=LARGEST, backupCount=4, encoding="utf-8")

    def note(self, event: str, **fields: str | int) -> None:
        """Log ``event``. Raises :class:`KeyError` or :class:`ValueError` for what is not on the list."""
        surplus = fields.keys() - self._allowed[event]
        if surplus:
            raise ValueError(f"{event} may not carry {sorted(surplus)}")
        line = json.dumps({"at": self._clock().isoformat(timespec="seconds"), "event": event, **fields})
        self._handler.emit(logging.LogRecord("audit", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        self._handler.close()
