"""Signatures: every request has one, of this terminal, over this request, of now, and once."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.check.answers import date_of, expect
from district.check.forms import digest_of, form, new_uid
from district.check.line import Answer
from district.check.rules import Broken, NotTried, Rules, to
from district.check.terminals import Signs, Terminal, signing, unsigned
from district.check.visit import Visit

DAY = 86_400
rules = Rules("signatures")


def _held(visit: Visit, signs: Signs) -> Answer:
    """A form of our own, asked for with `signs`; 200 if the signature were right."""
    return visit.progress(visit.standing().uid, signs=signs)


@rules("Answer 401 to whatever comes without a signature under /v1/, but for health and enrolment.")
def signature_missing_401(visit: Visit) -> None:
    """An unsigned request is answered 401, whatever it asks for."""
    sent = visit.standing()
    expect(visit.progress(sent.uid, signs=unsigned), 401)
    expect(visit.put(form(visit.own.code), signs=unsigned), 401)
    expect(visit.head(sent.papers[0], signs=unsigned), 401)
    expect(visit.patch(sent.papers[0], 0, sent.papers[0].content, signs=unsigned), 401)
    expect(visit.ask("PUT", "/v1/telemetry/heartbeat", b"{}", signs=unsigned), 401)
    expect(visit.ask("PUT", f"/v1/submissions/{sent.uid}/rating", b'{"level":5}', signs=unsigned), 401)


@rules("Check the signature before you look for what is asked: who is nobody learns nothing.")
def signature_missing_tells_nothing(visit: Visit) -> None:
    """Whether something is there is not told to those who do not sign."""
    sent = visit.standing()
    there, not_there = (visit.progress(uid, signs=unsigned) for uid in (sent.uid, new_uid()))
    if (there.status, there.body) != (not_there.status, not_there.body):
        raise Broken("an unsigned question about a form that is there is answered otherwise than about one that is not")


@rules("Verify the signature with the key that keyid names; that there is one is not enough.")
def signature_of_another_key_401(visit: Visit) -> None:
    """A signature by another key than its keyid names does not count."""
    expect(_held(visit, signing(visit.own, key=Ed25519PrivateKey.generate())), 401)


@rules("Answer 401 to a keyid that is not registered, however well it signs.")
def signature_of_a_stranger_401(visit: Visit) -> None:
    """A key that is not registered does not count, though it signs rightly."""
    stranger = Terminal.of(visit.own.code, Ed25519PrivateKey.generate())
    expect(_held(visit, signing(stranger)), 401)


@rules("Verify over the @method of the request as it arrived.")
def signature_of_another_method_401(visit: Visit) -> None:
    """A signature over another method does not count."""
    expect(_held(visit, signing(visit.own, method="HEAD")), 401)


@rules("Verify over the @target-uri as the terminal wrote it; behind a proxy, tell the platform its public address.")
def signature_of_another_address_401(visit: Visit) -> None:
    """A signature over another address does not count."""
    expect(_held(visit, signing(visit.own, uri=f"{visit.root.url}/v1/submissions/{new_uid()}")), 401)
    expect(_held(visit, signing(visit.own, uri="https://another.example/v1/submissions/x")), 401)


@rules("The query is part of @target-uri (RFC 9421 2.2.2): verify over it, too.")
def signature_without_the_query_401(visit: Visit) -> None:
    """A query that was not signed makes it another address."""
    sent = visit.standing()
    path = f"/v1/submissions/{sent.uid}"
    expect(visit.ask("GET", f"{path}?more=1", signs=signing(visit.own, uri=visit.root.url + path)), 401)


@rules("Verify over the Content-Digest that came, then compare it with the body.")
def signature_of_another_digest_401(visit: Visit) -> None:
    """A body and digest that were exchanged after signing do not count."""
    expect(visit.put(form(visit.own.code), signs=signing(visit.own, content_digest=digest_of(b"other"))), 401)


@rules("Verify over the Idempotency-Key that came.")
def signature_of_another_idempotency_key_401(visit: Visit) -> None:
    """An Idempotency-Key that was exchanged after signing does not count."""
    expect(visit.put(form(visit.own.code), signs=signing(visit.own, idempotency_key=f'"{new_uid()}"')), 401)


@rules("Answer 401 where content-digest is not among the signature's components, if the request has that field.")
def signature_must_cover_the_digest(visit: Visit) -> None:
    """A signature that leaves the Content-Digest out does not count: anybody could change the body."""
    expect(visit.put(form(visit.own.code), signs=signing(visit.own, leaves_out=["content-digest"])), 401)


@rules("Answer 401 where idempotency-key is not among the signature's components, if the request has that field.")
def signature_must_cover_the_idempotency_key(visit: Visit) -> None:
    """A signature that leaves the Idempotency-Key out does not count."""
    expect(visit.put(form(visit.own.code), signs=signing(visit.own, leaves_out=["idempotency-key"])), 401)


@rules("Answer 401 where @method is not among the signature's components.")
def signature_must_cover_the_method(visit: Visit) -> None:
    """A signature that leaves the method out does not count: a question could become an order."""
    expect(_held(visit, signing(visit.own, leaves_out=["@method"])), 401)


@rules("Answer 401 where @target-uri is not among the signature's components.")
def signature_must_cover_the_address(visit: Visit) -> None:
    """A signature that leaves the address out does not count: it would open every form."""
    expect(_held(visit, signing(visit.own, leaves_out=["@target-uri"])), 401)


@rules("Refuse a signature without keyid (and do not try all keys).")
def signature_without_keyid_401(visit: Visit) -> None:
    """A signature without keyid does not count."""
    expect(_held(visit, signing(visit.own, leaves_out=["keyid"])), 401)


@rules("Refuse a signature without created.")
def signature_without_created_401(visit: Visit) -> None:
    """A signature without created does not count: it would never grow old."""
    expect(_held(visit, signing(visit.own, leaves_out=["created"])), 401)


@rules("Refuse a signature without nonce.")
def signature_without_nonce_401(visit: Visit) -> None:
    """A signature without nonce does not count: it could be sent again."""
    expect(_held(visit, signing(visit.own, leaves_out=["nonce"])), 401)


@rules("Refuse signatures made more than some minutes ago, with 401 of type clock.")
def signature_old_401_clock(visit: Visit) -> None:
    """What was signed a day ago is answered 401 of type `clock`."""
    expect(_held(visit, signing(visit.own, after=-DAY)), 401, kind="clock")


@rules("Refuse signatures from the future, with 401 of type clock.")
def signature_future_401_clock(visit: Visit) -> None:
    """What claims to be signed tomorrow is answered 401 of type `clock`."""
    expect(_held(visit, signing(visit.own, after=DAY)), 401, kind="clock")


@rules("Send a Date field with your time; the terminal signs again by it.")
def signature_clock_answer_has_date(visit: Visit) -> None:
    """An answer of type `clock` has a Date, by which the terminal signs again."""
    answer = _held(visit, signing(visit.own, after=-DAY))
    expect(answer, 401)
    theirs = date_of(answer)
    if theirs is None:
        raise Broken("the answer has no Date")
    if abs(theirs - visit.own.signer.now()) > 3600:
        raise Broken("its Date is more than an hour from the time by which right signatures count")


@rules("Look at the clock only once the signature has held: strangers need not learn what you think of it.")
def signature_clock_only_when_it_holds(visit: Visit) -> None:
    """A wrong signature of yesterday is just wrong: the terminal must not turn its clock by it."""
    answer = _held(visit, signing(visit.own, after=-DAY, key=Ed25519PrivateKey.generate()))
    expect(answer, 401, kind="signature")


@rules("Let signatures count for five minutes before and after your time: lines are slow, and clocks drift.")
def signature_minutes_off_taken(visit: Visit) -> None:
    """A clock that is two minutes off is not minded."""
    for seconds in (-120, 120):
        with to(f"a clock {seconds} s off"):
            expect(_held(visit, signing(visit.own, after=seconds)), 200)


@rules("Remember each nonce with its keyid for as long as its signature counts, where all your processes see it.")
def signature_replayed_401(visit: Visit) -> None:
    """The same signed request a second time is answered 401 of type `nonce`."""
    sent = visit.standing()
    asked = visit.asked("GET", f"/v1/submissions/{sent.uid}")
    expect(visit.send(asked), 200)
    for _ in range(2):
        expect(visit.send(asked), 401, kind="nonce")


@rules("Refuse a used nonce, also before a body that you know; a replay of the form is signed anew.")
def signature_replayed_form_401(visit: Visit) -> None:
    """A form that is sent again with the same signature gets no receipt."""
    asked = visit.asked_put(form(visit.own.code))
    expect(visit.send(asked), 201)
    expect(visit.send(asked), 401)


@rules("Remember a nonce for the key, whatever else the next signature covers.")
def signature_nonce_used_for_another_request_401(visit: Visit) -> None:
    """A nonce counts once for a key, also over another request."""
    nonce = new_uid()
    expect(_held(visit, signing(visit.own, nonce=nonce)), 200)
    expect(visit.progress(new_uid(), signs=signing(visit.own, nonce=nonce)), 401)


@rules("Answer 401 to what is no signature; parse RFC 8941 fields where a failure is caught.")
def signature_garbage_401(visit: Visit) -> None:
    """What is no signature at all is answered 401, and breaks nothing."""
    for told, made in (
        ("x", "y"),
        ("kiosk=()", "kiosk=::"),
        ('kiosk=("@method" "@target-uri");created=99999999999999999999;nonce="a";keyid="b"', "kiosk=:AAAA:"),
        ('kiosk=("@method" "@nothing");created=5;nonce="a";keyid="b"', "kiosk=:AAAA:"),
        ("kiosk=" + "(" * 4000, "kiosk=:AAAA:"),
        ('王="x"', "王=:AAAA:"),
    ):
        with to(told):
            expect(
                _held(visit, lambda _m, _u, _f, told=told, made=made: {"Signature-Input": told, "Signature": made}), 401
            )


@rules("Decode the signature as base64 of exactly 64 bytes, and take it only if it verifies as a whole.")
def signature_one_bit_off_401(visit: Visit) -> None:
    """A signature with one bit changed does not count."""

    def signs(method: str, uri: str, fields: dict[str, str]) -> dict[str, str]:
        right = visit.own.signer.fields(method, uri, fields)
        made = right["Signature"]
        at = len("kiosk=:") + 20
        return {**right, "Signature": made[:at] + ("B" if made[at] == "A" else "A") + made[at + 1 :]}

    expect(_held(visit, lambda method, uri, fields: signs(method, uri, dict(fields))), 401)


@rules("Keep the platform's clock by NTP: terminals go by the Date of its answers.")
def platform_clock_right(visit: Visit) -> None:
    """The platform's Date is within five minutes of this machine's time."""
    theirs = date_of(_held(visit, visit.own.signer.fields))
    if theirs is None:
        raise NotTried("its answers have no Date")
    if abs(theirs - time.time()) > 300:
        raise Broken(f"its Date is {theirs - time.time():.0f} seconds from this machine's time")
