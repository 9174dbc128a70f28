"""Simulated devices on trial, with the hands that work their simulators."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from devices.camera.capture import OpencvCamera
from devices.camera.sim import SimDesk
from devices.card.sim import Faults, InProcessSlot, VirtualCard, demo_cards
from devices.card.sim_card import DEMO_PEOPLE
from devices.card.sim_port import SimPort
from devices.printer.sim import SimulatedPrinter
from devices.speech.sim import SimulatedDispatcher, SimulatedJack
from devices.trial import Act, Hands
from kiosk.config import PrinterTable
from kiosk.demo.simulators import simulated_reader, simulated_speaker
from kiosk.opening import open_slip_printer
from kiosk.trials import Stand


def simulated_hands(
    slot: InProcessSlot, desk: SimDesk, printer: SimulatedPrinter, voice: SimulatedDispatcher, jack: SimulatedJack
) -> Hands:
    """Hands that do every act to these simulators."""
    papers = 0

    def one_more_slip() -> bool:
        nonlocal papers
        before, papers = papers, len(printer.slips())
        return papers == before + 1

    def pull_early() -> None:
        slot.insert(VirtualCard(person=DEMO_PEOPLE["li"], faults=Faults(pulled_after=3)))

    acts: dict[Act, Callable[[], bool | None]] = {
        Act.LAY_CARD: lambda: slot.insert(demo_cards()["wang"]),
        Act.LIFT_CARD: slot.remove,
        Act.PULL_CARD_EARLY: pull_early,
        Act.UNPLUG_READER: lambda: slot.plug(False),
        Act.PLUG_READER: lambda: slot.plug(True),
        Act.UNPLUG_CAMERA: desk.unplug,
        Act.PLUG_CAMERA: desk.plug,
        Act.OPEN_COVER: printer.open_cover,
        Act.CLOSE_COVER: printer.close_cover,
        Act.TAKE_PAPER: printer.take_paper,
        Act.LOAD_PAPER: printer.load_paper,
        Act.UNPLUG_PRINTER: printer.power_off,
        Act.PLUG_PRINTER: printer.power_on,
        Act.LOOK_AT_SLIP: one_more_slip,
        Act.LISTEN: lambda: {said.settings["LANGUAGE"] for said in voice.said()} == {"zh", "en"},
        Act.PLUG_HEADPHONES: jack.plug,
        Act.PULL_HEADPHONES: jack.pull,
    }
    return lambda act: acts[act]() is not False


@contextmanager
def simulated_stand() -> Generator[Stand]:
    """Simulators of every device, running while in use."""
    slot = InProcessSlot()
    with (
        closing(SimPort(slot)),
        tempfile.TemporaryDirectory(prefix="kiosk-desk-") as frames,
        SimulatedPrinter() as printer,
    ):
        desk = SimDesk(folder=Path(frames))
        voice, jack = SimulatedDispatcher(per_character_s=0.02), SimulatedJack()
        yield Stand(
            open_reader=lambda: simulated_reader(slot),
            open_camera=lambda: OpencvCamera(source=desk.source),
            open_printer=lambda: open_slip_printer(PrinterTable(uri=printer.uri)),
            open_speaker=lambda: simulated_speaker(voice, jack),
            hands=simulated_hands(slot, desk, printer, voice, jack),
        )
        voice.stop()
