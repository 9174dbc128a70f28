"""What the terminal is as a process: what it loads, that it is alone, that it leaves no core and closes when asked."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from kiosk.process import Alone, AlreadyRunning, forbid_core_dumps

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 40.0

CONFIG = """
[hall]
terminal = "TY03"
[[hall.villages]]
code = "001"
name = {{ zh = "桃源社区", en = "Taoyuan Community" }}
[camera]
source = "{folder}/no-camera"
[printer]
uri = "file:{folder}/slips"
[screen]
fullscreen = false
"""


def test_the_queue_is_looked_at_without_loading_screens_camera_or_reader(tmp_path: Path) -> None:
    """The queue must be reachable on a machine whose Qt or OpenCV is broken, and at once."""
    program = (
        "import sys, atexit, json\n"
        "atexit.register(lambda: sys.stderr.write(json.dumps(sorted(sys.modules))))\n"
        "sys.argv = ['kiosk', 'queue', 'list']\n"
        "from kiosk.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "KIOSK_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
    assert {"apsw", "click"} <= loaded  # it did its work
    assert loaded.isdisjoint({"PySide6", "shiboken6", "cv2", "zxingcpp", "smartcard", "escpos", "serial", "usb"})


def test_a_folder_belongs_to_one_terminal_until_it_lets_go(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Alone(folder)
    with pytest.raises(AlreadyRunning, match=f"another terminal is running on {folder}"):
        Alone(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    first.release()
    first.release()
    Alone(folder).release()


def test_the_lock_of_a_killed_terminal_is_gone(tmp_path: Path) -> None:
    program = f"import sys; from kiosk.process import Alone; a = Alone(__import__('pathlib').Path({str(tmp_path)!r}))\n"
    program += "print('mine', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(AlreadyRunning):
            Alone(tmp_path)
        other.kill()
        other.wait(PATIENCE_S)
    Alone(tmp_path).release()


def test_no_core_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, tuple[int, int]]] = []

    def note(kind: int, limits: tuple[int, int]) -> None:
        asked.append((kind, limits))

    monkeypatch.setattr(resource, "setrlimit", note)
    forbid_core_dumps()
    assert asked == [(resource.RLIMIT_CORE, (0, 0))]


@pytest.fixture
def terminal(tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """``kiosk run`` without a screen, a reader or a camera, up to where it can be asked to close."""
    config = tmp_path / "terminal.toml"
    config.write_text(CONFIG.format(folder=tmp_path), "utf-8")
    environment = {**os.environ, "KIOSK_DATA_DIR": str(tmp_path / "data"), "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(
        [sys.executable, "-m", "kiosk", "run", "--config", str(config)],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _until_it_listens(process)
            yield process
        finally:
            process.kill()


def _until_it_listens(process: subprocess.Popen[str]) -> None:
    """Until SIGTERM has a handler (SigCgt in proc(5))."""
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
        caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    pytest.fail(f"the terminal did not come up: {process.poll()}")


def test_asked_to_close_it_closes_in_order(terminal: subprocess.Popen[str], tmp_path: Path) -> None:
    limits = Path(f"/proc/{terminal.pid}/limits").read_text("ascii")
    assert next(line for line in limits.splitlines() if "core file size" in line).split()[4:6] == ["0", "0"]
    with pytest.raises(AlreadyRunning):
        Alone(tmp_path / "data")
    terminal.send_signal(signal.SIGTERM)
    _, said = terminal.communicate(timeout=PATIENCE_S)
    assert terminal.returncode == 0, said
    assert "Traceback" not in said
    lines = (tmp_path / "data" / "log" / "audit.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert (events[0], events[-1]) == ("started", "stopped")
    assert set(events[1:-1]) <= {"printer-seen", "speaker-changed"}  # what its devices said of themselves meanwhile
    Alone(tmp_path / "data").release()
