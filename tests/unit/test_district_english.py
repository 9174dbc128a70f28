"""The staff page says all of its own texts in English, too, and nothing is translated that it does not say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from jinja2 import Environment

import district.web
from district.web import filled_in, words
from district.web.english import ENGLISH
from district.web.language import preferred

WEB = Path(district.web.__file__).parent
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
HOLES = re.compile(r"%\(\w+\)s|\{\}")


def of_templates() -> Iterator[str]:
    pages = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    for file in (WEB / "templates").glob("*.html"):
        for _, _, text in cast("Any", pages).extract_translations(file.read_text("utf-8")):
            # With holes in it, it comes with what fills them, as None.
            yield text if isinstance(text, str) else cast("tuple[str, ...]", text)[0]


def of_code() -> Iterator[str]:
    """What `say` is called with as it stands, also where it is one of two."""
    for file in WEB.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "say":
                told = call.args[0]
                for one in (told.body, told.orelse) if isinstance(told, ast.IfExp) else (told,):
                    if isinstance(one, ast.Constant):
                        yield str(one.value)


def of_words(*kept: Mapping[Any, Any]) -> Iterator[str]:
    for one in kept:
        for value in one.values():
            if isinstance(value, Mapping):
                yield from of_words(cast("Mapping[Any, Any]", value))
            else:
                yield str(value)


KEPT = ("STEPS", "MOVES", "ROLES", "RATINGS", "RECORDS", "LABELS", "ILLS", "_TRIED", "_UNFIT", "_REFUSALS")
SAID = {*of_templates(), *of_code(), *of_words(*(getattr(words, name) for name in KEPT), filled_in.SAID)}
ELSEWHERE = {"改密码时，现在的密码不对", "退出其他登录时，密码不对"}  # words of a case of their own


def test_every_text_is_there_in_english_and_no_other() -> None:
    assert len(SAID) > 250
    said = {one for one in SAID if CHINESE.search(one)} | ELSEWHERE
    assert said - set(ENGLISH) == set()
    assert set(ENGLISH) - said == set()


def test_english_is_english_and_has_the_same_holes() -> None:
    for chinese, english in ENGLISH.items():
        assert not CHINESE.search(english), english
        assert english
        assert sorted(HOLES.findall(english)) == sorted(HOLES.findall(chinese)), chinese


def test_no_chinese_stands_in_a_template_without_a_way_to_english() -> None:
    for file in (WEB / "templates").glob("*.html"):
        text = file.read_text("utf-8")
        for said in (
            r"\{% trans .*?endtrans %\}",
            r"\{% trans %\}.*?endtrans %\}",
            r"_\('[^']*'",
            r'lang="zh-CN">中文<',
        ):
            text = re.sub(said, "", text, flags=re.DOTALL)
        assert [line for line in text.splitlines() if CHINESE.search(line)] == [], file.name


@pytest.mark.parametrize(
    ("cookies", "accepted", "language"),
    [
        ({}, "", "zh"),
        ({}, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ({}, "en-US,en;q=0.9", "en"),
        ({}, "en;q=0.5, zh-TW", "zh"),
        ({}, "ug, en;q=0.7, zh;q=0.3", "en"),
        ({}, "en;q=0, fr", "zh"),
        ({}, "fr-FR, *", "zh"),
        ({}, "en;q=x,;q=,,\x00", "zh"),
        ({"language": "en"}, "zh-CN", "en"),
        ({"__Host-language": "zh"}, "en", "zh"),
        ({"language": "<script>"}, "en", "zh"),
    ],
)
def test_the_choice_comes_before_the_browser_and_chinese_before_what_is_not_ours(
    cookies: dict[str, str], accepted: str, language: str
) -> None:
    assert preferred(cookies, accepted) == language
