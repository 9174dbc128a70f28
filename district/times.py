"""The time as the database has it, and the halls'."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def now_text() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")
