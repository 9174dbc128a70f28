"""What every card reader promises, for readers with a security module: over a real pseudo-terminal, and over what pyusb
and hidapi would give."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import hid
import hidraw
import pytest
import serial
import usb.core
import usb.util

from devices.card.api import (
    Assurance,
    CardFailed,
    CardRead,
    CardReader,
    CardState,
    CardTrouble,
    Check,
    NoCard,
    NoReader,
    Reading,
)
from devices.card.opening import open_readers
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader
from devices.card.sam.module import Timing
from devices.card.sam.serial_line import SerialLine
from devices.card.sam.slot import SamSlot
from devices.card.sam.uri import open_sam_slot
from devices.card.sim_sam import DEMO_TEXTS, SamOnTerminal, SimulatedSam, demo_sam_cards
from devices.card.slot import Presence, SamLink, SlotView
from tests.support.sam_lines import HidSam, UsbSam

TODAY = date(2026, 11, 25)
QUICK = Timing(answer_s=20, read_s=20, silence_s=0.02, poll_s=0.01, retry_s=0.01)
DEADLINE_S = 30.0
EMPTY = SlotView(Presence.EMPTY)


class Hall:
    """A terminal's reader on a serial port, watched."""

    def __init__(self) -> None:
        self.sam = SimulatedSam()
        self.port = SamOnTerminal(self.sam)
        self.port.plug()
        self.slot = SamSlot(
            line=SerialLine(path=str(self.port.path), baud=115200), address="sdt-serial:sim", timing=QUICK
        )
        self.reader: CardReader = WatchedReader(slot=self.slot, fields=FIELDS - {"photo"}, today=lambda: TODAY)
        self._states: queue.SimpleQueue[CardState] = queue.SimpleQueue()

    def start(self) -> None:
        self.reader.start(self._states.put)

    def lay(self, key: str) -> None:
        self.sam.lay(demo_sam_cards()[key])

    def hurry(self, timing: Timing) -> None:
        self.slot._module._timing = timing  # pyright: ignore[reportPrivateUsage]

    def next(self) -> CardState:
        return self._states.get(timeout=DEADLINE_S)

    def close(self) -> None:
        self.reader.stop()
        self.port.close()


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def test_a_card_is_read_with_every_value_and_each_insertion_anew(hall: Hall) -> None:
    hall.start()
    assert hall.next() == NoCard()
    hall.lay("zhou")
    assert hall.next() == Reading(1)
    assert hall.next() == CardRead(
        insertion=1,
        profile="resident-identity-card",
        assurance=Assurance.SAM_VERIFIED,
        fields={
            "name": "周海波",
            "id_number": "999999198811300037",
            "sex": "male",
            "ethnic_group": "11",
            "birth_date": "1988-11-30",
            "address": "某省某市某区和平路7号3单元501室",
            "issuer": "某市公安局某区分局",
            "issued": "2020-03-10",
            "expires": "2040-03-10",
        },
        checks=(
            Check("id-number-checksum", True),
            Check("sex-matches-id-number", True),
            Check("birth-date-matches-id-number", True),
        ),
    )
    hall.sam.lift()
    assert hall.next() == NoCard()
    hall.lay("sun")
    assert hall.next() == Reading(2)
    read = hall.next()
    assert isinstance(read, CardRead)
    assert (read.fields["name"], read.fields.get("expires")) == ("孙玉兰", None)


@pytest.mark.parametrize(
    ("key", "trouble"),
    [("lapsed", CardTrouble.EXPIRED), ("wrong", CardTrouble.UNKNOWN), ("distrusted", CardTrouble.UNREADABLE)],
)
def test_a_card_without_a_read_names_its_trouble_until_it_is_lifted(hall: Hall, key: str, trouble: CardTrouble) -> None:
    card = demo_sam_cards()["lapsed" if key == "lapsed" else "sun"]
    card.wrong = key == "wrong"
    card.fails = [0x32] * (3 if key == "distrusted" else 0)  # a reader tries three times
    hall.start()
    assert hall.next() == NoCard()
    hall.sam.lay(card)
    assert hall.next() == Reading(1)
    assert hall.next() == CardFailed(1, trouble)
    hall.sam.lift()
    assert hall.next() == NoCard()


def test_a_card_that_moved_is_read_at_the_next_try(hall: Hall) -> None:
    card = demo_sam_cards()["sun"]
    card.fails = [0x32, 0x41]
    hall.start()
    assert hall.next() == NoCard()
    hall.sam.lay(card)
    assert [hall.next(), type(hall.next())] == [Reading(1), CardRead]


def test_a_card_pulled_in_the_middle_is_said_so(hall: Hall) -> None:
    card = demo_sam_cards()["sun"]
    card.pulled_on_read = True
    hall.start()
    assert hall.next() == NoCard()
    hall.sam.lay(card)
    assert [hall.next(), hall.next(), hall.next()] == [Reading(1), CardFailed(1, CardTrouble.PULLED), NoCard()]


def test_cable_pulled_and_plugged_again(hall: Hall) -> None:
    hall.start()
    assert hall.next() == NoCard()
    hall.port.pull()
    assert hall.next() == NoReader()
    hall.port.plug()
    assert hall.next() == NoCard()
    hall.lay("sun")
    assert [hall.next(), type(hall.next())] == [Reading(1), CardRead]
    hall.port.pull()
    assert hall.next() == NoReader()
    hall.port.plug()
    assert [hall.next(), type(hall.next())] == [Reading(2), CardRead]  # it still lies there


def test_a_reader_that_is_silent_garbled_or_slow_needs_no_restart(hall: Hall) -> None:
    hall.hurry(replace(QUICK, answer_s=0.3))
    hall.sam.faults.silent = 1 << 30
    hall.start()
    assert hall.next() == NoReader()
    hall.hurry(QUICK)
    hall.sam.faults.silent = 0
    assert hall.next() == NoCard()
    hall.sam.faults.noise = b"\xaa\xaa\xaa\x96\x69\x05\x08" + bytes(40)
    hall.sam.faults.slow = True
    hall.sam.faults.bent = 1
    hall.lay("foreigner")
    assert hall.next() == Reading(1)
    read = hall.next()
    assert isinstance(read, CardRead)
    assert read.fields["english_name"] == "MUSTERMANN, ANNA MARIA"


@pytest.fixture
def open_hall(hall: Hall) -> Hall:
    """The reader as a terminal opens it: by its address, read by a process of its own."""
    hall.reader = open_readers(
        [f"sdt-serial:{hall.port.path}"],
        fields=frozenset(("name", "id_number")),
        today=lambda: TODAY,
        command=[sys.executable, "-m", "devices.card.child"],
    )
    return hall


def test_a_process_of_its_own_takes_the_line_for_one_read(open_hall: Hall) -> None:
    open_hall.start()
    assert open_hall.next() == NoCard()
    for number, key in enumerate(("sun", "permit"), start=1):
        open_hall.lay(key)
        assert open_hall.next() == Reading(number)
        read = open_hall.next()
        assert isinstance(read, CardRead)
        assert read.fields.keys() == {"name", "id_number"}
        open_hall.sam.lift()
        assert open_hall.next() == NoCard()
    card = demo_sam_cards()["zhou"]
    card.pulled_on_read = True
    open_hall.sam.lay(card)
    assert [open_hall.next(), open_hall.next(), open_hall.next()] == [
        Reading(3),
        CardFailed(3, CardTrouble.PULLED),
        NoCard(),
    ]
    open_hall.lay("lapsed")
    assert [open_hall.next(), open_hall.next()] == [Reading(4), CardFailed(4, CardTrouble.EXPIRED)]


def test_the_port_is_ours_alone_while_it_is_held(hall: Hall) -> None:
    assert hall.slot.look(None, 0) == EMPTY
    with pytest.raises(serial.SerialException):
        serial.Serial(str(hall.port.path), exclusive=True)
    other = open_sam_slot(f"sdt-serial:{hall.port.path}?baud=9600")
    assert other.look(None, 0) == SlotView(Presence.NO_READER)
    hall.slot.close()
    assert other.look(None, 0) == EMPTY
    other.close()


def test_a_port_that_is_not_there_or_is_none() -> None:
    assert open_sam_slot("sdt-serial:/dev/no-such-port").look(None, 0) == SlotView(Presence.NO_READER)
    assert open_sam_slot(f"sdt-serial:{os.devnull}").look(None, 0) == SlotView(Presence.NO_READER)


def read_through(slot: SamSlot, sam: SimulatedSam) -> None:
    """From nothing to a card, its read, and nothing again."""
    assert slot.look(None, 0) == EMPTY
    sam.lay(demo_sam_cards()["zhou"])
    view = slot.look(None, 0)
    link = slot.connect(view)
    assert isinstance(link, SamLink)
    assert link.read_card().text == DEMO_TEXTS["zhou"]
    assert slot.look(None, 0) == view
    assert slot.sam_number() == "05.01-20140101-0000000001-0123456789"
    sam.lift()
    assert slot.look(None, 0) == EMPTY


@pytest.mark.parametrize("split", [False, True])
def test_usb(split: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = SimulatedSam()
    device = UsbSam(sam, split=split)
    asked: list[dict[str, int]] = []
    plugged = False

    def find(**what: int) -> UsbSam | None:
        asked.append(what)
        return device if plugged else None

    monkeypatch.setattr(usb.core, "find", find)
    monkeypatch.setattr(usb.util, "claim_interface", device.claim)
    monkeypatch.setattr(usb.util, "dispose_resources", device.dispose)
    slot = open_sam_slot("sdt-usb:0400:C35A")
    assert slot.look(None, 0) == SlotView(Presence.NO_READER)
    plugged = True
    read_through(slot, sam)
    assert (asked[0], device.claimed, device.driver) == ({"idVendor": 0x400, "idProduct": 0xC35A}, [1], False)
    device.unplugged = True
    assert slot.look(None, 0) == SlotView(Presence.NO_READER)
    device.unplugged = False
    assert slot.look(None, 0) == EMPTY
    device.takes_only = 3
    assert slot.look(None, 0) == SlotView(Presence.NO_READER)
    device.takes_only = None
    sam.faults.silent = 1
    read_through(SamSlot(line=slot._module._line, address="again", timing=QUICK), sam)  # pyright: ignore[reportPrivateUsage]
    slot.close()
    assert device.disposed >= 3


def test_usb_without_libusb_or_without_bulk_end_points(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_libusb(**_: int) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_libusb)
    assert open_sam_slot("sdt-usb:0400:c35a").look(None, 0) == SlotView(Presence.NO_READER)
    other = UsbSam(SimulatedSam(), split=False)
    other.interface.clear()

    def found(**_: int) -> UsbSam:
        return other

    monkeypatch.setattr(usb.core, "find", found)
    monkeypatch.setattr(usb.util, "dispose_resources", other.dispose)
    assert open_sam_slot("sdt-usb:0400:c35a").look(None, 0) == SlotView(Presence.NO_READER)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("where", ["0425:8159", "/dev/hidraw3"])
def test_hid(counted: bool, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = SimulatedSam()
    device = HidSam(sam, counted=counted)
    monkeypatch.setattr(hidraw if where.startswith("/") else hid, "device", device.device)
    slot = open_sam_slot(f"sdt-hid:{where}?reports={'counted' if counted else 'padded'}")
    device.unplugged = True
    assert slot.look(None, 0) == SlotView(Presence.NO_READER)
    device.unplugged = False
    read_through(slot, sam)
    assert device.opened == [b"/dev/hidraw3" if where.startswith("/") else (0x425, 0x8159)]
    device.unplugged = True
    assert slot.look(None, 0) == SlotView(Presence.NO_READER)
    device.unplugged = False
    assert slot.look(None, 0) == EMPTY


@pytest.mark.parametrize(
    ("uri", "wrong"),
    [
        ("serial:/dev/ttyS0", "sdt-serial:"),
        ("sdt-serial:ttyS0", "name the port"),
        ("sdt-serial:/dev/ttyS0?baud=1200", "baud"),
        ("sdt-serial:/dev/ttyS0?parity=even", "parity"),
        ("sdt-usb:400:c35a", "hexadecimal"),
        ("sdt-usb:0400:c35a?reports=padded", "reports"),
        ("sdt-hid:0400", "hexadecimal"),
        ("sdt-hid:0400:c35a?reports=odd", "padded or counted"),
        ("sdt-pcsc:", "READER"),
        ("sdt-pcsc:Reader?header=00000000", "FF"),
    ],
)
def test_an_address_that_can_never_work_is_refused_with_a_sentence(uri: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        open_sam_slot(uri)
