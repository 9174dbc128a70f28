"""What the PC/SC edge makes of every answer of the service; the service itself is real in tests/integration."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from devices.card import pcsc
from devices.card.slot import CardError, CardGone, CardHeld, CardMute, Place, Presence, SlotLost, SlotView

READER = "ACS ACR39U ICC Reader 00 00"
EMPTY, PRESENT, UNKNOWN = 0x12, 0x22, 0x04
OK, TIMEOUT, NO_SERVICE, NO_READERS = 0, 0x8010000A, 0x8010001D, 0x8010002E


def _whatever(answer: Callable[[], Any]) -> Callable[..., Any]:
    """The same answer, whatever is asked."""

    def call(*_: object) -> Any:
        return answer()

    return call


class Service:
    """Answers the calls of smartcard.scard as set; a service with one reader and a card in it, to begin with."""

    def __init__(self) -> None:
        self.establish = self.list = self.status = self.wait = self.connect = self.reconnect = self.transmit = OK
        self.readers = [READER]
        self.states = {READER: 1 << 16 | PRESENT}
        self.response = [0x90, 0x00]
        self.calls: list[str] = []
        self.disposed: list[int] = []
        self.waits: Callable[[], int] | None = None
        self.connecting: Callable[[], int] = lambda: self.connect
        self.on_cancel: Callable[[], object] = lambda: None

    def api(self) -> Any:
        names = ("SCOPE_USER", "SHARE_EXCLUSIVE", "STATE_UNAWARE", "PCI_T0", "LEAVE_CARD")
        constants = dict.fromkeys((f"SCARD_{name}" for name in names), 0)
        constants |= {"SCARD_PROTOCOL_T0": 1, "SCARD_PROTOCOL_T1": 2, "SCARD_RESET_CARD": 1, "SCARD_PCI_T1": 1}
        constants |= {"SCARD_STATE_UNKNOWN": UNKNOWN, "SCARD_STATE_UNAVAILABLE": 8, "SCARD_STATE_PRESENT": 0x20}
        return SimpleNamespace(
            **constants,
            SCardEstablishContext=_whatever(lambda: (self.establish, 7)),
            SCardReleaseContext=_whatever(lambda: self._note("release", OK)),
            SCardListReaders=_whatever(lambda: (self.list, self.readers)),
            SCardGetStatusChange=self._status,
            SCardCancel=_whatever(lambda: self.on_cancel()),
            SCardConnect=_whatever(lambda: (self.connecting(), 9, 1)),
            SCardReconnect=_whatever(lambda: (self._note("reconnect", self.reconnect), 1)),
            SCardDisconnect=self._disconnect,
            SCardTransmit=_whatever(lambda: (self.transmit, self.response)),
        )

    def _note(self, call: str, answer: int) -> int:
        self.calls.append(call)
        return answer

    def _disconnect(self, _: int, disposition: int) -> int:
        self.disposed.append(disposition)
        return OK

    def _status(self, _: int, timeout: int, asked: Sequence[tuple[str, int]]) -> Any:
        if timeout:
            self.calls.append("wait")
            return self.waits() if self.waits else self.wait, []
        return self.status, [(name, self.states.get(name, UNKNOWN), [0x3B]) for name, _ in asked]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(pcsc, "scard", service.api())
    return service


@pytest.mark.parametrize(
    ("wanted", "names", "picked"),
    [
        ((), ["A 00 00", "B 01 00"], ["A 00 00", "B 01 00"]),
        (("A 00 00",), ["A 00 00", "A 01 00"], ["A 00 00"]),
        (("A 00 00",), ["B 00 00", "A 02 00", "A 02 01"], ["A 02 00"]),
        (("A 00 00",), ["B 00 00"], []),
        (("acr39",), ["Virtual PCD 00 00", READER], [READER]),
        (("acr39",), ["Virtual PCD 00 00"], []),
        (("acr39", "acs", "B 00 00"), [READER, "B 02 00"], [READER, "B 02 00"]),
    ],
)
def test_readers_are_found_by_name(wanted: tuple[str, ...], names: list[str], picked: list[str]) -> None:
    assert pcsc.pick_readers(wanted, names) == picked


def test_a_card_is_a_new_one_after_each_event_and_each_restart(service: Service) -> None:
    slot = pcsc.PcscSlot(names=())
    assert slot.look(None, 0) == SlotView(Presence.CARD, 1)
    assert slot.look(None, 0) == SlotView(Presence.CARD, 1)
    service.states[READER] = 2 << 16 | EMPTY
    assert slot.look(None, 0) == SlotView(Presence.EMPTY)
    service.states[READER] = 3 << 16 | PRESENT
    assert slot.look(None, 0) == SlotView(Presence.CARD, 2)
    service.status = NO_SERVICE
    assert slot.look(None, 0) == SlotView(Presence.NO_SERVICE)
    service.status = OK
    assert slot.look(None, 0) == SlotView(Presence.CARD, 3)
    slot.close()
    assert service.calls == ["release", "release"]


def test_two_cards_are_told_and_the_one_left_counts_as_new(service: Service) -> None:
    slot = pcsc.PcscSlot(names=())
    service.readers = ["A 00 00", READER]
    service.states["A 00 00"] = EMPTY
    assert slot.look(None, 0) == SlotView(Presence.CARD, 1)
    service.states["A 00 00"] = 1 << 16 | PRESENT
    several = slot.look(None, 0)
    assert several == SlotView(Presence.SEVERAL, 2)
    with pytest.raises(CardGone):
        slot.place(several)
    service.states[READER] = EMPTY
    left = slot.look(None, 0)
    assert left == SlotView(Presence.CARD, 3)
    assert slot.place(left) == Place("pcsc:A 00 00", 1)
    with pytest.raises(CardGone):
        slot.place(SlotView(Presence.CARD, 1))


@pytest.mark.parametrize(
    ("setting", "presence"),
    [
        ({"establish": NO_SERVICE}, Presence.NO_SERVICE),
        ({"list": NO_READERS}, Presence.NO_READER),
        ({"list": 0x80100001}, Presence.NO_SERVICE),
        ({"readers": []}, Presence.NO_READER),
        ({"status": 0x80100009}, Presence.NO_READER),
        ({"status": TIMEOUT}, Presence.CARD),
        ({"status": 0x8010006A}, Presence.NO_SERVICE),  # pcsc-lite 1.9.9, when pcscd died under the call
        ({"status": NO_SERVICE - (1 << 32)}, Presence.NO_SERVICE),  # as pyscard gives it on Windows
        ({"states": {}}, Presence.NO_READER),
    ],
)
def test_what_is_missing_is_named(service: Service, setting: dict[str, Any], presence: Presence) -> None:
    vars(service).update(setting)
    assert pcsc.PcscSlot(names=()).look(None, 0).presence is presence


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (0x8010000B, CardHeld),
        (0x80100066, CardMute),
        (0x80100067, CardMute),
        (0x8010000F, CardMute),
        (0x80100017, SlotLost),
        (NO_SERVICE, SlotLost),
        (0x80100069, CardGone),
        (0x8010000C, CardGone),
    ],
)
def test_a_refused_connection_says_why(service: Service, code: int, error: type[Exception]) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    view = slot.look(None, 0)
    service.connect = code
    with pytest.raises(error):
        slot.connect(view)


def test_a_card_changed_since_the_look_is_not_connected(service: Service) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    view = slot.look(None, 0)
    service.states[READER] = 3 << 16 | PRESENT
    with pytest.raises(CardGone):
        slot.connect(view)
    assert service.disposed == [1]  # connected to, seen to be another one, let go of without a word


def test_a_place_is_connected_to_without_a_look(service: Service) -> None:
    slot = pcsc.PcscSlot(names=())
    link = slot.connect_at(Place(f"pcsc:{READER}", 1), reset=False)
    assert link.atr == b"\x3b"
    link.close()
    with pytest.raises(CardGone):
        slot.connect_at(Place(f"pcsc:{READER}", 2), reset=False)
    assert service.disposed == [1, 1]  # the other card was held for a moment, and let go of without a word


def test_a_place_is_found_at_a_service_that_is_another_one_since(service: Service) -> None:
    slot = pcsc.PcscSlot(names=())
    slot.look(None, 0)
    answers = iter((NO_SERVICE, OK))
    service.connecting = lambda: next(answers)
    slot.connect_at(Place(f"pcsc:{READER}", 1), reset=False).close()
    assert service.calls == ["release"]
    service.connecting = lambda: NO_SERVICE
    with pytest.raises(SlotLost):
        slot.connect_at(Place(f"pcsc:{READER}", 1), reset=False)
    service.establish = NO_SERVICE
    with pytest.raises(SlotLost):
        slot.connect_at(Place(f"pcsc:{READER}", 1), reset=False)


@pytest.mark.parametrize(
    ("code", "error"),
    [(0x80100069, CardGone), (0x80100016, CardGone), (NO_SERVICE, SlotLost), (0x80100017, SlotLost)],
)
def test_a_card_that_breaks_off_is_not_reset_but_reset_before_the_next_try(
    service: Service, code: int, error: type[Exception]
) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    view = slot.look(None, 0)
    link = slot.connect(view)
    service.transmit = code
    with pytest.raises(error):
        link.exchange(b"\x00\xa4\x04\x00")
    link.close()
    assert service.disposed == [0]  # left as it is
    service.transmit = OK
    again = slot.connect(view, reset=True)
    assert service.calls == ["reconnect"]
    assert again.exchange(b"\x00\xa4\x04\x00") == b"\x90\x00"
    again.close()
    again.close()
    assert service.disposed == [0, 1]  # reset, once
    with pytest.raises(CardError):
        again.exchange(b"\x00\xa4\x04\x00")


def test_a_card_that_cannot_be_reset_is_gone(service: Service) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    view = slot.look(None, 0)
    link = slot.connect(view)
    assert link.atr == b"\x3b"
    service.response = []
    with pytest.raises(CardGone):
        link.exchange(b"\x00\xa4\x04\x00")
    service.reconnect = 0x80100066
    with pytest.raises(CardGone):
        slot.connect(view, reset=True)
    link.close()
    assert service.disposed == [0, 0]  # neither is reset: it does not answer


@pytest.mark.parametrize("wait", [OK, TIMEOUT, 0x80100002, NO_SERVICE, 0x80100009])
def test_a_look_without_change_ends_in_time_whatever_the_wait_answers(service: Service, wait: int) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    seen = slot.look(None, 0)
    service.wait = wait
    if wait == NO_SERVICE:  # the context is made anew, so the card counts as laid on anew
        assert slot.look(seen, 0.02) == SlotView(Presence.CARD, 2)
    else:
        assert slot.look(seen, 0.02) == seen
    assert "wait" in service.calls


def test_a_cancel_ends_the_next_look_even_without_a_service(service: Service) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    slot.cancel()
    view = slot.look(SlotView(Presence.CARD, 1), 60)
    assert view == SlotView(Presence.CARD, 1)
    assert service.calls == []
    service.status = service.establish = NO_SERVICE
    slot.look(None, 0)
    assert slot.look(SlotView(Presence.NO_SERVICE), 0.02) == SlotView(Presence.NO_SERVICE)
    slot.cancel()
    assert slot.look(SlotView(Presence.NO_SERVICE), 60) == SlotView(Presence.NO_SERVICE)


def test_a_cancel_that_the_service_forgot_is_told_again(service: Service) -> None:
    slot = pcsc.PcscSlot(names=(READER,))
    seen = slot.look(None, 0)
    cancelled, waiting = threading.Semaphore(0), threading.Event()

    def wait() -> int:
        waiting.set()
        assert cancelled.acquire(timeout=10)
        assert cancelled.acquire(timeout=10)  # the first one came before the service knew of the wait
        return 0x80100002

    service.waits = wait
    service.on_cancel = cancelled.release
    looked: list[SlotView] = []
    thread = threading.Thread(target=lambda: looked.append(slot.look(seen, 60)))
    thread.start()
    assert waiting.wait(10)
    slot.cancel()
    thread.join(10)
    assert looked == [seen]


def test_readers_are_listed_for_diagnosis(service: Service) -> None:
    assert pcsc.list_readers() == [READER]
    service.list = NO_READERS
    assert pcsc.list_readers() == []
    service.list = 0x80100001
    assert pcsc.list_readers() is None
    service.establish = NO_SERVICE
    assert pcsc.list_readers() is None
