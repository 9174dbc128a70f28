"""``kiosk queue keys …``: the district's keys on this terminal."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.queue_keys import district_keys

if TYPE_CHECKING:
    from offline_queue.keyring import DistrictKeys


@click.group()
def keys() -> None:
    """The district's keys, to which everything handed in here is sealed."""


@keys.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@json_option
def install(*, file: Path, config_path: Path | None, as_json: bool) -> None:
    """Take a bundle that the district signed (district keys bundle); a running terminal uses it from then on."""
    from kiosk.opening import china_time
    from offline_queue.bundle import MAX_BUNDLE_BYTES, BundleTrouble

    with file.open("rb") as source:
        content = source.read(MAX_BUNDLE_BYTES + 1)
    try:
        taken = _keys(config_path).install(content, now=china_time())
    except OSError as failure:
        raise Failed(f"the bundle cannot be kept: {failure}") from failure
    if isinstance(taken, BundleTrouble):
        tell_trouble(taken.value, as_json=as_json)
        sys.exit(1)
    say({"version": taken.version, "replaced": taken.replaced}, as_json=as_json)


@keys.command()
@config_option
@json_option
def show(*, config_path: Path | None, as_json: bool) -> None:
    """The installed bundle: its version, and each key with the time it is for."""
    bundle = _keys(config_path).bundle()
    if bundle is None:
        tell_trouble("keys-missing", as_json=as_json)
        sys.exit(1)
    for key in bundle.keys:
        say(
            {
                "version": bundle.version,
                "suite": bundle.suite.value,
                "key_id": key.id,
                "use": key.use.value,
                "from": _local(key.not_before),
                "until": _local(key.not_after),
                "replace_by": _local(bundle.not_after),
                "terminals": len(bundle.terminals),
            },
            as_json=as_json,
        )


def _keys(config_path: Path | None) -> DistrictKeys:
    keys = district_keys(read_config(config_path))
    if keys is None:
        raise click.UsageError("the configuration names no platform.bundle_key, so nothing is sealed to a district")
    return keys


def _local(time: datetime) -> str:
    from offline_queue.model import CHINA

    return time.astimezone(CHINA).isoformat(timespec="seconds")
