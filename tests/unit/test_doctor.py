"""Each check of the doctor, well and ill; and that it goes on after one that breaks."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from devices.camera import zbar
from devices.camera.api import Camera, CameraState, CameraTrouble, Frame, Live, Lost, Opening, Refused
from devices.card import pcsc
from devices.card.sim_emrtd import demo_state
from devices.card.sim_sam import SamOnTerminal, SimulatedSam
from devices.printer.api import JobResult, Printer, PrinterStatus, PrinterTrouble, Setup
from devices.speech.api import (
    Outlet,
    Ready,
    Silent,
    Speaker,
    SpeakerStatus,
    SpeechNews,
    SpeechTrouble,
    Utterance,
)
from devices.speech.worker import NoSpeaker
from district.keys import new_keys
from kiosk import device_checks, doctor, timely
from kiosk.catalogue import loader
from kiosk.catalogue.loader import CatalogueError
from kiosk.checks import Check
from kiosk.config import (
    CameraTable,
    CardTable,
    Config,
    ConfigError,
    OneCamera,
    PlatformTable,
    PrinterTable,
    QueueTable,
    SpeechTable,
)
from kiosk.doctor import Site, examine
from kiosk.opening import china_time
from kiosk.queue_keys import local_sealer
from offline_queue.bundle import Installed, public_text
from offline_queue.keyring import DistrictKeys
from offline_queue.sealing import LocalKeySealer
from tests.support.emrtd import TODAY
from tests.support.sealed_rig import KeyedDistrict
from tests.support.swtpm import SoftTpm

SOFTWARE = ["sqlite", "opencv", "codes", "catalogue", "fonts", "screen"]
TERMINAL = [
    *("data", "space", "secrets", "district-keys", "queue", "swap", "cards", "camera", "printer", "speech", "platform"),
]
TIMELY = ["travel-roots", "certificate", "clock"]
"""Tried in tests/integration/test_renewal.py; the first below."""
FONTS = Path(__file__).resolve().parents[2] / "ui" / "fonts"
READER = "Feitian R502 00 00"


class StillCamera:
    """Tells ``states``, then nothing more."""

    def __init__(self, *states: CameraState) -> None:
        self._states = states
        self.running = False

    def start(self, on_state: Callable[[CameraState], None], on_frame: Callable[[Frame], None]) -> None:
        self.running = True
        for state in self._states:
            on_state(state)

    def stop(self) -> None:
        self.running = False


class StillPrinter:
    """Has one status."""

    def __init__(self, trouble: PrinterTrouble | None = None, *, paper_low: bool = False) -> None:
        self._status = PrinterStatus(trouble=trouble, paper_low=paper_low, certain=True)
        self.closed = False

    @property
    def setup(self) -> Setup:
        return Setup()

    def status(self) -> PrinterStatus:
        return self._status

    def print(self, slip: object) -> JobResult:
        raise AssertionError("the doctor wastes no paper")

    def close(self) -> None:
        self.closed = True


class StillSpeaker(NoSpeaker):
    """Has one status, or tells nothing at all."""

    def __init__(self, status: SpeakerStatus | None) -> None:
        super().__init__()
        self._status = status
        self.stopped = False

    def start(self, on_news: Callable[[SpeechNews], None]) -> None:
        if self._status is not None:
            on_news(self._status)

    def say(self, utterance: Utterance) -> int:
        raise AssertionError("the doctor wakes nobody")

    def stop(self) -> None:
        self.stopped = True


class Patient(NamedTuple):
    config: Config
    data: Path

    def ask(
        self,
        name: str,
        *,
        config: Config | None = None,
        fonts: Path = FONTS,
        missing: tuple[str, ...] = (),
        camera: Camera | None = None,
        printer: Printer | ConfigError | None = None,
        speaker: Speaker | ConfigError | None = None,
        lacks: tuple[str, ...] = (),
        platform: doctor.PlatformWord = "answers",
    ) -> Check:
        """The outcome of one check."""

        def open_printer(table: PrinterTable) -> Printer:
            if isinstance(printer, ConfigError):
                raise printer
            return printer or StillPrinter()

        def open_speaker(_: SpeechTable) -> Speaker:
            if isinstance(speaker, ConfigError):
                raise speaker
            return speaker or StillSpeaker(Ready(Outlet.LOUDSPEAKER))

        site = Site(
            fonts=fonts,
            screen_parts=lambda: list(missing),
            open_camera=lambda _: camera or StillCamera(Opening(), Live(1280, 720)),
            open_printer=open_printer,
            open_speaker=open_speaker,
            speech_lacks=lambda _: list(lacks),
            platform_word=lambda _: platform,
            platform_offset=lambda _: 0.0,
        )
        return next(check for check in examine(config or self.config, site) if check.name == name)


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """A terminal in perfect health."""
    data = tmp_path / "data"
    (data / "queue").mkdir(parents=True)
    data.chmod(0o700)
    LocalKeySealer.in_folder(data / "queue")
    district = KeyedDistrict.new(tmp_path / "district", now=china_time())
    district.install(data / "queue", now=china_time())
    swaps = tmp_path / "swaps"
    swaps.write_text("Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n", "ascii")
    monkeypatch.setattr(doctor, "SWAPS", swaps)
    monkeypatch.setattr(doctor, "LEAST_FREE", 1)
    monkeypatch.setattr(pcsc, "list_readers", lambda: [READER])
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)
    platform = PlatformTable(url="https://district.example", bundle_key=public_text(district.signer))
    return Patient(Config(data=data, platform=platform), data)


@pytest.mark.parametrize("name", SOFTWARE + TERMINAL)
def test_a_healthy_terminal_passes(patient: Patient, name: str) -> None:
    check = patient.ask(name)
    assert (check.result, check.remedy) == ("pass", "")
    assert check.detail


def test_without_a_configuration_only_the_software_is_looked_at(patient: Patient) -> None:
    def no_printer(table: PrinterTable) -> Printer:
        pytest.fail("not asked for")

    site = Site(
        fonts=FONTS,
        screen_parts=list,
        open_camera=lambda _: pytest.fail("not asked for"),
        open_printer=no_printer,
        open_speaker=lambda _: pytest.fail("not asked for"),
        speech_lacks=lambda _: pytest.fail("not asked for"),
        platform_word=lambda _: pytest.fail("not asked for"),
        platform_offset=lambda _: pytest.fail("not asked for"),
    )
    checks = list(examine(None, site))
    assert [check.name for check in checks] == SOFTWARE + TERMINAL + TIMELY
    assert [check.name for check in checks if check.result == "skip"] == TERMINAL + TIMELY
    assert all(check.remedy for check in checks if check.result == "skip")


def _ill(check: Check, *said: str) -> None:
    assert check.result == "fail"
    assert check.remedy
    for words in said:
        assert words in check.detail + check.remedy, check


def test_an_old_sqlite(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    _ill(patient.ask("sqlite"), "3.51.2", "3.51.3")


def test_two_opencv_packages_side_by_side(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(name: str) -> str:
        return "4.12"

    monkeypatch.setattr(importlib.metadata, "version", installed)
    _ill(patient.ask("opencv"), "side by side: opencv-python, opencv-python-headless")


def test_no_zbar(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zbar, "available", lambda: False)
    _ill(patient.ask("codes"), "libzbar0")


def test_a_broken_catalogue_and_the_checks_after_it(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise CatalogueError("pension.yaml: icon: Field required")

    monkeypatch.setattr(loader, "load", broken)
    _ill(patient.ask("catalogue"), "pension.yaml: icon: Field required")
    assert patient.ask("fonts").result == "pass"


def test_missing_fonts(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "NotoSansCJKsc-Bold.otf").touch()
    check = patient.ask("fonts", fonts=tmp_path)
    _ill(check, "missing: Regular")
    assert "Bold" not in check.detail


def test_missing_screens(patient: Patient) -> None:
    _ill(patient.ask("screen", missing=("qml/Kiosk/screens/Ask.qml",)), "Ask.qml")


def test_a_data_folder_open_to_others_or_gone(patient: Patient) -> None:
    patient.data.chmod(0o750)
    _ill(patient.ask("data"), "open to other users", f"chmod 700 {patient.data}")
    shutil.rmtree(patient.data)
    _ill(patient.ask("data"), "cannot be written", f"mkdir -p {patient.data}")
    assert patient.ask("space").result == "skip"  # named once is enough
    assert patient.ask("swap").result == "pass"


def test_a_full_disk(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 2**62)
    _ill(patient.ask("space"), "MiB free", "make room")


def test_a_key_that_others_can_read(patient: Patient) -> None:
    key = patient.data / "queue" / "local.key"
    key.chmod(0o640)
    _ill(patient.ask("secrets"), "local.key is open to other users", f"chmod 600 {key}")


def test_a_key_in_a_file_is_named_the_last_resort_it_is(patient: Patient) -> None:
    assert "last resort" in patient.ask("secrets").detail


def test_a_key_in_the_tpm_opens_on_this_machine_only(patient: Patient, tmp_path: Path) -> None:
    with SoftTpm(tmp_path / "tpm") as tpm:
        queue_table = QueueTable(key_store="tpm", tpm=tpm.tcti)
        config = patient.config.model_copy(update={"queue": queue_table})
        local_sealer(config)
        assert "on this machine only" in patient.ask("secrets", config=config).detail
    _ill(patient.ask("secrets", config=config), "the TPM refuses", "docs/queue.md")
    with pytest.raises(ConfigError, match=r"queue\.key_store: the TPM refuses"):
        local_sealer(config)


def test_a_key_in_a_credential(patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "kiosk.key").write_bytes((patient.data / "queue" / "local.key").read_bytes())
    config = patient.config.model_copy(update={"queue": QueueTable(key_store="credential")})
    local_sealer(config)
    assert "systemd credential" in patient.ask("secrets", config=config).detail


def test_the_district_s_keys_are_looked_at(patient: Patient, tmp_path: Path) -> None:
    assert patient.ask("district-keys", config=Config(data=patient.data)).result == "skip"
    assert "all that is queued" in patient.ask("secrets", config=Config(data=patient.data)).detail
    (patient.data / "queue" / "district-keys.json").unlink()
    district = KeyedDistrict.new(tmp_path / "keys", now=china_time())
    platform = PlatformTable(bundle_key=public_text(district.signer))
    config = patient.config.model_copy(update={"platform": platform})
    _ill(patient.ask("district-keys", config=config), "nothing can be taken in", "kiosk queue keys install")
    long_ago = china_time() - timedelta(days=100)
    keys = DistrictKeys(patient.data / "queue", signer=district.signer)
    assert isinstance(keys.install(district.bundle(now=long_ago, days=50), now=long_ago), Installed)
    _ill(patient.ask("district-keys", config=config), "should have been replaced by", "newest bundle")
    bundle = district.bundle(now=china_time())
    installed = keys.install(bundle, now=china_time())
    assert isinstance(installed, Installed)
    assert f"version {installed.version}, hpke-x25519-aes256gcm" in patient.ask("district-keys", config=config).detail
    assert "what staff may see" in patient.ask("secrets", config=config).detail
    older = KeyedDistrict.new(tmp_path / "older", now=china_time() - timedelta(days=700))
    config = patient.config.model_copy(update={"platform": PlatformTable(bundle_key=public_text(older.signer))})
    for path in (patient.data / "queue").glob("district-keys.json"):
        path.unlink()
    older.install(patient.data / "queue", now=china_time())
    assert patient.ask("district-keys", config=config).result == "pass"
    new = china_time() + timedelta(days=20)
    new_keys(older.folder, now=new, escrow=True)
    for path in older.folder.glob("*.json"):
        if json.loads(path.read_bytes())["not_before"] < china_time().isoformat():
            path.unlink()
    older.install(patient.data / "queue", now=china_time())
    _ill(patient.ask("district-keys", config=config), "has no key of today", "check the date")


@pytest.mark.parametrize("line", ["/dev/sda2 partition 1 0 -2", "/swapfile file 1 0 -2"])
def test_unencrypted_swap(patient: Patient, tmp_path: Path, line: str) -> None:
    with (tmp_path / "swaps").open("a", encoding="ascii") as swaps:
        swaps.write(line + "\n")
    _ill(patient.ask("swap"), line.split()[0], "swapoff")


def test_no_card_service_no_reader_the_wrong_one(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    other = patient.config.model_copy(update={"card": CardTable(readers=("pcsc:ACS",))})
    _ill(patient.ask("cards", config=other), f"found: {READER}", "card.readers")
    monkeypatch.setattr(pcsc, "list_readers", list[str])
    _ill(patient.ask("cards"), "found: none")
    monkeypatch.setattr(pcsc, "list_readers", lambda: None)
    _ill(patient.ask("cards"), "does not answer", "pcscd")


def test_a_virtual_reader_has_no_place_on_a_terminal(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcsc, "list_readers", lambda: [READER, "Virtual PCD 00 00"])
    _ill(patient.ask("cards"), "Virtual PCD 00 00", "purge")


def test_readers_of_identity_cards_name_their_modules(patient: Patient) -> None:
    with SamOnTerminal(SimulatedSam()) as port:
        address = f"sdt-serial:{port.path}"
        config = patient.config.model_copy(update={"card": CardTable(readers=(address,))})
        found = patient.ask("identity-cards", config=config)
        assert (found.result, found.detail) == (
            "pass",
            f"{address}: security module 05.01-20140101-0000000001-0123456789",
        )
        assert patient.ask("cards", config=config).result == "pass"
        port.pull()
        _ill(patient.ask("identity-cards", config=config), address, "end the terminal first")


def test_a_camera_without_a_picture(patient: Patient) -> None:
    camera = StillCamera(Opening(), Lost(), Live(640, 480))
    _ill(patient.ask("camera", camera=camera), "/dev/video0", "camera.source")
    assert not camera.running


def test_a_second_camera_is_asked_for_by_its_own_name(patient: Patient) -> None:
    two = CameraTable(source="/dev/video0", codes=OneCamera(source="/dev/video9"))
    config = patient.config.model_copy(update={"camera": two})
    assert patient.ask("code-camera", config=config).result == "pass"
    _ill(patient.ask("code-camera", config=config, camera=StillCamera(Lost())), "/dev/video9", "camera.codes.source")


def test_a_camera_that_did_not_do_as_told_or_cannot_be_had_says_why(patient: Patient) -> None:
    refused = StillCamera(Live(1280, 720, (Refused("size", "1920 x 1080", "1280 x 720"), Refused("focus", "10", ""))))
    _ill(
        patient.ask("camera", camera=refused),
        "refused size 1920 x 1080 (is 1280 x 720), focus 10 (has none)",
        "[camera]",
    )
    for trouble in set(CameraTrouble) - {CameraTrouble.LOST}:
        _ill(patient.ask("camera", camera=StillCamera(Lost(trouble))), "/dev/video0: ")


def test_a_camera_that_says_nothing_is_not_waited_for_for_ever(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_checks, "CAMERA_S", 0.01)
    camera = StillCamera(Opening())
    _ill(patient.ask("camera", camera=camera), "no picture")
    assert not camera.running


@pytest.mark.parametrize("trouble", list(PrinterTrouble))
def test_a_printer_in_trouble_says_which(patient: Patient, trouble: PrinterTrouble) -> None:
    printer = StillPrinter(trouble)
    check = patient.ask("printer", printer=printer)
    _ill(check)
    assert check.detail.startswith("The printer")
    assert printer.closed


def test_paper_that_runs_low_is_said_in_time(patient: Patient) -> None:
    assert "low" in patient.ask("printer", printer=StillPrinter(paper_low=True)).detail


def test_a_printer_address_that_says_nothing(patient: Patient) -> None:
    _ill(patient.ask("printer", printer=ConfigError("printer.uri: no printer is named")), "printer.uri")


@pytest.mark.parametrize("trouble", [SpeechTrouble.NO_AUDIO, SpeechTrouble.NO_ENGINE, SpeechTrouble.ENGINE_LOST])
def test_a_voice_in_trouble_says_which(patient: Patient, trouble: SpeechTrouble) -> None:
    speaker = StillSpeaker(Silent(trouble))
    _ill(patient.ask("speech", speaker=speaker), 'speech.engine = "none"')
    assert speaker.stopped


def test_a_voice_that_lacks_something_or_answers_nothing(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    _ill(patient.ask("speech", lacks=("a voice for en",)), "a voice for en", "kiosk speech list")
    _ill(patient.ask("speech", speaker=ConfigError("speech.jack: neither")), "speech.jack")
    monkeypatch.setattr(device_checks, "SPEECH_S", 0.01)
    _ill(patient.ask("speech", speaker=StillSpeaker(None)), "does not answer")


def test_a_terminal_without_a_voice_is_no_failure(patient: Patient) -> None:
    check = patient.ask("speech", speaker=NoSpeaker())
    assert (check.result, check.remedy) == ("skip", "set speech.engine")


def test_a_platform_that_does_not_answer_and_none_at_all(patient: Patient) -> None:
    _ill(patient.ask("platform", platform="silent"), "https://district.example does not answer")
    _ill(patient.ask("platform", platform="refuses"), "kiosk slip key")
    _ill(patient.ask("platform", platform="clock"), "set this machine's clock")
    alone = patient.config.model_copy(update={"platform": PlatformTable()})
    check = patient.ask("platform", config=alone)
    assert (check.result, check.remedy) == ("skip", "set platform.url")


def test_a_row_is_what_the_command_prints() -> None:
    row = Check("space", "fail", "3 MiB free", "make room").row()
    assert row == {"check": "space", "result": "fail", "detail": "3 MiB free", "remedy": "make room"}


def test_a_data_folder_of_somebody_else(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def may(path: Path, mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", may)
    _ill(patient.ask("data"), "cannot be written")


def test_the_roots_of_travel_documents(tmp_path: Path) -> None:
    state = demo_state()
    folder = tmp_path / "csca"
    config = Config(card=CardTable(csca=folder))
    assert timely.roots(Config(), today=TODAY).result == "skip"
    _ill(timely.roots(config, today=TODAY), str(folder), "card.csca")
    folder.mkdir()
    _ill(timely.roots(config, today=TODAY), "0 certificates in their time", "newest")
    (folder / "utopia.cer").write_bytes(state.root_der)
    (folder / "README.txt").write_text("nothing to look at")
    well = timely.roots(config, today=TODAY)
    assert (well.result, well.detail) == ("pass", "1 certificates in their time, 0 out of it")
    _ill(timely.roots(config, today=TODAY.replace(year=2090)), "0 certificates in their time, 1 out of it", "newest")
    (folder / "page.cer").write_text("<html>log in to download</html>")
    _ill(timely.roots(config, today=TODAY), "none in: page.cer", "take these out")
    (folder / "page.cer").write_bytes(_of_another_kind())
    assert "1 of no use here" in timely.roots(config, today=TODAY).detail


def _of_another_kind() -> bytes:
    key = Ed25519PrivateKey.generate()  # no travel document is signed with one
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start.replace(year=2036))
    return builder.sign(key, None).public_bytes(Encoding.DER)
