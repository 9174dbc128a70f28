"""A TCP printer in a process of its own, for terminals that run in a private network: ``python -m
tests.support.printer_process FOLDER``.

It says its address, then ``slip FILE`` for every piece of paper it cuts. A line on its input is one of
:class:`~devices.printer.sim.SimulatedPrinter`'s faults (``open_cover``), answered with ``done``; it ends when its input
closes.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from PIL import Image

from devices.printer.sim import SimulatedPrinter


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    speaking = threading.Lock()

    def say(words: str) -> None:
        with speaking:
            sys.stdout.write(words + "\n")
            sys.stdout.flush()

    def tell(_: Image.Image) -> None:
        say(f"slip {sorted(folder.glob('*.png'))[-1]}")

    with SimulatedPrinter(folder=folder, on_slip=tell) as printer:
        say(printer.uri)
        for line in sys.stdin:
            getattr(printer, line.strip())()
            say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
