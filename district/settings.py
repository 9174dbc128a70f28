"""Where a platform keeps its things, as commands are told it."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from district.app import Settings, open_store
from district.database import NoPlatform, open_engine
from district.keys_cli import passphrase_in
from district.objects import Place
from district.papers_mark import look_at_place
from district.store import DistrictStore
from offline_queue.transport import checked_url

database_option = click.option("--database", help="SQLAlchemy URL, as for serve")
objects_option = click.option(
    "--objects",
    help="Where papers lie: a folder, or s3://bucket/prefix?endpoint=https://…&region=… with credentials from the "
    "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). Without it, a folder papers beside the database's file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


_SCHEME = re.compile(r"\w+:")
"""Of an address, or of what was to be one: s3:/papers is no folder."""
_ROOT = re.compile(r"https?://[a-z0-9.:\[\]-]+(/[A-Za-z0-9._~-]+)*")


def settings_for(
    database: str | None,
    keys: Path | None = None,
    passphrase_file: Path | None = None,
    objects: str | None = None,
) -> Settings:
    """The settings of a database URL; without one, of `KIOSK_DATA_DIR`/district or ./district-data.

    Papers lie, unless told, in a folder `papers` beside an SQLite file, else under the default folder; keys, unless
    told, in a folder `district-keys` beside the default folder, where the demonstration has them.
    """
    passphrase = passphrase_in(passphrase_file)
    data = os.environ.get("KIOSK_DATA_DIR")
    folder = Path(data) / "district" if data else Path("district-data")
    if database is None:
        database = f"sqlite:///{folder / 'district.db'}"
        beside = folder.with_name("district-keys")
        keys = beside if keys is None and beside.is_dir() else keys
        return Settings(database=database, papers=_place(objects, folder), keys=keys, passphrase=passphrase)
    try:
        url = make_url(database)
    except (ArgumentError, ValueError) as trouble:
        # Without the text itself: it may hold a password.
        said = "not a database URL, such as sqlite:////srv/district.db or postgresql://user@host/district"
        raise click.BadParameter(said, param_hint="--database") from trouble
    if url.drivername == "postgres":
        raise click.BadParameter("write postgresql://… in place of postgres://…", param_hint="--database")
    if url.get_backend_name() == "sqlite" and url.database:
        folder = Path(url.database).parent
    return Settings(database=database, papers=_place(objects, folder), keys=keys, passphrase=passphrase)


def _place(objects: str | None, folder: Path) -> Path | Place:
    if objects is None:
        return folder / "papers"
    if not _SCHEME.match(objects):
        return Path(objects)
    try:
        return Place.read(objects)
    except ValueError as trouble:
        raise click.BadParameter(str(trouble), param_hint="--objects") from trouble


def public_root(_ctx: click.Context, _option: click.Parameter, url: str | None, *, path: bool = True) -> str | None:
    """For an option: the root that others call, as they spell it. With `path` one may be part of it that a proxy takes
    away. Raises BadParameter."""
    if url is None:
        return None
    try:
        parts = urlsplit(checked_url(url))
        root = f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
        good = parts.port != 0 and _ROOT.fullmatch(root)
    except ValueError as trouble:
        raise click.BadParameter(f"{trouble}. https://district.example is one.") from trouble
    if not good or "v1" in parts.path.split("/") or not (path or parts.path in ("", "/")):
        where = "up to the /v1, which they add themselves" if path else "without a path"
        raise click.BadParameter(f"{url!r} is not called by anybody: give the address as they have it, {where}.")
    return root


@contextmanager
def opened_database(database: str | None, *, begin: bool = False) -> Generator[Engine]:
    """The platform's database, for a command that needs nothing else of it. `begin`: with this command a platform may
    be set up."""
    engine = _opened(settings_for(database).database, begin=begin)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def opened_store(
    database: str | None,
    objects: str | None = None,
    keys: Path | None = None,
    passphrase_file: Path | None = None,
    *,
    papers: bool = True,
) -> Generator[DistrictStore]:
    """What a platform keeps, for a command; its `papers` must be where they lie, for one that has to do with them."""
    settings = settings_for(database, keys, passphrase_file, objects)
    _opened(settings.database, begin=False).dispose()
    with closing(open_store(settings)) as store:
        if papers:
            look_at_place(store.engine, store.objects)
        yield store


def _opened(url: str, *, begin: bool) -> Engine:
    """A mistyped address must not become an empty platform of which everything is well."""
    try:
        return open_engine(url, begin=False)
    except NoPlatform as trouble:
        if not begin:
            remedy = (
                "look at --database (without it, at KIOSK_DATA_DIR and the current folder); district serve begins one"
            )
            raise click.ClickException(f"{trouble}: {remedy}") from trouble
        engine = open_engine(url)
        click.echo(f"{trouble}: a new platform begins there.", err=True)
        return engine
