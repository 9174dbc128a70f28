"""Hands cases on to the platform of an adapter file: papers before, the case, papers after, each request signed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from district.adapters.answers import parsed, read_answer, text_at
from district.adapters.credentials import Credentials, certificates_of, credentials_of
from district.adapters.file import AdapterFile, Call, Sending, load_adapter
from district.adapters.requests import Prepared, prepare
from district.adapters.values import Content, Item, Mapper, Unmapped
from district.receiving import Delivered, Delivery, Later, Refused, judge
from offline_queue.retry import Answer
from offline_queue.transport import Transport

_TAKEN_OVER = Later(error="taken-over")


class AdapterReceiver:
    """Raises AdapterTrouble where file or secrets can't be used. `wall` gives seconds since 1970."""

    def __init__(self, path: Path, *, wall: Callable[[], float] = time.time) -> None:
        self._file = load_adapter(path)
        self._credentials = credentials_of(self._file, path.parent)
        self._transport = Transport(
            certificates=certificates_of(self._file, path.parent), deadline=self._file.deadline_seconds
        )
        self._wall = wall

    def close(self) -> None:
        self._transport.close()

    def deliver(self, delivery: Delivery, *, going_on: Callable[[], bool]) -> Delivered | Later | Refused:
        sending = _sending(self._file, delivery.event)
        if sending is None:
            return Delivered()
        try:
            return self._deliver(delivery, sending, going_on)
        except Unmapped as trouble:
            return Refused(error=trouble.reason[:200])

    def _deliver(
        self, delivery: Delivery, sending: Sending, going_on: Callable[[], bool]
    ) -> Delivered | Later | Refused:
        case, papers, upload = dict(delivery.case), list(items_of(delivery)), sending.papers
        if upload is not None and upload.sent == "before":
            for at, paper in enumerate(papers):
                answer = self._send(upload, delivery, self._mapper(case, papers).of(paper), going_on)
                if not isinstance(answer, _Good):
                    return answer
                if upload.their_id is not None:
                    named = text_at(parsed(answer.body), upload.their_id)
                    if named is None:
                        return Later(error="not-their-answer")
                    papers[at] = replace(paper, their_id=named)
        answer = self._send(sending, delivery, self._mapper(case, papers), going_on)
        if not isinstance(answer, _Good):
            return answer
        if upload is not None and upload.sent == "after":
            if answer.number is not None:
                case["their_number"] = answer.number
            for paper in papers:
                after = self._send(upload, delivery, self._mapper(case, papers).of(paper), going_on)
                if not isinstance(after, _Good):
                    return after
        return Delivered(number=answer.number)

    def _mapper(self, case: Mapping[str, JsonValue], papers: Sequence[Item]) -> Mapper:
        return Mapper(case=case, papers=papers, codes=self._file.codes, zone=self._file.zone)

    def _send(
        self, call: Call, delivery: Delivery, mapper: Mapper, going_on: Callable[[], bool]
    ) -> _Good | Later | Refused:
        request = prepare(self._file, call, mapper, self._credentials, now=self._wall())
        if not going_on():
            return _TAKEN_OVER
        headers = {"Idempotency-Key": f'"{delivery.key}"', **request.headers}
        outcome = self._transport.request(request.method, request.url, request.body, headers)
        answer = judge(outcome)
        if not isinstance(answer, Answer):
            return answer
        read = read_answer(answer.body, call.answer or self._file.answer)
        return _Good(number=read.number, body=answer.body) if isinstance(read, Delivered) else read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Good:
    number: str | None
    body: bytes


def items_of(delivery: Delivery) -> Iterator[Item]:
    """The case's papers, each with its content, read late."""
    for one in delivery.papers:
        content = Content(read=partial(_content, delivery, one.id))
        yield Item(fields=one.fields(), media_type=one.media_type, content=content)


def _content(delivery: Delivery, name: str) -> bytes:
    try:
        return delivery.content(name)
    except ValueError:
        raise Unmapped("paper-not-to-be-had") from None


def rehearse(file: AdapterFile, delivery: Delivery, credentials: Credentials, *, now: float) -> Iterator[Prepared]:
    """What would be sent, with what is personal masked and nothing sent; what they would answer stands in brackets.
    Raises Unmapped."""
    sending = _sending(file, delivery.event)
    if sending is None:
        return
    upload = sending.papers
    papers = [
        replace(one, their_id="<their id>" if upload is not None and upload.sent == "before" else None)
        for one in items_of(delivery)
    ]
    case = {"their_number": "<their number>", **delivery.case}
    mapper = Mapper(case=case, papers=papers, codes=file.codes, zone=file.zone, masked=True)
    whole = prepare(file, sending, mapper, credentials, now=now)
    uploads = [] if upload is None else [prepare(file, upload, mapper.of(one), credentials, now=now) for one in papers]
    yield from [*uploads, whole] if upload is not None and upload.sent == "before" else [whole, *uploads]


def _sending(file: AdapterFile, event: str) -> Sending | None:
    return next((sending for name, sending in file.events.items() if name == event), None)
