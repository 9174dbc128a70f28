"""Several forms in one request, against the reference platform and one that knows no batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from district.embedded import EmbeddedDistrict
from offline_queue.client import PlatformClient
from offline_queue.line import Line
from offline_queue.model import Paper
from offline_queue.retry import Answer, Failure, FailureKind, Outcome
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import (
    MAX_BATCH,
    MAX_BATCH_BYTES,
    PROBLEM,
    Batch,
    BatchItem,
    Envelope,
    State,
    canonical_bytes,
    content_digest,
    read_batch_answers,
    read_problem,
)
from tests.support.queue_rig import RudeServer, http_answer, open_store, stored


class Counting(PlatformClient):
    """Says how many forms went out in each request; `lose` answers of batches are lost on the way back."""

    def __init__(self, url: str, *, lose: int = 0) -> None:
        super().__init__(url)
        self.sent: list[int] = []
        self.lose = lose

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
        self.sent.append(1)
        return super().put_form(uid, body, media_type)

    def put_forms(self, batch: bytes) -> Outcome:
        self.sent.append(len(Batch.model_validate_json(batch).submissions))
        outcome = super().put_forms(batch)
        self.lose -= 1
        return Failure(kind=FailureKind.UNREACHABLE) if self.lose >= 0 else outcome


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue")
    yield opened
    opened.close()


@pytest.fixture
def district(tmp_path: Path, store: Store) -> Iterator[EmbeddedDistrict]:
    with EmbeddedDistrict(tmp_path / "district") as running:
        yield running


def put(store: Store, count: int, *, form: str = "王秀英", papers: int = 0) -> list[str]:
    paper = Paper(material="m", media_type="image/png", content=b"12")
    return [
        stored(store.put(matter="m", form={"name": form, "n": n}, attachments=[paper] * papers)).uid
        for n in range(count)
    ]


def arrived(district: EmbeddedDistrict) -> dict[str, str]:
    received = district.open_store()
    rows = {row.outside.uid: row.sha256 for row in received.submissions()}
    received.close()
    return rows


def test_many_forms_go_out_in_few_requests_with_the_same_bytes(store: Store, district: EmbeddedDistrict) -> None:
    put(store, 45, papers=1)
    client = Counting(district.url)
    assert sync_once(store, client).delivered == 45
    client.close()
    assert client.sent == [MAX_BATCH, MAX_BATCH, 5]
    assert arrived(district) == {item.uid: item.sha256 for item in store.list()}


def test_a_batch_is_cut_where_a_thin_line_would_choke(store: Store, district: EmbeddedDistrict) -> None:
    put(store, 5, form="x" * (MAX_BATCH_BYTES * 2 // 5))
    put(store, 1, form="y" * (2 * MAX_BATCH_BYTES))
    client = Counting(district.url)
    assert sync_once(store, client).delivered == 6
    client.close()
    assert client.sent == [2, 2, 1, 1]


def test_a_lost_answer_doubles_nothing(store: Store, district: EmbeddedDistrict) -> None:
    put(store, 30)
    client = Counting(district.url, lose=1)
    first = sync_once(store, client)
    assert (first.delivered, first.failed) == (0, MAX_BATCH)
    assert sync_once(store, client, hurry=True).delivered == 30
    client.close()
    assert len(arrived(district)) == 30


def item(number: int, *, kiosk: str = "TY03", **changed: str) -> BatchItem:
    uid = f"{number:08x}-8b86-4d01-b42d-00cf4fc964ff"
    body = canonical_bytes(
        Envelope(
            uid=uid,
            kiosk=kiosk,
            provisional_number=f"{kiosk}-261123-{number:04d}-E",
            token="A" * 22,
            matter="m",
            created="2026-11-23T09:00:00+08:00",
            test=False,
            form={"name": "王秀英"},
        )
    )
    whole = BatchItem(uid=uid, media_type="application/json", content_digest=content_digest(body), body=body.decode())
    return whole.model_copy(update=changed)


def test_one_refused_form_keeps_no_other_from_arriving(store: Store, district: EmbeddedDistrict) -> None:
    district.register("TY03", store.public_key[1])
    items = (
        item(1),
        item(2, kiosk="TY04"),
        item(3, content_digest=content_digest(b"other")),
        item(4, body="no envelope", content_digest=content_digest(b"no envelope")),
        item(5, uid=item(6).uid),
        item(1),
        item(7),
    )
    client = PlatformClient(district.url, signer=store.signer())
    answer = client.put_forms(canonical_bytes(Batch(submissions=items)))
    client.close()
    assert isinstance(answer, Answer)
    told = read_batch_answers(answer.body)
    assert told is not None
    assert [one.uid for one in told.answers] == [one.uid for one in items]
    assert [one.status for one in told.answers] == [201, 422, 400, 422, 422, 200, 201]
    assert [read_problem(told.answers[at].body.encode()).type.removeprefix(PROBLEM) for at in range(1, 5)] == [
        "kiosk",
        "digest",
        "envelope",
        "uid",
    ]
    assert told.answers[0].body == told.answers[5].body
    assert set(arrived(district)) == {items[0].uid, items[6].uid}


@pytest.mark.parametrize("body", [b"{}", b'{"submissions":[]}', b"x" * (4 * 1024 * 1024 + 1)])
def test_what_is_no_batch(district: EmbeddedDistrict, body: bytes) -> None:
    client = PlatformClient(district.url)
    answer = client.put_forms(body)
    client.close()
    assert isinstance(answer, Answer)
    assert answer.status == (413 if len(body) > 1000 else 422)


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"])
def test_a_platform_without_batches_is_asked_once(store: Store, status: str) -> None:
    put(store, 3)
    line = Line()
    with RudeServer(http_answer(status)) as rude:
        client = PlatformClient(rude.url, deadline=10)
        sync_once(store, client, line=line)
        put(store, 2)
        sync_once(store, client, line=line)
        client.close()
        asked = [request.split(b" ", 1)[0] for request in rude.requests]
    assert asked[0] == b"POST"
    assert set(asked[1:]) == {b"PUT"}
    assert not line.takes_batches


def test_a_portal_in_the_platforms_place_holds_nothing(store: Store) -> None:
    put(store, 3)
    with RudeServer(http_answer("200 OK", b"<html>Welcome</html>")) as rude:
        client = PlatformClient(rude.url, deadline=10)
        assert sync_once(store, client).failed == 3
        client.close()
        assert len(rude.requests) == 1
    assert {(one.state, one.last_error) for one in store.list()} == {(State.READY, "not-a-receipt")}
