"""`district retention`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from district.retention import erase
from district.settings import database_option, objects_option, opened_store


@click.command()
@click.option("--days", required=True, type=click.IntRange(1), help="How long after a case was closed.")
@database_option
@objects_option
def retention(days: int, database: str | None, objects: str | None) -> None:
    """Erase forms and papers of cases that were closed so many days ago, and of what came so long ago and never became
    a case. Numbers, stages and receipts stay."""
    with opened_store(database, objects) as store:
        count = erase(store.engine, store.objects, days=days, now=datetime.now(tz=UTC))
    click.echo(f"{count} cases erased", err=True)
