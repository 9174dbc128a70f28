"""What terminals say of themselves, and the renewal of their certificates."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from district.check.answers import expect, expect_refusal
from district.check.enrolment import look_at_certificate, request_for
from district.check.forms import digest_of
from district.check.line import Answer
from district.check.rules import NotTried, Rules, to
from district.check.visit import PLAIN, Visit

rules = Rules("telemetry")
_HEARTBEAT = (
    b'{"at":"2026-11-23T09:00:00+08:00","version":"0","waiting":0,"held":0,"oldest_seconds":0,'
    b'"free_bytes":1000000,"clock_offset_seconds":0,"something_newer":true}'
)


def _report(visit: Visit, kind: str, body: bytes, **fields: str) -> Answer:
    sent = {"Content-Type": PLAIN} | {name.replace("_", "-"): value for name, value in fields.items()}
    return visit.ask("PUT", f"/v1/telemetry/{kind}", body, sent)


@rules("Answer a heartbeat 204; let members pass that you do not know: terminals grow.")
def heartbeat_204(visit: Visit) -> None:
    """A heartbeat is answered 204, also when a newer terminal says more."""
    expect(_report(visit, "heartbeat", _HEARTBEAT), 204)


@rules("Refuse with 422 (or 400) a report that is no JSON object.")
def telemetry_not_an_object_refused(visit: Visit) -> None:
    """A report that is no JSON object is refused."""
    for body in (b"[]", b"7", b"", b"{", b"\xff", b'{"n":NaN}'):
        with to(body):
            expect(_report(visit, "check", body), 400, 422)


@rules("Refuse with 4xx a kind that is not a letter and up to 31 more of a-z, 0-9 and -.")
def telemetry_of_no_kind_refused(visit: Visit) -> None:
    """A kind that is none is refused."""
    for kind in ("Heart_Beat", "x" * 40, "%E7%8E%8B"):
        expect_refusal(_report(visit, kind, b"{}"))


@rules("Compare a report's Content-Digest with its body, as everywhere.")
def telemetry_wrong_digest_400(visit: Visit) -> None:
    """A report that is not what its (signed) Content-Digest says is answered 400 of type `digest`."""
    expect(_report(visit, "check", b"{}", Content_Digest=digest_of(b"[]")), 400, kind="digest")


def _renew(visit: Visit, code: str, body: bytes) -> Answer:
    answer = visit.ask("POST", f"/v1/terminals/{code}/certificate", body, {"Content-Type": "application/pkcs10"})
    if answer.status == 501:
        raise NotTried("this platform issues no certificates")
    return answer


@rules("Answer PKCS #10 with 201 and a chain in PEM, the terminal's own first, over its key; 501 if you issue none.")
def renewal_issues_for_the_key(visit: Visit) -> None:
    """A new certificate is for the key of the request and the code of the terminal, and not over already."""
    key = ec.generate_private_key(ec.SECP256R1())
    answer = _renew(visit, visit.own.code, request_for(visit.own.code, key))
    expect(answer, 201)
    look_at_certificate(answer.body, visit.own.code, key, visit.own.signer.now())


@rules("Refuse with 422 a request that is no PKCS #10 in PEM, or for another name.")
def renewal_of_no_request_422(visit: Visit) -> None:
    """What is no request for this terminal's certificate is refused."""
    key = ec.generate_private_key(ec.SECP256R1())
    expect(_renew(visit, visit.own.code, b"no request"), 400, 422)
    expect(_renew(visit, visit.own.code, request_for("SOMEONE", key)), 400, 422)


@rules("Issue a certificate only to the terminal that signs; answer 404 for another code.")
def renewal_for_another_404(visit: Visit) -> None:
    """A certificate for another terminal's code is not to be had: 404."""
    code = "CHECK1" if visit.own.code != "CHECK1" else "CHECK2"
    expect(_renew(visit, code, request_for(code, ec.generate_private_key(ec.SECP256R1()))), 404)
