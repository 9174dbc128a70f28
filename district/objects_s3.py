"""Papers in an object store that speaks S3, for a district with several processes.

An object can't be appended to, so every chunk becomes one of its own, `<prefix>/<paper>/<offset>-<random>`. The
database records it (table `part`) in the same commit that moves the paper's offset: of two who send the same place one
is recorded, and the other's object belongs to nobody. The parts are read one after the other. Putting them together
would take the store's 5 MiB per part, or every byte twice.

An answer is waited for with a limit, a request made twice at most; then the store counts as away.
"""

from __future__ import annotations

import io
import secrets
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.engine import Connection

from district.database import write
from district.objects import MARK, OURS, Known, ObjectsAway, ObjectsWrong, Place, batches
from district.outward import is_plain_http
from district.tables import ATTACHMENTS, PARTS

_CONNECT_SECONDS = 5  # and for sending a chunk, all of it
_READ_SECONDS = 5  # for the next byte of an answer
_PART_SECONDS = 15  # for a part's last
_ATTEMPTS = 2  # so that all of it is over before a terminal gives up, after 30
_LOOK = "look at --objects and the environment (AWS_…)"
_PIECE_BYTES = 64 * 1024
_CONNECTIONS = 40  # as many as the web server has threads for

T = TypeVar("T")


class Bucket:
    """Papers in a bucket; of which parts they are lies in the database of `engine`. Safe to use from threads. Raises
    ObjectsWrong where they would leave this machine without TLS, and where nobody can be asked as it is set up."""

    def __init__(self, place: Place, engine: Engine, *, read_seconds: float = _READ_SECONDS) -> None:
        self._place = place
        self._engine = engine
        try:
            session: Any = boto3.Session()  # boto3 has no types; a session of its own reads the environment now
            self._s3 = session.client(
                "s3",
                endpoint_url=place.endpoint,
                region_name=place.region,
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=read_seconds,
                    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                    max_pool_connections=_CONNECTIONS,
                    s3={"addressing_style": "path"},
                    # Others than Amazon don't all know its newer checksums; whole papers are hashed anyway.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        except (BotoCoreError, ValueError) as trouble:
            raise ObjectsWrong(f"the object store can't be asked for {self}: {_LOOK}: {trouble}") from trouble
        endpoint: str = self._s3.meta.endpoint_url
        if is_plain_http(endpoint):
            raise ObjectsWrong(f"papers would leave this machine unencrypted, for {endpoint}: use an https:// endpoint")

    def __str__(self) -> str:
        return str(self._place)

    def mark(self) -> str | None:
        """Raises ObjectsWrong, too, where nothing can be kept as it is set up."""
        try:
            return self._content(self._place.prefix + MARK).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return None

    def set_mark(self, mark: str) -> None:
        key = self._place.prefix + MARK
        self._asked(self._s3.put_object, Bucket=self._place.bucket, Key=key, Body=f"{mark}\n".encode())

    def offset(self, name: str) -> int:
        with self._engine.connect() as connection:
            found = connection.execute(select(ATTACHMENTS.c.offset).where(ATTACHMENTS.c.id == name)).scalar()
        return found or 0

    def append(self, name: str, offset: int, chunk: bytes) -> bool:
        if self.offset(name) != offset:
            return False
        key = f"{self._place.prefix}{name}/{offset:010d}-{secrets.token_hex(8)}"
        self._asked(self._s3.put_object, Bucket=self._place.bucket, Key=key, Body=chunk)

        def record(connection: Connection) -> bool:
            here = (ATTACHMENTS.c.id == name, ATTACHMENTS.c.offset == offset)
            still = (ATTACHMENTS.c.complete.is_(False), ATTACHMENTS.c.erased_at.is_(None))
            moved = connection.execute(update(ATTACHMENTS).where(*here, *still).values(offset=offset + len(chunk)))
            if moved.rowcount == 1:
                part = {"attachment": name, "offset": offset, "bytes": len(chunk), "object": key}
                connection.execute(insert(PARTS).values(part))
            return moved.rowcount == 1

        recorded = write(self._engine, record)
        if not recorded:
            with suppress(ObjectsAway):
                self._remove(key)
        return recorded

    def open(self, name: str) -> io.BufferedReader:
        parts = self._parts(name)
        if not parts:
            raise FileNotFoundError(name)
        return io.BufferedReader(_Reader(parts, self._content))

    def _parts(self, name: str) -> Sequence[_Part]:
        rows = select(PARTS).where(PARTS.c.attachment == name).order_by(PARTS.c.offset)
        with self._engine.connect() as connection:
            return [_Part(at=one.offset, bytes=one.bytes, key=one.object) for one in connection.execute(rows)]

    def delete(self, name: str, *, only: io.BufferedReader | None = None) -> None:
        if only is not None:
            self._forget_wrong(name, cast("_Reader", only.raw).keys)
            return
        recorded = select(PARTS.c.object).where(PARTS.c.attachment == name)
        with self._engine.connect() as connection:
            keys = connection.execute(recorded).scalars().all()
        for key in keys:  # first: what is forgotten and still there would be nobody's to erase
            self._remove(key)

        def forget(connection: Connection) -> None:
            connection.execute(delete(PARTS).where(PARTS.c.attachment == name))
            connection.execute(update(ATTACHMENTS).where(ATTACHMENTS.c.id == name).values(offset=0))

        write(self._engine, forget)

    def _forget_wrong(self, name: str, keys: Collection[str]) -> None:
        """Forget first, as the paper comes again at once; objects that are left belong to nobody, and are tidied."""

        def forget(connection: Connection) -> bool:
            mine, parts = ATTACHMENTS.c.id == name, PARTS.c.attachment == name
            complete = connection.execute(select(ATTACHMENTS.c.complete).where(mine).with_for_update()).scalar()
            recorded = set(connection.execute(select(PARTS.c.object).where(parts)).scalars())
            if complete or recorded != set(keys):
                return False
            connection.execute(delete(PARTS).where(parts))
            connection.execute(update(ATTACHMENTS).where(mine).values(offset=0))
            return True

        if write(self._engine, forget):
            with suppress(ObjectsAway):
                for key in keys:
                    self._remove(key)

    def adopt(self, name: str) -> int:
        sizes: dict[str, int] = {key: one["Size"] for key, one in self._found(f"{name}/")}
        offset = 0
        for one in self._parts(name):
            if one.at != offset or sizes.get(one.key) != one.bytes:
                return offset
            offset += one.bytes
        found: dict[int, list[dict[str, Any]]] = {}
        for key, size in sizes.items():
            start = int(key.rpartition("/")[2].partition("-")[0])
            if size:
                part = {"attachment": name, "offset": start, "bytes": size, "object": key}
                found.setdefault(start, []).append(part)
        at = offset
        parts: list[dict[str, Any]] = []
        while len(found.get(at, ())) == 1:  # of two that begin at one place nobody knows which counted
            parts += found[at]
            at += parts[-1]["bytes"]

        def record(connection: Connection) -> None:
            here = (ATTACHMENTS.c.id == name, ATTACHMENTS.c.offset == offset, ATTACHMENTS.c.complete.is_(False))
            if connection.execute(update(ATTACHMENTS).where(*here).values(offset=at)).rowcount == 1:
                connection.execute(insert(PARTS), parts)

        if parts:
            write(self._engine, record)
        return at

    def tidy(self, known: Known, *, before: datetime) -> int:
        removed = 0
        found = [key for key, one in self._found() if one["LastModified"] < before]
        for some in batches(found):
            with self._engine.connect() as connection:
                asked = select(PARTS.c.object).where(PARTS.c.object.in_(some))
                recorded = set(connection.execute(asked).scalars())
            kept = known({self._paper(key) for key in some})
            for key in some:
                if key not in recorded or self._paper(key) not in kept:
                    self._remove(key)
                    removed += 1
        return removed

    def _found(self, below: str = "") -> Iterator[tuple[str, Any]]:
        """Keys of ours, and what the store says of each."""
        paginate = self._s3.get_paginator("list_objects_v2").paginate
        pages = iter(paginate(Bucket=self._place.bucket, Prefix=self._place.prefix + below))
        while (page := self._asked(lambda: next(pages, None))) is not None:
            for one in page.get("Contents", ()):
                if OURS.match(one["Key"].removeprefix(self._place.prefix)):
                    yield one["Key"], one

    def _remove(self, key: str) -> None:
        self._asked(self._s3.delete_object, Bucket=self._place.bucket, Key=key)

    def _asked(self, call: Callable[..., T], **parameters: str | bytes) -> T:
        try:
            return call(**parameters)
        except ClientError as trouble:
            answer: Any = trouble.response  # boto3 has no types
            code = str(answer.get("Error", {}).get("Code", ""))
            if code == "NoSuchKey":
                raise FileNotFoundError(str(parameters.get("Key", ""))) from trouble
            said = f"the object store answers {code} for {self}"
            if answer["ResponseMetadata"]["HTTPStatusCode"] in (301, 400, 403, 404):
                raise ObjectsWrong(f"{said}: {_LOOK}, and whether the bucket is there and for this key") from trouble
            raise ObjectsAway(said) from trouble
        except NoCredentialsError as trouble:
            raise ObjectsWrong("there are no credentials for the object store in the environment") from trouble
        except ParamValidationError as trouble:
            raise ObjectsWrong(f"the object store can't be asked for {self}: {_LOOK}") from trouble
        except BotoCoreError as trouble:
            raise ObjectsAway(f"the object store is away: {type(trouble).__name__}") from trouble

    def _paper(self, key: str) -> str:
        return key.removeprefix(self._place.prefix).partition("/")[0]

    def _content(self, key: str) -> bytes:
        broken: BotoCoreError | None = None
        for _ in range(_ATTEMPTS):  # boto3's own end where a body begins
            answer: Any = self._asked(self._s3.get_object, Bucket=self._place.bucket, Key=key)
            try:
                return _whole(answer["Body"])
            except BotoCoreError as trouble:
                broken = trouble
        raise ObjectsAway(f"the object store is away: {type(broken).__name__}") from broken


def _whole(body: Any) -> bytes:
    """All of an answer. One that only trickles would hold its thread for as long as it likes."""
    pieces: list[bytes] = []
    end = time.monotonic() + _PART_SECONDS
    while piece := body.read(_PIECE_BYTES):
        pieces.append(piece)
        if time.monotonic() > end:
            body.close()
            raise ObjectsAway("the object store is too slow")
    return b"".join(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    at: int
    bytes: int
    key: str


class _Reader(io.RawIOBase):
    """Parts one after the other, of which one is held at a time."""

    def __init__(self, parts: Sequence[_Part], content: Callable[[str], bytes]) -> None:
        self._parts = parts
        self._content = content
        self._size = parts[-1].at + parts[-1].bytes
        self._position = 0
        self._held: tuple[str, bytes] = ("", b"")

    @property
    def keys(self) -> Collection[str]:
        return [one.key for one in self._parts]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        part = self._parts[bisect_right(self._parts, self._position, key=lambda one: one.at) - 1]
        if self._held[0] != part.key:
            self._held = (part.key, self._content(part.key))
        start = self._position - part.at
        piece = self._held[1][start : start + len(buffer)]
        if not piece:  # a hole, or an object that is shorter than what was put
            raise FileNotFoundError(part.key)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
