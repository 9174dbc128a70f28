"""``kiosk queue …``: the local queue for staff, technicians and black-box tests."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.cli.queue_keys import keys
from kiosk.config import ConfigError
from kiosk.domain.findings import FINDINGS, MENDED
from kiosk.domain.reasons import reason_of
from kiosk.domain.words import LANGUAGES, Text

if TYPE_CHECKING:
    from offline_queue.findings import Repair
    from offline_queue.model import Item
    from offline_queue.store import Store


@contextmanager
def open_store(config_path: Path | None) -> Generator[Store]:
    from kiosk.bootstrap import open_queue

    try:
        store = open_queue(read_config(config_path))
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    try:
        yield store
    finally:
        store.close()


@click.group()
def queue() -> None:
    """What was handed in, and how far each submission got."""


queue.add_command(keys)


@queue.command("list")
@config_option
@json_option
def list_(*, config_path: Path | None, as_json: bool) -> None:
    """All submissions on this terminal, oldest first."""
    with open_store(config_path) as store:
        items = store.list()
    for item in items:
        say(item.row(), as_json=as_json)
        if not as_json:
            _say_why(item)
    if not items and not as_json:
        click.echo("这台终端上还没有申报。Nothing was handed in here yet.")


def _say_why(item: Item) -> None:
    """For eyes: what keeps a submission here, and what to do."""
    if item.why is not None:
        why = reason_of(item.why)
        click.echo(f"  {why.message.zh} {why.remedy.zh}\n  {why.message.en} {why.remedy.en}")


@queue.command()
@click.argument("uid")
@config_option
@json_option
def show(*, uid: str, config_path: Path | None, as_json: bool) -> None:
    """One submission; never what the resident wrote."""
    with open_store(config_path) as store:
        item = store.show(uid)
    if item is None:
        tell_trouble("uid-unknown", as_json=as_json, uid=uid)
        sys.exit(1)
    say(item.details(), as_json=as_json)
    if not as_json:
        _say_why(item)


@queue.command()
@click.argument("uid")
@config_option
@json_option
def retry(*, uid: str, config_path: Path | None, as_json: bool) -> None:
    """Send a held or waiting submission as soon as possible."""
    with open_store(config_path) as store:
        known = store.show(uid) is not None
        retried = store.retry(uid)
    if not retried:
        tell_trouble("nothing-to-send" if known else "uid-unknown", as_json=as_json, uid=uid)
        sys.exit(1)
    say({"uid": uid, "state": "ready"}, as_json=as_json)


@queue.command()
@click.option("--platform", default="", help="URL of the district platform; by default the configured one.")
@config_option
@json_option
def sync(*, platform: str, config_path: Path | None, as_json: bool) -> None:
    """Send what is due now."""
    from kiosk.bootstrap import line_of, open_platform
    from offline_queue.sync import sync_once

    table = read_config(config_path).platform
    if platform:
        table = table.model_copy(update={"url": platform})
    if not table.url:
        raise click.UsageError("no district platform is configured: give --platform URL")
    with open_store(config_path) as store:
        try:
            client = open_platform(table, store.signer())
        except ValueError as failure:
            raise click.UsageError(str(failure)) from failure
        summary = sync_once(store, client, line=line_of(table), hurry=True)
        client.close()
    say(summary.row(), as_json=as_json)
    if summary.failed or summary.held:
        sys.exit(1)


@queue.command()
@click.argument("uid")
@click.option("--reason", required=True, help="Why, in a sentence; kept sealed.")
@click.option("--by", required=True, help="Who withdraws it.")
@click.option("--confirmed-by", required=True, help="Who agrees: somebody else.")
@config_option
@json_option
def cancel(*, uid: str, reason: str, by: str, confirmed_by: str, config_path: Path | None, as_json: bool) -> None:
    """Withdraw a submission that the district does not have. Both names are kept with it and go into the log."""
    from kiosk.bootstrap import open_audit, open_platform
    from offline_queue.withdrawing import Withdrawal

    table = read_config(config_path).platform
    with open_store(config_path) as store, ExitStack() as opened:
        ask = None
        try:
            audit = open_audit(read_config(config_path))  # first: nothing is withdrawn that the log can't tell of
        except ConfigError as failure:
            raise Failed(str(failure)) from failure
        opened.callback(audit.close)
        try:
            if table.url:
                client = open_platform(table, store.signer())
                opened.callback(client.close)
                ask = client.progress
            became = store.cancel(uid, reason=reason, by=by, confirmed_by=confirmed_by, ask=ask)
        except ValueError as failure:
            raise click.UsageError(str(failure)) from failure
        if became is Withdrawal.WITHDRAWN:
            audit.note("submission-cancelled", uid=uid, by=by, confirmed_by=confirmed_by)
    if became is not Withdrawal.WITHDRAWN:
        tell_trouble(became.value, as_json=as_json, uid=uid)
        sys.exit(1)
    say({"uid": uid, "state": "cancelled"}, as_json=as_json)


@queue.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing anything, then check.")
@config_option
@json_option
def verify(*, repair: bool, config_path: Path | None, as_json: bool) -> None:
    """Check every row, hash and file."""
    for mended in _repaired(config_path, as_json=as_json) if repair else ():
        _say({"uid": mended.uid, "mended": mended.code, "detail": mended.detail}, MENDED[mended.code], as_json=as_json)
    with open_store(config_path) as store:
        findings = store.verify()
    for finding in findings:
        words = FINDINGS[finding.code]
        row = {"uid": finding.uid, "code": finding.code, "detail": finding.detail}
        _say(row, words.message, words.remedy, as_json=as_json)
    if findings:
        sys.exit(1)
    if not as_json:
        click.echo("队列完好。All well.")


def _say(row: Mapping[str, object], message: Text, remedy: Text | None = None, *, as_json: bool) -> None:
    """One finding or repair, with what it means and what to do."""
    told = {"message": message.zh} | ({"remedy": remedy.zh} if remedy is not None else {})
    say({**row, **told} if as_json else row, as_json=as_json)
    if not as_json:
        for language in LANGUAGES:
            click.echo("  " + " ".join(text(language) for text in (message, remedy) if text is not None))


def _repaired(config_path: Path | None, *, as_json: bool) -> tuple[Repair, ...]:
    """What was mended; where a part of the file can't be read, the rest of it goes into a new one first."""
    from kiosk.bootstrap import QueueFileDamaged, open_queue, rebuild_queue
    from offline_queue.findings import Mended, Repair
    from offline_queue.salvage import Illegible, InUse

    config = read_config(config_path)
    mended: tuple[Repair, ...] = ()
    try:
        with closing(open_queue(config)) as store:
            mended = store.repair()
            if store.is_legible():
                return mended
    except QueueFileDamaged:
        pass  # which is what is mended now
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    try:
        done = rebuild_queue(config)
    except (InUse, Illegible, OSError) as failure:
        codes: dict[type[Exception], str] = {InUse: "queue-in-use", Illegible: "queue-illegible"}
        tell_trouble(codes.get(type(failure), "queue-not-rebuilt"), as_json=as_json)
        sys.exit(1)
    with open_store(config_path) as store:
        return (*mended, Repair(uid=None, code=Mended.REBUILT, detail=str(done.kept)), *store.repair())


@queue.command()
@click.option("--form", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--attach", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True)
@config_option
@json_option
def put(*, form: Path, attach: tuple[Path, ...], config_path: Path | None, as_json: bool) -> None:
    """Hand in a form by file; answers once it is durable."""
    from offline_queue.files import NotAForm, put_files
    from offline_queue.model import NoKeys, NoSpace, OtherContent, StorageTrouble, TooLarge

    with open_store(config_path) as store:
        match put_files(store, form, attach):
            case NotAForm(detail=detail):
                raise click.UsageError(f"{form}: {detail}")
            case NoSpace():
                tell_trouble("storage-full", as_json=as_json)
                sys.exit(1)
            case NoKeys():
                tell_trouble("keys-missing", as_json=as_json)
                sys.exit(1)
            case TooLarge(part=part):
                tell_trouble("too-large", as_json=as_json, part=part)
                sys.exit(1)
            case StorageTrouble(detail=detail):
                tell_trouble("storage-failed", as_json=as_json, detail=detail)
                sys.exit(1)
            case OtherContent():
                tell_trouble("storage-failed", as_json=as_json, detail="uid-taken")
                sys.exit(1)
            case stored:
                row = {"uid": stored.uid, "provisional_number": stored.provisional_number}
                say(row, as_json=as_json)
