"""`district check` by hand: what is asked wrongly is said, and what would make every check fail, before the first."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
from pathlib import Path

import pytest
from click.testing import CliRunner

from district.check.kit import RULES
from district.check.terminals import Terminal, make_key, read_key
from district.cli import main
from tests.support.answering import answering, http, saying
from tests.support.certificates import Authority


def district(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["check", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_a_key_that_is_not_there_is_made_and_its_line_told(tmp_path: Path) -> None:
    key = tmp_path / "own.pem"
    with answering(saying(http("404 X", b"{}"))) as root:
        status, _, told = district(root.url, "--key", key, "--only", "progress-unknown-404")
    own = Terminal.of("CHECK0", read_key(key))
    assert (status, told) == (0, f"made {key}; register its code and key with your platform: {own.line}\n")
    assert key.stat().st_mode & 0o777 == 0o600
    raw = tmp_path / "terminal.key"
    raw.write_bytes(own.key.private_bytes_raw())
    assert Terminal.of("CHECK0", read_key(raw)).line == own.line


def test_what_a_platform_says_reaches_no_screen_as_it_is(tmp_path: Path) -> None:
    make_key(tmp_path / "own.pem")
    nasty = b'{"type":"urn:township-kiosk:problem:\\u001b[2Jx","state":"\\ud800\\u0007"}'
    with answering(saying(http("200 OK", nasty, "Content-Type: application/json"))) as root:
        words = (root.url, "--key", tmp_path / "own.pem", "--only", "progress", "--only", "submissions")
        status, plain, _ = district(*words)
        _, lines, _ = district(*words, "--json")
    assert status == 1
    assert "\x1b" not in plain + lines
    assert "\x07" not in plain + lines
    assert all(set(json.loads(line)) == {"check", "result", "remedy"} for line in lines.splitlines())


def test_what_is_asked_wrongly_is_said(tmp_path: Path) -> None:
    (tmp_path / "no-key").write_bytes(b"nothing")
    url, tls = "http://127.0.0.1:1", "https://127.0.0.1:1"
    no_pair = ("--cert", tmp_path / "no-key", "--cert-key", tmp_path / "no-key")
    for words, said in (
        (("--only", "nothing"), "no check or topic of this name: nothing; topics: reaching, submissions, batches"),
        (("--only", "upload"), "name: upload; near it: upload-goes-on, uploads; --list"),
        ((), "URL is missing"),
        ((url,), "--key FILE is missing"),
        (("gopher://x", "--key", "k"), "https://host"),
        ((f"{tls}/kiosk/v1/", "--key", "k"), f"begins with /v1 itself: give {tls}/kiosk\n"),
        ((url, "--key", tmp_path / "no-key"), "holds no Ed25519 key"),
        ((url, "--key", tmp_path / "k", "--terminal", "x"), "2-8 of A-Z 0-9"),
        ((url, "--key", tmp_path / "k", "--cert", tmp_path / "no-key"), "go together"),
        ((tls, "--key", tmp_path / "k", "--ca", tmp_path / "no-key"), "holds no certificates in PEM"),
        ((tls, "--key", tmp_path / "k", *no_pair), "are no certificate and its key"),
        ((url, "--key", tmp_path / "k", "--code", "rubbish"), "--code, --key: a terminal's code is 2-8"),
        ((url, "--key", tmp_path / "k", "--other", "CHECK0", tmp_path / "k2"), "different terminals"),
        ((url, "--key", tmp_path / "k", "--other", "CHECK7", tmp_path / "k"), "different terminals"),
    ):
        status, _, told = district(*words)
        assert status == 2
        assert said in told


def test_the_checks_are_listed() -> None:
    status, told, _ = district("--list")
    assert status == 0
    assert [line.split("\t")[0] for line in told.splitlines()] == [rule.name for rule in RULES]
    _, lines, _ = district("--list", "--json")
    first = {"check": "health-answers", "topic": "reaching", "rule": RULES[0].says}
    assert (json.loads(lines.splitlines()[0]), len(lines.splitlines())) == (first, len(RULES))
    _, some, _ = district("--list", "--only", "uploads", "--only", "heartbeat-204")
    assert 1 < len(some.splitlines()) < 40
    assert len({rule.name for rule in RULES}) == len(RULES) >= 40
    assert all(rule.says.endswith(".") and rule.mend.endswith((".", ")")) for rule in RULES)


def test_what_keeps_it_from_a_platform_is_said(tmp_path: Path) -> None:
    authority, key = Authority(tmp_path, "District"), make_key(tmp_path / "k") and tmp_path / "k"
    pair = authority.signs("127.0.0.1")
    open_tls, asking = (ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) for _ in range(2))
    for context in (open_tls, asking):
        context.load_cert_chain(pair.certificate, pair.key)
    asking.load_verify_locations(authority.certificate)
    asking.verify_mode = ssl.CERT_REQUIRED
    older = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    older.load_cert_chain(pair.certificate, pair.key)
    older.maximum_version, older.verify_mode = ssl.TLSVersion.TLSv1_2, ssl.CERT_REQUIRED
    trusts = ("--ca", authority.certificate)
    here = saying(http("404 X", b"{}"))

    def told(url: str, *words: str | Path) -> str:
        status, out, said = district(url, "--key", key, "--seconds", "3", "--only", "progress-unknown-404", *words)
        assert (status, out) == (3, ""), (status, out, said)
        return said

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert f"nobody listens at 127.0.0.1:{port}: is the platform running" in told(f"http://127.0.0.1:{port}")
    assert "finds no address for name.invalid:80" in told("http://name.invalid")
    with answering(here) as root:
        assert "speaks no TLS: is it http://" in told(root.url.replace("http:", "https:"))
    with answering(here, open_tls) as root:
        assert f"speaks TLS: ask {root.url}" in told(root.url.replace("https:", "http:"))
        assert "does not hold (unable to get local issuer certificate): name its authority by --ca" in told(root.url)
        status, _, _ = district(root.url, "--key", key, "--only", "progress-unknown-404", *trusts)
        assert status == 0
    for context in (asking, older):
        with answering(here, context) as root:
            assert "client certificate" in (missed := told(root.url, *trusts))
            assert "--cert" in missed
    other = Authority(tmp_path / "other", "Stranger").signs("CHECK0")
    with answering(here, asking) as root:
        shows = ("--cert", other.certificate, "--cert-key", other.key)
        assert "client certificate" in told(root.url, *trusts, *shows)


@pytest.mark.parametrize("kept", [b"\x15\x03\x03\x00\x02\x02\x0a", b""])
def test_a_port_that_hangs_up_is_told_from_one_that_answers(tmp_path: Path, kept: bytes) -> None:
    make_key(tmp_path / "k")
    with answering(saying(kept)) as root:
        status, out, said = district(root.url, "--key", tmp_path / "k")
    assert (status, out) == (3, "")
    assert ("it speaks TLS" if kept else "closed without an answer") in said


def test_a_run_that_tries_nothing_is_no_pass(tmp_path: Path) -> None:
    make_key(tmp_path / "k")
    with answering(saying(http("404 X", b"{}"))) as root:
        status, told, said = district(root.url, "--key", tmp_path / "k", "--only", "batches")
    assert (status, said) == (3, "Error: no check could be tried: this says nothing of the platform\n")
    assert told.count("this platform takes no batches") == 1, "a reason is told once, not 13 times"
    assert told.splitlines()[-1] == "0 passed, 0 failed, 13 not tried"


def test_no_remedy_has_an_answer_that_the_contract_does_not_have() -> None:
    contract = (Path(__file__).parents[2] / "district" / "openapi.yaml").read_text("utf-8")
    known = set(re.findall(r'^ +"(\d{3})":', contract, re.MULTILINE))
    named = {status for rule in RULES for status in re.findall(r"(?<!SHA-)\b[2-5]\d\d\b", rule.mend)}
    assert len(named) > 10
    assert named <= known


def test_the_page_for_integrators_has_every_check() -> None:
    """To write the list anew: GOLDEN_UPDATE=1."""
    page = Path(__file__).parents[2] / "docs" / "integrators.md"
    before, begin, rest = page.read_text("utf-8").partition("tests/unit/test_district_check_cli.py -->\n")
    _, end, after = rest.partition("<!-- end of checks -->")
    rows = [f"| `{rule.name}` | {rule.says} |\n" for rule in RULES]
    wanted = "".join((before, begin, "| Check | Rule |\n|---|---|\n", *rows, end, after))
    if os.environ.get("GOLDEN_UPDATE"):
        page.write_text(wanted, "utf-8")
    assert page.read_text("utf-8") == wanted
