"""A district that asks for signatures, as its terminals and those who would like to be one meet it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from district.authority import new_authority
from district.cli import main
from district.database import open_engine
from district.embedded import EmbeddedDistrict
from district.gate import WINDOW_SECONDS, Admitted, Gate, Refused, Request
from district.nonces import _Within, open_nonces  # pyright: ignore[reportPrivateUsage]
from district.tables import NONCES
from district.terminals import Terminals
from offline_queue.client import PlatformClient
from offline_queue.model import Paper, SystemClock
from offline_queue.numbers import base64url, key_id
from offline_queue.retry import Answer, Outcome
from offline_queue.signing import RequestSigner
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import PROBLEM, State, read_problem
from offline_queue.work import FormWork
from tests.support.certificates import Authority
from tests.support.queue_rig import TurnedClock, open_store, stored

PAPER = Paper(material="household-register", media_type="image/jpeg", content=b"\xff\xd8\xff picture")
URL = "https://district.example/v1/submissions/x"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue")
    yield opened
    opened.close()


@pytest.fixture
def district(tmp_path: Path, store: Store) -> Iterator[EmbeddedDistrict]:
    """Knows the terminal of `store`, and another."""
    with EmbeddedDistrict(tmp_path / "district") as running:
        running.register("TY03", store.public_key[1])
        running.register("TY04", OTHER.public_key().public_bytes_raw())
        yield running


OTHER = Ed25519PrivateKey.generate()


def kind(outcome: Outcome) -> tuple[int, str]:
    assert isinstance(outcome, Answer), outcome
    return outcome.status, read_problem(outcome.body).type.removeprefix(PROBLEM)


def test_a_registered_terminal_delivers_and_others_do_not_see_it(store: Store, district: EmbeddedDistrict) -> None:
    uid = stored(store.put(matter="m", form={}, attachments=[PAPER])).uid
    store.rate(uid, 5)
    client, stranger = PlatformClient(district.url, signer=store.signer()), PlatformClient(district.url)
    other = PlatformClient(district.url, signer=RequestSigner(OTHER))
    assert sync_once(store, client).delivered == 1
    item = store.show(uid)
    assert item is not None
    assert item.state is State.DONE
    paper = item.attachments[0].id
    for who, answer in ((other, (404, "unknown")), (stranger, (401, "signature"))):
        assert kind(who.progress(uid)) == answer
        assert kind(who.put_rating(uid, b'{"level":5}')) == answer
        assert kind(who.send_chunk(paper, 0, b"1")) == answer
    looked = other.attachment_offset(paper)
    assert isinstance(looked, Answer)
    assert looked.status == 404
    for one in (client, stranger, other):
        one.close()


def test_a_terminal_hands_in_under_its_own_code_only(store: Store, district: EmbeddedDistrict) -> None:
    uid = stored(store.put(matter="m", form={})).uid
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    other = PlatformClient(district.url, signer=RequestSigner(OTHER))
    assert kind(other.put_form(uid, work.body, work.media_type)) == (422, "kiosk")
    other.close()


def test_an_unregistered_terminal_waits_uncounted(tmp_path: Path, district: EmbeddedDistrict) -> None:
    store = open_store(tmp_path / "unknown")
    uid = stored(store.put(matter="m", form={})).uid
    client = PlatformClient(district.url, signer=store.signer())
    assert sync_once(store, client).failed == 1
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.attempts, item.last_error) == (State.READY, 0, "http-401")
    district.register("TY05", store.public_key[1])
    sync_once(store, client, hurry=True)
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, "http-422")  # this store says it is TY03
    client.close()
    store.close()


@pytest.mark.parametrize("seconds", [-10 * 365 * 86400, -86400, 86400, 10 * 365 * 86400])
def test_a_terminal_with_a_wrong_clock_still_delivers(
    tmp_path: Path, store: Store, district: EmbeddedDistrict, seconds: int
) -> None:
    uid = stored(store.put(matter="m", form={}, attachments=[PAPER])).uid
    signer = store.signer()
    right = signer.now()
    client = PlatformClient(district.url, signer=RequestSigner(_key(tmp_path), wall=lambda: right + seconds))
    assert client.clock_offset == 0
    assert sync_once(store, client).delivered == 1
    assert client.clock_offset == pytest.approx(-seconds, abs=30)
    client.close()
    assert store.show(uid) is not None


def test_papers_alone_teach_the_clock_too(tmp_path: Path, store: Store, district: EmbeddedDistrict) -> None:
    store.put(matter="m", form={}, attachments=[PAPER])
    client = PlatformClient(district.url, signer=store.signer())
    sync_once(store, client, stopped=lambda: store.list()[0].state is State.RECEIVED)
    client.close()
    assert store.list()[0].state is State.RECEIVED
    late = PlatformClient(district.url, signer=RequestSigner(_key(tmp_path), wall=lambda: 5.0))
    assert sync_once(store, late).delivered == 1
    late.close()


def test_a_platform_that_is_never_content_with_the_time_is_an_alarm(
    store: Store, district: EmbeddedDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(matter="m", form={})
    signer = store.signer()
    monkeypatch.setattr(signer, "now", lambda: 5.0)
    client = PlatformClient(district.url, signer=signer)
    assert sync_once(store, client).failed == 1
    item = store.list()[0]
    assert (item.state, item.last_error, item.attempts) == (State.READY, "clock", 0)
    client.close()


def _key(folder: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes((folder / "queue" / "terminal.key").read_bytes())


def test_a_request_sent_again_as_it_was_is_refused(store: Store, district: EmbeddedDistrict) -> None:
    url = f"{district.url}/v1/submissions/6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    fields = store.signer().fields("GET", url, {})
    first, again = (requests.get(url, headers=fields, timeout=10) for _ in range(2))
    assert (first.status_code, first.json()["type"]) == (404, PROBLEM + "unknown")
    assert (again.status_code, again.json()["type"]) == (401, PROBLEM + "nonce")


def test_a_body_that_nobody_signed_is_refused(store: Store, district: EmbeddedDistrict) -> None:
    url = f"{district.url}/v1/submissions/6f9619ff-8b86-4d01-b42d-00cf4fc964ff/rating"
    fields = store.signer().fields("PUT", url, {})
    answer = requests.put(url, data=b'{"level":5}', headers=fields, timeout=10)
    assert (answer.status_code, answer.json()["type"]) == (400, PROBLEM + "digest")


class Desk:
    """A gate with a clock to turn and one registered key."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = open_engine(url)
        self.clock = TurnedClock()
        self.began = self.clock.wall().timestamp()
        self.key = Ed25519PrivateKey.generate()
        self.terminals = Terminals(self._engine)
        self.terminals.add("TY03", self.key.public_key().public_bytes_raw())
        self.gate = self._gate()

    def _gate(self) -> Gate:
        def wall() -> float:
            return self.clock.wall().timestamp()

        return Gate(Terminals(self._engine), open_nonces(self._engine, wall=wall), wall=wall)

    def restart(self) -> None:
        self._engine.dispose()
        self._engine = open_engine(self._url)
        self.gate = self._gate()

    def nonces(self) -> int:
        """Those that are remembered: on PostgreSQL in the database, with SQLite in the one file beside it."""
        if self._engine.dialect.name == "sqlite":
            (file,) = self.nonce_files()
            with closing(sqlite3.connect(file)) as beside:
                return beside.execute("SELECT count(*) FROM nonce").fetchone()[0]
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(NONCES)).scalar_one()

    def nonce_files(self) -> list[Path]:
        database = Path(str(self._engine.url.database))
        return [one for one in database.parent.glob("*-nonces-*") if not one.name.endswith("-journal")]

    def signed(self, *, after: float = 0.0) -> Request:
        signer = RequestSigner(self.key, wall=lambda: self.began + after)
        return Request(method="GET", url=URL, headers=signer.fields("GET", URL, {}))

    def says(self, request: Request) -> str:
        answer = self.gate.admit(request)
        return answer.kind if isinstance(answer, Refused) else str(answer.code)

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    opened = Desk(database)
    yield opened
    opened.close()


def test_a_signature_counts_five_minutes_around_its_time_and_once(desk: Desk) -> None:
    request = desk.signed(after=1000)
    assert desk.says(request) == "clock"
    desk.clock.forward(1000 - WINDOW_SECONDS)
    assert desk.says(request) == "TY03"
    for seconds in (0, WINDOW_SECONDS, WINDOW_SECONDS):
        desk.clock.forward(seconds)
        assert desk.says(request) == "nonce"
    desk.clock.forward(1)
    assert desk.says(request) == "clock"


def test_a_used_signature_is_remembered_over_a_restart(desk: Desk) -> None:
    request = desk.signed(after=-5)
    assert desk.says(request) == "TY03"
    desk.restart()
    assert desk.says(request) == "nonce"
    assert desk.says(desk.signed(after=-5)) == "TY03"


def test_with_sqlite_each_boot_of_the_machine_has_a_file_of_its_own(tmp_path: Path) -> None:
    for old in ("d.db-nonces-an-older-boot", "d.db-nonces-an-older-boot-journal"):
        (tmp_path / old).write_bytes(b"what a power cut left of it")
    (tmp_path / "another.db-nonces-boot").touch()
    desk = Desk(f"sqlite:///{tmp_path / 'd.db'}")
    assert desk.says(desk.signed()) == "TY03"
    desk.close()
    names = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.glob("*-nonces-*")}
    ours = f"d.db-nonces-{SystemClock().boot_id()}"
    assert names.pop("another.db-nonces-boot")
    assert names == {ours: 0o600, f"{ours}-journal": 0o600}


def test_of_many_that_bring_one_signature_at_once_one_gets_in(desk: Desk) -> None:
    request = desk.signed()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(desk.says, [request] * 16))
    assert Counter(said) == {"TY03": 1, "nonce": 15}


def test_of_signatures_that_are_asked_about_together_each_has_its_own_answer(postgres: str) -> None:
    engine = open_engine(postgres)
    terminals = Terminals(engine)
    keys = {code: Ed25519PrivateKey.generate().public_key().public_bytes_raw() for code in ("TY03", "TY04", "TY05")}
    for code, raw in keys.items():
        terminals.add(code, raw)
    here, gone, other = (key_id(raw) for raw in keys.values())
    terminals.revoke(gone)
    nonces = open_nonces(engine)
    assert isinstance(nonces, _Within)
    until = 2_000_000_000
    assert nonces.use(here, "used", until=until)[1]
    asked = [(here, "x"), (here, "x"), (gone, "x"), ("unknown1", "x"), (other, "x"), (here, "used"), (here, 'a, "b"')]
    told = nonces._use_several([(*one, until) for one in asked])  # pyright: ignore[reportPrivateUsage]
    assert [(None if terminal is None else terminal.code, first) for terminal, first in told] == [
        ("TY03", True),
        ("TY03", False),
        ("TY04", False),
        (None, False),
        ("TY05", True),
        ("TY03", False),
        ("TY03", True),
    ]
    engine.dispose()


def test_what_can_count_no_more_is_forgotten(desk: Desk) -> None:
    for _ in range(3):
        assert desk.says(desk.signed()) == "TY03"
    desk.clock.forward(WINDOW_SECONDS + 3600)
    assert desk.says(desk.signed(after=WINDOW_SECONDS + 3600)) == "TY03"
    assert desk.nonces() == 4
    desk.clock.forward(61)
    assert desk.says(desk.signed(after=WINDOW_SECONDS + 3661)) == "TY03"
    assert desk.nonces() == 2


def test_a_clock_that_ran_ahead_and_is_set_back_lets_nothing_in_twice(desk: Desk) -> None:
    request = desk.signed()
    assert desk.says(request) == "TY03"
    desk.clock.forward(3600)
    assert desk.says(request) == "clock"
    assert desk.says(desk.signed(after=3600)) == "TY03"
    desk.clock.forward(-3600)
    assert desk.says(request) == "nonce"
    assert desk.says(desk.signed()) == "TY03"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Signature-Input": "x", "Signature": "y"},
        {"Signature-Input": 'kiosk=("@method" "@target-uri");created=5', "Signature": "kiosk=:AAAA:"},
        {"Signature-Input": 'kiosk=("@method" "@nothing");created=5;keyid="a"', "Signature": "kiosk=:AAAA:"},
        {"Signature-Input": "kiosk=" + "(" * 5000, "Signature": "kiosk=:AAAA:"},
        {"Signature-Input": '王="x"', "Signature": "kiosk=:AAAA:"},
    ],
)
def test_what_is_no_signature_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    assert desk.says(Request(method="GET", url=URL, headers=headers)) == "signature"


def test_a_signature_must_cover_what_the_request_has(desk: Desk) -> None:
    request = desk.signed()
    more = {**request.headers, "content-digest": "sha-256=:AAAA:"}
    assert desk.says(Request(method="GET", url=URL, headers=more)) == "signature"
    assert desk.says(Request(method="GET", url="not an address", headers=request.headers)) == "signature"


def test_revoked_keys_never_count_again_and_new_ones_may_overlap(desk: Desk) -> None:
    raw = desk.key.public_key().public_bytes_raw()
    successor = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    desk.terminals.add("TY03", successor)
    assert desk.gate.admit(desk.signed()) == Admitted(code="TY03", key_id=key_id(raw))
    assert desk.terminals.revoke(key_id(raw))
    before = desk.nonces()
    assert desk.says(desk.signed()) == "terminal"
    assert desk.nonces() == before
    with pytest.raises(ValueError, match="revoked"):
        desk.terminals.add("TY03", raw)
    with pytest.raises(ValueError, match="that of TY03"):
        desk.terminals.add("TY04", successor)
    with pytest.raises(ValueError, match="32 bytes"):
        desk.terminals.add("TY04", b"short")


def test_without_terminals_nothing_is_asked_for_unless_told(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'district.db'}")
    terminals, nonces = Terminals(engine), open_nonces(engine)
    for asked in (
        Request(method="GET", url=URL, headers=RequestSigner(OTHER).fields("GET", URL, {})),
        Request(method="GET", url=URL, headers={}),
    ):
        assert Gate(terminals, nonces).admit(asked) == Admitted(code=None, key_id=None)
        assert isinstance(Gate(terminals, nonces, required=True).admit(asked), Refused)
    engine.dispose()


def test_the_register_by_hand(tmp_path: Path, store: Store) -> None:
    database = ("--database", f"sqlite:///{tmp_path / 'district.db'}")
    shown, raw = store.public_key
    key = base64url(raw)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["terminals", *words, *database])
        return result.exit_code, result.output

    status, line = run("add", "TY03", key, "桃源镇便民服务大厅", "--json")
    assert (status, json.loads(line.splitlines()[-1])["key_id"]) == (0, shown)
    assert run("add", "TY03", "not a key")[0] == 1
    assert run("list") == (0, f"TY03\t{shown}\t{key}\tgood\n")
    assert run("revoke", shown) == (0, "")
    assert "revoked" in run("list")[1]
    assert run("revoke", "nobody")[0] == 1


def test_a_certificate_is_one_machines_while_two_have_the_code(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'district.db'}"
    engine = open_engine(database)
    terminals = Terminals(engine)
    keys = (Ed25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(3))
    old, new, gone = (terminals.add("TY03", key) for key in keys)
    terminals.revoke(gone.key_id)
    certificate = Authority(tmp_path, "district-ca").signs("TY03").certificate

    def certify(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["terminals", "certify", *words, "--database", database])
        return result.exit_code, result.output

    def certified() -> list[str]:
        return [one.key_id for one in terminals.all() if one.certificate_sha256 is not None]

    status, said = certify("TY03", str(certificate))
    assert (status, old.key_id in said, new.key_id in said, gone.key_id in said) == (1, True, True, False)
    for code, key in (("TY03", gone.key_id), ("TY04", old.key_id)):
        status, said = certify(code, str(certificate), "--key", key)
        assert (status, f"there is no key {key} of {code} that is not revoked" in said) == (1, True)
    assert certified() == []
    assert certify("TY03", str(certificate), "--key", new.key_id) == (0, "")
    assert certified() == [new.key_id]
    terminals.revoke(new.key_id)
    assert certify("TY03", str(certificate)) == (0, "")
    assert sorted(certified()) == sorted([old.key_id, new.key_id])
    engine.dispose()


def test_the_newest_report_of_each_terminal_is_kept(tmp_path: Path, store: Store, district: EmbeddedDistrict) -> None:
    client = PlatformClient(district.url, signer=store.signer())
    other = PlatformClient(district.url, signer=RequestSigner(OTHER))
    for waiting in (3, 2):
        store.report("heartbeat", {"waiting": waiting})
        assert sync_once(store, client).failed == 0
    assert kind(other.report("heartbeat", b'{"waiting":7}')) == (204, "about:blank")
    for one in (client, other):
        one.close()
    database = f"sqlite:///{tmp_path / 'district' / 'district.db'}"
    shown = CliRunner().invoke(main, ["telemetry", "--json", "--database", database]).output.splitlines()
    reports = [json.loads(line) for line in shown]
    assert [(one["terminal"], one["kind"], one["report"]) for one in reports] == [
        ("TY03", "heartbeat", {"waiting": 2}),
        ("TY04", "heartbeat", {"waiting": 7}),
    ]
    plain = CliRunner().invoke(main, ["telemetry", "--database", database]).output
    assert plain.startswith("TY03\theartbeat\t")
    assert "waiting 2" in plain


@pytest.mark.parametrize(
    "body",
    [
        rb'{"version":"\ud800"}',
        rb'{"\udc00":1}',
        b"[]",
        b"{",
        b"\xff",
        b'{"a":' + b"[" * 5000,
        b'{"a":NaN}',
        b'{"a":[1e999]}',
    ],
)
def test_what_could_not_be_shown_is_no_report(district: EmbeddedDistrict, body: bytes) -> None:
    client = PlatformClient(district.url, signer=RequestSigner(OTHER))
    assert kind(client.report("heartbeat", body)) == (422, "report")
    assert kind(client.report("heartbeat", rb'{"version":"\ud83d\ude00"}')) == (204, "about:blank")
    client.close()


def test_the_example_by_hand_works_as_it_stands(tmp_path: Path) -> None:
    """The shell lines of docs/integrators.md: curl and openssl against `district serve`."""
    page = (Path(__file__).parents[2] / "docs" / "integrators.md").read_text("utf-8")
    lines = page.partition("## By hand")[2].partition("```sh\n")[2].partition("```")[0]
    programs = Path(sys.executable).parent
    environment = {**os.environ, "KIOSK_DATA_DIR": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
    new_authority(tmp_path / "ca", name="Terminals", now=datetime.now(tz=UTC))
    words = ("serve", "--issue", tmp_path / "ca", "--port", "0")
    server = subprocess.Popen([programs / "district", *words], stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stderr is not None
    try:
        port = server.stderr.readline().strip().rstrip("/").rpartition(":")[2]
        script = "set -eu\n" + lines.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    finally:
        server.kill()
        server.communicate()
    enrolled, form, head, patch, *later = re.findall(r"HTTP/1\.1 (\d{3})", done.stdout)
    assert (enrolled, form, head, patch) == ("201", "201", "200", "204")
    assert later == ["200", "200", "200", "204", "404", "201", "204"]
    assert '"state":"done"' in done.stdout
    assert '"status":201' in done.stdout  # in the batch
