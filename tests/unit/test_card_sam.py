"""The slot over a simulated security module: cards that come, stay and go, and a reader that fails in every way."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

import pytest

from devices.card.api import CardTrouble
from devices.card.sam.module import Timing
from devices.card.sam.slot import CardNotOurs, SamSlot
from devices.card.sim_sam import DEMO_TEXTS, SamCard, SimulatedSam, demo_sam_cards
from devices.card.slot import CardDamaged, CardGone, Place, Presence, SamLink, SlotLost, SlotView
from tests.support.sam_lines import MemoryLine

QUICK = Timing(answer_s=60, read_s=60, gap_s=60, silence_s=0.001, poll_s=0.002, retry_s=0.002)
MUCH_LATER = 10.0
EMPTY, NO_READER = SlotView(Presence.EMPTY), SlotView(Presence.NO_READER)


class Desk:
    """A reader, its line, and the slot under test."""

    def __init__(self, *, piece: int = 4096) -> None:
        self.sam = SimulatedSam()
        self.line = MemoryLine(self.sam, piece=piece)
        self.slot = SamSlot(line=self.line, address="sdt-serial:/dev/ttyS1", timing=QUICK)

    def lay(self, key: str) -> SamCard:
        card = demo_sam_cards()[key]
        self.sam.lay(card)
        return card

    def look(self) -> SlotView:
        return self.slot.look(None, 0)

    def connect(self, view: SlotView) -> SamLink:
        link = self.slot.connect(view)
        assert isinstance(link, SamLink)
        return link

    def read(self, view: SlotView) -> bytes:
        link = self.connect(view)
        try:
            return link.read_card().text
        finally:
            link.close()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def card(number: int) -> SlotView:
    return SlotView(Presence.CARD, number)


def test_a_card_is_found_read_kept_in_sight_and_missed(desk: Desk) -> None:
    assert desk.look() == EMPTY
    desk.lay("sun")
    assert desk.look() == card(1)
    assert desk.read(card(1)) == DEMO_TEXTS["sun"]
    for _ in range(3):
        assert desk.look() == card(1)
    desk.sam.lift()
    assert desk.look() == EMPTY
    desk.lay("zhou")
    assert desk.look() == card(2)
    assert desk.read(card(2)) == DEMO_TEXTS["zhou"]


def test_text_and_photo_come_as_they_are(desk: Desk) -> None:
    laid = desk.lay("foreigner")
    record = desk.connect(desk.look()).read_card()
    assert (record.text, record.photo) == (laid.text, laid.photo)


def test_a_card_swapped_between_two_looks_is_another_one(desk: Desk) -> None:
    desk.lay("sun")
    desk.read(desk.look())
    desk.lay("zhou")
    assert desk.look() == card(2)
    with pytest.raises(CardGone):
        desk.connect(card(1))
    assert desk.read(card(2)) == DEMO_TEXTS["zhou"]


def test_a_found_card_that_nobody_read_yet_stays_the_same(desk: Desk) -> None:
    desk.lay("sun")
    assert [desk.look(), desk.look(), desk.look()] == [card(1)] * 3
    assert desk.read(card(1)) == DEMO_TEXTS["sun"]


def test_the_reader_is_let_go_and_the_card_is_still_the_same(desk: Desk) -> None:
    desk.lay("sun")
    assert desk.look() == card(1)
    desk.slot.close()
    assert desk.read(card(1)) == DEMO_TEXTS["sun"]
    desk.slot.close()
    assert desk.look() == card(1)
    desk.slot.close()
    desk.sam.lift()
    assert desk.look() == EMPTY
    assert desk.line.opened == 4


@pytest.mark.parametrize("read_before", [False, True])
def test_another_process_takes_over_a_card_that_was_found_before(desk: Desk, read_before: bool) -> None:
    desk.lay("sun")
    assert desk.look() == card(1)
    if read_before:
        desk.read(card(1))
    desk.slot.close()
    other = SamSlot(line=MemoryLine(desk.sam), address="sdt-serial:/dev/ttyS1", timing=QUICK)
    view = other.look(None, 0)
    assert view == card(1)
    link = other.connect(view)
    assert isinstance(link, SamLink)
    assert link.read_card().text == DEMO_TEXTS["sun"]
    other.close()
    assert desk.look() == card(1)


@pytest.mark.parametrize("sw3", [0x31, 0x32, 0x33, 0x41, 0x47])
def test_a_read_that_fails_is_the_cards_and_may_be_tried_again(desk: Desk, sw3: int) -> None:
    desk.lay("sun").fails = [sw3, sw3]
    view = desk.look()
    for _ in range(2):
        with pytest.raises(CardDamaged) as raised:
            desk.read(view)
        assert raised.value.trouble is CardTrouble.UNREADABLE
        assert desk.look() == view  # found anew where it lies, it is the same insertion
    assert desk.read(view) == DEMO_TEXTS["sun"]
    assert desk.look() == view


def test_a_card_that_has_to_be_lifted_after_a_failure_is_gone_until_then(desk: Desk) -> None:
    laid = desk.lay("sun")
    laid.fails, laid.stuck = [0x32], True
    view = desk.look()
    with pytest.raises(CardDamaged):
        desk.read(view)
    with pytest.raises(CardGone, match="not selected"):
        desk.connect(view)
    assert desk.look() == EMPTY
    desk.sam.lay(laid)
    assert desk.look() == card(2)
    assert desk.read(card(2)) == DEMO_TEXTS["sun"]


def test_a_lying_card_is_selected_once_more_when_it_is_to_be_reset(desk: Desk) -> None:
    desk.lay("sun")
    view = desk.look()
    assert desk.read(view) == DEMO_TEXTS["sun"]
    link = desk.slot.connect(view, reset=True)
    assert isinstance(link, SamLink)
    assert link.read_card().text == DEMO_TEXTS["sun"]


def test_where_a_card_lies_in_words(desk: Desk) -> None:
    with pytest.raises(CardGone):
        desk.slot.place(desk.look())
    desk.lay("sun")
    assert desk.slot.place(desk.look()) == Place("sdt-serial:/dev/ttyS1", shared=False)
    with pytest.raises(CardGone):
        desk.slot.place(card(2))


@pytest.mark.parametrize("sw3", [0x40, 0x55])
def test_other_words_of_the_module(desk: Desk, sw3: int) -> None:
    desk.lay("sun").fails = [sw3]
    with pytest.raises(CardNotOurs if sw3 == 0x40 else CardDamaged):
        desk.read(desk.look())


def test_a_card_of_another_kind_is_unknown_and_stays_there(desk: Desk) -> None:
    desk.lay("sun").wrong = True
    view = desk.look()
    with pytest.raises(CardNotOurs):
        desk.connect(view)
    assert desk.look() == view
    desk.sam.lift()
    assert desk.look() == EMPTY


def test_a_card_lifted_before_or_in_the_middle_of_a_read_is_gone(desk: Desk) -> None:
    desk.lay("sun")
    view = desk.look()
    desk.sam.lift()
    with pytest.raises(CardGone):
        desk.connect(view)
    assert desk.look() == EMPTY
    desk.lay("sun").pulled_on_read = True
    view = desk.look()
    with pytest.raises(CardDamaged):
        desk.read(view)
    assert desk.look() == EMPTY
    with pytest.raises(CardGone):
        desk.connect(EMPTY)


@pytest.mark.parametrize("fault", ["silent", "bent", "torn", "misheard"])
@pytest.mark.parametrize("at", ["find", "select", "read"])
def test_one_lost_or_damaged_answer_changes_nothing(desk: Desk, fault: str, at: str) -> None:
    desk.look()
    desk.lay("sun")
    if at == "find":
        setattr(desk.sam.faults, fault, 1)
    view = desk.look()
    assert view == card(1)
    if at == "select":
        setattr(desk.sam.faults, fault, 1)
    link = desk.connect(view)
    if at == "read":
        setattr(desk.sam.faults, fault, 1)
    assert link.read_card().text == DEMO_TEXTS["sun"]
    assert desk.look() == card(1)


@pytest.mark.parametrize("fault", ["silent", "bent", "torn", "misheard"])
def test_a_reader_that_goes_on_failing_is_gone_until_it_works_again(desk: Desk, fault: str) -> None:
    desk.lay("sun")
    view = desk.look()
    setattr(desk.sam.faults, fault, 99)
    assert desk.look() == NO_READER
    with pytest.raises(CardGone):
        desk.connect(view)
    setattr(desk.sam.faults, fault, 0)
    assert desk.look() == card(2)  # found after the reader came back: counts as laid on anew
    assert desk.read(card(2)) == DEMO_TEXTS["sun"]


@pytest.mark.parametrize("at", ["connect", "read"])
def test_a_reader_pulled_under_a_card_is_lost(desk: Desk, at: str) -> None:
    desk.lay("sun")
    view = desk.look()
    link = desk.connect(view) if at == "read" else None
    desk.line.lost = True
    with pytest.raises(SlotLost):
        link.read_card() if link else desk.connect(view)
    assert desk.look() == NO_READER
    desk.line.lost = False
    assert desk.look() == card(2)


@pytest.mark.parametrize(("sw3", "words"), [(0x60, "self-test"), (0x66, "authorised")])
def test_a_module_that_refuses_all_is_told_to_the_technician_once(
    desk: Desk, sw3: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.sam.faults.refuses = sw3
    with caplog.at_level(logging.WARNING):
        assert [desk.look(), desk.look(), desk.look()] == [NO_READER] * 3
    assert [record.getMessage() for record in caplog.records if words in record.getMessage()] == [
        caplog.records[0].getMessage()
    ]
    desk.sam.faults.refuses = 0
    assert desk.look() == EMPTY
    desk.sam.faults.refuses = sw3
    with caplog.at_level(logging.WARNING):
        desk.look()
    assert len(caplog.records) == 2


@pytest.mark.parametrize("piece", [1, 7, 64, 4096])
def test_noise_and_small_pieces(piece: int) -> None:
    desk = Desk(piece=piece)
    desk.sam.faults.noise = bytes.fromhex("FF00AAAAAA9669FFFFAAAA96")
    desk.lay("zhou")
    assert desk.read(desk.look()) == DEMO_TEXTS["zhou"]


def test_the_late_answer_to_an_ended_process_is_not_taken_for_ours(desk: Desk) -> None:
    desk.lay("sun")
    view = desk.look()
    desk.read(view)
    late = SimulatedSam()
    late.lay(demo_sam_cards()["zhou"])
    found, selected, whole = (late.hear(bytes.fromhex(f"AAAAAA9669{rest}")) for rest in (
        "0003200122", "0003200221", "0003300132"
    ))  # fmt: skip
    desk.line.late = whole + found
    heard = len(desk.sam.heard)
    assert desk.look() == view
    assert len(desk.sam.heard) == heard + 1  # asked once
    assert desk.slot.sam_number() is not None
    desk.sam.lift()
    desk.line.late = whole
    assert desk.look() == EMPTY
    desk.lay("sun")
    view = desk.look()
    desk.line.late = selected + found
    assert desk.read(view) == DEMO_TEXTS["sun"]


def test_a_line_that_never_falls_silent_is_lost(desk: Desk) -> None:
    class Babbling(MemoryLine):
        def read(self, timeout: float) -> bytes:
            return b"\xaa" * 50

    slot = SamSlot(line=Babbling(desk.sam), address="sdt-serial:/dev/ttyS1", timing=replace(QUICK, answer_s=0.02))
    assert slot.look(None, 0) == NO_READER


def test_the_simulator_says_what_makers_published() -> None:
    sam = SimulatedSam()
    sam.lay(demo_sam_cards()["sun"])
    assert sam.hear(bytes.fromhex("AAAAAA96690003200122")).hex() == "aaaaaa9669000800009f0000000097"
    assert sam.hear(bytes.fromhex("AAAAAA96690003200221")).hex() == "aaaaaa9669000c00009000000000000000009c"
    card = sam.hear(bytes.fromhex("AAAAAA96690003300132"))
    assert card.startswith(bytes.fromhex("AAAAAA9669 0508 000090 0100 0400"))
    assert len(card) == 1295
    assert sam.hear(bytes.fromhex("AAAAAA96690003200122")).hex() == "aaaaaa9669000400008084"
    sam.lift()
    assert sam.hear(bytes.fromhex("AAAAAA96690003200221")).hex() == "aaaaaa9669000400008185"
    assert sam.hear(bytes.fromhex("AAAAAA96690003300132")).hex() == "aaaaaa9669000400004145"


def test_text_or_photo_of_another_length_is_damage(desk: Desk) -> None:
    laid = desk.lay("sun")
    laid.text = laid.text[:-2]
    with pytest.raises(CardDamaged, match="length"):
        desk.read(desk.look())
    laid = desk.lay("zhou")
    laid.text, laid.photo = laid.text[:-2], laid.photo + b"12"
    with pytest.raises(CardDamaged, match="length"):
        desk.read(desk.look())


def test_a_look_waits_for_a_card_and_for_a_cancel(desk: Desk) -> None:
    assert desk.look() == EMPTY
    laying = threading.Timer(0.02, lambda: desk.lay("sun"))
    laying.start()
    assert desk.slot.look(EMPTY, MUCH_LATER) == card(1)
    laying.join()
    begun = time.monotonic()
    cancelling = threading.Timer(0.02, desk.slot.cancel)
    cancelling.start()
    assert desk.slot.look(card(1), MUCH_LATER) == card(1)
    assert time.monotonic() - begun < MUCH_LATER
    cancelling.join()
    assert desk.slot.look(card(1), 0.01) == card(1)


def test_the_number_of_the_module(desk: Desk) -> None:
    assert desk.slot.sam_number() == "05.01-20140101-0000000001-0123456789"
    desk.line.lost = True
    with pytest.raises(SlotLost):
        desk.slot.sam_number()


def test_nothing_that_could_change_a_card_or_read_a_finger_is_ever_sent(desk: Desk) -> None:
    desk.lay("sun").fails = [0x41]
    with pytest.raises(CardDamaged):
        desk.read(desk.look())
    desk.look()
    desk.read(desk.look())
    desk.sam.lift()
    desk.look()
    desk.slot.sam_number()
    assert {command.hex() for command in desk.sam.heard} == {"2001", "2002", "3001", "3003", "12ff"}
