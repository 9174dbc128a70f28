"""Whatever stands at the other end, the kit takes it for a finding: it neither falls over nor waits for ever."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from district.check import reaching
from district.check.answers import date_of, json_of, kind_of, offset_of, seconds_of
from district.check.kit import RULES, Found, Result, chosen, run
from district.check.line import MOST_BYTES, Answer, Line, NoAnswer, Root
from district.check.rules import Broken
from district.check.terminals import Terminal
from district.check.visit import Others, Visit
from tests.support.answering import Reply, answering, http, saying


def ask(root: Root, method: str = "GET", request: bytes = b"GET / HTTP/1.1\r\n\r\n", seconds: float = 20) -> object:
    return Line(root, seconds=seconds).exchange(method, request)


def silent(peer: socket.socket) -> None:
    """It hears the request, and hangs up."""


def trickle(peer: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x" * 500:
        peer.sendall(bytes([byte]))
        if peer.recv(1) == b"":
            return


def endless(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (silent, "closed without an answer"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), "not HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "not HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000), "not HTTP"),
        (saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000), "within the time"),
        (endless, "more than"),
        (trickle, "within the time"),
    ],
)
def test_what_is_no_answer_is_none(reply: Reply, why: str) -> None:
    with answering(reply) as root:
        began = time.monotonic()
        answer = ask(root, seconds=0.3 if why == "within the time" else 20)
        assert isinstance(answer, NoAnswer)
        assert why in answer.why
        assert time.monotonic() - began < 15


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert isinstance(ask(Root.of(f"http://127.0.0.1:{port}")), NoAnswer)
    assert isinstance(ask(Root.of("http://name.invalid")), NoAnswer)


def test_an_answer_may_come_before_the_request_is_all_sent() -> None:
    with answering(saying(http("413 Too Large", b"{}"))) as root:
        answer = ask(root, "PUT", b"PUT / HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 50_000_000, seconds=5)
    assert isinstance(answer, Answer | NoAnswer)
    if isinstance(answer, Answer):
        assert answer.status == 413


def test_an_answer_to_head_has_no_body() -> None:
    with answering(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nUpload-Offset: 7\r\n\r\n")) as root:
        answer = ask(root, "HEAD", b"HEAD / HTTP/1.1\r\n\r\n")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, offset_of(answer)) == (200, b"", 7)
    assert MOST_BYTES > 1024 * 1024


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 401 X\r\nContent-Length: 3\r\n\r\n"]),
)
@settings(max_examples=60)
def test_any_bytes_are_taken(noise: bytes, before: bytes) -> None:
    with answering(saying(before + noise)) as root:
        assert isinstance(ask(root), Answer | NoAnswer)


_TEXT = st.text(max_size=40)
_ONE = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.lists(_TEXT, max_size=2)
_JSON = _ONE | st.dictionaries(st.sampled_from(["type", "uid", "steps", "x"]), _ONE)


@given(
    st.binary(max_size=50) | _JSON.map(lambda one: json.dumps(one).encode()),
    st.sampled_from(["Mon, 32 Foo 2026 25:61:00 GMT", "Wed, 01 Jan 0001 00:00:00 -0000", "9" * 30]) | _TEXT,
)
def test_any_answer_is_looked_at(body: bytes, value: str) -> None:
    answer = Answer(status=200, fields=(("date", value), ("upload-offset", value)), body=body, to="GET /")
    for look in (json_of, offset_of):
        with suppress(Broken):
            look(answer)
    kind_of(answer)
    date_of(answer)
    seconds_of(value)


# --- the whole kit against nonsense -----------------------------------------------------------------------------------

_JUNK = [
    b'{"uid":null,"sha256":7,"state":{},"missing":[1,null,{}],"steps":[7],"answers":[null]}',
    b'{"answers":[{"status":"x","body":7}],"type":["urn"],"status":{},"steps":"x","level":[]}',
    b'{"type":"urn:township-kiosk:problem:\\ud800\\u001b[2J","status":1e999,"missing":"abc"}',
    b"<html><title>Welcome</title></html>",
    b"[" * 3000,
    b"\xff\xfe\x00",
    b"",
    b"7",
]
_STATUSES = [
    "200 OK",
    "201 X",
    "204 X",
    "301 X",
    "307 X",
    "400 X",
    "401 X",
    "404 X",
    "409 X",
    "413 X",
    "422 X",
    "500 X",
]
_FIELDS = [
    "Location: https://elsewhere.example/",
    "Content-Type: application/json",
    "Content-Type: text/html; charset=x",
    "Upload-Offset: 99999999999999999999999",
    "Upload-Offset: -7",
    "Upload-Offset: 3",
    "Retry-After: soon",
    "Date: yesterday",
    "Set-Cookie: a=b",
    "X: \xe9",
]


def _nonsense(chance: Random) -> bytes:
    if chance.random() < 0.05:
        return chance.randbytes(60)
    status = "503 X" if chance.random() < 0.02 else chance.choice(_STATUSES)
    fields = chance.sample(_FIELDS, chance.randrange(5))
    if chance.random() < 0.1:
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nz"
    body = b"" if status[:3] == "204" else chance.choice(_JUNK)
    return http(status, body, *fields)


def company() -> tuple[Terminal, Others]:
    own, other, retiring = (Terminal.of(code, Ed25519PrivateKey.generate()) for code in ("CHECK0", "CHECK7", "CHECK8"))
    return own, Others(other=other, retiring=retiring)


@pytest.mark.parametrize("seed", range(4))
def test_nonsense_is_found_and_breaks_nothing(seed: int) -> None:
    chance, (own, others) = Random(seed), company()
    with answering(lambda peer: peer.sendall(_nonsense(chance))) as root:
        visit = Visit(root, Line(root, seconds=0.5), own, others, pause=lambda _: None)
        found = list(run(visit))
    assert [one.rule for one in found] == list(RULES)
    failed = [one for one in found if one.result is Result.FAIL]
    assert len(failed) > len(RULES) // 3
    assert all(one.seen and one.remedy for one in failed)


def test_a_platform_that_is_silent_is_left_alone() -> None:
    own, others = company()
    met = 0

    def count(peer: socket.socket) -> None:
        nonlocal met
        met += 1

    with answering(count) as root:
        found = list(run(Visit(root, Line(root, seconds=0.5), own, others)))
    assert met < 12
    assert {one.result for one in found} == {Result.FAIL, Result.SKIP, Result.PASS}
    assert [one.rule.name for one in found if one.result is Result.PASS] == ["transport-is-tls"]


def test_a_platform_that_is_always_busy_is_waited_for_within_limits() -> None:
    own, others = company()
    waits: list[float] = []
    with answering(saying(http("503 Busy", b"{}", "Retry-After: 25"))) as root:
        found = list(run(Visit(root, Line(root, seconds=20), own, others, pause=waits.append)))
    assert sum(waits) <= 120
    (passed,) = (one for one in found if one.rule.name == "busy-says-until-when")
    assert passed.result is Result.PASS
    assert sum(one.result is Result.SKIP for one in found) > 100


def looked(name: str, visit: Visit) -> Found:
    (found,) = run(visit, chosen([name]))
    return found


def test_plain_http_to_another_machine_is_found() -> None:
    own, _ = company()
    for url, result in (
        ("http://district.example", Result.FAIL),
        ("https://district.example", Result.PASS),
        ("http://127.0.0.1:8080", Result.PASS),
    ):
        root = Root.of(url)
        assert looked("transport-is-tls", Visit(root, Line(root), own)).result is result
    assert reaching.rules.all()[0].name == "health-answers"


@pytest.mark.parametrize(
    "url", ["district.example", "ftp://x", "https://", "https://a:b@c", "https://x?y", "https://x/ y", "http://x:99999"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Root.of(url)
