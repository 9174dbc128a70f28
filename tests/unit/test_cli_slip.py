"""``kiosk slip`` and ``kiosk printer status``: what a technician types."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devices.printer.sim import SimulatedPrinter
from kiosk.cli import main
from kiosk.process import Alone
from kiosk.receipts.picture import draw
from offline_queue.numbers import make_number, make_slip_text
from offline_queue.sealing import terminal_key
from tests.support.slips import CHINESE, FONTS

Run = Callable[..., Result]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)
    path = tmp_path / "kiosk.toml"
    path.write_text(
        f'data = "{tmp_path / "data"}"\n[hall]\nterminal = "TY05"\nname = {{ zh = "清溪镇大厅", en = "Qingxi Hall" }}\n'
        f'[platform]\nslip_keys = "{tmp_path / "keys"}"\n',
        "utf-8",
    )
    (tmp_path / "keys").write_text("# none yet\n", "utf-8")
    return path


@pytest.fixture
def run() -> Run:
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def text(tmp_path: Path) -> str:
    """A slip of the configured terminal."""
    number = make_number(terminal="TY05", day="261121", counter=12)
    key = terminal_key(tmp_path / "data" / "queue")
    return make_slip_text(district="district.example", number=number, token=bytes(16), key=key)


def row(result: Result) -> dict[str, object]:
    return json.loads(result.stdout)


def test_genuine_by_text_by_picture_and_by_another_terminals_list(
    run: Run, config: Path, text: str, tmp_path: Path
) -> None:
    told = run("slip", "verify", text, "--config", config, "--json")
    assert told.exit_code == 0
    assert row(told) == {
        "result": "genuine",
        "number": text.split(".")[2],
        "terminal": "TY05",
        "hall": "清溪镇大厅 / Qingxi Hall",
        "district": "district.example",
        "day": "2026-11-21",
    }
    draw(replace(CHINESE, qr_text=text), font_folder=FONTS).save(tmp_path / "slip.png")
    assert row(run("slip", "verify", tmp_path / "slip.png", "--config", config, "--json"))["result"] == "genuine"
    line = run("slip", "key", "--config", config)
    assert line.exit_code == 0
    (tmp_path / "others").write_text(line.stdout, "utf-8")
    for key in (tmp_path / "others", line.stdout.split()[1], line.stdout.strip()):
        assert run("slip", "verify", text, "--key", key).exit_code == 0


def test_slip_of_another_terminal_is_known_by_the_districts_list(
    run: Run, config: Path, text: str, tmp_path: Path
) -> None:
    line = run("slip", "key", "--config", config).stdout
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_text(f'data = "{tmp_path / "other"}"\n[platform]\nslip_keys = "{tmp_path / "keys"}"\n', "utf-8")
    (tmp_path / "keys").write_text("TY01 " + "A" * 43 + "\n", "utf-8")
    assert run("slip", "verify", text, "--config", elsewhere).exit_code == 3
    (tmp_path / "keys").write_text(line, "utf-8")
    assert run("slip", "verify", text, "--config", elsewhere).exit_code == 0
    assert not (tmp_path / "other").exists()  # checking makes nothing


@pytest.mark.parametrize(
    ("before", "after", "result", "status"),
    [
        ("#v1", "#v9", "slip-of-other-version", 5),
        ("district.", "strict.", "slip-forged", 1),
        ("-0012-", "-0013-", "slip-number-wrong", 1),
        ("/s#", "/win#" + "x" * 4000, "not-a-slip", 4),
    ],
)
def test_what_is_not_genuine_says_why(
    run: Run, config: Path, text: str, before: str, after: str, result: str, status: int
) -> None:
    changed = text.replace(before, after)
    told = run("slip", "verify", changed, "--config", config, "--json")
    assert (row(told)["result"], told.exit_code) == (result, status)
    words = run("slip", "verify", changed, "--config", config)
    assert words.exit_code == status
    assert words.stderr


def test_picture_without_a_code_and_what_is_no_picture(run: Run, config: Path, text: str, tmp_path: Path) -> None:
    draw(CHINESE, font_folder=FONTS).crop((0, 0, 576, 300)).save(tmp_path / "torn.png")
    assert run("slip", "verify", tmp_path / "torn.png", "--config", config).exit_code == 4
    assert run("slip", "verify", config, "--config", config).exit_code == 1


def test_checking_without_any_key_is_a_usage_error(run: Run, config: Path, text: str, tmp_path: Path) -> None:
    bare = tmp_path / "bare.toml"
    bare.write_text(f'data = "{tmp_path / "nothing"}"\n', "utf-8")
    assert run("slip", "verify", text, "--config", bare).exit_code == 2
    assert run("slip", "verify", text, "--key", "nonsense").exit_code == 2
    (tmp_path / "keys").write_text("nonsense\n", "utf-8")
    broken = run("slip", "verify", text, "--config", config)
    assert broken.exit_code == 1
    assert "platform.slip_keys" in broken.stderr


# --- the printer's state and count ----------------------------------------------------------------------------------


@pytest.fixture
def sim(config: Path) -> Generator[SimulatedPrinter]:
    with SimulatedPrinter() as simulated:
        config.write_text(config.read_text("utf-8") + f'[printer]\nuri = "{simulated.uri}"\n', "utf-8")
        yield simulated


def test_status_asks_the_printer_and_tells_the_count(run: Run, config: Path, sim: SimulatedPrinter) -> None:
    fresh = run("printer", "status", "--config", config, "--json")
    assert fresh.exit_code == 0
    assert row(fresh) == {
        "status": {"trouble": None, "paper_low": False, "certain": True},
        "asked": "printer",
        "seen": None,
        "slips": 0,
        "roll_slips": 0,
        "roll_metres": 0.0,
        "roll_since": None,
    }
    sim.run_low()
    low = run("printer", "status", "--config", config)
    assert low.exit_code == 0
    assert "[printer-paper-low]" in low.stderr
    sim.open_cover()
    opened = run("printer", "status", "--config", config)
    assert opened.exit_code == 1
    assert "[printer-cover-open]" in opened.stderr


def test_status_of_a_running_terminal_is_its_own_last_word(
    run: Run, config: Path, sim: SimulatedPrinter, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    count = {"slips": 7, "roll_slips": 3, "roll_rows": 16000, "seen": "2026-11-23T12:00:00+08:00", "paper_low": True}
    (tmp_path / "data" / "printer.json").write_text(json.dumps(count), "utf-8")
    alone = Alone(tmp_path / "data")
    try:
        told = run("printer", "status", "--config", config, "--json")
        assert run("printer", "new-roll", "--config", config).exit_code == 1
    finally:
        alone.release()
    first, _ = (json.loads(line) for line in told.stdout.splitlines())
    assert (first["asked"], first["slips"], first["roll_metres"], first["seen"]) == ("terminal", 7, 2.0, count["seen"])
    assert first["status"]["paper_low"] is True
    assert sim.received() == b""
    assert run("printer", "new-roll", "--config", config).exit_code == 0
    again = row(run("printer", "status", "--config", config, "--json"))
    assert (again["slips"], again["roll_slips"]) == (7, 0)
