"""One deadline for the whole request, whatever the way to the platform does with the time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from offline_queue.retry import Answer, Failure, FailureKind
from offline_queue.transport import Transport
from tests.support.queue_rig import RudeServer, http_answer

SECONDS = 0.4
HOST = "district.example"
Address = tuple[int, int, int, str, tuple[str, int]]


@pytest.fixture
def silent() -> Iterator[list[Address]]:
    """Four addresses that answer no SYN: sockets whose backlog is full."""
    opened: list[socket.socket] = []
    port = 0
    for last in range(2, 6):
        listening = socket.socket()
        opened.append(listening)
        listening.bind((f"127.0.0.{last}", port))
        port = listening.getsockname()[1]
        listening.listen(0)
        for _ in range(4):
            knocking = socket.socket()
            opened.append(knocking)
            knocking.setblocking(False)
            knocking.connect_ex((f"127.0.0.{last}", port))
    yield [at(f"127.0.0.{last}", port) for last in range(2, 6)]
    for each in opened:
        each.close()


def at(ip: str, port: int) -> Address:
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, port)


def resolve(monkeypatch: pytest.MonkeyPatch, addresses: list[Address]) -> None:
    def found(_host: object, _port: object, *_more: object, **_named: object) -> list[Address]:
        return addresses

    monkeypatch.setattr(socket, "getaddrinfo", found)


def ask(url: str, body: bytes | None = None, *, deadline: float = SECONDS) -> object:
    transport = Transport(deadline=deadline)
    try:
        return transport.request("GET" if body is None else "PUT", url, body, {})
    finally:
        transport.close()


def is_left_at_the_deadline(url: str, body: bytes | None = None) -> bool:
    """The quickest of three is what the code takes; the machine may stand still at any of them."""
    took: list[float] = []
    for _ in range(3):
        begun = time.monotonic()
        assert ask(url, body) == Failure(kind=FailureKind.DEADLINE)
        took.append(time.monotonic() - begun)
    return min(took) < 2 * SECONDS


def test_silent_addresses_share_one_deadline(silent: list[Address], monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, silent)
    assert is_left_at_the_deadline(f"https://{HOST}/")


def test_a_silent_address_leaves_time_for_the_next(silent: list[Address], monkeypatch: pytest.MonkeyPatch) -> None:
    with RudeServer(http_answer("200 OK", b"here")) as platform:
        port = int(platform.url.rpartition(":")[2])
        resolve(monkeypatch, [silent[0], at("127.0.0.1", port)])
        outcome = ask(f"http://{HOST}/", deadline=12)
    assert isinstance(outcome, Answer)
    assert outcome.body == b"here"


@pytest.mark.parametrize(
    ("scheme", "body"),
    [("http", None), ("http", bytes(16 * 1024 * 1024)), ("https", None)],
    ids=["no-answer", "body-not-read", "no-handshake"],
)
def test_who_takes_the_connection_and_is_silent_is_left_at_the_deadline(scheme: str, body: bytes | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert is_left_at_the_deadline(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/", body)


def test_a_name_that_nobody_knows_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_named: object) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert ask(f"https://{HOST}/") == Failure(kind=FailureKind.UNREACHABLE)
