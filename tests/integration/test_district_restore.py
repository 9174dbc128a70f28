"""Backup, loss and restore, as docs/district.md has them: terminals go on, and what was promised is kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from district.app import Settings, create_app, open_store
from district.cli import main
from district.database import DatabaseTrouble, write
from district.objects import MARK
from district.outbox import Outbox
from district.serving_lock import share, unshared
from district.tables import ATTACHMENTS, SUBMISSIONS
from district.times import now_text
from offline_queue.client import PlatformClient
from offline_queue.model import Paper
from offline_queue.retry import Answer, Failure, FailureKind
from offline_queue.sync import sync_once
from offline_queue.wire import State
from tests.support.district_page import lines
from tests.support.object_store import bucket_client, moto_server, take_credentials
from tests.support.postgres import Postgres, programs
from tests.support.queue_rig import open_store as open_queue
from tests.support.queue_rig import stored
from tests.support.staff_site import hand_in, uid
from tests.support.upload_rig import Sender, place, serving


@dataclass(frozen=True, slots=True)
class SmallHall:
    """SQLite and a folder."""

    folder: Path

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'live' / 'district.db'}"

    @property
    def objects(self) -> str:
        return str(self.folder / "live" / "papers")

    def back_up_database(self) -> None:
        self._sh(self._lines("backup.sh for SQLite").partition("mkdir")[0])

    def back_up_papers(self) -> None:
        self._sh("mkdir" + self._lines("backup.sh for SQLite").partition("mkdir")[2])

    def lose_and_restore(self) -> None:
        shutil.rmtree(self.folder / "live")
        self.restore()

    def restore(self) -> None:
        self._sh(self._lines("restore.sh for SQLite"))

    def _lines(self, title: str) -> str:
        for here in ("live", "backup"):
            (self.folder / here).mkdir(exist_ok=True)
        places = {"/var/lib/district": self.folder / "live", "/backup": self.folder / "backup"}
        return lines(title, {there: str(here) for there, here in places.items()})

    def _sh(self, script: str) -> None:
        assert str(self.folder) in script
        subprocess.run(["sh", "-c", script], check=True, timeout=60)


class LargeDistrict:
    """PostgreSQL and a bucket, which is not lost."""

    def __init__(self, folder: Path, server: Postgres, moto: int) -> None:
        self._backup = folder / "backup"
        self._backup.mkdir()
        self._server = server
        self.database = server.ready()
        bucket, endpoint = f"papers-{uuid4()}", f"http://127.0.0.1:{moto}"
        self.s3: Any = bucket_client(endpoint)
        self.s3.create_bucket(Bucket=bucket)
        self.objects = f"s3://{bucket}/lijia?endpoint={endpoint}"

    def back_up_database(self) -> None:
        self._sh(lines("backup.sh for PostgreSQL", {"/backup": str(self._backup)}).partition("rclone")[0])

    def back_up_papers(self) -> None:
        """The store keeps them."""

    def lose_and_restore(self) -> None:
        self.database = self._server.empty()
        script = lines("restore.sh for PostgreSQL", {"/backup": str(self._backup)})
        self._sh(re.sub("createdb .*", "", script))

    def _sh(self, script: str) -> None:
        where = programs()
        assert where is not None
        environment = {**os.environ, "PATH": f"{where}:{os.environ['PATH']}", "DATABASE": self.database}
        subprocess.run(["sh", "-c", script], check=True, timeout=60, env=environment)


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture(params=["small", "large"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, moto: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallHall | LargeDistrict]:
    if request.param == "small":
        yield SmallHall(tmp_path)
        return
    take_credentials(monkeypatch)
    large = LargeDistrict(tmp_path, request.getfixturevalue("postgres_server"), moto)
    yield large
    large.s3.close()


class CutBeforePapers(PlatformClient):
    def attachment_offset(self, name: str) -> Answer | Failure:
        return Failure(kind=FailureKind.UNREACHABLE)

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Answer | Failure:
        return Failure(kind=FailureKind.UNREACHABLE)


def erase(settings: Settings, sender: Sender) -> None:
    """As retention does: the tombstone stays."""
    store = open_store(settings)
    for name in sender.papers:
        store.objects.delete(name)

    def emptied(connection: Any) -> None:
        of = SUBMISSIONS.c.uid == sender.uid
        connection.execute(SUBMISSIONS.update().where(of).values(body=None, erased_at=now_text()))
        change = ATTACHMENTS.update().where(ATTACHMENTS.c.uid == sender.uid)
        connection.execute(change.values(erased_at=now_text()))

    write(store.engine, emptied)
    store.close()


def recovered(settings: list[str], *words: str) -> tuple[str, list[dict[str, str]]]:
    done = CliRunner().invoke(main, ["recover", *settings, "--json", *words])
    missing = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == (1 if missing else 0), done.output
    return done.stderr, missing


def test_a_restored_platform_keeps_its_promises(kept: SmallHall | LargeDistrict, tmp_path: Path) -> None:
    whole, erased = Sender(os.urandom(50_000)), Sender(b"gone")
    half, finished, late, lost = (Sender(os.urandom(150_000)) for _ in range(4))
    (name,), (done_name,) = half.papers, finished.papers
    queue = open_queue(tmp_path / "queue")
    with serving(Settings(database=kept.database, papers=place(kept.objects))) as url:
        receipts = {one: one.form(url).content for one in (whole, erased, half, finished)}
        for one in (whole, erased):
            assert one.chunk(url, next(iter(one.papers)), 0).status_code == 204
        erase(Settings(database=kept.database, papers=place(kept.objects)), erased)
        assert half.chunk(url, name, 0, 100_000).status_code == 204
        assert finished.chunk(url, done_name, 0, 100_000).status_code == 204
        kept.back_up_database()
        # Between the two and after them the platform goes on.
        assert finished.chunk(url, done_name, 100_000).status_code == 204
        kept.back_up_papers()
        assert half.chunk(url, name, 100_000, 120_000).status_code == 204
        given = {whole.state(url)[1], finished.state(url)[1]}
        for one in (late, lost):
            assert one.form(url).status_code == 201
        assert lost.chunk(url, next(iter(lost.papers)), 0).status_code == 204
        given.add(lost.state(url)[1])
        paper = Paper(material="m", media_type="image/jpeg", content=os.urandom(2_000_000))
        uid = stored(queue.put(matter="pension-enrolment", form={}, attachments=[paper])).uid
        client = CutBeforePapers(url)
        assert sync_once(queue, client).failed == 1
        client.close()
        item = queue.show(uid)
        assert item is not None
        assert item.state is State.RECEIVED

        refused = CliRunner().invoke(main, ["recover", "--database", kept.database, "--objects", kept.objects])
        assert (refused.exit_code, "a server works on this database" in refused.output) == (1, True)

    kept.lose_and_restore()
    said, missing = recovered(["--database", kept.database, "--objects", kept.objects], "--skip", "5000")
    assert "1 papers were there and not known" in said  # of `finished`, whose last chunk the database had not seen
    assert missing == []

    settings = Settings(database=kept.database, papers=place(kept.objects))
    with serving(settings) as url:
        # Tombstones: the same receipt to the same bytes, also of what was erased, and no word to others.
        for one, receipt in receipts.items():
            again = one.form(url)
            assert (again.status_code, again.content) == (200, receipt)
            assert one.form(url, one.body().replace(b"2026-11-23", b"2026-11-24")).status_code == 422
        assert whole.state(url)[1] in given
        # Terminals go on where the platform stands now.
        status, number = finished.state(url)
        assert (status, number in given) == ("done", False)
        given.add(number)
        assert half.chunk(url, name, 120_000).status_code == (409 if isinstance(kept, SmallHall) else 204)
        assert half.chunk(url, name, half.offset(url, name)).status_code in (204, 409)
        assert half.offset(url, name) == 150_000
        assert half.state(url)[0] == "done"
        # A form that is not known any more is sent again, and gets a number that nobody has.
        assert late.chunk(url, next(iter(late.papers)), 0).status_code == 404
        assert late.form(url).status_code == 201
        assert late.chunk(url, next(iter(late.papers)), late.offset(url, next(iter(late.papers)))).status_code == 204
        numbers = [half.state(url)[1], late.state(url)[1]]
        assert all(one is not None and int(one[-6:]) > 5000 for one in numbers)
        assert given.isdisjoint(numbers)
        client = PlatformClient(url)
        assert sync_once(queue, client, hurry=True).delivered == 1
        client.close()
    store = open_store(settings)
    assert all(one.is_kept(store) for one in (whole, half, finished, late))
    assert store.submission(lost.uid) is None
    store.close()
    queue.close()


_KILLED = """
import os, signal, sys
from district.database import open_engine, write

def killed(connection):
    connection.exec_driver_sql("PRAGMA cache_size = 5")
    connection.exec_driver_sql("UPDATE submission SET body = zeroblob(3500), receipt = zeroblob(400)")
    os.kill(os.getpid(), signal.SIGKILL)

write(open_engine(sys.argv[1]), killed)
"""


def test_a_backup_is_restored_over_what_a_killed_platform_left(tmp_path: Path) -> None:
    hall = SmallHall(tmp_path)
    settings = Settings(database=hall.database, papers=place(hall.objects))

    def taken(*numbers: int) -> None:
        store = open_store(settings)
        for number in numbers:
            hand_in(store, number, note="x" * 3000)
        store.close()

    for numbers in (range(1, 10), range(10, 20)):  # the second backup takes the place of the first
        taken(*numbers)
        hall.back_up_database()
        hall.back_up_papers()
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {"district.db", "papers"}
    assert (tmp_path / "backup" / "district.db").stat().st_mode & 0o777 == 0o600
    taken(*range(20, 40))
    died = subprocess.run([sys.executable, "-c", _KILLED, hall.database], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    assert (tmp_path / "live" / "district.db-journal").stat().st_size > 0

    hall.restore()
    assert (tmp_path / "live" / "district.db").stat().st_mode & 0o777 == 0o600
    said, lost = recovered(["--database", hall.database, "--objects", hall.objects])
    assert lost == []
    assert "disable and revoke again" in said
    store = open_store(settings)
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        assert connection.execute(select(SUBMISSIONS.c.uid).order_by(SUBMISSIONS.c.seq)).scalars().all() == [
            uid(number) for number in range(1, 20)
        ]
    store.close()
    with serving(settings) as url:  # the old one's nonces are away, too
        assert Sender().form(url).status_code == 201


def test_a_paper_that_is_gone_is_named(tmp_path: Path) -> None:
    database, papers = f"sqlite:///{tmp_path / 'district.db'}", tmp_path / "papers"
    there, gone = Sender(b"there"), Sender(b"gone")
    with serving(Settings(database=database, papers=papers)) as url:
        for one in (there, gone):
            one.form(url)
            assert one.chunk(url, next(iter(one.papers)), 0).status_code == 204
        number = gone.state(url)[1]
    (name,) = gone.papers
    (papers / name).unlink()
    said, missing = recovered(["--database", database])
    assert missing == [{"uid": gone.uid, "case_number": number, "lost": name}]
    assert "1 papers are lost" in said


def test_a_batch_job_that_kept_its_last_number_sees_what_comes_after_a_restore(
    kept: SmallHall | LargeDistrict,
) -> None:
    def given(*numbers: int) -> None:
        store = open_store(Settings(database=kept.database, papers=place(kept.objects)))
        for number in numbers:
            hand_in(store, number, papers=())
        store.close()

    def seen(since: int) -> list[tuple[int, str]]:
        told = CliRunner().invoke(main, ["export", "--since", str(since), "--database", kept.database])
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        return [(line["event"]["seq"], line["uid"]) for line in lines]

    given(1)
    kept.back_up_database()
    kept.back_up_papers()
    given(2, 3)
    last, _ = seen(0)[-1]
    kept.lose_and_restore()
    recovered(["--database", kept.database, "--objects", kept.objects])
    given(4, 5)
    assert [one for _, one in seen(last)] == [uid(4), uid(5)]


def test_a_batch_job_begins_before_the_first_case(tmp_path: Path) -> None:
    """Nothing had been told when the backup was made."""
    database = f"sqlite:///{tmp_path / 'district.db'}"
    open_store(Settings(database=database, papers=tmp_path / "papers")).close()
    recovered(["--database", database, "--skip", "2"])
    store = open_store(Settings(database=database, papers=tmp_path / "papers"))
    hand_in(store, 1, papers=())
    assert [told.seq for told in Outbox(store.engine).since(0)] == [2001]
    store.close()


def test_nobody_serves_while_a_platform_is_recovered(kept: SmallHall | LargeDistrict) -> None:
    settings = Settings(database=kept.database, papers=place(kept.objects))
    store, second = open_store(settings), open_store(settings)
    share(store.engine)
    share(second.engine)
    with pytest.raises(DatabaseTrouble, match="end every district serve"), unshared(store.engine):
        pass
    store.close()
    recovering = open_store(settings)
    with pytest.raises(DatabaseTrouble, match="end every district serve"), unshared(recovering.engine):
        pass
    second.close()
    with unshared(recovering.engine):
        with pytest.raises(DatabaseTrouble, match="district recover is at work"):
            create_app(settings)
        told = CliRunner().invoke(
            main, ["serve", "--port", "0", "--database", kept.database, "--objects", kept.objects]
        )
        assert (told.exit_code, "try again when it is done" in told.output) == (1, True)
    share(recovering.engine)
    recovering.close()


def test_a_server_whose_database_was_gone_stays_out_while_it_is_recovered(postgres: str, tmp_path: Path) -> None:
    served, recovering = (open_store(Settings(database=postgres, papers=tmp_path)) for _ in range(2))
    share(served.engine)
    with recovering.engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.exec_driver_sql(f"{others} AND datname = current_database()")
    with unshared(recovering.engine):
        for _ in range(2):  # the first says that its connection is gone
            with pytest.raises(OperationalError), served.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
    with served.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    with pytest.raises(DatabaseTrouble), unshared(recovering.engine):
        pass
    served.close()
    recovering.close()


def test_tidy_leaves_what_is_kept_and_what_is_new(tmp_path: Path) -> None:
    database, papers = f"sqlite:///{tmp_path / 'district.db'}", tmp_path / "papers"
    sender = Sender(b"kept")
    with serving(Settings(database=database, papers=papers)) as url:
        sender.form(url)
        assert sender.chunk(url, next(iter(sender.papers)), 0).status_code == 204
    old, new = papers / str(uuid4()), papers / str(uuid4())
    old.touch()
    new.touch()
    for path in (old, papers / next(iter(sender.papers))):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    done = CliRunner().invoke(main, ["tidy", "--database", database])
    assert (done.exit_code, done.stderr) == (0, "1 removed\n")
    assert {path.name for path in papers.iterdir()} == {new.name, MARK, *sender.papers}
