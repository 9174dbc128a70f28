"""The composition root: the one place that picks drivers and wires everything.

Driver modules are imported inside functions: ``kiosk queue`` must not load OpenCV or Qt, and the bundler finds what
is written as an import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from kiosk import __version__, catalogue
from kiosk.audit.log import AuditLog
from kiosk.catalogue.model import Option
from kiosk.config import Config, ConfigError, data_folder

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.card.api import CardReader
    from devices.printer.api import Printer
    from kiosk.journey.desk import CameraDesk
    from kiosk.journey.runner import Runner
    from kiosk.journey.states import Hall
    from offline_queue.store import Store
    from offline_queue.sync import SyncThread

CHINA = timezone(timedelta(hours=8))
FONTS = Path(__file__).resolve().parent.parent / "ui" / "fonts"
CARD_FIELDS = frozenset({"name", "id_number", "sex", "birth_date"})
"""What the matters need, and so all that ever leaves the reader."""

PRINTER_CHECK_S = 20.0


def china_time() -> datetime:
    """Now, with China's one time zone."""
    return datetime.now(CHINA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The hardware of one terminal, or what stands in for it."""

    reader: CardReader
    camera: Camera
    printer: Printer


def open_reader(name: str) -> CardReader:
    """The PC/SC reader whose name contains ``name``; empty: the first one found."""
    from devices.card.pcsc import PcscSlot
    from devices.card.reader import WatchedReader

    return WatchedReader(slot=PcscSlot(name or None), fields=CARD_FIELDS, today=lambda: china_time().date())


def open_camera(source: str) -> Camera:
    """The camera at ``source``; a missing one is a state, not an error."""
    from devices.camera.capture import OpencvCamera

    return OpencvCamera(source=source)


def open_slip_printer(uri: str, width: int) -> Printer:
    """The printer at ``uri``. Raises :class:`ConfigError` when the URI says nothing that can be opened."""
    from devices.printer.escpos_driver import open_printer

    try:
        return open_printer(uri, width=width)
    except ValueError as failure:
        raise ConfigError(f"printer.uri: {failure}") from failure


def real_parts(config: Config) -> Parts:
    """The devices that the configuration names."""
    return Parts(
        reader=open_reader(config.card.reader),
        camera=open_camera(config.camera.source),
        printer=open_slip_printer(config.printer.uri, config.printer.width),
    )


def hall_of(config: Config, *, test: bool = False) -> Hall:
    """What does not change while the terminal runs. Raises ``CatalogueError`` for a broken catalogue."""
    from kiosk.catalogue.loader import load
    from kiosk.journey.states import Hall, Patience

    return Hall(
        name=config.hall.name,
        terminal=config.hall.terminal,
        matters=load(),
        villages=tuple(Option(value=village.code, label=village.name) for village in config.hall.villages),
        patience=Patience(**config.patience.model_dump()),
        test=test,
    )


def open_queue(config: Config) -> Store:
    """The queue in the data folder."""
    from offline_queue.store import Store

    platform = config.platform
    host = platform.slip_host or urlsplit(platform.url).hostname or "district.invalid"
    return Store.open(data_folder(config) / "queue", terminal=config.hall.terminal, district=host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A running terminal without its screen. ``close`` ends every thread, in the order that loses nothing."""

    runner: Runner
    desk: CameraDesk
    queue: Store
    slip_picture: Callable[[str], object]
    close: Callable[[], None]
