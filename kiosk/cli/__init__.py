"""The commands, and so the black-box surface: ``--json`` prints one JSON object a line and nothing else on standard
output. Exit status: 0 well, 1 trouble, 2 usage."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk import __version__
from kiosk.catalogue.loader import CatalogueError
from kiosk.cli.decommission import decommission
from kiosk.cli.devices import camera, card, printer
from kiosk.cli.enrol import enrol
from kiosk.cli.output import Failed, config_option, json_option, read_config, say
from kiosk.cli.platform import platform
from kiosk.cli.queue import queue
from kiosk.cli.slip import slip
from kiosk.cli.speech import speech
from kiosk.cli.staff import staff
from kiosk.cli.stick import export, receipts
from kiosk.cli.trials import devices
from kiosk.config import ConfigError
from kiosk.process import AlreadyRunning, forbid_core_dumps

if TYPE_CHECKING:
    from offline_queue.sync import Changed


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """The self-service terminal of a township service hall."""
    forbid_core_dumps()  # here, since hardly a command holds nothing of a resident


@main.command()
@click.option("--config", "config_path", type=click.Path(dir_okay=False, path_type=Path), required=True)
def run(config_path: Path) -> None:
    """Start the terminal with the devices that the configuration names."""
    from kiosk import bootstrap

    try:
        sys.exit(bootstrap.run(read_config(config_path)))
    except (ConfigError, CatalogueError, AlreadyRunning) as failure:
        raise Failed(str(failure)) from failure


@main.command()
def demo() -> None:
    """Start the terminal with simulated devices, its control panel and an embedded district platform."""
    try:
        from kiosk.demo import run_demo
    except ImportError as failure:
        raise click.UsageError("this build has no simulators; start it with: kiosk run --config FILE") from failure
    try:
        sys.exit(run_demo())
    except (ConfigError, AlreadyRunning) as failure:
        raise Failed(str(failure)) from failure


@main.command()
@click.argument("matter")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where pictures go.")
@click.option("--reader", default="sim", help="An address such as pcsc:NAME, a part of a PC/SC reader's name, or sim.")
@click.option("--camera", default="sim", help="Device, file, folder or stream; or sim.")
@click.option("--printer", default="sim", help="tcp://, serial:, usb:, file:; or sim.")
@click.option("--platform", default="sim", help="URL of the district platform; or sim for an embedded one.")
@config_option
@json_option
def rehearse(
    *,
    matter: str,
    out: Path,
    reader: str,
    camera: str,
    printer: str,
    platform: str,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Drive the real app through a whole journey by touch, and save every screen, the slip and a summary."""
    from kiosk.rehearsal import Sources, rehearse_with
    from ui.rehearse import RehearsalFailed

    try:
        sources = Sources(reader=reader, camera=camera, printer=printer, platform=platform)
    except ValueError as failure:
        raise click.UsageError(str(failure)) from failure
    config = read_config(config_path)
    try:
        if sources.simulated:
            try:
                from kiosk.demo import rehearse_simulated
            except ImportError as failure:
                raise click.UsageError(
                    "this build has no simulators: name --reader, --camera, --printer and --platform"
                ) from failure
            summary = rehearse_simulated(config, matter, out, sources)
        else:
            summary = rehearse_with(config, matter, out, sources)
    except RehearsalFailed as failure:
        raise Failed(str(failure)) from failure
    except LookupError as failure:
        raise click.UsageError(str(failure.args[0])) from failure
    except (ConfigError, CatalogueError, AlreadyRunning) as failure:
        raise Failed(str(failure)) from failure
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    else:
        click.echo(f"{len(summary['screens'])} screens and the slip are in {out}; {summary['provisional_number']}")


@main.command()
@config_option
@json_option
def doctor(*, config_path: Path | None, as_json: bool) -> None:
    """Check the machine; goes on after a failure and names a remedy for each."""
    from kiosk.doctor import examine
    from kiosk.site import site

    config = read_config(config_path) if config_path else None
    failed = False
    for check in examine(config, site()):
        failed = failed or check.result == "fail"
        if as_json:
            click.echo(json.dumps(check.row(), ensure_ascii=False))
        else:
            click.echo(
                f"{check.result:4}  {check.name}: {check.detail}" + (f"  → {check.remedy}" if check.remedy else "")
            )
    sys.exit(1 if failed else 0)


@main.command()
@config_option
@json_option
def sync(*, config_path: Path | None, as_json: bool) -> None:
    """Send what is queued as a service beside the terminal, until it is asked to end (SIGTERM).

    A running terminal leaves sending to it, and takes over when it ends or dies.
    """
    from kiosk.sending import serve_sync

    config = read_config(config_path)

    def ready() -> None:
        say({"service": "sync", "platform": config.platform.url}, as_json=as_json)

    def told(change: Changed) -> None:
        row = {"uid": change.uid, "state": change.state.value, "case_number": change.case_number}
        say(row, as_json=as_json)

    try:
        in_time = serve_sync(config, ready=ready, told=told)
    except (ConfigError, AlreadyRunning) as failure:
        raise Failed(str(failure)) from failure
    sys.exit(0 if in_time else 1)


for alone in (decommission, enrol):
    main.add_command(alone)
for command in (export, receipts):
    queue.add_command(command)
for group in (card, camera, printer, speech, devices, queue, slip, staff, platform):
    main.add_command(group)
