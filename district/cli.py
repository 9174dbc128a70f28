"""`district serve`, `export`, `import`, `migrate` and `telemetry`; and where the other commands hang."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from district.app import Settings, create_app, create_enrolment_app, create_staff_app, open_store
from district.authority import AuthorityTrouble, read_authority
from district.authority_cli import ca
from district.bundle_file import NoBundle, read_bundle_file
from district.catalogue_cli import catalogue
from district.check.cli import check
from district.ends import begin_saying_what_ends
from district.exporting import exported_since, write_papers
from district.forwarding_cli import adapter, forward, outbox
from district.importing import Imported, NotImported, import_folder, write_receipts
from district.keys import signing_key
from district.keys_cli import keys, keys_options, passphrase_in
from district.leases import UPLOADS_AT_ONCE
from district.objects import ObjectsAway, look_at_folder
from district.outcomes import SubmissionRow
from district.outward import is_loopback
from district.papers_mark import look_at_place
from district.recovery_cli import recover, tidy
from district.retention import begin_erasing_daily
from district.retention_cli import retention
from district.sentences import Sentences
from district.serving import Door, listen
from district.serving import serve as listen_and_serve
from district.serving_lock import share
from district.settings import (
    database_option,
    json_option,
    objects_option,
    opened_database,
    opened_store,
    public_root,
    settings_for,
)
from district.staff_cli import staff
from district.telemetry import Telemetry
from district.terminals import Terminals
from district.terminals_cli import halls, terminals
from district.tls import Tls
from offline_queue.parcel import FOLDER
from offline_queue.wire import Receipt


@click.group(cls=Sentences)
def main() -> None:
    """The reference district platform."""


_pem = click.Path(exists=True, dir_okay=False, path_type=Path)


@main.command()
@click.option("--database", help="SQLAlchemy URL, such as sqlite:////var/lib/district/district.db")
@objects_option
@click.option(
    "--uploads",
    default=UPLOADS_AT_ONCE,
    show_default=True,
    type=click.IntRange(1),
    help="Papers that may be on their way at once, to all processes of the platform together.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only, but for mutual TLS.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--require-signatures", is_flag=True, help="Also while no terminal is registered; with mutual TLS always."
)
@click.option(
    "--public-url",
    callback=public_root,
    help="The root that terminals call, if a proxy changes it: https://district.example",
)
@click.option(
    "--tls-cert", type=_pem, help="PEM. With --tls-key and --client-ca: mutual TLS, which any host may serve."
)
@click.option("--tls-key", type=_pem, help="PEM.")
@click.option("--client-ca", type=_pem, help="PEM: the authorities that terminals' certificates come from.")
@click.option(
    "--issue",
    "authority",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of district ca new: issue and renew terminals' certificates.",
)
@click.option("--bundle", type=_pem, help="File of district keys bundle: what a terminal gets when it enrols.")
@click.option(
    "--enrol-port",
    type=click.IntRange(0, 65535),
    help="With mutual TLS: a port for who has no certificate: terminals that enrol, and phones that read a slip.",
)
@click.option("--staff-host", default="127.0.0.1", show_default=True, help="Loopback only, but with --staff-ca.")
@click.option("--staff-port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="With mutual TLS.")
@click.option(
    "--staff-ca", type=_pem, help="PEM: the authorities of staff machines' certificates. The staff page is on TLS then."
)
@click.option(
    "--staff-url",
    callback=partial(public_root, path=False),
    help="The root that staff call, if a proxy changes it: https://staff.district.example",
)
@click.option(
    "--erase-after",
    type=click.IntRange(1),
    help="Days after which forms and papers of closed cases, and of what never became one, are erased; else never.",
)
@keys_options
def serve(
    database: str | None,
    objects: str | None,
    uploads: int,
    host: str,
    port: int,
    require_signatures: bool,
    public_url: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    authority: Path | None,
    bundle: Path | None,
    enrol_port: int | None,
    staff_host: str,
    staff_port: int,
    staff_ca: Path | None,
    staff_url: str | None,
    erase_after: int | None,
    keys_folder: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Receive submissions and show them to staff."""
    settings = settings_for(database, keys_folder, passphrase_file, objects)
    settings = replace(
        settings,
        signatures=require_signatures or client_ca is not None,
        public_url=public_url,
        authority=authority,
        bundle=bundle,
        uploads=uploads,
        staff_url=staff_url,
    )
    _look_at(settings)
    if tls_cert is None or tls_key is None or client_ca is None:
        if tls_cert or tls_key or client_ca:
            raise click.UsageError("--tls-cert, --tls-key and --client-ca go together")
        if enrol_port is not None:
            raise click.UsageError("--enrol-port goes with mutual TLS; without it terminals enrol at --port")
        if staff_ca is not None:
            raise click.UsageError("--staff-ca goes with mutual TLS: --tls-cert, --tls-key and --client-ca")
        if not is_loopback(host):
            raise click.BadParameter("without mutual TLS only loopback is served", param_hint="--host")
        doors = [Door(app=create_app(settings), listener=_listener(host, port))]
    else:
        if staff_ca is None and not is_loopback(staff_host):
            raise click.BadParameter("without --staff-ca only loopback is served", param_hint="--staff-host")
        files = Tls(certificate=tls_cert, key=tls_key, client_ca=client_ca)
        tls, open_tls = files.context(), files.context(clients=False)
        staff_tls = None if staff_ca is None else replace(files, client_ca=staff_ca).context()
        staff_listener = _listener(staff_host, staff_port, "--staff-port")
        doors = [
            Door(app=create_app(settings, staff=False), listener=_listener(host, port), tls=tls),
            Door(app=create_staff_app(settings), listener=staff_listener, tls=staff_tls),
        ]
        if enrol_port is not None:
            listener = _listener(host, enrol_port, "--enrol-port")
            doors.append(Door(app=create_enrolment_app(settings), listener=listener, tls=open_tls))
    for door in doors:
        click.echo(door.url, err=True)
    certificates = (tls_cert, client_ca, staff_ca, authority and authority / "ca.pem")
    begin_saying_what_ends(filter(None, certificates), bundle)
    if erase_after is not None:
        begin_erasing_daily(partial(open_store, settings), days=erase_after)
    listen_and_serve(doors)


def _look_at(settings: Settings) -> None:
    """What can't be used is told before anything listens."""
    with closing(open_store(settings)) as store:
        look_at_place(store.engine, store.objects)
    if isinstance(settings.papers, Path):
        try:
            look_at_folder(settings.papers)
        except OSError as trouble:
            said = f"papers can't be kept in {settings.papers}: {trouble.strerror}. Let this user write there"
            raise click.BadParameter(f"{said}, or choose another place.", param_hint="--objects") from trouble
    try:
        if settings.authority is not None:
            read_authority(settings.authority)
        if settings.bundle is not None:
            read_bundle_file(settings.bundle)
    except AuthorityTrouble as trouble:
        raise click.BadParameter(str(trouble), param_hint="--issue") from trouble
    except NoBundle as trouble:
        raise click.BadParameter(str(trouble), param_hint="--bundle") from trouble


def _listener(host: str, port: int, option: str = "--port") -> socket.socket:
    try:
        return listen(host, port)
    except OSError as trouble:
        reason = f"can't listen on {host}:{port}: {trouble.strerror}. Choose another {option}."
        raise click.ClickException(reason) from trouble


_LOST_PAPERS = """\
{} papers can't be had, all else was exported. Look at --objects and for a backup of them, else ask for them again. When
they are back, export once more; if by --since, then from a number below the first such event."""


def _tell_lost(of: str, papers: Sequence[str]) -> int:
    for name in papers:
        click.echo(f"{of}: the paper {name} can't be had", err=True)
    return len(papers)


@main.command()
@database_option
@objects_option
@json_option
@click.option(
    "--papers",
    "out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write every complete paper, opened, into this folder.",
)
@click.option(
    "--since", type=click.IntRange(0), help="Instead: what happened to cases after this number, as JSON (event.seq)."
)
@keys_options
def export(
    database: str | None,
    objects: str | None,
    as_json: bool,
    out: Path | None,
    since: int | None,
    keys_folder: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Print what was received. What is sealed shows its content only with its --keys; the escrow key's folder does. A
    paper that can't be had is told, and all the rest exported; then it ends with 1."""
    lost = 0
    papers = out is not None
    with opened_store(database, objects, keys_folder, passphrase_file, papers=papers) as store:
        if since is not None:
            for one in exported_since(store, since, papers=out):
                click.echo(one.line)
                lost += _tell_lost(f"event {one.seq}", one.lost)
        for row in store.submissions() if since is None else ():
            if as_json:
                click.echo(json.dumps(exported(row), ensure_ascii=False))
            else:
                click.echo(f"{row.case_number or '-'}\t{row.outside.provisional_number}\t{row.state.value}")
            if out is not None:
                names = [one.id for one in row.papers]
                lost += _tell_lost(row.case_number or row.outside.uid, write_papers(store, names, out))
    if lost:
        click.echo(_LOST_PAPERS.format(lost), err=True)
        raise SystemExit(1)


@main.command("import")
@click.argument("stick", type=click.Path(exists=True, file_okay=False, path_type=Path))
@database_option
@objects_option
@json_option
@keys_options
def import_(
    stick: Path,
    database: str | None,
    objects: str | None,
    as_json: bool,
    keys_folder: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Take in what terminals wrote onto a stick, and lay signed receipts beside it. Done again, it harms nothing."""
    if keys_folder is None:
        raise click.UsageError("what comes by stick is sealed, and receipts are signed: give --keys FOLDER")
    if not (stick / FOLDER).is_dir():
        raise click.ClickException(
            f"no terminal wrote to {stick}: give the folder in which kiosk queue export made {FOLDER}"
        )
    key = signing_key(keys_folder, passphrase_in(passphrase_file))
    receipts: list[Receipt] = []
    refused = False
    with opened_store(database, objects, keys_folder, passphrase_file) as store:
        share(store.engine)
        look_at_place(store.engine, store.objects, begin=True)
        try:
            for one in import_folder(stick, store, Terminals(store.engine)):
                match one:
                    case Imported(receipt=receipt, new=new):
                        receipts.append(receipt)
                        row = {"uid": receipt.uid, "case_number": receipt.case_number, "new": new}
                    case NotImported(name=name, reason=reason):
                        refused = True
                        row = {"folder": name, "refused": reason}
                click.echo(json.dumps(row) if as_json else "\t".join(str(value) for value in row.values()))
            if not receipts and not refused:
                click.echo(f"nothing to take in is in {stick / FOLDER}", err=True)
            for path in write_receipts(stick, receipts, key):
                click.echo(f"receipts: {path.name}", err=True)
        except OSError as trouble:
            raise click.ClickException(
                f"the stick can't be read or written: {trouble.strerror}. What was taken in is safe; import it again."
            ) from trouble
        except ObjectsAway as trouble:
            raise click.ClickException(f"{trouble}. What was taken in is safe; import it again.") from trouble
    if refused:
        raise SystemExit(1)


@main.command()
@database_option
def migrate(database: str | None) -> None:
    """Bring the database to the tables of this version, or begin a platform there, for servers that may not do so."""
    with opened_database(database, begin=True):
        click.echo("The tables are those of this version.", err=True)


@main.command()
@database_option
@json_option
def telemetry(database: str | None, as_json: bool) -> None:
    """Print how terminals are: the newest report of each terminal and kind."""
    with opened_database(database) as engine:
        reports = Telemetry(engine).newest()
    for one in reports:
        if as_json:
            head = {"terminal": one.terminal, "kind": one.kind, "received_at": one.received_at}
            click.echo(json.dumps({**head, "report": one.content}, ensure_ascii=False))
        else:
            said = ", ".join(f"{name} {value}" for name, value in one.content.items())
            click.echo(f"{one.terminal or '-'}\t{one.kind}\t{one.received_at}\t{said}")


def exported(row: SubmissionRow) -> dict[str, object]:
    """One line of `district export --json`; `form` and `matter` are null where there is no key to open them."""
    outside, inside = row.outside, row.envelope
    return {
        "uid": outside.uid,
        "sha256": row.sha256,
        "form": None if inside is None else inside.form,
        "attachments": [
            {"id": one.id, "material": one.material, "sha256": one.sha256, "bytes": one.bytes, "complete": one.complete}
            for one in row.papers
        ],
        "matter": None if inside is None else inside.matter,
        "state": row.state.value,
        "test": outside.test,
        "case_number": row.case_number,
        "kiosk": outside.kiosk,
        "provisional_number": outside.provisional_number,
        "rating": row.rating,
    }


for command in (
    adapter,
    ca,
    catalogue,
    check,
    forward,
    halls,
    keys,
    outbox,
    recover,
    retention,
    staff,
    terminals,
    tidy,
):
    main.add_command(command)
