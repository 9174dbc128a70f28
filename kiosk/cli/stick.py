"""``kiosk queue export`` and ``receipts``: what is queued goes to the district by stick, and its receipts come back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.cli.output import config_option, json_option, say, tell_trouble
from kiosk.cli.queue import open_store

NOT_TAKEN = {
    "other-bytes": "receipt-other-bytes",
    "incomplete": "receipt-incomplete",
    "cancelled": "receipt-cancelled",
    "sending": "receipt-sending",
}
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--to", "stick", type=_FOLDER, required=True, help="Where the stick is mounted.")
@config_option
@json_option
def export(*, stick: Path, config_path: Path | None, as_json: bool) -> None:
    """Write what is queued onto a stick, sealed and signed. Done again, it goes on where it stopped."""
    from offline_queue.carrying import Carried, StickFailed

    stayed = False
    with open_store(config_path) as store:
        try:
            for item in store.carrier.export(stick):
                stayed = stayed or item.result in (Carried.NOT_SEALED, Carried.DAMAGED)
                row = {
                    "uid": item.uid,
                    "provisional_number": item.provisional_number,
                    "result": item.result.value,
                }
                if item.result is Carried.NOT_SEALED:
                    tell_trouble("not-sealed", as_json=as_json, **row)
                elif item.result is Carried.DAMAGED:
                    tell_trouble("item-damaged", as_json=as_json, **row)
                else:
                    say(row, as_json=as_json)
        except StickFailed as failure:
            tell_trouble(failure.trouble.value, as_json=as_json)
            sys.exit(1)
    sys.exit(1 if stayed else 0)


@click.command()
@click.argument("stick", type=_FOLDER)
@config_option
@json_option
def receipts(*, stick: Path, config_path: Path | None, as_json: bool) -> None:
    """Take the district's receipts from a stick: what it has taken is done here."""
    from offline_queue.carrying import Applied, Forged, StickFailed

    found = refused = False
    with open_store(config_path) as store:
        try:
            for one in store.carrier.apply(stick):
                found = True
                if isinstance(one, Forged):
                    refused = True
                    tell_trouble("receipts-forged", as_json=as_json, file=one.name)
                    continue
                row = {"uid": one.uid, "case_number": one.case_number, "result": one.result.value}
                if one.result in (Applied.DONE, Applied.KNOWN, Applied.FOREIGN):
                    say(row, as_json=as_json)
                else:
                    refused = True
                    tell_trouble(NOT_TAKEN[one.result.value], as_json=as_json, **row)
        except StickFailed as failure:
            tell_trouble(failure.trouble.value, as_json=as_json)
            sys.exit(1)
    if not found:
        tell_trouble("no-receipts", as_json=as_json)
    sys.exit(0 if found and not refused else 1)
