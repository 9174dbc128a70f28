"""The staff site over real HTTP: a platform with cases in it, and people with browsers that run no script."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import img2pdf
import requests
from argon2 import PasswordHasher
from PIL import Image
from pydantic import JsonValue
from sqlalchemy import select

from district.embedded import EmbeddedDistrict
from district.halls import Halls
from district.staff import Role, StaffRegister
from district.store import DistrictStore
from district.tables import SUBMISSIONS, TERMINALS
from district.viewings import Viewings
from offline_queue.wire import Attachment, Envelope, canonical_bytes, sha256_hex

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""For tests of something else than passwords."""
PASSWORD = "teapot gravel ninety-two"
ID_NUMBER = "33072619500101123X"
JPEG = b"\xff\xd8\xff picture"
_FIELD = re.compile(r'name="csrf" value="([^"]+)"')


def uid(number: int) -> str:
    return str(UUID(int=0x6F96_19FF_8B86_4D01_B42D_0000_0000_0000 + number))


@dataclass
class TurnedClock:
    """The time of everything that the pages decide by it."""

    now: datetime = field(default_factory=lambda: datetime.now(tz=UTC))

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One paper of a case."""

    content: bytes = JPEG
    media_type: str = "image/jpeg"
    material: str = "household-register"


def hand_in(
    store: DistrictStore,
    number: int,
    *,
    papers: tuple[Piece, ...] = (Piece(),),
    hall: str | None = None,
    matter: str = "pension-enrolment",
    test: bool = False,
    name: str = "王秀英",
    arrive: bool = True,
    whole: dict[str, JsonValue] | None = None,
    **form: str,
) -> str:
    """A submission as a terminal brings it, in that hall; gives its uid. Without `arrive` its papers don't come;
    `whole` is its form, where it is not a small one with `name` and `form`."""
    names = [str(UUID(int=UUID(uid(number)).int + (place << 100))) for place in range(1, len(papers) + 1)]
    attachments = tuple(
        Attachment(
            id=one,
            material=paper.material,
            media_type=paper.media_type,
            bytes=len(paper.content),
            sha256=sha256_hex(paper.content),
        )
        for one, paper in zip(names, papers, strict=True)
    )
    envelope = Envelope(
        uid=uid(number),
        kiosk="TY03",
        provisional_number=f"TY03-261123-{number:04d}-E",
        token="A" * 22,
        matter=matter,
        created="2026-11-23T09:00:00+08:00",
        test=test,
        form=whole or {"applicant": {"name": name, "id_number": ID_NUMBER, **form}},
        attachments=attachments,
    )
    store.take(envelope, canonical_bytes(envelope))
    for one, paper in zip(names, papers, strict=True):
        if arrive:
            store.papers.append(one, 0, paper.content)
    if hall is not None:
        with store.engine.begin() as connection:
            connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == envelope.uid).values(hall=hall))
    return envelope.uid


def paper_of(case: str, place: int = 1) -> str:
    return str(UUID(int=UUID(case).int + (place << 100)))


def filed(*modes: str, size: tuple[int, int] = (120, 160)) -> bytes:
    """A PDF as terminals file papers: one picture a page, in one bit ("1") or as a JPEG."""
    pictures: list[bytes] = []
    for mode in modes:
        kept = io.BytesIO()
        as_kept = {"format": "TIFF", "compression": "group4"} if mode == "1" else {"format": "JPEG"}
        Image.new(mode, size, "white").save(kept, **as_kept)
        pictures.append(kept.getvalue())
    made: Any = img2pdf
    return made.convert(pictures, engine=made.Engine.internal)


def put_halls(store: DistrictStore, **names: str) -> None:
    for code, name in names.items():
        Halls(store.engine).add(code, name)


def put_terminal(store: DistrictStore, code: str, hall: str | None, *, revoked: bool = False) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            TERMINALS.insert().values(
                key_id=code.rjust(8, "k"),
                code=code,
                public_key=code.encode().ljust(32),
                added_at="2026-11-01T00:00:00+00:00",
                revoked_at="2026-11-02T00:00:00+00:00" if revoked else None,
                hall=hall,
            )
        )


class Visitor:
    """Somebody at a browser. What they send has the form's token, unless a test says otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.page: requests.Response | None = None

    def get(self, path: str, **headers: str) -> requests.Response:
        self.page = self.session.get(self.url + path, headers=_named(headers), timeout=20)
        return self.page

    def post(
        self, path: str, fields: Mapping[str, str | list[str]], *, csrf: str | None = None, **headers: str
    ) -> requests.Response:
        token = self.csrf() if csrf is None else csrf
        data = {"csrf": token, **fields}
        self.page = self.session.post(self.url + path, data=data, headers=_named(headers), timeout=20)
        return self.page

    @property
    def page_text(self) -> str:
        return "" if self.page is None else self.page.text

    def csrf(self) -> str:
        """The token in the form of the page that is open."""
        found = _FIELD.search(self.page_text)
        return "" if found is None else unescape(found[1])

    @property
    def token(self) -> str:
        """What the session's cookie says; empty without one."""
        return self.session.cookies.get("staff") or ""

    def hold(self, token: str) -> None:
        """Have this as the session's cookie."""
        self.session.cookies.set("staff", token, domain="127.0.0.1", path="/")

    def sign_in(self, name: str, password: str = PASSWORD) -> requests.Response:
        self.get("/sign-in")
        return self.post("/sign-in", {"name": name, "password": password})

    def close(self) -> None:
        self.session.close()


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Office:
    """A running platform with its store; `person` gives somebody who is signed in."""

    def __init__(self, folder: Path, clock: TurnedClock | None = None) -> None:
        self.clock = clock or TurnedClock()
        self.district = EmbeddedDistrict(folder, clock=self.clock)
        self.district.start()
        self.store = self.district.open_store()
        self.register = StaffRegister(self.store.engine, clock=self.clock)
        self._visitors: list[Visitor] = []

    @property
    def url(self) -> str:
        return self.district.url

    def visitor(self) -> Visitor:
        visitor = Visitor(self.url)
        self._visitors.append(visitor)
        return visitor

    def person(self, name: str, role: Role = Role.CLERK, hall: str | None = None) -> Visitor:
        if not self.register.knows(name):
            self.register.add(name, PASSWORD, role, hall=hall)
        visitor = self.visitor()
        answer = visitor.sign_in(name)
        assert answer.status_code == 200, answer.text
        assert answer.url.endswith("/cases")
        return visitor

    def record(self, case: str | None = None) -> list[tuple[str, str]]:
        """Who did what, oldest first."""
        lines, _ = Viewings(self.store.engine).page(uid=case)
        return [(line.staff, line.what) for line in reversed(lines)]

    def stage(self, case: str) -> str:
        with self.store.engine.connect() as connection:
            return str(connection.execute(select(SUBMISSIONS.c.stage).where(SUBMISSIONS.c.uid == case)).scalar())

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.close()
        self.store.close()
        self.district.stop()
