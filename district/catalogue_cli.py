"""`district catalogue …`: the matters that terminals offer, signed on one machine and published on another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from district.catalogue import Catalogues, NotPublished
from district.keys import signing_key
from district.keys_cli import keys_options, passphrase_in
from district.settings import database_option, opened_database
from district.times import version_of
from offline_queue.bundle import public_raw
from offline_queue.catalogue import MAX_FILES, MAX_PACKAGE_BYTES, Catalogue, MatterFile, read_catalogue, sign_catalogue

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def catalogue() -> None:
    """The matters that terminals offer."""


@catalogue.command()
@click.argument("folder", type=_FOLDER)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The package's file.")
@click.option(
    "--version", type=click.IntRange(1, 2**53), help="In place of the minute: greater than what is published."
)
@keys_options
def sign(folder: Path, out: Path, version: int | None, keys_folder: Path | None, passphrase_file: Path | None) -> None:
    """Look at every matter (*.yaml) in FOLDER as a terminal would, and sign them together as one package."""
    if keys_folder is None:
        raise click.UsageError("give --keys FOLDER, which holds the key that signs bundles")
    from kiosk.catalogue.loader import CatalogueError  # slow to load, and for few commands

    paths = sorted(folder.glob("*.yaml"))
    if not 0 < len(paths) <= MAX_FILES:
        raise click.ClickException(
            f"{folder} has to hold 1 to {MAX_FILES} matters, each as NAME.yaml; it holds {len(paths)}"
        )
    now = datetime.now(tz=UTC)
    try:
        files = tuple(_matter(path) for path in paths)
        made = Catalogue(version=version or version_of(now), created=now, files=files)
        package = sign_catalogue(made, signing_key(keys_folder, passphrase_in(passphrase_file)))
    except CatalogueError as trouble:
        raise click.ClickException(str(trouble)) from trouble
    if len(package) > MAX_PACKAGE_BYTES:
        raise click.ClickException(f"the package is larger than terminals take ({MAX_PACKAGE_BYTES} bytes)")
    out.write_bytes(package)
    click.echo(f"version {made.version}, {len(files)} matters")


def _matter(path: Path) -> MatterFile:
    from kiosk.catalogue.loader import parse

    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as trouble:
        raise click.ClickException(f"{path} is not UTF-8: save it as that") from trouble
    parse(text, path.name)
    try:
        return MatterFile(name=path.name, text=text)
    except ValidationError as trouble:
        said = "the name of a matter's file is of a-z, 0-9 and hyphens, as in pension-enrolment.yaml"
        raise click.ClickException(f"{path}: {said}") from trouble


@catalogue.command()
@click.argument("file", type=_FILE)
@click.option("--signer", required=True, help="The key that signs bundles, as district keys new printed it.")
@database_option
def publish(file: Path, signer: str, database: str | None) -> None:
    """Make a signed package the one that terminals get."""
    from kiosk.catalogue.loader import CatalogueError, parse

    try:
        key = public_raw(signer)
    except ValueError as trouble:
        raise click.BadParameter(str(trouble), param_hint="--signer") from trouble
    with file.open("rb") as source:
        package = source.read(MAX_PACKAGE_BYTES + 1)
    signed = read_catalogue(package, key)
    with opened_database(database) as engine:
        try:
            for one in () if signed is None else signed.files:
                parse(one.text, one.name)
            click.echo(f"version {Catalogues(engine).publish(package, key)}")
        except (CatalogueError, NotPublished) as trouble:
            raise click.ClickException(str(trouble)) from trouble
