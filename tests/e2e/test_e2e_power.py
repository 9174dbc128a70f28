"""The terminal is killed, as by a power cut: what was handed in is there once, what was not leaves nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.black_box import BlackBox, DistrictOutside, PrinterOutside, planted, printer_outside
from tests.support.ports import free_port


def _as_far_as_the_signature(
    box: BlackBox, printer: PrinterOutside, district: DistrictOutside, camera: Path
) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.support.session_process"]
    session = box.start(camera, printer.uri, district.url, program=program)
    assert session.stdout is not None
    said = session.stdout.readline()
    assert said == "Sign\n", session.communicate()
    return session


def _kill(session: subprocess.Popen[str]) -> None:
    session.send_signal(signal.SIGKILL)
    assert session.wait(10) == -signal.SIGKILL
    session.communicate()


@pytest.mark.parametrize("network", ["cut", "there"])
def test_killed_right_after_the_slip_it_is_there_at_the_next_start_and_arrives_once(
    network: str, tmp_path: Path
) -> None:
    box = BlackBox(tmp_path)
    district = DistrictOutside(tmp_path / "district", port=free_port())
    with printer_outside(tmp_path / "slips") as printer, district:
        if network == "there":
            district.start()
        session = _as_far_as_the_signature(box, printer, district, tmp_path / "camera")
        assert session.stdin is not None
        session.stdin.write("hand in\n")
        session.stdin.flush()
        printer.next_slip()
        _kill(session)
        if network == "cut":
            assert box.run("queue", "list", "--json").row["state"] == "ready"
            district.start()
        found = box.run("queue", "list", "--json").row
        assert found["matter"] is None  # the sealing key is a mere file: number, time and state are all there is to see
        assert box.run("queue", "verify", "--json").rows == []
        kept = box.run("queue", "show", found["uid"], "--json").row
        for _ in range(2):
            assert box.run("queue", "sync", "--platform", district.url, "--json").status == 0
        assert box.run("queue", "show", found["uid"], "--json").row["state"] == "done"
        (received,) = district.export()
    assert (received["uid"], received["sha256"]) == (kept["uid"], kept["sha256"])
    assert {one["sha256"] for one in received["attachments"]} == {one["sha256"] for one in kept["attachments"]}
    assert all(one["complete"] for one in received["attachments"])
    assert received["case_number"]


def test_killed_in_the_middle_of_a_session_it_leaves_nothing_of_it(tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    district = DistrictOutside(tmp_path / "district", port=free_port())
    with printer_outside(tmp_path / "slips") as printer:
        session = _as_far_as_the_signature(box, printer, district, tmp_path / "camera")
        left = box.files()
        _kill(session)
    assert box.run("queue", "list", "--json").rows == []
    assert box.run("queue", "verify", "--json").rows == []
    assert list((tmp_path / "slips").iterdir()) == []
    files = {*left, *box.files()}
    assert [path.name for path in files if path.name == "audit.jsonl"]
    blobs = [path for path in files if path.parent.name == "blobs" and path.name != "ballast"]
    assert blobs == []
    for path in files:
        content = path.read_bytes() if path.exists() else b""
        assert not [marker for marker in planted() if marker in content], path
        # No picture of the paper; the ballast is random bytes.
        assert b"\xff\xd8\xff" not in content or path.name == "ballast", path
