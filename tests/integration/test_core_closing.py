"""Opening and closing a core: whatever fails in between, nothing stays open behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devices.camera.capture import OpencvCamera
from devices.card.api import CardState, DocumentKey
from kiosk.bootstrap import Parts, open_core
from kiosk.config import ConfigError
from kiosk.demo import demo_config
from kiosk.opening import open_slip_printer
from kiosk.process import Alone

CONFIG = demo_config("", "tcp://127.0.0.1:9")


class BadReader:
    """Fails where it is told to."""

    def __init__(self, *, start: bool) -> None:
        self._at_start = start

    def start(self, on_state: Callable[[CardState], None]) -> None:
        if self._at_start:
            raise RuntimeError("reader")

    def try_key(self, key: DocumentKey) -> None: ...

    def stop(self) -> None:
        raise RuntimeError("reader")


def parts(reader: BadReader) -> Parts:
    return Parts(reader=reader, camera=OpencvCamera(source="none"), printer=open_slip_printer(CONFIG.printer))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("at_start", [True, False])
def test_a_failing_part_leaves_no_lock_and_a_closed_log(folder: Path, at_start: bool) -> None:
    with pytest.raises(RuntimeError, match="reader"):
        open_core(CONFIG, parts(BadReader(start=at_start))).close()
    Alone(folder).release()
    assert '"stopped"' in (folder / "log" / "audit.jsonl").read_text("utf-8").splitlines()[-1]


def test_a_log_that_cannot_be_written_is_told_as_configuration(folder: Path) -> None:
    (folder / "log").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="log"):
        open_core(CONFIG, parts(BadReader(start=True)))
    Alone(folder).release()
