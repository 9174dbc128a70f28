"""`kiosk enrol` against `district serve` with mutual TLS: a bare machine becomes a terminal that delivers."""

from __future__ import annotations

import json
import os
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.authority import issue, new_authority
from district.cli import main as district_main
from district.enrolment import MOST_REFUSALS
from district.keys import make_bundle, new_keys
from kiosk import enrolling
from kiosk.bootstrap import open_platform, open_queue
from kiosk.cli import main
from kiosk.config import Config, load
from kiosk.own_certificate import own_certificate
from offline_queue.certificate import OwnCertificate
from offline_queue.enrolment import Enrolled, HallName, enrolment, new_code
from offline_queue.retry import Answer, Outcome
from offline_queue.sync import sync_once
from offline_queue.wire import PROBLEM, canonical_bytes, content_digest, read_problem
from tests.support.certificates import Authority
from tests.support.queue_rig import RudeServer, http_answer

UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


class District:
    """A platform of its own process: `url` for those with a certificate, `door` for those who have none yet."""

    def __init__(self, folder: Path, *, first: str = "") -> None:
        """`first` is Python that its process runs before all else."""
        self.folder = folder
        self.server = Authority(folder / "server", "server-ca")
        self.ca = folder / "ca"
        new_authority(self.ca, name="Terminals", now=datetime.now(tz=UTC))
        self.bundle_key = new_keys(folder / "keys", now=datetime.now(tz=UTC)).signing
        bundle = folder / "bundle.json"
        bundle.write_bytes(make_bundle(folder / "keys", now=datetime.now(tz=UTC)))
        own = self.server.signs("district")
        words = ["serve", "--tls-cert", str(own.certificate), "--tls-key", str(own.key), "--port", "0"]
        words += ["--client-ca", str(self.ca / "ca.pem"), "--issue", str(self.ca), "--staff-port", "0"]
        words += ["--enrol-port", "0", "--bundle", str(bundle), "--keys", str(folder / "keys")]
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{first}\nfrom district.cli import main; main()", *words],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KIOSK_DATA_DIR": str(folder)},
        )
        assert self.process.stderr is not None
        self.url, _, self.door = (self.process.stderr.readline().strip().rstrip("/") for _ in range(3))
        self("halls", "add", "taoyuan", "桃源镇便民服务中心")

    def __call__(self, *words: str) -> str:
        database = f"sqlite:///{self.folder / 'district' / 'district.db'}"
        result = CliRunner().invoke(district_main, [*words, "--database", database])
        assert result.exit_code == 0, result.output
        return result.stdout

    def invite(self, terminal: str = "TY03") -> str:
        said = json.loads(self("terminals", "invite", terminal, "--hall", "taoyuan", "--url", self.door, "--json"))
        self.scanned = said["qr"]
        return said["code"]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


class Terminal:
    """A machine with a configuration and nothing else."""

    def __init__(self, folder: Path, district: District, *, bundle_key: str = "") -> None:
        self.folder = folder
        self.tls = folder / "tls"
        self.settings = folder / "kiosk.toml"
        folder.mkdir(exist_ok=True)
        self.settings.write_text(
            f'data = "{folder / "data"}"\n[hall]\nterminal = "TY03"\n[platform]\nurl = "{district.url}"\n'
            f'ca = "{district.server.certificate}"\nbundle_key = "{bundle_key}"\n'
            f'client_cert = "{self.tls / "cert.pem"}"\nclient_key = "{self.tls / "key.pem"}"\n',
            "utf-8",
        )

    @property
    def config(self) -> Config:
        return load(self.settings)

    def enrol(self, *words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, ["enrol", *words, "--config", str(self.settings)], input=typed)

    def trouble(self, *words: str) -> str:
        done = self.enrol(*words, "--json")
        assert done.exit_code == 1, done.output
        return json.loads(done.stdout)["trouble"]

    @property
    def bundle(self) -> Path:
        return self.folder / "data" / "queue" / "district-keys.json"

    def has(self) -> tuple[bool, bool]:
        """The certificate, and the district's keys."""
        return (self.tls / "cert.pem").exists(), self.bundle.exists()


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    running = District(tmp_path_factory.mktemp("district"))
    yield running
    running.stop()


def test_a_bare_machine_becomes_a_terminal_that_delivers(tmp_path: Path, district: District) -> None:
    terminal = Terminal(tmp_path, district, bundle_key=district.bundle_key)
    done = terminal.enrol(district.door, district.invite())
    assert done.exit_code == 0, done.output
    assert "hall: 桃源镇便民服务中心" in done.output
    assert "kiosk doctor" in done.output
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(terminal.tls / "cert.pem", terminal.tls / "key.pem")
    assert {path.name for path in terminal.tls.iterdir()} == {"cert.pem", "key.pem"}
    assert (terminal.tls / "key.pem").stat().st_mode & 0o077 == 0
    data = terminal.folder / "data"
    assert [oct(path.stat().st_mode & 0o777) for path in (data, data / "queue")] == ["0o700", "0o700"]
    store = open_queue(terminal.config)
    store.put(matter="m", form={})
    client = open_platform(terminal.config.platform, store.signer())
    assert sync_once(store, client).delivered == 1
    client.close()
    store.close()
    assert json.loads(district("terminals", "list", "--json").splitlines()[-1])["hall"] == "taoyuan"


def test_who_has_no_certificate_reaches_the_enrolment_the_slips_page_and_nothing_else(
    tmp_path: Path, district: District
) -> None:
    ca = str(district.server.certificate)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post(f"{district.url}/v1/enrolments", data=b"{}", verify=ca, timeout=10)
    for path in (f"/v1/submissions/{UID}", "/v1/catalogue", "/v1/health", "/", "/sign-in"):
        assert requests.get(district.door + path, verify=ca, timeout=10).status_code == 404
    slip = requests.get(f"{district.door}/s", verify=ca, timeout=10)
    assert (slip.status_code, "扫码查询" in slip.text) == (200, True)
    assert "default-src 'none'" in slip.headers["Content-Security-Policy"]
    assert requests.get(f"{district.door}/static/staff.css", verify=ca, timeout=10).status_code == 200
    mistyped = requests.get(f"{district.door}/slip", verify=ca, timeout=10)
    assert (mistyped.status_code, "扫码查询" in mistyped.text) == (404, True)
    empty = requests.post(f"{district.door}/v1/enrolments", data=b"{}", verify=ca, timeout=10)
    assert (empty.status_code, empty.json()["type"]) == (400, PROBLEM + "digest")
    assert requests.get(f"{district.door}/v1/enrolments", verify=ca, timeout=10).headers["Allow"] == "POST"


def test_who_renewed_after_the_backup_that_was_restored_is_let_in_by_hand(tmp_path: Path, district: District) -> None:
    terminal = Terminal(tmp_path, district, bundle_key=district.bundle_key)
    assert terminal.enrol(district.door, district.invite()).exit_code == 0
    own, backup = terminal.tls / "cert.pem", tmp_path / "backup.pem"
    backup.write_bytes(own.read_bytes())
    renewed = CliRunner().invoke(main, ["platform", "renew", "--force", "--config", str(terminal.settings)])
    assert renewed.exit_code == 0, renewed.output

    with closing(open_queue(terminal.config)) as store:
        certify = ("terminals", "certify", "TY03", "--key", store.public_key[0])

    def restore() -> None:
        """The district knows the certificate again that it knew then."""
        district(*certify, str(backup))

    def said() -> tuple[int, str]:
        store = open_queue(terminal.config)
        client = open_platform(terminal.config.platform, store.signer())
        answer = client.progress(UID)
        client.close()
        store.close()
        assert isinstance(answer, Answer), answer
        return answer.status, read_problem(answer.body).type.removeprefix(PROBLEM)

    restore()
    assert said() == (403, "certificate")
    district(*certify, str(own))
    assert said() == (404, "unknown")
    restore()
    assert said() == (403, "certificate")
    assert terminal.enrol(district.door, district.invite()).exit_code == 0
    assert said() == (404, "unknown")


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """One that others may be shut out of, and that waits a second for a request."""
    running = District(
        tmp_path_factory.mktemp("hasty"), first="from district import serving; serving.ENTRY_SECONDS = 1.0"
    )
    yield running
    running.stop()


def test_nobody_chooses_the_address_that_wrong_codes_are_counted_by(tmp_path: Path, hasty: District) -> None:
    asked = enrolment(new_code("TY03"), Ed25519PrivateKey.generate(), _request(tmp_path))
    said: list[int] = []
    for number in range(MOST_REFUSALS + 1):
        headers = {"Content-Digest": content_digest(asked), "X-Forwarded-For": f"192.0.2.{number}"}
        answer = requests.post(
            f"{hasty.door}/v1/enrolments", data=asked, headers=headers, verify=str(hasty.server.certificate), timeout=10
        )
        said.append(answer.status_code)
    assert said == [404] * MOST_REFUSALS + [429]


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /v1/enrolments HTTP/1.1\r\nHost: x\r\nX: ",
        b"POST /v1/enrolments HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        b"GET /v1/enrolments HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/enrolments HTTP/1.1\r\nX: ",
    ],
    ids=["nothing", "head", "body", "second"],
)
def test_a_line_that_says_nothing_or_trickles_is_cut(hasty: District, begun: bytes) -> None:
    line = _line(hasty)
    since = time.monotonic()
    line.connect()
    ours: object = line.sock
    assert isinstance(ours, ssl.SSLSocket)
    ours.sendall(begun)
    ours.settimeout(0.1)
    heard = _until_cut(ours, trickle=b"x" if begun else b"")
    line.close()
    assert 0.5 < time.monotonic() - since < 25  # of the thirty that others have
    assert heard.count(b"HTTP/1.1 405 ") == begun.count(b"\r\n\r\nGET")


def _until_cut(line: ssl.SSLSocket, *, trickle: bytes) -> bytes:
    heard = b""
    for _ in range(100):
        try:
            part = line.recv(4096)
            if not part:
                return heard
            heard += part
        except TimeoutError:
            line.sendall(trickle)
        except OSError:
            return heard
    raise AssertionError("the line was left open")


def test_a_line_that_is_used_is_kept(hasty: District) -> None:
    line = _line(hasty)
    kept: list[object] = []
    for _ in range(3):
        line.request("GET", "/v1/enrolments")
        with line.getresponse() as answer:
            assert (answer.status, len(answer.read()) > 0) == (405, True)
        kept.append(line.sock)
    line.close()
    assert kept == [kept[0]] * 3


def test_what_came_whole_is_answered_however_long_that_takes(tmp_path: Path, hasty: District) -> None:
    asked = enrolment(new_code("TY03"), Ed25519PrivateKey.generate(), _request(tmp_path))
    busy = sqlite3.connect(hasty.folder / "district" / "district.db", isolation_level=None)
    busy.execute("DELETE FROM refusal")
    busy.execute("BEGIN IMMEDIATE")

    def answer() -> int:
        line = _line(hasty)
        line.request("POST", "/v1/enrolments", asked, {"Content-Digest": content_digest(asked)})
        with line.getresponse() as told:
            status = told.status
        line.close()
        return status

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(answer)
        with pytest.raises(TimeoutError):
            told.result(2)
        busy.rollback()
        busy.close()
        assert told.result(10) == 404


def _line(district: District) -> HTTPSConnection:
    context = ssl.create_default_context(cafile=district.server.certificate)
    return HTTPSConnection(district.door.removeprefix("https://"), context=context, timeout=10)


def _request(folder: Path) -> bytes:
    return OwnCertificate(folder / "cert.pem", folder / "key.pem").first_request("TY03")


def test_after_a_lost_answer_or_a_power_cut_the_same_code_finishes_it(
    tmp_path: Path, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, code = Terminal(tmp_path, district, bundle_key=district.bundle_key), district.invite()

    def lost(_outcome: Outcome) -> enrolling.NotDone:
        return enrolling.NotDone("enrolment-unreachable")

    with monkeypatch.context() as patched:  # the answer is on its way, and the line breaks
        patched.setattr(enrolling, "_read", lost)
        assert terminal.trouble(district.door, code) == "enrolment-unreachable"
    assert terminal.has() == (False, False)

    def cut(self: OwnCertificate) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(OwnCertificate, "take_first", cut)
        assert terminal.enrol(district.door, code).exit_code == 1
    assert terminal.has() == (False, True)
    assert terminal.enrol(district.door, code).exit_code == 0
    first = (terminal.tls / "cert.pem").read_bytes()
    assert terminal.enrol(district.door, code).exit_code == 0
    assert (terminal.tls / "cert.pem").read_bytes() == first
    assert {path.name for path in terminal.tls.iterdir()} == {"cert.pem", "key.pem"}


def test_a_code_is_read_from_its_picture_and_asked_for_where_none_is_given(tmp_path: Path, district: District) -> None:
    terminal = Terminal(tmp_path, district, bundle_key=district.bundle_key)
    district.invite()
    done = terminal.enrol(district.door, typed=f"{district.scanned}\n")
    assert done.exit_code == 0, done.output
    again = terminal.enrol(district.door, district.invite().lower().replace("-", " "), "--json")
    version = int((district.folder / "keys" / "bundle-version").read_text())
    assert json.loads(again.stdout)["bundle"] == version


def test_the_districts_keys_are_taken_from_whom_the_technician_was_told(tmp_path: Path, district: District) -> None:
    terminal, code = Terminal(tmp_path, district), district.invite()
    assert terminal.trouble(district.door, code) == "enrolment-bundle-key"
    other = new_keys(tmp_path / "other", now=datetime.now(tz=UTC)).signing
    assert terminal.trouble(district.door, code, "--bundle-key", other) == "enrolment-answer"
    assert terminal.has() == (False, False)
    assert terminal.enrol(district.door, code, "--bundle-key", "x").exit_code == 2
    done = terminal.enrol(district.door, code, "--bundle-key", district.bundle_key)
    assert done.exit_code == 0, done.output
    assert f'bundle_key = "{district.bundle_key}"' in done.output
    told = Terminal(tmp_path, district, bundle_key=district.bundle_key)
    assert told.enrol(district.door, code, "--bundle-key", other).exit_code == 2


def test_what_the_district_refuses_is_told_and_changes_nothing(tmp_path: Path, district: District) -> None:
    terminal = Terminal(tmp_path, district, bundle_key=district.bundle_key)
    assert terminal.trouble(district.door, "TY03-0000") == "enrolment-mistyped"
    assert terminal.trouble(district.door, district.invite("TY04")) == "enrolment-other-terminal"
    assert terminal.trouble(district.door, new_code("TY03")) == "enrolment-refused"
    assert terminal.trouble(district.url, new_code("TY03")) == "enrolment-unreachable"
    assert "--enrol-port" in terminal.enrol(district.url, new_code("TY03")).output
    assert terminal.enrol("http://192.0.2.1", new_code("TY03")).exit_code == 2
    assert terminal.has() == (False, False)
    used = district.invite()
    assert terminal.enrol(district.door, used).exit_code == 0
    other = Terminal(tmp_path / "other", district, bundle_key=district.bundle_key)
    assert other.trouble(district.door, used) == "enrolment-refused"
    assert other.has() == (False, False)


@pytest.fixture
def own_district(tmp_path: Path) -> Iterator[District]:
    running = District(tmp_path / "running")
    yield running
    running.stop()


def test_what_the_platform_lacks_for_a_certificate_is_told_to_whoever_runs_it(
    tmp_path: Path, own_district: District
) -> None:
    running = own_district
    terminal, code = Terminal(tmp_path / "terminal", running, bundle_key=running.bundle_key), running.invite()
    bundle, ca = running.folder / "bundle.json", running.ca

    def fails() -> None:
        assert terminal.trouble(running.door, code) == "enrolment-unreachable"

    kept = bundle.rename(bundle.with_name("kept.json"))
    fails()
    kept.rename(bundle)
    away = ca.rename(ca.with_name("away"))
    fails()
    away.rename(ca)
    assert terminal.enrol(running.door, code).exit_code == 0
    away = ca.rename(ca.with_name("away"))
    own, store = own_certificate(terminal.config.platform), open_queue(terminal.config)
    assert own is not None
    client = open_platform(terminal.config.platform, store.signer())
    outcome = client.renew_certificate("TY03", own.first_request("TY03"))
    store.close()
    client.close()
    assert isinstance(outcome, Answer)
    assert (outcome.status, read_problem(outcome.body).type) == (503, f"{PROBLEM}later")
    assert str(tmp_path).encode() not in outcome.body
    running.process.terminate()
    said = running.process.communicate(timeout=20)[1].splitlines()
    assert said == [
        f"answered 503: {bundle} can't be read: No such file or directory",
        *[f"answered 503: {ca} holds no authority: district ca new makes one"] * 2,
    ]


def test_an_answer_that_is_not_for_this_terminal_changes_nothing(tmp_path: Path, district: District) -> None:
    terminal = Terminal(tmp_path, district)
    config = terminal.config
    own = own_certificate(config.platform)
    assert own is not None
    request = own.first_request("TY03")

    def chain(code: str = "TY03", *, days: int = 30, late: timedelta = timedelta()) -> str:
        asked = request if code == "TY03" else own.first_request(code)
        return issue(district.ca, asked, code=code, now=datetime.now(tz=UTC) - late, days=days).decode("ascii")

    stranger = OwnCertificate(tmp_path / "x.pem", tmp_path / "y.pem").first_request("TY03")
    strange = issue(district.ca, stranger, code="TY03", now=datetime.now(tz=UTC)).decode("ascii")
    hall = HallName(code="t", name="t")

    def answered(status: str, body: bytes) -> str:
        with RudeServer(http_answer(status, body, Content_Type="application/json")) as rude:
            return terminal.trouble(rude.url, new_code("TY03"))

    for good, bad in (
        ("TY04", chain()),
        ("TY03", chain("TY04")),
        ("TY03", strange),
        ("TY03", chain(days=1, late=timedelta(days=2))),
        ("TY03", "no certificate"),
        ("TY03", "x" * 64 * 1024),
    ):
        told = canonical_bytes(Enrolled(terminal=good, hall=hall, certificate=bad))
        assert answered("201 Created", told) == "enrolment-answer"
    assert answered("201 Created", b"<html>") == "enrolment-answer"
    assert answered("200 OK", b"<html>") == "enrolment-not-offered"
    assert answered("404 Not Found", b"") == "enrolment-not-offered"
    assert answered("429 Too Many Requests", b"") == "enrolment-slow"
    assert answered("501 Not Implemented", b"") == "enrolment-not-offered"
    assert answered("503 Service Unavailable", b"") == "enrolment-unreachable"
    refused = f'{{"type":"{PROBLEM}request"}}'.encode()
    assert answered("422 Unprocessable Content", refused) == "enrolment-keys"
    assert terminal.has() == (False, False)
    assert {path.name for path in terminal.tls.iterdir()} == {"key.pem"}
    plain = canonical_bytes(Enrolled(terminal="TY03", hall=hall, certificate=chain()))
    with RudeServer(http_answer("201 Created", plain, Content_Type="application/json")) as rude:
        done = terminal.enrol(rude.url, new_code("TY03"))
    assert done.exit_code == 0, done.output
    assert terminal.has() == (True, False)
