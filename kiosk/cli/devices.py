"""``kiosk card``, ``kiosk camera``, ``kiosk printer``: each device by itself, without a screen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.config import Config, ConfigError

if TYPE_CHECKING:
    from devices.printer.api import Printer, PrinterStatus


@click.group()
def card() -> None:
    """The card reader."""


@card.command("read")
@click.option("--reader", help="An address such as pcsc:NAME, or a part of a PC/SC reader's name.")
@click.option("--wait", default=20.0, type=click.FloatRange(0, 600), help="Seconds to wait for a card.")
@config_option
@json_option
def card_read(*, reader: str | None, wait: float, config_path: Path | None, as_json: bool) -> None:
    """Read one card and print what a matter may see of it; on the configured readers unless one is named."""
    from devices.card.addresses import as_address
    from devices.card.api import CardFailed, CardRead, NoReader, NoService
    from devices.card.reader import read_once
    from kiosk.opening import open_reader

    config = read_config(config_path)
    try:
        readers = open_reader(config, as_address(reader)) if reader else open_reader(config)
    except ConfigError as failure:
        raise click.UsageError(str(failure)) from failure
    match read_once(readers, wait):
        case CardRead() as read:
            row = {
                "profile": read.profile,
                "assurance": read.assurance.value,
                "fields": dict(read.fields),
                "checks": [{"name": check.name, "passed": check.passed} for check in read.checks],
            }
            say(row, as_json=as_json)
            return
        case CardFailed(trouble=trouble):
            code = trouble.value
        case NoService():
            code = "no-service"
        case NoReader():
            code = "no-reader"
        case _:
            code = "no-card"
    tell_trouble(code, as_json=as_json)
    sys.exit(1)


@card.command("module")
@click.option("--reader", help="An address such as sdt-serial:/dev/ttyS1; without one, the configured readers.")
@config_option
@json_option
def card_module(*, reader: str | None, config_path: Path | None, as_json: bool) -> None:
    """Show the number of the security module in each reader of identity cards, while no terminal runs."""
    from devices.card.addresses import BadAddress, sam_addresses
    from devices.card.sam.uri import ask_number
    from devices.card.slot import SlotLost

    try:
        addresses = sam_addresses((reader,) if reader else read_config(config_path).card.readers)
        if not addresses:
            raise click.UsageError("no such reader is configured; name one with --reader")
        rows = [{"reader": address, "module": ask_number(address) or ""} for address in addresses]
    except BadAddress as failure:
        raise click.UsageError(str(failure)) from failure
    except SlotLost as loss:
        click.echo(str(loss), err=True)
        tell_trouble("no-reader", as_json=as_json)
        sys.exit(1)
    for row in rows:
        say(row, as_json=as_json)


@click.group()
def camera() -> None:
    """The cameras there are; codes and papers in picture files, as the camera's own code finds them."""


@camera.command("list")
@json_option
def camera_list(*, as_json: bool) -> None:
    """Show the cameras of this machine: what to write as "source", and the formats each offers. Nothing is started."""
    from devices.camera.discovery import list_cameras

    found = list_cameras()
    for each in found:
        formats = [f"{kind.code} {width}x{height}" for kind in each.formats for width, height in kind.sizes]
        row = {
            "source": each.source,
            "name": each.name,
            "node": str(each.node),
            "by_path": str(each.by_path) if each.by_path is not None else None,
            "formats": formats,
        }
        say(row, as_json=as_json)
    if not found:
        tell_trouble("camera-none", as_json=as_json)
        sys.exit(1)


files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


@camera.command("code")
@files_argument
@json_option
def camera_code(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Read the codes in each FILE, and say what kind of ours each is: slip, matter, notice, enrolment or unknown."""
    from devices.camera.codes import read_file_codes
    from devices.camera.pictures import PictureError
    from kiosk.journey.scanned import classify, kind_of

    status = 0
    for file in files:
        try:
            codes = read_file_codes(file)
        except PictureError:
            tell_trouble("picture-unreadable", as_json=as_json, file=str(file))
            status = 1
            continue
        rows = [
            {"format": code.format, "text": code.text, "engine": code.engine, "kind": kind_of(classify(code.text))}
            for code in codes
        ]
        say({"file": str(file), "codes": rows}, as_json=as_json)
    sys.exit(status)


@camera.command("page")
@files_argument
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Save each page straightened, as JPEG.")
@json_option
def camera_page(files: tuple[Path, ...], *, out: Path | None, as_json: bool) -> None:
    """Find the paper in each FILE: its corners clockwise from top left, and what is wrong with it."""
    from devices.camera.page import find_page
    from devices.camera.pictures import PictureError, read_picture
    from devices.camera.scan import straighten

    status = 0
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for file in files:
        try:
            picture = read_picture(file)
        except PictureError:
            tell_trouble("picture-unreadable", as_json=as_json, file=str(file))
            status = 1
            continue
        page = find_page(picture)
        corners = None if page.corners is None else [[round(x, 1), round(y, 1)] for x, y in page.corners]
        row = {"file": str(file), "corners": corners, "findings": [finding.value for finding in page.findings]}
        say(row, as_json=as_json)
        if out is not None and page.corners is not None:
            (out / f"{file.stem}.jpg").write_bytes(straighten(picture, page.corners).jpeg)
    sys.exit(status)


@camera.command("read")
@files_argument
@click.option("--show", is_flag=True, help="Print what was read in full; without it, masked as on the screen.")
@json_option
def camera_read(files: tuple[Path, ...], *, show: bool, as_json: bool) -> None:
    """Read the paper in each FILE: the ID numbers, names, bank card numbers and machine readable zones a resident would
    be offered. Nothing is kept."""
    from devices.camera.pictures import PictureError, read_picture
    from devices.camera.reading.api import ReadingTrouble
    from devices.camera.reading.process import ReadingProcess
    from kiosk.cli.papers import read_paper
    from kiosk.process import READING, child_command

    status = 0
    reader = ReadingProcess(child_command(READING), patience=60)  # no resident stands here
    try:
        for file in files:
            try:
                picture = read_picture(file)
            except PictureError:
                tell_trouble("picture-unreadable", as_json=as_json, file=str(file))
                status = 1
                continue
            found = read_paper(picture, reader, show=show)
            if isinstance(found, ReadingTrouble):
                tell_trouble(found.value, as_json=as_json, file=str(file))
                status = 1
                continue
            say({"file": str(file), "found": found}, as_json=as_json)
    finally:
        reader.stop()
    sys.exit(status)


@click.group()
def printer() -> None:
    """The slip printer."""


uri_option = click.option(
    "--uri", help="tcp://host:port, serial:…, usb:…, file:…, cups:…; by default the configured printer."
)


def _open_printer(config: Config, uri: str | None) -> Printer:
    from kiosk.opening import open_slip_printer

    table = config.printer if uri is None else config.printer.model_copy(update={"uri": uri})
    if not table.uri:
        raise click.UsageError("no printer is configured: give --uri")
    try:
        return open_slip_printer(table)
    except ConfigError as failure:
        raise click.UsageError(str(failure)) from failure


def _status_row(status: PrinterStatus) -> dict[str, object]:
    return {
        "trouble": status.trouble.value if status.trouble else None,
        "paper_low": status.paper_low,
        "certain": status.certain,
    }


@printer.command("status")
@uri_option
@config_option
@json_option
def printer_status(*, uri: str | None, config_path: Path | None, as_json: bool) -> None:
    """How the printer is, and how much paper it has used. While the terminal runs, its own last word is told: a printer
    serves one connection."""
    from devices.printer.counter import read_count
    from kiosk.bootstrap import paper_count
    from kiosk.config import data_folder
    from kiosk.process import is_running

    config = read_config(config_path)
    count = read_count(paper_count(config))
    running = uri is None and is_running(data_folder(config))
    if running:
        status: dict[str, object] = {"trouble": count.trouble or None, "paper_low": count.paper_low, "certain": False}
    else:
        device = _open_printer(config, uri)
        try:
            status = _status_row(device.status())
        finally:
            device.close()
    paper = {
        "slips": count.slips,
        "roll_slips": count.roll_slips,
        "roll_metres": count.roll_metres,
        "roll_since": count.roll_since or None,
    }
    say({"status": status, "asked": "terminal" if running else "printer", "seen": count.seen or None, **paper},
        as_json=as_json)  # fmt: skip
    if status["trouble"]:
        tell_trouble(str(status["trouble"]), as_json=as_json)
        sys.exit(1)
    if status["paper_low"]:
        tell_trouble("printer-paper-low", as_json=as_json)


@printer.command("new-roll")
@config_option
def printer_new_roll(*, config_path: Path | None) -> None:
    """Begin the count of paper anew, for a roll that was changed before it was low. The terminal must not be
    running."""
    from devices.printer.counter import PaperCounter
    from kiosk.bootstrap import paper_count
    from kiosk.config import data_folder
    from kiosk.opening import china_time
    from kiosk.process import is_running

    config = read_config(config_path)
    if is_running(data_folder(config)):
        raise Failed("the terminal is running and keeps the count itself: stop it first")
    PaperCounter(paper_count(config), clock=china_time).new_roll()


@printer.command("test")
@uri_option
@config_option
@json_option
def printer_test(*, uri: str | None, config_path: Path | None, as_json: bool) -> None:
    """Print a slip that shows whether Chinese, the QR code, the knife and the width are right. "drawn" names the
    characters that a printer set up to write by itself lacks: their lines come as pictures."""
    from devices.printer.api import Outcome
    from kiosk.bootstrap import FONTS
    from kiosk.opening import china_time
    from kiosk.receipts.compose import drawn_instead
    from kiosk.receipts.trial import trial_parts, trial_slip

    now = china_time()
    device = _open_printer(read_config(config_path), uri)
    try:
        result = device.print(trial_parts(device.setup, font_folder=FONTS, created=now))
    finally:
        device.close()
    row = {
        "outcome": result.outcome.value,
        "status": _status_row(result.status),
        "bytes": result.sent,
        "drawn": drawn_instead(trial_slip(now), device.setup),
    }
    say(row, as_json=as_json)
    if result.outcome is not Outcome.PRINTED:
        if not as_json:
            code = result.status.trouble.value if result.status.trouble else "slip-unknown"
            tell_trouble(code, as_json=False)
        sys.exit(1)
