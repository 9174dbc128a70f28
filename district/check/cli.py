"""`district check URL`: the checks by hand, and in a build."""

from __future__ import annotations

import json
import os
import ssl
from collections import Counter
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from district.check.answers import json_of, told
from district.check.enrolment import Enrolling, enrol
from district.check.greeting import Unreachable, greet
from district.check.kit import Result, chosen, run
from district.check.line import Answer, Line, Root
from district.check.rules import Broken, NotTried
from district.check.terminals import Terminal, make_key, read_key
from district.check.visit import Door, Others, Visit
from offline_queue.numbers import is_terminal_code

_file = click.Path(dir_okay=False, path_type=Path)
_pem = click.Path(exists=True, dir_okay=False, path_type=Path)
_pair = click.Tuple([str, _file])


@click.command()
@click.argument("url", required=False)
@click.option("--terminal", "code", default="CHECK0", show_default=True, help="The code that it is registered by.")
@click.option("--key", type=_file, help="Its private key (terminal.key, or PEM); made when there is none.")
@click.option("--other", type=_pair, help="CODE FILE of a second terminal, which must see nothing of the first.")
@click.option("--retiring", type=_pair, help="CODE FILE of a terminal that goes out of service with this.")
@click.option("--ca", type=_pem, help="PEM: the authorities of the platform's certificate; else the machine's.")
@click.option("--cert", type=_pem, help="PEM: a client certificate for mutual TLS.")
@click.option("--cert-key", type=_pem, help="PEM: its key.")
@click.option("--code", "invitation", help="A one-time code: it enrols by it, and needs no --terminal.")
@click.option("--enrol-at", help="Where terminals enrol, if that is not URL.")
@click.option(
    "--seconds", default=30.0, show_default=True, type=click.FloatRange(0.1, 600), help="To wait for an answer."
)
@click.option("--only", multiple=True, metavar="NAME", help="A check or a topic; can be given several times.")
@click.option("--list", "lists", is_flag=True, help="Print the checks and what they look at, and ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a check, on a line of its own.")
def check(
    url: str | None,
    code: str,
    key: Path | None,
    other: tuple[str, Path] | None,
    retiring: tuple[str, Path] | None,
    ca: Path | None,
    cert: Path | None,
    cert_key: Path | None,
    invitation: str | None,
    enrol_at: str | None,
    seconds: float,
    only: tuple[str, ...],
    lists: bool,
    as_json: bool,
) -> None:
    """Whether the platform at URL does what a terminal relies on.

    It plays a registered terminal, and what it hands in is marked test: true. A key file that is not there is made, and
    the line printed that registers it. Exit code 1 when a check failed, 3 when nothing can be said of the platform: it
    is not there, does not know a terminal that it was to be tried with, or no check could be tried.
    """
    try:
        rules = chosen(only)
    except ValueError as trouble:
        raise click.BadParameter(str(trouble), param_hint="--only") from trouble
    if lists:
        for rule in rules:
            told = {"check": rule.name, "topic": rule.topic, "rule": rule.says}
            click.echo(_line(told) if as_json else "\t".join(told.values()))
        return
    if url is None:
        raise click.UsageError("URL is missing: the platform's address, such as https://district.example")
    try:
        root = Root.of(url)
        door_root = root if enrol_at is None else Root.of(enrol_at)
    except ValueError as trouble:
        raise click.BadParameter(str(trouble), param_hint="URL") from trouble
    if key is None:
        raise click.UsageError("--key FILE is missing; a file that is not there is made")
    if (cert is None) != (cert_key is None):
        raise click.UsageError("--cert and --cert-key go together")
    door = Door(root=door_root, line=Line(door_root, tls=_tls(ca) if door_root.tls else None, seconds=seconds))
    enrolled = None
    if invitation is not None:
        code = invitation.partition("-")[0]
        own = _terminal(code, key, "--code, --key", told=False)
        enrolled = _enrol(
            door, Enrolling(code=invitation, key=own.key, tls_key=ec.generate_private_key(ec.SECP256R1()))
        )
        if cert is None:
            cert, cert_key = _keep_certificate(key, *enrolled)
    else:
        own = _terminal(code, key, "--terminal, --key")
    others = Others(
        other=_terminal(*other, "--other") if other else None,
        retiring=_terminal(*retiring, "--retiring") if retiring else None,
    )
    company = [one for one in (own, others.other, others.retiring) if one is not None]
    if len({one.code for one in company}) < len(company) or len({one.key_id for one in company}) < len(company):
        raise click.UsageError("--terminal, --other and --retiring are different terminals, each with a key of its own")
    line = Line(root, tls=_tls(ca, cert, cert_key) if root.tls else None, seconds=seconds)
    stranger = Line(root, tls=_tls(ca), seconds=seconds) if root.tls and cert else None
    visit = Visit(root, line, own, others, stranger=stranger, door=door)
    visit.enrolled = enrolled
    try:
        remarks = greet(visit)
    except Unreachable as trouble:
        raise Untried(_shown(str(trouble))) from trouble
    for remark in remarks:
        click.echo("\n".join(map(_shown, remark.splitlines())), err=True)
    counts: Counter[Result] = Counter()
    before = ""
    for found in run(visit, rules):
        counts[found.result] += 1
        if as_json:
            click.echo(_line({"check": found.rule.name, "result": found.result.value, "remedy": found.remedy}))
        else:
            click.echo(f"{found.result.value}  {found.rule.name}")
            if found.remedy and found.remedy != before:
                click.echo(f"      {found.rule.says}\n      {_shown(found.remedy)}")
            before = found.remedy
    if not as_json:
        click.echo(f"{counts[Result.PASS]} passed, {counts[Result.FAIL]} failed, {counts[Result.SKIP]} not tried")
    if counts[Result.FAIL]:
        raise SystemExit(1)
    if not counts[Result.PASS]:
        raise Untried("no check could be tried: this says nothing of the platform")
    if visit.left_out:
        raise Untried(f"what needs {', '.join(sorted(visit.left_out))} was not tried: see above")


class Untried(click.ClickException):
    """Neither good nor bad can be said of the platform."""

    exit_code = 3


def _line(told: dict[str, str]) -> str:
    return json.dumps(told)


def _terminal(code: str, path: Path, option: str, *, told: bool = True) -> Terminal:
    """A terminal with the key in this file, made when there is none; `told` how it is then registered."""
    if not is_terminal_code(code):
        raise click.BadParameter("a terminal's code is 2-8 of A-Z 0-9", param_hint=option)
    try:
        if path.exists():
            return Terminal.of(code, read_key(path))
        made = Terminal.of(code, make_key(path))
    except (OSError, ValueError) as trouble:
        raise click.BadParameter(str(trouble), param_hint=option) from trouble
    if told:
        click.echo(f"made {path}; register its code and key with your platform: {made.line}", err=True)
    return made


def _enrol(door: Door, asks: Enrolling) -> tuple[Enrolling, Answer]:
    try:
        answer = enrol(door, asks.body())
    except NotTried as trouble:
        raise Untried(_shown(str(trouble))) from trouble
    if answer.status != 201:
        raise Untried(_shown(f"{told(answer)}: the code is not taken, ask for a new one"))
    return asks, answer


def _keep_certificate(key: Path, asks: Enrolling, answer: Answer) -> tuple[Path, Path]:
    """Beside the terminal's key: what it got for mutual TLS, and the key of that."""
    try:
        chain = str(json_of(answer).get("certificate"))
        private = asks.tls_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files = (key.with_name(f"{key.name}.certificate"), chain.encode()), (key.with_name(f"{key.name}.tls"), private)
        for path, content in files:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
    except (OSError, Broken, UnicodeEncodeError) as trouble:
        raise Untried(f"the certificate can't be kept: {_shown(str(trouble))}") from trouble
    return files[0][0], files[1][0]


def _tls(ca: Path | None, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as trouble:
        raise click.BadParameter(f"{ca} holds no certificates in PEM ({trouble})", param_hint="--ca") from trouble
    try:
        if cert is not None:
            context.load_cert_chain(cert, key, password="")  # a key under a passphrase is refused, not asked for  # nosec B106
    except OSError as trouble:
        what = f"{cert} and {key} are no certificate and its key, in PEM without a passphrase ({trouble})"
        raise click.BadParameter(what, param_hint="--cert, --cert-key") from trouble
    return context


def _shown(text: str) -> str:
    """Without control characters: some of it may be the platform's words."""
    return (
        "".join(character if character.isprintable() else "�" for character in text).encode("utf-8", "replace").decode()
    )
