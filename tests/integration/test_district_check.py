"""The conformance kit: our platform passes it, and every platform that is wrong in one thing is found.

Each mutant is looked at by all checks of the topics that find it; which find it is said beside it, and no other does.
"""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from district.authority import new_authority
from district.check.kit import RULES, Result, chosen, run
from district.check.line import Line, Root
from district.check.terminals import signing
from district.check.visit import Visit
from district.embedded import EmbeddedDistrict
from district.terminals import Terminals
from tests.support import mutants_answers, mutants_batches, mutants_forms, mutants_signatures, mutants_uploads
from tests.support.certificates import Authority, Pair
from tests.support.check_rig import DISTRICT, Cast, quick_folder, serving
from tests.support.mutant_rig import Stage, honest, stage
from tests.support.mutants import CASES, Case
from tests.support.ports import free_port

TOPICS = (mutants_answers, mutants_batches, mutants_forms, mutants_signatures, mutants_uploads)
# What one platform, alone and over http, gives no occasion to look at.
NO_OCCASION = {"client-certificate-needed", "busy-says-until-when"}
# Looked at in test_district_check_line.py and below; a mutant behind http on loopback can't break them.
NO_MUTANT = {
    "transport-is-tls": "loopback may be spoken to in the clear",
    "client-certificate-needed": "needs TLS: test_a_platform_that_asks_for_no_certificate_is_found",
}


@pytest.fixture
def quick() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_our_platform_passes(quick: Path, kind: str, request: pytest.FixtureRequest) -> None:
    database = f"sqlite:///{quick / 'd.db'}" if kind == "sqlite" else str(request.getfixturevalue("postgres"))
    new_authority(quick / "ca", name="Terminals", now=datetime.now(tz=UTC))
    company = Cast.new(quick / "company")
    code = company.enters(database)
    with serving(quick, database, "--issue", str(quick / "ca")) as url:
        command = [*DISTRICT, "check", url, "--json", "--code", code, *company.options()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["check"] for one in found] == [rule.name for rule in RULES]
    assert [one for one in found if one["result"] == "fail"] == []
    assert {one["check"] for one in found if one["result"] == "skip"} == NO_OCCASION
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("public", [None, "https://district.example"])
def test_a_signature_is_over_the_address_as_the_terminal_called_it(quick: Path, public: str | None) -> None:
    """Also behind a proxy, which alone knows the platform by another address."""
    cast = Cast.new(quick / "cast")
    with EmbeddedDistrict(quick / "d", public_url=public) as platform:
        platform.register(cast.own.code, cast.own.key.public_key().public_bytes_raw())
        visit = Visit(Root.of(public or platform.url), Line(Root.of(platform.url), seconds=10), cast.own)
        found = list(run(visit, chosen(["signatures"])))
        for written in ("%36f9619ff-8b86-4d01-b42d-00cf4fc964ff", "%E4%B8%80?a=%2F+%41&a", "x?"):
            path = f"/v1/submissions/{written}"
            signed = signing(cast.own, uri=visit.root.url + path.removesuffix("?"))
            assert visit.ask("GET", path, signs=signed).status == 404, written
    assert [(one.rule.name, one.seen) for one in found if one.result is Result.FAIL] == []
    assert {one.rule.name: one.result for one in found}["signature-without-the-query-401"] is Result.PASS


@dataclass(frozen=True, slots=True)
class Certified:
    """Certificates of a platform: `own` is its own, by the authority `root`; terminals' come from `folder`."""

    root: Path
    own: Pair
    folder: Path

    @staticmethod
    def new(folder: Path) -> Certified:
        authority = Authority(folder / "tls", "District")
        new_authority(folder / "ca", name="Terminals", now=datetime.now(tz=UTC))
        return Certified(authority.certificate, authority.signs("127.0.0.1"), folder / "ca")


def test_it_enrols_by_a_code_and_goes_on_over_mutual_tls(quick: Path) -> None:
    database, certified, company = (
        f"sqlite:///{quick / 'd.db'}",
        Certified.new(quick),
        Cast.new(quick / "cast"),
    )
    code, port = company.enters(database), free_port()
    key = quick / "new.pem"
    tls = ["--tls-cert", certified.own.certificate, "--tls-key", certified.own.key]
    issues = ["--client-ca", certified.folder / "ca.pem", "--issue", certified.folder]
    ports = ["--staff-port", "0", "--enrol-port", port]
    with serving(quick, database, *map(str, [*tls, *issues, *ports])) as url:
        asks = ["--code", code, "--enrol-at", f"https://127.0.0.1:{port}", "--ca", certified.root, "--key", key]
        topics = [word for topic in ("reaching", "enrolment", "telemetry") for word in ("--only", topic)]
        command = [*DISTRICT, "check", url, "--json", *map(str, asks), *topics]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["result"] for one in found} == {"pass"}, (found, done.stderr)
    assert key.with_name("new.pem.certificate").read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    assert key.with_name("new.pem.tls").stat().st_mode & 0o777 == 0o600


def test_a_platform_that_asks_for_no_certificate_is_found(tmp_path: Path) -> None:
    certified, company = Certified.new(tmp_path), Cast.new(tmp_path / "cast")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certified.own.certificate, certified.own.key)
    trusts = ssl.create_default_context(cafile=certified.root)
    with stage(tmp_path, certified.folder, tls) as running:
        root = Root.of(running.url)
        line = Line(root, tls=trusts, seconds=10)
        Terminals(running.store.engine).add(company.own.code, company.own.key.public_key().public_bytes_raw())
        visit = Visit(root, line, company.own, stranger=line)
        (found,) = run(visit, chosen(["client-certificate-needed"]))
        assert found.result is Result.FAIL
        assert found.seen.endswith(" was answered 200, not 400 or 401 or 403")


@pytest.fixture(scope="module")
def platform() -> Iterator[Stage]:
    with quick_folder() as folder:
        new_authority(folder / "ca", name="Terminals", now=datetime.now(tz=UTC))
        with stage(folder, folder / "ca") as running:
            yield running


def test_without_a_mutant_the_layer_breaks_nothing(platform: Stage, tmp_path: Path) -> None:
    found = list(run(platform.visit(Cast.new(tmp_path), honest)))
    assert [(one.rule.name, one.seen) for one in found if one.result is Result.FAIL] == []
    assert {one.rule.name for one in found if one.result is Result.SKIP} == NO_OCCASION


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mutant_is_found(platform: Stage, tmp_path: Path, case: Case) -> None:
    topics = {rule.topic for rule in RULES if rule.name in case.fails}
    looks = [rule for rule in RULES if rule.topic in topics]
    found = list(run(platform.visit(Cast.new(tmp_path), case.mutant), looks))
    assert {one.rule.name for one in found if one.result is Result.FAIL} == case.fails


def test_every_check_finds_a_mutant() -> None:
    found = frozenset[str]().union(*(case.fails for case in CASES))
    assert found | set(NO_MUTANT) == {rule.name for rule in RULES}
    assert not found & set(NO_MUTANT)
    assert all(case.fails for case in CASES)
    assert len({case.name for case in CASES}) == len(CASES) > 20
    assert len(TOPICS) == 5
