"""What script/bench hands on, and which Debian packages each kind of set-up asks for. Nothing is installed here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "script"
_LIB = """
ROOT={root} VENV={root}/.venv
fail() {{ echo "$1"; exit 1; }}
bootstrap() {{ echo "set up for $1"; }}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two benches, and a Python that says what it was asked to run."""
    for folder in ("script", "bench", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SCRIPT / "bench", tmp_path / "script")
    (tmp_path / "script" / "lib.sh").write_text(_LIB.format(root=tmp_path), "utf-8")
    for name in ("queue", "power_cut"):
        (tmp_path / "bench" / f"{name}.py").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$*"\n', "utf-8")
    python.chmod(0o755)
    return tmp_path


def bench(checkout: Path, *words: str) -> tuple[int, list[str]]:
    done = subprocess.run([checkout / "script" / "bench", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "ran"),
    [
        (["queue", "--json"], ["-m bench.queue --json"]),
        (["power-cut", "--images", "9"], ["-m bench.power_cut --images 9"]),
        (["queue", "power_cut.py"], ["-m bench.queue", "-m bench.power_cut"]),
        ([], ["-m bench.power_cut", "-m bench.queue"]),
    ],
)
def test_a_bench_gets_its_own_options(checkout: Path, words: list[str], ran: list[str]) -> None:
    status, said = bench(checkout, *words)
    assert (status, said[0]) == (0, "set up for bench")
    assert [line for line in said[1:] if not line.startswith("== ")] == ran


@pytest.mark.parametrize(
    ("words", "status"), [(["--json"], 2), (["queue", "power-cut", "--json"], 2), (["--help"], 0), (["nothing"], 1)]
)
def test_options_without_one_bench_are_refused(checkout: Path, words: list[str], status: int) -> None:
    ended, said = bench(checkout, *words)
    assert ended == status
    assert not any(line.startswith("-m") for line in said)


def test_each_kind_of_set_up_asks_for_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "script").mkdir()
    shutil.copy(SCRIPT / "lib.sh", tmp_path / "script")
    stub = 'missing_packages() { printf "%s\\n" "$@"; }; install_packages() { printf "%s\\n" "$@"; exit; }'

    def asked(what: str) -> set[str]:
        words = ["bash", "-c", f". {tmp_path}/script/lib.sh; {stub}; bootstrap {what}"]
        return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())

    run, test, measure = asked("run"), asked("test"), asked("bench")
    assert {"pcscd"} == run & {"pcscd", "postgresql", "strace"}
    assert {"pcscd", "postgresql"} == test & {"pcscd", "postgresql", "strace"}
    assert {"pcscd", "postgresql", "strace"} <= measure
