"""The ways for papers to go through an adapter that the province's platform (test_district_province) doesn't take."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from district.adapters.receiver import AdapterReceiver
from district.receiving import Delivered, Later, Refused
from tests.support.deliveries import KEY, PAPERS, delivery, without_content
from tests.support.queue_rig import RudeServer, http_answer

SECRET = "3c9a7d41e8b25f60b1d4a7c8e9f00112"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVINCE_APP_ID", "APP0042")
    monkeypatch.setenv("APP_SECRET", SECRET)


def small(url: str, event: str) -> str:
    return f"""
adapter: 1
name: n
url: {url}
signing:
  algorithm: hmac-sm3
  app_key: {{env: PROVINCE_APP_ID}}
  secret: {{env: APP_SECRET}}
  names: {{app_key: a, timestamp: t, nonce: n, signature: s}}
  signs: [timestamp, nonce, body]
answer: {{success: {{path: code, one_of: [0]}}, number: no}}
events:
  complete:
{event}
"""


AFTER = """
    path: /cases
    body: {no: {from: case_number}}
    papers: {sent: after, path: "/cases/{their_number}/{item.material}", method: PUT, content: paper}
"""
WITH = """
    path: /cases
    body:
      papers: {each: papers, item: {from: item.content, as: base64}}
"""
PARTS = """
    path: /cases
    content: multipart
    body: {no: {from: case_number}}
    files: {field: f, name: {from: item.id}}
"""


@pytest.mark.parametrize(
    ("event", "lines", "holds"),
    [
        (AFTER, ["POST /cases", "PUT /cases/N%2F7/household-register", "PUT /cases/N%2F7/id-card-front"], 2),
        (WITH, ["POST /cases"], 0),
        (PARTS, ["POST /cases"], 2),
    ],
)
def test_papers_go_after_the_case_or_within_it(tmp_path: Path, event: str, lines: list[str], holds: int) -> None:
    with RudeServer(http_answer("200 OK", b'{"code": 0, "no": "N/7"}')) as server:
        (tmp_path / "a.yaml").write_text(small(server.url, event), "utf-8")
        receiver = AdapterReceiver(tmp_path / "a.yaml")
        assert receiver.deliver(delivery(), going_on=lambda: True) == Delivered(number="N/7")
        lost = iter([True, False])
        answer = receiver.deliver(delivery(), going_on=lambda: next(lost, False))
        assert answer == (Later(error="taken-over") if event == AFTER else Delivered(number="N/7"))
        assert receiver.deliver(delivery("rated"), going_on=lambda: True) == Delivered(), "not listed, not sent"
        receiver.close()
    sent = server.requests[: len(lines)]
    assert [request.partition(b" HTTP")[0].decode() for request in sent] == lines
    contents = [content for _, _, content in PAPERS.values()]
    assert (
        sum(any(request.endswith(one) or one + b"\r\n--" in request for request in sent) for one in contents) == holds
    )
    if event == WITH:
        body = json.loads(sent[0].partition(b"\r\n\r\n")[2])
        assert [base64.b64decode(one) for one in body["papers"]] == contents
    assert all(f'Idempotency-Key: "{KEY}"'.encode() in request for request in sent)


@pytest.mark.parametrize("answer", [b'{"code": 0}', b"not JSON"])
def test_an_upload_that_tells_no_name_is_sent_again(tmp_path: Path, answer: bytes) -> None:
    before = """
    path: /cases
    papers: {sent: before, path: /files, content: paper, their_id: id}
"""
    with RudeServer(http_answer("200 OK", answer)) as server:
        (tmp_path / "a.yaml").write_text(small(server.url, before), "utf-8")
        receiver = AdapterReceiver(tmp_path / "a.yaml")
        assert receiver.deliver(delivery(), going_on=lambda: True) == Later(error="not-their-answer")
        assert receiver.deliver(without_content(delivery()), going_on=lambda: True) == Refused(
            error="paper-not-to-be-had"
        )
        receiver.close()
    assert len(server.requests) == 1
