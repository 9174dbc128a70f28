"""Papers through HTTP while their place fails: what is answered, and that nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from district.app import Settings
from district.leases import Leases
from district.objects import Objects
from district.outcomes import Taken, Upload, WrongDigest
from district.papers_store import PaperStore
from district.store import DistrictStore
from offline_queue.wire import Envelope, State
from tests.support.failing_disk import small_disk
from tests.support.object_store import Line, Mood, bucket_client, moto_server, take_credentials
from tests.support.upload_rig import Sender, place, refusal, serving


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture
def bucket(moto: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Line]]:
    """Where papers lie, and the line there."""
    take_credentials(monkeypatch)
    line, name = Line(moto), f"papers-{uuid4()}"
    client = bucket_client(f"http://127.0.0.1:{moto}")
    client.create_bucket(Bucket=name)
    client.close()
    yield f"s3://{name}?endpoint={line.url}", line
    line.close()


@pytest.mark.parametrize("mood", [Mood.GONE, Mood.FORGETFUL])
def test_a_store_that_is_gone_makes_terminals_wait_and_loses_nothing(
    bucket: tuple[str, Line], tmp_path: Path, mood: Mood
) -> None:
    objects, line = bucket
    settings = Settings(database=f"sqlite:///{tmp_path / 'd.db'}", papers=place(objects))
    sender = Sender(os.urandom(300_000))
    (name,) = sender.papers
    with serving(settings) as url:
        assert sender.form(url).status_code == 201
        assert sender.chunk(url, name, 0, 100_000).status_code == 204
        line.turn(mood)
        assert refusal(sender.chunk(url, name, 100_000, 200_000)) == (503, "later")
        assert sender.offset(url, name) == 100_000
        # The last chunk gets there, and what was kept can't be read back: still nothing is acknowledged or forgotten.
        line.turn(Mood.FINE)
        assert sender.chunk(url, name, 100_000, 200_000).status_code == 204
        line.turn(mood)
        assert refusal(sender.chunk(url, name, 200_000)) == (503, "later")
        assert sender.state(url) == ("received", None)
        line.turn(Mood.FINE)
        assert sender.chunk(url, name, sender.offset(url, name)).status_code == 204
        assert sender.state(url)[0] == "done"
    store = DistrictStore(settings.database, settings.papers)
    assert sender.is_kept(store)
    line.turn(Mood.GONE)
    with pytest.raises(Exception, match="the object store is away"):
        sender.is_kept(store)
    store.close()


def test_a_full_disk_makes_terminals_wait_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 2) as disk:
        settings = Settings(database=f"sqlite:///{disk / 'd.db'}", papers=disk / "papers")
        sender = Sender(os.urandom(700_000), os.urandom(500_000))
        one, two = sender.papers
        with serving(settings) as url:
            assert sender.form(url).status_code == 201
            assert sender.chunk(url, one, 0).status_code == 204
            ballast = disk / "ballast"
            with ballast.open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    assert ballast.stat().st_size > 0
            assert refusal(sender.chunk(url, two, 0)) == (503, "later")  # neither a lease nor a byte has room
            assert refusal(Sender(b"x").form(url)) == (503, "later")
            assert sender.state(url) == ("received", None)
            ballast.unlink()
            assert sender.chunk(url, two, sender.offset(url, two)).status_code == 204
            assert sender.state(url)[0] == "done"
        store = DistrictStore(settings.database, settings.papers)
        assert sender.is_kept(store)
        store.close()


def test_a_platform_of_one_upload_lets_the_second_wait(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'd.db'}", papers=tmp_path / "papers", uploads=1)
    first, second = Sender(b"a" * 10), Sender(b"b" * 10)
    (one,), (two,) = first.papers, second.papers
    with serving(settings) as url:
        assert first.form(url).status_code == 201
        assert second.form(url).status_code == 201
        assert first.chunk(url, one, 0, 5).status_code == 204
        assert refusal(second.chunk(url, two, 0, 5)) == (503, "later")
        assert first.chunk(url, one, 5).status_code == 204
        assert second.chunk(url, two, 0).status_code == 204
        assert second.state(url)[0] == "done"


class Overtaken:
    """Papers' place in which `story` happens once: to whom opens a paper, before or after it is read."""

    def __init__(self, objects: Objects, story: Callable[[], None], *, read: bool) -> None:
        self._objects = objects
        self._stories = [story]
        self._read = read

    def __getattr__(self, name: str) -> object:
        return getattr(self._objects, name)

    def open(self, name: str) -> BufferedReader:
        file = self._objects.open(name)
        if self._stories:
            if self._read:
                file.read()
                file.seek(0)
            self._stories.pop()()
        return file


@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_who_finds_a_paper_wrong_late_takes_no_good_one_away(
    kind: str, read: bool, chunks: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    objects = str(tmp_path / "papers") if kind == "folder" else request.getfixturevalue("bucket")[0]
    store = DistrictStore(f"sqlite:///{tmp_path / 'd.db'}", place(objects))
    sender = Sender(os.urandom(100_000))
    ((name, wire),) = sender.papers.items()
    assert isinstance(store.take(Envelope.model_validate_json(sender.body()), sender.body()), Taken)
    half = len(wire) // 2 if chunks == 2 else 0
    wrong = os.urandom(len(wire))

    def the_terminal_sends_it_anew() -> None:
        assert store.papers.upload(name) == Upload(offset=0, length=len(wire))
        assert store.papers.append(name, 0, wire[:1000]) == Upload(offset=1000, length=len(wire))
        assert store.papers.append(name, 1000, wire[1000:]) == Upload(offset=len(wire), length=len(wire))

    if half:
        assert store.papers.append(name, 0, wrong[:half]) == Upload(offset=half, length=len(wire))
    overtaken = cast("Objects", Overtaken(store.objects, the_terminal_sends_it_anew, read=read))
    slow = PaperStore(store.engine, overtaken, Leases(store.engine, most=9), {})
    assert slow.append(name, half, wrong[half:]) == WrongDigest()
    assert store.papers.upload(name) == Upload(offset=len(wire), length=len(wire))
    assert sender.is_kept(store)
    (row,) = store.submissions()
    assert row.state is State.DONE
    store.close()


KILLED = """
import os, signal, sys
from district.app import Settings, open_store
from tests.support.upload_rig import place
store = open_store(Settings(database=sys.argv[1], papers=place(sys.argv[2])))
append = store.objects.append
def killed(name, offset, chunk):
    assert append(name, offset, chunk)
    os.kill(os.getpid(), signal.SIGKILL)
store.objects.append = killed
store.papers.append(sys.argv[3], int(sys.argv[4]), sys.stdin.buffer.read())
"""


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_a_process_killed_between_the_bytes_and_the_commit(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    objects = str(tmp_path / "papers") if kind == "folder" else request.getfixturevalue("bucket")[0]
    settings = Settings(database=f"sqlite:///{tmp_path / 'd.db'}", papers=place(objects))
    sender = Sender(os.urandom(200_000))
    ((name, paper),) = sender.papers.items()
    with serving(settings) as url:
        assert sender.form(url).status_code == 201
        assert sender.chunk(url, name, 0, 150_000).status_code == 204
        words = [sys.executable, "-c", KILLED, settings.database, objects, name, "150000"]
        assert subprocess.run(words, input=paper[150_000:], check=False).returncode == -signal.SIGKILL
        assert sender.state(url) == ("received", None)
        assert sender.chunk(url, name, 150_000).status_code == 409  # as after a lost answer
        assert sender.offset(url, name) == 200_000
        assert sender.state(url)[0] == "done"
    store = DistrictStore(settings.database, settings.papers)
    assert sender.is_kept(store)
    store.close()


@contextmanager
def platform(database: str, objects: str) -> Generator[str]:
    """`district serve` in a process of its own."""
    words = ["-c", "from district.cli import main; main()", "serve", "--port", "0"]
    words += ["--database", database, "--objects", objects]
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process.stderr.readline().strip().rstrip("/")
        finally:
            process.kill()


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_two_processes_that_get_the_same_chunks_at_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "folder":
        database, objects = f"sqlite:///{tmp_path / 'd.db'}", str(tmp_path / "papers")
    else:
        database, objects = request.getfixturevalue("postgres"), request.getfixturevalue("bucket")[0]
    sender, size = Sender(os.urandom(600_000)), 100_000
    (name,) = sender.papers
    with ExitStack() as stack:
        urls = [stack.enter_context(platform(database, objects)) for _ in range(2)]
        assert sender.form(urls[0]).status_code == 201
        with ThreadPoolExecutor(6) as pool:
            for start in range(0, 600_000, size):
                sent = [pool.submit(sender.chunk, url, name, start, start + size) for url in urls * 3]
                assert sorted(one.result().status_code for one in sent) == [204, *[409] * 5]
        assert sender.offset(urls[1], name) == 600_000
        assert sender.state(urls[1])[0] == "done"
    store = DistrictStore(database, place(objects))
    assert sender.is_kept(store)
    (row,) = store.submissions()
    assert row.case_number is not None
    assert row.case_number.endswith("-000001")
    store.close()
