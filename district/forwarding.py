"""Hands cases on: takes what is due from the outbox, delivers it, and writes down what came of it.

Between the receiver's answer and our commit lies a moment in which we can die; then the event is delivered again, under
the same key. Several forwarders may work on one outbox.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from district.database import AWAY
from district.delivery import Erased, Sealed, delivery_of
from district.objects import ObjectsAway
from district.outbox import Claimed, Outbox
from district.receiving import Delivered, Delivery, Later, Receiver, Refused
from district.store import DistrictStore
from offline_queue.retry import backoff

POLL_SECONDS = 1.0
DATABASE_PAUSE = 5.0


@dataclass(slots=True, kw_only=True)
class Round:
    """What became of what was due. `pause` is set (seconds) when the receiver wants to be left alone."""

    delivered: int = 0
    later: int = 0
    refused: int = 0
    pause: float | None = None


class Forwarder:
    """`heard` is told of every event: its place in the outbox, the word for what came of it, and the error's code."""

    def __init__(
        self,
        store: DistrictStore,
        outbox: Outbox,
        receiver: Receiver,
        *,
        heard: Callable[[int, str, str], None] = lambda _seq, _word, _error: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._receiver = receiver
        self._heard = heard
        self._chance = chance

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; what is under way then is finished first."""
        while not stop.is_set():
            try:
                done = self.once(stop)
            except AWAY:
                # What was under way is delivered again when its lease is over.
                done = Round(pause=DATABASE_PAUSE)
            stop.wait(POLL_SECONDS if done.pause is None else done.pause)

    def once(self, stop: threading.Event | None = None) -> Round:
        """Everything that is due now, once; ends early when the receiver wants to be left alone."""
        done = Round()
        while done.pause is None and not (stop is not None and stop.is_set()):
            claimed = self._outbox.claim()
            if claimed is None:
                break
            self._one(claimed, done)
        return done

    def _one(self, claimed: Claimed, done: Round) -> None:
        claim = _Held(self._outbox, claimed)
        delivery = delivery_of(self._store, claimed.told)
        match delivery:
            case Delivery():
                answer = self._deliver(delivery, claim)
            case Sealed():
                answer = Later(error="key-unknown")
            case Erased():
                answer = Refused(error="erased")
            case _ as never:
                assert_never(never)
        match answer:
            case Delivered(number=number):
                self._outbox.delivered(claim.claimed, number)
                done.delivered += 1
                self._heard(claimed.told.seq, "delivered", "")
            case Later(error=error, seconds=seconds, everything=everything):
                # A tenth more by chance, so that those told the same second don't come in the same second.
                told = None if seconds is None else seconds * (1 + self._chance() / 10)
                wait = backoff(claimed.attempts, self._chance()) if told is None else told
                self._outbox.later(claim.claimed, wait, error)
                done.later += 1
                done.pause = wait if everything else None
                self._heard(claimed.told.seq, "later", error)
            case Refused(error=error):
                self._outbox.refused(claim.claimed, error)
                done.refused += 1
                self._heard(claimed.told.seq, "refused", error)
            case _ as never:
                assert_never(never)

    def _deliver(self, delivery: Delivery, claim: _Held) -> Delivered | Later | Refused:
        try:
            return self._receiver.deliver(delivery, going_on=claim.renew)
        except ObjectsAway:
            return Later(error="papers-away")


@dataclass(slots=True)
class _Held:
    """A claim that is renewed while requests go out."""

    outbox: Outbox
    claimed: Claimed
    lost: bool = field(default=False)

    def renew(self) -> bool:
        if not self.lost:
            renewed = self.outbox.renew(self.claimed)
            self.lost = renewed is None
            self.claimed = renewed or self.claimed
        return not self.lost
