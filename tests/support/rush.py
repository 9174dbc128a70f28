"""A district of terminals that all wake within one second, each with a queue to bring, on a virtual clock.

What is real in it: how a terminal takes a refusal or a failure (`offline_queue.retry`), and who is let in
(`district.admission`). The platform is one line of work for each of its processes, first come first served; a refusal
is answered before that line, and takes its share of the process's time; while many are refused, a request that comes
is looked at when those before it were. A terminal sends one request after the other.
An answer that comes after the client's deadline is no answer: the work is done and lost, and asked for again.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from district.admission import Admission
from offline_queue.retry import Answer, Attempt, Failure, FailureKind, Outcome, TryAgain, decide_form
from offline_queue.transport import DEADLINE_SECONDS

Wait = Callable[[Outcome, int, float], float]
"""Seconds until the next attempt: of what came, after how many attempts, with a number from [0, 1)."""
_NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_EXCHANGE_SECONDS = 1.0
_GIVEN_UP = 6.0
"""Times the ideal; nobody waits longer to see a policy fail."""


def as_terminals_do(outcome: Outcome, attempts: int, random: float) -> float:
    """The real retry code."""
    decision = decide_form(outcome, Attempt(attempts=attempts, now=_NOW, random=random), uid="", sha256="")
    assert isinstance(decision, TryAgain), decision
    return decision.seconds


def fixed(_outcome: Outcome, _attempts: int, _random: float) -> float:
    return 30.0


def exponential(_outcome: Outcome, attempts: int, _random: float) -> float:
    """From 4 s to 15 min, as ours, without chance."""
    return min(900.0, 4.0 * 2.0 ** min(attempts, 20))


def jitter(_outcome: Outcome, attempts: int, random: float) -> float:
    """Anything up to that ("full jitter")."""
    return random * min(900.0, 4.0 * 2.0 ** min(attempts, 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """`terminals` bring `requests` requests each to a platform that does `rate` a second in all its `processes`.

    `refusal` is what a 503 at a glance costs of a request, `gate` one after the signature was looked at. `told`:
    whether it says when to come back; `counted`: whether the terminals say how much they bring; `pace`: what a process
    takes itself to be able to do, at first.
    """

    terminals: int
    requests: int
    rate: float
    processes: int = 1
    admission: bool = True
    wait: Wait = as_terminals_do
    told: bool = True
    counted: bool = True
    pace: float | None = None
    refusal: float = 0.05
    gate: float = 0.4
    deadline: float = DEADLINE_SECONDS
    round_trip: tuple[float, float] = (0.02, 0.08)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """`seconds` until all was done (None: it was given up), beside the `ideal`; `wasted` is the share of the platform's
    work that nobody had anything of: answers that came too late, and refusals."""

    seconds: float | None
    ideal: float
    wasted: float
    refusals: float
    late: float

    @property
    def ratio(self) -> float | None:
        return None if self.seconds is None else self.seconds / self.ideal


@dataclass(slots=True)
class _Process:
    service: float
    admission: Admission | None
    free_at: float = 0.0
    heard_until: float = 0.0
    refusing_until: float = 0.0
    ends: deque[float] = field(default_factory=deque[float])

    def catch_up(self, now: float) -> None:
        ends, admission = self.ends, self.admission
        while ends and ends[0] <= now:
            end = ends.popleft()
            if admission is not None:
                admission.done(now=end)

    def work(self, now: float) -> float:
        """When it will be answered."""
        self.free_at = max(self.free_at, now) + self.service
        if self.admission is not None:
            self.admission.begin()
            self.ends.append(self.free_at)
        return self.free_at

    def refuse(self, now: float, cost: float) -> float:
        self.refusing_until = max(self.refusing_until, now) + cost
        self.free_at = max(self.free_at, now) + cost
        return self.refusing_until


def simulate(rush: Rush, *, seed: int = 1) -> Outcomes:
    """The same for the same seed."""
    chance = Random(seed)
    random = chance.random
    service = rush.processes / rush.rate
    first = None if rush.pace is None else rush.pace / rush.processes
    processes = [_Process(service, Admission(pace=first) if rush.admission else None) for _ in range(rush.processes)]
    names = [f"T{number:06d}" for number in range(rush.terminals)]
    left = [rush.requests] * rush.terminals
    attempts = [0] * rush.terminals
    distance = [chance.uniform(*rush.round_trip) for _ in names]
    at = [chance.randrange(rush.processes) for _ in names]
    coming = [(random(), number) for number in range(rush.terminals)]
    sent = [0.0] * rush.terminals
    heapq.heapify(coming)
    ideal = rush.terminals * rush.requests / rush.rate
    refused = late = done = 0
    refusing = 0.0
    last = exchanged = 0.0
    while coming:
        now, number = coming[0]
        if now > ideal * _GIVEN_UP:
            break
        if rush.processes > 1 and now >= exchanged + _EXCHANGE_SECONDS:
            exchanged = now
            _exchange(processes, now)
        heard = number < 0
        number = ~number if heard else number
        process = processes[at[number]]
        if not heard:
            sent[number] = now
            if now < process.heard_until:
                heapq.heapreplace(coming, (process.heard_until, ~number))
                process.heard_until += rush.refusal * service
                continue
        process.catch_up(now)
        admission = process.admission
        told, cost = None, rush.refusal
        if admission is not None:
            requests = left[number] if rush.counted else None
            told = admission.glance(names[number], now=now, requests=requests)
            if told is None:
                cost = rush.gate
                told = admission.ask(names[number], now=now, requests=requests)
        if told is not None:
            refused += 1
            refusing += cost
            answered = process.refuse(now, cost * service) + distance[number]
            if not heard:
                process.heard_until = now + cost * service
            outcome = Answer(status=503, retry_after=str(told.seconds) if rush.told else None)
        else:
            answered = process.work(now) + distance[number]
            if answered - sent[number] <= rush.deadline:
                done += 1
                attempts[number] = 0
                left[number] -= 1
                last = max(last, answered)
                if left[number]:
                    heapq.heapreplace(coming, (answered, number))
                else:
                    heapq.heappop(coming)
                continue
            late += 1
            answered = max(now, sent[number] + rush.deadline)
            outcome = Failure(kind=FailureKind.DEADLINE)
        wait = rush.wait(outcome, attempts[number], random())
        attempts[number] += 1
        at[number] = chance.randrange(rush.processes)
        heapq.heapreplace(coming, (answered + wait, number))
    wasted = late + refusing
    return Outcomes(
        seconds=None if coming else last,
        ideal=ideal,
        wasted=wasted / (done + wasted),
        refusals=refused / rush.terminals,
        late=late / rush.terminals,
    )


def _exchange(processes: list[_Process], now: float) -> None:
    """What :mod:`district.turns` does through the database."""
    admissions = [one.admission for one in processes if one.admission is not None]
    for one in admissions:
        turns, pace = one.given(), one.pace
        for other in admissions:
            if other is not one:
                other.learn(turns, now=now, pace=pace)
