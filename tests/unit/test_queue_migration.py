"""A queue of an older program is taken over whole; its older schemas lie in tests/support/queue_v*.sql."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from offline_queue.model import Paper
from offline_queue.reasons import HttpStatus
from offline_queue.retry import TryAgain
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import Receipt, State
from offline_queue.withdrawing import Withdrawal
from offline_queue.work import FormWork
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import ID_NUMBER, NAME, TurnedClock, open_store, stored

OLDER = [1, 2, 3]
PAGE = Paper(material="m", media_type="image/png", content=b"page")


def put(store: Store, *papers: Paper) -> str:
    form = {"name": NAME, "id_number": ID_NUMBER}
    return stored(store.put(matter="m", form=form, attachments=papers, id_number=ID_NUMBER, slip_data=b"s")).uid


def schema(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {(name, "".join(sql.replace('"', "").split())) for name, sql in rows}


def as_version(version: int, folder: Path, clock: TurnedClock) -> None:
    """Turn a queue of now into what that version had written: the same rows in the old tables."""
    path = folder / "queue.db"
    with closing(sqlite3.connect(path)) as now:
        ahead = (now.execute("SELECT ahead FROM started").fetchone() or (0.0,))[0]
        tables = {
            name: now.execute(f"SELECT * FROM {name}")
            for name in ("submission", "attachment", "rating", "telemetry", "counter")
        }
        kept = {name: ([c[0] for c in cursor.description], cursor.fetchall()) for name, cursor in tables.items()}
    path.unlink()
    with closing(sqlite3.connect(path)) as old:
        script = Path(__file__).parents[1] / "support" / f"queue_v{version}.sql"
        old.executescript(script.read_text(encoding="utf-8"))
        for name, (columns, rows) in kept.items():
            had = [row[1] for row in old.execute(f"PRAGMA table_info({name})")]
            if not had:
                continue
            places = [columns.index(column) for column in had]
            marks = ", ".join("?" * len(had))
            old.executemany(f"INSERT INTO {name} VALUES ({marks})", [[row[at] for at in places] for row in rows])
        # Times were of the boot's own clock.
        for table in ("submission", "rating"):
            old.execute(f"UPDATE {table} SET next_mono = next_mono - ?", (ahead,))
        old.execute("UPDATE submission SET lease_mono = NULL")
        if version > 1:
            old.execute("INSERT INTO started VALUES (1, ?)", (clock.boot,))
        old.commit()


@pytest.mark.parametrize("rebooted", [False, True])
@pytest.mark.parametrize("version", OLDER)
def test_an_older_queue_is_taken_over_whole(tmp_path: Path, version: int, rebooted: bool) -> None:
    folder, clock = tmp_path / "queue", TurnedClock()
    store = open_store(folder, clock)
    done, waiting, held = put(store), put(store, PAGE), put(store)
    for _ in range(3):
        work = store.outbox.next_work()
        assert isinstance(work, FormWork)
        if work.uid == held:
            store.outbox.hold(work, error=HttpStatus(422))
        elif work.uid == done:
            store.outbox.received(work, Receipt(uid=work.uid, sha256=work.sha256, state=State.DONE, case_number="1"))
        else:
            store.outbox.put_off(work, TryAgain(seconds=5, error=HttpStatus(500)))
    store.rate(done, 4)
    before = store.list()
    store.close()
    as_version(version, folder, clock)
    if rebooted:
        clock.boot, clock.mono = "boot-2", 3.0
    store = open_store(folder, clock)
    assert store.list() == before
    assert store.verify() == ()
    assert store.find(ID_NUMBER)[0].slip_qr is not None
    # Whether it ever left was not kept.
    clock.forward(200)
    assert store.cancel(waiting, reason="r", by="a", confirmed_by="b") is Withdrawal.MAY_HAVE_LEFT
    store.retry(held)
    assert sync_once(store, ModelPlatform(lambda: "ok"), hurry=True).waiting == 0
    assert {item.state for item in store.list()} == {State.DONE}
    number = store.list()[-1].provisional_number
    fresh = put(store)
    item = store.show(fresh)
    assert item is not None
    assert item.provisional_number != number
    assert store.cancel(fresh, reason="r", by="a", confirmed_by="b") is Withdrawal.WITHDRAWN
    store.close()
    new = open_store(tmp_path / "fresh", clock)
    new.close()
    assert schema(folder / "queue.db") == schema(tmp_path / "fresh" / "queue.db")
