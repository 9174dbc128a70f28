"""`district ca …`: the authority that terminals' certificates come from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509

from district.authority import CA_DAYS, DAYS, issue, new_authority

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def ca() -> None:
    """Certificates for mutual TLS. `serve --client-ca FOLDER/ca.pem --issue FOLDER` renews them by itself."""


@ca.command()
@click.argument("folder", type=_FOLDER)
@click.option("--name", default="Township terminals", show_default=True)
@click.option("--days", default=CA_DAYS, show_default=True, type=click.IntRange(1, 36500))
def new(folder: Path, name: str, days: int) -> None:
    """Make an authority in FOLDER."""
    click.echo(str(new_authority(folder, name=name, now=datetime.now(tz=UTC), days=days)))


@ca.command("issue")
@click.argument("folder", type=_FOLDER)
@click.argument("request", type=_FILE)
@click.option("--terminal", required=True, help="The terminal's code.")
@click.option("--days", default=DAYS, show_default=True, type=click.IntRange(1, 3650))
def issue_(folder: Path, request: Path, terminal: str, days: int) -> None:
    """Print a certificate for the request that `kiosk platform request` printed on the terminal."""
    now = datetime.now(tz=UTC)
    made = issue(folder, request.read_bytes(), code=terminal, now=now, days=days)
    click.echo(made.decode("ascii"), nl=False)
    lasts = (x509.load_pem_x509_certificate(made).not_valid_after_utc - now).days
    if lasts < days - 1:
        click.echo(
            f"It lasts {lasts} days, as long as the authority: make a new one in time (district ca new).", err=True
        )
