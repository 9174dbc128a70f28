"""How commands speak: one JSON object a line, or the same for eyes; a trouble in words with its remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.config import Config, ConfigError
from kiosk.domain.trouble import explain

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line on standard output.")
config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="KIOSK_CONFIG",
    help="The terminal's configuration (see kiosk.example.toml).",
)


class Failed(click.ClickException):
    """A trouble told in one sentence with its remedy; ends with status 1."""

    exit_code = 1


def read_config(path: Path | None) -> Config:
    """The configuration at ``path``, or the defaults; ends the command when it cannot be used."""
    if path is None:
        return Config()
    try:
        return configuration.load(path)
    except ConfigError as failure:
        raise Failed(str(failure)) from failure


def say(row: Mapping[str, object], *, as_json: bool) -> None:
    """One result: a JSON line, or the same for eyes."""
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        click.echo("  ".join(f"{key}: {_plain(value)}" for key, value in row.items()))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tell_trouble(code: str, *, as_json: bool, **more: object) -> None:
    """A trouble by its code, in words with a remedy; the command goes on to end with status 1."""
    words = explain(code)
    row = {**more, "trouble": code, "message": words.message.zh, "remedy": words.remedy.zh}
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        click.echo(f"{words.message.zh} {words.remedy.zh}\n{words.message.en} {words.remedy.en} [{code}]", err=True)
