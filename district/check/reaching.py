"""The way there, and what outlives it: transport, health, and what is still known over another connection."""

from __future__ import annotations

import ipaddress

from district.check.answers import expect, json_of, same
from district.check.forms import form, new_uid
from district.check.line import NoAnswer
from district.check.rules import Broken, NotTried, Rules
from district.check.terminals import unsigned
from district.check.visit import Visit

rules = Rules("reaching")


@rules("Answer GET /v1/health 200 as application/health+json with status pass, without a signature.")
def health_answers(visit: Visit) -> None:
    """Health is answered to everybody who gets through."""
    answer = visit.ask("GET", "/v1/health", signs=unsigned)
    expect(answer, 200)
    told = (answer.field("Content-Type") or "").partition(";")[0].strip().lower()
    same(told, "application/health+json", "Content-Type")
    same(json_of(answer).get("status"), "pass", "status")


@rules("Speak https to terminals; plain http is for one machine.")
def transport_is_tls(visit: Visit) -> None:
    """Other machines are spoken to over TLS only."""
    host = visit.root.host
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not visit.root.tls and not here:
        raise Broken("plain http to another machine")


@rules("Ask for a client certificate (mutual TLS) and end the handshake, or answer 401 or 403, without one.")
def client_certificate_needed(visit: Visit) -> None:
    """Who shows no client certificate learns nothing of forms."""
    if visit.stranger is None:
        raise NotTried("no client certificate is used (--cert)")
    sent = form(visit.own.code)
    visit.taken(sent)
    asked = visit.asked("GET", f"/v1/submissions/{sent.uid}")
    answer = visit.stranger.exchange(asked.method, visit.bytes_of(asked))
    if not isinstance(answer, NoAnswer):
        expect(answer, 400, 401, 403)


@rules("Answer 201 only when every one of your processes can read the form again at once.")
def acknowledged_is_there(visit: Visit) -> None:
    """What was answered 201 is there for every later question, over another connection, too."""
    sent = form(visit.own.code)
    visit.taken(sent)
    for _ in range(4):
        same(visit.known(sent.uid).get("sha256"), sent.sha256, "sha256 of the progress")


@rules("Store a form when it is whole, never in part; a request that broke off was not one.")
def broken_off_is_not_stored(visit: Visit) -> None:
    """A form that broke off on its way is not there, and is taken when it comes whole."""
    sent = form(visit.own.code)
    request = visit.bytes_of(visit.asked_put(sent))
    visit.line.break_off(request, len(request) - 40)
    expect(visit.progress(sent.uid), 404)
    expect(visit.put(sent), 201)


@rules("Answer a form whose receipt was lost on the way with that same receipt; 409 while it is still being stored.")
def lost_receipt_is_answered_again(visit: Visit) -> None:
    """A form whose receipt was lost is answered again, once and for all the same."""
    sent = form(visit.own.code)
    request = visit.bytes_of(visit.asked_put(sent))
    visit.line.break_off(request, len(request))
    first = visit.put(sent)
    for _ in range(5):
        if first.status != 409:
            break
        first = visit.put(sent)
    expect(first, 200, 201)
    again = visit.put(sent)
    expect(again, 200)
    if again.body != first.body:
        raise Broken("the receipt differs from the first one")
    same(json_of(again).get("sha256"), sent.sha256, "sha256")


@rules("Name a form by its uid only: the same content under another uid is another form.")
def another_uid_is_another_form(visit: Visit) -> None:
    """Two forms that say the same are two forms."""
    first, second = (form(visit.own.code, uid=new_uid(), matter="the-same-matter") for _ in range(2))
    visit.taken(first)
    visit.taken(second)
    expect(visit.progress(first.uid), 200)
    expect(visit.progress(second.uid), 200)
