"""The kit and a right platform that does not know its terminals: no check fails for it, and it is said what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from district.authority import new_authority
from district.check.greeting import greet
from district.check.kit import Result, chosen, run
from district.check.visit import Visit
from district.cli import main
from district.terminals import Terminals
from tests.support.check_rig import Cast, quick_folder
from tests.support.mutant_rig import Ask, Behind, Stage, Told, stage
from tests.support.mutant_rig import told as problem


@pytest.fixture
def platform() -> Iterator[Stage]:
    with quick_folder() as folder:
        new_authority(folder / "ca", name="Terminals", now=datetime.now(tz=UTC))
        with stage(folder, folder / "ca") as running:
            yield running


@pytest.fixture
def company(tmp_path: Path, platform: Stage) -> Cast:
    """Only the first of it is known."""
    company = Cast.new(tmp_path / "cast")
    Terminals(platform.store.engine).add(company.own.code, company.own.key.public_key().public_bytes_raw())
    return company


def check(platform: Stage, company: Cast, *topics: str) -> tuple[int, str, str]:
    words = [word for topic in topics for word in ("--only", topic)]
    done = CliRunner().invoke(main, ["check", platform.url, *company.options(), *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_terminals_that_are_not_registered_are_left_out(platform: Stage, company: Cast) -> None:
    status, told, said = check(platform, company, "isolation", "progress-unknown-404")
    assert told.splitlines()[-1] == "1 passed, 0 failed, 9 not tried"
    for one in (company.other, company.retiring):
        assert f"Not tried: {one.code} is not known (GET /v1/submissions/" in told
        assert "was answered 401 (signature)): register its code and key" in said
        assert f"district terminals add {one.line}" in said
    assert (status, said.splitlines()[-1]) == (3, "Error: what needs CHECK7, CHECK8 was not tried: see above")
    company.register_in(platform.store)
    assert check(platform, company, "isolation")[0] == 0
    _, again, _ = check(platform, company, "isolation")
    assert "8 passed, 0 failed, 1 not tried" in again
    assert "CHECK8 is out of service" in again, "it went out of service with the run before"
    assert "register a new key, in another FILE" in again


def test_the_first_terminal_is_told_what_was_to_be_verified(platform: Stage, tmp_path: Path) -> None:
    nobody = Cast.new(tmp_path / "nobody")
    status, told, said = check(platform, nobody, "signatures", "health-answers")
    assert status == 3
    assert "1 passed, 0 failed" in told
    assert f"district terminals add {nobody.own.line}" in said
    assert f'"@method": GET\n    "@target-uri": {platform.url}/v1/submissions/' in said
    assert f'keyid="{nobody.own.key_id}"' in said


def test_a_key_under_another_code_is_told(platform: Stage, company: Cast) -> None:
    visit = company.visit(platform.url)
    alias = replace(company.own, code="CHECK9")
    (told, *_) = greet(Visit(visit.root, visit.line, alias))
    assert "the key of CHECK9 is registered under another code" in told


def test_a_terminal_with_a_certificate_of_its_own_is_told(platform: Stage, company: Cast) -> None:
    async def refuses(_ask: Ask, _behind: Behind) -> Told:
        return problem(403, "certificate")

    platform.layer.mutant = refuses
    visit = company.visit(platform.url)
    told = greet(visit)
    assert "CHECK0 has another client certificate" in told[0]
    assert "CHECK7 has a client certificate of its own, and this line another's" in told[1]
    (found,) = run(visit, chosen(["other-terminal-rates-nothing"]))
    assert (found.result, found.seen) == (Result.SKIP, told[1])
