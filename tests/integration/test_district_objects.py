"""Where papers lie: a folder and a bucket do the same, and what they can't do now, they say."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from district.database import open_engine
from district.objects import Folder, Objects, ObjectsAway, ObjectsWrong, Place
from district.objects_s3 import Bucket
from district.tables import ATTACHMENTS
from tests.support.failing_disk import small_disk
from tests.support.object_store import Line, Mood, bucket_client, moto_server, swift_server, take_credentials

PAPER = "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
OTHER = "7f9619ff-8b86-4d01-b42d-00cf4fc96400"
KEPT = {PAPER}


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with swift_server(tmp_path_factory.mktemp("swift") / "disk") as port:
        yield port


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'district.db'}")
    for name in (PAPER, OTHER):
        row = {"id": name, "uid": name, "material": "m", "media_type": "image/jpeg", "bytes": 9_000_000, "sha256": ""}
        with engine.begin() as connection:
            connection.execute(ATTACHMENTS.insert().values(**row, position=0, offset=0, complete=False))
    yield engine
    engine.dispose()


@pytest.fixture
def line(moto: int) -> Iterator[Line]:
    line = Line(moto)
    yield line
    line.close()


@pytest.fixture
def s3(moto: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    """A client of the tests' own, and a bucket of this test."""
    take_credentials(monkeypatch)
    client = bucket_client(f"http://127.0.0.1:{moto}")
    name = f"papers-{abs(hash(request.node.nodeid)):x}"
    client.create_bucket(Bucket=name)
    yield client, name
    client.close()


@pytest.fixture
def bucket(engine: Engine, line: Line, s3: tuple[Any, str]) -> Bucket:
    bucket = Bucket(Place.read(f"s3://{s3[1]}/of/lijia?endpoint={line.url}"), engine)
    assert bucket.mark() is None
    return bucket


@pytest.fixture(params=["folder", "moto", "swift"])
def objects(request: pytest.FixtureRequest, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Objects:
    if request.param == "folder":
        return Folder(tmp_path / "papers")
    take_credentials(monkeypatch)
    endpoint = f"http://127.0.0.1:{request.getfixturevalue(request.param)}"
    client, name = bucket_client(endpoint), f"papers-{abs(hash(request.node.nodeid)):x}"
    client.create_bucket(Bucket=name)
    client.close()
    bucket = Bucket(Place.read(f"s3://{name}/of/lijia?endpoint={endpoint}"), engine)
    assert bucket.mark() is None
    return bucket


def content(objects: Objects, name: str = PAPER) -> bytes:
    with objects.open(name) as file:
        return file.read()


def test_a_paper_grows_at_its_end_only(objects: Objects) -> None:
    chunks = [os.urandom(70_000), b"b", os.urandom(1 << 20)]
    assert objects.offset(PAPER) == 0
    at = 0
    for chunk in chunks:
        assert objects.append(PAPER, at, chunk)
        assert not objects.append(PAPER, at, chunk)
        at += len(chunk)
        assert objects.offset(PAPER) == at
    assert not objects.append(PAPER, at + 1, b"x")
    assert content(objects) == b"".join(chunks)
    with objects.open(PAPER) as file:
        assert file.seek(0, os.SEEK_END) == at
        assert file.seek(69_999)
        assert file.read(3) == b"".join(chunks)[69_999:70_002]


def test_what_is_deleted_is_gone_and_can_come_again(objects: Objects) -> None:
    assert objects.append(PAPER, 0, b"one")
    assert objects.append(OTHER, 0, b"other")
    objects.delete(PAPER)
    objects.delete(PAPER)
    with pytest.raises(FileNotFoundError):
        objects.open(PAPER)
    assert objects.offset(PAPER) == 0
    assert objects.append(PAPER, 0, b"two")
    assert (content(objects), content(objects, OTHER)) == (b"two", b"other")


def test_of_many_who_append_at_one_place_one_wins_and_no_bytes_mix(objects: Objects) -> None:
    chunks = [bytes([number]) * 50_000 for number in range(8)]
    together = threading.Barrier(len(chunks))

    def send(chunk: bytes, at: int) -> bool:
        together.wait(10)
        return objects.append(PAPER, at, chunk)

    with ThreadPoolExecutor(len(chunks)) as pool:
        for at in (0, 50_000):
            won = list(pool.map(send, chunks, [at] * len(chunks)))
            assert won.count(True) == 1
            assert content(objects)[at:] == chunks[won.index(True)]


def test_what_belongs_to_no_paper_is_found(objects: Objects) -> None:
    assert objects.append(PAPER, 0, b"kept")
    assert objects.append(OTHER, 0, b"loose")
    soon = datetime.now(tz=UTC) + timedelta(minutes=1)
    assert objects.tidy(KEPT.intersection, before=soon - timedelta(hours=1)) == 0
    assert content(objects, OTHER) == b"loose"
    assert objects.tidy(KEPT.intersection, before=soon) == 1
    assert objects.tidy(KEPT.intersection, before=soon) == 0
    with pytest.raises(FileNotFoundError):
        content(objects, OTHER)
    assert content(objects) == b"kept"


def test_what_is_somebody_else_s_stays(tmp_path: Path, bucket: Bucket, s3: tuple[Any, str]) -> None:
    soon = datetime.now(tz=UTC) + timedelta(minutes=1)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "lost+found").touch()
    assert Folder(tmp_path / "papers").tidy(KEPT.intersection, before=soon) == 0
    client, name = s3
    client.put_object(Bucket=name, Key="of/lijia/district.dump", Body=b"x")
    client.put_object(Bucket=name, Key="district.dump", Body=b"x")
    assert bucket.tidy(KEPT.intersection, before=soon) == 0


def test_a_full_disk_is_said_and_takes_nothing_half(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 1) as place:
        folder = Folder(place / "papers")
        assert folder.append(PAPER, 0, b"x" * 600_000)
        with pytest.raises(ObjectsAway, match="No space left"):
            folder.append(PAPER, 600_000, b"y" * 600_000)
        assert folder.offset(PAPER) == 600_000
        assert folder.append(OTHER, 0, b"z")
        folder.delete(OTHER)
        assert folder.append(PAPER, 600_000, b"y" * 300_000)
        assert content(folder) == b"x" * 600_000 + b"y" * 300_000


@pytest.mark.parametrize("mood", [Mood.GONE, Mood.SILENT, Mood.FORGETFUL])
def test_a_store_that_is_gone_is_said_and_loses_nothing(
    bucket: Bucket, line: Line, s3: tuple[Any, str], engine: Engine, mood: Mood
) -> None:
    assert bucket.append(PAPER, 0, b"one ")
    line.turn(mood)
    hasty = Bucket(Place.read(f"s3://{s3[1]}/of/lijia?endpoint={line.url}"), engine, read_seconds=0.2)
    with pytest.raises(ObjectsAway):
        hasty.append(PAPER, 4, b"two ")
    with pytest.raises(ObjectsAway):
        content(hasty)
    assert bucket.offset(PAPER) == 4
    line.turn(Mood.FINE)
    assert bucket.append(PAPER, 4, b"three")
    assert content(bucket) == b"one three"


def test_what_a_forgetful_store_kept_unasked_belongs_to_nobody(bucket: Bucket, line: Line) -> None:
    line.turn(Mood.FORGETFUL)
    with pytest.raises(ObjectsAway):
        bucket.append(PAPER, 0, b"never acknowledged")
    line.turn(Mood.FINE)
    assert bucket.append(PAPER, 0, b"acknowledged")
    soon = datetime.now(tz=UTC) + timedelta(minutes=1)
    assert bucket.tidy(KEPT.intersection, before=soon) == 1
    assert content(bucket) == b"acknowledged"


def test_an_answer_that_breaks_off_is_asked_for_again(bucket: Bucket, line: Line) -> None:
    paper = os.urandom(300_000)
    assert bucket.append(PAPER, 0, paper)
    line.turn(Mood.HALF)
    with pytest.raises(ObjectsAway):
        content(bucket)
    assert line.cuts == 2
    line.turn(Mood.FINE)
    assert content(bucket) == paper


def test_a_store_that_trickles_is_left_in_time(bucket: Bucket, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = os.urandom(1 << 20)
    line.turn(Mood.TRICKLE)
    assert bucket.append(PAPER, 0, paper)  # slow, and good
    with monkeypatch.context() as hasty:
        hasty.setattr("district.objects_s3._PART_SECONDS", 0.5)
        with pytest.raises(ObjectsAway, match="too slow"):
            content(bucket)
    line.turn(Mood.FINE)
    assert content(bucket) == paper


def test_an_object_that_somebody_took_away_is_missed(bucket: Bucket, s3: tuple[Any, str]) -> None:
    assert bucket.append(PAPER, 0, b"one")
    client, name = s3
    (found,) = client.list_objects_v2(Bucket=name)["Contents"]
    assert found["Key"].startswith(f"of/lijia/{PAPER}/0000000000-")
    client.delete_object(Bucket=name, Key=found["Key"])
    with pytest.raises(FileNotFoundError):
        content(bucket)


def test_how_much_of_a_paper_lies_here_is_told(objects: Objects) -> None:
    assert objects.adopt(PAPER) == 0
    assert objects.append(PAPER, 0, b"one")
    assert objects.append(PAPER, 3, b"three")
    assert (objects.adopt(PAPER), objects.adopt(OTHER)) == (8, 0)
    assert content(objects) == b"onethree"


def test_of_a_paper_that_lost_an_object_counts_what_comes_before_it(bucket: Bucket, s3: tuple[Any, str]) -> None:
    for at, chunk in ((0, b"one"), (3, b"two"), (6, b"three")):
        assert bucket.append(PAPER, at, chunk)
    client, name = s3
    first, second, _ = (one["Key"] for one in client.list_objects_v2(Bucket=name)["Contents"])
    client.put_object(Bucket=name, Key=second, Body=b"tw")
    assert bucket.adopt(PAPER) == 3
    client.delete_object(Bucket=name, Key=first)
    assert bucket.adopt(PAPER) == 0


def test_erasing_that_was_interrupted_goes_on(bucket: Bucket, line: Line, s3: tuple[Any, str]) -> None:
    assert bucket.append(PAPER, 0, b"one")
    assert bucket.append(PAPER, 3, b"two")
    line.turn(Mood.GONE)
    with pytest.raises(ObjectsAway):
        bucket.delete(PAPER)
    line.turn(Mood.FINE)
    bucket.delete(PAPER)
    client, name = s3
    assert "Contents" not in client.list_objects_v2(Bucket=name)
    assert bucket.offset(PAPER) == 0


def test_what_comes_for_a_paper_that_was_erased_is_kept_nowhere(
    bucket: Bucket, engine: Engine, s3: tuple[Any, str]
) -> None:
    with engine.begin() as connection:
        connection.execute(ATTACHMENTS.update().values(erased_at="2026-01-01T00:00:00+00:00"))
    assert not bucket.append(PAPER, 0, b"one")
    client, name = s3
    assert "Contents" not in client.list_objects_v2(Bucket=name)


def test_a_place_that_can_t_be_used_is_said(engine: Engine, line: Line, s3: tuple[Any, str]) -> None:
    for wrong in ("s3://", "http://bucket/x", "s3://a@b/c", "s3://b/p?endpoint=ftp://x", "s3://b/p?key=1", "s3://b#c"):
        with pytest.raises(ValueError, match="endpoint"):
            Place.read(wrong)
    with pytest.raises(ObjectsWrong, match="NoSuchBucket for s3://no-such-bucket/: look at --objects"):
        Bucket(Place.read(f"s3://no-such-bucket?endpoint={line.url}"), engine).mark()


@pytest.mark.parametrize(
    ("address", "environment", "said"),
    [
        ("s3://papers?region=x y", {}, "'x y' doesn't match"),
        ("s3://papers?endpoint=http://", {}, "Invalid endpoint: http://"),
        ("s3://papers", {"AWS_PROFILE": "nosuch"}, r"profile \(nosuch\) could not be found"),
        ("s3://a b/c", {}, "s3://a b/c/"),
    ],
)
def test_who_can_t_be_asked_as_it_is_set_up_is_no_bucket_that_is_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, address: str, environment: dict[str, str], said: str
) -> None:
    take_credentials(monkeypatch)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ObjectsWrong, match=r"can't be asked for .*look at --objects") as told:
        Bucket(Place.read(address), engine).mark()
    assert re.search(said, str(told.value))


def test_without_credentials_nothing_is_asked(engine: Engine, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    take_credentials(monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(ObjectsWrong, match="no credentials"):
        Bucket(Place.read(f"s3://bucket?endpoint={line.url}"), engine).mark()
