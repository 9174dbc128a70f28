"""Who tries to get at what is not theirs, at a platform of two processes behind one address."""

from __future__ import annotations

import io
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from district.check.answers import kind_of
from district.check.forms import Form, Paper, form, new_uid, paper
from district.check.line import Answer, Line, Root
from district.check.terminals import Terminal
from district.check.visit import Asked, Visit, bytes_of
from district.store import DistrictStore
from district.terminals import Terminals
from tests.support.check_rig import DISTRICT, Cast, quick_folder, serving

PUBLIC = "https://district.example"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two processes on one database; requests are signed for the address that both have."""

    folder: Path
    database: str
    company: Cast
    one: str
    two: str

    def visit(self, url: str, terminal: Terminal | None = None) -> Visit:
        at = urlsplit(url)
        assert at.hostname is not None
        assert at.port is not None
        root = Root(
            url=PUBLIC, host=at.hostname, port=at.port, tls=False, path="", authority=PUBLIC.removeprefix("https://")
        )
        return Visit(root, Line(root, seconds=20), terminal or self.company.own)

    def send(self, url: str, asked: Asked) -> Answer:
        """These very bytes, to one of the two."""
        visit = self.visit(url)
        answer = visit.line.exchange(asked.method, bytes_of(asked, visit.root))
        assert isinstance(answer, Answer), answer
        return answer


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, kind_of(answer)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with quick_folder() as folder:
        sqlite = f"sqlite:///{folder / 'd.db'}"
        database = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_server").ready()
        company = Cast.new(folder / "company")
        store = DistrictStore(database, folder / "papers")
        company.register_in(store)
        Terminals(store.engine).add(company.own.code, company.own.key.public_key().public_bytes_raw())
        store.close()
        options = ("--public-url", PUBLIC)
        with serving(folder, database, *options) as one, serving(folder, database, *options) as two:
            yield Pair(folder, database, company, one, two)


def test_two_processes_are_one_platform(pair: Pair) -> None:
    """What one takes, the other knows; what one heard, the other has heard; whom one lost, the other has lost."""
    one, two = pair.visit(pair.one), pair.visit(pair.two)
    sent = form(pair.company.own.code, [paper(3000)])
    first = one.put(sent)
    again = two.put(sent)
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    assert two.patch(sent.papers[0], 0, sent.papers[0].content[:1000]).status == 204
    assert one.patch(sent.papers[0], 1000, sent.papers[0].content[1000:]).status == 204
    assert told(one.put(form(pair.company.own.code, uid=sent.uid))) == (422, "conflict")

    # A request that somebody wrote down counts at neither of them a second time, and not at both at once.
    asked = one.asked("GET", f"/v1/submissions/{sent.uid}")
    assert pair.send(pair.one, asked).status == 200
    assert told(pair.send(pair.two, asked)) == (401, "nonce")
    assert told(pair.send(pair.one, asked)) == (401, "nonce")
    with ThreadPoolExecutor(8) as several:
        for _ in range(5):
            asked = one.asked_put(form(pair.company.own.code))
            answers = list(several.map(pair.send, [pair.one, pair.two] * 2, [asked] * 4))
            assert sorted(answer.status for answer in answers) == [201, 401, 401, 401]

    # Another terminal's form and paper are not there, at either; nor do they change.
    other = pair.company.other
    for visit in (one, two):
        assert told(visit.progress(sent.uid, by=other)) == (404, "unknown")
        assert visit.head(sent.papers[0], by=other).status == 404
        assert told(visit.patch(sent.papers[0], 0, b"x", by=other)) == (404, "unknown")
        assert told(visit.put(sent, by=other)) == (422, "kiosk")
        assert told(visit.ask("DELETE", f"/v1/terminals/{other.code}")) == (404, "unknown")

    # Revoked at the desk, or by itself: at once, and at both.
    revoke = [*DISTRICT, "terminals", "revoke", other.key_id, "--database", pair.database]
    subprocess.run(revoke, check=True, timeout=60)
    retiring = pair.company.retiring
    assert one.ask("DELETE", f"/v1/terminals/{retiring.code}", by=retiring).status == 204
    for visit in (one, two):
        for gone in (other, retiring):
            assert told(visit.progress(new_uid(), by=gone)) == (403, "terminal")
            assert told(visit.put(form(gone.code), by=gone)) == (403, "terminal")


def test_a_restart_forgets_no_nonce(pair: Pair) -> None:
    visit = pair.visit(pair.one)
    asked = visit.asked("GET", f"/v1/submissions/{new_uid()}")
    assert pair.send(pair.one, asked).status == 404
    with serving(pair.folder, pair.database, "--public-url", PUBLIC) as new:
        assert told(pair.send(new, asked)) == (401, "nonce")


def _zip() -> bytes:
    """A file that grows when it is opened, with a name that leads out of its folder."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../etc/cron.d/x", bytes(5_000_000))
    return content.getvalue()


EVIL = {
    "text/html": b"<script>fetch('/')</script>",
    "image/svg+xml": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "application/zip": _zip(),
    "image/jpeg": b"#!/bin/sh\nrm -rf /\n",
    "application/x-msdownload": b"MZ" + bytes(100),
}


def evil_form(code: str) -> Form:
    papers = tuple(Paper(id=new_uid(), content=content) for content in EVIL.values())
    declared = [
        {
            "id": one.id,
            "material": "../../<b>x</b>",
            "media_type": media_type,
            "bytes": len(one.content),
            "sha256": one.sha256,
        }
        for one, media_type in zip(papers, EVIL, strict=True)
    ]
    return Form(uid=(uid := new_uid()), body=form(code, uid=uid, attachments=declared).body, papers=papers)


def test_what_is_malicious_lies_there_and_does_nothing(pair: Pair) -> None:
    """It is kept byte for byte under a name of ours, not to be run, and the API hands none of it out."""
    visit = pair.visit(pair.one)
    sent = evil_form(pair.company.own.code)
    assert visit.put(sent).status == 201
    for one in sent.papers:
        assert visit.patch(one, 0, one.content).status == 204
        for method in ("GET", "POST", "DELETE"):
            assert visit.ask(method, f"/v1/attachments/{one.id}").status == 405
    outside = {path.relative_to(pair.folder).parts[0] for path in pair.folder.rglob("*")}
    beside = {name for name in outside if name.startswith("d.db-")}  # its journal, its nonces, whether it is served
    assert outside - beside <= {"company", "papers", "district", "d.db"}
    kept = {path.name: path for path in pair.folder.rglob("*") if path.name in {one.id for one in sent.papers}}
    assert {name: path.read_bytes() for name, path in kept.items()} == {one.id: one.content for one in sent.papers}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.values()} == {0o600}


def test_what_is_too_large_or_has_no_name_is_refused_before_it_lies_anywhere(pair: Pair) -> None:
    visit = pair.visit(pair.two)
    code = pair.company.own.code
    large = {"id": new_uid(), "material": "m", "media_type": "a/b", "bytes": 64 * 1024 * 1024 + 1, "sha256": "0" * 64}
    for changed in (
        large,
        {**large, "bytes": -1},
        {**large, "bytes": 1, "id": "../../etc/passwd"},
        {**large, "bytes": 1, "media_type": "text/html\r\nX: y"},
    ):
        assert told(visit.put(form(code, attachments=[changed]))) == (422, "envelope")
    many = [{**large, "id": new_uid(), "bytes": 1} for _ in range(65)]
    assert told(visit.put(form(code, attachments=many))) == (422, "envelope")
    one = paper(10)
    sent = form(code, [one])
    assert visit.put(sent).status == 201
    assert told(visit.patch(one, 0, bytes(4 * 1024 * 1024 + 1))) == (413, "too-large")
    assert told(visit.patch(one, 0, one.content + b"x")) == (413, "too-large")
    held = [path for path in pair.folder.rglob(one.id) if path.stat().st_size]
    assert held == []
