"""The time as the database has it, and the halls'."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def version_of(time: datetime) -> int:
    """The minute as a number, which counts up by itself on whichever machine something is signed."""
    return int(f"{time.astimezone(UTC):%Y%m%d%H%M}")


def now_text() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")
