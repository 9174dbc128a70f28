"""One round of sending: whom it speaks to, over which line, and what has come of it so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import Protocol

from offline_queue.line import Line
from offline_queue.outbox import Outbox
from offline_queue.reasons import LastError
from offline_queue.retry import Attempt, Outcome, TryAgain
from offline_queue.work import (
    FormWork,
    NumberWork,
    PapersWork,
    PaperToSend,
    RatingWork,
    SubmissionWork,
    TelemetryWork,
)


class PapersPlatform(Protocol):
    """The requests for papers: tus 1.0 core."""

    def attachment_offset(self, name: str) -> Outcome: ...

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome: ...


class Platform(PapersPlatform, Protocol):
    """The platform's requests; `client.PlatformClient` is the real one."""

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome: ...

    def put_forms(self, batch: bytes) -> Outcome: ...

    def progress(self, uid: str) -> Outcome: ...

    def put_rating(self, uid: str, body: bytes) -> Outcome: ...

    def report(self, kind: str, body: bytes) -> Outcome: ...


@dataclass(slots=True, kw_only=True)
class Round:
    """What the parts of a round share; the numbers are its summary."""

    outbox: Outbox
    platform: Platform
    line: Line
    stopped: Callable[[], bool]
    attempted: int = 0
    delivered: int = 0
    failed: int = 0
    held: int = 0
    random: SystemRandom = field(default_factory=SystemRandom)

    def attempt(self, work: FormWork | PapersWork | NumberWork | RatingWork | TelemetryWork | PaperToSend) -> Attempt:
        return Attempt(attempts=work.attempts, now=datetime.now(tz=UTC), random=self.random.random())

    def put_off(self, work: SubmissionWork, later: TryAgain) -> None:
        self.failed += 1
        self.outbox.put_off(work, later)

    def hold(self, work: FormWork | PapersWork, error: LastError) -> None:
        self.held += 1
        self.outbox.hold(work, error=error)
