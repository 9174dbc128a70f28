"""A district platform in memory that answers as it is told, for tests of store and sync."""

from __future__ import annotations

import json
from collections.abc import Callable

from offline_queue.retry import Answer, Failure, FailureKind, Outcome
from offline_queue.wire import (
    PLAIN_TYPE,
    SEALED_TYPE,
    Batch,
    BatchAnswer,
    BatchAnswers,
    Progress,
    Receipt,
    State,
    canonical_bytes,
    sha256_hex,
)

LOST = Failure(kind=FailureKind.UNREACHABLE)


class ModelPlatform:
    """A platform in memory. `mood` says what becomes of each exchange: `ok`, `unheard` (it never arrived),
    `unanswered` (it arrived, its answer did not), `portal`, `busy`, `refused`, `forgot` (its papers are gone)."""

    def __init__(self, mood: Callable[[], str]) -> None:
        self._mood = mood
        self.bodies: dict[str, bytes] = {}
        self.receipts: dict[str, bytes] = {}
        self.papers: dict[str, bytearray] = {}
        self.sizes: dict[str, int] = {}

    def _meet(self, act: Callable[[], Answer]) -> Outcome:
        match self._mood():
            case "unheard":
                return LOST
            case "unanswered":
                act()
                return LOST
            case "portal":
                return Answer(status=200, body=b"<html>")
            case "busy":
                return Answer(status=503, retry_after="30")
            case "refused":
                return Answer(status=422)
            case "forgot":
                self.papers.clear()
                return act()
            case _:
                return act()

    def _missing(self, uid: str) -> tuple[str, ...]:
        declared = json.loads(self.bodies[uid])["attachments"]
        return tuple(one["id"] for one in declared if len(self.papers.get(one["id"], b"")) < one["bytes"])

    def put_forms(self, batch: bytes) -> Outcome:
        def act() -> Answer:
            items = Batch.model_validate_json(batch).submissions
            alone = [(one.uid, self._take(one.uid, one.body.encode(), one.media_type)) for one in items]
            answers = [BatchAnswer(uid=uid, status=one.status, body=one.body.decode()) for uid, one in alone]
            return Answer(status=200, body=canonical_bytes(BatchAnswers(answers=tuple(answers))))

        return self._meet(act)

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
        return self._meet(lambda: self._take(uid, body, media_type))

    def _take(self, uid: str, body: bytes, media_type: str) -> Answer:
        assert media_type == (SEALED_TYPE if "sealed" in json.loads(body) else PLAIN_TYPE)
        if uid in self.bodies:
            assert self.bodies[uid] == body, "the frozen body changed"
        self.bodies[uid] = body
        for one in json.loads(body)["attachments"]:
            self.papers.setdefault(one["id"], bytearray())
            self.sizes[one["id"]] = one["bytes"]
        missing = self._missing(uid)
        state = State.RECEIVED if missing else State.DONE
        receipt = Receipt(uid=uid, sha256=sha256_hex(body), state=state, missing=missing)
        return Answer(status=201, body=self.receipts.setdefault(uid, canonical_bytes(receipt)))

    def attachment_offset(self, name: str) -> Outcome:
        def act() -> Answer:
            if name not in self.papers:
                return Answer(status=404)
            return Answer(status=200, upload_offset=len(self.papers[name]), upload_length=self.sizes[name])

        return self._meet(act)

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
        def act() -> Answer:
            if name not in self.papers:
                return Answer(status=404)
            if len(self.papers[name]) != offset:
                return Answer(status=409)
            self.papers[name] += chunk
            return Answer(status=204, upload_offset=len(self.papers[name]))

        return self._meet(act)

    def progress(self, uid: str) -> Outcome:
        def act() -> Answer:
            if uid not in self.bodies:
                return Answer(status=404, body=b'{"type":"urn:township-kiosk:problem:unknown","status":404}')
            missing = self._missing(uid)
            state = State.RECEIVED if missing else State.DONE
            number = None if missing else f"2026-{uid[:6]}"
            sha256 = sha256_hex(self.bodies[uid])
            progress = Progress(uid=uid, sha256=sha256, state=state, case_number=number, missing=missing)
            return Answer(status=200, body=canonical_bytes(progress))

        return self._meet(act)

    def put_rating(self, uid: str, body: bytes) -> Outcome:
        return self._meet(lambda: Answer(status=200, body=body))

    def report(self, kind: str, body: bytes) -> Outcome:
        return self._meet(lambda: Answer(status=204))
