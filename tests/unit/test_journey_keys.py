"""What opens a travel document, out of live pictures: two readings that agree, and words for all that may be wrong."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from devices.camera.api import Scan
from devices.camera.reading.api import Kind, Read, ReadingTrouble
from devices.card.api import CanKey, MrzKey
from devices.card.mrz import find_mrz
from kiosk.journey.events import Event, PageRead
from kiosk.journey.keys import KeyWatch
from kiosk.journey.reading import PageReading
from kiosk.journey.states import Sight
from tests.support.papers import desk
from tests.support.reader import ScriptedReader, seen
from tests.support.written import PEOPLE, document_page, identity_card, under_camera

UPPER = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
LOWER = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
ZONE = seen(Kind.MRZ, UPPER, LOWER)
OTHER = seen(Kind.MRZ, "CSC123456788<3001019<6803155<2")
KEY = MrzKey("L898902C3", "740812", "120415")
PASSPORT = under_camera(document_page((UPPER, LOWER)))
EMPTY = np.full((1080, 1920, 3), 45, np.uint8)
CARD = desk(identity_card(PEOPLE[0]), ((530.0, 270.0), (1390.0, 270.0), (1390.0, 812.0), (530.0, 812.0)))


def test_the_other_zone_is_one() -> None:
    assert find_mrz([each.text for each in OTHER]) is not None


def watch(*answers: Read) -> KeyWatch:
    return KeyWatch(ScriptedReader(answers))


def test_two_readings_that_agree_are_a_key() -> None:
    keys = watch(ZONE, ZONE)
    assert keys.see(PASSPORT) is None
    assert (keys.sight, keys.corners is not None) == (Sight.SEEN, True)
    assert keys.see(PASSPORT) == KEY


def test_readings_that_differ_are_none_until_two_agree() -> None:
    keys = watch(ZONE, OTHER, ZONE, ZONE)
    assert [keys.see(PASSPORT) for _ in range(4)] == [None, None, None, KEY]


def test_a_letter_for_a_digit_is_mended_by_the_check_digits() -> None:
    misread = seen(Kind.MRZ, UPPER.replace("UTO", "UT0"), LOWER.replace("O", "0"))
    assert [watch(misread, ZONE).see(PASSPORT)] == [None]
    keys = watch(misread, ZONE)
    assert [keys.see(PASSPORT), keys.see(PASSPORT)] == [None, KEY]


def test_wrong_check_digits_are_unclear_in_the_end_and_clear_again_after() -> None:
    wrong = seen(Kind.MRZ, UPPER, LOWER[:-1] + "3")
    keys = watch(wrong, (), ReadingTrouble.SLOW, ZONE)
    sights: list[Sight] = []
    for _ in range(4):
        assert keys.see(PASSPORT) is None
        sights.append(keys.sight)
    assert sights == [Sight.SEEN, Sight.SEEN, Sight.UNCLEAR, Sight.SEEN]


def test_reading_that_does_not_work_is_said_and_one_that_was_stopped_is_not() -> None:
    keys = watch(ReadingTrouble.STOPPED, ReadingTrouble.FAILED)
    keys.see(PASSPORT)
    assert keys.sight is Sight.SEEN
    keys.see(PASSPORT)
    assert keys.sight is Sight.BROKEN


def test_nothing_is_read_of_an_empty_mat() -> None:
    reader = ScriptedReader()
    keys = KeyWatch(reader)
    for _ in range(30):
        assert keys.see(EMPTY) is None
    assert (keys.sight, keys.corners, reader.asked) == (Sight.NOTHING, None, [])


def test_a_card_without_a_zone_is_read_for_its_access_number() -> None:
    reader = ScriptedReader([seen(Kind.CAN, "123456")] * 2, zones=())
    keys = KeyWatch(reader)
    found = next((number, key) for number in range(30) if (key := keys.see(CARD)) is not None)
    assert found[1] == CanKey("123456")
    assert [kinds for kinds in reader.asked if kinds] == [frozenset({Kind.CAN})] * 2


@pytest.mark.parametrize("read", [seen(Kind.CAN, "123456", "654321"), ()])
def test_two_numbers_that_may_be_meant_are_none(read: Read) -> None:
    keys = KeyWatch(ScriptedReader([read] * 9, zones=()))
    assert not any(keys.see(CARD) for _ in range(30))


# --- pages ----------------------------------------------------------------------------------------------------------

PAGE = Scan(b"page", 10, 10)


def test_a_page_is_read_apart_and_told() -> None:
    posted: queue.SimpleQueue[Event] = queue.SimpleQueue()
    found = seen(Kind.NAME, "王秀英")
    reading = PageReading(reader=ScriptedReader([found]), post=posted.put)
    reading.read(7, PAGE, frozenset({Kind.NAME}))
    assert posted.get(timeout=10) == PageRead(7, PAGE, found)
    reading.close()


def test_what_is_being_read_at_the_wipe_is_told_to_nobody() -> None:
    posted: queue.SimpleQueue[Event] = queue.SimpleQueue()
    reader = ScriptedReader([seen(Kind.NAME, "王秀英")] * 3)
    reader.held.clear()
    reading = PageReading(reader=reader, post=posted.put)
    reading.read(7, PAGE, frozenset({Kind.NAME}))
    reading.read(7, PAGE, frozenset({Kind.NAME}))
    reader.begun.get(timeout=10)
    reading.forget()
    assert reader.stops >= 1
    reading.read(8, PAGE, frozenset({Kind.NAME}))
    assert posted.get(timeout=10) == PageRead(8, PAGE, seen(Kind.NAME, "王秀英"))
    assert posted.empty()
    reading.close()
    assert len(reader.asked) == 2  # the second page of the one who left was never read
