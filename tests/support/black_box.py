"""The installed commands as anyone would run them, with folders of their own, and the hall's parts around them.

A :class:`BlackBox` gives ``kiosk`` a data folder, a home and a folder for temporary files, all empty at first, so that
a test can look into every file that a run left anywhere. Inside a namespace (``hall``) it is started there.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.camera.api import Picture
from devices.camera.demo_papers import RegisterEntry, register_page
from devices.card.sim_card import DEMO_PEOPLE
from tests.support.markers import spellings
from tests.support.pcscd import PROJECT, PcscdNamespace

UNDER_TEST = "KIOSK_UNDER_TEST"
"""The environment's name for another ``kiosk`` than the installed one: a bundle's."""
MATTER = "pension-enrolment"
PLATFORM_PORT = 8080
"""Of the district inside a namespace, where every port is free."""
ANSWERS = {"phone": "13987650421", "village": "003", "hukou": "rural", "level": "500"}
SIGNATURE = b"\x89PNG\r\n\x1a\n-planted-signature"
CONFIGURATION = """\
[hall]
name = { zh = "清溪镇便民服务大厅", en = "Qingxi Township Service Hall" }
terminal = "QX07"
villages = [
    { code = "planted-village", name = { zh = "东河村", en = "Donghe Village" } },
    { code = "002", name = { zh = "西山村", en = "Xishan Village" } },
]
[patience]
thanks = 3
"""
_PROGRAMS = Path(sys.executable).parent
_OWN = ("QT_", "QML", "KIOSK_", "XDG_", "DISPLAY", "WAYLAND", "PYTHON", "VIRTUAL_ENV", "TMPDIR", "HOME")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: exit status, its standard output as JSON objects, and its standard error."""

    status: int
    rows: list[dict[str, Any]]
    errors: str

    @property
    def row(self) -> dict[str, Any]:
        """The one line it printed."""
        assert len(self.rows) == 1, (self.rows, self.errors)
        return self.rows[0]


class BlackBox:
    """``kiosk`` with ``folder`` as its world."""

    def __init__(self, folder: Path, *, hall: PcscdNamespace | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.configuration = folder / "kiosk.toml"
        self.configuration.write_text(CONFIGURATION, "utf-8")
        for own in (self.home, self.temporary):
            own.mkdir(parents=True)
        self._hall = hall
        self.program = Path(os.environ.get(UNDER_TEST, _PROGRAMS / "kiosk"))

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        own = {"KIOSK_DATA_DIR": self.data, "HOME": self.home, "TMPDIR": self.temporary}
        return kept | {name: str(value) for name, value in own.items()}

    def start(
        self, *arguments: str | Path, program: Sequence[str | Path] = (), data: bool = True
    ) -> subprocess.Popen[str]:
        """Begin a command (or another ``program``) and leave it running; ``data`` tells it where its data go."""
        argv = [str(part) for part in (*(program or (self.program,)), *arguments)]
        if self._hall is not None:
            argv = self._hall.inside(["env", "-C", self.home, *argv])
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={name: value for name, value in self.environment.items() if data or name != "KIOSK_DATA_DIR"},
            cwd=PROJECT if program else self.home,
        )

    def finish(self, running: subprocess.Popen[str]) -> Done:
        """Wait for its end. Fails when its standard output holds anything but JSON objects."""
        with running:
            try:
                output, errors = running.communicate()
            except BaseException:  # pytest-timeout's, too; left alone, it would be found by whatever test comes then
                running.kill()
                raise
        rows = [json.loads(line) for line in output.splitlines()]
        assert all(isinstance(row, dict) for row in rows), output
        assert "Traceback" not in errors, errors
        return Done(running.returncode, rows, errors)

    def run(self, *arguments: str | Path, data: bool = True) -> Done:
        """A command to its end."""
        return self.finish(self.start(*arguments, data=data))

    def files(self) -> list[Path]:
        """Every file it left in data, home and temporary folder."""
        folders = (self.data, self.home, self.temporary)
        return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def until_said(running: subprocess.Popen[str], words: str) -> None:
    """Read standard error up to a line with these words."""
    assert running.stderr is not None
    heard: list[str] = []
    for line in running.stderr:
        heard.append(line)
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}:\n{''.join(heard)}")


def planted() -> list[bytes]:
    """What may stand readable in no file: the resident's name, number, answers and signature, in likely spellings."""
    person = DEMO_PEOPLE["wang"]
    texts = [
        person.name,
        person.id_number,
        person.birth.isoformat(),
        ANSWERS["phone"],
        "13000000000",
        "planted-village",
    ]
    return [*(mark for text in texts for mark in spellings(text)), SIGNATURE[8:]]


def register_of(key: str) -> Picture:
    """The demo resident's leaf of the household register."""
    person = DEMO_PEOPLE[key]
    entry = RegisterEntry(
        name=person.name,
        sex="女" if person.female else "男",
        birth_date=person.birth.isoformat(),
        id_number=person.id_number,
        address="桃源镇东河村三组 12 号",
    )
    return register_page(entry, font=PROJECT / "ui" / "fonts" / "NotoSansCJKsc-Regular.otf")


def _child(argv: Sequence[str | Path], hall: PcscdNamespace | None) -> subprocess.Popen[str]:
    command = [str(part) for part in argv] if hall is None else hall.inside(argv)
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
    )


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    child.communicate(timeout=10)


class PrinterOutside:
    """A :mod:`tests.support.printer_process`."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self.uri = self._line()

    def do(self, fault: str) -> None:
        """Have a fault happen, or end: a method's name of :class:`~devices.printer.sim.SimulatedPrinter`."""
        assert self._child.stdin is not None
        self._child.stdin.write(fault + "\n")
        self._child.stdin.flush()
        assert self._line() == "done"

    def next_slip(self) -> Path:
        """The picture of the next slip; waits for it."""
        word, _, path = self._line().partition(" ")
        assert word == "slip"
        return Path(path)

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline().strip()


@contextlib.contextmanager
def printer_outside(folder: Path, *, hall: PcscdNamespace | None = None) -> Generator[PrinterOutside]:
    """A printer that leaves its slips in ``folder``."""
    child = _child([sys.executable, "-m", "tests.support.printer_process", folder], hall)
    try:
        yield PrinterOutside(child)
    finally:
        _end(child)


class DistrictOutside:
    """``district serve`` on a fixed port, started and stopped at will; ``folder`` keeps what it received."""

    def __init__(self, folder: Path, *, port: int, hall: PcscdNamespace | None = None) -> None:
        folder.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self._port = port
        self._hall = hall
        self._database = f"sqlite:///{folder / 'district.db'}"
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        argv = [_PROGRAMS / "district", "serve", "--database", self._database, "--port", str(self._port)]
        self._child = _child(argv, self._hall)
        assert self._child.stderr is not None
        assert self._child.stderr.readline().strip() == f"{self.url}/"

    def stop(self) -> None:
        """Idempotent."""
        if self._child is not None:
            _end(self._child)
            self._child = None

    def export(self) -> list[dict[str, Any]]:
        """What ``district export --json`` prints."""
        argv = [_PROGRAMS / "district", "export", "--json", "--database", self._database]
        return [json.loads(line) for line in subprocess.check_output(argv, text=True, cwd=self.folder).splitlines()]

    def __enter__(self) -> DistrictOutside:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
