"""Enrolment by a one-time code, in the district's database: once, again for who lost the answer, never for others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, select

from district.authority import AuthorityTrouble, new_authority
from district.bundle_file import NoBundle
from district.cli import main
from district.database import open_engine
from district.enrolment import MOST_REFUSALS, WINDOW_SECONDS, Enrolments, NoAuthority, NoSuchCode, NotTaken, TooOften
from district.halls import Halls
from district.keys import BUNDLE_DAYS, make_bundle, new_keys
from district.tables import ENROLMENTS
from district.terminals import Terminals
from offline_queue.enrolment import Enrolled, Enrolment, enrolment, new_code
from offline_queue.numbers import base64url, key_id
from offline_queue.terminals import read_terminal

HERE = "192.0.2.7"


class Clock:
    now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


class Machine:
    """What a terminal brings: its key, and another for its certificate."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.tls = ec.generate_private_key(ec.SECP256R1())

    @property
    def raw(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def asks(self, code: str, *, name: str | None = None) -> Enrolment:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or code.partition("-")[0])])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self.tls, SHA256())
        return Enrolment.model_validate_json(enrolment(code, self.key, request.public_bytes(Encoding.PEM)))


class Rig:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.clock = Clock()
        self.authority = folder / "ca"
        new_authority(self.authority, name="Terminals", now=datetime.now(tz=UTC))
        self.bundle = folder / "bundle.json"
        self.keys = folder / "keys"
        new_keys(self.keys, now=datetime.fromtimestamp(self.clock.now, tz=UTC))
        self.new_bundle()
        self.enrolments = Enrolments(engine, authority=self.authority, bundle=self.bundle, wall=self.clock)
        Halls(engine).add("taoyuan", "桃源镇便民服务中心")
        self.terminals = Terminals(engine)

    def new_bundle(self) -> None:
        self.bundle.write_bytes(make_bundle(self.keys, now=datetime.fromtimestamp(self.clock.now, tz=UTC)))

    def code(self, *, hours: int = 24) -> str:
        return self.enrolments.invite("TY03", "taoyuan", hours=hours).code


@pytest.fixture(params=["sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    sqlite = request.param == "sqlite"
    url: str = f"sqlite:///{tmp_path / 'district.db'}" if sqlite else request.getfixturevalue("postgres")
    engine = open_engine(url)
    yield Rig(engine, tmp_path)
    engine.dispose()


def test_a_code_makes_one_machine_the_terminal_and_says_the_same_again(rig: Rig) -> None:
    machine, code = Machine(), rig.code()
    enrolled = rig.enrolments.enrol(machine.asks(code), source=HERE)
    assert isinstance(enrolled, Enrolled)
    assert (enrolled.terminal, enrolled.hall.code, enrolled.hall.name) == ("TY03", "taoyuan", "桃源镇便民服务中心")
    certificate = x509.load_pem_x509_certificate(enrolled.certificate.encode())
    assert certificate.public_key() == machine.tls.public_key()
    assert enrolled.bundle == json.loads(rig.bundle.read_bytes())
    known = rig.terminals.find(key_id(machine.raw))
    assert known is not None
    assert (known.code, known.hall, known.public_key) == ("TY03", "taoyuan", machine.raw)
    assert known.certificate_sha256 == certificate.fingerprint(SHA256()).hex()
    rig.clock.now += 90 * 24 * 3600  # the answer was lost, and somebody came back for it much later
    assert rig.enrolments.enrol(machine.asks(code), source=HERE) == enrolled
    assert len(rig.terminals.all()) == 1


def test_for_everybody_else_all_codes_are_alike(rig: Rig) -> None:
    machine, used = Machine(), rig.code()
    assert isinstance(rig.enrolments.enrol(machine.asks(used), source=HERE), Enrolled)
    mislaid, over = rig.code(), rig.code(hours=1)  # the second ends the first
    assert rig.enrolments.enrol(Machine().asks(mislaid), source=HERE) == NoSuchCode()
    rig.clock.now += 3600
    other, half = Machine(), Machine()
    half.key = machine.key  # the signing key is known, the certificate would be another's
    for asked in (other.asks(used), half.asks(used), other.asks(over), other.asks(new_code("TY03"))):
        assert rig.enrolments.enrol(asked, source=HERE) == NoSuchCode()
    rig.terminals.revoke(key_id(machine.raw))
    assert rig.enrolments.enrol(machine.asks(used), source=HERE) == NoSuchCode()
    assert [one.code for one in rig.terminals.all()] == ["TY03"]


def test_whose_keys_cannot_be_taken_may_use_the_code_with_others(rig: Rig) -> None:
    code, stolen, lent, fresh = rig.code(), Machine(), Machine(), Machine()
    rig.terminals.add("TY03", stolen.raw)
    rig.terminals.revoke(key_id(stolen.raw))
    rig.terminals.add("TY04", lent.raw)
    for machine in (stolen, lent):
        assert rig.enrolments.enrol(machine.asks(code), source=HERE) == NotTaken(
            "this key is revoked, or another terminal's"
        )
    assert isinstance(rig.enrolments.enrol(fresh.asks(code, name="TY04"), source=HERE), NotTaken)
    weak = Machine()
    weak.tls = ec.generate_private_key(ec.SECP192R1())
    assert isinstance(rig.enrolments.enrol(weak.asks(code), source=HERE), NotTaken)
    forged = fresh.asks(code).model_copy(update={"signature": "A" * 86 + "=="})
    assert isinstance(rig.enrolments.enrol(forged, source=HERE), NotTaken)
    assert isinstance(rig.enrolments.enrol(fresh.asks(code), source=HERE), Enrolled)


def test_who_guesses_waits_and_nobody_else(rig: Rig) -> None:
    machine, code = Machine(), rig.code()
    for _ in range(MOST_REFUSALS):
        assert rig.enrolments.enrol(machine.asks(new_code("TY03")), source=HERE) == NoSuchCode()
        rig.clock.now += 1
    other = Enrolments(rig.engine, authority=rig.authority, wall=rig.clock)  # another process
    assert other.enrol(machine.asks(code), source=HERE) == TooOften(WINDOW_SECONDS - MOST_REFUSALS)
    for source in ("2001:db8::1", "2001:db8::2") * (MOST_REFUSALS // 2):  # one network
        assert rig.enrolments.enrol(machine.asks(new_code("TY03")), source=source) == NoSuchCode()
    assert isinstance(rig.enrolments.enrol(machine.asks(code), source="2001:db8::3"), TooOften)
    rig.clock.now += WINDOW_SECONDS - MOST_REFUSALS
    assert isinstance(rig.enrolments.enrol(machine.asks(code), source=HERE), Enrolled)


def test_refusals_of_a_clock_that_was_set_back_make_nobody_wait(rig: Rig) -> None:
    machine, code = Machine(), rig.code()
    for _ in range(MOST_REFUSALS):
        assert rig.enrolments.enrol(machine.asks(new_code("TY03")), source=HERE) == NoSuchCode()
    assert isinstance(rig.enrolments.enrol(machine.asks(code), source=HERE), TooOften)
    rig.clock.now -= 60
    assert isinstance(rig.enrolments.enrol(machine.asks(code), source=HERE), Enrolled)


def test_of_two_machines_with_one_code_one_becomes_the_terminal(rig: Rig) -> None:
    for _ in range(5):
        code, together = rig.code(), Barrier(2)
        machines = Machine(), Machine()

        def enrol(machine: Machine, code: str = code, together: Barrier = together) -> bool:
            asked = machine.asks(code)
            together.wait(10)
            return isinstance(rig.enrolments.enrol(asked, source=HERE), Enrolled)

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(enrol, machines))
        assert sorted(done) == [False, True]
        for machine, enrolled in zip(machines, done, strict=True):
            assert (rig.terminals.find(key_id(machine.raw)) is not None) is enrolled


def test_no_code_stands_in_the_database(rig: Rig) -> None:
    code = rig.code()
    with rig.engine.connect() as connection:
        (row,) = connection.execute(select(ENROLMENTS)).all()
    assert code.partition("-")[2].replace("-", "") not in repr(row).replace("-", "")
    assert code not in repr(row)


def test_without_an_authority_there_is_no_certificate(rig: Rig) -> None:
    code = rig.code()
    assert Enrolments(rig.engine).enrol(Machine().asks(code), source=HERE) == NoAuthority()


def test_while_there_is_no_authority_or_no_bundle_of_today_the_code_stays_as_it_is(rig: Rig) -> None:
    code, machine = rig.code(hours=24 * 400), Machine()

    def fails(trouble: type[Exception], words: str) -> None:
        with pytest.raises(trouble, match=words):
            rig.enrolments.enrol(machine.asks(code), source=HERE)

    for broken in ("{}", "[1]", '{"bundle":"e30=","signature":"x"}', '{"bundle":1,"signature":"x"}', ""):
        rig.bundle.write_text(broken, "utf-8")
        fails(NoBundle, "bundle.json is not what district keys bundle wrote")
    rig.bundle.unlink()
    fails(NoBundle, "bundle.json can't be read: No such file")
    rig.new_bundle()
    rig.clock.now += BUNDLE_DAYS * 24 * 3600
    fails(NoBundle, "bundle.json is over since 2027-05-24: district keys bundle")
    rig.new_bundle()
    away = rig.authority.rename(rig.authority.with_name("away"))
    fails(AuthorityTrouble, "holds no authority")
    away.rename(rig.authority)
    assert not rig.terminals.all()
    assert isinstance(rig.enrolments.enrol(machine.asks(code), source=HERE), Enrolled)


def test_commands_make_halls_and_invite(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'district.db'}"

    def district(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, [*words, "--database", database])
        return result.exit_code, result.output

    open_engine(database).dispose()
    status, said = district("terminals", "invite", "TY03", "--hall", "taoyuan")
    assert (status, "district halls add" in said) == (1, True)
    assert district("halls", "add", "no hall", "x")[0] == 1
    status, said = district("halls", "add", "taoyuan", "桃源镇\t便民服务中心")
    assert (status, "without tabs" in said) == (1, True)
    assert district("halls", "add", "taoyuan", "桃源镇") == (0, "")
    assert district("halls", "add", "taoyuan", "桃源镇", "便民服务中心") == (0, "")
    assert district("halls", "list") == (0, "taoyuan\t桃源镇 便民服务中心\n")
    assert json.loads(district("halls", "list", "--json")[1]) == {"code": "taoyuan", "name": "桃源镇 便民服务中心"}
    status, said = district("terminals", "invite", "TY03", "--hall", "taoyuan", "--json")
    told = json.loads(said)
    assert (status, told["terminal"], told["qr"]) == (0, "TY03", None)
    url = "https://District.example:8444"
    status, said = district("terminals", "invite", "TY03", "--hall", "taoyuan", "--hours", "2", "--url", url)
    assert (status, "https://district.example:8444/e#v1.TY03-" in said, f"kiosk enrol {url}" in said) == (0, True, True)
    assert district("terminals", "invite", "x", "--hall", "taoyuan")[0] == 1
    assert district("terminals", "place", "TY05", "--hall", "taoyuan")[0] == 1
    assert district("terminals", "add", "TY05", base64url(Machine().raw))[0] == 0
    assert district("terminals", "place", "TY05", "--hall", "nowhere")[0] == 1
    assert district("terminals", "place", "TY05", "--hall", "taoyuan") == (0, "")
    assert json.loads(district("terminals", "list", "--json")[1])["hall"] == "taoyuan"
    known = read_terminal(district("terminals", "lines")[1])
    assert (known.code, known.hall) == ("TY05", "桃源镇 便民服务中心")
    assert district("terminals", "invite", "TY03", "--hall", "taoyuan", "--url", "nonsense")[0] == 2
