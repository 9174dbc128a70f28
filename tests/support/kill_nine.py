"""App, sync and platform killed again and again with a faulty line between: what was acknowledged arrives once.

Three processes: one hands in and says so in a file (the slip), one sends, and the real ``district serve`` receives.
They are forked from a warm server, so that a run sees many kills. Whoever is killed begins again as after a crash: the
app puts once more what it has no word of, under the same uid. The mutants break one promise each. With a ``district``
that has keys everything is sealed to it, and every request signed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any, Literal, cast, get_args
from unittest.mock import patch
from uuid import UUID, uuid4

import requests

from district.cli import main
from district.opening import Body
from district.outcomes import Take, Taken
from district.store import DistrictStore
from district.terminals import Terminals
from offline_queue import forms, retry
from offline_queue.client import PlatformClient
from offline_queue.model import CHINA, Paper, Stored
from offline_queue.retry import Accepted, Answer
from offline_queue.sync import sync_once
from offline_queue.wire import Receipt, State, canonical_bytes, sha256_hex
from tests.support.faulty_proxy import FaultyProxy
from tests.support.ports import free_port
from tests.support.sealed_rig import KeyedDistrict, open_either

Mutant = Literal["none", "ack-before-commit", "any-200-is-a-receipt", "follows-307", "answers-before-commit", "doubles"]
MUTANTS: tuple[Mutant, ...] = get_args(Mutant)
_DEADLINE = 1.5
_MOST_WAITING = 12
_DRAIN_S = 300.0
_VICTIMS: dict[str, tuple[str, ...]] = {"ack-before-commit": ("app",), "answers-before-commit": ("platform",)}
Arrived = Sequence[tuple[Body, bytes]]
_FAVOURITES = {"any-200-is-a-receipt": "portal", "follows-307": "redirect", "doubles": "replay"}
"""Of the line's faults the one that a mutant falls for: a short run must meet it, and more than once."""
_fork = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``acknowledged`` hand-ins, ``kills``, the faults of the line, and what of the promises was broken, by name."""

    acknowledged: int
    kills: int
    faults: Counter[str]
    broken: Counter[str]


def uid_of(seed: int, number: int) -> str:
    return str(UUID(bytes=Random(f"{seed}-{number}").randbytes(16), version=4))


def papers_of(seed: int, number: int) -> list[Paper]:
    chance = Random(f"{seed}-{number}-papers")
    return [
        Paper(material="m", media_type="image/png", content=chance.randbytes(chance.choice((0, 40, 5_000, 1_200_000))))
        for _ in range(chance.choice((0, 0, 0, 1, 2)))
    ]


def hand_in(folder: Path, district: KeyedDistrict | None, slips: Path, seed: int, mutant: Mutant) -> None:
    """The app: hands in one after the other, and goes on where its last slip is."""
    said = os.open(slips, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store, never = open_either(folder, district), threading.Event()
    number = slips.read_text("ascii").count("\n")
    while True:
        while store.waiting() > _MOST_WAITING:
            never.wait(0.02)
        if mutant == "ack-before-commit":
            os.write(said, f"{number}\n".encode())
            never.wait(0.2)  # or a run of a few kills would hit that moment by luck only
        answer = store.put(
            matter="m", form={"n": number}, attachments=papers_of(seed, number), uid=uid_of(seed, number)
        )
        assert isinstance(answer, Stored), answer
        if mutant != "ack-before-commit":
            os.write(said, f"{number}\n".encode())
        number += 1


def send(folder: Path, district: KeyedDistrict | None, url: str, mutant: Mutant) -> None:
    """The sender: tries everything all the time."""
    if mutant == "any-200-is-a-receipt":
        decide = retry.decide_form

        def credulous(outcome: Any, attempt: Any, *, uid: str, sha256: str) -> Any:
            if isinstance(outcome, Answer) and outcome.status in (200, 201):
                return Accepted(receipt=Receipt(uid=uid, sha256=sha256, state=State.DONE, case_number="1"))
            return decide(outcome, attempt, uid=uid, sha256=sha256)

        for module in (forms, retry):  # alone, and in a batch
            patch.object(module, "decide_form", credulous).start()
    if mutant == "follows-307":
        request = requests.Session.request

        def following(self: requests.Session, *args: Any, **kwargs: Any) -> Any:
            return request(self, *args, **(kwargs | {"allow_redirects": True}))

        patch.object(requests.Session, "request", following).start()
        patch.object(requests.Session, "resolve_redirects", _redirected).start()
    store, never = open_either(folder, district), threading.Event()
    client = PlatformClient(url, signer=None if district is None else store.signer(), deadline=_DEADLINE)
    while True:
        sync_once(store, client, hurry=True)
        never.wait(0.02)


def _redirected(session: requests.Session, answer: requests.Response, request: Any, **kwargs: Any) -> Any:
    """As a client follows that knows of no limit; ours forbids urllib3 to follow in one place more."""
    while answer.is_redirect:
        again = request.copy()
        again.url = answer.headers["Location"]
        kwargs.pop("yield_requests", None)
        answer = session.send(again, allow_redirects=False, **kwargs)
        yield answer


def _unkept(uid: str, body: bytes) -> Taken:
    receipt = Receipt(uid=uid, sha256=sha256_hex(body), state=State.DONE, case_number="1")
    return Taken(receipt=canonical_bytes(receipt), new=True)


def receive(folder: Path, district: KeyedDistrict | None, port: int, url: str, mutant: Mutant) -> None:
    """The platform: its real command."""
    take_all = DistrictStore.take_all

    def early(self: DistrictStore, arrived: Arrived) -> list[Take]:
        late = [(outside, body) for outside, body in arrived if not outside.attachments]
        threading.Timer(2.0, take_all, (self, late)).start()
        taken = iter(take_all(self, [(outside, body) for outside, body in arrived if outside.attachments]))
        return [next(taken) if outside.attachments else _unkept(outside.uid, body) for outside, body in arrived]

    def twice(self: DistrictStore, arrived: Arrived) -> list[Take]:
        taken = take_all(self, arrived)
        for (outside, body), one in zip(arrived, taken, strict=True):
            if isinstance(one, Taken) and not one.new and not outside.attachments:
                take_all(self, [(outside.model_copy(update={"uid": str(uuid4())}), body)])
        return taken

    if mutant == "answers-before-commit":
        patch.object(DistrictStore, "take_all", early).start()
    if mutant == "doubles":
        patch.object(DistrictStore, "take_all", twice).start()
    options = ["--keys", str(district.folder), "--require-signatures", "--public-url", url] if district else []
    main(["serve", "--database", f"sqlite:///{folder / 'district.db'}", "--port", str(port), *options])


def run(
    folder: Path, *, seed: int, kills: int, least: int = 0, mutant: Mutant = "none", sealed: bool = False
) -> Verdict:
    """Kill one of the three at random moments, ``kills`` times, and go on until ``least`` are acknowledged and the line
    has behaved in as many ways; then mend the line, let all arrive, and judge. ``sealed``: to a district with keys,
    that answers signed requests only."""
    _fork.set_forkserver_preload(["tests.support.kill_nine"])
    chance, never = Random(seed), threading.Event()
    queue, received, slips = folder / "queue", folder / "district", folder / "slips"
    received.mkdir()
    port = free_port()
    district = KeyedDistrict.new(folder / "keys", now=datetime.now(tz=CHINA)) if sealed else None
    _introduce(queue, received, district)
    favourite = _FAVOURITES.get(mutant)
    with FaultyProxy(port, seed=seed, favourite=favourite) as line:
        begin: dict[str, Callable[[], BaseProcess]] = {
            "app": lambda: _begun(hand_in, queue, district, slips, seed, mutant),
            "sync": lambda: _begun(send, queue, district, line.url, mutant),
            "platform": lambda: _begun(receive, received, district, port, line.url, mutant),
        }
        running = {name: start() for name, start in begin.items()}
        try:
            for _ in range(kills):
                if mutant in _VICTIMS:  # it has to come as far as its mistake
                    before = _acknowledged(slips), line.answered
                    while _acknowledged(slips) == before[0] or line.answered == before[1]:
                        never.wait(0.01)
                never.wait(chance.uniform(0.1, 0.8))
                victim = chance.choice(_VICTIMS.get(mutant, tuple(begin)))
                _kill(running[victim])
                running[victim] = begin[victim]()
            while len(line.done) < least or _acknowledged(slips) < least or (favourite and line.done[favourite] < 9):
                never.wait(0.1)
            _kill(running["app"])
            line.mend()
            late = _drain(queue, district)
            _kill(running["sync"])
            _kill(running["platform"])
        finally:
            for process in running.values():
                process.kill()
    acknowledged = _acknowledged(slips)
    broken = _judge(queue, received, district, seed=seed, acknowledged=acknowledged)
    broken["everything arrives in the end"] = late
    return Verdict(acknowledged, kills, line.done, +broken)


def _acknowledged(slips: Path) -> int:
    return slips.read_text("ascii").count("\n") if slips.exists() else 0


def _introduce(queue: Path, received: Path, district: KeyedDistrict | None) -> None:
    """The terminal to the platform, and the district's keys to the terminal."""
    if district is not None:
        district.install(queue, now=datetime.now(tz=CHINA))
    store = open_either(queue, district)
    if district is not None:
        platform = _platform(received, district)
        Terminals(platform.engine).add("TY03", store.public_key[1])
        platform.close()
    store.close()


def _platform(received: Path, district: KeyedDistrict | None) -> DistrictStore:
    private = None if district is None else district.private()
    return DistrictStore(f"sqlite:///{received / 'district.db'}", received / "papers", private)


def _begun(target: Callable[..., None], *args: object) -> BaseProcess:
    process = _fork.Process(target=target, args=args, daemon=True, name=target.__name__)
    process.start()
    return process


def _kill(process: BaseProcess) -> None:
    """Whoever has ended by itself has failed, and proves nothing."""
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    if process.exitcode != -signal.SIGKILL:
        raise RuntimeError(f"{process.name} ended by itself: {process.exitcode}")


def _drain(queue: Path, district: KeyedDistrict | None) -> int:
    """Wait for the queue to be empty; how many are left when it does not happen in time."""
    store, never, end = open_either(queue, district), threading.Event(), time.monotonic() + _DRAIN_S
    try:
        while store.waiting() and time.monotonic() < end:
            never.wait(0.1)
        return store.waiting()
    finally:
        store.close()


def _judge(
    queue: Path, received: Path, district: KeyedDistrict | None, *, seed: int, acknowledged: int
) -> Counter[str]:
    broken: Counter[str] = Counter()
    store = open_either(queue, district)
    items = {item.uid: item for item in store.list()}
    broken["the queue is whole"] = sum(
        finding.code not in ("paper-unknown", "paper-left") for finding in store.verify()
    )
    store.close()
    platform = _platform(received, district)
    try:
        rows = [(row, row.envelope) for row in platform.submissions() if row.envelope is not None]
        count = Counter(cast("int", inside.form["n"]) for _, inside in rows)
        broken["stored is kept"] = sum(uid_of(seed, n) not in items for n in range(acknowledged))
        broken["acknowledged is received"] = sum(not count[n] for n in range(acknowledged))
        broken["received once"] = sum(times - 1 for times in count.values())
        for row, inside in rows:
            number = cast("int", inside.form["n"])
            item = items.get(inside.uid)
            if item is None or item.sha256 != row.sha256 or inside.uid != uid_of(seed, number):
                broken["the same bytes"] += 1
                continue
            if item.state is not State.DONE or row.state is not State.DONE:
                broken["done on both sides"] += 1
            for sent, kept in zip(papers_of(seed, number), row.papers, strict=True):
                found = platform.papers.paper(kept.id)
                if found is None or b"".join(found.content) != sent.content:
                    broken["the same papers"] += 1
    finally:
        platform.close()
    return broken
