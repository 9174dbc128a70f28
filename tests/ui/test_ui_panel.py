"""The control panel: every button does what it says to the simulators, and the panel shows slip and received papers."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from devices.camera.capture import OpencvCamera
from devices.card.api import CardRead, NoCard
from devices.card.sim_card import DEMO_PEOPLE
from kiosk.bootstrap import Core, Parts, open_core
from kiosk.config import PrinterTable
from kiosk.demo.controls import controls, last_slip, scene
from kiosk.demo.simulators import Simulators, demo_config, simulated_readers, simulated_speaker, simulators
from kiosk.journey.events import Begin, Tick
from kiosk.journey.states import WhoFor
from kiosk.opening import china_time, open_slip_printer
from ui.simpanel.panel import Panel

PATIENCE_MS = 20_000


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[tuple[Simulators, Core]]:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "terminal"))
    with simulators(tmp_path) as sims:
        parts = Parts(
            reader=simulated_readers(sims),
            camera=OpencvCamera(source=sims.desk.source),
            codes=OpencvCamera(source=sims.window.source),
            printer=open_slip_printer(PrinterTable(uri=sims.printer.uri)),
            speaker=simulated_speaker(sims.voice, sims.jack),
        )
        core = open_core(demo_config(sims.district.url, sims.printer.uri), parts)
        try:
            yield sims, core
        finally:
            core.close()


@pytest.fixture
def panel(hall: tuple[Simulators, Core], qapp: QApplication) -> Generator[Panel]:
    sims, core = hall
    made = Panel(controls(sims, core), scene(sims))
    yield made
    made.close()
    # Left to pytest-qt it would keep the hall, 70 MB, until some later test runs an event loop.
    made.deleteLater()
    qapp.sendPostedEvents(made, QEvent.Type.DeferredDelete)


def press(panel: Panel, name: str) -> None:
    button = panel.findChild(QPushButton, name)
    assert isinstance(button, QPushButton), name
    button.click()


def test_cards_go_on_and_off_the_reader(hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot) -> None:
    _, core = hall

    def at(ready: type) -> bool:
        core.runner.pump()
        return isinstance(core.runner.state.screen, ready)

    press(panel, "card-wang")
    qtbot.waitUntil(lambda: at(WhoFor), timeout=PATIENCE_MS)
    press(panel, "card-off")

    def lifted() -> bool:
        core.runner.pump()
        return type(core.runner.state.card).__name__ == "NoCard"

    qtbot.waitUntil(lifted, timeout=PATIENCE_MS)


@pytest.mark.parametrize(("key", "name"), [("zhou", "周海波"), ("foreigner", "安娜")])
def test_identity_cards_go_on_the_reader_beside_it(
    hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot, key: str, name: str
) -> None:
    sims, core = hall

    def read() -> bool:
        core.runner.pump()
        card = core.runner.state.card
        return isinstance(card, CardRead) and (card.profile, card.fields["name"]) == ("resident-identity-card", name)

    def gone() -> bool:
        core.runner.pump()
        return core.runner.state.card == NoCard()

    qtbot.waitUntil(gone, timeout=PATIENCE_MS)
    press(panel, f"identity-{key}")
    qtbot.waitUntil(read, timeout=PATIENCE_MS)
    press(panel, "identity-off")
    qtbot.waitUntil(gone, timeout=PATIENCE_MS)
    press(panel, "identity-pull")
    qtbot.waitUntil(lambda: not sims.sam_cable.path.is_symlink(), timeout=PATIENCE_MS)
    press(panel, "identity-plug")
    qtbot.waitUntil(sims.sam_cable.path.is_symlink, timeout=PATIENCE_MS)


def test_every_card_of_the_panel_is_a_card_of_the_hall(hall: tuple[Simulators, Core], panel: Panel) -> None:
    names = [button.objectName() for button in panel.findChildren(QPushButton)]
    assert {f"card-{key}" for key in DEMO_PEOPLE} < set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("cover-open", "printer-cover-open"), ("paper-take", "printer-paper-out"), ("printer-off", "printer-offline")],
)
def test_printer_faults_are_what_the_driver_sees(
    hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot, name: str, trouble: str
) -> None:
    sims, _ = hall
    mended = {"cover-open": "cover-close", "paper-take": "paper-load", "printer-off": "printer-on"}[name]

    def seen() -> str | None:
        printer = open_slip_printer(PrinterTable(uri=sims.printer.uri))
        try:
            found = printer.status().trouble
        finally:
            printer.close()
        return found.value if found else None

    press(panel, name)
    qtbot.waitUntil(lambda: seen() == trouble, timeout=PATIENCE_MS)
    press(panel, mended)
    qtbot.waitUntil(lambda: seen() is None, timeout=PATIENCE_MS)


def test_the_network_is_cut_and_restored_and_arrivals_show(
    hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot
) -> None:
    sims, core = hall
    press(panel, "network-cut")
    qtbot.waitUntil(lambda: not sims.district.is_reachable, timeout=PATIENCE_MS)
    core.queue.put(matter="pension-enrolment", form=json.loads('{"matter": "pension-enrolment"}'))
    press(panel, "network-restore")
    table = panel.findChild(QTableWidget)
    assert isinstance(table, QTableWidget)
    qtbot.waitUntil(lambda: table.rowCount() == 1, timeout=PATIENCE_MS)
    number = table.item(0, 0)
    assert number is not None
    assert number.text() == core.queue.list()[0].provisional_number


def test_what_is_said_aloud_shows_and_headphones_hush_it(
    hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot
) -> None:
    sims, core = hall
    spoken = panel.findChild(QLabel, "spoken")
    assert isinstance(spoken, QLabel)

    def shows(words: str) -> bool:
        core.runner.pump()
        return words in spoken.text()

    core.runner.post(Begin())
    core.runner.post(Tick(now=core.runner.state.now + 1000, today=core.runner.state.today))
    qtbot.waitUntil(lambda: shows("现在在说（扬声器 · loudspeaker）: 您还在吗？"), timeout=PATIENCE_MS)
    press(panel, "headphones-plug")
    qtbot.waitUntil(lambda: shows("没有在说话 · silent (耳机 · headphones)"), timeout=PATIENCE_MS)
    (said,) = sims.voice.said()
    assert said.end == "CANCELED"


def test_an_action_that_cannot_be_done_says_so(panel: Panel, qtbot: QtBot) -> None:
    press(panel, "lay-slip")

    def told() -> bool:
        return any("no slip yet" in label.text() and "Error" in label.text() for label in panel.findChildren(QLabel))

    qtbot.waitUntil(told, timeout=PATIENCE_MS)


def test_papers_and_codes_lie_on_the_desk(hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot) -> None:
    sims, _ = hall
    for desk, put, clear, camera in (
        (sims.desk, "paper-wang", "desk-clear", "camera"),
        (sims.window, "lay-code", "window-clear", "codes"),
    ):
        frame = Path(desk.source) / "0.jpg"
        sizes = {frame.stat().st_size}
        for name in (put, clear):
            before = frame.read_bytes()
            press(panel, name)
            qtbot.waitUntil(lambda frame=frame, before=before: frame.read_bytes() != before, timeout=PATIENCE_MS)
            sizes.add(frame.stat().st_size)
        assert len(sizes) >= 2
        press(panel, f"{camera}-unplug")
        qtbot.waitUntil(lambda frame=frame: not frame.exists(), timeout=PATIENCE_MS)
        press(panel, f"{camera}-plug")
        qtbot.waitUntil(frame.exists, timeout=PATIENCE_MS)


def test_the_printed_slip_is_shown(hall: tuple[Simulators, Core], panel: Panel, qtbot: QtBot) -> None:
    from kiosk.bootstrap import FONTS
    from kiosk.receipts.trial import trial_parts

    sims, _ = hall
    printer = open_slip_printer(PrinterTable(uri=sims.printer.uri))
    printer.print(trial_parts(printer.setup, font_folder=FONTS, created=china_time()))
    printer.close()
    assert last_slip(sims) is not None
    qtbot.waitUntil(
        lambda: any(not label.pixmap().isNull() for label in panel.findChildren(QLabel)), timeout=PATIENCE_MS
    )
