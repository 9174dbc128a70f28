"""What goes to PostgreSQL through its driver: whole rows, over lines that died, and never past a recovery."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from district.database import DatabaseTrouble, again, open_engine, write
from district.direct import Direct, direct
from district.inserting import insert_together
from district.serving_lock import share, unshared
from district.tables import ATTACHMENTS, CASE_COUNTERS, OUTBOX, SUBMISSIONS

HARD = "王\"秀\\英, {NULL} '😀"
LINES = 6
OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


def row(uid: str, **others: object) -> dict[str, object]:
    return {
        "uid": uid,
        "sha256": "0" * 64,
        "body": b'\x00"\\{,}\xff',
        "receipt": b"{}",
        "test": False,
        "state": "done",
        "case_number": f"2026-{sum(uid.encode()):06d}",
        "received_at": "2026-11-25T21:00:00+00:00",
        "complete_at": "2026-11-25T21:00:00+00:00",
        "terminal": "TY03",
        "provisional_number": HARD,
        "matter": HARD,
        "stage": "complete",
        **others,
    }


def paper(name: str, uid: str, **others: object) -> dict[str, object]:
    return {
        "id": name,
        "uid": uid,
        "material": HARD,
        "media_type": "image/jpeg",
        "bytes": 7,
        "sha256": "0" * 64,
        "position": 0,
        "offset": 0,
        "complete": False,
        **others,
    }


@pytest.fixture
def engine(postgres: str) -> Iterator[Engine]:
    opened = open_engine(postgres)
    yield opened
    opened.dispose()


def kept(engine: Engine) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Rows and papers as they lie there, without what the database adds."""
    with engine.connect() as connection:
        rows = connection.execute(select(SUBMISSIONS).order_by(SUBMISSIONS.c.seq)).mappings().all()
        papers = connection.execute(select(ATTACHMENTS).order_by(ATTACHMENTS.c.id)).mappings().all()
    return [{name: one[name] for name in row("")} for one in rows], [
        {name: one[name] for name in paper("", "")} for one in papers
    ]


def test_what_is_stored_together_is_there_as_it_was(engine: Engine) -> None:
    whole = [row("a"), row("b", test=True, case_number=None, provisional_number="x" * 128), row("c", matter="m")]
    insert_together(engine, whole, [])
    waiting = row("d", case_number=None, complete_at=None, state="received", stage="received")
    one = [paper("1", "d", material="", media_type="")]  # sealed: nobody outside knows what it is
    insert_together(engine, [waiting], one)
    more = [row("e"), {**waiting, "uid": "f"}]
    several = [paper("2", "f", bytes=2**31 - 1), paper("3", "f", position=1, material="")]
    insert_together(engine, more, several)
    assert kept(engine) == ([*whole, waiting, *more], [*one, *several])
    with engine.connect() as connection:
        told = connection.execute(select(OUTBOX.c.uid).order_by(OUTBOX.c.seq)).scalars().all()
    assert told == ["a", "c", "e"]


def test_of_rows_one_of_which_is_known_none_is_stored(engine: Engine) -> None:
    insert_together(engine, [row("a")], [])
    with pytest.raises(IntegrityError):
        insert_together(engine, [row("b"), row("a")], [])
    with pytest.raises(IntegrityError):
        insert_together(engine, [row("c", case_number="x"), row("d", case_number="x")], [paper("1", "c")])
    assert kept(engine) == ([row("a")], [])


def test_a_counter_that_forgot_its_last_numbers_is_set_right(engine: Engine) -> None:
    """They were drawn without waiting for the disk, and the server stopped before it wrote that down."""

    def counter() -> dict[int, int]:
        with engine.connect() as connection:
            return {row.year: row.last for row in connection.execute(select(CASE_COUNTERS))}

    write(engine, lambda connection: connection.execute(CASE_COUNTERS.insert(), {"year": 2026, "last": 3}))
    insert_together(engine, [row("a", case_number="2026-000003"), row("b", case_number="2026-000002")], [])
    assert counter() == {2026: 3}
    insert_together(engine, [row("c", case_number="2026-000005"), row("d", case_number=None, test=True)], [])
    assert counter() == {2026: 5}


def test_what_the_url_says_of_the_line_is_no_trouble(postgres: str) -> None:
    engine = open_engine(f"{postgres}&connect_timeout=30")
    assert direct(engine).rows(b"SELECT 1", {}) == [(1,)]
    engine.dispose()


def borrow_all(asked: Direct) -> None:
    """As many at once as it has connections."""
    together = Barrier(LINES)

    def sleep(_: int) -> None:
        together.wait(20)
        asked.rows(b"SELECT 1 FROM pg_sleep(0.1)", {})

    with ThreadPoolExecutor(LINES) as pool:
        list(pool.map(sleep, range(LINES)))


def test_lines_that_died_while_nobody_asked_are_not_noticed(engine: Engine) -> None:
    asked = direct(engine)
    borrow_all(asked)
    with engine.connect() as connection:
        assert len(connection.exec_driver_sql(OTHERS).all()) >= LINES
    assert again(asked.rows)(b"SELECT 1", {}) == [(1,)]
    borrow_all(asked)


def test_a_plan_that_is_of_older_tables_is_made_anew(engine: Engine) -> None:
    def write_down(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    write_down("CREATE TABLE older AS SELECT 7 AS one")
    asked = again(direct(engine).rows)
    assert asked(b"SELECT one FROM older", {}) == [(7,)]
    write_down("ALTER TABLE older ALTER one TYPE text")
    assert asked(b"SELECT one FROM older", {}) == [("7",)]


def test_troubles_are_those_of_the_other_statements(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="nothing"):
        direct(engine).rows(b"SELECT * FROM nothing WHERE secret = %(secret)s", {"secret": "王秀英"})
    broken = open_engine(str(engine.url.render_as_string(hide_password=False)))
    lost = direct(broken)
    lost.at_connect(lambda connection, _record: connection.execute("SELECT 1/0"))
    with pytest.raises(DBAPIError):
        lost.rows(b"SELECT 1", {})
    broken.dispose()


def test_its_lines_keep_recovery_out_and_are_kept_out_by_it(engine: Engine, postgres: str) -> None:
    recovering = open_engine(postgres)
    share(engine)
    asked = direct(engine)
    with recovering.connect() as connection:
        connection.exec_driver_sql(OTHERS)
    with unshared(recovering), pytest.raises(OperationalError, match="district recover is at work"):
        again(asked.rows)(b"SELECT 1", {})
    assert asked.rows(b"SELECT 1", {}) == [(1,)]
    with pytest.raises(DatabaseTrouble, match="end every district serve"), unshared(recovering):
        pass
    recovering.dispose()
