"""The platform as a terminal, a browser and a technician meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from district.cli import main
from district.embedded import EmbeddedDistrict
from offline_queue.wire import Attachment, Envelope, canonical_bytes, content_digest, sha256_hex

UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
PAPER = "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
CONTENT = b"\xff\xd8\xff picture"


def envelope(*, papers: bool = False, test: bool = False, uid: str = UID, **form: str) -> bytes:
    attachment = Attachment(
        id=PAPER, material="household-register", media_type="image/jpeg", bytes=len(CONTENT), sha256=sha256_hex(CONTENT)
    )
    return canonical_bytes(
        Envelope(
            uid=uid,
            kiosk="TY03",
            provisional_number="TY03-261123-0001-E",
            token="A" * 22,
            matter="pension-enrolment",
            created="2026-11-23T09:00:00+08:00",
            test=test,
            form={"name": "王秀英", **form},
            attachments=(attachment,) if papers else (),
        )
    )


class Terminal:
    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def put(self, body: bytes, *, uid: str = UID, **changed: str) -> requests.Response:
        headers = {"Idempotency-Key": f'"{uid}"', "Content-Digest": content_digest(body)}
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return self.session.put(f"{self.url}/v1/submissions/{uid}", data=body, headers=headers, timeout=10)

    def patch(self, offset: int, chunk: bytes, **changed: str) -> requests.Response:
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        return self.session.patch(f"{self.url}/v1/attachments/{PAPER}", data=chunk, headers=headers, timeout=10)

    def head(self) -> requests.Response:
        tus = {"Tus-Resumable": "1.0.0"}
        return self.session.head(f"{self.url}/v1/attachments/{PAPER}", headers=tus, timeout=10)

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=10)

    def rate(self, body: bytes, uid: str = UID) -> requests.Response:
        return self.session.put(f"{self.url}/v1/submissions/{uid}/rating", data=body, timeout=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "district"


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    with EmbeddedDistrict(folder) as running:
        visitor = Terminal(running.url)
        yield visitor
        visitor.session.close()


def problem(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_replay_gets_the_same_receipt_byte_for_byte(terminal: Terminal) -> None:
    first = terminal.put(envelope(papers=True))
    assert (first.status_code, first.json()["missing"], first.json()["case_number"]) == (201, [PAPER], None)
    assert terminal.patch(0, CONTENT).status_code == 204
    again = terminal.put(envelope(papers=True))
    assert (again.status_code, again.content) == (200, first.content)


def test_a_content_type_is_the_same_in_capitals(terminal: Terminal) -> None:
    assert terminal.put(envelope(papers=True), Content_Type="Application/JSON; Charset=UTF-8").status_code == 201
    assert terminal.patch(0, CONTENT, Content_Type="Application/Offset+Octet-Stream").status_code == 204


def test_the_same_uid_with_other_bytes_is_refused(terminal: Terminal) -> None:
    terminal.put(envelope())
    assert problem(terminal.put(envelope(phone="2"))) == (422, "conflict")
    other = UID.replace("6f", "6e")
    terminal.put(envelope(papers=True, uid=other), uid=other)
    third = UID.replace("6f", "6d")
    assert problem(terminal.put(envelope(papers=True, uid=third), uid=third)) == (422, "conflict")


def test_requests_that_are_not_right_are_named(terminal: Terminal) -> None:
    assert problem(terminal.put(envelope(), Content_Digest="sha-256=:AAAA:")) == (400, "digest")
    assert problem(terminal.put(envelope(), Idempotency_Key=UID)) == (400, "idempotency-key")
    assert problem(terminal.put(b"{}")) == (422, "envelope")
    for number in (b"NaN", b"-Infinity", b"1e999"):
        body = envelope(n="?").replace(b'"?"', b"[" + number + b"]")
        assert problem(terminal.put(body)) == (422, "envelope")
    assert problem(terminal.put(envelope(uid=UID.replace("6f", "6e")))) == (422, "uid")
    assert problem(terminal.put(b"x" * (1024 * 1024 + 1))) == (413, "too-large")
    assert problem(terminal.get(f"/v1/submissions/{UID}")) == (404, "unknown")
    assert problem(terminal.get("/v1/nothing")) == (404, "http")
    assert terminal.get("/v1/health").json() == {"status": "pass"}


def test_an_upload_follows_tus(terminal: Terminal) -> None:
    assert problem(terminal.patch(0, CONTENT)) == (404, "unknown")
    assert terminal.head().status_code == 404
    terminal.put(envelope(papers=True))
    assert terminal.patch(0, CONTENT[:4]).headers["Upload-Offset"] == "4"
    assert problem(terminal.patch(0, CONTENT)) == (409, "offset")
    head = terminal.head()
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("4", str(len(CONTENT)))
    assert problem(terminal.patch(4, CONTENT)) == (413, "too-large")
    assert problem(terminal.patch(4, b"x" * (4 * 1024 * 1024 + 1))) == (413, "too-large")
    assert problem(terminal.patch(4, b"x" * (len(CONTENT) - 4))) == (400, "digest")
    assert problem(terminal.patch(0, CONTENT, Content_Type="image/jpeg")) == (415, "media-type")
    assert problem(terminal.patch(0, CONTENT, Tus_Resumable="0.9")) == (412, "tus")
    assert problem(terminal.patch(0, CONTENT, Upload_Offset="-1")) == (400, "offset")
    assert terminal.get(f"/v1/submissions/{UID}").json()["state"] == "received"
    assert terminal.patch(0, CONTENT).status_code == 204
    progress = terminal.get(f"/v1/submissions/{UID}").json()
    assert (progress["state"], progress["missing"]) == ("done", [])
    assert [step["code"] for step in progress["steps"]] == ["received", "complete"]
    assert progress["case_number"].endswith("-000001")


def test_one_rating(terminal: Terminal) -> None:
    assert problem(terminal.rate(b'{"level":5}')) == (404, "unknown")
    terminal.put(envelope())
    assert terminal.rate(b'{"level":5}').json() == {"level": 5}
    assert terminal.rate(b'{"level":5}').status_code == 200
    assert problem(terminal.rate(b'{"level":1}')) == (422, "conflict")
    assert problem(terminal.rate(b'{"level":9}')) == (422, "rating")
    assert problem(terminal.rate(b" " * 2000)) == (413, "too-large")


def test_tests_are_kept_out_of_cases(terminal: Terminal) -> None:
    assert terminal.put(envelope(test=True)).json()["case_number"] is None
    other = UID.replace("6f", "6e")
    assert terminal.put(envelope(uid=other), uid=other).json()["case_number"].endswith("-000001")


def test_export_prints_one_object_a_line(terminal: Terminal, folder: Path) -> None:
    terminal.put(envelope(papers=True))
    terminal.patch(0, CONTENT)
    terminal.rate(b'{"level":4}')
    url = f"sqlite:///{folder / 'district.db'}"
    (line,) = CliRunner().invoke(main, ["export", "--json", "--database", url]).stdout.splitlines()
    row = json.loads(line)
    assert (row["uid"], row["sha256"], row["form"]) == (UID, sha256_hex(envelope(papers=True)), {"name": "王秀英"})
    assert row["attachments"][0]["sha256"] == sha256_hex(CONTENT)
    assert (row["kiosk"], row["rating"], row["test"]) == ("TY03", 4, False)
    plain = CliRunner().invoke(main, ["export", "--database", url]).stdout
    assert "TY03-261123-0001-E" in plain


def test_who_calls_says_nothing_about_the_line(terminal: Terminal) -> None:
    cookie = terminal.session.get(f"{terminal.url}/sign-in", headers={"X-Forwarded-Proto": "https"}, timeout=10)
    assert cookie.headers["Set-Cookie"].startswith("form=")
    assert "Secure" not in cookie.headers["Set-Cookie"]


def test_serve_says_where_it_listens(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from district.cli import main; main()", "serve", "--port", "0"]
    environment = {**os.environ, "KIOSK_DATA_DIR": str(tmp_path)}
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert child.stderr is not None
        url = child.stderr.readline().strip()
        assert requests.get(f"{url}v1/health", timeout=20).json() == {"status": "pass"}
    finally:
        child.terminate()
        child.communicate(timeout=20)


def test_only_loopback_is_served_and_a_url_must_be_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    assert CliRunner().invoke(main, ["serve", "--host", "0.0.0.0"]).exit_code == 2
    assert CliRunner().invoke(main, ["serve", "--host", "district.example"]).exit_code == 2
    assert CliRunner().invoke(main, ["export", "--database", "nonsense"]).exit_code == 2
    assert CliRunner().invoke(main, ["halls", "add", "ty", "x"]).exit_code == 0
    assert (tmp_path / "district" / "district.db").exists()
    assert CliRunner().invoke(main, ["export", "--json"]).output == ""
