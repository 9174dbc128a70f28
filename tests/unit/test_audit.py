"""The log of events: nothing but what is listed, readable by the terminal's user only, bounded in size."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from kiosk.audit import log
from kiosk.audit.log import AuditLog

NOON = datetime(2026, 11, 23, 12, 0, 0, 987654, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def _open(folder: Path) -> AuditLog:
    return AuditLog(folder=folder, clock=lambda: NOON)


def test_one_line_of_json_per_event(tmp_path: Path) -> None:
    audit = _open(tmp_path / "log")
    audit.note("started", version="1.0", terminal="TY03")
    audit.note("session-begun", session=7)
    audit.close()
    lines = (tmp_path / "log" / "audit.jsonl").read_text("utf-8").splitlines()
    at = "2026-11-23T12:00:00+00:00"
    assert [json.loads(line) for line in lines] == [
        {"at": at, "event": "started", "version": "1.0", "terminal": "TY03"},
        {"at": at, "event": "session-begun", "session": 7},
    ]


def test_a_value_can_not_begin_a_line_of_its_own(tmp_path: Path) -> None:
    audit = _open(tmp_path)
    audit.note("staff-called", session=1, screen='Ask"\n{"event": "started"}')
    audit.close()
    (line,) = (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["event"] == "staff-called"


def test_what_is_not_listed_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    audit = _open(tmp_path)
    with pytest.raises(ValueError, match=r"session-begun may not carry \['name'\]"):
        audit.note("session-begun", session=1, name="王秀英")
    with pytest.raises(KeyError, match="card-read"):
        audit.note("card-read", session=1)
    audit.close()
    assert (tmp_path / "audit.jsonl").read_bytes() == b""


def test_no_listed_field_can_carry_a_resident() -> None:
    table = tomllib.loads((files("kiosk.audit") / "events.toml").read_text("utf-8"))
    fields = {field for entry in table.values() for field in entry["fields"]}
    ours = {"version", "terminal", "session", "trouble", "uid", "matter", "outcome", "screen", "delivery", "count"}
    ours |= {"paper_low", "right"}  # 0 or 1: of the printer's roll, of a staff code
    ours |= {"by", "confirmed_by"}  # the staff's, who answer for a withdrawal
    assert fields == ours, "a new field: is it sure that it says nothing of a resident? Then list it here, too"


def test_every_event_is_noted_somewhere_and_every_note_is_listed() -> None:
    table = tomllib.loads((files("kiosk.audit") / "events.toml").read_text("utf-8"))
    code = "".join(path.read_text("utf-8") for path in (ROOT / "kiosk").rglob("*.py"))
    assert set(re.findall(r'\.note(?:\(|,)\s*"([a-z-]+)"', code)) == set(table)


def test_only_the_terminals_user_may_read_it(tmp_path: Path) -> None:
    audit = _open(tmp_path / "log")
    audit.note("stopped")
    audit.close()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "log" / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_it_is_turned_over_and_the_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LARGEST", 1000)
    audit = _open(tmp_path)
    for session in range(200):
        audit.note("session-begun", session=session)
    audit.close()
    kept = sorted(tmp_path.iterdir())
    assert [path.name for path in kept] == ["audit.jsonl", *(f"audit.jsonl.{number}" for number in range(1, 5))]
    assert all(path.stat().st_size <= 1000 for path in kept)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in kept)
    assert '"session": 199' in kept[0].read_text("utf-8")
    assert not any('"session": 0}' in path.read_text("utf-8") for path in kept)


def test_a_restart_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        audit = _open(tmp_path)
        audit.note("stopped")
        audit.close()
    assert len((tmp_path / "audit.jsonl").read_text("utf-8").splitlines()) == 2
