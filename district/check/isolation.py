"""What one terminal handed in is unknown to every other: 404, as if it were not there.

The checks need a second terminal (`--other`), and one that may go out of service (`--retiring`).
"""

from __future__ import annotations

from district.check.answers import expect, offset_of, same
from district.check.forms import form, paper
from district.check.rules import Broken, Rules
from district.check.terminals import signing
from district.check.visit import Visit

rules = Rules("isolation")


@rules("Look up forms by uid and by the terminal that signed; answer 404 to others.")
def other_terminal_sees_no_progress(visit: Visit) -> None:
    """Another terminal's form is unknown: 404."""
    other = visit.other
    expect(visit.progress(visit.standing().uid, by=other), 404)


@rules("Let only the terminal that declared a paper ask for it; answer 404 to others.")
def other_terminal_sees_no_offset(visit: Visit) -> None:
    """The upload of another terminal's paper is unknown: 404."""
    other = visit.other
    expect(visit.head(visit.standing().papers[0], by=other), 404)


@rules("Let only the terminal that declared a paper upload it; answer 404 to others.")
def other_terminal_uploads_nothing(visit: Visit) -> None:
    """Another terminal's paper takes nothing: 404, and nothing changes."""
    other, sent = visit.other, visit.standing()
    one = sent.papers[0]
    expect(visit.patch(one, 0, one.content, by=other), 404)
    same(offset_of(visit.head(one)), 0, "the offset afterwards")


@rules("Let only the terminal that handed a form in rate it; answer 404 to others.")
def other_terminal_rates_nothing(visit: Visit) -> None:
    """Another terminal's form can't be rated: 404."""
    other, uid = visit.other, visit.standing().uid
    body = b'{"level":1}'
    expect(visit.ask("PUT", f"/v1/submissions/{uid}/rating", body, by=other), 404)


@rules("Compare `kiosk` with the signer before you look for the uid: no receipt for what another handed in.")
def other_terminal_gets_no_receipt(visit: Visit) -> None:
    """Who sends another terminal's form gets no receipt for it: 422."""
    other = visit.other
    expect(visit.put(visit.standing(), by=other), 422)


@rules("Answer 422 to a uid that another terminal used, without a word of whose it is.")
def other_terminal_takes_no_uid(visit: Visit) -> None:
    """A uid that another terminal used is refused, and the first form stays."""
    other, sent = visit.other, visit.standing()
    expect(visit.put(form(other.code, uid=sent.uid), by=other), 422)
    same(visit.known(sent.uid).get("sha256"), sent.sha256, "sha256 of the first form")


@rules("Answer 422 to a form that declares the id of a paper which another form declared.")
def other_terminal_takes_no_paper(visit: Visit) -> None:
    """A paper that another terminal declared can't be declared again."""
    other, sent = visit.other, visit.standing()
    expect(visit.put(form(other.code, sent.papers), by=other), 422)


@rules("Take /v1/terminals/{code} only as far as the code is the signer's; answer 404 to others, and change nothing.")
def other_terminal_retires_nobody(visit: Visit) -> None:
    """A terminal can't put another out of service: 404, and the other goes on."""
    other = visit.other
    expect(visit.ask("DELETE", f"/v1/terminals/{other.code}"), 404)
    expect(visit.put(form(other.code), by=other), 201)


@rules("Revoke the key that signs, and no other, for all of your processes, before you answer 204; then answer 403.")
def retired_terminal_403_at_once(visit: Visit) -> None:
    """A terminal that goes out of service is answered 204, and from then on 403 of type `terminal`."""
    retiring = visit.retiring
    sent = form(retiring.code, [paper()])
    visit.taken(sent, by=retiring)
    expect(visit.ask("DELETE", f"/v1/terminals/{retiring.code}", by=retiring), 204)
    for answer in (
        visit.progress(sent.uid, by=retiring),
        visit.put(sent, by=retiring),
        visit.put(form(retiring.code), by=retiring),
    ):
        expect(answer, 403, kind="terminal")
    expect(visit.head(sent.papers[0], by=retiring), 403)
    if visit.progress(sent.uid, signs=signing(retiring, after=-86_400)).status not in (401, 403):
        raise Broken("an old signature of the retired terminal is answered otherwise")
