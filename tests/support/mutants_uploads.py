"""Mutants that take papers wrongly, or forget."""

from __future__ import annotations

import re
from dataclasses import replace

from district.check.forms import digest_of
from tests.support.mutant_rig import Ask, Behind, Told, told
from tests.support.mutants import found_by
from tests.support.mutants_forms import is_question


def is_chunk(ask: Ask) -> bool:
    return ask.goes_to("PATCH", "attachments/")


@found_by("upload-begins-at-0")
async def says_no_length(ask: Ask, behind: Behind) -> Told:
    return (await behind(ask)).having(upload_length=None)


@found_by("upload-says-tus")
async def says_nothing_of_tus(ask: Ask, behind: Behind) -> Told:
    return (await behind(ask)).having(tus_resumable=None)


@found_by("upload-goes-on")
async def counts_one_byte_too_few(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_chunk(ask) and answer.status == 204:
        return answer.having(upload_offset=str(max(0, int(answer.fields["upload-offset"]) - 1)))
    return answer


@found_by("upload-at-once-kept-once", "upload-other-offset-409")
async def appends_whatever_the_offset(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_chunk(ask) and answer.status == 409:
        head = await behind.signed(replace(ask, method="HEAD", body=b""), content_digest=None)
        return await behind.signed(ask, upload_offset=head.fields["upload-offset"])
    return answer


@found_by("upload-at-once-kept-once", "upload-complete-stays", "upload-other-offset-409")
async def calls_another_offset_fine(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_chunk(ask) and answer.status == 409:
        reached = int(ask.fields["upload-offset"]) + len(ask.body)
        return Told(status=204, fields={"upload-offset": str(reached), "tus-resumable": "1.0.0"})
    return answer


@found_by("upload-at-once-kept-once", "upload-complete-stays", "upload-other-offset-409")
async def locks_out_whoever_comes_second(ask: Ask, behind: Behind) -> Told:
    """Which a terminal takes for a refusal, and holds."""
    answer = await behind(ask)
    return replace(answer, status=423) if is_chunk(ask) and answer.status == 409 else answer


@found_by("upload-beyond-its-length-refused")
async def cuts_what_is_too_long(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_chunk(ask) and answer.status == 413:
        head = await behind.signed(replace(ask, method="HEAD", body=b""), content_digest=None)
        left = int(head.fields["upload-length"]) - int(head.fields["upload-offset"])
        return await behind.signed(replace(ask, body=ask.body[:left]))
    return answer


@found_by("upload-of-other-bytes-400")
async def hashes_no_whole_paper(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if is_chunk(ask) and answer.kind == "digest" and ask.fields.get("content-digest") == digest_of(ask.body):
        reached = int(ask.fields["upload-offset"]) + len(ask.body)
        return Told(status=204, fields={"upload-offset": str(reached), "tus-resumable": "1.0.0"})
    return answer


@found_by("upload-of-another-type-415")
async def takes_chunks_of_every_type(ask: Ask, behind: Behind) -> Told:
    fields = {**ask.fields, "content-type": "application/offset+octet-stream"}
    return await behind(replace(ask, fields=fields) if is_chunk(ask) else ask)


@found_by("upload-of-another-tus-412")
async def takes_every_tus(ask: Ask, behind: Behind) -> Told:
    return await behind(replace(ask, fields={**ask.fields, "tus-resumable": "1.0.0"}) if is_chunk(ask) else ask)


@found_by("nothing-is-a-fault", "upload-offset-not-a-number-400")
async def falls_over_strange_offsets(ask: Ask, behind: Behind) -> Told:
    strange = is_chunk(ask) and not re.fullmatch("[0-9]{1,9}", ask.fields.get("upload-offset", ""))
    return Told(status=500) if strange else await behind(ask)


@found_by(
    "other-terminal-sees-no-offset",
    "other-terminal-uploads-nothing",
    "strange-address-refused",
    "upload-undeclared-404",
)
async def makes_uploads_of_what_nobody_declared(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if "/attachments/" in ask.path and answer.status == 404 and len(ask.uid) == 36:
        return Told(status=200 if ask.method == "HEAD" else 204, fields={"upload-offset": "0", "upload-length": "48"})
    return answer


@found_by("upload-of-nothing-completes")
async def wants_a_byte_at_least(ask: Ask, behind: Behind) -> Told:
    return told(400, "offset") if is_chunk(ask) and not ask.body else await behind(ask)


@found_by("upload-broken-off-goes-on")
async def promises_what_broke_off(ask: Ask, behind: Behind) -> Told:
    """The offset counts bytes that came, not bytes that are kept."""
    arrived = behind.kept.get("broken", {}).get(ask.uid)
    answer = await behind(ask)
    return answer.having(upload_offset=str(arrived)) if arrived and ask.method == "HEAD" else answer


@found_by("acknowledged-is-there", "progress-steps-received-then-complete", "upload-completes-the-form")
async def forgets_at_once(ask: Ask, behind: Behind) -> Told:
    """Every other question meets a process that has not heard of it."""
    answer = await behind(ask)
    if is_question(ask) and answer.status == 200:
        asked = behind.kept[ask.uid] = behind.kept.get(ask.uid, 0) + 1
        return told(404, "unknown") if asked % 2 == 0 else answer
    return answer
