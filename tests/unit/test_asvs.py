"""docs/asvs.md promises tests by name: each is one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_page_names_is_one() -> None:
    written = (ROOT / "docs" / "asvs.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", written))
    there: set[str] = set()
    for file in (ROOT / "tests" / "integration").glob("test_district_*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        there |= {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert len(named) > 40
    assert named - there == set()
    # No row of the table goes without one.
    rows = [
        line for line in written.partition("## Points and tests")[2].partition("\n## ")[0].splitlines() if "|" in line
    ]
    assert [row for row in rows[2:] if "`test_" not in row] == []
