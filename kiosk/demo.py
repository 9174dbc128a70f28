"""The simulated terminal: virtual card, desk, printer and an embedded district platform, and their control panel.

The only module that knows simulators and the district; neither is part of the production bundle. Everything above the
simulators is the code that meets real hardware.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.camera.api import Picture
from devices.camera.capture import OpencvCamera
from devices.camera.demo_papers import RegisterEntry, register_page
from devices.camera.sim import SimDesk
from devices.card.reader import WatchedReader
from devices.card.sim import InProcessSlot
from devices.card.sim_card import DEMO_PEOPLE, VirtualCard, demo_cards
from devices.printer.sim import SimulatedPrinter
from district.embedded import EmbeddedDistrict
from kiosk.bootstrap import (
    CARD_FIELDS,
    FONTS,
    Core,
    Parts,
    Sources,
    Summary,
    china_time,
    open_camera,
    open_core,
    open_reader,
    open_slip_printer,
    rehearse_on,
)
from kiosk.config import Config, HallTable, PatienceTable, PlatformTable, PrinterTable, ScreenTable, Village
from kiosk.domain.resident import Role
from kiosk.domain.words import Text

_VILLAGES = (
    ("桃源社区", "Taoyuan Community"),
    ("东河村", "Donghe Village"),
    ("西山村", "Xishan Village"),
    ("南塘村", "Nantang Village"),
    ("北坪村", "Beiping Village"),
    ("石桥村", "Shiqiao Village"),
    ("柳树湾村", "Liushuwan Village"),
    ("高家坝村", "Gaojiaba Village"),
    ("青龙嘴村", "Qinglongzui Village"),
    ("大水井村", "Dashuijing Village"),
    ("红旗社区", "Hongqi Community"),
    ("吐尔逊巴格村", "Tursunbag Village"),
)


def demo_config(url: str, printer_uri: str) -> Config:
    """The demonstration hall."""
    villages = tuple(
        Village(code=f"{number:03d}", name=Text(zh=zh, en=en)) for number, (zh, en) in enumerate(_VILLAGES, start=1)
    )
    return Config(
        hall=HallTable(
            name=Text(zh="桃源镇便民服务中心", en="Taoyuan Town Service Hall"), terminal="TY03", villages=villages
        ),
        patience=PatienceTable(),
        printer=PrinterTable(uri=printer_uri),
        platform=PlatformTable(url=url, slip_host="district.example"),
        screen=ScreenTable(fullscreen=False),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulators:
    """What the control panel works. ``papers`` by name, ready to be laid on the desk."""

    slot: InProcessSlot
    cards: dict[str, VirtualCard]
    desk: SimDesk
    papers: dict[str, Picture]
    printer: SimulatedPrinter
    district: EmbeddedDistrict


def _papers() -> dict[str, Picture]:
    font = FONTS / "NotoSansCJKsc-Regular.otf"
    entries = {
        key: RegisterEntry(
            name=DEMO_PEOPLE[key].name,
            sex="女" if DEMO_PEOPLE[key].female else "男",
            birth_date=DEMO_PEOPLE[key].birth.isoformat(),
            id_number=DEMO_PEOPLE[key].id_number,
            address="桃源镇东河村三组 12 号",
        )
        for key in ("wang", "li", "abdu")
    }
    return {name: register_page(entry, font=font) for name, entry in entries.items()}


@contextmanager
def simulators(data: Path) -> Generator[Simulators]:
    """All simulators, running; ``data`` keeps what the district received."""
    with ExitStack() as stack:
        frames = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-desk-")))
        district = EmbeddedDistrict(data / "district")
        district.start()
        stack.callback(district.stop)
        printer = SimulatedPrinter()
        stack.callback(printer.stop)
        yield Simulators(
            slot=InProcessSlot(),
            cards=demo_cards(),
            desk=SimDesk(folder=frames),
            papers=_papers(),
            printer=printer,
            district=district,
        )


def _reader(slot: InProcessSlot) -> WatchedReader:
    return WatchedReader(slot=slot, fields=CARD_FIELDS, today=lambda: china_time().date())


def _simulated_parts(sims: Simulators) -> Parts:
    return Parts(
        reader=_reader(sims.slot),
        camera=OpencvCamera(source=sims.desk.source),
        printer=open_slip_printer(sims.printer.uri, 576),
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
    from ui.app import TerminalApp
    from ui.simpanel.panel import open_panel

    with _data() as data, simulators(data) as sims:
        config = demo_config(sims.district.url, sims.printer.uri)
        core: Core = open_core(config, _simulated_parts(sims))
        try:
            app = TerminalApp(runner=core.runner, fullscreen=False, theme="day", size=None, clock=china_time)
            panel = open_panel(sims)
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
    """A rehearsal in which every part given as ``sim`` is simulated. Raises as ``bootstrap.rehearse_with``."""
    with _data() as data, simulators(data) as sims:
        url = sims.district.url if sources.platform == "sim" else sources.platform
        printer = sims.printer.uri if sources.printer == "sim" else sources.printer
        demo = demo_config(url, printer)
        hall = given.hall if given.hall.villages else demo.hall
        config = demo.model_copy(update={"hall": hall})
        parts = Parts(
            reader=_reader(sims.slot) if sources.reader == "sim" else open_reader(sources.reader),
            camera=open_camera(sims.desk.source if sources.camera == "sim" else sources.camera),
            printer=open_slip_printer(printer, config.printer.width),
        )
        return rehearse_on(
            config, parts, matter, out, hands=_SimulatedHands(sims, sources), masked=sources.reader != "sim"
        )
