"""``kiosk platform …``: this terminal's certificate at the district platform."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.cli.queue import open_store
from kiosk.config import Config


@click.group()
def platform() -> None:
    """The way to the district platform."""


@platform.command()
@click.option("--force", is_flag=True, help="Even while the certificate lasts.")
@config_option
@json_option
def renew(*, force: bool, config_path: Path | None, as_json: bool) -> None:
    """Renew the certificate for mutual TLS; a running terminal does it by itself, 30 days before it ends."""
    from kiosk.opening import china_time
    from kiosk.own_certificate import own_certificate
    from kiosk.renewal import Renewal
    from kiosk.renewal import renew as renewed
    from offline_queue.certificate import CertificateTrouble

    config = read_config(config_path)
    own = own_certificate(config.platform)
    if own is None or not config.platform.url:
        raise click.UsageError("the configuration names no platform.url, client_cert and client_key")
    with open_store(config_path) as store:
        try:
            came = renewed(config, own, store.signer(), now=china_time(), force=force)
            ends = own.expires()
        except (CertificateTrouble, OSError) as failure:
            raise Failed(f"{failure}. docs/technicians.md, The certificate.") from failure
    until = ends.isoformat(timespec="seconds")
    match came:
        case Renewal.NOT_DUE | Renewal.RENEWED:
            say({"result": came.value, "ends": until}, as_json=as_json)
            return
        case Renewal.REFUSED:
            tell_trouble("certificate-refused", as_json=as_json, ends=until)
        case Renewal.UNDECIDED:
            tell_trouble("certificate-undecided", as_json=as_json, ends=until)
        case Renewal.ROLLED_BACK:
            tell_trouble("certificate-rolled-back", as_json=as_json, ends=until)
    sys.exit(1)


@platform.command()
@config_option
def request(*, config_path: Path | None) -> None:
    """Make the key of a first certificate and print its request, for district ca issue on the district's side."""
    config: Config = read_config(config_path)
    from kiosk.own_certificate import own_certificate

    own = own_certificate(config.platform)
    if own is None:
        raise click.UsageError("the configuration names no platform.client_cert and client_key")
    try:
        click.echo(own.first_request(config.hall.terminal).decode("ascii"), nl=False)
    except OSError as failure:
        raise Failed(f"the key cannot be written: {failure}") from failure
