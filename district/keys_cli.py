"""`district keys …`: making, publishing and using the district's keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from district.keys import BUNDLE_DAYS, KEY_DAYS, KeysTrouble, make_bundle, new_keys, private_keys
from district.opening import PaperLost, Read, read_body, read_with
from district.secret_files import first_line
from offline_queue.blobs import private_folder, write_whole
from offline_queue.sealed import NoKey
from offline_queue.terminals import read_terminals
from offline_queue.wire import MAX_BODY_BYTES, Suite, canonical_bytes

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def passphrase_in(file: Path | None) -> bytes | None:
    """The first line of a file. Raises SecretTrouble."""
    if file is None:
        return None
    passphrase = first_line(file)
    if not passphrase:
        raise click.BadParameter(f"{file} holds no passphrase in its first line", param_hint="--passphrase-file")
    return passphrase


def _passphrase_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--passphrase-file", type=_FILE, help="Its first line opens the private keys.")(command)


def keys_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--keys DIR` and the passphrase, for commands that open what is sealed."""
    option = click.option("--keys", "keys_folder", type=_FOLDER, help="Folder of the private keys (district keys new).")
    return option(_passphrase_option(command))


@click.group()
def keys() -> None:
    """The keys that terminals seal to, and the bundles that tell them."""


@keys.command()
@click.argument("folder", type=_FOLDER)
@click.option("--escrow", is_flag=True, help="Make a new escrow key, too; the first time there is one anyway.")
@click.option("--days", default=KEY_DAYS, show_default=True, type=click.IntRange(1, 36500), help="How long it is used.")
@_passphrase_option
def new(folder: Path, escrow: bool, days: int, passphrase_file: Path | None) -> None:
    """Make a key for the district. Older ones stay, and open what was sealed to them."""
    try:
        made = new_keys(
            folder, now=datetime.now(tz=UTC), escrow=escrow, days=days, passphrase=passphrase_in(passphrase_file)
        )
    except KeysTrouble as trouble:
        raise click.ClickException(str(trouble)) from trouble
    for path in made.files:
        click.echo(str(path))
    for path in made.files:
        if path.name.startswith("escrow-") and path.suffix == ".pem":
            click.echo(f"Move {path.name} to a safe now: it opens all when the district's key is lost.", err=True)
    click.echo(f'For every terminal\'s configuration: [platform] bundle_key = "{made.signing}"', err=True)


@keys.command()
@click.argument("folder", type=_FOLDER)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The bundle's file.")
@click.option(
    "--suite",
    type=click.Choice([suite.value for suite in Suite]),
    default=Suite.AES256_GCM.value,
    show_default=True,
    help="What terminals seal with.",
)
@click.option(
    "--terminals",
    type=click.Path(exists=True, path_type=Path),
    help="The district's terminals: a file, or a folder of files, of lines that kiosk slip key prints.",
)
@click.option(
    "--days", default=BUNDLE_DAYS, show_default=True, type=click.IntRange(1, 3650), help="When to have a newer one."
)
@_passphrase_option
def bundle(
    folder: Path, out: Path, suite: str, terminals: Path | None, days: int, passphrase_file: Path | None
) -> None:
    """Sign a bundle of all keys that are not over; terminals take it with kiosk queue keys install."""
    try:
        listed = read_terminals(terminals) if terminals is not None else ()
    except ValueError as trouble:
        raise click.BadParameter(str(trouble), param_hint="--terminals") from trouble
    try:
        content = make_bundle(
            folder,
            now=datetime.now(tz=UTC),
            suite=Suite(suite),
            terminals=listed,
            days=days,
            passphrase=passphrase_in(passphrase_file),
        )
    except KeysTrouble as trouble:
        raise click.ClickException(str(trouble)) from trouble
    draft = out.with_name(f"{out.name}.part")
    draft.write_bytes(content)
    os.replace(draft, out)  # a platform that is running may read it at this moment


@keys.command("open")
@click.argument("body", type=_FILE)
@click.option("--papers", type=_FOLDER, help="Folder with the sealed papers, named by their ids.")
@click.option("--out", type=_FOLDER, help="Where the opened papers go.")
@click.option("--keys", "keys_folder", type=_FOLDER, required=True, help="Folder of the private keys.")
@_passphrase_option
def open_(body: Path, papers: Path | None, out: Path | None, keys_folder: Path, passphrase_file: Path | None) -> None:
    """Open one sealed submission from files, with whichever key it is sealed to, and print its envelope."""
    if (papers is None) != (out is None):
        raise click.UsageError("--papers and --out go together: opened papers are written there")
    try:
        private = private_keys(keys_folder, passphrase_in(passphrase_file))
    except KeysTrouble as trouble:
        raise click.ClickException(str(trouble)) from trouble
    outside = read_body(body.read_bytes()) if body.stat().st_size <= MAX_BODY_BYTES else None
    if outside is None:
        raise click.ClickException(f"{body} is not a submission")
    read = read_with(private, outside)
    if isinstance(read, NoKey):
        raise click.ClickException(f"it is sealed to {', '.join(read.wanted)}; none of them is in {keys_folder}")
    if not isinstance(read, Read):
        raise click.ClickException("it does not open: it was changed after it was sealed")
    click.echo(canonical_bytes(read.envelope))
    if papers is None or out is None:
        return
    private_folder(out)
    for one in read.envelope.attachments:
        try:
            write_whole(out / one.id, read.paper(one, (papers / one.id).open("rb")))
        except (FileNotFoundError, PaperLost) as trouble:
            said = f"the paper {one.id} is missing, or was changed after it was sealed"
            raise click.ClickException(said) from trouble
