"""Two processes of one district on one PostgreSQL, killed again and again while terminals hand in, rate, answer what
staff ask for, and enrol: what was acknowledged is there, once, and is answered with the same bytes for ever.

Both are the real ``district serve``, forked from a warm server, so that a run sees many kills. Terminals go to one or
the other by chance, again and again until they have an answer, and now and then with what was answered long ago. The
mutants break one promise each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Literal, get_args
from unittest.mock import patch
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

import district.cli
from district.authority import new_authority
from district.cases import Cases, Stage
from district.check.enrolment import request_for
from district.database import open_engine
from district.enrolment import Enrolments
from district.halls import Halls
from district.opening import Body
from district.outcomes import Take, Taken
from district.store import DistrictStore
from district.terminals import Terminals
from offline_queue.client import PlatformClient
from offline_queue.enrolment import MAX_ENROLLED_BYTES, enrolment
from offline_queue.numbers import key_id
from offline_queue.retry import Answer, Outcome
from offline_queue.signing import RequestSigner
from offline_queue.transport import Transport
from offline_queue.wire import (
    PLAIN_TYPE,
    Batch,
    BatchItem,
    Progress,
    Rating,
    Receipt,
    State,
    canonical_bytes,
    content_digest,
    read_batch_answers,
    sha256_hex,
)
from tests.support.district_promises import Machine, Sent, judge, submission
from tests.support.ports import free_port

Mutant = Literal["none", "answers-before-commit", "rates-before-commit", "receipt-anew", "doubles"]
MUTANTS: tuple[Mutant, ...] = get_args(Mutant)
_TERMINALS = 4
_HALL = "taoyuan"
_DEADLINE = 5.0
_END_S = 60.0
_fork = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``acknowledged`` submissions, ``kills``, and what of the promises was broken, by name."""

    acknowledged: int
    kills: int
    broken: Counter[str]


class Terminal:
    """Hands in through either of two addresses until it is told to end."""

    def __init__(
        self,
        code: str,
        urls: Sequence[str],
        key: Ed25519PrivateKey,
        engine: Engine,
        *,
        ending: threading.Event,
        answered: threading.Event,
    ) -> None:
        self.sent: list[Sent] = []
        self.machines: list[Machine] = []
        self.failed: BaseException | None = None
        self._code = code
        self._chance = Random(code)
        self._urls = urls
        self._clients = [PlatformClient(url, signer=RequestSigner(key), deadline=_DEADLINE) for url in urls]
        self._unsigned = Transport(deadline=_DEADLINE, largest=MAX_ENROLLED_BYTES)
        self._staff = Cases(engine)
        self._codes = Enrolments(engine)
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
                self._rate(batch[0])
                self._chance.choice((self._supplement, self._rate, self._rate))(batch[-1])
                self._put(self._chance.choice(self.sent))  # long since answered, perhaps by the other
                self._enrol()
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits for this thread
            self.failed = failure
            self._answered.set()
        finally:
            for client in (*self._clients, self._unsigned):
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

    def _rate(self, one: Sent) -> None:
        """What was rated before is rated the same, as after a lost answer."""
        level = one.rated[0] if one.rated else self._chance.randint(1, 5)
        asked = canonical_bytes(Rating(level=level))
        answer = self._asked(lambda client: client.put_rating(one.envelope.uid, asked))
        if self._is_known(one, answer):
            one.rated.append(level)

    def _supplement(self, one: Sent) -> None:
        """Staff ask for one, and it is handed in."""
        uid = one.envelope.uid
        self._staff.move(uid, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
        self._staff.ask(uid, start=Stage.ACCEPTED, materials=["m"], note="", due_on=None, staff="li")
        answer = self._asked(lambda client: client.progress(uid))
        if not self._is_known(one, answer):
            return
        asked = Progress.model_validate_json(answer.body).supplement
        if asked is None:
            one.unknown.append(True)
            return
        brought = submission(self._chance, len(self.sent), self._code, supplement_of=asked.id)
        self.sent.append(brought)
        self._put(brought)
        self._papers(brought)

    def _is_known(self, one: Sent, answer: Answer) -> bool:
        assert answer.status in (200, 404), answer
        if answer.status == 404:
            one.unknown.append(True)
        return answer.status == 200

    def _enrol(self) -> None:
        """Another machine, or one that enrolled before and lost its answer."""
        if not self.machines or self._chance.random() < 0.5:
            key = Ed25519PrivateKey.generate()
            code = self._codes.invite(self._code, _HALL).code
            asked = enrolment(code, key, request_for(self._code, ec.generate_private_key(ec.SECP256R1())))
            one = Machine(key_id(key.public_key().public_bytes_raw()), asked)
            self.machines.append(one)
        else:
            one = self._chance.choice(self.machines)
        headers = {"Content-Type": PLAIN_TYPE, "Content-Digest": content_digest(one.asked)}
        answer = self._asked(
            lambda _client: self._unsigned.request(
                "POST", f"{self._chance.choice(self._urls)}/v1/enrolments", one.asked, headers
            )
        )
        assert answer.status == 201, answer
        one.answers.append(answer.body)

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

    rate = DistrictStore.rate

    def rates_early(self: DistrictStore, uid: str, level: int, **of: str | None) -> bool:
        threading.Timer(5, rate, (self, uid, level), of).start()
        return True

    broken = {"answers-before-commit": early, "receipt-anew": anew, "doubles": twice}.get(mutant)
    if broken is not None:
        patch.object(DistrictStore, "take_all", broken).start()
    if mutant == "rates-before-commit":
        patch.object(DistrictStore, "rate", rates_early).start()
    district.cli.main(["serve", "--database", database, "--port", str(port), "--issue", str(folder / "ca")])


def _receipt(uid: str, body: bytes) -> bytes:
    return canonical_bytes(Receipt(uid=uid, sha256=sha256_hex(body), state=State.DONE))


def run(folder: Path, database: str, *, seed: int, kills: int, mutant: Mutant = "none") -> Verdict:
    """Kill one of the two at random moments, ``kills`` times; let the terminals end what they are at, and judge."""
    _fork.set_forkserver_preload(["tests.support.kill_district"])
    chance, ending, answered = Random(seed), threading.Event(), threading.Event()
    ports = [free_port(), free_port()]
    keys = {f"TY{number:02d}": Ed25519PrivateKey.generate() for number in range(_TERMINALS)}
    engine = open_engine(database)
    Halls(engine).add(_HALL, "桃源镇便民服务中心")
    new_authority(folder / "ca", name="Terminals", now=datetime.now(tz=UTC))
    for code, key in keys.items():
        Terminals(engine).add(code, key.public_key().public_bytes_raw())
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    terminals = [Terminal(code, urls, key, engine, ending=ending, answered=answered) for code, key in keys.items()]
    running = [_begun(database, folder, port, mutant) for port in ports]
    try:
        for terminal in terminals:
            terminal.thread.start()
        for _ in range(kills):
            answered.clear()
            answered.wait(_END_S)  # under load, however slow the machine is
            if any(terminal.failed is not None for terminal in terminals):
                break
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
    machines = [one for terminal in terminals for one in terminal.machines]
    acknowledged = sum(bool(one.receipts) for one in sent)
    return Verdict(acknowledged, kills, judge(folder / "district" / "papers", database, sent, machines))


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
