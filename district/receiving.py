"""What takes cases from us: the one thing forwarding needs to know of it, and what its answers mean.

| answer                                          | the forwarder                                       |
|-------------------------------------------------|-----------------------------------------------------|
| 2xx                                             | Delivered, unless the body says otherwise           |
| 3xx, 408, 409, 425, 5xx                         | Later, same key; a redirect is never followed       |
| 429, 503 with Retry-After; 502, 504, no answer  | Later, and everything else waits as long            |
| 401, 403                                        | Later, minutes: our credentials, not this case      |
| 413, 422, other 4xx                             | Refused: a dead end that staff must look at         |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from offline_queue.retry import CREDENTIALS_DELAY, Answer, Failure, Outcome, retry_after


class Event(StrEnum):
    """What is told: the stage that a case came to, or what else happened to it."""

    COMPLETE = "complete"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    SUPPLEMENT = "supplement"
    SUPPLEMENT_ANSWERED = "supplement-answered"
    APPROVED = "approved"
    DECLINED = "declined"
    RATED = "rated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePaper:
    """A paper of a case; `bytes` and `sha256` are of what `Delivery.content` gives."""

    id: str
    material: str
    media_type: str
    bytes: int
    sha256: str

    def fields(self) -> dict[str, JsonValue]:
        return {
            "id": self.id,
            "material": self.material,
            "media_type": self.media_type,
            "bytes": self.bytes,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event of one case. `key` is the same at every attempt, and no other event's; `case` is what docs/adapters.md
    lists, as it stands now; `content` gives a paper's plain bytes by its id (ValueError where they can't be had)."""

    key: str
    event: str
    case: Mapping[str, JsonValue]
    papers: tuple[CasePaper, ...]
    content: Callable[[str], bytes]

    def document(self) -> dict[str, JsonValue]:
        """The case with its papers' names, as a webhook and an export tell it."""
        return {**self.case, "papers": [one.fields() for one in self.papers]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """They have it, under their `number` where they told one."""

    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Try again: after `seconds`, or when it is this event's turn. `error` is a code without personal data.
    `everything`: the next event would fare no better."""

    error: str
    seconds: float | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """They will never take it so; a dead end until staff retry or skip it."""

    error: str


class Receiver(Protocol):
    """Takes deliveries. `going_on` is asked before each request: False means that another forwarder has taken over,
    and that nothing more is to be sent."""

    def deliver(self, delivery: Delivery, *, going_on: Callable[[], bool]) -> Delivered | Later | Refused: ...


def judge(outcome: Outcome) -> Answer | Later | Refused:
    """An HTTP outcome by the table above; the answer itself where its status is 2xx."""
    if isinstance(outcome, Failure):
        return Later(error=outcome.kind.value, everything=True)
    status, error = outcome.status, f"http-{outcome.status}"
    if 200 <= status < 300:
        return outcome
    if status in (401, 403):
        return Later(error=error, seconds=CREDENTIALS_DELAY, everything=True)
    if status in (429, 503):
        told = retry_after(outcome.retry_after, now=datetime.now(tz=UTC))
        return Later(error=error, seconds=told, everything=True)
    if status in (502, 504):
        return Later(error=error, everything=True)
    if status in (408, 409, 425) or not 400 <= status < 500:
        return Later(error=error)
    return Refused(error=error)
