"""What staff read: the words for stages, roles, records and the fields of forms; times are the hall's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone

from pydantic import JsonValue

from district.cases import Stage
from district.outbox import HANDED_ON
from district.receiving import Event
from district.staff import Role
from district.viewings import What

_CHINA = timezone(timedelta(hours=8))
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])([0-9]{3})(?:[0-9]{11}([0-9]{3}[0-9Xx])|[0-9]{9}([0-9]{3}))(?![0-9A-Za-z])")
"""Resident identity numbers of 18 characters (GB 11643), and of 15 digits as they were before 1999."""
_NUMBERED = ("id_number", "document_number")
_STARS = "***********"

STAGES = {
    Stage.RECEIVED: "材料未齐",
    Stage.COMPLETE: "材料齐全",
    Stage.ACCEPTED: "已受理",
    Stage.IN_PROGRESS: "办理中",
    Stage.SUPPLEMENT: "待补正",
    Stage.APPROVED: "办结·准予",
    Stage.DECLINED: "不予办理",
}
STEPS = {**STAGES, Event.SUPPLEMENT_ANSWERED: "已补正", HANDED_ON: "已转办"}
"""A case's history: the stages, and what else happens to it."""
MARKS = {
    Stage.RECEIVED: "…",
    Stage.COMPLETE: "●",
    Stage.ACCEPTED: "●",
    Stage.IN_PROGRESS: "▶",
    Stage.SUPPLEMENT: "!",
    Stage.APPROVED: "✓",
    Stage.DECLINED: "×",
}
"""Beside the words, so that no stage is told by its colour alone."""
MOVES = {
    Stage.ACCEPTED: "受理",
    Stage.IN_PROGRESS: "开始办理",
    Stage.APPROVED: "办结，准予",
    Stage.DECLINED: "不予办理",
}
ROLES = {Role.VIEWER: "查看", Role.CLERK: "办理", Role.ADMIN: "管理"}
RATINGS = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
RECORDS = {
    What.SIGNED_IN: "登录",
    What.REFUSED: "登录被拒绝",
    What.SIGNED_OUT: "退出",
    What.RENEWED: "改了密码",
    What.OTHERS_ENDED: "退出了其他登录",
    What.CASE: "看了办件",
    What.PAPER: "看了材料",
    What.NUMBERS: "显示了证件号码",
    What.MOVED: "改了办理阶段",
    What.ASKED: "要求补正",
    What.FOUND: "查找办件",
    What.AUDIT: "看了查看记录",
    What.FORBIDDEN: "没有权限，被拒绝",
}
LABELS = {
    "matter": "事项",
    "answers": "填写内容",
    "applicant": "申请人",
    "proxy": "代办人",
    "name": "姓名",
    "id_number": "证件号码",
    "document_number": "证件号码",
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
    "bank-card": "银行卡",
    "pension-enrolment": "城乡居民养老保险参保登记",
    "pension-payout-account": "养老金发放账户变更",
    "file": "文件",
}


def label(text: str) -> str:
    return LABELS.get(text, text)


def masked(text: str) -> str:
    """`text` with the middle of every ID number replaced: 330***********123X."""
    return _ID_NUMBER.sub(lambda found: f"{found[1]}{_STARS}{found[2] or found[3]}", text)


def answers(form: Mapping[str, JsonValue], *, openly: bool = False) -> Iterator[tuple[str, str]]:
    """What was filled in, in order, as label and value; numbers masked unless `openly`."""
    for key, value in _sorted(form):
        yield from _flat((key,), value, openly)


def _sorted(form: Mapping[str, JsonValue]) -> list[tuple[str, JsonValue]]:
    """In the order that people tell it: the name first. What has no label comes last, as it came."""
    order = {key: place for place, key in enumerate(LABELS)}
    return sorted(form.items(), key=lambda item: order.get(item[0], len(order)))


def _flat(path: tuple[str, ...], value: JsonValue, openly: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in _sorted(value):
            yield from _flat((*path, key), inner, openly)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _flat((*path, str(number)), inner, openly)
    else:
        said = {True: "是", False: "否", None: "—"}[value] if isinstance(value, bool | None) else str(value)
        yield " · ".join(label(part) for part in path), said if openly else _hidden(path[-1], said)


def _hidden(key: str, said: str) -> str:
    if key in _NUMBERED and said == masked(said) and len(said) > 4:  # another kind of document's number
        return f"{said[:1]}{_STARS}{said[-3:]}"
    return masked(said)


def local(text: str) -> str:
    """A time of the wire in the hall's own time; what is no time stays as it came."""
    try:
        return datetime.fromisoformat(text).astimezone(_CHINA).strftime("%Y年%m月%d日 %H:%M")
    except ValueError:
        return text


def day(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y年%m月%d日")
    except ValueError:
        return text


def size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, count // 1024)} KB"
