"""The queue's values: what is put in, what comes out, and the troubles that are to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import monotonic
from typing import Protocol
from uuid import uuid4

from offline_queue.reasons import Reason
from offline_queue.wire import State

CHINA = timezone(timedelta(hours=8))
"""All of China keeps one time, without summer time; the date in a provisional number is of this zone."""


class Clock(Protocol):
    def wall(self) -> datetime:
        """Local time with its offset; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some point of this boot, the same for all processes; never jumps."""
        ...

    def boot_id(self) -> str: ...


class SystemClock:
    """The machine's clocks. Without Linux's boot id every start counts as a new boot: it costs an early retry."""

    def __init__(self) -> None:
        try:
            self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            self._boot_id = str(uuid4())

    def wall(self) -> datetime:
        return datetime.now(tz=CHINA)

    def monotonic(self) -> float:
        return monotonic()

    def boot_id(self) -> str:
        return self._boot_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One attachment to put: its material's id, its media type and its plain bytes, which never reach the disk."""

    material: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A submission is durable: only now may a slip be printed. `created` is ISO 8601; `slip_qr` the QR text."""

    uid: str
    provisional_number: str
    created: str
    slip_qr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSpace:
    """The disk's reserve would be touched; nothing was stored. Bytes."""

    needed: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoKeys:
    """What is put must be sealed to the district, and no bundle of its keys is installed; nothing was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherContent:
    """Something else is stored under this uid; nothing was stored now, and what is there stays."""

    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTrouble:
    """The disk refused. Whether the item is stored is not known: put again with the same uid."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """More than the district accepts; nothing was stored. `part` is `form`, `attachment` or `attachments`."""

    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentItem:
    """`sent` of `bytes` bytes have reached the platform; `sha256` is of what is sent."""

    id: str
    bytes: int
    sent: int
    sha256: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One submission as staff may see it. Times are ISO 8601; `next_try` is None when nothing is waiting.
    `rating_error` is why its rating was not taken the last time. `matter` and `name` (masked) are None where the local
    key is a mere file, or was lost."""

    uid: str
    provisional_number: str
    matter: str | None
    name: str | None
    state: State
    test: bool
    created: str
    sha256: str
    attempts: int
    next_try: str | None
    bytes_sent: int
    bytes_total: int
    last_error: str | None
    case_number: str | None
    rating: int | None
    rating_held: bool
    rating_error: str | None
    attachments: tuple[AttachmentItem, ...]

    @property
    def why(self) -> str | None:
        """What keeps it here, as a code: `last_error`, or `rating-held` where that is all."""
        return self.last_error or (Reason.RATING_HELD if self.rating_held else None)

    def row(self) -> dict[str, str | int | None]:
        """One line of `kiosk queue list --json`."""
        return {
            "uid": self.uid,
            "provisional_number": self.provisional_number,
            "matter": self.matter,
            "name": self.name,
            "state": self.state.value,
            "created": self.created,
            "attempts": self.attempts,
            "next_try": self.next_try,
            "bytes_sent": self.bytes_sent,
            "bytes_total": self.bytes_total,
            "percent": self.bytes_sent * 100 // max(1, self.bytes_total),
            "last_error": self.why,
        }

    def details(self) -> dict[str, object]:
        """The line of `kiosk queue show UID --json`: the row, and what else is known."""
        return {
            **self.row(),
            "sha256": self.sha256,
            "test": self.test,
            "case_number": self.case_number,
            "rating": self.rating,
            "rating_held": self.rating_held,
            "rating_error": self.rating_error,
            "attachments": [
                {"id": one.id, "bytes": one.bytes, "bytes_sent": one.sent, "sha256": one.sha256, "done": one.done}
                for one in self.attachments
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What has not arrived: how many wait by themselves, and the oldest of those (`moving`); how many wait for people
    (submissions, or their ratings alone), and the oldest of those (`items`)."""

    waiting: int
    held: int
    moving: tuple[Item, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a submission has come."""

    uid: str
    state: State
    case_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A resident's submission found again by card. `slip_qr` is None once the reprint data have expired, and so is
    `matter` where the local key is a mere file."""

    uid: str
    provisional_number: str
    matter: str | None
    state: State
    created: str
    case_number: str | None
    slip_qr: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprint:
    """What a lost slip needs: the QR text, and the caller's own bytes as they were given at put."""

    slip_qr: str
    slip_data: bytes
