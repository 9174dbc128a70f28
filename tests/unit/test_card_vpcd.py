"""The simulated card in vpcd's slot: it speaks, is pulled, and waits for a service that is not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from devices.card.sim import VpcdLink
from tests.support.card_rig import card
from tests.support.ports import free_port


class Vpcd:
    """The reader's side of vpcd's protocol."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port: int = self._listener.getsockname()[1]
        self.wire = socket.socket()

    def accept(self) -> None:
        self.wire.close()
        self.wire, _ = self._listener.accept()
        self.wire.settimeout(10)

    def send(self, body: bytes) -> None:
        self.wire.sendall(len(body).to_bytes(2, "big") + body)

    def answer(self) -> bytes | None:
        head = self.wire.recv(2, socket.MSG_WAITALL)
        count = int.from_bytes(head, "big")
        return None if not head else self.wire.recv(count, socket.MSG_WAITALL) if count else b""

    def close(self) -> None:
        self.wire.close()
        self._listener.close()


@pytest.fixture
def vpcd() -> Iterator[Vpcd]:
    vpcd = Vpcd()
    yield vpcd
    vpcd.close()


def test_a_card_speaks_through_vpcd_until_it_is_taken_away(vpcd: Vpcd) -> None:
    link = VpcdLink(port=vpcd.port)
    link.insert(card("wang"))
    assert link.wait_connected(10)
    vpcd.accept()
    vpcd.send(b"\x04")
    assert vpcd.answer() == bytes.fromhex("3b670000") + b"SSC-SIM"
    vpcd.send(b"\x01")
    vpcd.send(bytes.fromhex("00b2012c00"))
    assert vpcd.answer() == b"\x69\x86"
    vpcd.send(b"\x00")
    vpcd.send(bytes.fromhex("00b2012c00"))
    assert vpcd.answer() == b""  # off
    link.remove()
    link.remove()
    assert vpcd.answer() is None


def test_a_lying_card_reconnects_when_the_service_comes_back(vpcd: Vpcd) -> None:
    link = VpcdLink(port=vpcd.port)
    link.insert(card("wang"))
    vpcd.accept()
    vpcd.wire.sendall(b"\xff\xff")  # nonsense ends the connection, too
    assert vpcd.answer() is None
    vpcd.accept()
    vpcd.send(b"\x04")
    assert vpcd.answer()
    link.remove()


def test_a_card_pulled_by_its_fault_stays_away(vpcd: Vpcd) -> None:
    link = VpcdLink(port=vpcd.port)
    link.insert(card("wang:pulled_after=1"))
    vpcd.accept()
    vpcd.send(b"\x02")
    vpcd.send(bytes.fromhex("00b2012c00"))
    assert vpcd.answer() == b"\x69\x86"
    vpcd.send(bytes.fromhex("00b2012c00"))
    assert vpcd.answer() is None
    link.insert(card("li"))  # the next connection is the next card's
    vpcd.accept()
    vpcd.send(b"\x02")
    vpcd.send(bytes.fromhex("00b2012c00"))
    assert vpcd.answer() == b"\x69\x86"
    link.remove()


def test_a_card_that_finds_no_service_waits_for_one() -> None:
    port = free_port()
    link = VpcdLink(port=port)
    link.insert(card("wang"))
    assert not link.wait_connected(0.15)
    late = socket.create_server(("127.0.0.1", port))
    assert link.wait_connected(10)
    link.remove()
    late.close()
