"""The pages of cases: the list, one case, its papers, and what a clerk does with it.

Whatever shows something of a case is recorded first, where it is rendered, so that no way to it goes past the record.
Of a case in another hall one is told what one is told of a case that isn't there; that somebody tried is on record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from district.cases import (
    ALLOWED,
    CLOSED,
    LONGEST_MATERIAL,
    LONGEST_NOTE,
    MANY,
    MOST_MATERIALS,
    WAITING,
    Case,
    Cases,
    Moved,
    NotAllowed,
    Overtaken,
    Selection,
    Stage,
    Unknown,
)
from district.halls import Halls
from district.opening import PaperLost
from district.outbox import Outbox
from district.outcomes import PaperRow, SubmissionRow
from district.sessions import Visit
from district.staff import Role
from district.store import DistrictStore
from district.supplements import one_line
from district.viewings import What
from district.web.fields import as_printed, day, key, one_of
from district.web.filled_in import filled_in
from district.web.leaves import MOST_BYTES, count, leaf
from district.web.pages import NOTHING
from district.web.site import UID, Form, Site, see
from district.web.titles import Titles
from district.web.words import NOTHING_FOUND, refusal

_LONGEST_NUMBER = 64
_INERT = {
    "Content-Security-Policy": f"sandbox; {NOTHING}",
    "Cache-Control": "no-store",
}
_BEGINNINGS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
_SHOWN = ("image/jpeg", "image/png")


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePages:
    site: Site
    cases: Cases
    store: DistrictStore
    halls: Halls
    titles: Titles

    def add(self) -> None:
        # A PDF takes memory and a core while it is looked into: that is for two at once, in threads of their own.
        turns = CapacityLimiter(2)
        site = self.site
        site.shows("/cases", self.list)
        site.does("/cases/find", self.find, role=Role.VIEWER, back="/cases")
        site.shows("/cases/{uid}", self.one)
        site.shows("/cases/{uid}/papers/{name}", self.paper, turns=turns)
        site.shows("/cases/{uid}/papers/{name}/content", self.content)
        site.shows("/cases/{uid}/papers/{name}/leaves/{leaf}", self.leaf, turns=turns)
        site.does("/cases/{uid}/numbers", self.numbers, role=Role.CLERK, back="/cases/{uid}")
        site.does("/cases/{uid}/stage", self.move, role=Role.CLERK, back="/cases/{uid}")
        site.shows("/cases/{uid}/supplement", self.supplement, role=Role.CLERK)
        site.does("/cases/{uid}/supplement", self.ask, role=Role.CLERK)

    def list(self, visit: Visit, request: Request) -> Response:
        if "last" in request.query_params:
            return see(self.site.last_list(request))
        answer = self._list(visit, request.query_params)
        self.site.keep_list(request, answer)
        return answer

    def _list(self, visit: Visit, asked: Mapping[str, str], *, status: int = 200, sought: str = "") -> Response:
        self.titles.look()
        halls = self.halls.all()
        hall = visit.staff.hall or one_of(asked.get("hall"), halls)
        matters = self.cases.matters()
        stage = one_of(asked.get("stage"), [stage.value for stage in Stage])
        selection = Selection(
            hall=hall,
            matter=one_of(asked.get("matter"), matters),
            stage=None if stage is None else Stage(stage),
            tests=asked.get("tests") == "1",
        )
        before, after = (key(asked.get(name)) for name in ("before", "after"))
        found = self.cases.page(selection, before=before, after=after)
        return self.site.render(
            "cases.html",
            status=status,
            visit=visit,
            here="cases",
            selection=selection,
            found=found,
            brought=self.cases.brought([one.uid for one in found.lines if one.stage is Stage.SUPPLEMENT]),
            halls=halls,
            matters=matters,
            newest=before is None and after is None,
            waiting=self.cases.waiting(hall=hall, matter=selection.matter),
            many=MANY,
            WAITING=WAITING,
            sought=sought,
        )

    def find(self, visit: Visit, request: Request, form: Form) -> Response:
        typed, hall = form.one("number")[:_LONGEST_NUMBER], visit.staff.hall
        number = as_printed(typed)
        uid = elsewhere = None
        if number:
            uid = self.cases.find(number, hall=hall)
            elsewhere = self.cases.find(number) if uid is None and hall is not None else None
        if elsewhere is not None:
            self.site.note_forbidden(visit, request, elsewhere)
        else:
            self.site.viewings.note(visit.staff.name, What.FOUND, uid=uid, detail="" if uid else NOTHING_FOUND)
        return self._list(visit, {}, status=404, sought=typed) if uid is None else see(f"/cases/{uid}")

    def one(self, visit: Visit, request: Request) -> Response:
        case = self._case(visit, request)
        if case is None:
            return self.site.missing(visit)
        return self._page(visit, case, saved="saved" in request.query_params)

    def numbers(self, visit: Visit, request: Request, form: Form) -> Response:
        del form
        case = self._case(visit, request)
        if case is None:
            return self.site.missing(visit)
        return self._page(visit, case, openly=True)

    def _render(self, visit: Visit, case: Case, template: str, what: What, detail: str = "", **values: Any) -> Response:
        """A page that shows something of a case, on record."""
        self.site.viewings.note(visit.staff.name, what, uid=case.line.uid, detail=detail)
        return self.site.render(template, visit=visit, here="cases", case=case, **values)

    def _page(
        self,
        visit: Visit,
        case: Case,
        *,
        openly: bool = False,
        saved: bool = False,
        status: int = 200,
        said: str = "",
        note: str = "",
    ) -> Response:
        self.titles.look()
        row = self.store.submission(case.line.uid)
        form = {} if row is None or row.envelope is None else row.envelope.form
        hidden, shown = (list(filled_in(form, self.titles, openly=whole)) for whole in (False, True))
        dead_end = Outbox(self.store.engine).dead_end(case.line.uid)
        return self._render(
            visit,
            case,
            "case.html",
            What.NUMBERS if openly else What.CASE,
            status=status,
            row=row,
            halls=self.halls.all(),
            answers=shown if openly else hidden,
            hides=hidden != shown,
            openly=openly,
            clerk=visit.staff.role.may(Role.CLERK),
            admin=visit.staff.role.may(Role.ADMIN),
            moves=[to for to in ALLOWED[case.line.stage] if to is not Stage.SUPPLEMENT],
            may_ask=Stage.SUPPLEMENT in ALLOWED[case.line.stage],
            dead_end=dead_end,
            why=dead_end and refusal(dead_end, self.titles.label),
            longest=LONGEST_NOTE,
            saved=case.steps[-1] if saved and case.steps and case.steps[-1].staff == visit.staff.name else None,
            said=said,
            note=note,
        )

    def paper(self, visit: Visit, request: Request) -> Response:
        """The page around a paper, which tells what it is; its bytes are on record by themselves."""
        found = self._paper(visit, request)
        if found is None:
            return self.site.missing(visit)
        case, row, paper = found
        names = [one.id for one in row.papers if one.complete]
        at, pdf = names.index(paper.id), self._pdf(paper)
        return self._render(
            visit,
            case,
            "paper.html",
            What.CASE,
            paper.id,
            paper=paper,
            at=at + 1,
            count=len(names),
            previous=names[at - 1] if at else None,
            next=names[at + 1] if at + 1 < len(names) else None,
            shown=paper.media_type in _SHOWN,
            lost=pdf is None,
            leaves=count(pdf or b""),
        )

    def _pdf(self, paper: PaperRow) -> bytes | None:
        """The file, if it is one that has leaves; else nothing. None for a paper that was lost, whatever it is: all of
        it is read, to know that."""
        opened = self.store.papers.paper(paper.id)
        has_leaves = paper.media_type == "application/pdf" and paper.bytes <= MOST_BYTES
        try:
            return None if opened is None else b"".join(piece for piece in opened.content if has_leaves)
        except PaperLost:
            return None

    def leaf(self, visit: Visit, request: Request) -> Response:
        """One page of a PDF, as the picture that it is."""
        found = self._paper(visit, request)
        number = key(str(request.path_params["leaf"])) or 0
        if found is None:
            return self.site.missing(visit)
        case, _, paper = found
        self.site.viewings.note(visit.staff.name, What.PAPER, uid=case.line.uid, detail=f"{paper.id} {number}")
        shown = leaf(self._pdf(paper) or b"", number)
        if shown is None:
            return self.site.missing(visit)
        named = f'inline; filename="{paper.id}-{number}{_ENDINGS[shown.media_type]}"'
        return Response(shown.content, media_type=shown.media_type, headers={**_INERT, "Content-Disposition": named})

    def content(self, visit: Visit, request: Request) -> Response:
        """A paper's bytes, inert: a picture is shown as the picture it begins as, anything else is a file to keep."""
        found = self._paper(visit, request)
        if found is None:
            return self.site.missing(visit)
        case, _, paper = found
        self.site.viewings.note(visit.staff.name, What.PAPER, uid=case.line.uid, detail=paper.id)
        opened = self.store.papers.paper(paper.id)
        if opened is None:
            return self.site.missing(visit)
        try:
            first = next(opened.content, b"")
        except PaperLost:
            return see(f"/cases/{case.line.uid}/papers/{paper.id}")  # which says so
        begins = _BEGINNINGS.get(opened.media_type)
        kind = opened.media_type if begins is not None and first.startswith(begins) else "application/octet-stream"
        way = "inline" if kind in _SHOWN else "attachment"

        def pieces() -> Iterator[bytes]:
            yield first
            yield from opened.content

        headers = {
            **_INERT,
            "Content-Length": str(opened.bytes),
            "Content-Disposition": f'{way}; filename="{paper.id}{_ENDINGS.get(kind, ".bin")}"',
        }
        return StreamingResponse(pieces(), media_type=kind, headers=headers)

    def move(self, visit: Visit, request: Request, form: Form) -> Response:
        case = self._case(visit, request)
        start, to = (one_of(form.one(name), [stage.value for stage in Stage]) for name in ("from", "to"))
        if case is None or start is None:
            return self.site.missing(visit)
        note = form.one("note")
        if to is None:
            return self._page(visit, case, status=422, said="choose", note=note)
        if len(note) > LONGEST_NOTE or (to == Stage.DECLINED and not note):
            return self._page(visit, case, status=422, said="note", note=note[:LONGEST_NOTE])
        if Stage(to) in CLOSED and form.one("sure") != "1":
            return self._render(visit, case, "sure.html", What.CASE, to, start=start, to=Stage(to), note=note)
        answer = self.cases.move(
            case.line.uid,
            start=Stage(start),
            to=Stage(to),
            staff=visit.staff.name,
            note=note,
            hall=visit.staff.hall,
        )
        return self._after(visit, case, answer, What.MOVED, to, form)

    def supplement(self, visit: Visit, request: Request) -> Response:
        case = self._case(visit, request)
        if case is None:
            return self.site.missing(visit)
        if Stage.SUPPLEMENT not in ALLOWED[case.line.stage]:
            told = {"said": "not-allowed", "back": f"/cases/{case.line.uid}"}
            return self._render(visit, case, "message.html", What.CASE, Stage.SUPPLEMENT.value, status=409, **told)
        return self._supplement(visit, case)

    def _supplement(self, visit: Visit, case: Case, *, form: Form | None = None, said: str = "") -> Response:
        row = self.store.submission(case.line.uid)
        return self._render(
            visit,
            case,
            "supplement.html",
            What.CASE,
            Stage.SUPPLEMENT.value,
            status=422 if said else 200,
            handed_in=sorted({one.material for one in row.papers if one.material}) if row is not None else [],
            chosen=form.all("material") if form else [],
            others=form.one("others") if form else "",
            note=form.one("note") if form else "",
            due_on=form.one("due_on") if form else "",
            longest=LONGEST_NOTE,
            most=MOST_MATERIALS,
            said=said,
        )

    def ask(self, visit: Visit, request: Request, form: Form) -> Response:
        case = self._case(visit, request)
        start = one_of(form.one("from"), [stage.value for stage in Stage])
        if case is None or start is None:
            return self.site.missing(visit)
        others = [one_line(line) for line in form.one("others").splitlines() if line.strip()]
        materials = [*form.all("material"), *others]
        if not materials:
            return self._supplement(visit, case, form=form, said="materials")
        if len(materials) > MOST_MATERIALS or any(len(one) > LONGEST_MATERIAL for one in materials):
            return self._supplement(visit, case, form=form, said="many")
        note, due = form.one("note"), day(form.one("due_on"))
        if not note or len(note) > LONGEST_NOTE:
            return self._supplement(visit, case, form=form, said="note")
        if form.one("due_on") and (due is None or due < self.cases.today()):
            return self._supplement(visit, case, form=form, said="due")
        answer = self.cases.ask(
            case.line.uid,
            start=Stage(start),
            materials=materials,
            note=note,
            due_on=due,
            staff=visit.staff.name,
            hall=visit.staff.hall,
        )
        return self._after(visit, case, answer, What.ASKED, Stage.SUPPLEMENT.value, form)

    def _after(
        self,
        visit: Visit,
        case: Case,
        answer: Moved | Unknown | NotAllowed | Overtaken,
        what: What,
        to: str,
        form: Form,
    ) -> Response:
        uid = case.line.uid
        now = self.cases.one(uid, hall=visit.staff.hall) if isinstance(answer, Overtaken) else None
        if now is not None and now.steps:
            last = now.steps[-1]
            if (last.code, last.staff, last.note or "") == (to, visit.staff.name, form.one("note")):
                return see(f"/cases/{uid}?saved")  # a second click: it is done, and by nobody else
        match answer:
            case Moved():
                self.site.viewings.note(visit.staff.name, what, uid=uid, detail=to)
                return see(f"/cases/{uid}?saved")
            case Unknown():
                return self.site.missing(visit)
            case NotAllowed() | Overtaken():
                said = "overtaken" if isinstance(answer, Overtaken) else "not-allowed"
                return self.site.unsaved(visit, form, said=said, status=409, back=f"/cases/{uid}")

    def _case(self, visit: Visit, request: Request) -> Case | None:
        uid, hall = str(request.path_params["uid"]), visit.staff.hall
        if UID.fullmatch(uid) is None:
            return None
        case = self.cases.one(uid, hall=hall)
        if case is None and hall is not None and self.cases.one(uid) is not None:
            self.site.note_forbidden(visit, request, uid)
        return case

    def _paper(self, visit: Visit, request: Request) -> tuple[Case, SubmissionRow, PaperRow] | None:
        case = self._case(visit, request)
        row = None if case is None else self.store.submission(case.line.uid)
        if case is None or row is None or row.envelope is None:
            return None
        name = request.path_params["name"]
        return next(((case, row, one) for one in row.papers if one.id == name and one.complete), None)
