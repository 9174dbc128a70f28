"""``kiosk enrol``: this machine becomes a terminal of the district, by the one-time code that the district told."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.config import Config


@click.command()
@click.argument("url")
@click.argument("code", required=False)
@click.option(
    "--bundle-key",
    metavar="KEY",
    help="The key by which the district signs, as district keys new printed it; else that of the configuration.",
)
@config_option
@json_option
def enrol(*, url: str, code: str | None, bundle_key: str | None, config_path: Path | None, as_json: bool) -> None:
    """Enrol at the district platform's URL with a one-time CODE (district terminals invite); asks for it without one.

    Writes the certificate and the district's keys where the configuration says. Done again, it harms nothing: after a
    lost answer the same code gives the same certificate.
    """
    from kiosk.enrolling import NotDone, code_in
    from kiosk.enrolling import enrol as enrolled
    from kiosk.opening import china_time
    from kiosk.own_certificate import own_certificate
    from offline_queue.certificate import CertificateTrouble

    config = read_config(config_path)
    own = own_certificate(config.platform)
    if own is None:
        raise click.UsageError("the configuration names no platform.client_cert and client_key")
    key = _bundle_key(config, bundle_key)
    read = code_in(code if code is not None else click.prompt("一次性登记码 One-time code", err=True))
    if read is None:
        tell_trouble("enrolment-mistyped", as_json=as_json)
        sys.exit(1)
    try:
        came = enrolled(config, own, url=url, code=read, bundle_key=key, now=china_time())
    except (CertificateTrouble, OSError) as failure:
        raise Failed(f"the keys cannot be read or written: {failure}") from failure
    except ValueError as failure:
        raise click.BadParameter(str(failure), param_hint="URL") from failure
    if isinstance(came, NotDone):
        tell_trouble(came.code, as_json=as_json)
        sys.exit(1)
    row = {"terminal": came.terminal, "hall": came.hall, "ends": came.ends.isoformat(timespec="seconds")}
    say({**row, "bundle": came.bundle}, as_json=as_json)
    if not as_json:
        for step in _next(config, key, bundle=came.bundle):
            click.echo(step)


def _bundle_key(config: Config, told: str | None) -> str:
    """The key that bundles must be signed with; empty where nobody told any."""
    from offline_queue.bundle import public_raw

    known = config.platform.bundle_key
    if told is None:
        return known
    try:
        public_raw(told)
    except ValueError as failure:
        raise click.BadParameter(str(failure), param_hint="--bundle-key") from failure
    if known and known != told:
        raise click.UsageError("--bundle-key is another key than platform.bundle_key: ask the district which is right")
    return told


def _next(config: Config, key: str, *, bundle: int | None) -> list[str]:
    """What is left to do, in its order."""
    steps: list[str] = []
    if not config.platform.url:
        steps.append('写入配置 Write into the configuration: [platform] url = "https://…"')
    if key and not config.platform.bundle_key:
        steps.append(f'写入配置 Write into the configuration: [platform] bundle_key = "{key}"')
    if key and bundle is None:
        steps.append("区里没有送公钥包 The district sent no keys: kiosk queue keys install FILE")
    return [*steps, "检查 Look at everything: kiosk doctor --config FILE", "开始 Begin: kiosk run --config FILE"]
