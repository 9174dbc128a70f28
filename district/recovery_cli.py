"""`district recover` and `district tidy`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from district.keys_cli import keys_options
from district.papers_mark import take_place
from district.recovery import EVENTS, finish_papers, lost_papers, make_safe
from district.recovery import tidy as tidied
from district.serving_lock import unshared
from district.settings import database_option, json_option, objects_option, opened_store

_AS_IN_THE_BACKUP = """\
As in the backup are staff, their roles and passwords, and terminals: before you serve, disable and revoke again who was
disabled or revoked since (district staff disable, district terminals revoke). Gone is what staff did since: decisions,
supplements they asked for, the record of viewings; and ratings. Ask again for such a supplement: its answer is refused
(422) and held at its terminal."""


@click.command()
@database_option
@objects_option
@click.option(
    "--skip",
    default=10_000,
    show_default=True,
    type=click.IntRange(1),
    help="Case numbers to leave out: at least as many as were given since the backup.",
)
@json_option
@keys_options
def recover(
    database: str | None,
    objects: str | None,
    skip: int,
    as_json: bool,
    keys_folder: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Make a database that was restored from a backup fit to serve, before it serves. Then look for its papers: those
    that arrived whole since the backup are taken over, those that are gone or cut off are listed, to be asked for
    again; then it ends with 1."""
    lost = 0
    opened = opened_store(database, objects, keys_folder, passphrase_file, papers=False)
    with opened as store, unshared(store.engine):
        make_safe(store.engine, skip=skip)
        left_out = f"{skip} numbers of cases and {skip * EVENTS} of events are left out"
        click.echo(f"{left_out}; staff sign in again; codes to enrol are made anew.", err=True)
        click.echo(_AS_IN_THE_BACKUP, err=True)
        click.echo(f"{finish_papers(store)} papers were there and not known, and are complete now.", err=True)
        for one in lost_papers(store):
            lost += 1
            row = {"uid": one.uid, "case_number": one.case_number, "lost": one.paper}
            click.echo(json.dumps(row) if as_json else f"{one.case_number or '-'}\t{one.uid}\tlost {one.paper}")
        take_place(store.engine, store.objects)
        click.echo(f"Papers lie in {store.objects}.", err=True)
    if lost:
        click.echo(
            f"{lost} papers are lost: look at --objects and for a newer backup of them, else ask for them again.",
            err=True,
        )
        raise SystemExit(1)


@click.command()
@database_option
@objects_option
def tidy(database: str | None, objects: str | None) -> None:
    """Remove bytes that belong to no paper, a day after they came: a process was killed, or a store answered too late.
    Once a day, by a timer. After a restore, only when it is certain that no newer backup turns up."""
    with opened_store(database, objects) as store:
        click.echo(f"{tidied(store.engine, store.objects)} removed", err=True)
