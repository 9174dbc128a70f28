"""Mutants that take forms wrongly."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

from tests.support.mutant_rig import Ask, Behind, Told, said, sha256_of, told
from tests.support.mutants import found_by

TAKEN = (200, 201)


def is_form(ask: Ask) -> bool:
    return ask.goes_to("PUT", "submissions/") and not ask.path.endswith("/rating")


def is_question(ask: Ask) -> bool:
    return ask.goes_to("GET", "submissions/")


@found_by(
    "broken-off-is-not-stored",
    "other-terminal-retires-nobody",
    "signature-replayed-form-401",
    "submission-at-once-stored-once",
    "submission-largest-taken",
    "submission-stored-201",
    "submission-strange-text-answered",
)
async def answers_200_for_a_new_form(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return replace(answer, status=200) if is_form(ask) and answer.status == 201 else answer


@found_by(
    "lost-receipt-is-answered-again",
    "submission-at-once-stored-once",
    "submission-conflict-keeps-the-first",
    "submission-replay-identical",
    "submission-replay-identical-after-papers",
)
async def answers_201_for_a_known_form(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return replace(answer, status=201) if is_form(ask) and answer.status == 200 else answer


@found_by(
    "batch-replay-identical",
    "lost-receipt-is-answered-again",
    "submission-receipt-of-bytes-not-meaning",
    "submission-receipt-sha256",
)
async def writes_digests_in_upper_case(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        return answer.saying(sha256=answer.json["sha256"].upper())
    return answer


@found_by("batch-replay-identical", "submission-receipt-of-bytes-not-meaning")
async def hashes_what_it_parsed(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        canonical = json.dumps(ask.json, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return answer.saying(sha256=sha256_of(canonical))
    return answer


@found_by("batch-replay-identical", "submission-receipt-uid")
async def names_another_uid(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        return answer.saying(uid="00000000-0000-0000-0000-000000000000")
    return answer


@found_by("submission-receipt-type")
async def answers_receipts_as_text(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.having(content_type="text/plain") if is_form(ask) and answer.status in TAKEN else answer


@found_by(
    "batch-replay-identical",
    "progress-names-the-form",
    "submission-without-papers-done",
    "upload-at-once-kept-once",
    "upload-broken-off-goes-on",
    "upload-complete-stays",
    "upload-completes-the-form",
    "upload-of-nothing-completes",
)
async def is_never_done(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(state="received") if "state" in answer.json else answer


@found_by("batch-replay-identical", "submission-with-papers-received")
async def is_done_too_soon(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(state="done", missing=[]) if is_form(ask) and "state" in answer.json else answer


@found_by("batch-replay-identical", "submission-test-without-case-number")
async def opens_a_case_for_a_rehearsal(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(case_number="2026-000001") if "state" in answer.json else answer


@found_by(
    "batch-replay-identical",
    "lost-receipt-is-answered-again",
    "submission-at-once-stored-once",
    "submission-conflict-keeps-the-first",
    "submission-replay-identical",
    "submission-replay-identical-after-papers",
)
async def dates_its_receipts(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(answered=secrets.token_hex()) if is_form(ask) and answer.status in TAKEN else answer


@found_by("submission-replay-identical-after-papers")
async def writes_receipts_anew(ask: Ask, behind: Behind) -> Told:
    """From what is known now, as a platform does that keeps no receipts."""
    answer = await behind(ask)
    if is_form(ask) and answer.status == 200 and ask.json["attachments"]:
        now = (await behind.signed(replace(ask, method="GET", body=b""), content_digest=None)).json
        return answer.saying(state=now["state"], missing=now["missing"])
    return answer


@found_by("other-terminal-takes-no-uid", "submission-changed-body-422", "submission-respelt-body-422")
async def gives_the_receipt_to_a_changed_body(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        behind.kept[ask.uid] = answer
    if is_form(ask) and answer.kind == "conflict" and ask.uid in behind.kept:
        return replace(behind.kept[ask.uid], status=200)
    return answer


@found_by("submission-respelt-body-422")
async def compares_what_forms_mean(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        behind.kept[ask.uid] = (ask.json, answer)
    known = behind.kept.get(ask.uid)
    if is_form(ask) and answer.kind == "conflict" and known is not None and known[0] == ask.json:
        return replace(known[1], status=200)
    return answer


@found_by("submission-conflict-keeps-the-first")
async def lets_the_last_body_stand(ask: Ask, behind: Behind) -> Told:
    if is_form(ask) and ask.body == behind.kept.get(ask.uid):
        return told(422, "conflict")
    answer = await behind(ask)
    if is_form(ask) and answer.status in TAKEN:
        behind.kept["now " + ask.uid] = ask.body
    if is_form(ask) and answer.kind == "conflict" and "now " + ask.uid in behind.kept:
        behind.kept[ask.uid] = behind.kept["now " + ask.uid]
    return answer


@found_by(
    "batch-whole-digest-400",
    "submission-wrong-digest-400",
    "submission-wrong-digest-not-stored",
    "telemetry-wrong-digest-400",
    "upload-of-other-bytes-400",
    "upload-wrong-digest-400",
)
async def compares_no_digest(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return await behind.signed(ask) if answer.kind == "digest" and "content-digest" in ask.fields else answer


@found_by("submission-wrong-digest-not-stored")
async def stores_before_it_compares(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.kind == "digest":
        await behind.signed(ask)
    return answer


@found_by(
    "batch-whole-digest-400",
    "enrolment-wrong-digest-400",
    "submission-wrong-digest-400",
    "telemetry-wrong-digest-400",
    "upload-of-other-bytes-400",
    "upload-wrong-digest-400",
)
async def has_one_word_for_every_400(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(type="urn:township-kiosk:problem:bad") if answer.status == 400 else answer


@found_by("submission-without-digest-refused", "upload-without-digest-refused")
async def needs_no_digest(ask: Ask, behind: Behind) -> Told:
    bare = ask.body and "content-digest" not in ask.fields and ask.signer is not None
    return await behind.signed(ask) if bare else await behind(ask)


@found_by("submission-other-idempotency-key-refused", "submission-without-idempotency-key-refused")
async def ignores_the_idempotency_key(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if answer.kind == "idempotency-key" and len(ask.uid) == 36:
        return await behind.signed(ask, idempotency_key=f'"{ask.uid}"')
    return answer


@found_by("submission-other-uid-inside-422")
async def believes_the_address(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.kind == "uid":
        return await behind.rewritten(ask, {**ask.json, "uid": ask.uid})
    return answer


@found_by("submission-other-terminal-inside-422")
async def believes_the_terminal_code(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.kind == "kiosk":
        return await behind.rewritten(ask, {**ask.json, "kiosk": behind.code(ask.signer)})
    return answer


@found_by("nothing-is-a-fault", "submission-not-json-refused")
async def falls_over_bad_json(ask: Ask, behind: Behind) -> Told:
    return Told(status=500) if is_form(ask) and not ask.json and ask.body != b"{}" else await behind(ask)


@found_by("submission-unknown-member-422")
async def ignores_members_it_does_not_know(ask: Ask, behind: Behind) -> Told:
    if is_form(ask) and "surprise" in ask.json:
        return await behind.rewritten(ask, {name: value for name, value in ask.json.items() if name != "surprise"})
    return await behind(ask)


@found_by("submission-no-number-refused")
async def reads_no_number_as_null(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and b":NaN" in ask.body:
        return await behind.rewritten(ask, {**ask.json, "form": {"n": None}})
    return answer


@found_by(
    "submission-incomplete-422",
    "submission-no-number-refused",
    "submission-other-media-type-refused",
    "submission-unknown-member-422",
)
async def takes_what_is_incomplete(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.kind == "envelope" and "uid" in ask.json:
        return said(201, uid=ask.uid, sha256=sha256_of(ask.body), state="done", missing=[])
    return answer


@found_by("nothing-is-a-fault", "submission-strange-text-answered")
async def falls_over_strange_text(ask: Ask, behind: Behind) -> Told:
    return Told(status=500) if b"\\u0000" in ask.body else await behind(ask)


@found_by("submission-other-media-type-refused")
async def takes_every_type_for_plain(ask: Ask, behind: Behind) -> Told:
    if is_form(ask) and "sealed" in ask.fields.get("content-type", ""):
        return await behind(replace(ask, fields={**ask.fields, "content-type": "application/json"}))
    return await behind(ask)


@found_by("nothing-is-a-fault", "submission-too-large-413")
async def falls_over_large_forms(ask: Ask, behind: Behind) -> Told:
    return Told(status=502) if is_form(ask) and len(ask.body) > 1024 * 1024 else await behind(ask)


@found_by("submission-largest-taken", "upload-of-1-mib-taken")
async def has_a_proxy_with_a_small_limit(ask: Ask, behind: Behind) -> Told:
    return told(413, "too-large") if len(ask.body) > 512 * 1024 else await behind(ask)


@found_by("other-terminal-takes-no-paper", "submission-paper-of-another-form-refused")
async def lets_papers_belong_to_two(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_form(ask) and answer.kind == "conflict" and ask.json.get("attachments"):
        return await behind.rewritten(ask, {**ask.json, "attachments": []})
    return answer


@found_by("another-uid-is-another-form")
async def merges_forms_that_look_alike(ask: Ask, behind: Behind) -> Told:
    if is_form(ask) and ask.json.get("matter") == "the-same-matter":
        first = behind.kept.setdefault("alike", ask.uid)
        if first != ask.uid:
            return said(200, uid=ask.uid, sha256=sha256_of(ask.body), state="done", missing=[])
    return await behind(ask)


@found_by("broken-off-is-not-stored")
async def keeps_parts_of_forms(ask: Ask, behind: Behind) -> Told:
    broken = behind.kept.get("broken", {})
    if is_question(ask) and ask.uid in broken:
        return said(200, uid=ask.uid, sha256="0" * 64, state="received")
    return told(422, "conflict") if is_form(ask) and ask.uid in broken else await behind(ask)


@found_by("submission-strange-hint-ignored")
async def wants_hints_to_be_numbers(ask: Ask, behind: Behind) -> Told:
    hint = ask.fields.get("kiosk-waiting", "0")
    return await behind(ask) if hint.isdigit() and len(hint) < 10 else told(400, "http")
