"""Whatever the contract allows, and whatever is next to it, asked by schemathesis, which nobody here wrote.

No 5xx, no answer that the contract does not declare, none of another form. That a form is refused for its meaning (422:
a uid that is known with other content, a terminal that is not the signer) is declared, and no violation.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from district.authority import new_authority
from district.check.forms import form, paper
from district.opening import read_body
from district.store import DistrictStore
from district.tables import ATTACHMENTS, REPORTS, SUBMISSIONS
from district.terminals import Terminals
from tests.support.check_rig import Cast, quick_folder, serving
from tests.support.peers import ROOT

# It judges by what was accepted or refused where only somebody who knows the meaning could: the kit does that.
NOT_ASKED = (
    "positive_data_acceptance,use_after_free,ensure_resource_availability,ignored_auth,object_level_authorization"
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kind", "phases", "examples"),
    [("sqlite", "examples,fuzzing", 8), ("postgresql", "examples,coverage,fuzzing", 2)],
    ids=["sqlite", "postgresql"],
)
def test_nothing_that_the_contract_does_not_say(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, phases: str, examples: int
) -> None:
    """CONTRACT_SECONDS=600 goes on for so long, on each database, with every phase."""
    seconds = os.environ.get("CONTRACT_SECONDS")
    with quick_folder() as folder:
        database = f"sqlite:///{folder / 'd.db'}" if kind == "sqlite" else request.getfixturevalue("postgres")
        new_authority(folder / "ca", name="Terminals", now=datetime.now(tz=UTC))
        company = Cast.new(folder / "company")
        company.enters(database)
        store = DistrictStore(database, folder / "papers")
        Terminals(store.engine).add(company.own.code, company.own.key.public_key().public_bytes_raw())
        there = form(company.own.code, [paper(1000)])
        read = read_body(there.body)
        assert read is not None
        store.take(read, there.body)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.support.contract_hooks",
            "CHECK_TERMINAL": company.own.code,
            "CHECK_KEY": str(company.folder / f"{company.own.code}.pem"),
            "CHECK_OTHER": company.retiring.code,
            "CHECK_OTHER_KEY": str(company.folder / f"{company.retiring.code}.pem"),
            "CHECK_FORM": there.uid,
            "CHECK_PAPER": there.papers[0].id,
        }
        with serving(folder, database, "--issue", str(folder / "ca"), quiet=False) as url:
            tool = [
                str(Path(sys.executable).parent / "st"),
                "--config-file",
                str(ROOT / "tests/support/schemathesis.toml"),
            ]
            run = ["run", str(ROOT / "district" / "openapi.yaml"), "--url", url, "--exclude-checks", NOT_ASKED]
            few = ["--phases", phases, "--max-examples", str(examples), "--seed", "1"]
            extent = ["--max-time", seconds, "--phases", "examples,coverage,fuzzing"] if seconds else few
            quiet = ["--no-color", "--no-shrink", "--continue-on-failure", "--generation-database", "none"]
            command = [*tool, *run, *extent, *quiet]
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=880, check=False
            )
        assert done.returncode == 0, done.stdout[-8000:]
        assert "12 selected / 12 total" in done.stdout, done.stdout[:2000]
        # It came through the doors: forms were taken, papers sent, reports kept.
        with store.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(SUBMISSIONS)).scalar_one() > 1
            assert connection.execute(select(func.count()).select_from(ATTACHMENTS)).scalar_one() > 0
            assert connection.execute(select(func.count()).select_from(REPORTS)).scalar_one() > 0
        store.close()
