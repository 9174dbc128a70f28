"""Mutants that take batches wrongly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from district.check.forms import digest_of
from tests.support.mutant_rig import Ask, Behind, Item, Told, said, sha256_of, told
from tests.support.mutants import found_by
from tests.support.mutants_forms import TAKEN


async def _each(answer: Told, ask: Ask, change: Callable[[Item, Item], Item]) -> Told:
    """A batch's answer with each item's changed by `change(item, answer)`."""
    if not ask.items or answer.status != 200:
        return answer
    items = ask.items
    return answer.saying(answers=[change(item, one) for item, one in zip(items, answer.json["answers"], strict=True)])


@found_by("batch-changed-body-422", "batch-of-20-taken", "batch-one-refused-others-taken", "batch-taken")
async def answers_batches_with_202(ask: Ask, behind: Behind) -> Told:
    return await _each(
        await behind(ask), ask, lambda _, one: {**one, "status": 202 if one["status"] == 201 else one["status"]}
    )


@found_by("batch-changed-body-422", "batch-in-order", "batch-receipts-of-the-bytes")
async def answers_batches_in_another_order(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return answer.saying(answers=answer.json["answers"][::-1]) if ask.items and answer.status == 200 else answer


@found_by("batch-receipts-of-the-bytes", "batch-replay-identical")
async def hashes_escaped_text_in_batches(ask: Ask, behind: Behind) -> Told:
    def change(item: Item, one: Item) -> Item:
        if one["status"] not in TAKEN:
            return one
        receipt = {**json.loads(one["body"]), "sha256": sha256_of(item["body"].encode("ascii", "backslashreplace"))}
        return {**one, "body": json.dumps(receipt)}

    return await _each(await behind(ask), ask, change)


@found_by("batch-replay-identical")
async def writes_batch_receipts_another_way(ask: Ask, behind: Behind) -> Told:
    return await _each(await behind(ask), ask, lambda _, one: {**one, "body": one["body"] + " "})


@found_by("batch-changed-body-422", "batch-one-refused-others-taken", "batch-wrong-digest-400")
async def takes_all_of_a_batch_or_none(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if ask.items and answer.status == 200 and any(one["status"] >= 400 for one in answer.json["answers"]):
        return answer.saying(answers=[{**one, "status": 422} for one in answer.json["answers"]])
    return answer


async def _with_items(ask: Ask, behind: Behind, change: Callable[[Item], Item]) -> Told:
    """A batch whose items were changed by `change(item)`."""
    if not ask.items or ask.fields.get("content-digest") != digest_of(ask.body):
        return await behind(ask)
    return await behind.rewritten(ask, {"submissions": [change(one) for one in ask.items]})


def _with_body(item: Item, **members: Any) -> Item:
    body = json.dumps({**json.loads(item["body"]), **members}, ensure_ascii=False)
    return {**item, "body": body, "content_digest": digest_of(body.encode())}


@found_by("batch-wrong-digest-400")
async def compares_no_digest_in_batches(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    if any("problem:digest" in one["body"] for one in answer.json.get("answers", ())):
        items = [{**one, "content_digest": digest_of(one["body"].encode())} for one in ask.items]
        return await behind.rewritten(ask, {"submissions": items})
    return answer


@found_by("batch-changed-body-422")
async def gives_receipts_to_changed_bodies_in_batches(ask: Ask, behind: Behind) -> Told:
    return await _each(
        await behind(ask), ask, lambda _, one: {**one, "status": 200} if "conflict" in one["body"] else one
    )


@found_by("batch-other-terminal-inside-422")
async def believes_terminal_codes_in_batches(ask: Ask, behind: Behind) -> Told:
    code = behind.code(ask.signer)
    return await _with_items(
        ask, behind, lambda one: _with_body(one, kiosk=code) if '"kiosk":"CHECK1"' in one["body"] else one
    )


@found_by("batch-other-uid-inside-422")
async def believes_uids_beside_bodies_in_batches(ask: Ask, behind: Behind) -> Told:
    def change(one: Item) -> Item:
        return one if one["uid"] in one["body"] or "uid" not in one["body"] else _with_body(one, uid=one["uid"])

    return await _with_items(ask, behind, change)


@found_by("batch-of-20-taken")
async def takes_ten_in_a_batch(ask: Ask, behind: Behind) -> Told:
    return told(413, "too-large") if len(ask.items) > 10 else await behind(ask)


@found_by("batch-of-21-refused")
async def takes_any_number_in_a_batch(ask: Ask, behind: Behind) -> Told:
    if len(ask.items) > 20:
        return await behind.rewritten(ask, {"submissions": ask.items[:20]})
    return await behind(ask)


@found_by("batch-not-one-refused", "batch-of-21-refused")
async def takes_anything_for_a_batch(ask: Ask, behind: Behind) -> Told:
    answer = await behind(ask)
    return said(200, answers=[]) if answer.kind == "batch" else answer
