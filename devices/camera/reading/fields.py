"""From lines of writing to what was asked for: pure, on lines and boxes, so that it can be tried without an engine.

Numbers count by their check characters wherever they stand. A name has none, so it counts only beside, or below, the
word 姓名. What is not clear is left out: typing it costs a minute, a wrong number costs a journey.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devices.camera.reading.api import Kind, Line, Suggestion
from devices.camera.reading.numbers import is_bank_card, is_id_number, mended

CLEAR = 0.8
"""The engine's confidence from which a line may become a suggestion."""
_CLEAR_NAME = 0.9
"""A name has no check character."""
_MOST = 4
"""Candidates of one kind."""

_SPACES = re.compile(r"[\s\u3000]+")
_NUMBERISH = r"[0-9OoDQlIiZzSsBG|]"
# Not within a longer run of the same: half a number may pass a check by chance.
_ID = re.compile(rf"(?<![0-9A-Za-z])({_NUMBERISH}{{17}}(?:{_NUMBERISH}|[xX×]))(?![0-9A-Za-z])")
_CARD = re.compile(rf"(?<![0-9A-Za-z])((?:{_NUMBERISH}[ -]{{0,2}}){{12,18}}{_NUMBERISH})(?![0-9A-Za-z])")
_CAN = re.compile(r"(?:CAN[:： ]*)?([0-9]{6})", re.ASCII)
"""The card access number stands alone (ICAO 9303-11 clause 4.4.1)."""
_ID_LABEL = re.compile(r"^.*?(?:身份证?号码?|公民身份号码|身份证件?号码?|证件号码)[:：]?")
_NAME_LABEL = re.compile(r"^(?:姓名|户主姓名|持卡人姓名?|申请人姓名?|名称?姓名)[:：]?")
_NAME_LABELS = frozenset({"姓名", "户主姓名", "持卡人姓名", "申请人姓名", "持卡人"})
_NEXT_LABEL = re.compile("性别|民族|出生|身份|公民|[:：,，（(/]")
"""Where a name ends when what follows stands on the same line."""
_DOTS = str.maketrans({"•": "·", "・": "·", "‧": "·", "∙": "·", "⋅": "·", "●": "·", ".": "·", "。": "·"})
_HAN = r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_NAME = re.compile(rf"{_HAN}{{2,15}}|{_HAN}{{1,15}}(?:·{_HAN}{{1,15}}){{1,4}}")
_LONGEST_NAME = 30
_NOT_NAMES = frozenset(
    ["性别", "民族", "汉族", "曾用名", "出生", "出生地", "出生日期", "籍贯", "住址",
     "户主", "户别", "关系", "身份证", "公民", "身份", "号码", "职业", "文化程度",
     "婚姻状况", "服务处所", "登记日期", "签发机关", "有效期限", "常住人口", "户口簿", "银行", "样张",
     "本人", "配偶", "之子", "之女", "长子", "长女", "次子", "次女"]
)  # fmt: skip
"""Words that stand where a name is looked for when its own cell is empty."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line as it lies once the page is turned upright; ``line`` keeps where it was seen."""

    left: float
    top: float
    right: float
    bottom: float
    line: Line

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def find(lines: Iterable[Line], kinds: frozenset[Kind]) -> tuple[Suggestion, ...]:
    """What of ``kinds`` stands on a page."""
    clear = [line for line in lines if line.confidence >= CLEAR]
    found: list[Suggestion] = []
    if Kind.ID_NUMBER in kinds:
        found += _best(_id_numbers(clear))
    if Kind.NAME in kinds:
        found += _best(_names(clear))
    if Kind.BANK_CARD in kinds:
        found += _best(_bank_cards(clear))
    if Kind.CAN in kinds:
        found += [
            Suggestion(Kind.CAN, match[1], line.box, line.confidence)
            for line in clear
            if (match := _CAN.fullmatch(line.text))
        ][:_MOST]
    if Kind.MRZ in kinds:
        found += zone([each.line for each in sorted(_upright(clear), key=lambda each: each.middle)])
    return tuple(found)


def _best(candidates: Iterable[tuple[int, Suggestion]]) -> list[Suggestion]:
    """Each text once; first by rank (0 is best), then by confidence."""
    ordered = sorted(candidates, key=lambda each: (each[0], -each[1].confidence))
    texts: dict[str, Suggestion] = {}
    for _, suggestion in ordered:
        texts.setdefault(suggestion.text, suggestion)
    return list(texts.values())[:_MOST]


def _id_numbers(lines: list[Line]) -> Iterator[tuple[int, Suggestion]]:
    for line in lines:
        text = _SPACES.sub("", _ID_LABEL.sub("", line.text))
        for match in _ID.finditer(text):
            number = mended(match[1], last_may_be_x=True)
            if is_id_number(number):
                yield 0, Suggestion(Kind.ID_NUMBER, number, line.box, line.confidence)


def _bank_cards(lines: list[Line]) -> Iterator[tuple[int, Suggestion]]:
    for line in lines + _joined(lines):
        for match in _CARD.finditer(line.text):
            number = mended(re.sub(r"[ -]", "", match[1]), last_may_be_x=False)
            if is_bank_card(number) and not is_id_number(number):
                yield int(not number.startswith("62")), Suggestion(Kind.BANK_CARD, number, line.box, line.confidence)


def _joined(lines: list[Line]) -> list[Line]:
    """Groups of digits side by side, as they are embossed, put together again to one line."""
    groups = [each for each in _upright(lines) if re.fullmatch(rf"{_NUMBERISH}{{2,12}}", each.line.text)]
    joined: list[Line] = []
    for first in groups:
        row = sorted(
            (each for each in groups if abs(each.middle - first.middle) < 0.5 * first.height),
            key=lambda each: each.left,
        )
        if row[0] is not first or len(row) < 2:
            continue
        if all(right.left - left.right < 3 * first.height for left, right in pairwise(row)):
            ends = (row[0].line.box, row[-1].line.box)
            joined.append(
                Line(
                    text=" ".join(each.line.text for each in row),
                    box=(ends[0][0], ends[1][1], ends[1][2], ends[0][3]),
                    confidence=min(each.line.confidence for each in row),
                )
            )
    return joined


def _names(lines: list[Line]) -> Iterator[tuple[int, Suggestion]]:
    placed = _upright(lines)
    for here in placed:
        text = _SPACES.sub("", here.line.text)
        rest = _NAME_LABEL.sub("", text)
        if rest != text and (name := _name(rest)) is not None:
            yield from _named(name, here.line, 0)
        elif text.rstrip(":：") in _NAME_LABELS or _split_label(here, placed):
            for rank, near in enumerate((_beside(here, placed), _below(here, placed))):
                if near is not None and (name := _name(_SPACES.sub("", near.line.text))) is not None:
                    yield from _named(name, near.line, rank)
                    break


def _named(name: str, line: Line, rank: int) -> Iterator[tuple[int, Suggestion]]:
    if line.confidence >= _CLEAR_NAME:
        yield rank, Suggestion(Kind.NAME, name, line.box, line.confidence)


def _name(text: str) -> str | None:
    """``text`` if it may be a person's name, its dot the one of the standard (U+00B7, GB/T 42442)."""
    text = _NEXT_LABEL.split(text, 1)[0].translate(_DOTS).strip("·:：")
    if text in _NOT_NAMES or len(text) > _LONGEST_NAME or _NAME.fullmatch(text) is None:
        return None
    return text


def _split_label(here: _Placed, placed: list[_Placed]) -> bool:
    """Whether this is the 名 of a 姓 and a 名 that were read as two lines."""
    return _SPACES.sub("", here.line.text).rstrip(":：") == "名" and any(
        _SPACES.sub("", other.line.text) == "姓"
        and abs(other.middle - here.middle) < here.height
        and 0 < here.left - other.left < 6 * here.height
        for other in placed
    )


def _beside(label: _Placed, placed: list[_Placed]) -> _Placed | None:
    """The next line to the right of ``label``, at its height."""
    right = (
        each
        for each in placed
        if each is not label
        and each.left > label.left + 0.5 * (label.right - label.left)
        and abs(each.middle - label.middle) < 0.6 * max(each.height, label.height)
        and each.left - label.right < 8 * label.height
    )
    return min(right, key=lambda each: each.left, default=None)


def _below(label: _Placed, placed: list[_Placed]) -> _Placed | None:
    """The next line under ``label``, as in a table with its headings on top."""
    under = (
        each
        for each in placed
        if 0 < each.middle - label.middle < 4 * label.height
        and each.left < label.right
        and each.right > label.left
        and each is not label
    )
    return min(under, key=lambda each: each.top, default=None)


def _upright(lines: list[Line]) -> list[_Placed]:
    """The lines as they lie when the page is turned so that most of its writing runs from left to right."""
    votes = [0, 0, 0, 0]
    for line in lines:
        (x, y), (to_x, to_y) = line.box[0], line.box[1]
        across, down = to_x - x, to_y - y
        quarter = (0 if across >= 0 else 2) if abs(across) >= abs(down) else (1 if down > 0 else 3)
        votes[quarter] += len(line.text)
    turn = votes.index(max(votes))
    return [_placed(line, turn) for line in lines]


def _placed(line: Line, turn: int) -> _Placed:
    points = list(line.box)
    for _ in range(turn):  # a quarter turn against the clock: right becomes up
        points = [(y, -x) for x, y in points]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return _Placed(min(xs), min(ys), max(xs), max(ys), line)


# --- machine readable zones (ICAO 9303-3 clause 4; the 30-character line of exit-entry permits) -----------------------

_ZONE_LINE = re.compile(r"[A-Z0-9<]{24,50}", re.ASCII)
"""Somewhat more and less than 30 to 44: fillers are miscounted."""
_ZONE_DIGITS = 12
"""A line without a filler is one of numbers and dates."""
_ZONE_DOUBLES = str.maketrans(
    {
        "《": "<<",
        "〈": "<",
        "＜": "<",
        "«": "<<",
        "‹": "<",
        "(": "<",
        "く": "<",
        "ㄑ": "<",
        "≤": "<",
        "|": "I",
        " ": "",
        "\u3000": "",
    }
)


def zone_line(text: str) -> str | None:
    """``text`` if it may be a line of a machine readable zone. What it says is for others to check and to mend."""
    text = text.translate(_ZONE_DOUBLES).upper()
    if "<" not in text and sum(map(str.isdigit, text)) < _ZONE_DIGITS:
        return None
    return text if _ZONE_LINE.fullmatch(text) else None


def zone(lines: Sequence[Line]) -> tuple[Suggestion, ...]:
    """The lines of a zone, upper first, of lines that were read in that order."""
    found: list[Suggestion] = []
    for line in lines:
        text = zone_line(line.text) if line.confidence >= CLEAR else None
        if text is not None:
            found.append(Suggestion(Kind.MRZ, text, line.box, line.confidence))
    return tuple(found)
