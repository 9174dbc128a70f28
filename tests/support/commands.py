"""A command of the terminal as a black box: what stands on standard output, what on standard error, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from click.testing import CliRunner

from kiosk import cli
from kiosk.cli import main


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output, which has to be JSON line by line and nothing else."""
        return [cast("dict[str, Any]", json.loads(line)) for line in self.out.splitlines()]


Run = Callable[..., Answer]


def commands(data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``kiosk`` with these words, on a data folder of the test's own."""
    monkeypatch.setenv("KIOSK_DATA_DIR", str(data))
    monkeypatch.delenv("KIOSK_CONFIG", raising=False)
    monkeypatch.setattr(cli, "forbid_core_dumps", lambda: None)  # for good, in the process of all tests

    def run(*words: str | Path) -> Answer:
        result = CliRunner().invoke(main, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run
