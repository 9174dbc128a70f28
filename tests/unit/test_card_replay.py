"""Conversations that were written down, and the addresses by which readers are named."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card import replay
from devices.card.addresses import BadAddress, as_address, check_address, open_slot, open_slots, pcsc_names
from devices.card.api import CardFailed, CardRead, CardTrouble
from devices.card.pcsc import PcscSlot
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader, read_once
from devices.card.replay import BadReplay, ReplaySlot, parse_replay, read_replay
from devices.card.sim import Chip, InProcessSlot
from devices.card.slot import CardDamaged, CardGone, CardMute, Presence, SamLink, SlotView
from tests.support.card_rig import TODAY, card

SELECT = "00 A4 04 00 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF"


def written(chip: Chip) -> str:
    """The conversation of the driver with this virtual card; its person is invented."""
    lines = [f"atr {chip.answer_to_reset().hex(' ')}"]

    class Noting:
        def answer_to_reset(self) -> bytes:
            return chip.answer_to_reset()

        def power(self, on: bool) -> None:
            chip.power(on)

        def respond(self, command: bytes) -> bytes | None:
            answer = chip.respond(command)
            lines.extend((f"> {command.hex(' ')}", f"< {answer.hex(' ') if answer else 'gone'}"))
            return answer

    slot = InProcessSlot()
    slot.insert(Noting())
    read_once(WatchedReader(slot=slot, fields=FIELDS, today=lambda: TODAY), 10)
    return "# 报告 4711：没有真人\n" + "\n".join(lines) + "\n"


def _reader(file: Path) -> WatchedReader:
    return WatchedReader(slot=ReplaySlot(file), fields=FIELDS, today=lambda: TODAY)


def test_a_conversation_is_read_like_the_card(tmp_path: Path) -> None:
    file = tmp_path / "report.replay"
    file.write_text(written(card("wang")), "utf-8")
    read = read_once(_reader(file), 10)
    assert isinstance(read, CardRead)
    assert (read.fields["name"], len(read.fields)) == ("王秀英", 8)


def test_another_command_than_the_one_written_down_ends_the_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.card.reader._PAUSE_S", 0.01)
    file = tmp_path / "report.replay"
    file.write_text(f"atr 3B 00\n> {SELECT}\n< 90 00\n> 00 B2 09 2C 00\n< 90 00\n")
    assert read_once(_reader(file), 10) == CardFailed(1, CardTrouble.UNREADABLE)


def test_a_file_comes_and_goes_like_a_card(tmp_path: Path) -> None:
    file = tmp_path / "card"
    slot = ReplaySlot(file)
    assert slot.look(None, 0) == SlotView(Presence.EMPTY)
    file.write_text("atr 3B 00\n> 00 A4 04 00\n< gone\n")
    first = slot.look(SlotView(Presence.EMPTY), 10)
    assert first == SlotView(Presence.CARD, 1)
    link = slot.connect(first)
    assert not isinstance(link, SamLink)
    assert link.atr == b"\x3b\x00"
    with pytest.raises(CardGone):
        link.exchange(b"\x00\xa4\x04\x00")
    link.close()
    os.utime(file, ns=(1, 1))  # written anew
    assert slot.look(first, 10) == SlotView(Presence.CARD, 2)
    for stale in (slot.place, slot.connect):
        with pytest.raises(CardGone):
            stale(first)
    file.unlink()
    assert slot.look(SlotView(Presence.CARD, 2), 10) == SlotView(Presence.EMPTY)
    slot.cancel()
    assert slot.look(SlotView(Presence.EMPTY), 60) == SlotView(Presence.EMPTY)
    slot.close()


def test_the_same_file_is_the_same_place_in_another_process(tmp_path: Path) -> None:
    file = tmp_path / "card"
    file.write_text("# a mute card\n")
    here = ReplaySlot(file)
    there = open_slot(here.place(here.look(None, 0)).address)
    assert there.place(there.look(None, 0)) == here.place(here.look(None, 0))
    with pytest.raises(CardMute):
        there.connect(there.look(None, 0))


def test_a_record_of_a_security_module_is_given_whole(tmp_path: Path) -> None:
    file = tmp_path / "card"
    file.write_text(f"text {bytes(range(256)).hex()}\nphoto {'57' * 1024}\n")
    slot = ReplaySlot(file)
    link = slot.connect(slot.look(None, 0))
    assert isinstance(link, SamLink)
    assert (link.read_card().text, link.read_card().photo) == (bytes(range(256)), b"\x57" * 1024)
    link.close()
    file.write_text(f"text {'00' * 256}\n")
    record = read_replay(file).record
    assert record is not None
    assert record.photo == bytes(1024)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("atr 3B 0", "line 1: no bytes"),
        ("\natr " + "3B " * 34, "line 2: 34 bytes"),
        ("atr 3B\natr 3B", "line 2: not expected"),
        ("< 90 00", "line 1: not expected"),
        ("> 00 A4 04 00", "no answer"),
        ("> 00 A4 04 00\n> 00 A4 04 00", "line 2: not expected"),
        ("> 00", "line 1: 1 bytes"),
        ("> 00 A4 04 00\n< 90", "line 2: 1 bytes"),
        ("text 00", "line 1: 1 bytes"),
        (f"photo {'00' * 1024}", "without its text"),
        (f"atr 3B\ntext {'00' * 256}", "line 2: not expected"),
        ("hello", "line 1: not expected"),
        ("> 00 A4 04 00\n< 90 00\n" * 1001, "line 2001: not expected"),
    ],
)
def test_what_cannot_be_played_says_where(text: str, why: str) -> None:
    with pytest.raises(BadReplay, match=why):
        parse_replay(text)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (replay._LONGEST_FILE + 1)])  # pyright: ignore[reportPrivateUsage]
def test_a_bad_file_is_an_unreadable_card(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "card"
    file.write_bytes(content)
    with pytest.raises(BadReplay):
        read_replay(file)
    slot = ReplaySlot(file)
    with pytest.raises(CardDamaged):
        slot.connect(slot.look(None, 0))


@given(
    st.text(max_size=300) | st.lists(st.sampled_from(["atr 3B", "> 00A40400", "< 9000", "< gone", "#"])).map("\n".join)
)
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        said = parse_replay(text)
    except BadReplay:
        return
    assert all(len(command) >= 4 and len(answer) != 1 for command, answer in said.exchanges)


def test_a_cancel_ends_a_look_at_a_file(tmp_path: Path) -> None:
    slot = ReplaySlot(tmp_path / "card")
    looked: list[SlotView] = []
    thread = threading.Thread(target=lambda: looked.append(slot.look(SlotView(Presence.EMPTY), 60)))
    thread.start()
    slot.cancel()
    thread.join(10)
    assert looked == [SlotView(Presence.EMPTY)]


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["", "ACS", "usb:1", "replay:", "replay: ", ":", "PCSC:"])
def test_addresses_that_mean_nothing_are_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        check_address(address)


def test_pcsc_readers_are_one_slot_and_each_other_reader_another() -> None:
    slots = open_slots(["replay:/tmp/a", "pcsc:ACS", "replay:/tmp/b", "pcsc:Feitian", "pcsc:ACS"])
    assert [type(slot) for slot in slots] == [PcscSlot, ReplaySlot, ReplaySlot]
    assert pcsc_names(["pcsc:ACS", "replay:/a", "pcsc:Feitian"]) == ("ACS", "Feitian")
    assert pcsc_names(["pcsc:ACS", "pcsc:"]) == ()
    assert pcsc_names(["replay:/a"]) is None


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("", "pcsc:"),
        ("ACS", "pcsc:ACS"),
        ("Reader: Model 00 00", "pcsc:Reader: Model 00 00"),
        ("pcsc:X", "pcsc:X"),
        ("replay:/a", "replay:/a"),
    ],
)
def test_what_people_type_is_a_part_of_a_name_or_an_address(typed: str, address: str) -> None:
    assert as_address(typed) == address
