"""`district staff`: who may sign in to the staff page. A password comes from a prompt or a file, never from a command
line, where every process of the machine could read it."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from district.halls import Halls
from district.secret_files import LONGEST_SECRET, first_line
from district.settings import database_option, json_option, opened_database
from district.staff import Role, Staff, StaffRegister

_password_file = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
    help="Its first line is the password; - is standard input. Without it one is asked for.",
)


@contextmanager
def _register(database: str | None, *, hall: str | None = None, begin: bool = False) -> Generator[StaffRegister]:
    with opened_database(database, begin=begin) as engine:
        if hall is not None and hall not in Halls(engine).all():
            raise click.BadParameter(f"there is no hall {hall}; see district halls list", param_hint="--hall")
        try:
            yield StaffRegister(engine)
        except ValueError as trouble:
            raise click.ClickException(str(trouble)) from trouble


@click.group()
def staff() -> None:
    """Who may sign in to the staff page."""


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="clerk", show_default=True)
@click.option("--hall", help="The code of the only hall whose cases they see; without it all halls.")
@_password_file
@database_option
def add(name: str, role: str, hall: str | None, password_file: Path | None, database: str | None) -> None:
    """Let somebody in: a viewer looks, a clerk also decides, an admin also sees who looked at what. The password is
    good for their first sign-in, where they choose their own."""
    with _register(database, hall=hall, begin=True) as known:
        added = known.add(name, _password(password_file), Role(role), hall=hall, given=True)
    click.echo(_line(added))


@staff.command()
@click.argument("name")
@_password_file
@database_option
def passwd(name: str, password_file: Path | None, database: str | None) -> None:
    """Give a new password, for one sign-in, where they choose their own. It ends the wait after wrong ones, and signs
    them out everywhere."""
    with _register(database) as known:
        _found(known.set_password(name, _password(password_file), given=True), name)


@staff.command()
@click.argument("name")
@database_option
def disable(name: str, database: str | None) -> None:
    """Let nobody in by this name any more; it counts at once. What they did stays on record."""
    with _register(database) as known:
        _found(known.disable(name), name)


@staff.command("sign-out")
@click.argument("name")
@database_option
def sign_out(name: str, database: str | None) -> None:
    """End every session of a name."""
    with _register(database) as known:
        _found(known.sign_out(name), name)


@staff.command("list")
@database_option
@json_option
def list_(database: str | None, as_json: bool) -> None:
    """All names, the disabled ones too."""
    with _register(database) as known:
        for one in known.all():
            row = {
                "name": one.name,
                "role": one.role.value,
                "hall": one.hall,
                "disabled_at": one.disabled_at,
                "password_given": one.password_given,
            }
            click.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(one))


def _line(one: Staff) -> str:
    good = "has to choose a password" if one.password_given else "good"
    state = f"disabled {one.disabled_at}" if one.disabled_at else good
    return f"{one.name}\t{one.role.value}\t{one.hall or 'all halls'}\t{state}"


def _found(found: bool, name: str) -> None:
    if not found:
        raise click.ClickException(f"there is no {name}; see district staff list")


def _password(file: Path | None) -> str:
    if file is None:
        return click.prompt("Password", hide_input=True, confirmation_prompt=True)
    line = sys.stdin.buffer.readline(LONGEST_SECRET) if str(file) == "-" else first_line(file)
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as trouble:
        raise click.BadParameter(f"{file} is not UTF-8: save it as that", param_hint="--password-file") from trouble
