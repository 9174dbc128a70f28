"""The commands as a black box: what stands on standard output, what on standard error, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from devices.camera import discovery
from devices.camera.demo_papers import RegisterEntry, register_page
from devices.camera.discovery import FoundCamera
from devices.camera.v4l2 import Format
from devices.card.reader import WatchedReader
from devices.card.sim import InProcessSlot
from devices.card.sim_card import demo_cards
from devices.card.sim_emrtd import DEMO_HOLDERS
from devices.card.sim_sam import SamOnTerminal, SimulatedSam
from devices.printer.sim import SimulatedPrinter
from devices.speech.sim import SimulatedDispatcher
from district.embedded import EmbeddedDistrict
from kiosk import bootstrap, opening, process, site
from kiosk import config as configuration
from kiosk.bootstrap import FONTS
from kiosk.cli import main
from kiosk.config import Config, PlatformTable
from kiosk.domain.spoken import LINES, Line
from kiosk.opening import CARD_FIELDS
from kiosk.process import Alone
from kiosk.speaking import speech_lacks
from offline_queue.sealing import terminal_key
from offline_queue.signing import RequestSigner
from tests.support.papers import desk, packed, qr_picture
from tests.support.written import PEOPLE, document_page, identity_card, under_camera

CONFIG = """
[hall]
terminal = "TY03"
[[hall.villages]]
code = "001"
name = { zh = "桃源社区", en = "Taoyuan Community" }
[printer]
uri = "file:/dev/null"
"""


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output, which has to be JSON line by line and nothing else."""
        return [cast("dict[str, Any]", json.loads(line)) for line in self.out.splitlines()]


Run = Callable[..., Answer]


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("KIOSK_CONFIG", raising=False)
    monkeypatch.setattr(bootstrap, "forbid_core_dumps", lambda: None)  # for good, in the process of all tests

    def run(*words: str | Path) -> Answer:
        result = CliRunner().invoke(main, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "terminal.toml"
    path.write_text(CONFIG, "utf-8")
    return path


# --- in general ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["run"],
        ["queue", "show"],
        ["queue", "list", "--yaml"],
        ["card", "read", "--wait", "-1"],
        ["camera", "code"],
        ["printer", "test"],
        ["printer", "test", "--uri", "paper://wall"],
        ["queue", "sync"],
        ["queue", "sync", "--platform", "http://district.example"],
        ["queue", "put", "--form", "/nowhere.json"],
        ["rehearse", "pension-enrolment"],
        ["rehearse", "pension-enrolment", "--out", "/nowhere", "--printer", "paper://wall"],
        ["rehearse", "pension-enrolment", "--out", "/nowhere", "--platform", "http://district.example"],
    ],
)
def test_wrong_use_ends_with_2_and_nothing_on_standard_output(kiosk: Run, words: list[str]) -> None:
    answer = kiosk(*words)
    assert (answer.status, answer.out) == (2, "")
    assert "Usage: " in answer.err
    assert "Error: " in answer.err


@pytest.mark.parametrize("words", [["queue", "list"], ["doctor"], ["run"], ["queue", "verify", "--json"]])
def test_a_configuration_that_cannot_be_used_ends_with_1_and_says_why(
    kiosk: Run, tmp_path: Path, words: list[str]
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[printer]\ncolour = 'red'", "utf-8")
    answer = kiosk(*words, "--config", broken)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == f"Error: {broken}: printer.colour: Extra inputs are not permitted\n"


# --- queue: withdrawing and mending ---------------------------------------------------------------------------------


def test_withdrawing_is_audited_without_names_and_done_once(kiosk: Run, config: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text('{"matter": "m"}', "utf-8")
    uid = json.loads(kiosk("queue", "put", "--form", form, "--config", config, "--json").out)["uid"]
    words = ("queue", "cancel", uid, "--reason", "重复", "--config", config, "--json")
    same = kiosk(*words, "--by", "Li", "--confirmed-by", "li")
    assert (same.status, same.out) == (2, "")
    assert "two people" in same.err
    done = kiosk(*words, "--by", "李建国", "--confirmed-by", "王主任")
    assert (done.status, json.loads(done.out)) == (0, {"uid": uid, "state": "cancelled"})
    again = kiosk(*words, "--by", "李建国", "--confirmed-by", "王主任")
    assert (again.status, json.loads(again.out)["trouble"]) == (1, "not-withdrawn")
    log = (tmp_path / "data" / "log" / "audit.jsonl").read_text("utf-8")
    assert [json.loads(line)["event"] for line in log.splitlines()] == ["submission-cancelled"]
    assert "李建国" not in log


def test_verify_repairs_and_says_what(kiosk: Run, config: Path, tmp_path: Path) -> None:
    assert kiosk("queue", "verify", "--config", config).status == 0
    (tmp_path / "data" / "queue" / "blobs" / "x.part").write_bytes(b"half")
    assert kiosk("queue", "verify", "--config", config, "--json").status == 1
    answer = kiosk("queue", "verify", "--repair", "--config", config, "--json")
    assert (answer.status, json.loads(answer.out)) == (0, {"uid": None, "mended": "file-removed", "detail": "x.part"})


# --- run ----------------------------------------------------------------------------------------------------------


def test_run_without_a_printer_says_so(kiosk: Run, config: Path) -> None:
    config.write_text(CONFIG.replace("file:/dev/null", ""), "utf-8")
    answer = kiosk("run", "--config", config)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("Error: printer.uri: no printer is named")


def test_run_without_villages_says_so(kiosk: Run, config: Path) -> None:
    config.write_text('[printer]\nuri = "file:/dev/null"', "utf-8")
    answer = kiosk("run", "--config", config)
    assert (answer.status, answer.out) == (1, "")
    assert "hall.villages is empty" in answer.err


def test_run_beside_another_terminal_says_so(kiosk: Run, config: Path, tmp_path: Path) -> None:
    first = Alone(tmp_path / "data")
    try:
        answer = kiosk("run", "--config", config)
    finally:
        first.release()
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == f"Error: another terminal is running on {tmp_path / 'data'}: close it first\n"


def test_run_on_a_data_folder_that_is_none_says_so(
    kiosk: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "file"))
    for words in (["run", "--config", str(config)], ["queue", "list"]):
        answer = kiosk(*words)
        assert (answer.status, answer.out) == (1, "")
        assert answer.err.startswith(f"Error: The data folder {tmp_path / 'file'} cannot be used: ")
        assert "KIOSK_DATA_DIR" in answer.err


def test_an_unknown_matter_cannot_be_rehearsed(kiosk: Run, tmp_path: Path, config: Path) -> None:
    answer = kiosk(
        "rehearse", "flying", "--out", tmp_path / "out", "--reader", "x", "--camera", tmp_path / "none",
        "--printer", "file:/dev/null", "--platform", "http://127.0.0.1:9", "--config", config,
    )  # fmt: skip
    assert (answer.status, answer.out) == (2, "")
    assert "no such matter: flying" in answer.err
    assert not (tmp_path / "out").exists()


# --- queue --------------------------------------------------------------------------------------------------------


@pytest.fixture
def uid(kiosk: Run, tmp_path: Path) -> str:
    """A submission that was handed in by file."""
    form, paper = tmp_path / "form.json", tmp_path / "paper.pdf"
    form.write_text('{"matter": "pension-enrolment", "name": "王秀英"}', "utf-8")
    paper.write_bytes(b"%PDF-1.7 paper")
    answer = kiosk("queue", "put", "--form", form, "--attach", paper, "--json")
    assert answer.status == 0
    (row,) = answer.rows
    assert set(row) == {"uid", "provisional_number"}
    assert row["provisional_number"].startswith("TY01-")
    return row["uid"]


def test_an_empty_queue(kiosk: Run) -> None:
    assert kiosk("queue", "list", "--json") == (0, "", "")
    assert "Nothing was handed in here yet." in kiosk("queue", "list").out
    assert kiosk("queue", "verify", "--json") == (0, "", "")
    assert "All well." in kiosk("queue", "verify").out


def test_what_was_put_is_listed_and_shown_without_what_was_written(kiosk: Run, uid: str) -> None:
    (row,) = kiosk("queue", "list", "--json").rows
    assert (row["uid"], row["state"], row["matter"], row["attempts"]) == (uid, "ready", None, 0)
    (details,) = kiosk("queue", "show", uid, "--json").rows
    assert details.items() >= row.items()
    assert [paper["done"] for paper in details["attachments"]] == [False]
    for command in (["list"], ["list", "--json"], ["show", uid], ["show", uid, "--json"]):
        answer = kiosk("queue", *command)
        assert answer.status == 0
        assert uid in answer.out
        assert "王" not in answer.out + answer.err


@pytest.mark.parametrize("command", ["show", "retry"])
def test_an_unknown_submission_is_told_in_words_or_as_a_row(kiosk: Run, command: str) -> None:
    plain = kiosk("queue", command, "x")
    assert (plain.status, plain.out) == (1, "")
    assert "There is no such submission on this terminal." in plain.err
    assert "[uid-unknown]" in plain.err
    as_json = kiosk("queue", command, "x", "--json")
    assert (as_json.status, as_json.err) == (1, "")
    (row,) = as_json.rows
    assert (row["uid"], row["trouble"]) == ("x", "uid-unknown")
    assert row["remedy"]


def test_sync_to_a_platform_that_is_not_there_then_to_one_that_is(kiosk: Run, uid: str, tmp_path: Path) -> None:
    answer = kiosk("queue", "sync", "--platform", "http://127.0.0.1:9", "--json")
    assert (answer.status, answer.rows) == (
        1,
        [{"attempted": 1, "delivered": 0, "failed": 1, "held": 0, "waiting": 1}],
    )
    (row,) = kiosk("queue", "list", "--json").rows
    assert (row["state"], row["attempts"], row["last_error"]) == ("ready", 1, "unreachable")
    assert kiosk("queue", "retry", uid, "--json").rows == [{"uid": uid, "state": "ready"}]
    with EmbeddedDistrict(tmp_path / "district") as district:
        answer = kiosk("queue", "sync", "--platform", district.url, "--json")
    assert answer.status == 0
    (summary,) = answer.rows
    assert (summary["delivered"], summary["waiting"]) == (1, 0)
    (row,) = kiosk("queue", "list", "--json").rows
    assert row["state"] == "done"
    answer = kiosk("queue", "retry", uid, "--json")
    assert (answer.status, answer.rows[0]["trouble"]) == (1, "nothing-to-send")


def test_verify_names_what_is_damaged(kiosk: Run, uid: str, tmp_path: Path) -> None:
    (paper,) = (tmp_path / "data" / "queue" / "blobs").iterdir()
    paper.write_bytes(paper.read_bytes()[:-1] + b"\x00")
    answer = kiosk("queue", "verify", "--json")
    assert answer.status == 1
    assert [row["uid"] for row in answer.rows] == [uid]
    assert set(answer.rows[0]) == {"uid", "code", "detail"}
    assert kiosk("queue", "verify").status == 1


def test_a_form_that_is_none_is_wrong_use(kiosk: Run, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text("[1]", "utf-8")
    answer = kiosk("queue", "put", "--form", form)
    assert (answer.status, answer.out) == (2, "")
    assert "not a JSON object" in answer.err


def test_a_form_that_is_too_large_is_told(kiosk: Run, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text(json.dumps({"text": "长" * 2_000_000}), "utf-8")
    answer = kiosk("queue", "put", "--form", form, "--json")
    assert answer.status == 1
    (row,) = answer.rows
    assert (row["trouble"], row["part"]) == ("too-large", "form")


# --- devices ------------------------------------------------------------------------------------------------------


def _reader(monkeypatch: pytest.MonkeyPatch, slot: InProcessSlot) -> None:
    def opened(config: Config, *addresses: str) -> WatchedReader:
        return WatchedReader(slot=slot, fields=CARD_FIELDS, today=lambda: date(2026, 11, 23))

    monkeypatch.setattr(opening, "open_reader", opened)


def test_a_card_is_read(kiosk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = InProcessSlot()
    slot.insert(demo_cards()["wang"])
    _reader(monkeypatch, slot)
    answer = kiosk("card", "read", "--json")
    assert (answer.status, answer.err) == (0, "")
    (row,) = answer.rows
    assert set(row) == {"profile", "assurance", "fields", "checks"}
    assert row["fields"]["name"] == "王秀英"
    assert set(row["fields"]) <= CARD_FIELDS
    assert all(check["passed"] for check in row["checks"])


def test_the_security_module_of_a_reader(kiosk: Run) -> None:
    with SamOnTerminal(SimulatedSam()) as port:
        address = f"sdt-serial:{port.path}"
        answer = kiosk("card", "module", "--reader", address, "--json")
        assert (answer.status, answer.rows) == (
            0,
            [{"reader": address, "module": "05.01-20140101-0000000001-0123456789"}],
        )
        port.pull()
        answer = kiosk("card", "module", "--reader", address, "--json")
    assert (answer.status, [row["trouble"] for row in answer.rows]) == (1, ["no-reader"])
    assert "ttySAM: SerialException" in answer.err
    for wrong in ([], ["--reader", "pcsc:ACS"], ["--reader", "sdt-usb:x"], ["--reader", "COM1"]):
        assert kiosk("card", "module", *wrong).status == 2


def test_a_card_that_cannot_be_used_and_none_at_all(kiosk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = InProcessSlot()
    _reader(monkeypatch, slot)
    answer = kiosk("card", "read", "--wait", "0.1", "--json")
    assert (answer.status, [row["trouble"] for row in answer.rows]) == (1, ["no-card"])
    slot = InProcessSlot()
    slot.insert(demo_cards()["expired"])
    _reader(monkeypatch, slot)
    answer = kiosk("card", "read")
    assert (answer.status, answer.out) == (1, "")
    assert "[card-expired]" in answer.err


def test_cameras_are_listed_by_what_to_write_into_the_configuration(
    kiosk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_id = Path("/dev/v4l/by-id/usb-ACME_Doc_1-video-index0")
    doc = FoundCamera(
        node=Path("/dev/video0"),
        name="Doc Camera",
        by_id=by_id,
        by_path=None,
        formats=(Format("MJPG", ((1920, 1080), (640, 480))),),
    )
    monkeypatch.setattr(discovery, "list_cameras", lambda: (doc,))
    answer = kiosk("camera", "list", "--json")
    assert answer.status == 0
    assert answer.rows == [
        {
            "source": str(by_id),
            "name": "Doc Camera",
            "node": "/dev/video0",
            "by_path": None,
            "formats": ["MJPG 1920x1080", "MJPG 640x480"],
        }
    ]
    monkeypatch.setattr(discovery, "list_cameras", tuple[FoundCamera, ...])
    answer = kiosk("camera", "list", "--json")
    assert (answer.status, [row["trouble"] for row in answer.rows]) == (1, ["camera-none"])


def test_codes_in_pictures(kiosk: Run, tmp_path: Path) -> None:
    good, empty, none = tmp_path / "good.png", tmp_path / "empty.png", tmp_path / "none.png"
    good.write_bytes(packed(qr_picture("https://district.example/m#v1.pension")))
    empty.write_bytes(packed(desk(None, size=(320, 240))))
    none.write_bytes(b"no picture")
    answer = kiosk("camera", "code", good, empty, none, "--json")
    assert answer.status == 1
    first, second, third = answer.rows
    assert first["codes"] == [
        {"format": "qr-code", "text": "https://district.example/m#v1.pension", "engine": "zxing", "kind": "matter"}
    ]
    assert second == {"file": str(empty), "codes": []}
    assert (third["file"], third["trouble"]) == (str(none), "picture-unreadable")
    assert kiosk("camera", "code", good, empty, "--json").status == 0


def test_papers_in_pictures(kiosk: Run, tmp_path: Path) -> None:
    entry = RegisterEntry(
        name="王秀英", sex="女", birth_date="1968-03-15", id_number="932682196803150025", address="桃源镇东河村三组"
    )
    page = register_page(entry, font=FONTS / "NotoSansCJKsc-Regular.otf")
    good, empty, none = tmp_path / "good.png", tmp_path / "empty.png", tmp_path / "none.png"
    good.write_bytes(packed(desk(page)))
    empty.write_bytes(packed(desk(None)))
    answer = kiosk("camera", "page", good, empty, none, "--out", tmp_path / "out", "--json")
    assert answer.status == 1
    first, second, third = answer.rows
    assert [[isinstance(value, float) for value in corner] for corner in first["corners"]] == [[True, True]] * 4
    assert (second["corners"], second["findings"]) == (None, ["no-paper"])
    assert third["trouble"] == "picture-unreadable"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.jpg"]


def test_what_is_read_off_papers_is_masked_unless_asked_for(kiosk: Run, tmp_path: Path) -> None:
    person, passport = PEOPLE[0], DEMO_HOLDERS["passport"]
    card, page, none = tmp_path / "card.png", tmp_path / "page.png", tmp_path / "none.png"
    card.write_bytes(packed(under_camera(identity_card(person))))
    page.write_bytes(packed(under_camera(document_page(passport.mrz_lines))))
    none.write_bytes(b"no picture")
    answer = kiosk("camera", "read", card, page, none, "--json")
    assert answer.status == 1
    first, second, third = answer.rows
    assert [row["kind"] for row in first["found"]] == ["id-number", "name"]
    assert second["found"][0]["text"] == "2x44 P CHN E99****17 ****** ******"
    assert third["trouble"] == "picture-unreadable"
    assert not any(secret in answer.out for secret in (person.number, person.name, passport.number, "680312"))
    shown = kiosk("camera", "read", "--show", card, page)
    assert shown.status == 0
    assert all(text in shown.out for text in (person.number, person.name, passport.number, "680312 360602"))


def _no_program(_module: str) -> list[str]:
    return ["/nonexistent/program"]


def test_reading_that_does_not_work_is_told(kiosk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "child_command", _no_program)
    card = tmp_path / "card.png"
    card.write_bytes(packed(identity_card(PEOPLE[0])))
    answer = kiosk("camera", "read", card, "--json")
    assert (answer.status, [row["trouble"] for row in answer.rows]) == (1, ["reading-failed"])


def test_the_test_slip(kiosk: Run) -> None:
    printer = SimulatedPrinter()
    try:
        answer = kiosk("printer", "test", "--uri", printer.uri, "--json")
        assert answer.status == 0
        (row,) = answer.rows
        assert row["outcome"] == "printed"
        assert row["status"] == {"trouble": None, "paper_low": False, "certain": True}
        assert row["bytes"] > 1000
        assert len(printer.slips()) == 1
        printer.open_cover()
        answer = kiosk("printer", "test", "--uri", printer.uri)
        assert answer.status == 1
        assert "not-printed" in answer.out
        assert "[printer-cover-open]" in answer.err
        answer = kiosk("printer", "test", "--uri", printer.uri, "--json")
        assert (answer.status, answer.err) == (1, "")
        assert [row["status"]["trouble"] for row in answer.rows] == ["printer-cover-open"]
    finally:
        printer.stop()


# --- speech -------------------------------------------------------------------------------------------------------


@pytest.fixture
def voiced(tmp_path: Path) -> Iterator[tuple[Path, SimulatedDispatcher]]:
    """A configuration that speaks through a simulated daemon."""
    sim = SimulatedDispatcher(per_character_s=0.001)
    path = tmp_path / "voiced.toml"
    path.write_text(f'[speech]\nengine = "speech-dispatcher"\nsocket = "{sim.path}"\nvolume = 0.5\n', "utf-8")
    yield path, sim
    sim.stop()


def test_a_text_is_said_as_the_terminal_would(kiosk: Run, voiced: tuple[Path, SimulatedDispatcher]) -> None:
    path, sim = voiced
    answer = kiosk("speech", "say", "Good morning.", "--language", "en", "--rate", "0.5", "--config", path, "--json")
    assert (answer.status, answer.rows) == (0, [{"end": "finished"}])
    (said,) = sim.said()
    assert (said.text, said.settings["LANGUAGE"]) == ("Good morning.", "en")
    assert (said.settings["RATE"], said.settings["VOLUME"]) == ("-94", "0")


def test_what_cannot_be_said_is_told_with_a_remedy(
    kiosk: Run, voiced: tuple[Path, SimulatedDispatcher], tmp_path: Path
) -> None:
    path, sim = voiced
    sim.stop()
    answer = kiosk("speech", "say", "您好", "--config", path, "--json")
    assert (answer.status, answer.rows[0]["trouble"]) == (1, "speech-no-engine")
    assert answer.rows[0]["remedy"]
    (tmp_path / "mute.toml").write_text('[speech]\nengine = "none"\n')
    assert kiosk("speech", "say", "您好", "--config", tmp_path / "mute.toml").status == 1
    assert kiosk("speech", "say", "a\nb", "--config", path).status == 2
    (tmp_path / "clips.toml").write_text("[[clip]]\n")
    (tmp_path / "bad.toml").write_text(f'[speech]\nclips = "{tmp_path}"\n')
    for command in (["say", "您好"], ["list"]):
        answer = kiosk("speech", *command, "--config", tmp_path / "bad.toml")
        assert answer.status == 1
        assert "speech.clips: " in answer.err
    (tmp_path / "jack.toml").write_text('[speech]\njack = "left"\n')
    assert "speech.jack: 'left'" in kiosk("speech", "say", "您好", "--config", tmp_path / "jack.toml").err


def test_voices_and_sentences_are_listed(kiosk: Run, voiced: tuple[Path, SimulatedDispatcher], tmp_path: Path) -> None:
    path, _ = voiced
    warning = LINES[Line.IDLE_WARNING]
    soundfile.write(tmp_path / "zh.ogg", np.ones(800, np.int16), 8000)
    clip = '[[clip]]\nkey = "idle-warning"\nlanguage = "{0}"\ntext = "{1}"\nfile = "{0}.ogg"\n'
    (tmp_path / "clips.toml").write_text(clip.format("zh", warning.zh) + clip.format("en", warning.en), "utf-8")
    with path.open("a") as file:
        file.write(f'clips = "{tmp_path}"\n')
    rows = kiosk("speech", "list", "--config", path, "--json").rows
    assert [row["language"] for row in rows if "voice" in row] == ["cmn", "en-gb"]
    lines = {row["language"]: (row["line"], row["text"], row["clip"]) for row in rows if "line" in row}
    assert lines["zh"] == ("idle-warning", warning.zh, "there")
    assert lines["en"] == ("idle-warning", warning.en, "broken")


@pytest.mark.parametrize(
    ("table", "lacks"),
    [
        ('engine = "none"', []),
        ('engine = "speech-dispatcher"\nsocket = "{socket}"', []),
        ('engine = "speech-dispatcher"\nsocket = "/nowhere"', ["a voice for zh", "a voice for en"]),
        ('engine = "clips"\nclips = "{clips}"', ["clip idle-warning (zh)"]),
    ],
)
def test_the_doctor_sees_what_a_voice_lacks(
    voiced: tuple[Path, SimulatedDispatcher], tmp_path: Path, table: str, lacks: list[str]
) -> None:
    (tmp_path / "clips.toml").write_text(
        '[[clip]]\nkey = "idle-warning"\nlanguage = "zh"\ntext = "您好。"\nfile = "none.wav"\n', "utf-8"
    )
    path = tmp_path / "lacking.toml"
    path.write_text("[speech]\n" + table.format(socket=voiced[1].path, clips=tmp_path), "utf-8")
    assert speech_lacks(configuration.load(path).speech) == lacks


# --- doctor -------------------------------------------------------------------------------------------------------


def test_the_doctor_prints_a_row_per_check_and_ends_with_1_after_a_failure(
    kiosk: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = kiosk("doctor", "--json")
    assert {"sqlite", "catalogue", "screen"} <= {row["check"] for row in answer.rows}
    assert all(set(row) == {"check", "result", "detail", "remedy"} for row in answer.rows)
    assert answer.status == (1 if any(row["result"] == "fail" for row in answer.rows) else 0)
    monkeypatch.setattr(site, "_screen_parts", lambda: ["Main.qml"])
    answer = kiosk("doctor")
    assert answer.status == 1
    assert "fail  screen: missing: Main.qml  → reinstall" in answer.out


def _long_ago(_signer: RequestSigner) -> float:
    return 0.0


def test_the_doctor_knows_what_the_platform_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)

    def word(url: str) -> str:
        return site.site().platform_word(Config(data=tmp_path, platform=PlatformTable(url=url)))

    with EmbeddedDistrict(tmp_path / "district") as district:
        url = district.url
        assert word(url) == "answers"
        key = terminal_key(tmp_path / "queue")
        district.register("TY02", bytes(32))
        assert word(url) == "refuses"
        district.register("TY01", key.public_key().public_bytes_raw())
        assert word(url) == "answers"
        monkeypatch.setattr(RequestSigner, "now", _long_ago)
        assert word(url) == "clock"
    assert word(url) == "silent"
