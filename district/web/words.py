"""What staff read: the words for stages, roles, records and the fields of forms; times are the hall's. Chinese here,
and said in the language of the page (:func:`district.web.language.say`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from district.cases import Stage
from district.outbox import HANDED_ON
from district.receiving import Event
from district.staff import Role
from district.times import CHINA
from district.viewings import What
from district.web.language import language, say

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
    Stage.DECLINED: "决定不予办理",
}
ROLES = {Role.VIEWER: "查看", Role.CLERK: "办理", Role.ADMIN: "管理"}
RATINGS = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
RECORDS = {
    What.SIGNED_IN: "登录成功",
    What.REFUSED: "登录被拒绝",
    What.SIGNED_OUT: "退出登录",
    What.RENEWED: "改了密码",
    What.OTHERS_ENDED: "退出了其他登录",
    What.CASE: "看了办件",
    What.PAPER: "看了材料",
    What.NUMBERS: "显示了完整号码",
    What.MOVED: "改了办理阶段",
    What.ASKED: "要求了补正",
    What.FOUND: "查找了办件",
    What.AUDIT: "看了查看记录",
    What.FORBIDDEN: "没有权限，被拒绝",
    What.UNFIT: "表单没有被接受",
}
LABELS = {
    "matter": "事项",
    "on_behalf": "由别人代办",
    "applicant": "申请人",
    "proxy": "代办人",
    "answers": "填写内容",
    "name": "姓名",
    "id_number": "证件号码",
    "document_number": "证件号码",
    "sex": "性别",
    "birth_date": "出生日期",
    "identified_by": "出示的证件",
    "profile": "证件类型",
    "assurance": "核验方式",
    "identity": "身份核验",
    "phone": "手机号码",
    "village": "村（社区）",
    "hukou_type": "户口性质",
    "hukou": "户口性质",
    "contribution_level": "缴费档次",
    "level": "缴费档次",
    "account": "收款银行卡号",
    "contact": "找不到本人时找谁",
    "address": "地址",
    "pages": "材料页数",
    "consent": "知情同意",
    "version": "版本",
    "at": "时间",
    "time": "时间",
    "signed_at": "签名时间",
    "signature": "签名",
    "language": "办理语言",
    "written": "手写的内容",
    "household-register": "户口簿",
    "bank-card": "银行卡",
    "pension-enrolment": "城乡居民养老保险参保登记",
    "pension-payout-account": "养老金发放账户变更",
    "file": "文件",
}
"""What forms call their parts, in the order in which people tell them."""
ILLS = {
    "never-heard": "还没有联系过",
    "silent": "半小时没有消息",
    "held": "有申报被退回，要人处理",
    "waiting-long": "有申报一天没送出",
    "little-space": "磁盘快满了",
    "clock": "时钟不准",
    "certificate": "证书快到期，没能自己换新，请告诉技术人员",
    "certificate-over": "证书已经到期，请告诉技术人员",
}
"""What is not as it should be with a terminal (:mod:`district.web.terminal_pages`)."""
NOTHING_FOUND = "nothing"
WRONG_AT_CHANGE = "password change"
WRONG_AT_OTHERS = "other sessions"
_UNFIT = {
    "403": "页面已经过期",
    "409": "办件已经变了，或者不能这样办",
    "413": "内容太多",
    "422": "填写的内容不合要求",
}
_ADDRESS = re.compile(r"(?:GET|POST) (/[a-z-]*)(?:/[^/]*)?(/[a-z]*)?.*")
_TRIED = {
    ("/audit", None): "看查看记录",
    ("/cases", None): "看办件",
    ("/cases", "/papers"): "看材料",
    ("/cases", "/numbers"): "显示完整号码",
    ("/cases", "/stage"): "改办理阶段",
    ("/cases", "/supplement"): "提出补正",
    ("/account", None): "改自己的账号",
    ("/sign-out", None): "退出自己的登录",
}
_REFUSALS = {
    "missing": "缺少对方要的“{}”",
    "no-code": "对方的编码表“{}”里没有这一项",
    "not-a-list": "“{}”的写法对方用不了",
    "not-a-time": "“{}”的写法对方用不了",
    "not-a-text": "“{}”的写法对方用不了",
    "not-a-number": "“{}”的写法对方用不了",
    "not-true-or-false": "“{}”的写法对方用不了",
    "not-json": "“{}”的写法对方用不了",
    "not-for-a-header": "“{}”里有对方用不了的字",
    "too-large": "办件太大，对方收不下",
    "paper-not-to-be-had": "有一份材料取不出来",
    "erased": "内容已经按保存期删除",
}


def label(text: str) -> str:
    return say(LABELS.get(text, text))


def local(text: str) -> str:
    """A time of the wire in the hall's own time; what is no time stays as it came."""
    try:
        return datetime.fromisoformat(text).astimezone(CHINA).strftime(f"{_day_as_said()} %H:%M")
    except ValueError:
        return text


def day(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime(_day_as_said())
    except ValueError:
        return text


def _day_as_said() -> str:
    return "%Y-%m-%d" if language() == "en" else "%Y年%m月%d日"


def size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, count // 1024)} KB"


def told(detail: str, what: str) -> str:
    """The detail of a line of the record; `what` is what was done. What nobody here wrote stays as it is."""
    match what:
        case What.MOVED | What.ASKED:
            return _stage(detail) or detail
        case What.FOUND:
            return say("没有找到") if detail == NOTHING_FOUND else detail
        case What.SIGNED_IN:
            return say("来自 {}").format(detail) if detail else ""
        case What.REFUSED:
            wrong = {WRONG_AT_CHANGE: "改密码时，现在的密码不对", WRONG_AT_OTHERS: "退出其他登录时，密码不对"}
            return say(wrong[detail]) if detail in wrong else say("来自 {}").format(detail) if detail else ""
        case What.AUDIT:
            return say("只看 {} 的").format(detail) if detail else ""
        case What.PAPER:
            paper, _, leaf = detail.partition(" ")
            return say("材料 {}，第 {} 页" if leaf else "材料 {}").format(paper[:8], leaf)
        case What.CASE:
            if detail == Stage.SUPPLEMENT:
                return say("要求补正的页面")
            stage = _stage(detail)
            if stage:
                return say("确认“{}”的页面").format(stage)
            return say("材料 {} 的页面").format(detail[:8]) if detail else ""
        case What.FORBIDDEN:
            tried = _tried(detail)
            return say("想{}").format(tried) if tried else detail
        case What.UNFIT:
            status, _, path = detail.partition(" ")
            tried = _tried(f"POST {path}")
            return say("想{}：{}").format(tried, say(_UNFIT[status])) if tried and status in _UNFIT else detail
        case _:
            return detail


def _tried(detail: str) -> str | None:
    address = _ADDRESS.fullmatch(detail)
    tried = None if address is None else _TRIED.get((address[1], address[2])) or _TRIED.get((address[1], None))
    return tried and say(tried)


def _stage(code: str) -> str | None:
    return say(STAGES[Stage(code)]) if code in STAGES else None


def refusal(code: str, label: Callable[[str], str]) -> str:
    """Why another platform did not take a case; `code` is what handing on made of its answer."""
    kind, _, name = code.partition(":")
    if kind in _REFUSALS:
        return say(_REFUSALS[kind]).format(label(name.rpartition(".")[2]))
    if code.startswith("their-"):
        return say("对方的答复是 {}").format(code.removeprefix("their-"))
    if code.startswith("http-"):
        return say("对方的服务器答复 HTTP {}").format(code.removeprefix("http-"))
    return say("原因见代码")
