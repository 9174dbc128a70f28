"""``kiosk devices test``: every device tried against what it promises, with a technician's hands or simulated ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from devices.trial import Act, Tried
from kiosk.cli.output import Failed, config_option, json_option, read_config
from kiosk.config import Config, ConfigError
from kiosk.trials import ASKED, KINDS, Kind, Stand, try_devices


@click.group()
def devices() -> None:
    """All devices together."""


@devices.command("test")
@click.option("--real", is_flag=True, help="Try the configured hardware: you are asked to lay cards and pull cables.")
@click.option("--device", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind; may be repeated.")
@config_option
@json_option
def devices_test(*, real: bool, kinds: tuple[Kind, ...], config_path: Path | None, as_json: bool) -> None:
    """Try what every device promises. Without --real the simulators are tried."""
    config = read_config(config_path)
    wanted = kinds or KINDS
    failed = False
    if real:
        for tried in try_devices(_hardware(config), wanted):
            failed = _tell(tried, as_json=as_json) or failed
    else:
        try:
            from kiosk.demo.trials import simulated_stand
        except ImportError as failure:
            raise click.UsageError("this build has no simulators: try the hardware with --real") from failure
        with simulated_stand() as stand:
            for tried in try_devices(stand, wanted):
                failed = _tell(tried, as_json=as_json) or failed
    sys.exit(1 if failed else 0)


def _hardware(config: Config) -> Stand:
    from kiosk.opening import open_camera, open_reader, open_slip_printer
    from kiosk.speaking import open_speaker

    try:
        open_slip_printer(config.printer).close()
        open_speaker(config.speech).stop()
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    codes = config.camera.codes
    return Stand(
        open_reader=lambda: open_reader(config),
        open_camera=lambda: open_camera(config.camera),
        open_code_camera=None if codes is None else lambda: open_camera(codes),
        open_printer=lambda: open_slip_printer(config.printer),
        open_speaker=lambda: open_speaker(config.speech),
        hands=ask,
    )


def ask(act: Act) -> bool:
    """Ask the technician; Enter for done (or: it is so), anything else for no."""
    words = ASKED[act]
    click.echo(f"\n{words.zh}\n{words.en}", err=True)
    answer = click.prompt("Enter = 好了 done; s = 不做 skip", default="", show_default=False, err=True)
    return answer == ""


def _tell(tried: Tried, *, as_json: bool) -> bool:
    """Print one result; whether it failed."""
    if as_json:
        click.echo(
            json.dumps({"trial": tried.name, "result": tried.result, "detail": tried.detail}, ensure_ascii=False)
        )
    else:
        click.echo(f"{tried.result:4}  {tried.name}" + (f": {tried.detail}" if tried.detail else ""))
    return tried.result == "fail"
