"""A terminal's certificate: issued by hand once, renewed by itself over real mutual TLS, and never left in pieces."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from district.authority import AuthorityTrouble, certificate_sha256, issue, new_authority
from district.cli import main as district_main
from district.database import open_engine
from district.terminals import Terminals
from kiosk import renewal, timely
from kiosk.bootstrap import open_platform, open_queue
from kiosk.cli import main
from kiosk.config import Config, load
from kiosk.opening import china_time
from kiosk.own_certificate import days_left
from kiosk.renewal import EVERY_S, Renewal, renew, upkeep
from offline_queue.certificate import CertificateTrouble, OwnCertificate
from offline_queue.numbers import base64url
from offline_queue.retry import Answer
from offline_queue.wire import PROBLEM, read_problem
from tests.support.certificates import Authority

CODE = "TY03"


class Terminal:
    """A terminal whose first certificate was issued by hand, for as many days as is said."""

    def __init__(self, folder: Path, *, days: int) -> None:
        self.folder = folder
        self.ca = folder / "ca"
        self.server = Authority(folder / "server", "server-ca")
        self.cert, self.key = folder / "tls" / "cert.pem", folder / "tls" / "key.pem"
        self.settings = folder / "kiosk.toml"
        self.configure("")
        new_authority(self.ca, name="Terminals", now=datetime.now(tz=UTC))
        asked = self.kiosk("platform", "request")
        assert asked.exit_code == 0, asked.output
        request = folder / "request.pem"
        request.write_text(asked.stdout, "ascii")
        words = ["ca", "issue", str(self.ca), str(request), "--terminal", CODE, "--days", str(days)]
        issued = CliRunner().invoke(district_main, words)
        assert issued.exit_code == 0, issued.output
        self.cert.write_text(issued.stdout, "ascii")
        self.own = OwnCertificate(self.cert, self.key)

    def configure(self, url: str) -> None:
        self.settings.write_text(
            f'data = "{self.folder / "data"}"\n[hall]\nterminal = "{CODE}"\n[platform]\nurl = "{url}"\n'
            f'ca = "{self.server.certificate}"\nclient_cert = "{self.cert}"\nclient_key = "{self.key}"\n',
            "utf-8",
        )

    @property
    def config(self) -> Config:
        return load(self.settings)

    def kiosk(self, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--config", str(self.settings)])

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.cert.parent.iterdir()}

    def days(self) -> int:
        left = days_left(self.config.platform)
        assert left is not None
        return left

    @contextmanager
    def district(self, authority: Path) -> Generator[None]:
        """A platform of its own process that takes certificates of `ca` and issues those of `authority`."""
        own = self.server.signs("district")
        data = self.folder / "district"
        store = open_queue(self.config)
        key = base64url(store.public_key[1])
        store.close()
        database = f"sqlite:///{data / 'district' / 'district.db'}"
        assert CliRunner().invoke(district_main, ["terminals", "add", CODE, key, "--database", database]).exit_code == 0
        words = ["serve", "--tls-cert", str(own.certificate), "--tls-key", str(own.key), "--port", "0"]
        words += ["--client-ca", str(self.ca / "ca.pem"), "--issue", str(authority), "--staff-port", "0"]
        process = subprocess.Popen(
            [sys.executable, "-c", "from district.cli import main; main()", *words],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KIOSK_DATA_DIR": str(data)},
        )
        try:
            assert process.stderr is not None
            self.configure(process.stderr.readline().strip().rstrip("/"))
            yield
        finally:
            process.kill()
            process.communicate(timeout=20)


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)


def test_it_is_renewed_while_the_old_one_lasts_and_both_work(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=20)
    before = terminal.files()
    with terminal.district(terminal.ca):
        done = terminal.kiosk("platform", "renew", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["result"] == "renewed"
        assert terminal.days() > 350
        after = terminal.files()
        assert after.keys() == {"cert.pem", "key.pem"}
        assert after["key.pem"] != before["key.pem"]
        assert terminal.key.stat().st_mode & 0o077 == 0
        again = terminal.kiosk("platform", "renew", "--json")
        assert json.loads(again.stdout)["result"] == "not-due"
        assert terminal.files() == after
        forced = terminal.kiosk("platform", "renew", "--json", "--force")
        assert json.loads(forced.stdout)["result"] == "renewed", forced.output


def test_another_certificate_of_the_authority_does_not_carry_this_terminals_signature(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=20)
    first = terminal.files()
    with terminal.district(terminal.ca):
        database = f"sqlite:///{tmp_path / 'district' / 'district' / 'district.db'}"

        def certify(*words: str) -> Result:
            return CliRunner().invoke(district_main, ["terminals", "certify", *words, "--database", database])

        def asks(pair: dict[str, bytes]) -> tuple[int, str]:
            for name, content in pair.items():
                (terminal.cert.parent / name).write_bytes(content)
            store = open_queue(terminal.config)
            client = open_platform(terminal.config.platform, store.signer())
            answer = client.progress("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
            client.close()
            store.close()
            assert isinstance(answer, Answer), answer
            return answer.status, read_problem(answer.body).type.removeprefix(PROBLEM)

        assert asks(first) == (404, "unknown")  # none was issued here: any of the authority's will do
        renewed = terminal.kiosk("platform", "renew", "--json", "--force")
        assert renewed.exit_code == 0, renewed.output
        second = terminal.files()
        assert asks(second) == (404, "unknown")
        assert asks(first) == (404, "unknown")  # it may still go back
        terminal.cert.write_bytes(second["cert.pem"])
        terminal.key.write_bytes(second["key.pem"])
        request = terminal.own.request(CODE)
        third = {
            "cert.pem": issue(terminal.ca, request, code=CODE, now=datetime.now(tz=UTC)),
            "key.pem": _new_key(terminal),
        }
        assert asks(third) == (403, "certificate")
        assert certify("TY99", str(terminal.cert)).exit_code == 1
        assert certify(CODE, str(terminal.key)).exit_code == 1
        assert certify(CODE, str(terminal.cert)).exit_code == 0
        assert asks(third) == (404, "unknown")
        assert asks(first) == (403, "certificate")


def test_the_machine_that_takes_its_place_keeps_its_own_certificate(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=20)
    with terminal.district(terminal.ca):
        engine = open_engine(f"sqlite:///{tmp_path / 'district' / 'district' / 'district.db'}")
        terminals = Terminals(engine)
        (own,) = terminals.all()
        added = terminals.add(CODE, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        terminals.renew(added.key_id, "5" * 64, shown=None)
        successor = terminals.find(added.key_id)
        renewed = terminal.kiosk("platform", "renew", "--json", "--force")
        assert renewed.exit_code == 0, renewed.output
        known = terminals.find(own.key_id)
        assert known is not None
        assert known.certificate_sha256 == certificate_sha256(terminal.cert.read_bytes())
        assert terminals.find(added.key_id) == successor
        engine.dispose()


def _new_key(terminal: Terminal) -> bytes:
    """The key of the request that was made last."""
    return terminal.key.with_name("key.pem.new").read_bytes()


def test_a_new_one_that_the_platform_refuses_is_rolled_back(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=20)
    before = terminal.files()
    other = tmp_path / "other-ca"
    new_authority(other, name="Another", now=datetime.now(tz=UTC))
    with terminal.district(other):
        refused = terminal.kiosk("platform", "renew", "--json")
        assert refused.exit_code == 1, refused.output
        assert json.loads(refused.stdout)["trouble"] == "certificate-rolled-back"
        assert terminal.files() == before
        store = open_queue(terminal.config)
        client = open_platform(terminal.config.platform, store.signer())
        assert client.progress("6f9619ff-8b86-4d01-b42d-00cf4fc964ff") is not None
        client.close()
        store.close()


def test_without_a_platform_nothing_changes(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=20)
    terminal.configure("https://127.0.0.1:9")
    before = terminal.files()
    refused = terminal.kiosk("platform", "renew", "--json")
    assert json.loads(refused.stdout)["trouble"] == "certificate-refused"
    assert {name: terminal.files()[name] for name in before} == before
    assert terminal.kiosk("platform", "renew", "--json").exit_code == 1
    assert set(terminal.files()) == {"cert.pem", "key.pem", "key.pem.new"}  # the same new key is asked for again


def _issued(terminal: Terminal, *, days: int = 365, code: str = CODE) -> bytes:
    request = terminal.own.request(code)
    return issue(terminal.ca, request, code=code, now=datetime.now(tz=UTC), days=days)


def _fits(terminal: Terminal) -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(terminal.cert, terminal.key)


@pytest.mark.parametrize("renames", [0, 1])
def test_a_power_cut_between_the_renames_leaves_a_pair_that_settles(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(tmp_path, days=20)
    chain = _issued(terminal)
    _cut_after(renames, monkeypatch)
    with pytest.raises(_PowerCut):
        terminal.own.take(chain, now=datetime.now(tz=UTC))
    monkeypatch.undo()
    terminal.own.settle()
    _fits(terminal)
    assert terminal.own.unproven
    assert terminal.days() == (364 if renames else 19)


@pytest.mark.parametrize("renames", [0, 1])
def test_a_power_cut_in_a_roll_back_settles_too(renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(tmp_path, days=20)
    terminal.own.take(_issued(terminal), now=datetime.now(tz=UTC))
    _cut_after(renames, monkeypatch)
    with pytest.raises(_PowerCut):
        terminal.own.roll_back()
    monkeypatch.undo()
    terminal.own.settle()
    _fits(terminal)
    terminal.own.roll_back()
    _fits(terminal)


class _PowerCut(Exception):
    pass


def _cut_after(renames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    replace: Callable[[Path, Path], None] = os.replace
    left = [renames]

    def cut(source: Path, target: Path) -> None:
        if not left[0]:
            raise _PowerCut
        left[0] -= 1
        replace(source, target)

    monkeypatch.setattr(os, "replace", cut)


def test_what_is_no_certificate_of_the_new_key_is_not_taken(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=20)
    now = datetime.now(tz=UTC)
    shorter = _issued(terminal, days=10)
    other = Terminal(tmp_path / "other", days=20)
    foreign = _issued(other)
    for wrong in (shorter, foreign, b"", b"x" * 100_000, terminal.cert.read_bytes()):
        with pytest.raises(CertificateTrouble):
            terminal.own.take(wrong, now=now)
        _fits(terminal)
        assert terminal.days() == 19
    terminal.key.write_bytes(b"")
    with pytest.raises(CertificateTrouble):
        terminal.own.settle()


def test_unreached_after_the_change_it_is_asked_again_and_no_third_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(tmp_path, days=20)
    terminal.own.take(_issued(terminal), now=datetime.now(tz=UTC))

    def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(renewal, "_answers", never)
    config = terminal.config
    assert renew(config, terminal.own, None, now=china_time()) is Renewal.UNDECIDED
    assert terminal.own.unproven

    def always(*_: object) -> bool:
        return True

    monkeypatch.setattr(renewal, "_answers", always)
    assert renew(config, terminal.own, None, now=china_time()) is Renewal.RENEWED
    assert set(terminal.files()) == {"cert.pem", "key.pem"}


def test_the_sending_thread_looks_every_few_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(tmp_path, days=200)
    terminal.configure("https://127.0.0.1:9")
    client = open_platform(terminal.config.platform, None)
    hands, looked = [1000.0], list[datetime]()
    came = [Renewal.NOT_DUE, Renewal.REFUSED, Renewal.RENEWED]

    def watched(_config: Config, _own: OwnCertificate, _signer: object, *, now: datetime) -> Renewal:
        looked.append(now)
        return came[len(looked) - 1]

    monkeypatch.setattr(renewal, "renew", watched)
    look = upkeep(terminal.config, client, None, now=lambda: hands[0])
    look()
    look()
    assert len(looked) == 1
    hands[0] += EVERY_S + 1
    look()
    hands[0] += 3601
    look()
    assert len(looked) == 3
    client.close()


def _request(name: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256()).public_bytes(Encoding.PEM)


def test_the_authority_issues_to_the_terminal_that_asks_and_for_strong_keys(tmp_path: Path) -> None:
    now = datetime.now(tz=UTC)
    ca = tmp_path / "ca"
    new_authority(ca, name="Terminals", now=now)
    with pytest.raises(AuthorityTrouble):
        new_authority(ca, name="Terminals", now=now)
    good = ec.generate_private_key(ec.SECP256R1())
    made = x509.load_pem_x509_certificate(issue(ca, _request(CODE, good), code=CODE, now=now))
    made.verify_directly_issued_by(x509.load_pem_x509_certificate((ca / "ca.pem").read_bytes()))
    assert made.not_valid_after_utc - now > timedelta(days=364)
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    forged = bytearray(_request(CODE, good))
    forged[200] ^= 1
    for wrong in (_request("TY04", good), _request(CODE, weak), bytes(forged), b"", b"x" * 100):
        with pytest.raises(AuthorityTrouble):
            issue(ca, wrong, code=CODE, now=now)
    with pytest.raises(AuthorityTrouble):
        issue(tmp_path / "none", _request(CODE, good), code=CODE, now=now)


@pytest.mark.parametrize(("days", "result", "said"), [(200, "pass", ""), (20, "pass", "renew"), (5, "fail", "renew")])
def test_the_doctor_watches_the_certificate(days: int, result: str, said: str, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, days=days)
    check = timely.certificate(terminal.config, now=datetime.now(tz=UTC))
    assert check.result == result
    assert (said in check.remedy) if said else check.remedy == ""
    over = timely.certificate(terminal.config, now=datetime.now(tz=UTC) + timedelta(days=days + 1))
    assert over.result == "fail"
    terminal.key.write_bytes(b"")
    assert timely.certificate(terminal.config, now=datetime.now(tz=UTC)).result == "fail"
    assert timely.certificate(Config(), now=datetime.now(tz=UTC)).result == "skip"


def test_the_doctor_compares_the_clock(tmp_path: Path) -> None:
    config = Config(data=tmp_path)
    now = datetime.now(tz=UTC)
    assert timely.clock(config, 3.0, now=now).result == "pass"
    assert timely.clock(config, None, now=now).result == "pass"
    for offset in (86_400.0, -86_400.0, 315_360_000.0):
        check = timely.clock(config, offset, now=now)
        assert (check.result, "timedatectl" in check.remedy) == ("fail", True)
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "queue.db").touch()
    assert timely.clock(config, None, now=now).result == "pass"
    assert timely.clock(config, None, now=now - timedelta(days=1)).result == "fail"


def test_what_an_authority_issues_ends_with_it(tmp_path: Path) -> None:
    ca, request = tmp_path / "ca", tmp_path / "request.pem"
    began = datetime.now(tz=UTC) - timedelta(days=20)
    new_authority(ca, name="Terminals", now=began, days=30)
    own = x509.load_pem_x509_certificate((ca / "ca.pem").read_bytes()).not_valid_after_utc
    request.write_bytes(_request(CODE, ec.generate_private_key(ec.SECP256R1())))

    def issued(days: int) -> Result:
        words = ["ca", "issue", str(ca), str(request), "--terminal", CODE, "--days", str(days)]
        return CliRunner().invoke(district_main, words)

    for days, warned in ((5, False), (365, True)):
        done = issued(days)
        end = x509.load_pem_x509_certificate(done.stdout.encode()).not_valid_after_utc
        assert (end == own, "It lasts 9 days, as long as" in done.stderr) == (warned, warned)
    new_authority(tmp_path / "over", name="Terminals", now=began, days=19)
    with pytest.raises(AuthorityTrouble, match=r"is over since .* district ca new makes another"):
        issue(tmp_path / "over", request.read_bytes(), code=CODE, now=datetime.now(tz=UTC))
