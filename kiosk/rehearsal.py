"""A whole journey through the real app, with every screen, the slip and a summary kept: how a terminal is commissioned,
and how the whole way is tested.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from kiosk.bootstrap import FONTS, Parts, hall_of, open_core
from kiosk.config import Config, safe_url
from kiosk.opening import china_time, open_camera, open_code_camera, open_reader, open_slip_printer
from kiosk.speaking import open_speaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.printer.api import JobResult, Part, Printer, PrinterStatus, Setup
    from ui.rehearse import Hands

PORTRAIT = (1080, 1920)


class Summary(TypedDict):
    """What a rehearsal leaves behind; paths of pictures, seconds by step."""

    matter: str
    screens: list[str]
    slip: str
    provisional_number: str
    uid: str
    state: str
    case_number: str | None
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a rehearsal runs on; ``sim`` stands for the simulated part. Raises :class:`ValueError` for an address that
    can never work."""

    reader: str
    camera: str
    printer: str
    platform: str

    def __post_init__(self) -> None:
        from devices.printer.uri import read_address

        if self.printer != "sim":
            read_address(self.printer)
        if self.platform != "sim":
            try:
                safe_url(self.platform)
            except ValueError as failure:
                raise ValueError(f"platform {self.platform!r} {failure}") from None

    @property
    def simulated(self) -> bool:
        return "sim" in (self.reader, self.camera, self.printer, self.platform)


def rehearse_with(config: Config, matter: str, out: Path, sources: Sources) -> Summary:
    """A whole journey through the real app on real parts, marked as a test; whoever stands there is told on standard
    error when to lay card and paper. Raises ``RehearsalFailed`` when it does not come to its end,
    :class:`LookupError` for an unknown matter."""
    from devices.card.addresses import as_address
    from ui.rehearse import Bystander

    chosen = config.model_copy(update={"platform": config.platform.model_copy(update={"url": sources.platform})})
    parts = Parts(
        reader=open_reader(config, as_address(sources.reader)),
        camera=open_camera(config.camera.model_copy(update={"source": sources.camera})),
        codes=open_code_camera(config.camera),
        printer=open_slip_printer(config.printer.model_copy(update={"uri": sources.printer})),
        speaker=open_speaker(config.speech),
    )
    return rehearse_on(chosen, parts, matter, out, hands=Bystander(_tell), masked=True)


def _tell(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


class _Remembering:
    """A printer that remembers its last slip, so that a rehearsal saves what went to the paper."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self.slip: tuple[Part, ...] = ()

    @property
    def setup(self) -> Setup:
        return self._printer.setup

    def status(self) -> PrinterStatus:
        return self._printer.status()

    def print(self, slip: Sequence[Part]) -> JobResult:
        self.slip = tuple(slip)
        return self._printer.print(slip)

    def close(self) -> None:
        self._printer.close()


def rehearse_on(config: Config, parts: Parts, matter: str, out: Path, *, hands: Hands, masked: bool) -> Summary:
    """The rehearsal itself; ``hands`` lay cards and papers, ``masked`` blots personal data out of the pictures. Without
    a ``QT_QPA_PLATFORM`` of one's own nothing is shown."""
    from devices.printer.escpos_bytes import slip_bytes
    from kiosk.receipts.compose import laid_out
    from ui.app import TerminalApp
    from ui.rehearse import rehearse

    if matter not in {each.id for each in hall_of(config).matters}:
        raise LookupError(f"no such matter: {matter}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    printer = _Remembering(parts.printer)
    core = open_core(config, replace(parts, printer=printer), test=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
        app = TerminalApp(
            runner=core.runner, fullscreen=False, theme=config.screen.theme, size=PORTRAIT, clock=china_time
        )
        try:
            seen = rehearse(app, core.runner, matter=matter, out=out, hands=hands, masked=masked)
        finally:
            app.close()
        item = core.queue.show(seen.uid)
    finally:
        core.close()
    if not printer.slip or item is None:
        raise RuntimeError("the submission that was just stored cannot be found")
    laid_out(printer.slip, printer.setup, font_folder=FONTS).save(out / "slip.png")
    (out / "slip.escpos").write_bytes(slip_bytes(printer.slip, printer.setup))
    summary: Summary = {
        "matter": matter,
        "screens": [str(path) for path in seen.screens],
        "slip": str(out / "slip.png"),
        "provisional_number": item.provisional_number,
        "uid": item.uid,
        "state": item.state.value,
        "case_number": item.case_number,
        "seconds": seen.seconds,
    }
    (out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return summary
