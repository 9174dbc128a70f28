"""A half-built platform: what is missing is told once, and what can't be judged without it is not called wrong."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.check.kit import Found, Result, run
from district.check.line import Line, Root
from district.check.terminals import Terminal
from district.check.visit import Visit


class Half(BaseHTTPRequestHandler):
    """Takes forms, and answers them with receipts; hangs up on what is no JSON, and knows no other request."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            json.loads(body)
        except ValueError:
            self.close_connection = True
            return
        uid = self.path.rpartition("/")[2]
        receipt = {"uid": uid, "sha256": hashlib.sha256(body).hexdigest(), "state": "done"}
        answer = json.dumps(receipt).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Requests that break off are a part of it."""


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Found]]:
    with Quiet(("127.0.0.1", 0), Half) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        root = Root.of(f"http://127.0.0.1:{server.server_port}")
        visit = Visit(root, Line(root, seconds=5), Terminal.of("CHECK0", Ed25519PrivateKey.generate()))
        yield {one.rule.name: one for one in run(visit)}
        server.shutdown()
        thread.join(5)


def test_what_is_not_built_fails_one_check_each(found: dict[str, Found]) -> None:
    missing = [one.seen for one in found.values() if "there is no such request here" in one.seen]
    requests = [re.sub(r"/[0-9a-f-]{36}", "/{uid}", " ".join(seen.split()[:2])) for seen in missing]
    assert len(set(requests)) == len(requests)
    uid = ("GET /v1/submissions/{uid}", "HEAD /v1/attachments/{uid}", "PATCH /v1/attachments/{uid}")
    assert {"GET /v1/health", "GET /v1/catalogue", *uid} <= set(requests)
    told = {one.seen for one in found.values() if one.result is Result.SKIP}
    assert "needs GET /v1/submissions/{uid}, which another check found to be missing" in told


def test_what_needs_it_is_not_called_wrong(found: dict[str, Found]) -> None:
    assert found["signature-of-another-key-401"].result is Result.SKIP, "it asks by GET, which is not built"
    assert found["signature-missing-tells-nothing"].result is Result.SKIP, "not told, since nothing is"
    assert found["upload-of-1-mib-taken"].result is Result.SKIP
    assert found["refusals-are-problems"].seen == "nothing was answered 4xx"


def test_what_is_wrong_is_told_with_the_request_and_what_was_sent(found: dict[str, Found]) -> None:
    failed = {name: one.seen for name, one in found.items() if one.result is Result.FAIL}
    assert failed["submission-incomplete-422"].startswith("PUT /v1/submissions/")
    assert failed["submission-incomplete-422"].endswith("was answered 201, not 422, to 'a form without matter'")
    assert failed["rating-not-1-to-5-refused"].endswith("""was answered 201, not 400 or 422, to b'{"level":0}'""")
    assert failed["submission-not-json-refused"].endswith("the connection was closed without an answer, to b''")
    assert failed["nothing-is-a-fault"].endswith("the connection was closed without an answer")
    assert failed["unknown-method-405"].endswith("was answered 501, not 404 or 405"), "that is not to be built"
    assert len(failed) < 50
