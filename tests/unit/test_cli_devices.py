"""The commands of the devices and of the voice as a black box."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

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
from kiosk import config as configuration
from kiosk import opening, process
from kiosk.bootstrap import FONTS
from kiosk.config import Config
from kiosk.domain.spoken import LINES, Line
from kiosk.opening import CARD_FIELDS
from kiosk.speaking import speech_lacks
from tests.support.commands import Run, commands
from tests.support.papers import desk, packed, qr_picture
from tests.support.written import PEOPLE, document_page, identity_card, under_camera


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return commands(tmp_path / "data", monkeypatch)


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
