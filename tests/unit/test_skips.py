"""What becomes of skipped tests where everything is to be tried."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.fixture
def browser():
    pytest.skip("Debian's package chromium is not installed")

def test_at_setup(browser):
    pass

@pytest.mark.skipif(True, reason="no espeak-ng or aplay")
def test_by_mark():
    pass

def test_inside():
    pytest.skip("node and its packages are not installed")

@pytest.mark.skipif(True, reason="the photographs are not here")
def test_known():
    pass

@pytest.mark.xfail
def test_that_is_known_to_fail():
    assert False
"""


@pytest.mark.parametrize(
    ("words", "counted"), [(["--no-skips"], {"failed": 1, "errors": 2, "skipped": 1}), ([], {"skipped": 4})]
)
def test_a_test_that_could_not_run_fails(tmp_path: Path, words: list[str], counted: dict[str, int]) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-n", "0", "-rA", "--rootdir", str(tmp_path)]
    command += ["-c", str(tmp_path / "pytest.ini"), *words, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    last = done.stdout.splitlines()[-1]
    found = {kind: int(number) for number, kind in re.findall(r"(\d+) (\w+)", last)}
    assert found == {**counted, "xfailed": 1}, done.stdout
    assert done.returncode == (1 if "failed" in counted else 0)
    assert ("nothing may be: no espeak-ng or aplay" in done.stdout) is ("failed" in counted)
