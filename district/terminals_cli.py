"""`district terminals …` and `district halls …`: who may ask, and where they stand."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import click
import segno

from district.authority import certificate_sha256
from district.enrolment import HOURS, Enrolments, Invitation
from district.halls import Halls
from district.settings import database_option, json_option, opened_database
from district.terminals import Terminal, Terminals
from offline_queue.numbers import base64url, is_district_host
from offline_queue.terminals import KnownTerminal, read_terminal


@click.group()
def terminals() -> None:
    """Whose signed requests are answered. The first one that is added makes signatures a must."""


@terminals.command()
@click.argument("code")
@click.option("--hall", required=True, help="The hall's code, as district halls add got it.")
@click.option("--hours", default=HOURS, show_default=True, type=click.IntRange(1, 336), help="How long it can be used.")
@click.option("--url", help="Where the terminal enrols (serve --enrol-port): with it there is a QR code, too.")
@database_option
@json_option
def invite(code: str, hall: str, hours: int, url: str | None, database: str | None, as_json: bool) -> None:
    """Make a one-time code for the terminal CODE (TY03): whoever types it there (kiosk enrol) makes that machine it."""
    district = None if url is None else urlsplit(url).netloc.lower()
    if district is not None and not is_district_host(district):
        raise click.BadParameter(f"not an address that a terminal could call: {url}", param_hint="--url")
    with opened_database(database) as engine:
        try:
            made = Enrolments(engine).invite(code, hall, hours=hours)
        except ValueError as trouble:
            raise click.ClickException(str(trouble)) from trouble
    # The text that kiosk.journey.scanned takes for an enrolment; a telephone opens the page and keeps the code.
    scanned = None if district is None else f"https://{district}/e#v1.{made.code}"
    if as_json:
        row = {"code": made.code, "terminal": made.terminal, "hall": made.hall, "expires_at": made.expires_at}
        click.echo(json.dumps({**row, "qr": scanned}))
    else:
        _tell(made, url, scanned)


def _tell(made: Invitation, url: str | None, scanned: str | None) -> None:
    click.echo(f"{made.code}\tuntil {made.expires_at}")
    click.echo(f"On the terminal: kiosk enrol {url or 'URL'} {made.code}", err=True)
    if scanned is not None:
        click.echo(scanned)
        segno.make(scanned, micro=False).terminal(compact=True)


_ANY_KEY: dict[str, bool] = {"ignore_unknown_options": True}
"""One key in sixty-four begins with a dash, and is no option."""


@terminals.command(context_settings=_ANY_KEY)
@click.argument("line", nargs=-1, required=True)
@database_option
@json_option
def add(line: tuple[str, ...], database: str | None, as_json: bool) -> None:
    """Register a terminal by the line that `kiosk slip key` prints on it."""
    with opened_database(database, begin=True) as engine:
        try:
            told = read_terminal(" ".join(line))
            added = Terminals(engine).add(told.code, told.public_key)
        except ValueError as trouble:
            raise click.ClickException(str(trouble)) from trouble
    _show(added, as_json=as_json)


@terminals.command()
@click.argument("code")
@click.argument("certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", metavar="KEY_ID", help="Which machine's, while two are CODE: of the key that it signs with.")
@database_option
def certify(code: str, certificate: Path, key: str | None, database: str | None) -> None:
    """From now on CODE's signature counts on a line only that was opened with this certificate (PEM). For one that was
    issued by hand to a terminal that had another from here; enrolment and renewal do it by themselves."""
    try:
        sha256 = certificate_sha256(certificate.read_bytes())
    except ValueError as trouble:
        raise click.ClickException(f"{certificate} is not a certificate in PEM") from trouble
    with opened_database(database) as engine:
        known = Terminals(engine)
        good = [one for one in known.all() if one.code == code and one.revoked_at is None]
        named = [one for one in good if key in (None, one.key_id)]
        if not named:
            which = f"no terminal {code}" if key is None else f"no key {key} of {code} that is not revoked"
            raise click.ClickException(f"there is {which}; see district terminals list")
        if len(named) > 1:
            keys = ", ".join(f"{one.key_id} (since {one.added_at})" for one in named)
            where = "district terminals list has them beside what kiosk slip key prints on each machine"
            raise click.ClickException(f"{code} has several keys; say whose certificate it is: --key {keys}. {where}.")
        known.renew(named[0].key_id, sha256, shown=None)


@terminals.command("list")
@database_option
@json_option
def list_(database: str | None, as_json: bool) -> None:
    """All keys, oldest first, the revoked ones too."""
    with opened_database(database) as engine:
        for one in Terminals(engine).all():
            _show(one, as_json=as_json)


@terminals.command()
@click.argument("code")
@click.option("--hall", required=True, help="The hall's code.")
@database_option
def place(code: str, hall: str, database: str | None) -> None:
    """Tell where a terminal stands that was registered by hand, or was moved: whose staff see what comes from it."""
    with opened_database(database) as engine:
        try:
            placed = Terminals(engine).place(code, hall)
        except ValueError as trouble:
            raise click.ClickException(str(trouble)) from trouble
    if not placed:
        raise click.ClickException(f"there is no terminal {code}; see district terminals list")


@terminals.command()
@database_option
def lines(database: str | None) -> None:
    """Print the good terminals as district keys bundle --terminals takes them: whose slips are genuine."""
    with opened_database(database) as engine:
        names = Halls(engine).all()
        for one in Terminals(engine).all():
            if one.revoked_at is None:
                hall = names.get(one.hall or "", "")
                click.echo(KnownTerminal(code=one.code, public_key=one.public_key, hall=hall).line())


@terminals.command(context_settings=_ANY_KEY)
@click.argument("key_id")
@database_option
def revoke(key_id: str, database: str | None) -> None:
    """Never accept this key again. It counts at once, also for a platform that is running."""
    with opened_database(database) as engine:
        if not Terminals(engine).revoke(key_id):
            raise click.ClickException(f"no terminal has the key {key_id}; see district terminals list")


def _show(one: Terminal, *, as_json: bool) -> None:
    key = base64url(one.public_key)
    if as_json:
        row = {"code": one.code, "key_id": one.key_id, "public_key": key, "hall": one.hall}
        click.echo(json.dumps({**row, "added_at": one.added_at, "revoked_at": one.revoked_at}))
    else:
        state = f"revoked {one.revoked_at}" if one.revoked_at else "good"
        click.echo("\t".join((one.code, one.key_id, key, state, *filter(None, (one.hall,)))))


@click.group()
def halls() -> None:
    """The halls where terminals stand."""


@halls.command("add")
@click.argument("code")
@click.argument("name", nargs=-1, required=True)
@database_option
def add_hall(code: str, name: tuple[str, ...], database: str | None) -> None:
    """Tell of a hall, by a short CODE of the district's own; of one that is known, its new NAME."""
    with opened_database(database, begin=True) as engine:
        try:
            Halls(engine).add(code, " ".join(name))
        except ValueError as trouble:
            raise click.ClickException(str(trouble)) from trouble


@halls.command("list")
@database_option
@json_option
def list_halls(database: str | None, as_json: bool) -> None:
    """All halls, by their codes."""
    with opened_database(database) as engine:
        for code, name in Halls(engine).all().items():
            row = {"code": code, "name": name}
            click.echo(json.dumps(row, ensure_ascii=False) if as_json else f"{code}\t{name}")
