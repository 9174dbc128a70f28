"""The catalogues that the district published: terminals fetch the newest, as it was signed, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, select
from starlette.requests import Request
from starlette.responses import Response

from district.answers import JSON, problem
from district.api import Api
from district.database import alone, write
from district.tables import CATALOGUES
from district.threads import API
from district.times import version_of
from offline_queue.catalogue import read_catalogue
from offline_queue.wire import sha256_hex


class NotPublished(Exception):
    """The package is not published; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Which one it is, without its package: that has up to some megabytes, and hardly anybody is without it."""

    version: int
    etag: str


class Catalogues:
    """Every version stays, so that it can be told what a terminal had."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def publish(self, package: bytes, signer: bytes) -> int:
        """Make a package the newest; gives its version. Again the same changes nothing. Raises NotPublished for what
        the holder of `signer` (raw Ed25519) did not sign, for what is not newer than the newest, and for a version more
        than a day ahead, which would block all others."""
        catalogue = read_catalogue(package, signer)
        if catalogue is None:
            raise NotPublished("it is no catalogue that was signed with this key: district catalogue sign makes one")
        version, sha256, now = catalogue.version, sha256_hex(package), datetime.now(tz=UTC)

        def keep(connection: Connection) -> None:
            newest = connection.execute(select(func.max(CATALOGUES.c.version))).scalar()
            if newest is not None and newest >= version:
                same = select(CATALOGUES.c.sha256).where(CATALOGUES.c.version == version)
                if newest == version and connection.execute(same).scalar() == sha256:
                    return
                said = f"version {newest} is published already, and terminals take newer ones only: sign it again"
                raise NotPublished(f"{said}, with district catalogue sign --version {newest + 1} if the clock is right")
            if version > max(version_of(now + timedelta(days=1)), (newest or 0) + 1):
                said = (
                    f"version {version} is of a clock that runs ahead, and nothing signed before that date would count"
                )
                raise NotPublished(f"{said}: set the clock where it was signed, and sign it again")
            at = now.isoformat(timespec="seconds")
            connection.execute(
                CATALOGUES.insert().values(version=version, sha256=sha256, package=package, published_at=at)
            )

        write(self._engine, keep)
        return version

    def newest(self) -> Published | None:
        newest = select(CATALOGUES.c.version, CATALOGUES.c.sha256).order_by(CATALOGUES.c.version.desc()).limit(1)
        with alone(self._engine) as connection:
            row = connection.execute(newest).first()
        return None if row is None else Published(version=row.version, etag=f'"{row.sha256[:32]}"')

    def package(self, version: int) -> bytes:
        """Of one that is published, the bytes as they were signed."""
        with alone(self._engine) as connection:
            return connection.execute(select(CATALOGUES.c.package).where(CATALOGUES.c.version == version)).scalar_one()


def add_catalogue(api: Api, catalogues: Catalogues) -> None:
    async def get_catalogue(request: Request) -> Response:
        newest = await API.run(catalogues.newest)
        if newest is None:
            return problem(404, "unknown", "no catalogue was published")
        headers = {"ETag": newest.etag, "Cache-Control": "no-cache"}
        known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
        if newest.etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(await API.run(catalogues.package, newest.version), media_type=JSON, headers=headers)

    api.add("GET", "/catalogue", get_catalogue)
