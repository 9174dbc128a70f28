"""``kiosk staff code``: the line of the configuration that lets hall staff see what is held."""

from __future__ import annotations

import click

from kiosk.domain.staff_code import LONGEST, SHORTEST, hash_staff_code


@click.group()
def staff() -> None:
    """What hall staff need at the terminal."""


@staff.command()
def code() -> None:
    """Ask for a code of 6 to 12 digits and print its line for the configuration. The code itself is kept nowhere."""
    typed = click.prompt(f"{SHORTEST}-{LONGEST} digits", hide_input=True, confirmation_prompt=True, err=True)
    try:
        click.echo(f'[staff]\ncode = "{hash_staff_code(typed)}"')
    except ValueError as failure:
        raise click.UsageError(str(failure)) from failure
