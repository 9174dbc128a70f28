"""The conformance kit against the platform it was written beside, as `district serve` runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from district.check.kit import RULES
from tests.support.check_rig import DISTRICT, Cast, serving

# What one platform, alone and over http, gives no occasion to look at.
NO_OCCASION = {
    "client-certificate-needed",
    "busy-says-until-when",
    "renewal-issues-for-the-key",
    "renewal-of-no-request-422",
}
# Until used nonces are kept in the database.
NOT_YET = {"signature-minutes-off-taken"}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_our_platform_passes(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    database = f"sqlite:///{tmp_path / 'd.db'}" if kind == "sqlite" else str(request.getfixturevalue("postgres"))
    cast = Cast.new(tmp_path / "cast")
    cast.register(database)
    with serving(tmp_path, database) as url:
        command = [*DISTRICT, "check", url, "--json", *cast.options()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["check"] for one in found] == [rule.name for rule in RULES]
    assert [one for one in found if one["result"] == "fail" and one["check"] not in NOT_YET] == []
    assert {one["check"] for one in found if one["result"] == "skip"} == NO_OCCASION
    assert done.stderr == ""
