"""The hall's words: how much of a person is shown, how old someone is, and that no trouble is without words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from devices.camera.api import CameraTrouble, Finding
from devices.card.api import CardTrouble
from devices.printer.api import PrinterTrouble
from devices.speech.api import SpeechTrouble, Utterance
from kiosk.domain.resident import Resident, Sex, mask_id_number, mask_name, mask_phone
from kiosk.domain.spoken import LINES, Line
from kiosk.domain.trouble import TROUBLES, explain
from kiosk.domain.words import LANGUAGES, Text
from kiosk.journey.scanned import (
    EnrolmentCode,
    MatterCode,
    NewerCode,
    NoticeCode,
    ScannedCode,
    SlipCode,
    UnknownCode,
    trouble_of,
)
from offline_queue.numbers import SlipCodeTrouble

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王秀英", "王*英"),
        ("李建", "李*"),
        ("李", "*"),
        ("", "*"),
        ("欧阳建国", "欧*国"),
        ("阿卜杜热合曼·吾布力", "阿*力"),
        ("𬭚䶮㛃", "𬭚*㛃"),
    ],
)
def test_a_name_shows_two_characters_at_most(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("932682196803150025", "932*************25"),
        ("93268219680315002X", "932*************2X"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_an_identity_number_shows_region_and_end_only(number: str, shown: str) -> None:
    assert mask_id_number(number) == shown
    assert len(shown) == len(number)


@pytest.mark.parametrize(
    ("phone", "shown"), [("13812345678", "138****5678"), ("12345678", "123*5678"), ("1234567", "*******"), ("", "")]
)
def test_a_phone_number_hides_its_middle(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


def _born(day: date) -> Resident:
    return Resident("王秀英", "x", Sex.FEMALE, day, "social-security-card", "unsigned")


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        (date(2010, 11, 23), date(2026, 11, 22), 15),
        (date(2010, 11, 23), date(2026, 11, 23), 16),
        (date(2010, 11, 23), date(2026, 11, 24), 16),
        (date(2008, 2, 29), date(2024, 2, 28), 15),
        (date(2008, 2, 29), date(2024, 2, 29), 16),
        # A year without 29 February: the birthday is over on 1 March.
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2000, 12, 31), date(2026, 1, 1), 25),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
    ],
)
def test_age_is_counted_in_full_years(born: date, today: date, age: int) -> None:
    assert _born(born).age_on(today) == age


@pytest.mark.parametrize("code", [*CardTrouble, *PrinterTrouble, *SpeechTrouble])
def test_every_trouble_of_a_device_has_words(code: CardTrouble | PrinterTrouble | SpeechTrouble) -> None:
    assert explain(code.value).code == code.value


def test_every_finding_of_the_camera_has_words_of_its_own() -> None:
    """Findings are told by the view-models, in the language of the screen."""
    tree = ast.parse((ROOT / "ui" / "viewmodels" / "base.py").read_text("utf-8"))
    told = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "finding_words")
    cases = {
        node.value.attr: ast.unparse(case.body[-1])
        for case in ast.walk(told)
        if isinstance(case, ast.match_case)
        for node in ast.walk(case.pattern)
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Attribute)
    }
    assert set(cases) == {finding.name for finding in Finding}
    assert len(set(cases.values())) == len(cases)


def test_every_trouble_of_the_camera_has_words() -> None:
    assert {trouble.value for trouble in CameraTrouble} <= TROUBLES.keys()


def test_every_trouble_of_a_code_has_words() -> None:
    assert {trouble.value for trouble in SlipCodeTrouble} - {"not-a-slip"} <= TROUBLES.keys()
    day = date(2026, 11, 23)
    others: list[ScannedCode] = [
        MatterCode("d", "m"), NoticeCode("d", "m", day), EnrolmentCode("d", "t"), NewerCode(), UnknownCode(),
    ]  # fmt: skip
    said = [trouble_of(code) for code in others]
    assert len(set(said)) == len(others)
    assert set(said) <= TROUBLES.keys()
    assert trouble_of(SlipCode("x")) is None


def _codes_in(folder: Path) -> Iterator[tuple[str, str]]:
    """What is given to ``explain``, ``tell_trouble``, ``trouble`` or as an event's trouble, as written in the code."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = {"explain", "tell_trouble", "trouble", "StoreFailed", "LookedUp", "_tell"}
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in named:
                given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "trouble")]
                yield from (
                    (value.value, f"{path.name}:{value.lineno}")
                    for argument in given
                    for value in ast.walk(argument)
                    if isinstance(value, ast.Constant) and isinstance(value.value, str) and "-" in value.value
                )


def test_every_code_that_the_terminal_speaks_has_words() -> None:
    used = [found for folder in ("kiosk", "ui/viewmodels") for found in _codes_in(ROOT / folder)]
    assert {"storage-full", "nothing-found", "lookup-failed", "uid-unknown", "camera-none"} <= {
        code for code, _ in used
    }
    assert [(code, where) for code, where in used if code not in TROUBLES] == []


def test_words_are_whole_sentences_in_both_languages() -> None:
    for code, trouble in TROUBLES.items():
        assert trouble.code == code
        for text in (trouble.message, trouble.remedy):
            assert text.zh.endswith("。") or code == "uid-unknown", text
            assert text.en.endswith("."), text
            assert text.en.isascii(), text
            assert len(text.en) <= 80, text
    messages = [trouble.message.zh for trouble in TROUBLES.values()]
    assert len(set(messages)) == len(messages)


def test_every_sentence_can_be_said_in_every_language() -> None:
    assert set(LINES) == set(Line)
    for text in LINES.values():
        for language in LANGUAGES:
            words = Utterance(text(language), language).text
            assert words.endswith(("。", "."))
            assert not any(character.isdigit() for character in words)  # a recording cannot count
        assert text.en.isascii()


def test_an_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        explain("on-fire")


def test_a_text_is_given_in_the_language_asked_for() -> None:
    text = Text(zh="你好", en="Hello")
    assert [text(language) for language in LANGUAGES] == ["你好", "Hello"]
