"""One damaged row is held by itself, whatever was damaged: the others are sent, everything can be listed, and what is
sealed puts right what it proves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from offline_queue.findings import Finding, Mended, Repair, Wrong
from offline_queue.model import Paper
from offline_queue.reasons import Reason
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import State
from tests.support.damage import damage
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import ID_NUMBER, TurnedClock, open_store, stored

PAGE = Paper(material="m", media_type="image/png", content=b"page" * 100)
BAD_TEXT = "CAST(x'f2657c' AS TEXT)"


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


def laid(folder: Path, clock: TurnedClock, *papers: Paper, count: int = 3) -> list[str]:
    store = open_store(folder, clock)
    uids = [
        stored(store.put(matter="m", form={"n": n}, attachments=papers, id_number=ID_NUMBER, slip_data=b"s")).uid
        for n in range(count)
    ]
    store.close()
    return uids


def look(store: Store) -> None:
    """Everything that staff, screens, heartbeats and a stick ask: none of it may raise."""
    for item in store.list():
        assert item.row()
        assert item.details()
    asked: list[Callable[[], object]] = [
        store.latest,
        lambda: store.overview(most=9, moving=9),
        store.health,
        store.unsettled,
        store.waiting,
        lambda: store.find(ID_NUMBER),
        store.verify,
        store.forget_ended,
        store.expire_reprints,
    ]
    for ask in asked:
        ask()


_VALUES = {
    "uid": [BAD_TEXT, "'" + "g" * 36 + "'", "5", "x'00'"],
    "number": [BAD_TEXT, "'TY03-261123-0001-X'", "NULL", "7"],
    "state": [BAD_TEXT, "'seady'", "NULL", "x'00'"],
    "test": ["1", "'a'", "NULL", "8"],
    "body": ["x'00'", "NULL", "'text'", "substr(body, 2)"],
    "body_sha256": [BAD_TEXT, "NULL", "3", "'" + "0" * 64 + "'"],
    "body_bytes": ["999999999999", "0", "-1", "'a'", "NULL"],
    "key_id": [BAD_TEXT, "'mocal-x'", "NULL", "x'00'"],
    "summary": ["x''", "NULL", "'a'"],
    "finder": ["x'00'", "'a'", "5"],
    "reprint": ["x'00'", "'a'", "5"],
    "created_wall": [BAD_TEXT, "'2026-99-99'", "NULL", "x'00'"],
    "created_epoch": ["'a'", "NULL", "1e300", "-1e300"],
    "boot_id": [BAD_TEXT, "NULL", "5"],
    "attempts": ["'a'", "NULL", "-5", "1 << 60"],
    "next_mono": ["'a'", "NULL", "1e300", "x'00'"],
    "next_wall": [BAD_TEXT, "5"],
    "lease": [BAD_TEXT, "'x.y'", "'99999999999999.a'", "5"],
    "lease_mono": ["'a'", "1e300"],
    "last_error": [BAD_TEXT, "'not-a-seceipt'", "5"],
    "receipt": ["x'00'", "'a'", "5"],
    "case_number": [BAD_TEXT, "5"],
    "ended_epoch": ["1.0", "'a'"],
    "reason": ["x'00'", "'a'"],
    "exported_epoch": ["'a'", "1.0"],
}


@pytest.mark.parametrize("column", _VALUES)
def test_one_damaged_value_stops_nothing_else(tmp_path: Path, clock: TurnedClock, column: str) -> None:
    for at, value in enumerate(_VALUES[column]):
        folder = tmp_path / str(at)
        hit, *others = laid(folder, clock)
        damage(folder, f"UPDATE submission SET {column} = {value} WHERE seq = 1")
        store = open_store(folder, clock)
        look(store)
        platform = ModelPlatform(lambda: "ok")
        for _ in range(3):
            sync_once(store, platform, hurry=True)
            look(store)
        assert set(others) <= set(platform.bodies), value
        store.repair()
        look(store)
        sync_once(store, platform, hurry=True)
        seen = {item.uid: item for item in store.list()}
        assert all(seen[uid].state is State.DONE for uid in others), value
        assert len(seen) == 3
        if hit not in platform.bodies:  # it is not lost sight of
            assert store.verify()
            assert any(item.state in (State.HELD, State.CANCELLED, State.DONE) for item in seen.values())
        store.close()


def test_a_damaged_row_is_held_and_sent_when_its_seal_proves_it(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    hit, *others = laid(folder, clock)
    damage(folder, "UPDATE submission SET attempts = 'x' WHERE seq = 1")
    store = open_store(folder, clock)
    platform = ModelPlatform(lambda: "ok")
    assert sync_once(store, platform).delivered == len(others)
    item = store.show(hit)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, Reason.ROW_DAMAGED)
    assert store.overview(most=3, moving=9).items[0].last_error == Reason.ROW_DAMAGED
    assert Repair(uid=hit, code=Mended.ROW, detail="state") in store.repair()
    assert sync_once(store, platform).delivered == 1
    assert store.verify() == ()
    store.close()


def test_a_state_that_flipped_is_what_the_row_says_it_was(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    done, cancelled, waiting = laid(folder, clock)
    store = open_store(folder, clock)
    store.cancel(cancelled, reason="r", by="a", confirmed_by="b")
    platform = ModelPlatform(lambda: "ok")
    sync_once(store, platform)
    store.close()
    damage(folder, "UPDATE submission SET state = 'x' || state")
    store = open_store(folder, clock)
    assert {item.state for item in store.list()} == {State.HELD}
    store.repair()
    states = {item.uid: item.state for item in store.list()}
    assert states == {done: State.DONE, cancelled: State.CANCELLED, waiting: State.DONE}
    assert cancelled not in platform.bodies
    store.close()


# --- the day's counter ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["last & ~16", "last | (1 << 40)", "-1", "NULL", "'x'"])
def test_a_counter_that_flipped_refuses_nobody(tmp_path: Path, clock: TurnedClock, last: str) -> None:
    folder = tmp_path / "queue"
    laid(folder, clock, count=20)
    damage(
        folder, f"UPDATE OR IGNORE counter SET last = {last}" if last not in ("NULL", "'x'") else "DELETE FROM counter"
    )
    store = open_store(folder, clock)
    behind = [finding.code for finding in store.verify()]
    assert behind == ([] if "40" in last else [Wrong.COUNTER])
    numbers = {stored(store.put(matter="m", form={})).provisional_number for _ in range(3)}
    assert [number.split("-")[2] for number in sorted(numbers)] == ["0021", "0022", "0023"]
    assert store.verify() == ()
    clock.forward(86_400)
    assert stored(store.put(matter="m", form={})).provisional_number.split("-")[2] == "0001"
    store.close()


def test_verify_sets_a_counter_that_is_behind(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    laid(folder, clock, count=5)
    damage(folder, "UPDATE counter SET last = 1")
    store = open_store(folder, clock)
    assert store.verify() == (Finding(uid=None, code=Wrong.COUNTER, detail="261123 5"),)
    assert store.repair() == (Repair(uid=None, code=Mended.COUNTER, detail="261123 5"),)
    assert store.verify() == ()
    store.close()


def test_what_may_have_left_is_known_by_the_rows(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    laid(folder, clock)
    store = open_store(folder, clock)
    sync_once(store, ModelPlatform(lambda: "busy"))
    store.close()
    damage(folder, "UPDATE offered SET seq = 1")
    store = open_store(folder, clock)
    assert store.verify() == (Finding(uid=None, code=Wrong.OFFERED, detail="3"),)
    assert store.repair() == (Repair(uid=None, code=Mended.OFFERED, detail="3"),)
    assert store.verify() == ()
    store.close()


# --- papers and their rows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hit",
    [
        "UPDATE attachment SET submission = 65 WHERE submission = 1",
        "DELETE FROM attachment WHERE submission = 1",
        "UPDATE attachment SET bytes = bytes + 1 WHERE submission = 1",
        "UPDATE attachment SET sha256 = 'x' WHERE submission = 1",
        "UPDATE attachment SET id = 'x' || substr(id, 2) WHERE submission = 1",
        "UPDATE attachment SET position = position - 9 WHERE submission = 1 AND position = 1",
    ],
)
def test_a_lost_paper_is_told_and_laid_anew_by_the_form(tmp_path: Path, clock: TurnedClock, hit: str) -> None:
    folder = tmp_path / "queue"
    uid, other = laid(folder, clock, PAGE, Paper(material="n", media_type="image/png", content=b"other"), count=2)
    damage(folder, hit)
    store = open_store(folder, clock)
    assert Finding(uid=uid, code=Wrong.PAPERS_DIFFER) in store.verify()
    platform = ModelPlatform(lambda: "ok")
    for _ in range(3):
        sync_once(store, platform, hurry=True)
    seen = {item.uid: item for item in store.list()}
    assert seen[other].state is State.DONE
    assert seen[uid].state is not State.DONE or "position" in hit or "sha256" in hit
    store.repair()
    assert store.verify() == ()
    store.retry(uid)
    sync_once(store, platform, hurry=True)
    assert {item.state for item in store.list()} == {State.DONE}
    assert sorted(map(bytes, platform.papers.values())) == sorted([PAGE.content, b"other"] * 2)
    assert store.verify() == ()
    store.close()


def test_a_paper_whose_row_is_lost_waits_for_people_and_says_why(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    (uid,) = laid(folder, clock, PAGE, count=1)
    damage(folder, "UPDATE attachment SET submission = 65")
    store = open_store(folder, clock)
    assert sync_once(store, ModelPlatform(lambda: "ok"), hurry=True).delivered == 0
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, Reason.PAPER_MISSING)
    store.close()


@pytest.mark.parametrize("column", ["bytes", "offset", "attempts"])
def test_a_paper_row_of_other_types_holds_its_submission(tmp_path: Path, clock: TurnedClock, column: str) -> None:
    folder = tmp_path / "queue"
    uid, _ = laid(folder, clock, PAGE, count=2)
    damage(folder, f"UPDATE attachment SET {column} = 'x' WHERE submission = 1")
    store = open_store(folder, clock)
    look(store)
    platform = ModelPlatform(lambda: "ok")
    assert sync_once(store, platform, hurry=True).delivered == 1
    look(store)
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, Reason.ROW_DAMAGED)
    store.close()


# --- the lesser lanes, leases, pauses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("hit", ["level = 9", "level = 'x'", "attempts = 'x'", "next_mono = x'00'"])
def test_a_damaged_rating_stops_no_other(tmp_path: Path, clock: TurnedClock, hit: str) -> None:
    folder = tmp_path / "queue"
    uids = laid(folder, clock, count=2)
    store = open_store(folder, clock)
    for uid in uids:
        store.rate(uid, 5)
    store.close()
    damage(folder, f"UPDATE rating SET {hit} WHERE submission = 1")
    store = open_store(folder, clock)
    look(store)
    rated: list[str] = []

    class Listening(ModelPlatform):
        def put_rating(self, uid: str, body: bytes):
            rated.append(uid)
            return super().put_rating(uid, body)

    sync_once(store, Listening(lambda: "ok"), hurry=True)
    assert uids[1] in rated
    assert store.outbox.next_work() is None
    store.repair()
    look(store)
    store.close()


@pytest.mark.parametrize(
    "hit",
    [
        "INSERT INTO sender VALUES (1, CAST(x'f2' AS TEXT), 1, 1e300)",
        "INSERT INTO pause VALUES (1, 'unreachable', 1e300, '')",
        "INSERT OR REPLACE INTO started VALUES (1, CAST(x'f2' AS TEXT), 0.0)",
        "INSERT OR REPLACE INTO started VALUES (1, 'boot-1', 1e300)",
        "UPDATE submission SET next_mono = 1e300 WHERE seq = 4",
        "DELETE FROM offered",
        "INSERT INTO telemetry VALUES (CAST(x'f2' AS TEXT), '{}', 0, 0.0)",
        "UPDATE submission SET state = 'sending', lease = '4194305.x', lease_mono = 1e300 WHERE seq = 2",
    ],
)
def test_what_passes_by_itself_stops_nothing(tmp_path: Path, clock: TurnedClock, hit: str) -> None:
    folder = tmp_path / "queue"
    laid(folder, clock)
    damage(folder, hit)
    store = open_store(folder, clock)
    store.outbox.start()
    clock.forward(60)
    assert store.outbox.take_turn(service=False)
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 3
    assert store.outbox.next_work() is None
    look(store)
    store.close()


def test_what_was_put_off_for_ever_is_due(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    uid, *_ = laid(folder, clock)
    store = open_store(folder, clock)
    store.outbox.start()
    store.close()
    damage(folder, "UPDATE submission SET next_mono = 1e9 WHERE seq = 1")
    store = open_store(folder, clock)
    assert store.verify() == (Finding(uid=uid, code=Wrong.DUE),)
    assert store.repair() == (Repair(uid=uid, code=Mended.DUE),)
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 3
    store.close()


# --- verify is true to its sentence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hit", "code", "after"),
    [
        ("UPDATE submission SET reprint = CAST(x'00' || substr(reprint, 2) AS BLOB)", Wrong.REPRINT, True),
        ("UPDATE submission SET finder = CAST(x'00' || substr(finder, 2) AS BLOB)", Wrong.FINDER, False),
        ("UPDATE submission SET summary = CAST(x'00' || substr(summary, 2) AS BLOB)", Wrong.SUMMARY, True),
        ("UPDATE submission SET number = 'TY03-261123-0001-0'", Wrong.NUMBER, False),
        ("UPDATE submission SET created_wall = '2026-11-24T09:00:00+08:00'", Wrong.ROW, False),
        ("UPDATE submission SET last_error = 'not-a-seceipt'", Wrong.ROW, False),
        ("UPDATE submission SET state = 'sending'", Wrong.SENDING, False),
        ("INSERT INTO rating (submission, level, state, next_mono) VALUES (77, 3, 'ready', 0)", Wrong.ORPHAN, False),
        ("INSERT INTO rating (submission, level, state, next_mono) VALUES (1, 9, 'ready', 0)", Wrong.RATING, True),
        ("INSERT INTO rating (submission, level, state, next_mono) VALUES (1, 3, 'seady', 0)", Wrong.RATING, False),
        ("INSERT INTO attachment VALUES ('x', 77, 0, 1, '', 'ready', 0, 0, 0)", Wrong.ORPHAN, True),
        ("INSERT INTO attachment VALUES ('x', 77, 0, 1, '', 'done', 0, 0, 0)", Wrong.ORPHAN, False),
    ],
)
def test_verify_tells_each_and_repair_mends_what_is_safe(
    tmp_path: Path, clock: TurnedClock, hit: str, code: Wrong, after: bool
) -> None:
    folder = tmp_path / "queue"
    laid(folder, clock, PAGE, count=1)
    damage(folder, hit)
    store = open_store(folder, clock)
    assert code in {finding.code for finding in store.verify()}
    mended = store.repair()
    assert bool(mended) is not after or code is Wrong.RATING
    left = {finding.code for finding in store.verify()} - {Wrong.DATABASE}
    assert left == ({code} if after else set())
    store.close()


@pytest.mark.parametrize("what", ["body", "reason", "paper"])
def test_what_was_withdrawn_is_checked_too(tmp_path: Path, clock: TurnedClock, what: str) -> None:
    folder = tmp_path / "queue"
    (uid,) = laid(folder, clock, PAGE, count=1)
    store = open_store(folder, clock)
    store.cancel(uid, reason="r", by="a", confirmed_by="b")
    store.close()
    if what == "paper":
        next((folder / "blobs").iterdir()).write_bytes(b"bad")
    else:
        damage(folder, f"UPDATE submission SET {what} = CAST(x'00' || substr({what}, 2) AS BLOB)")
    store = open_store(folder, clock)
    code = {"body": Wrong.BODY, "reason": Wrong.REASON, "paper": Wrong.PAPER}[what]
    assert [finding.code for finding in store.verify()] == [code]
    store.repair()
    assert [item.state for item in store.list()] == [State.CANCELLED]
    store.close()


def test_a_file_that_a_done_submission_left_behind_is_told_and_removed(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    (uid,) = laid(folder, clock, PAGE, count=1)
    (file,) = (folder / "blobs").iterdir()
    sealed = file.read_bytes()
    store = open_store(folder, clock)
    sync_once(store, ModelPlatform(lambda: "ok"))
    file.write_bytes(sealed)
    assert store.verify() == (Finding(uid=uid, code=Wrong.PAPER_LEFT, detail=file.name),)
    assert store.repair() == (Repair(uid=None, code=Mended.FILE, detail=file.name),)
    assert store.verify() == ()
    assert not file.exists()
    store.close()


def test_a_receipt_of_other_bytes_is_told(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    laid(folder, clock, count=2)
    store = open_store(folder, clock)
    sync_once(store, ModelPlatform(lambda: "ok"))
    store.close()
    damage(
        folder,
        "UPDATE submission SET receipt = (SELECT receipt FROM submission WHERE seq = 2) WHERE seq = 1",
        "UPDATE submission SET created_wall = 'x' WHERE seq = 2",
    )
    store = open_store(folder, clock)
    assert [finding.code for finding in store.verify()] == [Wrong.RECEIPT, Wrong.ROW]
    assert [mended.detail for mended in store.repair()] == ["created_wall"]
    assert store.list()[1].created == "2026-11-23T09:00:00+08:00"
    store.close()
