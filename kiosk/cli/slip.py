"""``kiosk slip …``: whether a slip is genuine, told by its signature alone, without a network; and the key for that.

Exit status of ``verify``: 0 genuine, 1 forged (or nothing could be read), 3 of an unknown terminal, 4 no slip, 5 of
another version; 2 is for a command that cannot be carried out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.config import Config, ConfigError, data_folder
from offline_queue.numbers import SlipCodeTrouble
from offline_queue.terminals import GenuineSlip, KnownTerminal, check_slip, read_terminal, read_terminals

_STATUS = {
    SlipCodeTrouble.FORGED: 1,
    SlipCodeTrouble.WRONG_NUMBER: 1,
    SlipCodeTrouble.UNKNOWN_TERMINAL: 3,
    SlipCodeTrouble.NOT_A_SLIP: 4,
    SlipCodeTrouble.OTHER_VERSION: 5,
}


@click.group()
def slip() -> None:
    """Receipt slips: genuine or not."""


@slip.command("key")
@config_option
def slip_key(*, config_path: Path | None) -> None:
    """Print this terminal's public key, as a line for the district's list of terminals (platform.slip_keys)."""
    from kiosk.bootstrap import open_queue

    config = read_config(config_path)
    try:
        store = open_queue(config)
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    try:
        _, raw = store.public_key
    finally:
        store.close()
    hall = f"{config.hall.name.zh} / {config.hall.name.en}"
    click.echo(KnownTerminal(code=config.hall.terminal, public_key=raw, hall=hall).line())


@slip.command("verify")
@click.argument("slip_", metavar="FILE|TEXT")
@click.option("--key", "keys", multiple=True, metavar="FILE|KEY", help="Public keys of terminals, or one; may repeat.")
@config_option
@json_option
def slip_verify(*, slip_: str, keys: tuple[str, ...], config_path: Path | None, as_json: bool) -> None:
    """Tell whether a slip is genuine: FILE is a picture of it, TEXT what its QR code says.

    Known terminals are those of --key; without it those of the configuration, this terminal among them. Exit status: 0
    genuine, 1 forged, 3 unknown terminal, 4 not a slip, 5 another version.
    """
    config = read_config(config_path)
    known = _named(keys) if keys else _configured(config)
    if not known:
        raise click.UsageError("no public key to check with: give --key, or a --config with platform.slip_keys")
    judged = [check_slip(text, known) for text in _texts(slip_, as_json=as_json)]
    best = next((each for each in judged if isinstance(each, GenuineSlip)), None) or min(
        (each for each in judged if isinstance(each, SlipCodeTrouble)),
        key=lambda trouble: list(_STATUS).index(trouble),
        default=SlipCodeTrouble.NOT_A_SLIP,
    )
    if isinstance(best, GenuineSlip):
        row = {
            "result": "genuine",
            "number": best.number,
            "terminal": best.terminal,
            "hall": best.hall,
            "district": best.district,
            "day": best.day.isoformat(),
        }
        say(row, as_json=as_json)
        return
    words = "code-foreign" if best is SlipCodeTrouble.NOT_A_SLIP else best.value
    tell_trouble(words, as_json=as_json, result=best.value)
    sys.exit(_STATUS[best])


def _texts(slip_: str, *, as_json: bool) -> list[str]:
    """What stands in the codes of the picture, or the text itself."""
    if not _is_file(slip_):
        return [slip_.strip()]
    from devices.camera.codes import read_file_codes
    from devices.camera.pictures import PictureError

    try:
        return [code.text for code in read_file_codes(Path(slip_))]
    except PictureError:
        tell_trouble("picture-unreadable", as_json=as_json, result="picture-unreadable")
        sys.exit(1)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null byte
        return False


def _named(keys: tuple[str, ...]) -> list[KnownTerminal]:
    known: list[KnownTerminal] = []
    for key in keys:
        try:
            known += read_terminals(Path(key)) if Path(key).exists() else [read_terminal(key)]
        except (OSError, ValueError) as failure:
            raise click.UsageError(f"--key {key}: {failure}") from failure
    return known


def _configured(config: Config) -> list[KnownTerminal]:
    """The district's terminals, and this one if it has a key already."""
    from kiosk.bootstrap import known_terminals
    from offline_queue.sealing import terminal_key

    try:
        known = list(known_terminals(config))
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    folder = data_folder(config) / "queue"
    if (folder / "terminal.key").is_file():
        own = terminal_key(folder).public_key().public_bytes_raw()
        hall = f"{config.hall.name.zh} / {config.hall.name.en}"
        known.append(KnownTerminal(code="", public_key=own, hall=hall))
    return known
