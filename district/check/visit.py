"""One visit to a platform: what is asked as which terminal, and everything that was answered.

A platform that is busy is waited for, within limits; one that has gone silent, or was asked enough, is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from district.check.answers import expect, json_of, seconds_of, there, told
from district.check.forms import Form, Paper, digest_of, form, paper
from district.check.line import Answer, Line, NoAnswer, Root
from district.check.rules import Broken, NotTried
from district.check.terminals import Signs, Terminal

if TYPE_CHECKING:
    from district.check.enrolment import Enrolling

PLAIN = "application/json"
SEALED = "application/vnd.township-kiosk.sealed+json"
CHUNK = "application/offset+octet-stream"
_MOST_REQUESTS = 1000
_MOST_SILENCE = 5
_LONGEST_WAIT = 30.0
_MOST_WAITING = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it is sent, and for messages."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"


def bytes_of(asked: Asked, root: Root) -> bytes:
    """A request as it goes over the line."""
    lines = [
        f"{asked.method} {root.path}{asked.path} HTTP/1.1",
        f"Host: {root.authority}",
        "User-Agent: district-check/1",
        "Connection: close",
        *(f"{name}: {value}" for name, value in asked.fields),
    ]
    return "\r\n".join((*lines, "", "")).encode("utf-8") + asked.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One exchange of this visit."""

    asked: Asked
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Further terminals, if there are any: `other` sees nothing of the first, `retiring` goes out of service."""

    other: Terminal | None = None
    retiring: Terminal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a terminal enrols that has no certificate yet."""

    root: Root
    line: Line


class Visit:
    """`stranger` is the line of somebody without a client certificate, where the platform asks for one; `door` is where
    terminals enrol, if that is not where all is; `enrolled` what this visit's own terminal enrolled with, and how that
    was answered; `unknown`, by a terminal's code, why checks that need it
    are not tried (:mod:`.greeting`), and `left_out` those of which one was."""

    def __init__(
        self,
        root: Root,
        line: Line,
        own: Terminal,
        others: Others | None = None,
        *,
        stranger: Line | None = None,
        door: Door | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.root = root
        self.line = line
        self.stranger = stranger
        self.door = door or Door(root=root, line=line)
        self.enrolled: tuple[Enrolling, Answer] | None = None
        self.seen: list[Seen] = []
        self.unknown: dict[str, str] = {}
        self.left_out: set[str] = set()
        self._own = own
        self._others = others or Others()
        self._pause = pause
        self._standing: Form | None = None
        self._asked = 0
        self._silent = 0
        self._waited = 0.0

    @property
    def company(self) -> tuple[Terminal, ...]:
        """All terminals that it plays, known or not; its own first."""
        further = (self._others.other, self._others.retiring)
        return (self._own, *(one for one in further if one is not None))

    @property
    def own(self) -> Terminal:
        return self._known(self._own)

    @property
    def other(self) -> Terminal:
        if self._others.other is None:
            raise NotTried("needs a second terminal: --other CODE FILE")
        return self._known(self._others.other)

    @property
    def retiring(self) -> Terminal:
        if self._others.retiring is None:
            raise NotTried("needs a terminal that may go out of service: --retiring CODE FILE")
        return self._known(self._others.retiring)

    def _known(self, terminal: Terminal) -> Terminal:
        """Raises NotTried for one that the platform does not know."""
        if terminal.code in self.unknown:
            self.left_out.add(terminal.code)
            raise NotTried(self.unknown[terminal.code])
        return terminal

    def asked(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        fields: Mapping[str, str] | None = None,
        *,
        by: Terminal | None = None,
        signs: Signs | None = None,
    ) -> Asked:
        """A request, signed by `by` (the visit's own terminal) or as `signs` does. A body has its Content-Digest unless
        `fields` has one; an empty one there leaves the field away."""
        sent = dict(fields or {})
        if body is not None:
            sent.setdefault("Content-Digest", digest_of(body))
        sent = {name: value for name, value in sent.items() if value}
        sent |= (signs or (by or self.own).signer.fields)(method, self.root.url + path, sent)
        if body is not None:
            sent["Content-Length"] = str(len(body))
        return Asked(method=method, path=path, fields=tuple(sent.items()), body=body or b"")

    def bytes_of(self, asked: Asked) -> bytes:
        return bytes_of(asked, self.root)

    def send(self, asked: Asked) -> Answer:
        """Raises Broken when no answer comes."""
        self._limit()
        answer = self.line.exchange(asked.method, self.bytes_of(asked))
        self._asked += 1
        if isinstance(answer, NoAnswer):
            self._silent += 1
            raise Broken(f"{asked.label}: {answer.why}")
        self._silent = 0
        self.seen.append(Seen(asked=asked, answer=answer))
        return answer

    def _limit(self) -> None:
        if self._silent >= _MOST_SILENCE:
            raise NotTried("the platform does not answer any more")
        if self._asked >= _MOST_REQUESTS:
            raise NotTried(f"{_MOST_REQUESTS} requests were sent, that is enough")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        fields: Mapping[str, str] | None = None,
        *,
        by: Terminal | None = None,
        signs: Signs | None = None,
    ) -> Answer:
        """The answer; what is busy is asked again when it says so. Raises Broken, or NotTried when it stays busy."""
        return self._patiently(lambda: self.asked(method, path, body, fields, by=by, signs=signs))

    def _patiently(self, asked: Callable[[], Asked]) -> Answer:
        """`asked` gives the request, signed anew for each attempt."""
        while True:
            answer = self.send(asked())
            if answer.status not in (429, 503):
                return answer
            wait = seconds_of(answer.field("Retry-After"))
            if wait is None or wait > _LONGEST_WAIT or self._waited + wait > _MOST_WAITING:
                raise NotTried(f"the platform is busy ({answer.status})")
            self._waited += wait
            self._pause(wait)

    def put(
        self,
        form: Form,
        *,
        key: str | None = None,
        media_type: str = PLAIN,
        digest: str | None = None,
        by: Terminal | None = None,
        signs: Signs | None = None,
    ) -> Answer:
        """Hand a form in; `key` and `digest` replace its Idempotency-Key and Content-Digest."""
        return self.ask(
            "PUT",
            f"/v1/submissions/{form.uid}",
            form.body,
            _form_fields(form, key, media_type, digest),
            by=by,
            signs=signs,
        )

    def asked_put(self, form: Form, *, signs: Signs | None = None) -> Asked:
        fields = _form_fields(form, None, PLAIN, None)
        return self.asked("PUT", f"/v1/submissions/{form.uid}", form.body, fields, signs=signs)

    def taken(self, form: Form, *, by: Terminal | None = None) -> Answer:
        """Hand a form in that nothing speaks against. Raises NotTried when it is refused: that has its own check."""
        answer = self.put(form, by=by)
        there(answer)
        if answer.status not in (200, 201):
            raise NotTried(f"{told(answer)}: a form that is right; mend that first (submission-stored-201)")
        return answer

    def standing(self) -> Form:
        """A form of this terminal that is there, with a paper of which nothing is: one for all who change nothing."""
        if self._standing is None:
            sent = form(self.own.code, [paper(100)])
            self.taken(sent)
            answer = self.progress(sent.uid)
            there(answer)
            if answer.status != 200:
                raise NotTried(f"{told(answer)}, though that form is there; mend that first (progress-names-the-form)")
            self._standing = sent
        return self._standing

    def progress(self, uid: str, *, by: Terminal | None = None, signs: Signs | None = None) -> Answer:
        return self.ask("GET", f"/v1/submissions/{uid}", by=by, signs=signs)

    def known(self, uid: str) -> dict[str, Any]:
        """What progress says of a form of its own that is there. Raises Broken."""
        answer = self.progress(uid)
        expect(answer, 200)
        return json_of(answer)

    def head(self, paper: Paper, *, by: Terminal | None = None, signs: Signs | None = None) -> Answer:
        return self.ask("HEAD", f"/v1/attachments/{paper.id}", fields={"Tus-Resumable": "1.0.0"}, by=by, signs=signs)

    def patch(
        self,
        paper: Paper,
        offset: int | str,
        chunk: bytes,
        *,
        by: Terminal | None = None,
        signs: Signs | None = None,
        **fields: str,
    ) -> Answer:
        """Upload bytes; `fields`, such as `content_type`, replace those of a right request."""
        return self._patiently(lambda: self.asked_patch(paper, offset, chunk, by=by, signs=signs, **fields))

    def asked_patch(
        self,
        paper: Paper,
        offset: int | str,
        chunk: bytes,
        *,
        by: Terminal | None = None,
        signs: Signs | None = None,
        **fields: str,
    ) -> Asked:
        sent = {"Content-Type": CHUNK, "Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)}
        sent |= {name.replace("_", "-").title(): value for name, value in fields.items()}
        return self.asked("PATCH", f"/v1/attachments/{paper.id}", chunk, sent, by=by, signs=signs)


def _form_fields(form: Form, key: str | None, media_type: str, digest: str | None) -> dict[str, str]:
    fields = {"Content-Type": media_type, "Idempotency-Key": f'"{form.uid}"' if key is None else key}
    return fields if digest is None else {**fields, "Content-Digest": digest}
