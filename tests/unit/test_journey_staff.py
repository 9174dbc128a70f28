"""The staff view: opened by a code, closed by silence or a card, and what it may do."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.staff_code import hash_staff_code, is_hash, opens
from kiosk.journey.effects import CheckStaffCode, LookAtQueue, ReleaseHeld
from kiosk.journey.events import (
    Back,
    Begin,
    CardChanged,
    Draft,
    Finish,
    Next,
    OpenStaff,
    QueueTold,
    SendAgain,
    StaffChecked,
    SyncChanged,
)
from kiosk.journey.staffed import LOCKED_S, SILENCE_S, HeldItem, QueueSeen, StaffCode, StaffView
from kiosk.journey.states import Delivery, Identify, Terminal, Welcome, WhoFor
from tests.support.journeys import HALL, NOON, WANG, Walk

SEEN = QueueSeen(waiting=2, held=(HeldItem(uid="u", number="n", created=NOON, reason="http-422"),))


def opened() -> Walk:
    return Walk().do(OpenStaff(), Draft("204060"), Next(), StaffChecked(True), QueueTold(SEEN))


def test_the_code_opens_the_view_which_shows_the_queue() -> None:
    walk = Walk().do(OpenStaff(), Draft("20-4o060"))
    assert walk.screen == StaffCode(draft="204060")
    walk.do(Next())
    assert walk.effects[-1] == CheckStaffCode("204060")
    assert walk.screen == StaffCode(checking=True)
    assert "204060" not in repr(walk.terminal)
    walk.do(StaffChecked(True))
    assert walk.effects[-1] == LookAtQueue()
    assert walk.do(QueueTold(SEEN)).screen == StaffView(seen=SEEN)
    assert walk.terminal.session is None


def test_without_a_code_in_the_configuration_nothing_opens() -> None:
    assert isinstance(Walk(replace(HALL, staff=False)).do(OpenStaff()).screen, Welcome)


def test_nothing_opens_over_a_resident() -> None:
    assert isinstance(Walk().do(Begin(), OpenStaff()).screen, WhoFor)


def test_five_wrong_codes_lock_for_a_quarter_of_an_hour_even_when_the_screen_is_left() -> None:
    walk = Walk()
    for _ in range(5):
        walk.do(OpenStaff(), Draft("111112"), Next(), StaffChecked(False))
        assert walk.screen == StaffCode(wrong=True)
        walk.do(Back())
    checks = len(walk.effects)
    walk.do(OpenStaff(), Draft("204060"), Next())
    assert walk.screen == StaffCode()
    assert len(walk.effects) == checks
    walk.do(Back()).wait(LOCKED_S + 1).do(OpenStaff(), Draft("204060"), Next())
    assert walk.effects[-1] == CheckStaffCode("204060")


def test_a_right_code_forgets_the_wrong_ones() -> None:
    walk = Walk()
    for right in (False, False, False, False, True, False, False, False, False):
        walk.do(OpenStaff(), Draft("204060"), Next(), StaffChecked(right), Back())
    assert walk.terminal.staff_locked == 0.0


def test_an_answer_that_nobody_waits_for_opens_nothing() -> None:
    assert isinstance(Walk().do(StaffChecked(True)).screen, Welcome)
    assert Walk().do(OpenStaff(), StaffChecked(True)).screen == StaffCode()
    late = Walk().do(OpenStaff(), Draft("204060"), Next(), Back(), OpenStaff(), StaffChecked(True))
    assert late.screen == StaffCode()


def test_a_held_submission_is_sent_again_and_no_other() -> None:
    walk = opened().do(SendAgain("another"))
    assert ReleaseHeld("another") not in walk.effects
    walk.do(SendAgain("u"))
    assert walk.effects[-1] == ReleaseHeld("u")
    assert walk.screen == StaffView(seen=SEEN, sent=frozenset({"u"}))


def test_what_the_sync_does_is_looked_at_again() -> None:
    assert opened().do(SyncChanged("u", Delivery.DONE, "c")).effects[-1] == LookAtQueue()


def test_silence_back_and_finish_close_it() -> None:
    assert isinstance(opened().wait(SILENCE_S - 1).screen, StaffView)
    for walk in (opened().wait(SILENCE_S + 1), opened().do(Back()), opened().do(Finish())):
        assert isinstance(walk.screen, Welcome)
        assert walk.terminal.overlay is None


def test_a_card_closes_it_and_begins() -> None:
    walk = opened().do(CardChanged(WANG))
    assert isinstance(walk.screen, WhoFor | Identify)
    assert walk.terminal.session is not None


def test_codes_are_kept_as_hashes() -> None:
    kept = hash_staff_code("204060")
    assert is_hash(kept)
    assert opens("204060", kept)
    assert not opens("204061", kept)
    assert not opens("204060", kept[:-4] + "AAA=")
    assert kept != hash_staff_code("204060")
    assert not is_hash("204060")
    for wrong in ("12345", "111111", "1234567890123", "12345a", ""):
        try:
            hash_staff_code(wrong)
        except ValueError:
            continue
        raise AssertionError(wrong)


def test_a_terminal_at_rest_knows_of_no_staff() -> None:
    assert Terminal(now=0.0, today=NOON.date()).staff_wrong == 0
