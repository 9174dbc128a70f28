"""Webhooks to a real receiver, with everything that goes wrong on the way; and the commands that forward."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from district.cli import main
from district.embedded import EmbeddedDistrict
from district.forwarding import Forwarder, Round
from district.objects import ObjectsAway
from district.opening import Keys
from district.outbox import Event, Outbox
from district.receiving import Delivered, Delivery, Later, Refused
from district.store import DistrictStore
from district.tables import STEPS
from district.webhook import Webhook
from offline_queue.client import PlatformClient
from offline_queue.sync import sync_once
from offline_queue.transport import Certificates
from tests.support.cases import hand_in, move
from tests.support.certificates import Authority
from tests.support.deliveries import FORM, PAPERS, delivery, without_content
from tests.support.hook import SECRET, Hook
from tests.support.peers import CuttingLine
from tests.support.queue_rig import stored
from tests.support.sealed_rig import KeyedDistrict, open_sealing_store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DistrictStore]:
    opened = DistrictStore(f"sqlite:///{tmp_path / 'district.db'}", tmp_path / "papers")
    yield opened
    opened.close()


def webhook(url: str, **more: object) -> Webhook:
    return Webhook(url, key_id="district", secret=SECRET.encode(), **more)  # type: ignore[arg-type]


def forwarded(store: DistrictStore, url: str, **more: object) -> tuple[Round, list[str]]:
    """One round in which everything that waits is due."""
    outbox = Outbox(store.engine)
    for one in outbox.waiting():
        outbox.retry(one.told.seq)
    heard: list[str] = []
    receiver = webhook(url, **more)
    forwarder = Forwarder(store, outbox, receiver, heard=lambda _seq, word, error: heard.append(f"{word} {error}"))
    try:
        return forwarder.once(), heard
    finally:
        receiver.close()


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-sm3"])
def test_a_signed_event_comes_with_its_papers_before_it(store: DistrictStore, algorithm: str) -> None:
    uid = hand_in(store, papers=list(PAPERS.values()))
    with Hook(sm3=algorithm == "hmac-sm3", answer={"number": "A-17"}) as hook:
        done, _ = forwarded(store, hook.url, papers=True, algorithm=algorithm)
        move(store, uid, Event.ACCEPTED)
        forwarded(store, hook.url, papers=True, algorithm=algorithm)
    assert hook.refused == []
    assert done.delivered == 1
    *papers, complete, accepted = hook.heard
    assert [(one.method, one.media_type, one.body) for one in papers] == [
        ("PUT", media_type, content) for _, media_type, content in PAPERS.values()
    ]
    told = complete.told
    assert [one.path for one in papers] == [f"/hook/papers/{one['id']}" for one in told["papers"]]
    assert (complete.method, complete.path, complete.key) == ("POST", "/hook", told["event"]["key"])
    assert (told["uid"], told["form"]["applicant"]["name"], told["their_number"]) == (uid, "王秀英", None)
    assert (accepted.event, accepted.told["stage"], accepted.told["their_number"]) == ("accepted", "accepted", "A-17")
    with store.engine.connect() as connection:
        assert connection.execute(select(STEPS.c.code, STEPS.c.note)).all() == [("handed-on", "A-17")]


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-sm3"])
def test_a_wrong_secret_is_noticed_there_and_waited_out_here(store: DistrictStore, algorithm: str) -> None:
    hand_in(store)
    with Hook(sm3=algorithm == "hmac-sm3") as hook:
        receiver = Webhook(hook.url, key_id="district", secret=b"another secret altogether", algorithm=algorithm)  # type: ignore[arg-type]
        answer = receiver.deliver(delivery(), going_on=lambda: True)
        receiver.close()
    assert answer == Later(error="http-401", seconds=300, everything=True)
    assert (hook.heard, hook.refused) == ([], ["signature"])


@pytest.mark.parametrize(
    ("fault", "said", "pauses"),
    [
        (500, "later http-500", False),
        (409, "later http-409", False),
        (502, "later http-502", True),
        (503, "later http-503", True),
        (429, "later http-429", True),
        (403, "later http-403", True),
        (422, "refused http-422", False),
        (404, "refused http-404", False),
        ("moved", "later http-307", False),
        ("page", "later not-their-answer", False),
        ("cut", "later unreachable", True),
        ("trickle", "later deadline", True),
    ],
)
def test_each_fault_on_the_way_has_its_answer(store: DistrictStore, fault: int | str, said: str, pauses: bool) -> None:
    hand_in(store)
    with Hook() as elsewhere, Hook(elsewhere=elsewhere.url) as hook:
        hook.faults.append(fault)
        done, heard = forwarded(store, hook.url, deadline=1.0 if fault == "trickle" else 30.0)
        assert heard == [said]
        assert (done.pause is not None) is pauses
        assert forwarded(store, hook.url)[1] == ["delivered "]
    assert elsewhere.heard == []
    assert len(hook.told()) == 1


def test_they_say_how_long_to_wait(store: DistrictStore) -> None:
    hand_in(store)
    with Hook(headers={"Retry-After": "100"}) as hook:
        hook.faults.append(503)
        before = time.time()
        done, _ = forwarded(store, hook.url)
        (waiting,) = Outbox(store.engine).waiting()
    assert done.pause is not None
    assert 100 <= done.pause <= 110
    assert before + 100 <= waiting.next_try <= time.time() + 112


def test_a_line_cut_within_the_request_sends_it_again(store: DistrictStore) -> None:
    hand_in(store)
    with Hook() as hook:
        line = CuttingLine(hook.port)
        line.cut_after(600)
        assert forwarded(store, f"{line.url}/hook")[1] == ["later unreachable"]
        line.close()
        assert hook.heard == []
        assert forwarded(store, hook.url)[1] == ["delivered "]


def test_a_receiver_that_dies_gets_everything_when_it_is_back(store: DistrictStore) -> None:
    uids = [hand_in(store) for _ in range(3)]
    with Hook() as hook:
        hook.faults.extend([200, "cut"])
        assert forwarded(store, hook.url)[1] == ["delivered ", "later unreachable"]
    assert forwarded(store, hook.url)[1] == ["later unreachable"]
    with hook:
        assert forwarded(store, hook.url)[1] == ["delivered ", "delivered "]
    assert [one.told["uid"] for one in hook.told()] == uids
    assert len(hook.heard) == 4, "the one whose answer was cut came again, under its key"


def test_only_the_right_certificate_is_spoken_to(store: DistrictStore, tmp_path: Path) -> None:
    hand_in(store)
    good, other = Authority(tmp_path / "good", "good"), Authority(tmp_path / "other", "other")
    with Hook(pair=good.signs("server")) as hook:
        assert forwarded(store, hook.url)[1] == ["later tls"]
        assert forwarded(store, hook.url, certificates=Certificates(ca=other.certificate))[1] == ["later tls"]
        assert hook.heard == []
        assert forwarded(store, hook.url, certificates=Certificates(ca=good.certificate))[1] == ["delivered "]
    for url in ("http://district.example/hook", "https://a:b@district.example/", "ftp://x"):
        with pytest.raises(ValueError, match=r"not the address|use https"):
            webhook(url)


def test_a_lost_paper_is_a_dead_end() -> None:
    with Hook() as hook:
        receiver = webhook(hook.url, papers=True)
        assert receiver.deliver(without_content(delivery()), going_on=lambda: True) == Refused(
            error="paper-not-to-be-had"
        )
        receiver.close()
    assert hook.heard == []


def test_what_is_sealed_waits_for_its_key(tmp_path: Path) -> None:
    keys = KeyedDistrict.new(tmp_path / "keys")
    queue = open_sealing_store(tmp_path / "queue", keys.install(tmp_path / "queue"))
    handed_in = stored(queue.put(matter="pension-enrolment", form=FORM))
    with EmbeddedDistrict(tmp_path / "district", keys=keys.folder) as district:
        client = PlatformClient(district.url)
        sync_once(queue, client)
        client.close()
    queue.close()
    database, papers = f"sqlite:///{tmp_path / 'district' / 'district.db'}", tmp_path / "district" / "papers"
    keyrings: list[tuple[Keys, str]] = [({}, "later key-unknown"), (keys.private(), "delivered ")]
    with Hook() as hook:
        for keyring, said in keyrings:
            store = DistrictStore(database, papers, keyring)
            assert forwarded(store, hook.url)[1] == [said]
            store.close()
    (heard,) = hook.heard
    assert (heard.told["uid"], heard.told["form"]) == (handed_in.uid, FORM)


def test_a_claim_that_was_lost_sends_nothing_more(store: DistrictStore) -> None:
    with Hook() as hook:
        receiver = webhook(hook.url, papers=True)
        left = iter([True, False])
        receiver.deliver(delivery(), going_on=lambda: next(left))
        receiver.close()
    assert [one.method for one in hook.heard] == ["PUT"]


def test_an_object_store_that_is_away_puts_off(store: DistrictStore) -> None:
    hand_in(store)

    class Away:
        def deliver(self, delivery: Delivery, *, going_on: object) -> Delivered:
            raise ObjectsAway("gone")

    done = Forwarder(store, Outbox(store.engine), Away()).once()
    assert (done.later, done.pause) == (1, None)
    assert [one.last_error for one in Outbox(store.engine).waiting()] == ["papers-away"]


# --- the commands -----------------------------------------------------------------------------------------------------


def command(store: DistrictStore, *words: str, **environment: str) -> tuple[int, str]:
    said = CliRunner().invoke(main, [*words, "--database", str(store.engine.url)], env=environment)
    return said.exit_code, said.output


def test_forward_once_says_numbers_and_codes_only(store: DistrictStore, tmp_path: Path) -> None:
    hand_in(store)
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    with Hook() as hook:
        hook.faults.append(500)
        told = command(store, "forward", "--to", hook.url, "--once", "--secret-file", str(secret))
        assert told[0] == 1
        assert "1 later http-500\ndelivered 0, put off 1, refused 0" in told[1]
        Outbox(store.engine).retry(1)
        status, said = command(store, "forward", "--to", hook.url, "--once", DISTRICT_WEBHOOK_SECRET=SECRET)
    assert status == 0
    assert said.endswith("1 delivered\ndelivered 1, put off 0, refused 0\n")
    assert "王秀英" not in told[1] + said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of --to ADDRESS and --adapter FILE"),
        (["--to", "http://127.0.0.1:1/", "--tls-cert", __file__], "go together"),
        (["--to", "http://127.0.0.1:1/"], "the environment has no DISTRICT_WEBHOOK_SECRET"),
        (["--to", "http://district.example/", "--secret-file", "SECRET"], "use https"),
        (["--adapter", __file__], "not YAML"),
        (["--adapter", __file__, "--ca", __file__], "--ca goes with --to"),
        (["--adapter", __file__, "--hmac", "sha256"], "--hmac goes with --to"),
        (["--to", "http://127.0.0.1:1/", "--ca", __file__], "are for https://"),
    ],
)
def test_what_cannot_begin_is_said_in_a_sentence(
    store: DistrictStore, tmp_path: Path, words: list[str], said: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    words = [str(secret) if word == "SECRET" else word for word in words]
    status, output = command(store, "forward", "--once", *words)
    assert status != 0
    assert said in output


def test_export_since_prints_events(store: DistrictStore, tmp_path: Path) -> None:
    hand_in(store, papers=list(PAPERS.values()))
    status, said = command(store, "export", "--since", "0", "--papers", str(tmp_path / "out"))
    assert status == 0
    assert json.loads(said)["event"]["code"] == "complete"
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert command(store, "export", "--since", "1") == (0, "")


def test_a_check_shows_what_would_be_sent_and_what_is_wrong(
    store: DistrictStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = hand_in(store)
    file = tmp_path / "a.yaml"
    file.write_text(
        """
adapter: 1
name: n
url: https://province.example
signing:
  algorithm: hmac-sha256
  app_key: {env: APP_KEY}
  secret: {env: APP_SECRET}
  names: {app_key: a, timestamp: t, nonce: n, signature: s}
  carried_in: query
  signs: [parameters, body, secret]
answer: {success: {path: code, one_of: [0]}}
events:
  complete: {path: /c, body: {name: {from: form.applicant.name}}}
  rated: {path: /r, body: {level: {from: rating}}}
""",
        "utf-8",
    )
    words = ("adapter", "check", str(file))
    assert command(store, *words) == (1, "Error: signing.secret: the environment has no APP_SECRET\n")
    keys = {"APP_KEY": "APP0042", "APP_SECRET": SECRET}
    assert command(store, *words, **keys) == (0, "n: good. Sends to https://province.example: complete, rated\n")
    status, said = command(store, *words, "--case", uid, **keys)
    assert status == 0
    assert '{"name":"<3 characters>"}' in said
    assert "<secret>" in said
    for hidden in (SECRET, "APP0042", "王秀英"):
        assert hidden not in said
    status, said = command(store, *words, "--case", uid, "--event", "rated", **keys)
    assert (status, said.splitlines()[-1]) == (1, "Error: it would be refused, and be a dead end: missing:rating")
    status, said = command(store, *words, "--case", "none", **keys)
    assert (status, said.splitlines()[-1]) == (1, "Error: there is no such submission")


def test_two_processes_on_one_postgresql_tell_each_event_once(postgres: str, tmp_path: Path) -> None:
    store = DistrictStore(postgres, tmp_path / "papers")
    uids = [hand_in(store) for _ in range(20)]
    for uid in uids:
        move(store, uid, Event.ACCEPTED)
    environment = {**os.environ, "DISTRICT_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(ROOT)}
    words = [Path(sys.executable).parent / "district", "forward", "--database", postgres]
    with Hook() as hook:
        hook.faults.extend(["wait", "wait"])
        two = [
            subprocess.Popen([*words, "--to", hook.url], env=environment, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        hook.both.wait(60)  # each holds an event of its own
        deadline = time.monotonic() + 60
        while Outbox(store.engine).undelivered() and time.monotonic() < deadline:
            hook.arrived.wait(1)
            hook.arrived.clear()
        for one in two:
            one.send_signal(signal.SIGTERM)
        said = [one.communicate(timeout=20)[1].splitlines() for one in two]
    store.close()
    assert [one.returncode for one in two] == [0, 0]
    assert sorted(len(lines) > 0 for lines in said) == [True, True]
    assert len(hook.heard) == 40
    for uid in uids:
        assert [one.event for one in hook.heard if one.told["uid"] == uid] == ["complete", "accepted"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_does_not_wait_for_a_silent_receiver_ends_it_at_once(store: DistrictStore, number: signal.Signals) -> None:
    hand_in(store)
    environment = {**os.environ, "DISTRICT_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(ROOT)}
    words = [Path(sys.executable).parent / "district", "forward", "--database", str(store.engine.url)]
    with Hook() as hook:
        hook.faults.append("hang")
        one = subprocess.Popen([*words, "--to", hook.url], env=environment, stderr=subprocess.PIPE, text=True)
        assert hook.hanging.wait(30)
        one.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            one.wait(1)
        one.send_signal(number)
        said = one.communicate(timeout=5)[1]
    assert (one.returncode, said) == (-number, "")


def test_a_forwarder_killed_between_their_answer_and_our_commit_sends_it_again_under_its_key(
    store: DistrictStore, tmp_path: Path
) -> None:
    """kill -9 while the receiver has the event and its answer is on the way; another forwarder goes on, and stops
    when it is told."""
    uids = [hand_in(store), hand_in(store)]
    outbox = Outbox(store.engine)
    environment = {**os.environ, "DISTRICT_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(ROOT)}
    words = [Path(sys.executable).parent / "district", "forward", "--database", str(store.engine.url)]

    def started(url: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*words, "--to", url], env=environment, stderr=subprocess.PIPE, text=True)

    with Hook() as hook:
        hook.faults.append("hang")
        first = started(hook.url)
        assert hook.hanging.wait(30)
        first.kill()
        first.communicate(timeout=20)
        hook.release.set()
        (event, _) = outbox.since(0)
        assert [one.key for one in hook.heard] == [event.key]
        assert outbox.claim() is not None, "the second one is free"
        assert outbox.claim() is None, "the first is still the dead one's"
        for one in outbox.since(0):
            assert outbox.retry(one.seq)
        second = started(hook.url)
        assert second.stderr is not None
        lines = [second.stderr.readline() for _ in uids]
        second.send_signal(signal.SIGTERM)
        assert second.wait(20) == 0
        second.stderr.close()
    assert all(line.endswith("delivered\n") for line in lines)
    assert [one.key for one in hook.heard].count(event.key) == 2
    assert [one.told["uid"] for one in hook.told()] == uids
    assert outbox.undelivered() == 0
