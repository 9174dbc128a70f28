"""A hall around a terminal that carries no simulators: paper under a camera, a TCP printer, the district platform.

Run inside a :class:`tests.support.pcscd.PcscdNamespace`, where loopback is the hall's own network:
``python -m tests.support.real_parts FOLDER`` lays a paper, starts the rest, prints one line of JSON with ``camera``,
``printer`` and ``platform`` for ``kiosk rehearse``, and ends when its input closes. ``FOLDER`` then holds the printed
``slips/`` and the district's ``district.db``.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from devices.camera.demo_papers import RegisterEntry, register_page
from devices.camera.sim import SimDesk
from devices.card.sim_card import DEMO_PEOPLE
from devices.printer.sim import SimulatedPrinter

PROJECT = Path(__file__).resolve().parents[2]
PLATFORM_PORT = 8080
_DEADLINE_S = 30.0


def lay_paper(folder: Path) -> str:
    """The first demo resident's household register page under a camera; returns the camera's source."""
    person = DEMO_PEOPLE["wang"]
    entry = RegisterEntry(
        name=person.name,
        sex="女",
        birth_date=person.birth.isoformat(),
        id_number=person.id_number,
        address="桃源镇东河村三组 12 号",
    )
    desk = SimDesk(folder=folder)
    desk.lay(register_page(entry, font=PROJECT / "ui" / "fonts" / "NotoSansCJKsc-Regular.otf"))
    return desk.source


def wait_for_port(port: int) -> None:
    """Returns once something listens on loopback's ``port``; raises ``TimeoutError`` when nothing does."""
    end = time.monotonic() + _DEADLINE_S
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if time.monotonic() > end:
                raise TimeoutError(f"nothing listens on port {port}")


def main(folder: Path) -> int:
    slips = folder / "slips"
    slips.mkdir(parents=True)
    database = f"sqlite:///{folder / 'district.db'}"
    serve = [Path(sys.executable).parent / "district", "serve", "--database", database, "--port", str(PLATFORM_PORT)]
    platform = subprocess.Popen([str(part) for part in serve], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(PLATFORM_PORT)
        with SimulatedPrinter(folder=slips) as printer:
            parts = {
                "camera": lay_paper(folder / "camera"),
                "printer": printer.uri,
                "platform": f"http://127.0.0.1:{PLATFORM_PORT}",
            }
            sys.stdout.write(json.dumps(parts) + "\n")
            sys.stdout.flush()
            sys.stdin.read()
    finally:
        platform.terminate()
        platform.wait(10)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
