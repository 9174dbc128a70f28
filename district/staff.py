"""The staff web page: what came in, one submission with its answers and papers. No scripts, nothing fetched elsewhere.

There is no sign-in yet, so the platform binds loopback only. ID numbers are masked wherever they stand in an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import JsonValue

from district.outcomes import SubmissionRow
from district.store import DistrictStore
from offline_queue.wire import State

_HERE = Path(__file__).parent
_CHINA = timezone(timedelta(hours=8))
_ID_NUMBER = re.compile(r"(?<![0-9])([0-9]{3})[0-9]{11}([0-9]{3}[0-9Xx])(?![0-9])")
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_PICTURES = ("image/jpeg", "image/png")
_INERT = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATES = {State.RECEIVED: "材料未齐", State.DONE: "已收齐"}
RATINGS = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
LABELS = {
    "matter": "事项",
    "answers": "填写内容",
    "applicant": "申请人",
    "proxy": "代办人",
    "name": "姓名",
    "id_number": "证件号码",
    "sex": "性别",
    "birth_date": "出生日期",
    "phone": "手机号码",
    "village": "村（社区）",
    "hukou_type": "户口性质",
    "hukou": "户口性质",
    "contribution_level": "缴费档次",
    "level": "档次",
    "address": "地址",
    "consent": "知情同意",
    "version": "版本",
    "time": "时间",
    "signature": "签名",
    "profile": "证件类型",
    "assurance": "核验方式",
    "identity": "身份核验",
    "household-register": "户口簿",
    "pension-enrolment": "城乡居民基本养老保险参保登记",
    "file": "文件",
}


def masked(text: str) -> str:
    """`text` with the middle of every ID number replaced: 330***********123X."""
    return _ID_NUMBER.sub(r"\1***********\2", text)


def add_staff_pages(app: FastAPI, store: DistrictStore) -> None:
    pages = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["label"] = _label
    pages.filters["local"] = _local
    pages.filters["size"] = _size

    def page(template: str, *, status: int = 200, **values: object) -> Response:
        return Response(
            pages.get_template(template).render(states=STATES, ratings=RATINGS, **values),
            status_code=status,
            media_type="text/html",
            headers={
                "Content-Security-Policy": _POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )

    def arrivals() -> Response:
        rows = list(reversed(list(store.submissions())))
        return page(
            "arrivals.html",
            waiting=[row for row in rows if not row.outside.test and row.state is not State.DONE],
            cases=[row for row in rows if not row.outside.test and row.state is State.DONE],
            tests=[row for row in rows if row.outside.test],
        )

    def one(uid: str) -> Response:
        row = store.submission(uid)
        if row is None:
            return page("missing.html", status=404)
        return page("submission.html", row=row, answers=list(_answers(row)), pictures=_PICTURES)

    def paper(name: str) -> Response:
        found = store.papers.paper(name)
        if found is None:
            return page("missing.html", status=404)
        # Only pictures and PDF keep their type; anything else is bytes to save. All are inert.
        kept = found.media_type if found.media_type in (*_PICTURES, "application/pdf") else "application/octet-stream"
        headers = {
            **_INERT,
            "Content-Length": str(found.bytes),
            "Content-Disposition": f'attachment; filename="{name}{_ending(kept)}"',
        }
        return StreamingResponse(found.content, media_type=kept, headers=headers)

    def progress_target(_request: Request) -> Response:
        return page("slip.html")

    app.add_api_route("/", arrivals, methods=["GET"])
    app.add_api_route("/submissions/{uid}", one, methods=["GET"])
    app.add_api_route("/papers/{name}", paper, methods=["GET"])
    app.add_api_route("/s", progress_target, methods=["GET"])
    app.mount("/static", StaticFiles(directory=_HERE / "static"))


def _answers(row: SubmissionRow) -> Iterator[tuple[str, str]]:
    form = {} if row.envelope is None else row.envelope.form
    for key, value in form.items():
        yield from _flat((key,), value)


def _flat(path: tuple[str, ...], value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat((*path, key), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _flat((*path, str(number)), inner)
    else:
        shown = {True: "是", False: "否", None: "—"}.get(value) if isinstance(value, bool | None) else str(value)
        yield " · ".join(LABELS.get(part, part) for part in path), masked(shown or "")


def _label(text: str) -> str:
    return LABELS.get(text, text)


def _ending(media_type: str) -> str:
    return {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}.get(media_type, ".bin")


def _local(text: str) -> str:
    """A time of the wire in the hall's own time; what is no time stays as it came."""
    try:
        return datetime.fromisoformat(text).astimezone(_CHINA).strftime("%m月%d日 %H:%M")
    except ValueError:
        return text


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, count // 1024)} KB"
