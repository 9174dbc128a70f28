"""From "hand in" to the first byte at the printer, through the real core: put (sealed, fsynced), slip drawn, sent over
TCP to the simulated printer. And how many bytes a slip takes, beside the naive raster and python-escpos's own picture
printing.

The first byte counted is the slip's, not the status questions before it. The clock runs from the touch that hands in
(the event) on, all threads of the terminal running; resolved to a millisecond. `--json` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from escpos.printer import Dummy
from PIL import Image

from devices.camera.capture import OpencvCamera
from devices.camera.demo_papers import RegisterEntry, register_page
from devices.camera.scan import straighten
from devices.card.sim import InProcessSlot
from devices.card.sim_card import DEMO_PEOPLE
from devices.printer.api import Drawn, Setup
from devices.printer.escpos_bytes import slip_bytes
from devices.printer.sim import SimulatedPrinter
from kiosk.bootstrap import FONTS, Core, Parts, open_core
from kiosk.config import PrinterTable
from kiosk.demo.simulators import demo_config, simulated_reader
from kiosk.domain.resident import Resident, Sex
from kiosk.journey.events import Signed
from kiosk.journey.states import Agreed, HandedIn, Printing, Session, Sign, Terminal
from kiosk.opening import china_time, open_slip_printer
from kiosk.receipts.compose import compose
from kiosk.receipts.kept import KeptSlip
from kiosk.receipts.picture import draw
from kiosk.receipts.slip import Slip

WITHIN_S = 20.0
TARGET_MS = 120.0
BAUDS = (115200, 9600)


def hall_slip() -> Slip:
    """A slip as this hall prints it, its code as long as a real one."""
    kept = KeptSlip(
        language="zh",
        hall="桃源镇便民服务中心",
        title="城乡居民基本养老保险参保登记",
        applicant="王*英",
        proxy=None,
        created=china_time(),
        materials=("居民户口簿",),
        test=False,
        terminal="TY03",
        help_line="有疑问请问大厅工作人员",
    )
    code = (
        "https://district.example/s#v1.TY03-261123-0047-K."
        + "q7mP2xW9ZrT4vB8nK1sLdA"
        + ".8pJ0tE5Q."
        + "Ab3dEf9h-_5" * 8
    )
    return kept.slip(
        provisional_number="TY03-261123-0047-K",
        qr_text=code[:180],
        case_number=None,
        stored_offline=True,
        reprint=False,
    )


def about_to_sign(core: Core, number: int) -> Session:
    """A resident with two pages of papers at the size a terminal keeps, who has only to sign."""
    matter = core.runner.hall.matters[0]
    wang = DEMO_PEOPLE["wang"]
    entry = RegisterEntry(
        name=wang.name, sex="女", birth_date=wang.birth.isoformat(), id_number=wang.id_number, address="桃源镇东河村"
    )
    page = register_page(entry, font=FONTS / "NotoSansCJKsc-Regular.otf")
    height, width = page.shape[:2]
    scan = straighten(page, ((0.0, 0.0), (width - 1.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0)))
    resident = Resident(
        name=wang.name,
        id_number=wang.id_number,
        sex=Sex.FEMALE,
        birth_date=wang.birth,
        profile="social-security-card",
        assurance="read",
    )
    return Session(
        number=number,
        matter=matter,
        on_behalf=False,
        agreed=Agreed(version="1", at=china_time()),
        applicant=resident,
        scans=MappingProxyType({matter.materials[0].id: (scan, scan)}),
    )


def first_byte_ms(core: Core, sim: SimulatedPrinter, session: Session, png: bytes) -> float:
    """One hand-in, to the end of its slip."""
    runner = core.runner
    before = len(sim.received())
    runner.state = replace(
        Terminal(now=runner.state.now, today=runner.state.today),
        screen=Sign(),
        session=session,
        sessions=session.number,
    )
    woken = threading.Event()
    runner.wake = woken.set
    began = time.perf_counter()
    runner.post(Signed(png))
    first = 0.0
    while time.perf_counter() - began < WITHIN_S:
        runner.pump()
        if not first and b"\x1b@" in sim.received()[before:]:
            first = time.perf_counter()
        screen = runner.state.screen
        if isinstance(screen, HandedIn) and screen.printing is not Printing.RUNNING:
            if screen.printing is not Printing.PRINTED:
                raise RuntimeError(f"the slip ended {screen.printing}")
            return (first - began) * 1000
        woken.wait(0.001)
        woken.clear()
    raise RuntimeError("no slip came")


def latency(rounds: int, folder: Path) -> dict[str, float]:
    os.environ["KIOSK_DATA_DIR"] = str(folder)
    with SimulatedPrinter() as sim:
        parts = Parts(
            reader=simulated_reader(InProcessSlot()),
            camera=OpencvCamera(source="none"),
            printer=open_slip_printer(PrinterTable(uri=sim.uri)),
        )
        core = open_core(demo_config("", sim.uri), parts)
        try:
            session = about_to_sign(core, 1)
            png = _signature()
            taken = [first_byte_ms(core, sim, replace(session, number=number), png) for number in range(1, rounds + 2)]
        finally:
            core.close()
    first, rest = taken[0], sorted(taken[1:])
    slip = hall_slip()
    drawn: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        draw(slip, font_folder=FONTS)
        drawn.append((time.perf_counter() - began) * 1000)
    return {
        "first_after_start_ms": round(first, 1),
        "p50_ms": round(statistics.median(rest), 1),
        "p95_ms": round(rest[int(len(rest) * 0.95)], 1),
        "target_ms": TARGET_MS,
        "p50_over_target": round(statistics.median(rest) / TARGET_MS, 2),
        "of_it_drawing_p50_ms": round(statistics.median(drawn), 1),
    }


def _signature() -> bytes:
    import io

    buffer = io.BytesIO()
    Image.new("1", (600, 200), 1).save(buffer, "PNG")
    return buffer.getvalue()


def theirs(picture: Image.Image, way: str) -> int:
    printer: Any = Dummy(profile="TM-T20II")
    printer.image(picture, impl=way)
    printer.cut()
    return len(printer.output)


def sizes() -> list[dict[str, object]]:
    slip = hall_slip()
    rows: list[dict[str, object]] = []
    for width in (576, 384):
        plain = Setup(width=width)
        picture = draw(slip, width=width, font_folder=FONTS)
        naive = width // 8 * picture.height + 8
        ways = {
            "naive raster": naive,
            "python-escpos bitImageRaster": theirs(picture, "bitImageRaster"),
            "python-escpos graphics": theirs(picture, "graphics"),
            "ours, picture": len(slip_bytes(compose(slip, plain, font_folder=FONTS), plain)),
        }
        for name, setup in (
            ("ours, picture, native code", replace(plain, qr=Drawn.NATIVE)),
            ("ours, text, code as picture", replace(plain, text=Drawn.NATIVE)),
            ("ours, text, native code", replace(plain, text=Drawn.NATIVE, qr=Drawn.NATIVE)),
        ):
            ways[name] = len(slip_bytes(compose(slip, setup, font_folder=FONTS), setup))
        for name, count in ways.items():
            line_s = {f"s_at_{baud}": round(count * 10 / baud, 2) for baud in BAUDS}
            rows.append({"width": width, "way": name, "bytes": count, "over_naive": round(count / naive, 3), **line_s})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the queue is; the file system decides (default: temporary)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        taken = latency(options.rounds, Path(name))
    table = sizes()
    if options.json:
        print(json.dumps({"hand_in_to_first_byte": taken, "bytes": table}, ensure_ascii=False))
        return
    print("hand-in to first byte at the printer")
    for key, value in taken.items():
        print(f"  {key:24} {value}")
    print(f"\n{'width':>5}  {'way':32} {'bytes':>7}  {'/ naive':>7}  {'s 115200':>8}  {'s 9600':>7}")
    for row in table:
        fast, slow = (row[f"s_at_{baud}"] for baud in BAUDS)
        print(f"{row['width']:>5}  {row['way']:32} {row['bytes']:>7}  {row['over_naive']:>7}  {fast:>8}  {slow:>7}")


if __name__ == "__main__":
    main()
