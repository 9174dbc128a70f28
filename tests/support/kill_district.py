"""Two processes of one district on one PostgreSQL, killed again and again while terminals hand in: what they
acknowledged is there, once, and is answered with the same bytes for ever.

Both are the real ``district serve``, forked from a warm server, so that a run sees many kills. Terminals go to one or
the other by chance, again and again until they have an answer, and now and then with what was answered long ago. The
mutants break one promise each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Literal, get_args
from unittest.mock import patch
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

import district.cli
from district.database import open_engine
from district.opening import Body
from district.outcomes import Take, Taken
from district.store import DistrictStore
from district.tables import ATTACHMENTS, OUTBOX, SUBMISSIONS
from district.terminals import Terminals
from offline_queue.client import PlatformClient
from offline_queue.retry import Answer, Outcome
from offline_queue.signing import RequestSigner
from offline_queue.wire import (
    PLAIN_TYPE,
    Attachment,
    Batch,
    BatchItem,
    Envelope,
    Receipt,
    State,
    canonical_bytes,
    content_digest,
    read_batch_answers,
    read_receipt,
    sha256_hex,
)

Mutant = Literal["none", "answers-before-commit", "receipt-anew", "doubles"]
MUTANTS: tuple[Mutant, ...] = get_args(Mutant)
_TERMINALS = 4
_DEADLINE = 5.0
_END_S = 60.0
_fork = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``acknowledged`` submissions, ``kills``, and what of the promises was broken, by name."""

    acknowledged: int
    kills: int
    broken: Counter[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission, its papers by id, and every receipt that was ever answered for it."""

    envelope: Envelope
    body: bytes
    papers: dict[str, bytes]
    receipts: list[bytes] = field(default_factory=list[bytes])
    whole: list[bool] = field(default_factory=list[bool])


def submission(chance: Random, number: int, code: str) -> Sent:
    papers = {
        str(UUID(bytes=chance.randbytes(16), version=4)): chance.randbytes(3_000)
        for _ in range(chance.choice((0, 0, 0, 2)))
    }
    envelope = Envelope(
        uid=str(UUID(bytes=chance.randbytes(16), version=4)),
        kiosk=code,
        provisional_number=f"{code}-261123-{number:04d}-E",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:00:00+08:00",
        test=False,
        form={"of": f"{code}-{number}"},
        attachments=tuple(
            Attachment(id=name, material="m", media_type="image/png", bytes=len(content), sha256=sha256_hex(content))
            for name, content in papers.items()
        ),
    )
    return Sent(envelope, canonical_bytes(envelope), papers)


class Terminal:
    """Hands in through either of two addresses until it is told to end."""

    def __init__(
        self,
        code: str,
        urls: Sequence[str],
        key: Ed25519PrivateKey,
        *,
        ending: threading.Event,
        answered: threading.Event,
    ) -> None:
        self.sent: list[Sent] = []
        self.failed: BaseException | None = None
        self._code = code
        self._chance = Random(code)
        self._clients = [PlatformClient(url, signer=RequestSigner(key), deadline=_DEADLINE) for url in urls]
        self._ending = ending
        self._answered = answered
        self._late = threading.Event()
        self.thread = threading.Thread(target=self._run, name=code)

    def give_up(self) -> None:
        """Whatever it is at now must end, too: it has had time."""
        self._late.set()

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                batch = [
                    submission(self._chance, len(self.sent) + n, self._code)
                    for n in range(self._chance.choice((1, 1, 6)))
                ]
                self.sent += batch
                if len(batch) == 1:
                    self._put(batch[0])
                else:
                    self._put_together(batch)
                for one in batch:
                    self._papers(one)
                self._put(self._chance.choice(self.sent))  # long since answered, perhaps by the other
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits for this thread
            self.failed = failure
        finally:
            for client in self._clients:
                client.close()

    def _asked(self, ask: Callable[[PlatformClient], Outcome]) -> Answer:
        """The first answer that is one; whichever process gives it."""
        while not self._late.is_set():
            outcome = ask(self._chance.choice(self._clients))
            if isinstance(outcome, Answer) and outcome.status not in (429, 503):
                self._answered.set()
                return outcome
            self._late.wait(0.02)
        raise TimeoutError(f"{self._code} had no answer in time")

    def _put(self, one: Sent) -> None:
        answer = self._asked(lambda client: client.put_form(one.envelope.uid, one.body, PLAIN_TYPE))
        assert answer.status in (200, 201), answer
        one.receipts.append(answer.body)

    def _put_together(self, batch: Sequence[Sent]) -> None:
        items = tuple(
            BatchItem(
                uid=one.envelope.uid,
                media_type=PLAIN_TYPE,
                content_digest=content_digest(one.body),
                body=one.body.decode(),
            )
            for one in batch
        )
        together = canonical_bytes(Batch(submissions=items))
        answer = self._asked(lambda client: client.put_forms(together))
        answers = read_batch_answers(answer.body)
        assert answers is not None, answer
        for one, told in zip(batch, answers.answers, strict=True):
            assert told.status in (200, 201), told
            one.receipts.append(told.body.encode())

    def _papers(self, one: Sent) -> None:
        for name, content in one.papers.items():
            while (offset := self._offset(name)) < len(content):
                self._send(name, offset, content[offset : offset + 1_500])
        one.whole.append(True)

    def _offset(self, name: str) -> int:
        answer = self._asked(lambda client: client.attachment_offset(name))
        assert answer.status == 200, answer
        assert answer.upload_offset is not None
        return answer.upload_offset

    def _send(self, name: str, offset: int, chunk: bytes) -> None:
        answer = self._asked(lambda client: client.send_chunk(name, offset, chunk))
        assert answer.status in (204, 409), answer


def serve(database: str, folder: Path, port: int, mutant: Mutant) -> None:
    """One process of the platform: its real command."""
    os.environ["KIOSK_DATA_DIR"] = str(folder)
    take_all = DistrictStore.take_all

    def early(self: DistrictStore, arrived: Sequence[tuple[Body, bytes]]) -> list[Take]:
        late = [(outside, body) for outside, body in arrived if not outside.attachments]
        threading.Timer(0.5, take_all, (self, late)).start()
        taken = iter(take_all(self, [(outside, body) for outside, body in arrived if outside.attachments]))
        return [
            next(taken) if outside.attachments else Taken(receipt=_receipt(outside.uid, body), new=True)
            for outside, body in arrived
        ]

    def anew(self: DistrictStore, arrived: Sequence[tuple[Body, bytes]]) -> list[Take]:
        return [
            Taken(receipt=json.dumps(json.loads(one.receipt)).encode(), new=False)
            if isinstance(one, Taken) and not one.new
            else one
            for one in take_all(self, arrived)
        ]

    def twice(self: DistrictStore, arrived: Sequence[tuple[Body, bytes]]) -> list[Take]:
        taken = take_all(self, arrived)
        for (outside, body), one in zip(arrived, taken, strict=True):
            if isinstance(one, Taken) and not one.new and not outside.attachments:
                uid = str(UUID(bytes=os.urandom(16), version=4))
                take_all(self, [(outside.model_copy(update={"uid": uid}), body)])
        return taken

    broken = {"answers-before-commit": early, "receipt-anew": anew, "doubles": twice}.get(mutant)
    if broken is not None:
        patch.object(DistrictStore, "take_all", broken).start()
    district.cli.main(["serve", "--database", database, "--port", str(port)])


def _receipt(uid: str, body: bytes) -> bytes:
    return canonical_bytes(Receipt(uid=uid, sha256=sha256_hex(body), state=State.DONE))


def run(folder: Path, database: str, *, seed: int, kills: int, mutant: Mutant = "none") -> Verdict:
    """Kill one of the two at random moments, ``kills`` times; let the terminals end what they are at, and judge."""
    _fork.set_forkserver_preload(["tests.support.kill_district"])
    chance, ending, answered = Random(seed), threading.Event(), threading.Event()
    ports = [_free_port(), _free_port()]
    keys = {f"TY{number:02d}": Ed25519PrivateKey.generate() for number in range(_TERMINALS)}
    engine = open_engine(database)
    for code, key in keys.items():
        Terminals(engine).add(code, key.public_key().public_bytes_raw())
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    terminals = [Terminal(code, urls, key, ending=ending, answered=answered) for code, key in keys.items()]
    running = [_begun(database, folder, port, mutant) for port in ports]
    try:
        for terminal in terminals:
            terminal.thread.start()
        for _ in range(kills):
            answered.clear()
            answered.wait(_END_S)  # under load, however slow the machine is
            ending.wait(chance.uniform(0.0, 0.5))
            victim = chance.randrange(2)
            _kill(running[victim])
            running[victim] = _begun(database, folder, ports[victim], mutant)
        ending.set()
        for terminal in terminals:
            terminal.thread.join(_END_S)
            terminal.give_up()
            terminal.thread.join(_END_S)
            if terminal.failed is not None:
                raise terminal.failed
        for one in running:
            _kill(one)
    finally:
        ending.set()
        for terminal in terminals:
            terminal.give_up()
        for one in running:
            one.kill()
            one.join()
        engine.dispose()
    sent = [one for terminal in terminals for one in terminal.sent]
    return Verdict(sum(bool(one.receipts) for one in sent), kills, _judge(folder, database, sent))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _begun(database: str, folder: Path, port: int, mutant: Mutant) -> BaseProcess:
    process = _fork.Process(target=serve, args=(database, folder, port, mutant), daemon=True, name=f"serve {port}")
    process.start()
    return process


def _kill(process: BaseProcess) -> None:
    """One that has ended by itself has failed, and proves nothing."""
    assert process.pid is not None
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    if process.exitcode != -signal.SIGKILL:
        raise RuntimeError(f"{process.name} ended by itself: {process.exitcode}")


def _judge(folder: Path, database: str, sent: Sequence[Sent]) -> Counter[str]:
    broken: Counter[str] = Counter()
    with closing(DistrictStore(database, folder / "district" / "papers")) as store:
        with store.engine.connect() as connection:
            rows = {row.uid: row for row in connection.execute(select(SUBMISSIONS))}
            told = Counter(connection.execute(select(OUTBOX.c.uid).where(OUTBOX.c.event == "complete")).scalars())
            incomplete = set(connection.execute(select(ATTACHMENTS.c.uid).where(~ATTACHMENTS.c.complete)).scalars())
        for one in sent:
            row = rows.get(one.envelope.uid)
            if one.receipts and (row is None or row.body != one.body):
                broken["every 2xx is stored"] += 1
            if len({*one.receipts, *([row.receipt] if row is not None else [])}) > 1:
                broken["receipts are the same bytes"] += 1
            if one.whole and (row is None or row.state != State.DONE.value or one.envelope.uid in incomplete):
                broken["papers complete a submission"] += 1
            for name, content in one.papers.items() if one.whole else ():
                paper = store.papers.paper(name)
                if paper is None or b"".join(paper.content) != content:
                    broken["the same papers"] += 1
        handed_in: defaultdict[str, int] = defaultdict(int)
        for row in rows.values():
            handed_in[json.loads(row.body)["form"]["of"]] += 1
            receipt = read_receipt(row.receipt)
            if receipt is None or receipt.case_number not in (None, row.case_number):
                broken["a case keeps its number"] += 1
        done = [row for row in rows.values() if row.state == State.DONE.value]
        broken["no case twice"] = sum(times - 1 for times in handed_in.values())
        broken["every case has a number of its own"] = len(done) - len({row.case_number for row in done} - {None})
        broken["each case is told of once"] = sum(told[row.uid] != 1 for row in done) + len(told.keys() - rows.keys())
    return +broken
