"""The time as the database has it."""

from __future__ import annotations

from datetime import UTC, datetime


def now_text() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")
