from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from offline_queue.database import Database, NewerQueue
from offline_queue.files import NotAForm, put_files
from offline_queue.model import NoSpace, OtherContent, Paper, StorageTrouble, Stored, SystemClock, TooLarge
from offline_queue.numbers import parse_slip_text
from offline_queue.outbox import LEASE_SECONDS
from offline_queue.reasons import HttpStatus, Reason
from offline_queue.retry import TryAgain
from offline_queue.store import Store
from offline_queue.wire import Progress, Receipt, State
from offline_queue.work import FormWork, NumberWork, PapersWork, RatingWork
from tests.support.queue_rig import ID_NUMBER, NAME, TurnedClock, open_store, stored

PAPER = Paper(material="household-register", media_type="image/jpeg", content=NAME.encode() * 1000)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def store(tmp_path: Path, clock: TurnedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue", clock)
    yield opened
    opened.close()


def put(store: Store, *, papers: int = 0, test: bool = False) -> str:
    answer = store.put(
        matter="pension-enrolment",
        form={"name": NAME, "id_number": ID_NUMBER},
        attachments=[PAPER] * papers,
        test=test,
        id_number=ID_NUMBER,
        slip_data=b"slip",
    )
    return stored(answer).uid


def form_work(store: Store) -> FormWork:
    work = store.outbox.next_work()
    assert isinstance(work, FormWork), work
    return work


def receipt(work: FormWork, *missing: str, state: State = State.DONE, case: str | None = "2026-000001") -> Receipt:
    return Receipt(uid=work.uid, sha256=work.sha256, state=state, case_number=case, missing=missing)


def test_a_put_can_be_seen_found_and_reprinted(store: Store) -> None:
    uid = put(store, papers=2)
    item = store.show(uid)
    assert item is not None
    # The key is a mere file: what staff may see is number, time and state.
    assert (item.state, item.matter, item.name, item.bytes_sent) == (State.READY, None, None, 0)
    assert store.list() == (item,)
    assert list(item.row()) == [
        "uid",
        "provisional_number",
        "matter",
        "name",
        "state",
        "created",
        "attempts",
        "next_try",
        "bytes_sent",
        "bytes_total",
        "percent",
        "last_error",
    ]
    json.dumps(item.details())
    (found,) = store.find(ID_NUMBER.lower())
    assert (found.uid, found.provisional_number) == (uid, item.provisional_number)
    assert found.matter == "pension-enrolment"
    assert found.slip_qr is not None
    assert not isinstance(parse_slip_text(found.slip_qr, dict([store.public_key])), str)
    reprint = store.reprint(uid)
    assert reprint is not None
    assert reprint.slip_data == b"slip"
    assert store.find("11010119900307001X") == ()
    assert store.show("nobody") is None
    assert store.verify() == ()


def test_the_folder_is_private(store: Store, tmp_path: Path) -> None:
    put(store, papers=1)
    assert (tmp_path / "queue").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "queue").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name.startswith("queue.db-"), path


def test_nothing_readable_lies_on_the_disk(store: Store, tmp_path: Path) -> None:
    def planted() -> list[Path]:
        marks = (NAME.encode(), ID_NUMBER.encode(), json.dumps(NAME)[1:-1].encode())
        return [
            path for path in tmp_path.rglob("*") if path.is_file() and any(mark in path.read_bytes() for mark in marks)
        ]

    put(store, papers=2)
    put(store)
    assert planted() == []
    work = form_work(store)
    store.outbox.put_off(work, TryAgain(seconds=5, error=HttpStatus(500)))
    assert planted() == []
    work = form_work(store)
    store.outbox.received(work, receipt(work))
    assert planted() == []
    # The needle is found where it does lie, so that the search proves something.
    (tmp_path / "needle").write_text(NAME, encoding="utf-8")
    assert planted() == [tmp_path / "needle"]


def test_wal_and_full_are_what_the_file_is_opened_with(tmp_path: Path) -> None:
    database = Database(tmp_path / "queue.db")
    with database.read() as at:
        settings = [at.value(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "mmap_size")]
    database.close()
    assert settings == ["wal", 2, 0]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_newer_file_is_refused_and_stays_as_it_is(tmp_path: Path, journal: str) -> None:
    files = [tmp_path / "queue.db", tmp_path / "queue.db-wal"]
    connection = sqlite3.connect(files[0])
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("PRAGMA user_version = 99")
    before = [file.read_bytes() if file.exists() else b"" for file in files]
    assert bool(before[1]) is (journal == "wal")
    newer = tmp_path / "newer"
    newer.mkdir()
    for file, content in zip(files, before, strict=True):
        (newer / file.name).write_bytes(content)  # as a power cut leaves it, with what stands in the log only
    connection.close()
    with pytest.raises(NewerQueue, match="99"):
        Database(newer / "queue.db")
    assert [(newer / file.name).read_bytes() for file in files] == before


def test_numbers_count_within_the_day_and_never_come_twice(store: Store, clock: TurnedClock) -> None:
    def number() -> str:
        return stored(store.put(matter="m", form={})).provisional_number[:16]

    assert [number(), number()] == ["TY03-261123-0001", "TY03-261123-0002"]
    clock.forward(24 * 3600)
    assert number() == "TY03-261124-0001"
    clock.forward(-24 * 3600)
    assert number() == "TY03-261123-0003"


def test_the_same_uid_is_stored_once(store: Store) -> None:
    uid = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    first = store.put(matter="m", form={"a": 1, "signed_at": "09:00"}, attachments=[PAPER], uid=uid)
    assert store.put(matter="m", form={"signed_at": "09:01", "a": 1}, attachments=[PAPER], uid=uid) == first
    store.outbox.received(work := form_work(store), receipt(work))
    assert store.put(matter="m", form={"a": 1}, attachments=[PAPER], uid=uid) == first
    assert len(store.list()) == 1


def test_other_content_under_a_known_uid_is_told(store: Store) -> None:
    uid = put(store, papers=1)
    other = Paper(material=PAPER.material, media_type=PAPER.media_type, content=b"other")
    form: dict[str, JsonValue] = {"name": NAME, "id_number": ID_NUMBER}
    matter = "pension-enrolment"
    assert isinstance(store.put(matter=matter, form=form, attachments=[PAPER], uid=uid), Stored)
    assert store.put(matter=matter, form={**form, "name": "李"}, attachments=[PAPER], uid=uid) == OtherContent(uid=uid)
    assert store.put(matter=matter, form=form, attachments=[other], uid=uid) == OtherContent(uid=uid)
    assert store.put(matter=matter, form=form, attachments=[PAPER], uid=uid, test=True) == OtherContent(uid=uid)
    assert store.put(matter="other", form=form, attachments=[PAPER], uid=uid) == OtherContent(uid=uid)
    assert len(store.list()) == 1
    assert store.verify() == ()


def test_the_reserve_is_not_touched(tmp_path: Path, clock: TurnedClock) -> None:
    free = [1 << 40]
    store = open_store(tmp_path / "queue", clock, lambda: free[0])
    put(store)
    free[0] = 64 * 1024 * 1024
    assert isinstance(store.put(matter="m", form={}), NoSpace)
    # What is stored already still leaves.
    store.outbox.received(work := form_work(store), receipt(work))
    assert [item.state for item in store.list()] == [State.DONE]
    store.close()


def test_too_much_is_refused_before_anything_is_stored(store: Store, tmp_path: Path) -> None:
    assert store.put(matter="m", form={"a": "x" * 1_100_000}, attachments=[PAPER]) == TooLarge(part="form")
    assert store.put(matter="m", form={}, attachments=[PAPER] * 65) == TooLarge(part="attachments")
    big = Paper(material="m", media_type="image/jpeg", content=bytes(64 * 1024 * 1024 + 1))
    assert store.put(matter="m", form={}, attachments=[big]) == TooLarge(part="attachment")
    assert store.list() == ()


def test_a_disk_that_fails_is_a_value(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", broken)
        trouble = store.put(matter="m", form={}, attachments=[PAPER])
    assert trouble == StorageTrouble(detail="OSError")
    assert store.list() == ()
    put(store)


def test_forms_go_first_papers_second_ratings_third(store: Store, tmp_path: Path) -> None:
    first, second = put(store, papers=1), put(store)
    assert store.rate(first, 5)
    assert not store.rate(first, 1)
    assert not store.rate("nobody", 1)
    with pytest.raises(ValueError, match="1 to 5"):
        store.rate(first, 6)
    work = form_work(store)
    name = json.loads(work.body)["attachments"][0]["id"]
    assert store.outbox.received(work, receipt(work, name, state=State.RECEIVED, case=None)) is State.RECEIVED
    work = form_work(store)
    assert work.uid == second
    assert store.outbox.received(work, receipt(work)) is State.DONE
    papers = store.outbox.next_work()
    assert isinstance(papers, PapersWork)
    assert store.outbox.chunk(papers, papers.papers[0], 0) == PAPER.content
    assert store.outbox.sent(papers, papers.papers[0], len(PAPER.content))
    rating = store.outbox.next_work()
    assert isinstance(rating, RatingWork)
    store.outbox.lesser.rated(rating)
    progress = Progress(uid=first, sha256=papers.sha256, state=State.DONE, case_number="2026-000002")
    assert store.outbox.progressed(papers, progress, ask_again=5) is State.DONE
    assert store.outbox.next_work() is None
    assert store.outbox.seconds_to_next() is None
    assert list((tmp_path / "queue" / "blobs").iterdir()) == []
    item = store.show(first)
    assert item is not None
    assert (item.state, item.bytes_sent, item.case_number, item.rating) == (
        State.DONE,
        item.bytes_total,
        "2026-000002",
        5,
    )
    assert store.verify() == ()


def test_an_answer_about_other_bytes_never_ends_an_item(store: Store) -> None:
    put(store)
    work = form_work(store)
    other = Receipt(uid=work.uid, sha256="0" * 64, state=State.DONE)
    with pytest.raises(ValueError, match="other bytes"):
        store.outbox.received(work, other)
    assert store.list()[0].state is State.SENDING


def test_a_failure_waits_and_a_wall_clock_that_jumps_moves_nothing(store: Store, clock: TurnedClock) -> None:
    put(store)
    store.outbox.put_off(form_work(store), TryAgain(seconds=60, error=HttpStatus(500)))
    clock.now = clock.now.replace(year=2040)
    assert store.outbox.next_work() is None
    clock.now = clock.now.replace(year=2020)
    clock.mono += 61
    assert form_work(store).attempts == 1


def test_sending_is_ready_again_when_its_sender_is_gone(tmp_path: Path, clock: TurnedClock) -> None:
    store = open_store(tmp_path / "queue", clock)
    put(store)
    other = open_store(tmp_path / "queue", clock)
    form_work(store)
    assert other.outbox.next_work() is None
    assert other.outbox.seconds_to_next() == LEASE_SECONDS
    store.close()
    assert isinstance(other.outbox.next_work(), FormWork)
    other.close()


def test_an_overtaken_sender_changes_nothing(tmp_path: Path, clock: TurnedClock) -> None:
    store, other = open_store(tmp_path / "queue", clock), open_store(tmp_path / "queue", clock)
    put(store)
    slow = form_work(store)
    clock.forward(200)
    quick = form_work(other)
    store.outbox.hold(slow, error=HttpStatus(422))
    assert store.outbox.received(slow, receipt(slow)) is None
    assert store.list()[0].state is State.SENDING
    assert other.outbox.received(quick, receipt(quick)) is State.DONE
    store.close()
    other.close()


@pytest.mark.parametrize("papers", [0, 1])
def test_what_another_sender_holds_is_not_due(tmp_path: Path, clock: TurnedClock, papers: int) -> None:
    store, other = open_store(tmp_path / "queue", clock), open_store(tmp_path / "queue", clock)
    put(store, papers=papers)
    work = form_work(store)
    missing = [paper["id"] for paper in json.loads(work.body)["attachments"]]
    store.outbox.received(work, receipt(work, *missing, case=None))
    assert other.outbox.seconds_to_next() == 0
    assert isinstance(store.outbox.next_work(), PapersWork if papers else NumberWork)
    assert other.outbox.seconds_to_next() == LEASE_SECONDS
    clock.forward(LEASE_SECONDS + 1)
    assert other.outbox.seconds_to_next() == 0
    assert other.outbox.next_work() is not None
    store.close()
    other.close()


def test_held_is_never_dropped_and_can_be_retried(store: Store, clock: TurnedClock) -> None:
    uid = put(store)
    store.outbox.hold(form_work(store), error=HttpStatus(422))
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, "http-422")
    clock.forward(10**8)
    assert store.outbox.next_work() is None
    assert store.retry(uid)
    assert form_work(store).uid == uid
    assert not store.retry("nobody")


def test_hurry_leaves_waiting_what_the_platform_told_to_wait(store: Store) -> None:
    put(store)
    put(store)
    store.outbox.put_off(form_work(store), TryAgain(seconds=60, error=Reason.UNREACHABLE))
    store.outbox.put_off(form_work(store), TryAgain(seconds=60, error=HttpStatus(503)))
    assert store.outbox.next_work() is None
    store.outbox.hurry()
    form_work(store)
    assert store.outbox.next_work() is None


def test_a_lost_form_is_sent_again_with_its_papers(store: Store) -> None:
    put(store, papers=1)
    work = form_work(store)
    name = json.loads(work.body)["attachments"][0]["id"]
    store.outbox.received(work, receipt(work, name, state=State.RECEIVED, case=None))
    papers = store.outbox.next_work()
    assert isinstance(papers, PapersWork)
    store.outbox.sent(papers, papers.papers[0], 10)
    store.outbox.form_lost(papers, TryAgain(seconds=0, error=Reason.UPLOAD_UNKNOWN))
    assert form_work(store).body == work.body
    assert store.list()[0].bytes_sent == 0


def test_a_case_number_that_comes_later_is_asked_for(store: Store, clock: TurnedClock) -> None:
    put(store)
    put(store, test=True)
    for _ in range(2):
        store.outbox.received(work := form_work(store), receipt(work, case=None))
    ask = store.outbox.next_work()
    assert isinstance(ask, NumberWork)
    progress = Progress(uid=ask.uid, sha256=ask.sha256, state=State.DONE)
    store.outbox.progressed(ask, progress, ask_again=60)
    assert store.outbox.next_work() is None
    clock.forward(61)
    again = store.outbox.next_work()
    assert isinstance(again, NumberWork)
    store.outbox.progressed(again, progress.model_copy(update={"case_number": "2026-000009"}), ask_again=60)
    clock.forward(10_000)
    assert store.outbox.next_work() is None
    assert [item.case_number for item in store.list()] == ["2026-000009", None]


@pytest.mark.parametrize("seconds", [24 * 3600 + 1, -30 * 3600])
def test_reprint_data_expire(store: Store, clock: TurnedClock, seconds: float) -> None:
    uid = put(store)
    clock.forward(seconds)
    assert store.reprint(uid) is None
    (found,) = store.find(ID_NUMBER)
    assert found.slip_qr is None


def test_what_is_done_or_expired_leaves_no_bytes(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    def on_disk(sealed: bytes) -> bool:
        return any(sealed in path.read_bytes() for path in (tmp_path / "queue").glob("queue.db*"))

    put(store)
    other = sqlite3.connect(tmp_path / "queue" / "queue.db")
    body, reprint = other.execute("SELECT body, reprint FROM submission").fetchone()
    other.close()
    assert on_disk(body)
    store.outbox.received(work := form_work(store), receipt(work))
    assert store.outbox.next_work() is None  # at the end of a round
    assert not on_disk(body)
    assert on_disk(reprint)
    clock.forward(24 * 3600 + 1)
    store.expire_reprints()
    assert not on_disk(reprint)


def test_orphans_are_collected_and_needed_files_stay(tmp_path: Path, clock: TurnedClock) -> None:
    store = open_store(tmp_path / "queue", clock)
    put(store, papers=1)
    store.close()
    orphan = tmp_path / "queue" / "blobs" / "orphan.part"
    orphan.write_bytes(b"")
    store = open_store(tmp_path / "queue", clock)
    assert [(finding.uid, finding.code) for finding in store.verify()] == [(None, "paper-unknown")]
    assert orphan.exists()
    form_work(store)
    assert not orphan.exists()
    assert len(list((tmp_path / "queue" / "blobs").iterdir())) == 1
    store.close()


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_papers_outlive_a_lost_database(tmp_path: Path, clock: TurnedClock, damage: str) -> None:
    folder = tmp_path / "queue"
    store = open_store(folder, clock)
    put(store, papers=2)
    store.close()
    papers = {path.name for path in (folder / "blobs").iterdir()}
    (folder / "queue.db").unlink()
    if damage == "empty":
        (folder / "queue.db").touch()
    for _ in range(2):
        store = open_store(folder, clock)
        assert {finding.detail for finding in store.verify() if finding.code == "paper-unknown"} == papers
        put(store)
        form_work(store)
        store.close()
        assert {path.name for path in (folder / "blobs").iterdir()} == papers


def test_who_looks_changes_nothing(tmp_path: Path, clock: TurnedClock) -> None:
    def rows() -> list[object]:
        connection = sqlite3.connect(tmp_path / "queue" / "queue.db")
        found = connection.execute("SELECT * FROM submission").fetchall()
        connection.close()
        return found

    store = open_store(tmp_path / "queue", clock)
    uid = put(store, papers=1)
    form_work(store)
    store.close()
    before = rows()
    clock.forward(30 * 3600)
    clock.boot = "boot-2"
    store = open_store(tmp_path / "queue", clock)
    assert (len(store.list()), store.show(uid) is None, store.verify()) == (1, False, ())
    store.close()
    assert rows() == before


def test_verify_and_sending_notice_damage(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    first, second, third = put(store, papers=1), put(store, papers=1), put(store)
    blobs = sorted((tmp_path / "queue" / "blobs").iterdir())
    blobs[0].unlink()
    blobs[1].write_bytes(blobs[1].read_bytes()[:-1] + b"!")
    other = sqlite3.connect(tmp_path / "queue" / "queue.db")
    other.execute("UPDATE submission SET body = x'00', summary = x'00' WHERE uid = ?", (third,))
    other.commit()
    other.close()
    findings = {(finding.uid, finding.code) for finding in store.verify()}
    assert {code for uid, code in findings if uid in (first, second)} == {"paper-missing", "paper-damaged"}
    assert {code for uid, code in findings if uid == third} == {"body-damaged", "summary-unreadable"}
    for _ in range(2):
        form_work(store)
    assert store.outbox.next_work() is None
    item = store.show(third)
    assert item is not None
    assert (item.state, item.last_error, item.matter) == (State.HELD, "body-damaged", None)


def test_files_are_put(store: Store, tmp_path: Path) -> None:
    form, paper = tmp_path / "form.json", tmp_path / "page.jpg"
    form.write_text('{"matter": "pension-enrolment", "a": [1, 2]}', encoding="utf-8")
    paper.write_bytes(b"picture")
    uid = stored(put_files(store, form, [paper])).uid
    item = store.show(uid)
    assert item is not None
    (found,) = item.attachments
    assert found.bytes == len(b"picture")
    form.write_text("[1]", encoding="utf-8")
    assert isinstance(put_files(store, form), NotAForm)
    for number in ("NaN", "1e999"):
        form.write_text(f'{{"n": {number}}}', encoding="utf-8")
        assert isinstance(put_files(store, form), NotAForm)
    form.write_text("{", encoding="utf-8")
    assert isinstance(put_files(store, form), NotAForm)
    assert isinstance(put_files(store, tmp_path / "none"), NotAForm)


def test_codes_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="terminal code"):
        Store.open(tmp_path, terminal="ty 3", district="district.example")


def test_the_machines_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    assert clock.wall().utcoffset() is not None
    assert clock.monotonic() <= clock.monotonic()
    assert clock.boot_id() == SystemClock().boot_id()


def test_the_ballast_is_given_up_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "queue", TurnedClock())
    store.outbox.next_work()
    ballast = tmp_path / "queue" / "ballast"
    assert ballast.stat().st_size == 1024 * 1024
    free = [1000]

    def free_bytes(_folder: Path) -> int:
        return free[0]

    monkeypatch.setattr("offline_queue.blobs.free_bytes", free_bytes)
    store.outbox.next_work()
    assert not ballast.exists()
    free[0] = 1 << 40
    store.outbox.next_work()
    assert ballast.exists()
    store.close()
