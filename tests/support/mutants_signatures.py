"""Mutants that check signatures wrongly, or tell terminals apart wrongly."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from tests.support.mutant_rig import Ask, Behind, Item, Told, said, sha256_of, told
from tests.support.mutants import found_by
from tests.support.mutants_forms import TAKEN, is_form


@found_by("enrolment-wrong-digest-400", "signature-missing-401", "signature-missing-tells-nothing")
async def asks_for_no_signature(ask: Ask, behind: Behind) -> Told:
    bare = "signature-input" not in ask.fields
    return await behind.signed(ask, by=behind.first) if bare else await behind(ask)


@found_by("signature-missing-tells-nothing")
async def looks_before_it_asks_who(ask: Ask, behind: Behind) -> Told:
    if "signature-input" not in ask.fields and ask.goes_to("GET", "submissions/"):
        there = await behind.signed(ask, by=behind.first)
        return there if there.status == 404 else await behind(ask)
    return await behind(ask)


@found_by(
    "batch-whole-digest-400",
    "signature-clock-answer-has-date",
    "signature-clock-only-when-it-holds",
    "signature-future-401-clock",
    "signature-must-cover-the-address",
    "signature-must-cover-the-digest",
    "signature-must-cover-the-idempotency-key",
    "signature-must-cover-the-method",
    "signature-nonce-used-for-another-request-401",
    "signature-of-another-address-401",
    "signature-of-another-digest-401",
    "signature-of-another-idempotency-key-401",
    "signature-of-another-key-401",
    "signature-of-another-method-401",
    "signature-old-401-clock",
    "signature-one-bit-off-401",
    "signature-replayed-401",
    "signature-replayed-form-401",
    "signature-without-created-401",
    "signature-without-nonce-401",
    "signature-without-the-query-401",
    "submission-without-digest-refused",
    "submission-wrong-digest-400",
    "submission-wrong-digest-not-stored",
    "telemetry-wrong-digest-400",
    "upload-without-digest-refused",
    "upload-wrong-digest-400",
)
async def verifies_nothing(ask: Ask, behind: Behind) -> Told:
    """A known keyid is enough."""
    return await behind.signed(ask) if ask.path != "/v1/enrolments" else await behind(ask)


@found_by("signature-of-a-stranger-401")
async def trusts_every_stranger(ask: Ask, behind: Behind) -> Told:
    unknown = ask.signer is not None and behind.code(ask.signer) is None and ask.created is not None
    return await behind.signed(ask, by=behind.first) if unknown else await behind(ask)


@found_by("signature-garbage-401", "signature-without-keyid-401")
async def trusts_whom_nobody_names(ask: Ask, behind: Behind) -> Told:
    nameless = "signature-input" in ask.fields and ask.signer is None and ask.created is not None
    return await behind.signed(ask, by=behind.first) if nameless else await behind(ask)


async def _without(ask: Ask, behind: Behind, name: str) -> Told:
    """A signature that lacks `name` is as good as another."""
    answer = await behind(ask)
    told_of = ask.fields.get("signature-input", "")
    lacking = f'"{name}"' not in told_of and f";{name}=" not in told_of and (name[0] == "@" or name in ask.fields)
    parameter = name in ("created", "nonce") and f";{name}=" not in told_of and "keyid=" in told_of
    if answer.status == 401 and (lacking or parameter) and behind.code(ask.signer) is not None:
        return await behind.signed(ask)
    return answer


@found_by("signature-without-created-401")
async def needs_no_created(ask: Ask, behind: Behind) -> Told:
    return await _without(ask, behind, "created")


@found_by("signature-without-nonce-401")
async def needs_no_nonce(ask: Ask, behind: Behind) -> Told:
    return await _without(ask, behind, "nonce")


@found_by("signature-must-cover-the-method")
async def needs_no_method(ask: Ask, behind: Behind) -> Told:
    return await _without(ask, behind, "@method")


@found_by("signature-must-cover-the-address")
async def needs_no_address(ask: Ask, behind: Behind) -> Told:
    return await _without(ask, behind, "@target-uri")


@found_by("signature-must-cover-the-digest")
async def needs_no_digest_in_the_signature(ask: Ask, behind: Behind) -> Told:
    return await _without(ask, behind, "content-digest")


@found_by("signature-must-cover-the-idempotency-key")
async def needs_no_idempotency_key_in_the_signature(ask: Ask, behind: Behind) -> Told:
    return await _without(ask, behind, "idempotency-key")


@found_by("signature-without-the-query-401")
async def leaves_the_query_out(ask: Ask, behind: Behind) -> Told:
    return await behind(replace(ask, query=""))


@found_by("signature-future-401-clock", "signature-old-401-clock")
async def has_no_word_for_clocks(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(type="urn:township-kiosk:problem:signature") if answer.kind == "clock" else answer


@found_by("signature-clock-answer-has-date")
async def says_no_date(ask: Ask, behind: Behind) -> Told:
    return (await behind(ask)).having(date="-")


@found_by("platform-clock-right")
async def is_half_an_hour_off(ask: Ask, behind: Behind) -> Told:
    late = time.gmtime(time.time() - 1800)
    return (await behind(ask)).having(date=time.strftime("%a, %d %b %Y %H:%M:%S GMT", late))


@found_by("signature-clock-only-when-it-holds")
async def looks_at_the_clock_first(ask: Ask, behind: Behind) -> Told:
    old = ask.created is not None and abs(ask.created - time.time()) > 300
    return told(401, "clock") if old and 'nonce="' in ask.fields["signature-input"] else await behind(ask)


@found_by("signature-minutes-off-taken")
async def minds_a_minute(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    off = ask.created is not None and abs(ask.created - time.time()) > 60
    return told(401, "clock") if off and answer.status < 400 else answer


@found_by("signature-clock-answer-has-date", "signature-old-401-clock")
async def takes_old_signatures(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    late = ask.created is not None and ask.created < time.time()
    return await behind.signed(ask) if answer.kind == "clock" and late else answer


@found_by("signature-future-401-clock")
async def takes_signatures_of_tomorrow(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    early = ask.created is not None and ask.created > time.time()
    return await behind.signed(ask) if answer.kind == "clock" and early else answer


@found_by("signature-nonce-used-for-another-request-401", "signature-replayed-401", "signature-replayed-form-401")
async def forgets_nonces(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return await behind.signed(ask) if answer.kind == "nonce" else answer


@found_by("signature-nonce-used-for-another-request-401")
async def remembers_nonces_with_their_address(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    used = re.search('nonce="([^"]+)"', ask.fields.get("signature-input", ""))
    this = f"{used[1] if used else ''} {ask.path}"
    new = this not in behind.kept
    behind.kept[this] = True
    return await behind.signed(ask) if answer.kind == "nonce" and new else answer


@found_by("nothing-is-a-fault", "signature-garbage-401")
async def falls_over_strange_signatures(ask: Ask, behind: Behind) -> Told:
    made = ask.fields.get("signature-input")
    strange = made is not None and not re.match(r'[a-z]+=\(("[a-z@-]+" ?)*\);', made)
    return Told(status=500) if strange else await behind(ask)


@found_by("signature-one-bit-off-401")
async def verifies_half_of_a_signature(ask: Ask, behind: Behind) -> Told:
    """Ed25519 gives one signature for one message, so that a lazy platform could compare some of it."""
    answer = await behind(ask)
    sent, right = ask.fields.get("signature", ""), f"kiosk=:{behind.signature(ask)}:"
    half = sent != right and sent[:20] == right[:20]
    return await behind.signed(ask) if answer.kind == "signature" and half else answer


# --- other terminals --------------------------------------------------------------------------------------------------


async def _as_anybody(ask: Ask, behind: Behind) -> Told:
    """The first answer that is not 404, in any terminal's name."""
    answer = await behind(ask)
    for key in behind.all if answer.status == 404 and ask.signer is not None else ():
        again = await behind.signed(ask, by=key)
        if again.status not in (404, 403):
            return again
    return answer


@found_by("other-terminal-sees-no-progress")
async def shows_forms_to_all(ask: Ask, behind: Behind) -> Told:
    return await _as_anybody(ask, behind) if ask.goes_to("GET", "submissions/") else await behind(ask)


@found_by("other-terminal-sees-no-offset")
async def shows_offsets_to_all(ask: Ask, behind: Behind) -> Told:
    return await _as_anybody(ask, behind) if ask.method == "HEAD" else await behind(ask)


@found_by("other-terminal-uploads-nothing")
async def takes_papers_from_all(ask: Ask, behind: Behind) -> Told:
    return await _as_anybody(ask, behind) if ask.method == "PATCH" else await behind(ask)


@found_by("other-terminal-rates-nothing")
async def takes_ratings_from_all(ask: Ask, behind: Behind) -> Told:
    return await _as_anybody(ask, behind) if ask.path.endswith("/rating") else await behind(ask)


@found_by("other-terminal-retires-nobody")
async def lets_all_retire_each_other(ask: Ask, behind: Behind) -> Told:
    return await _as_anybody(ask, behind) if ask.method == "DELETE" else await behind(ask)


@found_by("other-terminal-gets-no-receipt")
async def gives_receipts_to_all(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        behind.kept[ask.uid] = answer
    if is_form(ask) and answer.kind == "kiosk" and ask.uid in behind.kept:
        return replace(behind.kept[ask.uid], status=200)
    return answer


@found_by("other-terminal-takes-no-uid")
async def has_uids_for_each_terminal(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        behind.kept[ask.uid] = ask.signer
    if is_form(ask) and answer.kind == "conflict" and behind.kept.get(ask.uid, ask.signer) != ask.signer:
        return said(201, uid=ask.uid, sha256=sha256_of(ask.body), state="done", missing=[])
    return answer


@found_by("other-terminal-takes-no-paper")
async def has_papers_for_each_terminal(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        behind.kept.update({one["id"]: ask.signer for one in ask.json["attachments"]})
    papers: list[Item] = ask.json.get("attachments", []) if is_form(ask) else []
    if answer.kind == "conflict" and any(behind.kept.get(one["id"], ask.signer) != ask.signer for one in papers):
        return said(201, uid=ask.uid, sha256=sha256_of(ask.body), state="received", missing=[])
    return answer


@found_by("retired-terminal-403-at-once")
async def serves_the_retired(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return await behind.signed(ask, by=behind.first) if answer.status == 403 else answer
