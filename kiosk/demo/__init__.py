"""The demonstration: the whole terminal on simulators, with their control panel; and rehearsals on simulated parts.

The only package that knows simulators and the district; neither is part of the production bundle.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from devices.camera.capture import OpencvCamera
from devices.card.addresses import as_address
from kiosk.bootstrap import Core, Parts, open_core
from kiosk.config import Config, OneCamera, PrinterTable
from kiosk.demo.simulators import (
    Simulators,
    demo_config,
    enrolled,
    simulated_reader,
    simulated_readers,
    simulated_speaker,
    simulators,
)
from kiosk.domain.resident import Role
from kiosk.opening import china_time, open_camera, open_code_camera, open_reader, open_slip_printer
from kiosk.rehearsal import Sources, Summary, rehearse_on


def _simulated_parts(sims: Simulators) -> Parts:
    return Parts(
        reader=simulated_readers(sims),
        camera=OpencvCamera(source=sims.desk.source),
        codes=OpencvCamera(source=sims.window.source),
        printer=open_slip_printer(PrinterTable(uri=sims.printer.uri)),
        speaker=simulated_speaker(sims.voice, sims.jack),
    )


@contextmanager
def _data() -> Generator[Path]:
    """``KIOSK_DATA_DIR`` when set, else a folder that is gone afterwards."""
    kept = os.environ.get("KIOSK_DATA_DIR")
    if kept:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="kiosk-demo-") as folder:
        os.environ["KIOSK_DATA_DIR"] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ["KIOSK_DATA_DIR"]


def run_demo() -> int:
    """Terminal and control panel until the terminal's window is closed."""
    from kiosk.demo.controls import controls, scene, staff_page
    from ui.app import TerminalApp
    from ui.simpanel.panel import Panel, begin

    size = begin()
    with _data() as data, simulators(data) as sims:
        config = demo_config(sims.district.url, sims.printer.uri, sims.neighbour.keys)
        config = enrolled(sims, config, data)
        core: Core = open_core(config, _simulated_parts(sims))
        try:
            app = TerminalApp(runner=core.runner, fullscreen=False, theme="day", size=size, clock=china_time)
            panel = Panel([staff_page(sims), *controls(sims, core)], scene(sims))
            panel.move(size[0] + 16, 0)  # beside the terminal, also where no window manager places windows
            panel.show()
            try:
                return app.exec()
            finally:
                panel.close()
        finally:
            core.close()


class _SimulatedHands:
    """Lays cards and papers on those parts that are simulated."""

    def __init__(self, sims: Simulators, sources: Sources) -> None:
        self._sims = sims
        self._card = sources.reader == "sim"
        self._paper = sources.camera == "sim"

    def lay_card(self, role: Role) -> None:
        if self._card:
            self._sims.slot.insert(self._sims.cards["wang" if role is Role.APPLICANT else "li"])

    def take_card(self) -> None:
        if self._card:
            self._sims.slot.remove()

    def lay_paper(self) -> None:
        if self._paper:
            self._sims.desk.lay(self._sims.papers["wang"])

    def take_paper(self) -> None:
        if self._paper:
            self._sims.desk.clear()


def rehearse_simulated(given: Config, matter: str, out: Path, sources: Sources) -> Summary:
    """A rehearsal in which every part given as ``sim`` is simulated. Raises as ``rehearsal.rehearse_with``."""
    with _data() as data, simulators(data) as sims:
        url = sims.district.url if sources.platform == "sim" else sources.platform
        printer = sims.printer.uri if sources.printer == "sim" else sources.printer
        demo = demo_config(url, printer)
        hall = given.hall if given.hall.villages else demo.hall
        config = demo.model_copy(update={"hall": hall, "patience": given.patience})
        config = enrolled(sims, config, data)
        parts = Parts(
            reader=simulated_reader(sims.slot, sims.trust)
            if sources.reader == "sim"
            else open_reader(given, as_address(sources.reader)),
            camera=open_camera(
                OneCamera(source=sims.desk.source)
                if sources.camera == "sim"
                else given.camera.model_copy(update={"source": sources.camera})
            ),
            codes=open_code_camera(given.camera) if sources.camera != "sim" else None,
            printer=open_slip_printer(config.printer),
            speaker=simulated_speaker(sims.voice, sims.jack),
        )
        return rehearse_on(
            config, parts, matter, out, hands=_SimulatedHands(sims, sources), masked=sources.reader != "sim"
        )
