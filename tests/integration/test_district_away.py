"""The platform while its database is gone or its disk full: what is answered, and that nothing acknowledged is lost."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import requests

from district.app import Settings
from district.store import DistrictStore
from tests.support.failing_disk import small_disk
from tests.support.postgres import running
from tests.support.upload_rig import Sender, refusal, serving

LATER = (503, "later")


def test_a_database_that_goes_away_makes_terminals_wait(tmp_path: Path) -> None:
    first, second = Sender(b"a page"), Sender()
    (paper,) = first.papers
    with running() as postgres:
        settings = Settings(database=postgres.ready(), papers=tmp_path / "papers")
        with serving(settings) as url:
            receipt = first.form(url)
            assert receipt.status_code == 201
            postgres.stop()
            assert refusal(second.form(url)) == LATER
            assert refusal(first.chunk(url, paper, 0)) == LATER
            asked = requests.head(f"{url}/v1/attachments/{paper}", timeout=20)
            assert asked.status_code == 503
            assert refusal(requests.get(f"{url}/v1/submissions/{first.uid}", timeout=20)) == LATER
            postgres.start()
            for read_only in ("on", "off"):  # as after a fail-over to a copy
                with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
                    connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {read_only}".encode())
                    connection.execute("SELECT pg_reload_conf()")
                postgres.stop()
                postgres.start()
                assert Sender().form(url).status_code in (201, 503)  # by then it knows that its old lines are dead
                assert second.form(url).status_code == (503 if read_only == "on" else 201)
            assert first.chunk(url, paper, 0).status_code == 204
            assert first.form(url).content == receipt.content
            assert first.state(url)[0] == "done"


def test_on_a_full_disk_sqlite_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        settings = Settings(database=f"sqlite:///{disk / 'district.db'}", papers=tmp_path / "papers")
        with serving(settings) as url:
            acknowledged = _until_full(url, disk)
            (disk / "ballast").unlink()
            _all_are_there(url, acknowledged)
            assert Sender().form(url).status_code == 201


def test_on_a_full_disk_postgresql_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """It may even stop, where it can't write its log; with room again, everything acknowledged is there."""
    with ExitStack() as ending:
        place = Path(ending.enter_context(TemporaryDirectory(prefix="kiosk-")))
        place.chmod(0o755)  # tmp_path lets nobody else in, and PostgreSQL is somebody else
        disk = ending.enter_context(small_disk(place / "disk", 128))
        postgres = ending.enter_context(running("wal_init_zero=off", inside=disk))
        settings = Settings(database=postgres.ready(), papers=tmp_path / "papers")
        with serving(settings) as url:
            acknowledged = _until_full(url, disk)
            (disk / "ballast").unlink()
            postgres.stop()
            postgres.start()
            assert Sender().form(url).status_code in (201, 503)  # by then it knows that its old lines are dead
            _all_are_there(url, acknowledged)
            assert Sender().form(url).status_code == 201
        store = DistrictStore(settings.database, tmp_path / "papers")
        assert {row.outside.uid for row in store.submissions()} >= {one.uid for one, _ in acknowledged}
        store.close()


def _until_full(url: str, disk: Path) -> list[tuple[Sender, bytes]]:
    """Hand in until the disk is full; gives what was acknowledged."""
    acknowledged: list[tuple[Sender, bytes]] = []
    for _ in range(3):
        _hand_in(url, acknowledged)
    with (disk / "ballast").open("wb") as ballast:
        while True:
            try:
                os.write(ballast.fileno(), bytes(64 * 1024))
            except OSError:
                break
    for _ in range(2_000):
        if not _hand_in(url, acknowledged):
            return acknowledged
    raise AssertionError("the disk was never full")


def _hand_in(url: str, acknowledged: list[tuple[Sender, bytes]]) -> bool:
    one = Sender()
    answer = one.form(url)
    if answer.status_code == 201:
        acknowledged.append((one, answer.content))
        return True
    assert refusal(answer) == LATER
    return False


def _all_are_there(url: str, acknowledged: list[tuple[Sender, bytes]]) -> None:
    for one, receipt in acknowledged:
        again = one.form(url)
        assert (again.status_code, again.content) == (200, receipt)
