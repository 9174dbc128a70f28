from __future__ import annotations

import math
from dataclasses import replace

import pytest

from district.admission import (
    FEW,
    FIRST_PACE,
    LONGEST_SECONDS,
    MOST_REQUESTS,
    UNTOLD,
    Admission,
    Later,
    Turn,
)
from offline_queue.retry import LONGEST_RETRY_AFTER
from tests.support.rush import Rush, exponential, fixed, jitter, simulate

WELCOME = None


def full(*, most: int = 2, pace: float | None = 10.0) -> Admission:
    """With as much under way as may be."""
    admission = Admission(most=most, pace=pace)
    for _ in range(most):
        admission.begin()
    return admission


def told(answer: Later | None) -> int:
    assert isinstance(answer, Later)
    return answer.seconds


def test_while_the_platform_keeps_up_everybody_is_welcome() -> None:
    admission = Admission(most=2, pace=1.0)
    for second in range(100):
        assert admission.ask(f"T{second}", now=float(second), requests=1000) == WELCOME
        admission.begin()
        admission.done(now=second + 0.5)
    assert admission.is_calm(now=100.0)
    assert not admission.given()


def test_turns_follow_each_other_by_what_each_brings() -> None:
    admission = full(pace=10.0)
    waits = [told(admission.ask(f"T{n}", now=100.0, requests=107)) for n in range(4)]
    assert waits == [1, 11, 21, 31]  # 107 requests at 10 a second, and a little ahead of that
    assert told(admission.ask("T2", now=100.0, requests=107)) == 21, "the turn it has"
    assert told(admission.ask("T9", now=100.0)) == 41
    assert told(admission.ask("TA", now=100.0)) == 41 + math.ceil(UNTOLD / 10.7)


def test_in_its_turn_a_terminal_is_welcome_for_what_it_brings_and_others_are_not() -> None:
    admission = full(pace=10.0)
    for name in ("T1", "T2", "T3"):
        admission.ask(name, now=100.0, requests=107)
    for _ in range(2):
        admission.done(now=100.5)
    assert admission.ask("T1", now=101.0, requests=107) == WELCOME
    assert told(admission.ask("T3", now=101.0, requests=107)) == 20
    assert told(admission.ask("T9", now=101.0, requests=107)) == 30
    for _ in range(106):
        assert admission.ask("T1", now=101.0, requests=50) == WELCOME
    assert told(admission.ask("T1", now=101.0, requests=107)) == 40, "its turn is over: another one, behind the others"


def test_where_a_resident_has_just_handed_in_nobody_waits_behind_a_rush() -> None:
    admission = full(pace=1.0)
    for name in ("T0", "T1", "T2", "T4"):
        admission.ask(name, now=0.0, requests=MOST_REQUESTS)
    admission.done(now=0.1)
    assert admission.ask("T2", now=1.0, requests=FEW) == WELCOME
    assert told(admission.ask("T3", now=1.0, requests=FEW + 1)) > 900
    admission.begin()
    assert told(admission.ask("T2", now=1.0, requests=FEW)) > 900, "but not above what is worked on at once"


def test_who_merely_says_to_be_a_terminal_spends_nothing_of_its_turn() -> None:
    admission = full(pace=10.0)
    assert admission.glance("T1", now=0.0, requests=107) == Later(seconds=1)
    assert admission.glance("T2", now=0.0, requests=10**9) == Later(seconds=11), "as long as any turn may be"
    assert admission.glance("T3", now=0.0, requests=107) == Later(seconds=11 + math.ceil(MOST_REQUESTS / 10.7))
    assert admission.glance("T2", now=0.5, requests=107) == Later(seconds=11), "the one it has"
    for _ in range(2):
        admission.done(now=1.0)
    for _ in range(1000):
        assert admission.glance("T1", now=1.0, requests=107) is None
    for _ in range(107):
        assert admission.ask("T1", now=1.0, requests=107) == WELCOME
    assert admission.glance("T1", now=1.0, requests=107) is None, "that is for the gate to say"
    assert told(admission.ask("T1", now=1.0, requests=107)) > 50


def test_a_turn_that_meets_a_full_house_is_put_off() -> None:
    admission = full(pace=10.0)
    assert told(admission.ask("T1", now=0.0, requests=107)) == 1
    assert told(admission.ask("T1", now=1.0, requests=107)) == 10
    assert admission.given()["T1"].begins == pytest.approx(11.0)


def test_after_the_last_turn_it_is_as_before() -> None:
    admission = full(pace=10.0)
    admission.ask("T1", now=0.0, requests=107)
    admission.done(now=0.5)
    assert not admission.is_calm(now=10.9)
    assert admission.is_calm(now=11.1)
    assert admission.ask("T2", now=11.1, requests=107) == WELCOME


@pytest.mark.parametrize("claimed", [0, -7, MOST_REQUESTS, 10**9])
def test_no_claim_books_more_than_so_much(claimed: int) -> None:
    admission = full(pace=1.0)
    admission.ask("T1", now=0.0, requests=claimed)
    assert told(admission.ask("T2", now=0.0, requests=1)) <= 1 + math.ceil(MOST_REQUESTS / 1.07)


def test_nobody_is_told_more_than_a_terminal_obeys_and_what_is_further_away_is_told_as_evenly() -> None:
    admission = full(pace=0.4)
    waits = [told(admission.ask(f"T{n}", now=0.0, requests=428)) for n in range(100)]
    assert max(waits) <= LONGEST_SECONDS == LONGEST_RETRY_AFTER
    later = [wait for n, wait in enumerate(waits) if 1 + n * 1000 > LONGEST_SECONDS]
    assert min(later) >= LONGEST_SECONDS / 2
    tenths = [sum(k <= (wait - 7200) / 720 < k + 1 for wait in later) for k in range(10)]
    assert max(tenths) - min(tenths) <= 6
    admission.done(now=0.5)
    now = float(waits[99])
    while isinstance(answer := admission.ask("T99", now=now, requests=428), Later):
        now += answer.seconds
    assert now == pytest.approx(99_001, abs=2), "those who come back as told are let in when it is their turn"


def test_the_pace_is_what_was_seen_in_seconds_with_enough_to_do() -> None:
    admission = Admission(most=64, pace=1000.0)
    now = 0.0
    for _ in range(20):
        admission.begin()
    for _ in range(100 * 40):  # 40 s of 100 a second, with twenty under way throughout
        now += 0.01
        admission.done(now=now)
        admission.begin()
    assert admission.pace == pytest.approx(100.0, rel=0.05)
    for _ in range(20):
        admission.done(now=now)
    for second in range(50):  # little to do says nothing
        admission.begin()
        admission.done(now=now + second)
    assert admission.pace == pytest.approx(100.0, rel=0.05)


def test_seconds_of_refusing_say_nothing_of_the_pace() -> None:
    admission = full(most=10, pace=1000.0)
    for second in range(30):
        for n in range(100):
            admission.ask(f"T{second}-{n}", now=float(second), requests=10)
        admission.done(now=float(second))
        admission.begin()
    assert admission.pace == 1000.0


def work_for(admission: Admission, seconds: int, *, rate: int, since: float = 0.0) -> float:
    """As much under way throughout as there is now, answered at that rate a second; when that ends."""
    for n in range(1, seconds * rate + 1):
        admission.done(now=since + n / rate)
        admission.begin()
    return since + seconds


def test_until_a_pace_was_seen_there_is_room_or_a_time_by_a_guess_and_nobody_has_a_turn() -> None:
    admission = Admission(most=10)
    for _ in range(9):
        admission.begin()
    assert admission.ask("T1", now=0.0, requests=107) == WELCOME
    admission.begin()
    waits = [told(admission.glance(f"T{n}", now=0.0, requests=450)) for n in range(20)]
    assert waits == [math.ceil(1 + n * 450 / (FIRST_PACE * 1.07)) for n in range(20)]
    assert admission.given() == {}
    admission.done(now=0.1)
    assert admission.is_calm(now=0.1)
    assert admission.ask("T19", now=0.1, requests=107) == WELCOME, "long before the time that it was told"
    assert admission.pace is None


def test_the_first_seconds_with_enough_to_do_end_the_guess_and_the_best_of_them_counts() -> None:
    admission = Admission(most=10)
    for _ in range(10):
        admission.begin()
    admission.glance("T1", now=0.0, requests=MOST_REQUESTS)
    now = work_for(admission, 2, rate=20)
    now = work_for(admission, 1, rate=50, since=now)
    assert admission.pace is None
    now = work_for(admission, 2, rate=20, since=now)
    assert admission.pace == pytest.approx(50.0, rel=0.05)
    assert told(admission.glance("T2", now=now, requests=107)) == 1, "what was told by the guess books nothing"
    assert set(admission.given()) == {"T2"}


def test_a_process_that_has_measured_nothing_takes_anothers_pace_and_only_then() -> None:
    cold, warm = full(pace=None), full(pace=4.0)
    for one in (cold, warm):
        one.learn({}, now=0.0, pace=10.0)
    assert (cold.pace, warm.pace) == (10.0, 4.0)


def test_turns_that_were_booked_by_much_too_high_a_pace_are_told_anew_at_a_glance() -> None:
    admission = full(most=10, pace=100.0)
    waits = {f"T{n}": told(admission.glance(f"T{n}", now=0.0, requests=107)) for n in range(50)}
    assert set(waits.values()) == set(range(1, 51))
    now = work_for(admission, 8, rate=20)
    assert admission.given() == {}, "and no other process hears of them any more"
    assert 0.0 < admission.forgot <= now
    again = [told(admission.glance(f"T{n}", now=now, requests=107)) for n in range(10, 20)]
    assert again == [math.ceil(1 + n * 107 / (pace * 1.07)) for n, pace in enumerate([admission.pace or 0.0] * 10)]


def test_a_guess_that_leaves_time_for_nothing_but_refusing_was_too_bright() -> None:
    admission = full(most=10, pace=None)
    for second in range(12):
        for n in range(60):
            admission.glance(f"T{second}-{n}", now=float(second), requests=10)
        work_for(admission, 1, rate=20, since=float(second))
    assert admission.pace is None
    first, second = (told(admission.glance(f"T{n}", now=12.0, requests=500)) for n in range(2))
    assert second - first >= 500 / (FIRST_PACE / 4)


def test_a_second_that_brings_a_little_less_makes_nobody_forget() -> None:
    admission = full(most=10, pace=25.0)
    admission.glance("T1", now=0.0, requests=428)
    work_for(admission, 20, rate=20)
    assert admission.forgot < 0.0
    assert set(admission.given()) == {"T1"}


def test_processes_honour_each_others_turns() -> None:
    one, other = full(pace=4.0), full(pace=4.0)
    assert told(one.ask("T1", now=0.0, requests=428)) == 1
    assert told(one.ask("T2", now=0.0, requests=428)) == 101
    assert told(other.ask("T3", now=0.0, requests=428)) == 1
    other.learn(one.given(), now=0.0)
    assert one.given() == {}
    assert told(other.ask("T2", now=0.0, requests=428)) == 101
    other.learn({"T2": Turn(begins=50.0, requests=1)}, now=0.0)
    assert told(other.ask("T2", now=0.0, requests=428)) == 101, "the later turn is the one it was told last"
    other.learn({"T2": Turn(begins=900.0, requests=1)}, now=0.0)
    assert told(other.ask("T2", now=0.0, requests=428)) == 900
    for _ in range(2):
        other.done(now=1.0)
    assert other.ask("T1", now=1.0, requests=428) == WELCOME, "in the turn that it has from the other one"
    assert told(other.ask("T4", now=1.0, requests=428)) == 100


# --- The whole of a district, small -----------------------------------------------------------------------------------

TOWN = Rush(terminals=1000, requests=100, rate=50.0, pace=50.0)
BATCHES = replace(TOWN, terminals=3000, requests=10, rate=30.0, pace=30.0, refusal=0.03, gate=0.25)


@pytest.mark.parametrize(
    "rush",
    [
        TOWN,
        replace(TOWN, pace=None),
        replace(TOWN, processes=2),
        BATCHES,
        replace(BATCHES, terminals=10_000, rate=250.0, pace=None),
        replace(BATCHES, terminals=10_000, rate=250.0, pace=None, processes=2),
        replace(BATCHES, pace=60.0),
    ],
    ids=["known", "unknown", "two", "batches", "batches-unknown", "batches-unknown-two", "batches-mistaken"],
)
def test_a_district_that_wakes_at_once_is_through_in_the_time_its_work_takes(rush: Rush) -> None:
    found = simulate(rush)
    assert found.ratio is not None
    assert found.ratio <= 1.05
    assert found.wasted <= 0.01
    assert found.late == 0


@pytest.mark.parametrize(
    "rush",
    [
        replace(TOWN, told=False),
        replace(TOWN, wait=fixed),
        replace(TOWN, counted=False),
        replace(TOWN, wait=exponential),
        replace(TOWN, wait=jitter),
        *(replace(TOWN, admission=False, deadline=10.0, wait=wait) for wait in (fixed, exponential, jitter)),
    ],
    ids=lambda rush: f"{rush.wait.__name__}-{'told' if rush.told else 'untold'}-{rush.counted}-{rush.admission}",
)
def test_nothing_less_gets_there(rush: Rush) -> None:
    found = simulate(rush)
    assert found.ratio is None or found.ratio > 1.05 or found.wasted > 0.01
