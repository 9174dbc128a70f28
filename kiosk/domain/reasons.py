"""Why a submission has not arrived yet, in words: the queue keeps a code (`last_error`), staff see a sentence and
what to do. The only place where the one becomes the other, for the staff view and for `kiosk queue`.
"""

from __future__ import annotations

from kiosk.domain.trouble import Trouble
from kiosk.domain.words import Text


def _r(code: str, zh: str, en: str, remedy_zh: str, remedy_en: str) -> Trouble:
    return Trouble(code=code, message=Text(zh=zh, en=en), remedy=Text(zh=remedy_zh, en=remedy_en))


_UNREACHABLE = _r(
    "unreachable",
    "连不上区里的平台。",
    "The district's platform cannot be reached.",
    "检查网线和路由器。网络恢复后会自动报送。",
    "Check the cable and the router. Sending goes on by itself once the network is back.",
)
_SLOW = _r(
    "deadline",
    "平台没有按时答复。",
    "The platform did not answer in time.",
    "会自动再试。一直这样请给区里打电话。",
    "It is tried again. Call the district if it lasts.",
)
_TLS = _r(
    "tls",
    "平台的证书不受信任。",
    "The platform's certificate is not trusted.",
    "请技术员检查终端的日期和证书。",
    "Have a technician check the terminal's date and its certificate authority.",
)
_STRANGER = _r(
    "stranger",
    "答复的不是区里的平台，可能是上网登录页面。",
    "Something else answers in the platform's place, perhaps a network's login page.",
    "在这个网络登录一次，或者换一个网络。",
    "Open the network's login once, or use another network.",
)
_CLOCK = _r(
    "clock",
    "平台认为这台终端的时间不对。",
    "The platform finds this terminal's time wrong.",
    "请技术员校准终端的时间；没有错就问区里。",
    "Have a technician set the terminal's time; if it is right, ask the district.",
)
_REFUSED = _r(
    "refused",
    "平台不认这台终端。",
    "The platform does not accept this terminal.",
    "请技术员检查终端在区里的登记。",
    "Have a technician check the terminal's registration at the district.",
)
_WAITING = _r(
    "waiting",
    "平台正忙，请终端等一会儿。",
    "The platform is busy and asked to wait.",
    "不用做什么，到时间会自动报送。",
    "Nothing to do: it is sent when the time has come.",
)
_PLATFORM = _r(
    "platform",
    "平台或者线路出了问题。",
    "Something is wrong at the platform or on the way.",
    "会自动再试。一直这样请给区里打电话。",
    "It is tried again. Call the district if it lasts.",
)
_TOO_LARGE = _r(
    "too-large-there",
    "材料太大，区里不收。",
    "It is larger than the district accepts.",
    "请区里放宽限制，然后重新报送。",
    "Ask the district for more room, then send again.",
)
_CONTENT = _r(
    "content",
    "区里认为内容不能受理。",
    "The district refused its content.",
    "把暂存号报给区里，按答复处理，然后重新报送。",
    "Tell the district its number, then send again.",
)
_DAMAGED = _r(
    "damaged",
    "终端的磁盘把这份申报读坏了。",
    "The terminal's disk damaged it.",
    "保留磁盘，请居民再来一次。",
    "Keep the disk; ask the resident back.",
)
_UPLOAD = _r(
    "upload-unknown",
    "平台收下了申报，却找不到它的材料。",
    "The platform took the form and does not know the upload of its papers.",
    "会自动再报一次。一直这样请给区里打电话。",
    "It is sent once more. Call the district if it lasts.",
)
_RATING = _r(
    "rating-held",
    "申报已经报送，区里没有收评价。",
    "The submission was sent; the district refused its rating.",
    "重新报送；还不收就告诉区里。",
    "Send again; if it is still refused, tell the district.",
)
_ROW_DAMAGED = _r(
    "row",
    "终端的磁盘改动了这份申报的记录。",
    "The terminal's disk changed its record.",
    "请技术员运行 kiosk queue verify --repair；保留磁盘。",
    "Have a technician run kiosk queue verify --repair, and keep the disk.",
)
_PAPER_MISSING = _r(
    "paper-missing",
    "有一份材料在终端的磁盘上找不到了。",
    "A paper of it is missing on the terminal's disk.",
    "请技术员运行 kiosk queue verify --repair，不行就请居民再来。",
    "Have a technician run kiosk queue verify --repair; if it stays, ask the resident back.",
)
_STOPPED = _r(
    "stopped",
    "报送时终端关机了。",
    "The terminal was switched off while sending.",
    "不用做什么，会自动接着报送。",
    "Nothing to do: it goes on by itself.",
)
_UNKNOWN = _r(
    "unknown-reason",
    "没有送到，原因不明。",
    "It has not arrived, for an unknown reason.",
    "请技术员用 kiosk queue show 查看。",
    "Ask a technician (kiosk queue show).",
)
_SAID = {
    "unreachable": _UNREACHABLE,
    "deadline": _SLOW,
    "tls": _TLS,
    "answer-broken": _STRANGER,
    "answer-too-large": _STRANGER,
    "not-a-receipt": _STRANGER,
    "not-progress": _STRANGER,
    "not-an-upload": _STRANGER,
    "not-a-rating": _STRANGER,
    "clock": _CLOCK,
    "http-401": _REFUSED,
    "http-403": _REFUSED,
    "http-429": _WAITING,
    "http-503": _WAITING,
    "http-409": _PLATFORM,
    "offset-conflict": _PLATFORM,
    "digest-mismatch": _PLATFORM,
    "http-413": _TOO_LARGE,
    "body-damaged": _DAMAGED,
    "paper-damaged": _DAMAGED,
    "paper-missing": _PAPER_MISSING,
    "row-damaged": _ROW_DAMAGED,
    "stopped": _STOPPED,
    "upload-unknown": _UPLOAD,
    "rating-held": _RATING,
}
_FAMILIES = {"http-3": _STRANGER, "http-4": _CONTENT, "http-5": _PLATFORM}
REASONS: tuple[Trouble, ...] = tuple(dict.fromkeys([*_SAID.values(), *_FAMILIES.values(), _UNKNOWN]))


def reason_of(last_error: str) -> Trouble:
    """What `last_error` means and what to do."""
    return _SAID.get(last_error) or _FAMILIES.get(last_error[:6]) or _UNKNOWN
