"""What a resident filled in, as staff read it: questions as they were asked, answers as they were offered, long numbers
masked.

A form is what its terminal made of it. Where no published catalogue knows the matter, or an older one asked, questions
and answers have the words of the matters that terminals come with; beyond those they stand as they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from pydantic import JsonValue

from district.web.language import say
from district.web.words import LABELS, day, local

_DATE_OR_NUMBER = re.compile(r"(?P<date>(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d))|\d(?:[ -]?\d){6,}[Xx]?")
"""Seven digits and more are a number of somebody: of an identity card, an account, a telephone. As they may be typed:
in groups, and in any script's digits."""
_LONG = 11
"""Digits of a mobile telephone: of so many and more, the first three and the last four are shown."""
_NUMBERED = ("id_number", "document_number")
_TIMES = ("at", "signed_at", "time", "created")

SAID: dict[str, dict[str, str]] = {
    "language": {"zh": "中文", "en": "英文"},
    "sex": {"male": "男", "female": "女"},
    "identified_by": {
        "resident-identity-card": "居民身份证",
        "social-security-card": "社会保障卡",
        "travel-document": "护照或出入境证件",
        "belgian-identity-card": "比利时身份证",
        "mykad": "马来西亚身份证",
        "thai-identity-card": "泰国身份证",
    },
    "assurance": {
        "chip_authenticated": "芯片验证通过，不是复制的",
        "signed": "卡上信息有发证机关的签名，核对无误",
        "sam_verified": "经过专用安全模块读出",
        "unsigned": "读自卡上，没有签名可以核对",
    },
    "hukou": {"rural": "农业户口", "urban": "非农业户口", "resident": "居民户口（不分农业非农业）"},
    "contact": {"nobody": "不用，只找我"},
}
"""Values by the name they stand under: what terminals write of themselves, and the answers of the matters that they
come with."""


class Catalogue(Protocol):
    """The words of the published catalogue, or the platform's own; None where there are none."""

    def label(self, text: str) -> str: ...

    def question(self, matter: str, question: str) -> str | None: ...

    def option(self, matter: str, question: str, value: str) -> str | None: ...

    def place(self, matter: str, question: str) -> int:
        """Where among the matter's questions this one is asked; those that are none of them come last."""
        ...


def filled_in(
    form: Mapping[str, JsonValue], catalogue: Catalogue, *, openly: bool = False
) -> Iterator[tuple[str, str]]:
    """What was filled in, in order, as label and value; long numbers masked unless `openly`."""
    matter, answers, written = form.get("matter"), form.get("answers"), form.get("written")
    by_hand: list[JsonValue] = []
    if isinstance(answers, dict) and isinstance(written, list) and all(one in answers for one in written):
        by_hand = written
    for key, value in _sorted(form):
        if key == "answers" and isinstance(value, dict) and isinstance(matter, str):
            # A form is sent with its names in the alphabet's order; it was asked in another.
            for question, answer in sorted(value.items(), key=lambda one: catalogue.place(matter, one[0])):
                yield from _answer(catalogue, matter, question, answer, by_hand=question in by_hand, openly=openly)
        elif key != "written" or value != by_hand:
            yield from _flat(catalogue, (catalogue.label(key),), key, value, openly)


def masked(text: str) -> str:
    """`text` with the middle of every long number replaced: 330***********123X, 138****0000, *****67."""

    def hide(found: re.Match[str]) -> str:
        if found["date"]:
            return found[0]
        number = re.sub("[ -]", "", found[0])
        first, last = (3, 4) if len(number) >= _LONG else (0, 2)
        return f"{number[:first]}{'*' * (len(number) - first - last)}{number[-last:]}"

    return _DATE_OR_NUMBER.sub(hide, text)


def _answer(
    catalogue: Catalogue, matter: str, question: str, answer: JsonValue, *, by_hand: bool, openly: bool
) -> Iterator[tuple[str, str]]:
    asked = catalogue.question(matter, question) or catalogue.label(question)
    chosen = catalogue.option(matter, question, answer) if isinstance(answer, str) and not by_hand else None
    if chosen is not None:
        yield asked, chosen
        return
    for label, said in _flat(catalogue, (asked,), question, answer, openly):
        yield label, say("{}（手写）").format(said) if by_hand else said


def _sorted(form: Mapping[str, JsonValue]) -> list[tuple[str, JsonValue]]:
    """In the order that people tell it: the name first. What has no label comes last, as it came."""
    order = {key: place for place, key in enumerate(LABELS)}
    return sorted(form.items(), key=lambda item: order.get(item[0], len(order)))


def _flat(
    catalogue: Catalogue, labels: tuple[str, ...], key: str, value: JsonValue, openly: bool
) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in _sorted(value):
            yield from _flat(catalogue, (*labels, catalogue.label(name)), name, inner, openly)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _flat(catalogue, (*labels, str(number)), key, inner, openly)
    else:
        yield " · ".join(labels), _said(catalogue, key, value, openly)


def _said(catalogue: Catalogue, key: str, value: str | float | bool | None, openly: bool) -> str:
    if isinstance(value, bool | None):
        return "—" if value is None else say("是" if value else "否")
    text = str(value)
    if key == "matter":
        return catalogue.label(text)
    if key == "birth_date":
        return day(text)
    told = local(text) if key in _TIMES else say(SAID[key][text]) if text in SAID.get(key, {}) else text
    if openly:
        return told
    if key in _NUMBERED and told == masked(told) and len(told) > 4:  # another kind of document's number
        return f"{told[:1]}***********{told[-3:]}"
    return masked(told)
