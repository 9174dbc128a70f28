"""Mutants whose progress, ratings, reports, certificates or refusals are wrong."""

from __future__ import annotations

import secrets
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ec

from district.check.enrolment import request_for
from district.check.forms import digest_of
from tests.support.mutant_rig import Ask, Behind, Told, said, told
from tests.support.mutants import found_by
from tests.support.mutants_forms import is_question


def _is_rating(ask: Ask) -> bool:
    return ask.method == "PUT" and ask.path.endswith("/rating")


@found_by("health-answers")
async def has_a_page_for_health(ask: Ask, behind: Behind) -> Told:
    if ask.path == "/v1/health":
        return Told(status=200, fields={"content-type": "text/html"}, body=b"<html>fine</html>")
    return await behind(ask)


@found_by(
    "acknowledged-is-there",
    "other-terminal-takes-no-uid",
    "progress-names-the-form",
    "submission-conflict-keeps-the-first",
)
async def shows_no_digest(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(sha256=None) if is_question(ask) and "sha256" in answer.json else answer


@found_by(
    "batch-of-21-refused",
    "batch-wrong-digest-400",
    "broken-off-is-not-stored",
    "enrolment-gives-a-certificate",
    "other-terminal-sees-no-progress",
    "progress-unknown-404",
    "strange-address-refused",
    "submission-wrong-digest-not-stored",
    "unknown-address-404",
)
async def has_progress_for_everything(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_question(ask) and answer.status == 404 and len(ask.uid) == 36:
        return said(200, uid=ask.uid, sha256="0" * 64, state="received", missing=[], steps=[])
    return answer


@found_by("progress-lists-what-is-missing", "upload-completes-the-form")
async def misses_every_paper_or_none(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(missing=[]) if is_question(ask) and "missing" in answer.json else answer


@found_by("progress-steps-received-then-complete")
async def shows_only_the_last_step(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(steps=answer.json["steps"][-1:]) if is_question(ask) and "steps" in answer.json else answer


@found_by("progress-steps-dated")
async def dates_steps_without_an_offset(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_question(ask) and "steps" in answer.json:
        return answer.saying(steps=[{**one, "at": one["at"][:19]} for one in answer.json["steps"]])
    return answer


@found_by("rating-kept", "rating-second-422")
async def says_nothing_to_ratings(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return Told(status=204) if _is_rating(ask) and answer.status == 200 else answer


@found_by("rating-second-422")
async def keeps_the_last_rating(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return said(200, **ask.json) if _is_rating(ask) and answer.kind == "conflict" else answer


@found_by("rating-not-1-to-5-refused")
async def takes_every_rating_for_one(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return said(200, level=5) if _is_rating(ask) and answer.kind == "rating" else answer


@found_by("other-terminal-rates-nothing", "rating-of-nothing-404")
async def keeps_ratings_of_nothing(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return said(200, level=5) if _is_rating(ask) and answer.status == 404 else answer


@found_by("heartbeat-204")
async def refuses_newer_heartbeats(ask: Ask, behind: Behind) -> Told:
    return told(422, "report") if b"something_newer" in ask.body else await behind(ask)


@found_by("telemetry-not-an-object-refused", "telemetry-of-no-kind-refused")
async def keeps_every_report(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return Told(status=204) if answer.kind == "report" else answer


@found_by("renewal-issues-for-the-key")
async def issues_the_last_certificate_again(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if ask.path.endswith("/certificate") and answer.status == 201:
        return behind.kept.setdefault("certificate", await _another(ask, behind))
    return answer


async def _another(ask: Ask, behind: Behind) -> Told:
    """A certificate of the terminal over a key that is not the request's."""
    code = ask.path.split("/")[3]
    return await behind.signed(replace(ask, body=request_for(code, ec.generate_private_key(ec.SECP256R1()))))


@found_by("renewal-of-no-request-422")
async def issues_for_any_request(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if ask.path.endswith("/certificate") and answer.status == 422:
        return Told(status=201, fields={"content-type": "application/pem-certificate-chain"}, body=b"-----BEGIN")
    return answer


@found_by("renewal-for-another-404")
async def issues_for_anybody(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if ask.path.endswith("/certificate") and answer.status == 404:
        return Told(status=201, fields={"content-type": "application/pem-certificate-chain"}, body=b"-----BEGIN")
    return answer


# --- refusals ---------------------------------------------------------------------------------------------------------


@found_by(
    "batch-whole-digest-400",
    "enrolment-of-a-used-code-404",
    "enrolment-unknown-code-404",
    "enrolment-wrong-digest-400",
    "refusals-are-problems",
    "refusals-have-a-type",
    "refusals-say-their-status",
    "retired-terminal-403-at-once",
    "signature-clock-only-when-it-holds",
    "signature-future-401-clock",
    "signature-old-401-clock",
    "signature-replayed-401",
    "submission-wrong-digest-400",
    "telemetry-wrong-digest-400",
    "upload-of-other-bytes-400",
    "upload-wrong-digest-400",
)
async def has_pages_for_refusals(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if 400 <= answer.status < 500:
        return replace(answer, body=b"<html>Sorry</html>").having(content_type="text/html")
    return answer


@found_by("refusals-are-problems")
async def calls_problems_plain_json(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.having(content_type="application/json") if answer.status >= 400 else answer


@found_by("refusals-have-a-type")
async def has_types_of_its_own(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(type="https://errors.example/unknown") if answer.kind == "unknown" else answer


@found_by("refusals-say-their-status")
async def says_another_status_inside(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(status=400) if answer.kind == "unknown" else answer


@found_by("nothing-is-a-fault", "unknown-address-404")
async def falls_over_what_is_not_there(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return Told(status=500) if ask.path == "/v1/nothing" else answer


@found_by("nothing-is-elsewhere")
async def sends_slashes_elsewhere(ask: Ask, behind: Behind) -> Told:
    if ask.path.endswith("/"):
        return Told(status=307, fields={"location": ask.path.rstrip("/")})
    return await behind(ask)


@found_by("strange-address-refused", "unknown-address-404")
async def has_a_page_for_every_address(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if ask.method == "GET" and answer.kind == "http" and answer.status == 404 and not ask.path.endswith("/"):
        return Told(status=200, fields={"content-type": "text/html"}, body=b"<html>App</html>")
    return answer


@found_by("unknown-method-405")
async def lets_forms_be_deleted(ask: Ask, behind: Behind) -> Told:
    return Told(status=204) if ask.goes_to("DELETE", "submissions/") else await behind(ask)


@found_by("strange-address-refused")
async def falls_over_strange_addresses(ask: Ask, behind: Behind) -> Told:
    return Told(status=500) if "\0" in ask.path else await behind(ask)


@found_by("busy-says-until-when")
async def is_busy_for_ever(ask: Ask, behind: Behind) -> Told:
    return told(503, "later") if ask.path == "/v1/nothing" else await behind(ask)


@found_by("busy-says-until-when")
async def is_busy_for_a_day(ask: Ask, behind: Behind) -> Told:
    return told(503, "later").having(retry_after="86400") if ask.path == "/v1/nothing" else await behind(ask)


@found_by("json-is-json", "refusals-have-a-type", "refusals-say-their-status")
async def breaks_json_off(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return replace(answer, body=answer.body[:-1]) if answer.kind == "unknown" else answer


# --- enrolment and catalogues -----------------------------------------------------------------------------------------


def _enrolled(ask: Ask) -> Told:
    terminal = str(ask.json.get("code", "")).partition("-")[0]
    hall = {"code": "H1", "name": "大厅"}
    return said(201, terminal=terminal, hall=hall, certificate="-----BEGIN").having(cache_control="no-store")


@found_by("enrolment-of-a-used-code-404", "enrolment-unknown-code-404")
async def enrols_with_any_code(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return _enrolled(ask) if answer.kind == "enrolment" else answer


@found_by("enrolment-not-one-refused", "enrolment-of-anothers-key-refused")
async def enrols_whatever_is_asked(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return _enrolled(ask) if ask.path == "/v1/enrolments" and answer.status == 422 else answer


@found_by("enrolment-wrong-digest-400")
async def compares_no_digest_of_enrolments(ask: Ask, behind: Behind) -> Told:
    if ask.path == "/v1/enrolments":
        return await behind(replace(ask, fields={**ask.fields, "content-digest": digest_of(ask.body)}))
    return await behind(ask)


@found_by("enrolment-gives-a-certificate")
async def says_nothing_of_the_hall(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(hall=None) if "hall" in answer.json else answer


@found_by("enrolment-again-same-certificate")
async def keeps_no_enrolment(ask: Ask, behind: Behind) -> Told:
    """A code that was used is over, also for whom it was used by."""
    used = behind.kept.setdefault("codes", set())
    code = str(ask.json.get("code"))
    if ask.path == "/v1/enrolments" and code in used:
        return told(404, "enrolment")
    answer = await behind(ask)
    if answer.status == 201 and "certificate" in answer.json:
        used.add(code)
    return answer


@found_by("enrolment-of-a-used-code-404")
async def lets_codes_be_used_twice(ask: Ask, behind: Behind) -> Told:
    used = behind.kept.setdefault("codes", set())
    answer = await behind(ask)
    if answer.status == 201 and "certificate" in answer.json:
        used.add(ask.json["code"])
    return _enrolled(ask) if answer.kind == "enrolment" and ask.json["code"] in used else answer


def _is_catalogue(ask: Ask) -> bool:
    return ask.path == "/v1/catalogue"


@found_by("catalogue-has-an-etag", "catalogue-unchanged-304")
async def has_no_etag(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.having(etag=None) if _is_catalogue(ask) else answer


@found_by("catalogue-unchanged-304")
async def sends_catalogues_always(ask: Ask, behind: Behind) -> Told:
    if _is_catalogue(ask):
        fields = {name: value for name, value in ask.fields.items() if name != "if-none-match"}
        return await behind(replace(ask, fields=fields))
    return await behind(ask)


@found_by("catalogue-byte-for-byte")
async def writes_catalogues_anew(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(at=secrets.token_hex()) if _is_catalogue(ask) and answer.status == 200 else answer


@found_by("catalogue-is-a-package")
async def sends_catalogues_unsigned(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(signature="") if _is_catalogue(ask) and answer.status == 200 else answer


@found_by("submission-supplement-of-nothing-422")
async def takes_supplements_of_nothing(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if answer.kind == "supplement":
        return await behind.rewritten(ask, {name: it for name, it in ask.json.items() if name != "supplement_of"})
    return answer
