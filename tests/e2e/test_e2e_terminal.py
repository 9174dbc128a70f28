"""The terminal itself as a service: it sends what waits, is alone on its data, and ends when asked to; and a rehearsal
on simulated parts, which needs nothing around it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.support.black_box import (
    MATTER,
    UNDER_TEST,
    BlackBox,
    DistrictOutside,
    planted,
    printer_outside,
)
from tests.support.ports import free_port

DEADLINE_S = 60.0


@pytest.fixture
def box(tmp_path: Path) -> BlackBox:
    return BlackBox(tmp_path)


@contextmanager
def _running(box: BlackBox) -> Generator[subprocess.Popen[str]]:
    offscreen = ["env", "QT_QPA_PLATFORM=offscreen", box.program]
    terminal = box.start("run", "--config", box.configuration, program=offscreen)
    try:
        yield terminal
    finally:
        if terminal.poll() is None:
            terminal.kill()
            terminal.communicate()


def test_the_terminal_sends_what_waited_and_ends_when_asked(box: BlackBox, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text("{}")
    with (
        printer_outside(tmp_path / "slips") as printer,
        DistrictOutside(tmp_path / "district", port=free_port()) as district,
    ):
        table = f'\n[printer]\nuri = "{printer.uri}"\n[platform]\nurl = "{district.url}"\n'
        box.configuration.write_text(box.configuration.read_text("utf-8") + table, "utf-8")
        uid = box.run("queue", "put", "--form", form, "--json").row["uid"]
        district.start()
        with _running(box) as terminal:
            end = time.monotonic() + DEADLINE_S
            while (item := box.run("queue", "list", "--json").row)["state"] != "done":
                assert time.monotonic() < end, item
                assert terminal.poll() is None, terminal.communicate()
            second = box.run("run", "--config", box.configuration)
            assert (second.status, second.rows) == (1, [])
            assert "another terminal" in second.errors
            terminal.send_signal(signal.SIGTERM)
            ended = box.finish(terminal)
        assert (ended.status, ended.rows) == (0, []), ended.errors
        assert [received["uid"] for received in district.export()] == [uid]
    log = (box.data / "log" / "audit.jsonl").read_text("utf-8")
    assert '"stopped"' in log.splitlines()[-1]


@pytest.mark.skipif(UNDER_TEST in os.environ, reason="a bundle has no simulators")
def test_a_rehearsal_on_simulated_parts_leaves_its_pictures_and_nothing_else(box: BlackBox, tmp_path: Path) -> None:
    done = box.run("rehearse", MATTER, "--out", tmp_path / "out", "--config", box.configuration, "--json", data=False)
    assert done.status == 0, done.errors
    summary = done.row
    assert (summary["matter"], summary["state"], summary["case_number"]) == (MATTER, "done", None)
    assert summary["screens"]
    for path in (*summary["screens"], summary["slip"]):
        with Image.open(path) as picture:
            picture.verify()
    kept = {path.name for path in (tmp_path / "out").iterdir()}
    assert kept == {*(Path(path).name for path in summary["screens"]), "slip.png", "slip.escpos", "summary.json"}
    assert not any(marker in (tmp_path / "out" / "summary.json").read_bytes() for marker in planted())
    assert not box.data.exists()
    assert [path for path in box.files() if any(marker in path.read_bytes() for marker in planted())] == []
    assert list(box.temporary.iterdir()) == []
