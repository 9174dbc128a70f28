"""``kiosk decommission``: a terminal goes out of service with its queue settled, or does not."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.config import ConfigError
from kiosk.process import AlreadyRunning

_SSD = (
    "Files were overwritten once and removed. An SSD, an SD card or a snapshot may hold old copies all the same, "
    "of the keys, too, where they were files. Destroy the drive unless it was encrypted as a whole."
)


@click.command()
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where the record goes.")
@click.option(
    "--to", "stick", type=click.Path(file_okay=False, path_type=Path), help="A stick for what cannot be sent."
)
@click.option("--give-up", help="Why what has not arrived is given up; takes two names.")
@click.option("--by", help="Who gives it up.")
@click.option("--confirmed-by", help="A second person who agrees.")
@config_option
@json_option
def decommission(
    *,
    record: Path,
    stick: Path | None,
    give_up: str | None,
    by: str | None,
    confirmed_by: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Send or export what is queued, have the key revoked, keep a signed record, and wipe keys, queue and logs.

    Refuses while the district has not confirmed something, unless two people give it up. What left on a stick is
    confirmed by the receipts that come back on it (kiosk queue receipts).
    """
    from kiosk.decommission import Refused
    from kiosk.decommission import decommission as leave
    from offline_queue.carrying import StickFailed
    from offline_queue.leaving import Confirmed

    try:
        confirmed = Confirmed(by=by or "", confirmed_by=confirmed_by or "", reason=give_up) if give_up else None
    except ValidationError as failure:
        raise click.UsageError("--give-up takes a reason, --by and --confirmed-by, two different people") from failure
    try:
        done = leave(read_config(config_path), record_file=record, stick=stick, confirmed=confirmed)
    except StickFailed as failure:
        tell_trouble(failure.trouble.value, as_json=as_json)
        sys.exit(1)
    except (ConfigError, AlreadyRunning) as failure:
        raise Failed(str(failure)) from failure
    except OSError as failure:
        raise Failed(f"{failure}. Keys go first; run it again for the rest.") from failure
    if isinstance(done, Refused):
        for one in done.left:
            say(
                {
                    "uid": one.uid,
                    "provisional_number": one.number,
                    "state": one.state.value,
                    "exported": one.exported,
                    "rating": one.rating,
                },
                as_json=as_json,
            )
        tell_trouble("not-settled", as_json=as_json, count=len(done.left))
        sys.exit(1)
    revoked = done.record.revoked if done.record is not None else "see the record"
    say({"record": str(record), "revoked": revoked, "wiped": done.wiped}, as_json=as_json)
    if not as_json:
        if done.record is not None and done.record.revoked != "revoked":
            when = " once the stick was imported" if done.record.revoked == "later" else ""
            click.echo(f"At the district{when}: district terminals revoke {done.record.key_id}")
        click.echo(_SSD)
