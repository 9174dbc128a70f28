"""Handing in one form: a receipt over the bytes that came, the same for ever, and named refusals."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from district.check.answers import expect, expect_refusal, json_of, listed, same
from district.check.forms import Form, digest_of, envelope, form, new_uid, paper, written
from district.check.line import Answer
from district.check.rules import Broken, Rules, to
from district.check.visit import PLAIN, SEALED, Visit

MAX_FORM = 1024 * 1024
rules = Rules("submissions")


@rules("Answer 201 with the receipt as soon as the form is on your disk.")
def submission_stored_201(visit: Visit) -> None:
    """A form that is new is answered 201."""
    expect(visit.put(form(visit.own.code)), 201)


@rules(
    "Take SHA-256 of the body's bytes as they arrived, before parsing, and put it into the receipt in lower-case hex."
)
def submission_receipt_sha256(visit: Visit) -> None:
    """The receipt's sha256 is that of the body as it arrived: the terminal believes nothing else."""
    sent = form(visit.own.code)
    same(json_of(visit.taken(sent)).get("sha256"), sent.sha256, "sha256")


@rules("Hash what arrived; do not parse the form and write it anew first.")
def submission_receipt_of_bytes_not_meaning(visit: Visit) -> None:
    """Spaces, escapes and the order of members are part of what is hashed."""
    content = envelope(
        visit.own.code, uid := new_uid(), form={"name": "王秀英", "n": [1, 1.50, None], "é": "\U0001f9d3"}
    )
    body = json.dumps(dict(reversed(content.items())), ensure_ascii=True, indent=1).encode() + b"\n"
    sent = Form(uid=uid, body=body)
    same(json_of(visit.taken(sent)).get("sha256"), sent.sha256, "sha256")


@rules("Put the uid of the form into its receipt.")
def submission_receipt_uid(visit: Visit) -> None:
    """The receipt names the form's uid."""
    sent = form(visit.own.code)
    same(json_of(visit.taken(sent)).get("uid"), sent.uid, "uid")


@rules("Answer receipts as application/json.")
def submission_receipt_type(visit: Visit) -> None:
    """A receipt is application/json."""
    told = visit.taken(form(visit.own.code)).field("Content-Type") or ""
    same(told.partition(";")[0].strip().lower(), "application/json", "Content-Type")


@rules(
    "Answer a form that declares no papers with state `done` and nothing under `missing`: it is complete when stored."
)
def submission_without_papers_done(visit: Visit) -> None:
    """A form that declares no papers is done at once."""
    receipt = json_of(visit.taken(form(visit.own.code)))
    same(receipt.get("state"), "done", "state")
    same(receipt.get("missing", []), [], "missing")


@rules("Answer a form that declares papers with state `received`, and list their ids under `missing` in the receipt.")
def submission_with_papers_received(visit: Visit) -> None:
    """A form with papers is received, and all of them are missing."""
    sent = form(visit.own.code, [paper(), paper()])
    receipt = json_of(visit.taken(sent))
    same(receipt.get("state"), "received", "state")
    missing = sorted(str(one) for one in listed(receipt.get("missing")))
    same(missing, sorted(one.id for one in sent.papers), "missing")


@rules("Open no case for what is marked test: true; answer case_number null.")
def submission_test_without_case_number(visit: Visit) -> None:
    """A technician's rehearsal gets no case number."""
    same(json_of(visit.taken(form(visit.own.code))).get("case_number"), None, "case_number")


@rules("Keep the receipt's bytes with the form, and answer 200 with exactly them.")
def submission_replay_identical(visit: Visit) -> None:
    """The same uid with the same body gets the first receipt, byte for byte."""
    sent = form(visit.own.code)
    first = visit.taken(sent)
    for _ in range(2):
        _is_replay(visit.put(sent), first)


@rules("Do not write the receipt anew when papers came in; answer the bytes that were answered first.")
def submission_replay_identical_after_papers(visit: Visit) -> None:
    """Also when its papers have come in since, a replay gets the first receipt."""
    sent = form(visit.own.code, [paper()])
    first = visit.taken(sent)
    expect(visit.patch(sent.papers[0], 0, sent.papers[0].content), 204)
    _is_replay(visit.put(sent), first)


def _is_replay(answer: Answer, first: Answer) -> None:
    expect(answer, 200)
    if answer.body != first.body:
        raise Broken("the receipt differs from the first one")


@rules("Keep the SHA-256 of a body with its uid; answer 422 (conflict) to another body under it.")
def submission_changed_body_422(visit: Visit) -> None:
    """The same uid with another body is refused: 422, never a receipt."""
    sent = form(visit.own.code)
    visit.taken(sent)
    expect(visit.put(form(visit.own.code, uid=sent.uid, matter="another-matter")), 422)


@rules("Compare bytes, not meaning: a digest over other bytes is another body.")
def submission_respelt_body_422(visit: Visit) -> None:
    """The same JSON in other bytes is another body."""
    sent = form(visit.own.code)
    visit.taken(sent)
    expect(visit.put(Form(uid=sent.uid, body=sent.body + b"\n")), 422)


@rules("Leave the first form and its receipt as they are when another body comes under its uid.")
def submission_conflict_keeps_the_first(visit: Visit) -> None:
    """After a refused other body the first receipt still stands."""
    sent = form(visit.own.code)
    first = visit.taken(sent)
    visit.put(form(visit.own.code, uid=sent.uid, matter="another-matter"))
    _is_replay(visit.put(sent), first)
    same(visit.known(sent.uid).get("sha256"), sent.sha256, "sha256 of the progress")


@rules("Compare Content-Digest with what arrived; answer 400 of type digest, which makes the terminal send again.")
def submission_wrong_digest_400(visit: Visit) -> None:
    """A body that is not what its (signed) Content-Digest says is answered 400 of type `digest`."""
    expect(visit.put(form(visit.own.code), digest=digest_of(b"something else")), 400, kind="digest")


@rules("Store nothing before the digest was compared.")
def submission_wrong_digest_not_stored(visit: Visit) -> None:
    """A body whose digest is wrong leaves no trace."""
    sent = form(visit.own.code)
    visit.put(sent, digest=digest_of(b"something else"))
    expect(visit.progress(sent.uid), 404)


@rules("Refuse a form without Content-Digest with 4xx.")
def submission_without_digest_refused(visit: Visit) -> None:
    """A form without Content-Digest is refused."""
    expect_refusal(visit.put(form(visit.own.code), digest=""))


@rules("Refuse a form without Idempotency-Key with 4xx.")
def submission_without_idempotency_key_refused(visit: Visit) -> None:
    """A form without Idempotency-Key is refused."""
    expect_refusal(visit.put(form(visit.own.code), key=""))


@rules("Refuse a form whose Idempotency-Key is not its uid in double quotes.")
def submission_other_idempotency_key_refused(visit: Visit) -> None:
    """An Idempotency-Key that is another uid is refused."""
    expect_refusal(visit.put(form(visit.own.code), key=f'"{new_uid()}"'))


@rules("Compare the uid in the body with that in the address; answer 422.")
def submission_other_uid_inside_422(visit: Visit) -> None:
    """A body that names another uid than the address is refused."""
    expect(visit.put(Form(uid=new_uid(), body=form(visit.own.code).body)), 422)


@rules("Compare `kiosk` in the body with the terminal whose signature it is; answer 422.")
def submission_other_terminal_inside_422(visit: Visit) -> None:
    """A body that names another terminal than the one that signed is refused."""
    code = "CHECK1" if visit.own.code != "CHECK1" else "CHECK2"
    expect(visit.put(form(code)), 422)


@rules("Answer 422 (or 400) to a body that is no JSON; parse it where a failure is caught.")
def submission_not_json_refused(visit: Visit) -> None:
    """What is no JSON is refused, not a fault of the platform."""
    for body in (b"", b"{", b"\xff\xfe\x00", b"[" * 20_000):
        with to(body):
            expect(visit.put(Form(uid=new_uid(), body=body)), 400, 422)


@rules(
    "Refuse NaN and Infinity, which many parsers read and JSON has not: whoever is told of the case could not read it."
)
def submission_no_number_refused(visit: Visit) -> None:
    """A form with what JSON has no number for is refused."""
    for number in (float("nan"), float("-inf")):
        with to(str(number)):
            expect(visit.put(form(visit.own.code, form={"n": number})), 400, 422)


@rules("Refuse members that the contract does not know: a misspelt one would be lost silently.")
def submission_unknown_member_422(visit: Visit) -> None:
    """A form with a member that the contract does not know is refused."""
    expect(visit.put(form(visit.own.code, surprise=1)), 422)


@rules("Check the form against the contract's schema (district/openapi.yaml, Envelope) before you store it.")
def submission_incomplete_422(visit: Visit) -> None:
    """A form that lacks what the contract requires, or has it of another kind, is refused."""
    uid = new_uid()
    content = envelope(visit.own.code, uid)
    without = {name: value for name, value in content.items() if name != "matter"}
    with to("a form without matter"):
        expect(visit.put(Form(uid=uid, body=written(without))), 422)
    other: list[dict[str, Any]] = [{"attachments": {}}, {"test": None}, {"token": "short"}, {"kiosk": 7}]  # no secret  # nosec B105
    for wrong in other:
        with to(wrong):
            expect(visit.put(Form(uid=uid, body=written({**content, **wrong}))), 422)


@rules("Read Kiosk-Waiting as a hint: up to nine digits, and nothing where it is anything else.")
def submission_strange_hint_ignored(visit: Visit) -> None:
    """What a terminal says of how much waits is a hint, and no reason to refuse a form."""
    for hint in ("7", "many", "-1", "9" * 40):
        sent = form(visit.own.code)
        fields = {"Content-Type": PLAIN, "Idempotency-Key": f'"{sent.uid}"', "Kiosk-Waiting": hint}
        with to(f"Kiosk-Waiting: {hint}"):
            expect(visit.ask("PUT", f"/v1/submissions/{sent.uid}", sent.body, fields), 200, 201)


@rules("Take a supplement only for what was asked for; answer 422 to one that answers nothing.")
def submission_supplement_of_nothing_422(visit: Visit) -> None:
    """A supplement (补正) that nobody asked for is refused."""
    expect(visit.put(form(visit.own.code, supplement_of=new_uid())), 422)


@rules("Take text as it comes, also U+0000 and what your database may not like, or refuse it with 422.")
def submission_strange_text_answered(visit: Visit) -> None:
    """Control characters and rare letters in a form are taken or refused, and break nothing."""
    for text in ("\x00", "\u202e𠮷\ufffd", "'; DROP TABLE submission; --"):
        with to(text):
            expect(visit.put(form(visit.own.code, matter=f"m{text}", form={text: text})), 201, 400, 422)


@rules("Judge a body by its Content-Type; answer 422 to one that is not what it says, or of a type you do not know.")
def submission_other_media_type_refused(visit: Visit) -> None:
    """A plain form is not taken for a sealed one, nor for a form when it is called a picture."""
    for media_type in (SEALED, "image/png"):
        with to(media_type):
            expect(visit.put(form(visit.own.code), media_type=media_type), 415, 422)


@rules("Answer 413 beyond 1 MiB. If you answer before all has come, do not reset the connection under the answer.")
def submission_too_large_413(visit: Visit) -> None:
    """A form of more than 1 MiB is answered 413."""
    expect(visit.put(_filled(visit, MAX_FORM + 1)), 413)


@rules("Take forms of up to 1 MiB; look for a smaller limit in your proxy.")
def submission_largest_taken(visit: Visit) -> None:
    """A form of 1 MiB is taken."""
    expect(visit.put(_filled(visit, MAX_FORM)), 201)


def _filled(visit: Visit, size: int) -> Form:
    uid = new_uid()
    empty = written(envelope(visit.own.code, uid, form={"remark": ""}))
    return Form(uid=uid, body=empty.replace(b'"remark":""', b'"remark":"' + b"x" * (size - len(empty)) + b'"'))


@rules("Refuse a form that declares one paper twice, or a paper that another form declared: uploads would be mixed up.")
def submission_paper_of_another_form_refused(visit: Visit) -> None:
    """The id of a paper belongs to one form."""
    one = paper()
    expect(visit.put(form(visit.own.code, [one, one])), 422)
    visit.taken(form(visit.own.code, [one]))
    expect(visit.put(form(visit.own.code, [one])), 422)


@rules(
    "Make the uid unique in the database and answer the kept receipt to whoever loses the race (or 409: come again)."
)
def submission_at_once_stored_once(visit: Visit) -> None:
    """The same form twice at the same moment is stored once, with one receipt."""
    sent = form(visit.own.code)
    with ThreadPoolExecutor(3) as several:
        answers = list(several.map(visit.put, [sent] * 3))
    for answer in answers:
        expect(answer, 200, 201, 409)
    taken = [answer for answer in answers if answer.status != 409]
    if len({answer.body for answer in taken}) != 1:
        raise Broken(f"{len({answer.body for answer in taken})} different receipts")
    if sum(answer.status == 201 for answer in taken) != 1:
        raise Broken(f"answered {', '.join(str(answer.status) for answer in answers)}: not exactly one 201")
