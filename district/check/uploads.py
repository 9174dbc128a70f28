"""Papers: the tus 1.0 core on what a form declared. An offset promises bytes that are on the platform's disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from district.check.answers import expect, expect_refusal, offset_of, same, there, told
from district.check.forms import Form, Paper, digest_of, form, paper
from district.check.line import Answer
from district.check.rules import Broken, NotTried, Rules, to
from district.check.visit import Visit

rules = Rules("uploads")


def _declared(visit: Visit, *papers: Paper) -> Form:
    sent = form(visit.own.code, papers)
    visit.taken(sent)
    return sent


def _reached(visit: Visit, one: Paper) -> int:
    answer = visit.head(one)
    expect(answer, 200)
    return offset_of(answer)


@rules("Make an upload resource of every paper that a form declares; answer HEAD with Upload-Offset and Upload-Length.")
def upload_begins_at_0(visit: Visit) -> None:
    """A declared paper can be asked for at once: offset 0, and the length that was declared."""
    one = paper(300)
    _declared(visit, one)
    answer = visit.head(one)
    expect(answer, 200)
    same((offset_of(answer), offset_of(answer, "Upload-Length")), (0, 300), "offset and length")


@rules("Send Tus-Resumable: 1.0.0 with every answer to an upload.")
def upload_says_tus(visit: Visit) -> None:
    """Answers to uploads say Tus-Resumable: 1.0.0."""
    one = paper()
    _declared(visit, one)
    for answer in (visit.head(one), visit.patch(one, 0, one.content)):
        there(answer)
        if answer.field("Tus-Resumable") != "1.0.0":
            raise Broken(f"{told(answer)} without Tus-Resumable: 1.0.0")


@rules("Answer PATCH 204 with the new Upload-Offset: the old one and the bytes that came.")
def upload_goes_on(visit: Visit) -> None:
    """Each chunk moves the offset by its length, and HEAD says the same."""
    one = paper(100)
    _declared(visit, one)
    for start, end in ((0, 1), (1, 60), (60, 100)):
        answer = visit.patch(one, start, one.content[start:end])
        expect(answer, 204)
        same(offset_of(answer), end, "Upload-Offset of PATCH")
        same(_reached(visit, one), end, "Upload-Offset of HEAD")


@rules("Set the state to `done`, with nothing under `missing`, when the last byte of the last paper is in.")
def upload_completes_the_form(visit: Visit) -> None:
    """A form is done when all of its papers are in, in whatever order."""
    sent = _declared(visit, paper(), paper(), paper())
    for one, left in ((2, 2), (0, 1), (1, 0)):
        expect(visit.patch(sent.papers[one], 0, sent.papers[one].content), 204)
        progress = visit.known(sent.uid)
        same(len(progress.get("missing", ())), left, "the number of papers missing")
        same(progress.get("state"), "received" if left else "done", "state")


@rules("Answer 409 when Upload-Offset is not what you have, and leave what you have.")
def upload_other_offset_409(visit: Visit) -> None:
    """A chunk for another offset is answered 409 and changes nothing."""
    one = paper(100)
    _declared(visit, one)
    expect(visit.patch(one, 0, one.content[:50]), 204)
    for offset in (0, 49, 51):
        with to(offset):
            expect(visit.patch(one, offset, one.content[offset : offset + 10]), 409)
    same(_reached(visit, one), 50, "the offset afterwards")
    expect(visit.patch(one, 50, one.content[50:]), 204)


@rules("Answer 413 to what goes beyond the length that was declared, and keep none of it.")
def upload_beyond_its_length_refused(visit: Visit) -> None:
    """More bytes than were declared are refused and not kept."""
    one = paper(100)
    _declared(visit, one)
    expect(visit.patch(one, 0, one.content + b"more"), 413)
    same(_reached(visit, one), 0, "the offset afterwards")


@rules(
    "Hash the whole file with its last byte; if it is not what was declared, answer 400 of type digest and empty it."
)
def upload_of_other_bytes_400(visit: Visit) -> None:
    """A whole file that is not what the form declared is answered 400 of type `digest`, and begins anew."""
    one = paper(100)
    sent = _declared(visit, one)
    expect(visit.patch(one, 0, one.content[:50]), 204)
    expect(visit.patch(one, 50, bytes(50)), 400, kind="digest")
    same(visit.known(sent.uid).get("state"), "received", "state")
    same(_reached(visit, one), 0, "the offset afterwards")
    expect(visit.patch(one, 0, one.content), 204)


@rules("Compare each chunk with its Content-Digest before you append it; answer 400 of type digest.")
def upload_wrong_digest_400(visit: Visit) -> None:
    """A chunk that is not what its (signed) Content-Digest says is answered 400 of type `digest`, and not kept."""
    one = paper(100)
    _declared(visit, one)
    expect(visit.patch(one, 0, one.content[:50], content_digest=digest_of(b"other")), 400, kind="digest")
    same(_reached(visit, one), 0, "the offset afterwards")


@rules("Refuse a chunk without Content-Digest with 4xx: nobody signed its bytes.")
def upload_without_digest_refused(visit: Visit) -> None:
    """A chunk that nobody signed is refused and not kept."""
    one = paper(100)
    _declared(visit, one)
    expect_refusal(visit.patch(one, 0, one.content, content_digest=""))
    same(_reached(visit, one), 0, "the offset afterwards")


@rules("Answer 415 to a PATCH that is not application/offset+octet-stream.")
def upload_of_another_type_415(visit: Visit) -> None:
    """A chunk of another Content-Type is answered 415."""
    one = paper()
    _declared(visit, one)
    expect(visit.patch(one, 0, one.content, content_type="application/octet-stream"), 415)


@rules("Answer 412 to a Tus-Resumable that is not 1.0.0.")
def upload_of_another_tus_412(visit: Visit) -> None:
    """What is asked in another version of tus is answered 412."""
    one = paper()
    _declared(visit, one)
    expect(visit.patch(one, 0, one.content, tus_resumable="0.2.2"), 412)
    expect(visit.ask("HEAD", f"/v1/attachments/{one.id}", fields={"Tus-Resumable": "0.2.2"}), 412)


@rules("Take digits only as Upload-Offset; answer 400 to all else.")
def upload_offset_not_a_number_400(visit: Visit) -> None:
    """An Upload-Offset that is no number is answered 400."""
    one = paper()
    _declared(visit, one)
    for offset in ("-1", "1e1", "0x0", "", "99999999999999999999999999"):
        with to(offset):
            expect(visit.patch(one, offset, one.content), 400, 409)


@rules("Answer 404 for a paper that no form declared: the terminal sends the form again.")
def upload_undeclared_404(visit: Visit) -> None:
    """A paper that no form declared is not there."""
    one = paper()
    expect(visit.head(one), 404, 410)
    expect(visit.patch(one, 0, one.content), 404, 410)


@rules("Keep a complete paper as it is: answer 409 to whatever else comes for it.")
def upload_complete_stays(visit: Visit) -> None:
    """A complete paper takes nothing more."""
    one = paper(100)
    sent = _declared(visit, one)
    expect(visit.patch(one, 0, one.content), 204)
    expect(visit.patch(one, 0, bytes(100)), 409)
    expect_refusal(visit.patch(one, 100, b"more"))
    same(_reached(visit, one), 100, "the offset afterwards")
    same(visit.known(sent.uid).get("state"), "done", "state")


@rules("Complete a paper of 0 bytes by a PATCH of 0 bytes.")
def upload_of_nothing_completes(visit: Visit) -> None:
    """A paper of 0 bytes completes by an empty chunk."""
    one = paper(0)
    sent = _declared(visit, one)
    expect(visit.patch(one, 0, b""), 204)
    same(visit.known(sent.uid).get("state"), "done", "state")


@rules("Take chunks of 1 MiB, which is what terminals send; look for a smaller limit in your proxy.")
def upload_of_1_mib_taken(visit: Visit) -> None:
    """A chunk of 1 MiB is taken."""
    one = paper(1024 * 1024 + 5)
    _declared(visit, one)
    expect(visit.patch(one, 0, one.content[: 1024 * 1024]), 204)
    expect(visit.patch(one, 1024 * 1024, one.content[1024 * 1024 :]), 204)


def _rest(visit: Visit, one: Paper) -> Answer:
    reached = _reached(visit, one)
    if reached > len(one.content):
        raise Broken(f"the offset is {reached} of {len(one.content)}")
    return visit.patch(one, reached, one.content[reached:])


@rules("Say by HEAD how far you are, and never guess; a chunk that broke off is not what its digest says: drop it.")
def upload_broken_off_goes_on(visit: Visit) -> None:
    """After a chunk that broke off, HEAD says where to go on, and the file becomes what was declared."""
    one = paper(200_000)
    sent = _declared(visit, one)
    request = visit.bytes_of(visit.asked_patch(one, 0, one.content))
    visit.line.break_off(request, len(request) - 100_000)
    answer = _rest(visit, one)
    if answer.status == 409:  # what broke off was still being written
        answer = _rest(visit, one)
    expect(answer, 204)
    same(visit.known(sent.uid).get("state"), "done", "state")


@rules("Append under a lock or in a transaction: of two chunks for one offset, one is answered 409 (or 503: later).")
def upload_at_once_kept_once(visit: Visit) -> None:
    """The same chunk twice at the same moment is kept once."""
    one = paper(5000)
    sent = _declared(visit, one)
    with ThreadPoolExecutor(2) as several:
        requests = [visit.asked_patch(one, 0, one.content[:4000]) for _ in range(2)]
        answers = list(several.map(visit.send, requests))
    if all(answer.status == 503 for answer in answers):
        raise NotTried("the platform is busy (503)")
    for answer in answers:
        expect(answer, 204, 409, 429, 503)
    same(sum(answer.status == 204 for answer in answers), 1, "the number of 204 among two")
    same(_reached(visit, one), 4000, "the offset afterwards")
    expect(visit.patch(one, 4000, one.content[4000:]), 204)
    same(visit.known(sent.uid).get("state"), "done", "state")
