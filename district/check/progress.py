"""Where a form stands, and its one rating."""

from __future__ import annotations

from datetime import datetime

from district.check.answers import expect, json_of, listed, same
from district.check.forms import Form, form, new_uid, paper
from district.check.line import Answer
from district.check.rules import Broken, Rules, to
from district.check.visit import PLAIN, Visit

rules = Rules("progress")


def _rate(visit: Visit, uid: str, body: bytes) -> Answer:
    return visit.ask("PUT", f"/v1/submissions/{uid}/rating", body, {"Content-Type": PLAIN})


def _taken(visit: Visit) -> Form:
    sent = form(visit.own.code)
    visit.taken(sent)
    return sent


@rules("Answer GET of a form with uid, sha256 and state, as application/json.")
def progress_names_the_form(visit: Visit) -> None:
    """Progress says uid, sha256 and state, so that a terminal sees it is about its own bytes."""
    sent = _taken(visit)
    answer = visit.progress(sent.uid)
    expect(answer, 200)
    told = json_of(answer)
    same(
        (told.get("uid"), told.get("sha256"), told.get("state")), (sent.uid, sent.sha256, "done"), "uid, sha256, state"
    )


@rules("Answer 404 for a form that is not there.")
def progress_unknown_404(visit: Visit) -> None:
    """A form that was never handed in is not there."""
    expect(visit.progress(new_uid()), 404)


@rules("List the ids of papers that are not complete under `missing`.")
def progress_lists_what_is_missing(visit: Visit) -> None:
    """Progress lists exactly the papers that are not in yet."""
    sent = form(visit.own.code, [paper(), paper()])
    visit.taken(sent)
    expect(visit.patch(sent.papers[0], 0, sent.papers[0].content), 204)
    same(visit.known(sent.uid).get("missing"), [sent.papers[1].id], "missing")


def _steps(visit: Visit, uid: str) -> list[tuple[str, str]]:
    told = listed(visit.known(uid).get("steps"))
    if not all(isinstance(one, dict) for one in told):
        raise Broken("a step is no object")
    return [(str(one.get("code")), str(one.get("at"))) for one in told]


@rules("Begin `steps` with {at, code: received}; add {code: complete} when all papers are in.")
def progress_steps_received_then_complete(visit: Visit) -> None:
    """The steps begin with `received`, and `complete` follows when all papers are in."""
    sent = form(visit.own.code, [paper()])
    visit.taken(sent)
    same([code for code, _ in _steps(visit, sent.uid)], ["received"], "the steps before the paper")
    expect(visit.patch(sent.papers[0], 0, sent.papers[0].content), 204)
    same([code for code, _ in _steps(visit, sent.uid)][:2], ["received", "complete"], "the steps after the paper")


@rules("Write `at` as ISO 8601 with an offset, oldest first.")
def progress_steps_dated(visit: Visit) -> None:
    """Every step has a time with an offset, and they stand in order."""
    times: list[datetime] = []
    for _, at in _steps(visit, _taken(visit).uid):
        try:
            times.append(datetime.fromisoformat(at))
        except ValueError:
            raise Broken(f"`at` is {at[:40]!r}, not ISO 8601") from None
    if not times or any(time.tzinfo is None for time in times):
        raise Broken("no step, or one whose time has no offset")
    if times != sorted(times):
        raise Broken("the steps are not in order")


@rules("Keep a rating of 1 to 5 and answer 200 with it.")
def rating_kept(visit: Visit) -> None:
    """A rating is answered 200 with the level that is kept; a replay, too."""
    uid = _taken(visit).uid
    for _ in range(2):
        answer = _rate(visit, uid, b'{"level":4}')
        expect(answer, 200)
        same(json_of(answer).get("level"), 4, "level")


@rules("Keep the first rating; answer 422 to another one.")
def rating_second_422(visit: Visit) -> None:
    """Another rating of the same form is refused."""
    uid = _taken(visit).uid
    expect(_rate(visit, uid, b'{"level":5}'), 200)
    expect(_rate(visit, uid, b'{"level":1}'), 422)
    expect(_rate(visit, uid, b'{"level":5}'), 200)


@rules("Refuse with 422 (or 400) what is no whole number from 1 to 5.")
def rating_not_1_to_5_refused(visit: Visit) -> None:
    """What is no level is refused."""
    uid = _taken(visit).uid
    for body in (b'{"level":0}', b'{"level":6}', b'{"level":4.5}', b'{"level":null}', b"5", b"{}", b""):
        with to(body):
            expect(_rate(visit, uid, body), 400, 422)


@rules("Answer 404 for the rating of a form that is not there.")
def rating_of_nothing_404(visit: Visit) -> None:
    """A form that is not there can't be rated."""
    expect(_rate(visit, new_uid(), b'{"level":5}'), 404)
