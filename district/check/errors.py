"""The form of answers: problem details, never a page for people, never another address, never a fault.

These look at every answer of the visit, and provoke some themselves, so that they say something alone, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

from district.check.answers import expect, expect_refusal, json_of, seconds_of
from district.check.forms import Form, form, new_uid, paper
from district.check.line import Answer
from district.check.rules import Broken, NotTried, Rules
from district.check.terminals import unsigned
from district.check.visit import Seen, Visit

rules = Rules("errors")


def _provoke(visit: Visit) -> Iterator[Callable[[], object]]:
    """What is to be refused, in several ways."""
    yield lambda: visit.progress(new_uid(), signs=unsigned)
    yield lambda: visit.progress(new_uid())
    yield lambda: visit.put(Form(uid=new_uid(), body=b"{"))
    yield lambda: visit.patch(paper(), 0, b"x")
    yield lambda: visit.ask("GET", "/v1/nothing")


def _answered(visit: Visit) -> list[Seen]:
    """Refusals of several kinds, and all that was answered before. That there is no answer has its own check."""
    for ask in _provoke(visit):
        with suppress(Broken):
            ask()
    return visit.seen


def _refusals(visit: Visit) -> list[Seen]:
    """Raises NotTried where nothing was refused."""
    refused = [one for one in _answered(visit) if 400 <= one.answer.status < 500 and one.asked.method != "HEAD"]
    if not refused:
        raise NotTried("nothing was answered 4xx")
    return refused


@rules("Answer every refusal as application/problem+json (RFC 9457); look for pages that a proxy or framework puts in.")
def refusals_are_problems(visit: Visit) -> None:
    """Every refusal is application/problem+json."""
    for one in _refusals(visit):
        told = (one.answer.field("Content-Type") or "").partition(";")[0].strip().lower()
        if told != "application/problem+json":
            raise Broken(f"{one.asked.label} was answered {one.answer.status} as {told[:60]!r}")


@rules("Give every problem a type that begins with urn:township-kiosk:problem:, or about:blank.")
def refusals_have_a_type(visit: Visit) -> None:
    """Every refusal's body is an object whose type is the contract's, or about:blank."""
    for one in _refusals(visit):
        kind = json_of(one.answer).get("type")
        if not isinstance(kind, str) or not (kind == "about:blank" or kind.startswith("urn:township-kiosk:problem:")):
            raise Broken(f"{one.asked.label} was answered {one.answer.status} with the type {str(kind)[:60]!r}")


@rules("Let `status` in a problem be the answer's own.")
def refusals_say_their_status(visit: Visit) -> None:
    """A problem's status, where it has one, is that of the answer."""
    for one in _refusals(visit):
        told = json_of(one.answer).get("status", one.answer.status)
        if told != one.answer.status:
            raise Broken(f"{one.asked.label} was answered {one.answer.status}, its problem says {str(told)[:20]}")


@rules("Answer what a client did wrong with 4xx, and do not hang up; find the exception in your log.")
def nothing_is_a_fault(visit: Visit) -> None:
    """Nothing that was asked is answered 500, 502 or 504, or not at all."""
    for ask in _provoke(visit):
        ask()
    for one in visit.seen:
        if one.answer.status >= 500 and one.answer.status not in (501, 503):
            raise Broken(f"{one.asked.label} was answered {one.answer.status}")


@rules("Answer under the address that was asked; switch off redirects for slashes, host names and sign-in.")
def nothing_is_elsewhere(visit: Visit) -> None:
    """No request is answered 3xx: a terminal follows no redirect, and a body must go nowhere else."""
    sent = form(visit.own.code)
    visit.taken(sent)
    for path in (f"/v1/submissions/{sent.uid}/", "/v1/submissions/", "/v1/health/", "//v1/health"):
        with suppress(Broken):
            visit.ask("GET", path)
    for one in _answered(visit):
        if 300 <= one.answer.status < 400 and one.answer.status != 304:
            raise Broken(f"{one.asked.label} was answered {one.answer.status}")


@rules("Answer 404 (or 405) under addresses that the contract does not have.")
def unknown_address_404(visit: Visit) -> None:
    """An address that the contract does not have is not there."""
    for path in ("/v1/nothing", f"/v1/submissions/{new_uid()}/nothing", "/v1/attachments"):
        expect(visit.ask("GET", path), 404, 405)


@rules("Answer 405 (or 404) to methods that the contract does not have.")
def unknown_method_405(visit: Visit) -> None:
    """A method that the contract does not have is refused, and deletes nothing."""
    sent = form(visit.own.code)
    visit.taken(sent)
    expect(visit.ask("DELETE", f"/v1/submissions/{sent.uid}"), 404, 405)
    expect(visit.progress(sent.uid), 200)


@rules("Take a uid for what the contract says it is, 36 characters; refuse all else before it reaches the database.")
def strange_address_refused(visit: Visit) -> None:
    """Addresses that are no uid are refused, and break nothing."""
    for name in ("x", "%00", "..%2f..%2fetc%2fpasswd", "%27%20OR%201=1", "a" * 3000, "%ff%fe", new_uid().upper()):
        expect_refusal(visit.ask("GET", f"/v1/submissions/{name}"))
        expect_refusal(visit.ask("HEAD", f"/v1/attachments/{name}", fields={"Tus-Resumable": "1.0.0"}))
        expect_refusal(visit.ask("PUT", f"/v1/submissions/{name}", b"{}", {"Idempotency-Key": f'"{name}"'}))


@rules("Send Retry-After in seconds (at most 4 hours) with 429 and 503, spread by what waits.")
def busy_says_until_when(visit: Visit) -> None:
    """Whoever is too busy says when to come again."""
    busy = [one for one in visit.seen if one.answer.status in (429, 503)]
    if not busy:
        raise NotTried("it was never too busy")
    for one in busy:
        wait = seconds_of(one.answer.field("Retry-After"))
        if wait is None or wait > 4 * 3600:
            raise Broken(f"{one.asked.label} was answered {one.answer.status} with an unusable Retry-After")


def is_json(answer: Answer) -> bool:
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return True


@rules("Say application/json (or problem+json) only of JSON.")
def json_is_json(visit: Visit) -> None:
    """What calls itself JSON is JSON."""
    for one in _answered(visit):
        kind = (one.answer.field("Content-Type") or "").partition(";")[0].strip().lower()
        if one.asked.method != "HEAD" and kind.endswith("json") and not is_json(one.answer):
            raise Broken(f"{one.asked.label} was answered {one.answer.status} as {kind} that is none")
