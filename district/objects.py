"""Where papers lie: in a folder, or in an object store (:mod:`district.objects_s3`).

A paper grows by chunks. A chunk is durable before `append` says so, two who append at the same place don't mix their
bytes, and what a process leaves that is killed half-way is either a beginning of the paper or belongs to nobody.
Whether the whole is what was declared is for the caller to see: neither place is believed.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Engine

from offline_queue.blobs import private_folder, sync_folder, write_whole

Known = Callable[[Collection[str]], Collection[str]]
"""Of these names, those of papers that are to be kept."""

MARK = "platform-mark"
"""Lies beside the papers: the file of which platform they are (:mod:`district.papers_mark`)."""
OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/|$)")
"""Names of papers; what else lies in their place is somebody else's."""
AT_ONCE = 500
"""Names that are asked about in one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`s3://bucket/prefix?endpoint=https://…&region=…`. Credentials come from the environment, as boto3 takes them."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None

    @classmethod
    def read(cls, url: str) -> Place:
        """Raises ValueError."""
        parts = urlsplit(url)
        told = dict(parse_qsl(parts.query, keep_blank_values=True))
        endpoint, region = told.pop("endpoint", None), told.pop("region", None)
        if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.fragment or told:
            raise ValueError(f"not s3://bucket/prefix?endpoint=…&region=…: {url}")
        if endpoint is not None and urlsplit(endpoint).scheme not in ("http", "https"):
            raise ValueError(f"the endpoint is not an http address: {endpoint}")
        prefix = parts.path.strip("/")
        return cls(bucket=parts.netloc, prefix=f"{prefix}/" if prefix else "", endpoint=endpoint, region=region)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


class ObjectsAway(Exception):
    """Papers can't be kept or read now: a disk that is full, an object store that is gone. Later they may be."""


class ObjectsWrong(ObjectsAway):
    """They never can be, as it is set up: no credentials, no such bucket, or not for us."""


class Objects(Protocol):
    """Papers by name. Each method raises ObjectsAway; `str` says where they lie."""

    def offset(self, name: str) -> int:
        """How many bytes of an unfinished paper are durable."""
        ...

    def mark(self) -> str | None:
        """Whose papers lie here, as `set_mark` was told; None where nobody's do."""
        ...

    def set_mark(self, mark: str) -> None:
        """Durably."""
        ...

    def append(self, name: str, offset: int, chunk: bytes) -> bool:
        """Add bytes durably; False when the paper does not end at `offset` (any more)."""
        ...

    def open(self, name: str) -> BufferedReader:
        """A paper to be read from its start; the caller closes it. Raises FileNotFoundError."""
        ...

    def delete(self, name: str, *, only: BufferedReader | None = None) -> None:
        """Forget a paper; it is well when there is none. `only` what `open` gave, all of its bytes, and was found
        wrong: what came in its place since then stays."""
        ...

    def adopt(self, name: str) -> int:
        """Take over what lies here of an unfinished paper, and the database does not know: it was restored. Gives how
        many bytes of a paper lie here, from its start, by their lengths alone."""
        ...

    def tidy(self, known: Known, *, before: datetime) -> int:
        """Remove what lies here since `before` (aware) and belongs to no paper; gives how many."""
        ...


class Folder:
    """Papers as files. Processes that share the folder take turns at a file by its lock (flock).

    A file's length is the paper's offset: each append is fsynced before it counts, so nothing has to be committed
    beside it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder.absolute())

    def mark(self) -> str | None:
        with _disk(), suppress(FileNotFoundError):
            return (self._folder / MARK).read_text("utf-8", "replace").strip()
        return None

    def set_mark(self, mark: str) -> None:
        with _disk():
            private_folder(self._folder)
            write_whole(self._folder / MARK, [f"{mark}\n".encode()])
            sync_folder(self._folder)

    def offset(self, name: str) -> int:
        with _disk():
            try:
                descriptor = os.open(self._folder / name, os.O_RDONLY)
            except FileNotFoundError:
                return 0
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                # What a process wrote that was killed before its fsync, is promised from now on.
                os.fsync(descriptor)
                sync_folder(self._folder)
                return os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)

    def append(self, name: str, offset: int, chunk: bytes) -> bool:
        path = self._folder / name
        with _disk():
            private_folder(self._folder)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                facts = os.fstat(descriptor)
                if facts.st_size != offset or facts.st_nlink == 0:  # 0: deleted while we waited for the lock
                    return False
                try:
                    _write(descriptor, offset, chunk)
                    os.fsync(descriptor)
                    if offset == 0:
                        sync_folder(self._folder)
                except OSError:
                    _take_back(descriptor, offset, path)
                    raise
            finally:
                os.close(descriptor)
        return True

    def open(self, name: str) -> BufferedReader:
        try:
            return (self._folder / name).open("rb")
        except FileNotFoundError:
            raise
        except OSError as trouble:
            raise ObjectsAway(str(trouble)) from trouble

    def delete(self, name: str, *, only: BufferedReader | None = None) -> None:
        path = self._folder / name
        with _disk(), suppress(FileNotFoundError):
            if only is not None:
                # Whoever else finds the same file wrong waits here. While it is open, no other gets its number.
                fcntl.flock(only.fileno(), fcntl.LOCK_EX)
                if not os.path.samestat(os.fstat(only.fileno()), path.stat()):
                    return
            path.unlink()
            sync_folder(self._folder)

    def adopt(self, name: str) -> int:
        """Nothing to take over: a file tells its length itself."""
        with _disk():
            try:
                return (self._folder / name).stat().st_size
            except FileNotFoundError:
                return 0

    def tidy(self, known: Known, *, before: datetime) -> int:
        removed = 0
        with _disk():
            found = os.scandir(self._folder) if self._folder.is_dir() else ()
            names = [one.name for one in found if OURS.match(one.name) and one.stat().st_mtime < before.timestamp()]
        for some in batches(names):
            for name in set(some).difference(known(some)):
                self.delete(name)
                removed += 1
        return removed


def look_at_folder(folder: Path) -> None:
    """Raises OSError where no paper can be kept."""
    private_folder(folder)
    with TemporaryFile(dir=folder):
        pass


def open_objects(place: Path | Place, engine: Engine) -> Objects:
    """Raises ObjectsWrong. Nothing is asked yet of a bucket."""
    if isinstance(place, Path):
        return Folder(place)
    from district.objects_s3 import Bucket  # boto3 is slow to load, and most have a folder

    return Bucket(place, engine)


def batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(names), AT_ONCE):
        yield names[at : at + AT_ONCE]


@contextmanager
def _disk() -> Generator[None]:
    try:
        yield
    except OSError as trouble:
        raise ObjectsAway(f"the folder of papers: {trouble.strerror}") from trouble


def _write(descriptor: int, offset: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _take_back(descriptor: int, offset: int, path: Path) -> None:
    """After a failed fsync nobody knows what is on the disk; that part must not count, though it can be read."""
    try:
        os.ftruncate(descriptor, offset)
    except OSError:
        with suppress(OSError):
            path.unlink()
