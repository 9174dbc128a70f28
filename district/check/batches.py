"""Several forms in one request: each is answered as if it had come alone. A platform need not take batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from district.check.answers import expect, expect_refusal, json_of, listed, same
from district.check.forms import Form, digest_of, form, new_uid, written
from district.check.line import Answer
from district.check.rules import Broken, NotTried, Rules, to
from district.check.visit import PLAIN, Visit

MOST = 20
rules = Rules("batches")


def _item(form: Form, **members: Any) -> dict[str, Any]:
    """As it stands in a batch; `members` replace its own."""
    return {
        "uid": form.uid,
        "media_type": PLAIN,
        "content_digest": digest_of(form.body),
        "body": form.body.decode(),
        **members,
    }


def _post(visit: Visit, items: Sequence[Any]) -> Answer:
    """Raises NotTried where no batches are taken."""
    body = written({"submissions": list(items)})
    answer = visit.ask("POST", "/v1/submissions", body, {"Content-Type": PLAIN})
    if answer.status in (404, 405, 501):
        raise NotTried("this platform takes no batches")
    return answer


def _answers(visit: Visit, items: Sequence[Any]) -> list[dict[str, Any]]:
    """What was answered to each. Raises Broken, or NotTried where no batches are taken."""
    answer = _post(visit, items)
    expect(answer, 200)
    told = listed(json_of(answer).get("answers"))
    if len(told) != len(items) or not all(isinstance(one, dict) for one in told):
        raise Broken(f"`answers` is no list of {len(items)} objects")
    return told


def _told(one: dict[str, Any]) -> Answer:
    """The answer that an item would have got alone. Raises Broken."""
    status, body = one.get("status"), one.get("body")
    if not isinstance(status, int) or not isinstance(body, str):
        raise Broken("an answer has no status or no body as text")
    return Answer(status=status, fields=(), body=body.encode("utf-8", "replace"), to=f"{one.get('uid')} in a batch")


@rules("Take up to 20 forms in one request, or answer 404, 405 or 501 if you take no batches.")
def batch_taken(visit: Visit) -> None:
    """Every form of a batch is answered 201 when it is new."""
    for one in _answers(visit, [_item(form(visit.own.code)) for _ in range(3)]):
        expect(_told(one), 201)


@rules("Answer in the order of the request.")
def batch_in_order(visit: Visit) -> None:
    """The answers stand in the order of the forms."""
    sent = [form(visit.own.code) for _ in range(5)]
    told = _answers(visit, [_item(one) for one in sent])
    same([one.get("uid") for one in told], [one.uid for one in sent], "the order of uids")


@rules("Put into `body` the receipt that the form would have got alone, as text.")
def batch_receipts_of_the_bytes(visit: Visit) -> None:
    """Each receipt is over the UTF-8 bytes of its own form."""
    sent = [form(visit.own.code, form={"name": "王秀英", "n": n}) for n in range(2)]
    for one, told in zip(sent, _answers(visit, [_item(one) for one in sent]), strict=True):
        receipt = json_of(_told(told))
        same((receipt.get("uid"), receipt.get("sha256")), (one.uid, one.sha256), "uid and sha256")


@rules("Answer a form that came before with its first receipt, whichever way it came.")
def batch_replay_identical(visit: Visit) -> None:
    """A form sent again, alone or in a batch, gets the first receipt, byte for byte."""
    sent = form(visit.own.code)
    first = _told(_answers(visit, [_item(sent)])[0])
    again = _told(_answers(visit, [_item(sent)])[0])
    expect(again, 200)
    if again.body != first.body:
        raise Broken("the receipt in the second batch differs")
    if visit.put(sent).body != first.body:
        raise Broken("the receipt of the form alone differs")


@rules("Judge each form of a batch by itself: one that is refused does not hold up the others.")
def batch_one_refused_others_taken(visit: Visit) -> None:
    """A form that is refused does not harm its neighbours."""
    good = [form(visit.own.code) for _ in range(2)]
    bad = Form(uid=new_uid(), body=b"{}")
    told = _answers(visit, [_item(good[0]), _item(bad), _item(good[1])])
    same([_told(one).status for one in told], [201, 422, 201], "the statuses of a good, a bad, a good form")
    expect(visit.progress(good[1].uid), 200)


@rules("Compare each content_digest with its own body, as text in UTF-8; answer 400 of type digest for that one.")
def batch_wrong_digest_400(visit: Visit) -> None:
    """A form whose own digest is wrong is answered 400 of type `digest`, and not stored."""
    sent = form(visit.own.code)
    (told,) = _answers(visit, [_item(sent, content_digest=digest_of(b"other"))])
    expect(_told(told), 400, kind="digest")
    expect(visit.progress(sent.uid), 404)


@rules("Compare the request's Content-Digest with all that arrived, as everywhere.")
def batch_whole_digest_400(visit: Visit) -> None:
    """A batch that is not what its (signed) Content-Digest says is answered 400 of type `digest`."""
    body = written({"submissions": [_item(form(visit.own.code))]})
    answer = visit.ask(
        "POST", "/v1/submissions", body, {"Content-Type": PLAIN, "Content-Digest": digest_of(body + b" ")}
    )
    if answer.status in (404, 405, 501):
        raise NotTried("this platform takes no batches")
    expect(answer, 400, kind="digest")


@rules("Refuse other bytes under a uid also within one batch.")
def batch_changed_body_422(visit: Visit) -> None:
    """Another body under a known uid is answered 422 in a batch, too."""
    sent = form(visit.own.code)
    other = form(visit.own.code, uid=sent.uid, matter="another-matter")
    told = _answers(visit, [_item(sent), _item(other), _item(sent)])
    same([_told(one).status for one in told], [201, 422, 200], "the statuses of a form, other bytes, the form again")


@rules("Compare `kiosk` in each form with the terminal that signed.")
def batch_other_terminal_inside_422(visit: Visit) -> None:
    """A form that names another terminal is refused in a batch, too."""
    code = "CHECK1" if visit.own.code != "CHECK1" else "CHECK2"
    expect(_told(_answers(visit, [_item(form(code))])[0]), 422)


@rules("Compare the uid beside the body with that inside.")
def batch_other_uid_inside_422(visit: Visit) -> None:
    """A form that names another uid than its place in the batch is refused."""
    expect(_told(_answers(visit, [_item(form(visit.own.code), uid=new_uid())])[0]), 422)


@rules("Take 20 forms in a request: a terminal that was cut off for long sends as many.")
def batch_of_20_taken(visit: Visit) -> None:
    """A batch of 20 is taken."""
    for one in _answers(visit, [_item(form(visit.own.code)) for _ in range(MOST)]):
        expect(_told(one), 201)


@rules("Refuse more than 20 forms in one request with 413 or 422.")
def batch_of_21_refused(visit: Visit) -> None:
    """A batch of more than 20 is refused as a whole."""
    sent = [form(visit.own.code) for _ in range(MOST + 1)]
    expect_refusal(_post(visit, [_item(one) for one in sent]))
    expect(visit.progress(sent[0].uid), 404)


@rules("Refuse with 422 (or 400) what is no batch.")
def batch_not_one_refused(visit: Visit) -> None:
    """What is no batch is refused as a whole."""
    items: tuple[list[Any], ...] = ([], ["x", None])
    for wrong in items:
        with to(wrong):
            expect(_post(visit, wrong), 400, 422)
    for body in (b"", b"[]", b'{"submissions":7}', b"\xff"):
        with to(body):
            expect(visit.ask("POST", "/v1/submissions", body, {"Content-Type": PLAIN}), 400, 422)
