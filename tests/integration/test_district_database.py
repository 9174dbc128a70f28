"""How a database comes to today's tables, whatever it is today; and which ones are left alone."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, make_url, select, text
from sqlalchemy.event import listen, remove

from district.cases import Cases, Selection, Stage
from district.database import (
    _MIGRATING,  # pyright: ignore[reportPrivateUsage]
    DURABLE,
    DatabaseTrouble,
    NoPlatform,
    _config,  # pyright: ignore[reportPrivateUsage]
    open_engine,
    write,
)
from district.direct import direct
from district.halls import Halls
from district.outcomes import Taken
from district.store import DistrictStore
from district.tables import CASE_COUNTERS, METADATA, OUTBOX, SUBMISSIONS
from district.terminals import Terminals
from offline_queue.numbers import key_id
from offline_queue.wire import Envelope, canonical_bytes
from tests.support.certificates import Authority
from tests.support.postgres import Postgres, programs, running


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'district.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.empty()


def test_an_empty_database_gets_the_tables_that_the_code_knows(empty: str) -> None:
    open_engine(empty).dispose()
    engine = open_engine(empty)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_a_database_of_a_newer_platform_is_left_alone(empty: str) -> None:
    engine = open_engine(empty)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseTrouble, match=r"newer platform .*9999"):
        open_engine(empty)


def test_a_database_that_is_another_programs_is_left_alone(empty: str) -> None:
    engine = create_engine(empty.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE submission (uid VARCHAR(36), lane VARCHAR(8))"))
    with pytest.raises(DatabaseTrouble, match="not a district platform's"):
        open_engine(empty)
    assert inspect(engine).get_table_names() == ["submission"]
    engine.dispose()


def test_what_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    for url, said in (
        ("nonsense", "not a database URL"),
        ("mysql://x/y", "an SQLite file .* or a PostgreSQL"),
        (f"postgresql://nobody@/nothing?host={tmp_path}", "can't be opened"),
        (f"sqlite:///{tmp_path}", "can't be opened"),
        # What is acknowledged from memory is gone with the process.
        ("sqlite://", "is a file: sqlite:///PATH"),
        ("sqlite:///:memory:", "is a file"),
        (f"sqlite:///file:{tmp_path}/x?mode=memory&cache=shared&uri=true", "is a file"),
        (f"sqlite://here/{tmp_path}/x", "is a file"),
        (f"sqlite+aiosqlite:///{tmp_path}/x", "is a file: sqlite:///PATH"),
    ):
        with pytest.raises(DatabaseTrouble, match=said):
            open_engine(url)
    assert list(tmp_path.iterdir()) == []


def test_nobody_begins_a_platform_who_is_not_to(empty: str) -> None:
    with pytest.raises(NoPlatform):
        open_engine(empty, begin=False)
    open_engine(empty).dispose()
    open_engine(empty, begin=False).dispose()


def test_cases_are_looked_for_in_indexes_that_hold_nothing_else(empty: str) -> None:
    """An index that does not fit a statement's words is passed over without a word."""
    engine, asked = open_engine(empty), list[tuple[str, Any]]()
    cases = Cases(engine)

    def keep(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    listen(engine, "before_cursor_execute", keep)
    for selection in (
        Selection(stage=Stage.COMPLETE),
        Selection(hall="ty"),
        Selection(matter="pension-enrolment"),
        Selection(hall="ty", matter="pension-enrolment"),
        Selection(tests=True),
    ):
        cases.page(selection)
    cases.waiting()
    cases.waiting(hall="ty")
    cases.matters()
    remove(engine, "before_cursor_execute", keep)
    assert len(asked) == 8
    explain = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # which would rather read all of an empty table
            connection.execute(text("SET enable_seqscan = off"))
            connection.execute(text("SET enable_bitmapscan = off"))
        for statement, values in asked:
            plan = [str(row[-1]) for row in connection.exec_driver_sql(explain + statement, values)]
            reads = [line for line in plan if re.search(r" on submission\b|(SEARCH|SCAN) submission\b", line)]
            assert reads, plan
            assert all(re.search(r" ix_submission_(stage|hall|matter|hall_matter|tests)\b", line) for line in reads), (
                plan
            )
    engine.dispose()


OLD = Path(__file__).parents[1] / "support" / "district_v1.sql"


@pytest.mark.parametrize("older", [False, True], ids=["before revisions", "before terminals were told apart"])
def test_a_file_of_before_revisions_keeps_everything(
    tmp_path: Path, older: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("district.migrations._AT_ONCE", 2)
    file = tmp_path / "district.db"
    with closing(sqlite3.connect(file)) as old:
        old.executescript(OLD.read_text("utf-8"))
        if older:
            old.executescript("ALTER TABLE submission DROP COLUMN terminal; DROP TABLE terminal; DROP TABLE telemetry")
        before = old.execute("SELECT uid, sha256, body, receipt, state, case_number FROM submission").fetchall()
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        rows = connection.execute(select(SUBMISSIONS).order_by(SUBMISSIONS.c.seq)).all()
        assert [(row.uid, row.sha256, row.body, row.receipt, row.state, row.case_number) for row in rows] == before
        numbers = [json.loads(body)["provisional_number"] for _, _, body, *_ in before]
        assert [row.provisional_number for row in rows] == numbers
        told = [(row.terminal, row.matter, row.stage, row.rating) for row in rows]
        assert told == [
            ("TY03", "pension-enrolment", stage, rating)
            for stage, rating in (
                ("complete", 5),
                ("complete", None),
                ("complete", None),
                ("complete", None),
                ("received", None),
            )
        ]
        assert connection.execute(select(CASE_COUNTERS)).all() == [(2026, 3)]
    register = Terminals(engine)
    assert [one.code for one in register.all()] == ([] if older else ["TY03"])
    engine.dispose()
    store = DistrictStore(f"sqlite:///{file}", tmp_path / "papers")
    fresh = Envelope.model_validate_json(before[0][2]).model_copy(update={"uid": str(UUID(int=1))})
    taken = store.take(fresh, canonical_bytes(fresh))
    assert isinstance(taken, Taken)
    assert '"case_number":"2026-000004"' in taken.receipt.decode()
    again = store.take(Envelope.model_validate_json(before[0][2]), before[0][2])
    assert again == Taken(receipt=before[0][3], new=False)
    store.close()


def test_of_what_was_complete_before_there_were_events_cases_alone_are_told(empty: str) -> None:
    bare = create_engine(empty.replace("postgresql:", "postgresql+psycopg:"))
    row = "(:uid, 'x', '{}', 'r', :test, 'done', 't', 't', 'complete', :of)"
    columns = "(uid, sha256, body, receipt, test, state, received_at, complete_at, stage, supplement_of)"
    insert = text(f"INSERT INTO submission {columns} VALUES {row}")
    with bare.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        kinds = (("case", False, None), ("answer", False, "asked"), ("rehearsal", True, None))
        connection.execute(insert, [{"uid": uid, "test": test, "of": of} for uid, test, of in kinds])
    bare.dispose()
    engine = open_engine(empty)
    with engine.connect() as connection:
        assert connection.execute(select(OUTBOX.c.uid, OUTBOX.c.event)).all() == [("case", "complete")]
    engine.dispose()


def test_a_migration_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "district.db"
    with closing(sqlite3.connect(file)) as old:
        old.executescript(OLD.read_text("utf-8"))
        old.execute("UPDATE submission SET body = X'FF' WHERE seq = 5")  # not JSON: the matter can't be read
        old.commit()
        before = list(old.iterdump())
    with pytest.raises(ValueError, match="decode"):
        open_engine(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as old:
        assert list(old.iterdump()) == before


def test_several_that_open_at_once_wait_for_one(empty: str) -> None:
    together = Barrier(4)

    def opened(_number: int) -> int:
        together.wait(20)
        engine = open_engine(empty)
        with engine.connect() as connection:
            there = len(inspect(connection).get_table_names())
        engine.dispose()
        return there

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(opened, range(4))) == [len(METADATA.tables) + 1] * 4


def test_who_migrates_is_waited_for_longer_than_for_any_row(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = ("SET lock_timeout = '100ms'", "SET statement_timeout = '1s'")
    monkeypatch.setattr("district.database.DURABLE", (*DURABLE, *impatient))
    empty = postgres_server.empty()
    waits = """SELECT count(*) FROM pg_stat_activity CROSS JOIN pg_sleep(0.05)
        WHERE wait_event = 'advisory' AND clock_timestamp() - query_start > interval '1.2s'"""
    with ThreadPoolExecutor(1) as pool, psycopg.connect(empty, autocommit=True) as migrating:
        migrating.execute("SELECT pg_advisory_lock(%s)", (_MIGRATING,))
        opening = pool.submit(open_engine, empty)
        while not opening.done() and migrating.execute(waits).fetchone() == (0,):
            pass
        assert not opening.done(), opening.exception()
        migrating.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATING,))
        opened = opening.result(60)
    with opened.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    opened.dispose()


def test_a_postgresql_that_could_lose_a_commit_is_refused(postgres_server: Postgres) -> None:
    with running("full_page_writes=off") as careless, pytest.raises(DatabaseTrouble, match="full_page_writes off"):
        open_engine(careless.url("postgres"))
    url = postgres_server.empty()
    name = make_url(url).database
    bare = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with bare.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    bare.dispose()
    engine = open_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    engine.dispose()


def test_a_postgresql_in_another_encoding_is_refused(postgres_server: Postgres) -> None:
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'")
    with pytest.raises(DatabaseTrouble, match="not in UTF8: make it with createdb --encoding UTF8"):
        open_engine(postgres_server.url("ascii"))


def test_what_met_another_in_the_database_is_done_again(empty: str) -> None:
    """Two that lock two rows the other way round: PostgreSQL ends one of them, and it begins once more."""
    engine = open_engine(empty)
    write(engine, lambda c: c.execute(CASE_COUNTERS.insert(), [{"year": 1, "last": 0}, {"year": 2, "last": 0}]))
    together, tries = Barrier(2), Counter[int]()

    def both(first: int) -> None:
        def work(connection: Connection) -> None:
            tries[first] += 1
            for year in (first, 3 - first):
                change = CASE_COUNTERS.update().where(CASE_COUNTERS.c.year == year)
                connection.execute(change.values(last=CASE_COUNTERS.c.last + 1))
                if year == first and tries[first] == 1 and engine.dialect.name == "postgresql":
                    together.wait(20)

        write(engine, work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(both, (1, 2)))
    with engine.connect() as connection:
        assert connection.execute(select(CASE_COUNTERS.c.last)).scalars().all() == [2, 2]
    # On a busy machine the one that was ended may meet the other once more.
    assert sum(tries.values()) >= (3 if engine.dialect.name == "postgresql" else 2)
    engine.dispose()


def test_whoever_stands_in_the_register_may_change_after_a_line_died_unseen(postgres: str) -> None:
    engine, another = open_engine(postgres), open_engine(postgres)
    Halls(engine).add("ty", "桃源镇便民服务大厅")
    register, key = Terminals(engine), key_id(bytes(32))

    def over_dead_lines(change: Callable[[], object]) -> None:
        assert isinstance(register.any(), bool)  # so that there is one
        with another.connect() as connection:
            assert connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            ).all() == [(True,)]
        change()

    over_dead_lines(lambda: register.add("TY03", bytes(32)))
    over_dead_lines(lambda: register.place("TY03", "ty"))
    over_dead_lines(lambda: register.renew(key, "00" * 32, shown=None))
    over_dead_lines(lambda: register.revoke(key))
    (one,) = register.all()
    assert (one.code, one.hall, one.certificate_sha256, one.revoked_at is None) == ("TY03", "ty", "00" * 32, False)
    engine.dispose()
    another.dispose()


def test_postgresql_is_spoken_to_with_tls_and_to_the_right_server_only(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip("Debian's package postgresql is not installed")
    authority, another = Authority(tmp_path, "database-ca"), Authority(tmp_path, "another-ca")
    here = "127." + ".".join(str(part) for part in os.getpid().to_bytes(3, "big"))  # its port is nobody else's
    with running(f"listen_addresses={here}", tls=authority.signs("db")) as server:

        def url(host: str, ca: Authority) -> str:
            sure = f"sslmode=verify-full&sslrootcert={ca.certificate}"
            return f"postgresql://{server.user}@/postgres?host={host}&hostaddr={here}&{sure}"

        engine = open_engine(url("127.0.0.1", authority))
        asked = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        with engine.connect() as connection:
            assert connection.execute(text(asked)).one() == (True, "TLSv1.3")
        assert direct(engine).rows(asked.encode(), {}) == [(True, "TLSv1.3")]
        engine.dispose()
        for wrong, said in (
            (url("127.0.0.1", another), "certificate verify failed"),
            (url("db.invalid", authority), 'does not match host name "db.invalid"'),
        ):
            with pytest.raises(DatabaseTrouble, match=said):
                open_engine(wrong)
