"""How papers share a thin line: rate, hours and pieces, by clocks that the test turns; and forms that never wait."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_queue.line import SMALLEST_PIECE, Hours, Line
from offline_queue.model import Item, Paper
from offline_queue.retry import Failure, FailureKind, Outcome
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import CHUNK_BYTES, State
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import TurnedClock, open_store, stored

NIGHT = Hours.parse("20:00-06:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23T{text}+08:00")


@pytest.mark.parametrize(
    ("hours", "now", "seconds"),
    [
        ("20:00-06:00", "19:59:30", 30),
        ("20:00-06:00", "20:00:00", 0),
        ("20:00-06:00", "23:59:59", 0),
        ("20:00-06:00", "00:00:00", 0),
        ("20:00-06:00", "05:59:59.5", 0),
        ("20:00-06:00", "06:00:00", 14 * 3600),
        ("12:00-13:30", "11:00:00", 3600),
        ("12:00-13:30", "12:00:00", 0),
        ("12:00-13:30", "13:30:00", 22.5 * 3600),
        ("00:00-23:59", "23:59:30", 30),
    ],
)
def test_hours(hours: str, now: str, seconds: float) -> None:
    assert Hours.parse(hours).seconds_to(at(now)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "20-06", "24:00-06:00", "20:00-06:60", "20:00 - 06:00", "20:00-20:00", "2０:00-06:00"]
)
def test_what_is_no_hours(text: str) -> None:
    with pytest.raises(ValueError, match="20:00-06:00"):
        Hours.parse(text)


@given(start=st.times(), length=st.integers(1, 1439), now=st.times())
def test_hours_begin_when_they_say(start: time, length: int, now: time) -> None:
    begin, then = at(f"{start:%H:%M}"), at(f"{now:%H:%M:%S}")
    hours = Hours.parse(f"{begin:%H:%M}-{begin + timedelta(minutes=length):%H:%M}")
    wait = hours.seconds_to(then)
    assert 0 <= wait < 86400
    assert hours.seconds_to(then + timedelta(seconds=wait)) == 0


def test_papers_keep_to_the_rate() -> None:
    clock = TurnedClock()
    line = Line(rate=8000, monotonic=clock.monotonic, wall=clock.wall)
    assert (line.seconds_to_papers(), line.piece) == (0, 64000)
    began, sent = clock.mono, 0
    for _ in range(50):
        clock.forward(line.seconds_to_papers())
        since = line.now()
        clock.forward(0.5)
        line.carried(line.piece, since=since)
        sent += line.piece
    clock.forward(line.seconds_to_papers())
    assert sent / (clock.mono - began) == pytest.approx(8000)


def test_a_pause_earns_no_burst() -> None:
    clock = TurnedClock()
    line = Line(rate=8000, monotonic=clock.monotonic, wall=clock.wall)
    clock.forward(10_000)
    line.carried(64000, since=line.now())
    assert line.seconds_to_papers() == pytest.approx(8)


def test_pieces_follow_the_line() -> None:
    clock = TurnedClock()
    line = Line(monotonic=clock.monotonic, wall=clock.wall)
    assert line.piece == CHUNK_BYTES
    for _ in range(10):
        line.choked()
    assert line.piece == SMALLEST_PIECE
    since = line.now()
    clock.forward(20)
    line.carried(line.piece, since=since)
    assert line.piece == SMALLEST_PIECE  # it took too long for more
    line.carried(line.piece, since=line.now())
    assert line.piece == 2 * SMALLEST_PIECE
    line.carried(10, since=line.now())
    assert line.piece == 2 * SMALLEST_PIECE  # the end of a paper says nothing of the line
    for _ in range(10):
        line.carried(line.piece, since=line.now())
    assert line.piece == CHUNK_BYTES


# --- with a queue -----------------------------------------------------------------------------------------------------


def show(store: Store, uid: str) -> Item:
    item = store.show(uid)
    assert item is not None
    return item


PAPER = Paper(material="m", media_type="image/png", content=b"1" * 200_000)


def test_papers_go_on_when_the_rate_allows_and_forms_in_between(tmp_path: Path) -> None:
    clock = TurnedClock()
    store, platform = open_store(tmp_path, clock), ModelPlatform(lambda: "ok")
    line = Line(rate=8000, monotonic=clock.monotonic, wall=clock.wall)
    uid = stored(store.put(matter="m", form={}, attachments=[PAPER])).uid
    percents: list[object] = []
    for rounds in range(1, 20):
        late = stored(store.put(matter="m", form={"n": rounds})).uid
        assert sync_once(store, platform, line=line).failed == 0
        assert show(store, late).state is State.DONE
        item = show(store, uid)
        assert item.last_error is None
        percents.append(item.row()["percent"])
        if item.state is State.DONE:
            break
        wait = store.outbox.seconds_to_next(papers_in=line.seconds_to_papers())
        assert wait == pytest.approx(line.seconds_to_papers())
        clock.forward(wait or 0)
    assert percents == [32, 64, 96, 100]
    store.close()


def test_outside_the_hours_only_forms_go(tmp_path: Path) -> None:
    clock = TurnedClock()
    store, platform = open_store(tmp_path, clock), ModelPlatform(lambda: "ok")
    line = Line(hours=NIGHT, monotonic=clock.monotonic, wall=clock.wall)
    uid = stored(store.put(matter="m", form={}, attachments=[PAPER])).uid
    assert sync_once(store, platform, line=line).waiting == 1
    item = show(store, uid)
    assert (item.state, item.attempts, item.last_error) == (State.RECEIVED, 0, None)
    assert sync_once(store, platform, line=line).attempted == 0
    assert store.outbox.seconds_to_next(papers_in=line.seconds_to_papers()) == pytest.approx(11 * 3600)
    clock.forward(11 * 3600)
    assert sync_once(store, platform, line=line).delivered == 1
    store.close()


def test_a_form_that_comes_goes_before_the_rest_of_a_paper(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    order: list[str] = []

    class PutsMeanwhile(ModelPlatform):
        def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
            order.append("form")
            return super().put_form(uid, body, media_type)

        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
            order.append("piece")
            if offset == 0:
                store.put(matter="m", form={})
            return super().send_chunk(name, offset, chunk)

    store.put(matter="m", form={}, attachments=[Paper(material="m", media_type="a/b", content=b"1" * 3_000_000)])
    assert sync_once(store, PutsMeanwhile(lambda: "ok")).delivered == 2
    assert order == ["form", "piece", "form", "piece", "piece"]
    store.close()


def test_a_line_too_thin_for_a_piece_gets_smaller_ones(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    sizes: list[int] = []
    line = Line(monotonic=clock.monotonic, wall=clock.wall)

    class Thin(ModelPlatform):
        """Carries 10,000 bytes a second, and gives up after 30 s."""

        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
            sizes.append(len(chunk))
            clock.forward(min(30.0, len(chunk) / 10_000))
            if len(chunk) > 300_000:
                return Failure(kind=FailureKind.DEADLINE)
            return super().send_chunk(name, offset, chunk)

    content = b"1" * 1_000_000
    store.put(matter="m", form={}, attachments=[Paper(material="m", media_type="a/b", content=content)])
    platform = Thin(lambda: "ok")
    assert sync_once(store, platform, line=line).failed == 1
    assert sync_once(store, platform, line=line, hurry=True).delivered == 1
    assert sizes == [1_000_000, 262144, 262144, 262144, 213568]
    store.close()
