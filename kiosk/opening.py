"""Opens the readers, cameras and printer that the configuration describes; a part of the composition root
(:mod:`kiosk.bootstrap`). Drivers are imported where they are opened."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from kiosk.config import CameraTable, Config, ConfigError, OneCamera, PrinterTable
from kiosk.process import CARD, child_command

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.card.api import CardReader
    from devices.printer.api import Printer

CHINA = timezone(timedelta(hours=8))
CARD_FIELDS = frozenset({"name", "id_number", "document_number", "sex", "birth_date"})
"""What the matters need, and so all that ever leaves the reader; a document's own number stands for an identity number
where it has none."""


def china_time() -> datetime:
    """Now, with China's one time zone."""
    return datetime.now(CHINA)


def open_reader(config: Config, *addresses: str) -> CardReader:
    """The card readers that the configuration names, or those at ``addresses``. Raises :class:`ConfigError`."""
    from devices.card.addresses import BadAddress
    from devices.card.opening import open_readers

    try:
        return open_readers(
            addresses or config.card.readers,
            fields=CARD_FIELDS,
            today=lambda: china_time().date(),
            trust=config.card.csca,
            command=child_command(CARD),
        )
    except BadAddress as failure:
        raise ConfigError(str(failure)) from failure


def open_camera(chosen: OneCamera) -> Camera:
    """The camera that the configuration describes; a missing one is a state, not an error."""
    from devices.camera.api import Wish
    from devices.camera.capture import OpencvCamera

    wish = Wish(**chosen.model_dump(include={field.name for field in fields(Wish)}))
    return OpencvCamera(source=chosen.source, wish=wish)


def open_code_camera(chosen: CameraTable) -> Camera | None:
    """The second camera, for codes; ``None`` where one does for both."""
    return open_camera(chosen.codes) if chosen.codes is not None else None


def open_slip_printer(table: PrinterTable) -> Printer:
    """The printer that ``table`` describes. Raises :class:`ConfigError` when that says nothing that can be opened."""
    from devices.printer.api import CodePage, Cut, Drawn, Setup, StatusKind
    from devices.printer.escpos_driver import open_printer
    from devices.printer.uri import read_address

    if not table.uri:
        raise ConfigError("printer.uri: no printer is named, for instance tcp://192.0.2.10:9100 or usb:0416:5011")
    setup = Setup(
        width=table.width,
        text=Drawn(table.text),
        qr=Drawn(table.qr),
        band_rows=table.band_rows,
        skip_blank=table.skip_blank,
        cut=Cut(table.cut),
        code_page=CodePage(table.code_page),
        status=StatusKind(table.status),
        profile=table.profile,
    )
    try:
        read_address(table.uri)
    except ValueError as failure:
        raise ConfigError(f"printer.uri: {failure}") from failure
    try:
        return open_printer(table.uri, setup)
    except ValueError as failure:
        raise ConfigError(f"printer.profile: {failure}") from failure
