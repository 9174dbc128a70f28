"""Uploads against @tus/server, which nobody here wrote, over a line that is cut and with a server that is killed.

Our PUT of the form makes the upload resources; tus has a POST for it, which the test sends in its place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import requests

from offline_queue.client import PlatformClient
from offline_queue.model import Paper
from offline_queue.retry import Answer, Outcome
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import Progress, Receipt, State, canonical_bytes, sha256_hex
from tests.support.peers import CuttingLine, Peer, tus_server
from tests.support.queue_rig import open_store, stored

SIZES = (0, 1, 1024 * 1024, 2_500_000)


class TusPlatform(PlatformClient):
    """Papers go to the tus server; forms stay here, and create its uploads."""

    def __init__(self, line: CuttingLine, server: Peer, folder: Path) -> None:
        super().__init__(line.url, deadline=10)
        self._server = server
        self._folder = folder
        self._forms: dict[str, bytes] = {}
        self.sent = 0

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
        for paper in json.loads(body)["attachments"]:
            if uid not in self._forms:
                named = base64.b64encode(paper["id"].encode()).decode()
                headers = {"Upload-Length": str(paper["bytes"]), "Upload-Metadata": f"id {named}"}
                url = f"{self._server.url}/v1/attachments"
                made = requests.post(url, headers={**headers, "Tus-Resumable": "1.0.0"}, timeout=10)
                assert made.status_code == 201, made.text
        self._forms[uid] = body
        receipt = Receipt(uid=uid, sha256=sha256_hex(body), state=State.RECEIVED, missing=self._missing(uid))
        return Answer(status=201, body=canonical_bytes(receipt))

    def forget(self) -> None:
        self._forms.clear()

    def _missing(self, uid: str) -> tuple[str, ...]:
        declared = json.loads(self._forms[uid])["attachments"]
        return tuple(one["id"] for one in declared if sha256_hex(self.stored(one["id"])) != one["sha256"])

    def stored(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
        self.sent += len(chunk)
        return super().send_chunk(name, offset, chunk)

    def progress(self, uid: str) -> Outcome:
        missing = self._missing(uid)
        state = State.RECEIVED if missing else State.DONE
        progress = Progress(uid=uid, sha256=sha256_hex(self._forms[uid]), state=state, missing=missing, case_number="1")
        return Answer(status=200, body=canonical_bytes(progress))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Peer]:
    with tus_server(tmp_path / "uploads") as running:
        yield running


@pytest.fixture
def line(server: Peer) -> Iterator[CuttingLine]:
    opened = CuttingLine(server.port)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue")
    yield opened
    opened.close()


@pytest.fixture
def platform(line: CuttingLine, server: Peer, tmp_path: Path) -> Iterator[TusPlatform]:
    client = TusPlatform(line, server, tmp_path / "uploads")
    yield client
    client.close()


def put(store: Store) -> tuple[str, list[bytes]]:
    contents = [Random(size).randbytes(size) for size in SIZES]
    papers = [Paper(material="m", media_type="image/jpeg", content=content) for content in contents]
    return stored(store.put(matter="m", form={}, attachments=papers)).uid, contents


def check(store: Store, uid: str, contents: list[bytes], platform: TusPlatform) -> None:
    item = store.show(uid)
    assert item is not None
    assert item.state is State.DONE
    assert [platform.stored(paper.id) for paper in item.attachments] == contents


def test_papers_arrive_whole(store: Store, platform: TusPlatform) -> None:
    uid, contents = put(store)
    assert sync_once(store, platform).delivered == 1
    check(store, uid, contents, platform)
    assert platform.sent == sum(SIZES)


def test_a_line_that_is_cut_again_and_again_costs_little(
    store: Store, platform: TusPlatform, line: CuttingLine
) -> None:
    uid, contents = put(store)
    chance = Random(1)
    for _ in range(12):
        line.cut_after(chance.randrange(1, 400_000))
        sync_once(store, platform, hurry=True)
    sync_once(store, platform, hurry=True)
    check(store, uid, contents, platform)
    assert line.cuts >= 8
    # What had arrived of a piece that was cut is not sent again: the server says where to go on.
    assert line.carried < sum(SIZES) * 1.1


def test_a_server_that_is_killed_goes_on_where_its_disk_is(
    store: Store, platform: TusPlatform, line: CuttingLine, server: Peer
) -> None:
    uid, contents = put(store)
    for cut in (600_000, 300_000, 900_000):
        line.cut_after(cut)
        sync_once(store, platform, hurry=True)
        server.kill()
        assert sync_once(store, platform, hurry=True).failed == 1
        item = store.show(uid)
        assert item is not None
        assert item.state is State.RECEIVED
        server.start()
    assert sync_once(store, platform, hurry=True).delivered == 1
    check(store, uid, contents, platform)


def test_an_upload_that_the_server_lost_brings_the_form_again(
    store: Store, platform: TusPlatform, line: CuttingLine, tmp_path: Path
) -> None:
    uid, contents = put(store)
    line.cut_after(700_000)
    sync_once(store, platform)
    for file in (tmp_path / "uploads").iterdir():
        file.unlink()
    platform.forget()
    assert sync_once(store, platform, hurry=True).delivered == 1
    check(store, uid, contents, platform)
