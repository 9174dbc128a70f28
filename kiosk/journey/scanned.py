"""What a code under the camera is, told by its text alone. Nothing is ever opened, looked up or fetched for it.

All our codes have one spelling, `https://<district>/<kind>#v<version>.<content>`. A telephone's own camera opens the
page of that kind on the district platform; what stands after `#` stays in that telephone. A terminal reads only the
content:

    /s#v1.<number>.<token>.<key id>.<signature>   a slip (see `offline_queue.numbers`, which checks the signature)
    /m#v1.<matter id>                             a matter: on a poster or a leaflet
    /n#v1.<matter id>.<yymmdd>                    a one-time notice for a matter, printed on that day
    /e#v1.<token>                                 an enrolment: registers a terminal with its district, for staff only

Matter ids are the catalogue's; a token is 22 to 86 characters of base64url. The district is a host name in lower case,
with a port if need be. A code of ours that is newer than this terminal is told apart from somebody else's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from offline_queue.numbers import is_district_host

LONGEST = 512
"""Characters of the longest code of ours, with room; a payload above it is nobody's we know."""

_OURS = re.compile(
    r"https://(?P<district>[a-z0-9.:-]{1,106})/(?P<kind>[smne])#v(?P<version>[0-9]{1,3})\.(?P<content>[A-Za-z0-9._-]{1,256})",
    re.ASCII,
)
_MATTER = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_NOTICE = re.compile(r"(?P<matter>[a-z][a-z0-9-]{0,63})\.(?P<day>[0-9]{6})", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,86}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SlipCode:
    """Looks like a slip; whose it is, its signature says."""

    text: str


@dataclass(frozen=True, slots=True)
class MatterCode:
    """Names a matter; whether this terminal has it, the catalogue says."""

    district: str
    matter_id: str


@dataclass(frozen=True, slots=True)
class NoticeCode:
    """From a one-time notice: the matter, and the day on which its needs were told."""

    district: str
    matter_id: str
    told: date


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """Registers a terminal. ``token`` is a secret: it is shown nowhere, not even in a test's output."""

    district: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewerCode:
    """One of ours, in a version that this terminal does not know."""


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """Somebody else's: a payment code, a web page, a number, anything."""


ScannedCode = SlipCode | MatterCode | NoticeCode | EnrolmentCode | NewerCode | UnknownCode


def classify(text: str) -> ScannedCode:
    """What ``text`` is. Any text has an answer; only its own characters are looked at."""
    ours = _OURS.fullmatch(text) if len(text) <= LONGEST else None
    if ours is None or not is_district_host(ours["district"]):
        return UnknownCode()
    if ours["version"] != "1":
        return NewerCode()
    district, content = ours["district"], ours["content"]
    match ours["kind"]:
        case "s":
            return SlipCode(text)
        case "m" if _MATTER.fullmatch(content):
            return MatterCode(district, content)
        case "n" if notice := _NOTICE.fullmatch(content):
            day = _day(notice["day"])
            return UnknownCode() if day is None else NoticeCode(district, notice["matter"], day)
        case "e" if _TOKEN.fullmatch(content):
            return EnrolmentCode(district, content)
        case _:
            return UnknownCode()


def text_of(code: SlipCode | MatterCode | NoticeCode | EnrolmentCode) -> str:
    """The code's text, as it is printed. A malformed code is a bug and raises :class:`ValueError`."""
    match code:
        case SlipCode(text):
            written = text
        case MatterCode(district, matter_id):
            written = f"https://{district}/m#v1.{matter_id}"
        case NoticeCode(district, matter_id, told):
            written = f"https://{district}/n#v1.{matter_id}.{told:%y%m%d}"
        case EnrolmentCode(district, token):
            written = f"https://{district}/e#v1.{token}"
    if classify(written) != code:
        raise ValueError(f"not a {type(code).__name__} that a terminal could read")
    return written


def kind_of(code: ScannedCode) -> str:
    """One word for commands and logs: ``slip``, ``matter``, ``notice``, ``enrolment``, ``newer`` or ``unknown``."""
    return type(code).__name__.removesuffix("Code").lower()


def trouble_of(code: ScannedCode) -> str | None:
    """Why the screen that waits for a slip cannot use ``code`` (a code of ``domain.trouble``); ``None`` for a slip."""
    match code:
        case SlipCode():
            return None
        case MatterCode():
            return "code-matter"
        case NoticeCode():
            return "code-notice"
        case EnrolmentCode():
            return "code-enrolment"
        case NewerCode():
            return "slip-of-other-version"
        case UnknownCode():
            return "code-foreign"


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
