"""`district forward`, `district outbox` and `district adapter`: handing cases on, and seeing to what can't be."""

from __future__ import annotations

import json
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from district.adapters.credentials import Credentials, certificates_of, credentials_of, shared_secret
from district.adapters.file import Secret, load_adapter
from district.adapters.receiver import AdapterReceiver, rehearse
from district.adapters.requests import Prepared
from district.adapters.values import Unmapped
from district.delivery import delivery_of
from district.forwarding import Forwarder
from district.keys_cli import keys_options
from district.outbox import Outbox, Told, Waiting
from district.receiving import Delivery, Event
from district.settings import database_option, json_option, objects_option, opened_database, opened_store
from district.times import now_text
from district.webhook import Webhook
from offline_queue.transport import DEADLINE_SECONDS, Certificates

SECRET_VARIABLE = "DISTRICT_WEBHOOK_SECRET"  # noqa: S105 - where the secret is, not the secret  # nosec B105
_WITH_TO = ("papers", "key_id", "secret_file", "hmac", "ca", "tls_cert", "tls_key", "deadline")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@database_option
@objects_option
@click.option("--to", "url", help="Tell this address of every event (a webhook).")
@click.option("--adapter", type=_file, help="Tell a platform that speaks otherwise, as this file says.")
@click.option("--once", is_flag=True, help="What is due now, and end; 1 if anything was put off or refused.")
@click.option("--papers", is_flag=True, help="With --to: send each paper before its case, to ADDRESS/papers/ID.")
@click.option("--key-id", default="district", show_default=True, help="With --to: what the secret is called.")
@click.option(
    "--secret-file", type=_file, help=f"With --to: what both sides sign with; without it, ${SECRET_VARIABLE}."
)
@click.option("--hmac", type=click.Choice(["sha256", "sm3"]), default="sha256", show_default=True, help="With --to.")
@click.option("--ca", type=_file, help="With --to: PEM, instead of the built-in authorities.")
@click.option("--tls-cert", type=_file, help="With --to: PEM, ours, with --tls-key.")
@click.option("--tls-key", type=_file, help="PEM.")
@click.option(
    "--deadline",
    default=DEADLINE_SECONDS,
    show_default=True,
    type=click.FloatRange(1, 120),
    help="With --to: seconds for one request.",
)
@keys_options
def forward(
    database: str | None,
    objects: str | None,
    url: str | None,
    adapter: Path | None,
    once: bool,
    papers: bool,
    key_id: str,
    secret_file: Path | None,
    hmac: str,
    ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    deadline: float,
    keys_folder: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Hand cases on, each event at least once and those of one case in order. Several may run on one database.

    Ctrl-C waits for the answer to what is under way; a second one does not, and that event is sent again later.
    """
    if (url is None) == (adapter is None):
        raise click.UsageError("one of --to ADDRESS and --adapter FILE")
    if adapter is not None:
        _look_for_others(click.get_current_context())
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if url is not None and urlsplit(url).scheme == "http" and (ca or tls_cert):
        raise click.UsageError(
            "--ca and --tls-cert are for https://…: on plain http no certificate is shown or asked for"
        )
    try:
        if adapter is not None:
            receiver = AdapterReceiver(adapter)
        else:
            secret = Secret(env=SECRET_VARIABLE) if secret_file is None else Secret(file=str(secret_file))
            receiver = Webhook(
                url or "",
                key_id=key_id,
                secret=shared_secret(secret, Path(), "the webhook's secret"),
                algorithm="hmac-sm3" if hmac == "sm3" else "hmac-sha256",
                papers=papers,
                certificates=Certificates(
                    ca=ca, own=None if tls_cert is None or tls_key is None else (tls_cert, tls_key)
                ),
                deadline=deadline,
            )
    except ValueError as trouble:
        raise click.ClickException(str(trouble)) from trouble
    stop = threading.Event()

    def end(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)  # once more ends it at once, as a power cut may

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    needed = papers or adapter is not None
    with opened_store(database, objects, keys_folder, passphrase_file, papers=needed) as store:
        forwarder = Forwarder(store, Outbox(store.engine), receiver, heard=_say)
        try:
            if not once:
                forwarder.run(stop)
                return
            done = forwarder.once(stop)
        finally:
            receiver.close()
    click.echo(f"delivered {done.delivered}, put off {done.later}, refused {done.refused}", err=True)
    if done.later or done.refused:
        raise SystemExit(1)


def _look_for_others(context: click.Context) -> None:
    """What an adapter file says itself must not be told, and then not count."""
    for one in context.command.params:
        told = context.get_parameter_source(str(one.name)) is ParameterSource.COMMANDLINE
        if told and one.name in _WITH_TO:
            raise click.UsageError(f"{one.opts[0]} goes with --to; with --adapter the file says it")


def _say(seq: int, word: str, error: str) -> None:
    """Codes and numbers only: a log is no place for what residents said."""
    click.echo(f"{now_text()} {seq} {word} {error}".rstrip(), err=True)


@click.group()
def outbox() -> None:
    """What could not be handed on, and what becomes of it."""


@outbox.command("list")
@database_option
@json_option
def list_(database: str | None, as_json: bool) -> None:
    """What was tried and is not delivered, dead ends too; and how much waits in all."""
    with opened_database(database) as engine:
        waiting, count = Outbox(engine).waiting(), Outbox(engine).undelivered()
    for one in waiting:
        if as_json:
            click.echo(json.dumps(_shown(one)))
        else:
            state = "dead end" if one.refused_at is not None else f"again {_time(one.next_try)}"
            behind = f", {one.behind} behind it" if one.behind else ""
            error, tries = one.last_error or "-", f"{one.attempts} tries{behind}"
            click.echo(f"{one.told.seq}\t{one.told.event}\t{one.told.uid}\t{state}\t{error}\t{tries}")
    click.echo(f"{count} events wait, {sum(one.refused_at is not None for one in waiting)} dead ends", err=True)


def _shown(one: Waiting) -> dict[str, object]:
    return {
        "seq": one.told.seq,
        "event": one.told.event,
        "uid": one.told.uid,
        "key": one.told.key,
        "made_at": one.told.made_at,
        "attempts": one.attempts,
        "next_try": None if one.refused_at is not None else _time(one.next_try),
        "last_error": one.last_error,
        "refused_at": one.refused_at,
        "behind": one.behind,
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="seconds")


@outbox.command()
@click.argument("seqs", metavar="[SEQ]...", nargs=-1, type=click.IntRange(1))
@click.option("--all", "dead_ends", is_flag=True, help="All dead ends.")
@database_option
def retry(seqs: tuple[int, ...], dead_ends: bool, database: str | None) -> None:
    """Try some again at once, with the same keys; dead ends, too."""
    if bool(seqs) == dead_ends:
        raise click.UsageError("give numbers of district outbox list, or --all")
    with opened_database(database) as engine:
        if dead_ends:
            click.echo(f"{Outbox(engine).retry_all()} dead ends are tried again", err=True)
        missing = ", ".join(str(seq) for seq in seqs if not Outbox(engine).retry(seq))
    if missing:
        raise click.ClickException(f"nothing waits at {missing}; see district outbox list")


@outbox.command()
@click.argument("seq", type=click.IntRange(1))
@database_option
def skip(seq: int, database: str | None) -> None:
    """Never deliver one, so that the case's later events go on."""
    with opened_database(database) as engine:
        if not Outbox(engine).skip(seq):
            raise click.ClickException(f"nothing waits at {seq}; see district outbox list")


@click.group()
def adapter() -> None:
    """Files that say how to hand cases on to a platform that speaks otherwise."""


@adapter.command()
@click.argument("file", type=_file)
@click.option("--case", "uid", help="Show what would be sent for this submission, masked; nothing is sent.")
@click.option("--event", type=click.Choice([one.value for one in Event]), default="complete", show_default=True)
@database_option
@objects_option
@keys_options
def check(
    file: Path,
    uid: str | None,
    event: str,
    database: str | None,
    objects: str | None,
    keys_folder: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Say whether an adapter file, its secrets and its certificates can be used."""
    told = load_adapter(file)
    credentials = credentials_of(told, file.parent)
    certificates_of(told, file.parent)
    click.echo(f"{told.name}: good. Sends to {told.url}: {', '.join(told.events)}", err=True)
    if uid is None:
        return
    with opened_store(database, objects, keys_folder, passphrase_file) as store:
        if store.submission(uid) is None:
            raise click.ClickException("there is no such submission")
        delivery = delivery_of(store, Told(seq=0, uid=uid, event=event, made_at=now_text()))
        if not isinstance(delivery, Delivery):
            raise click.ClickException("it can't be opened: give --keys FOLDER, unless it was erased")
        try:
            for request in rehearse(told, delivery, credentials, now=time.time()):
                _show(request, credentials, told.signing.names.signature)
        except Unmapped as trouble:
            raise click.ClickException(f"it would be refused, and be a dead end: {trouble.reason}") from trouble


def _show(request: Prepared, credentials: Credentials, signature: str) -> None:
    def shown(text: str) -> str:
        return text.replace(credentials.secret.decode("utf-8", "replace"), "<secret>").replace(
            credentials.app_key, "<app key>"
        )

    click.echo(f"{request.method} {shown(request.url)}")
    for name, value in request.headers.items():
        click.echo(f"{name}: {'<signature>' if name == signature else shown(value)}")
    click.echo(f"\n{request.body.decode('utf-8', 'replace')}\n")
    click.echo(f"signed is: {json.dumps(shown(request.text.decode('utf-8', 'replace')), ensure_ascii=False)}\n")
