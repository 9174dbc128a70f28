"""What the catalogue refuses, so that it does not fail in front of a resident; and that what ships is good."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from pydantic import BaseModel, ValidationError

from kiosk.catalogue import schema
from kiosk.catalogue.conditions import holds
from kiosk.catalogue.loader import LARGEST, CatalogueError, load, parse
from kiosk.catalogue.model import DigitsQuestion, Material
from kiosk.domain.words import Text

GOOD = """
id: residence-proof
title: {zh: 居住证明, en: Proof of residence}
summary: {zh: 短, en: Short}
theme: {zh: 户籍, en: Household}
icon: home
guide:
  who: {zh: 居民, en: Residents}
  needs: [{zh: 卡, en: Card}]
  minutes: 3
  days: {zh: 一天, en: One day}
  cost: {zh: 免费, en: Free}
consent: {version: "1", points: [{zh: 同意, en: Agree}]}
refusals:
  - {id: minor, when: applicant.age < 16, title: {zh: 小, en: Young}, body: {zh: 等, en: Wait}}
questions:
  - kind: digits
    id: phone
    ask: {zh: 电话, en: Phone}
    pattern: 1[0-9]{10}
    longest: 11
    example: "13000000000"
    wrong: {zh: 不对, en: Wrong}
  - kind: choice
    id: kind
    when: applicant.sex == 'female' && !on_behalf
    ask: {zh: 哪一种, en: Which kind}
    options: [{value: a, label: {zh: 甲, en: A}}]
materials:
  - id: paper
    when: has(answers.kind) && answers.kind == 'a'
    name: {zh: 纸, en: Paper}
    ask: {zh: 放, en: Lay}
    hint: {zh: 平, en: Flat}
"""


def test_the_example_is_good() -> None:
    matter = parse(GOOD, "good.yaml")
    assert (matter.id, len(matter.questions), matter.materials[0].most) == ("residence-proof", 2, 4)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("icon: home", "icon: home\ncolour: red", "bad.yaml: colour: Extra inputs"),
        ("icon: home\n", "", "bad.yaml: icon: Field required"),
        ("{zh: 短, en: Short}", "{zh: 短}", "bad.yaml: summary.en: Field required"),
        ("{zh: 甲, en: A}", "{zh: 甲, en: A, ug: A}", r"label\.ug: Extra inputs"),
        ("id: paper", "id: phone", "two parts share an id"),
        ("id: paper", "id: minor", "two parts share an id"),
        ("id: residence-proof", "id: ../../etc", "bad.yaml: id: "),
        ("applicant.age < 16", "applicant.age <", "Failed to parse"),
        ("applicant.age < 16", "applicant.height < 160", "height"),
        ("applicant.age < 16", "applicant.age + 16", "not true or false"),
        ("applicant.age < 16", "__import__('os').getpid() > 0", "__import__"),
        ("has(answers.kind) && ", "", "kind"),  # unanswered until it is asked
        ('example: "13000000000"', 'example: "23000000000"', "phone: its example does not match"),
        ('example: "13000000000"', 'example: "１3000000000"', "phone: its example does not match"),
        ("longest: 11", "longest: 10", "phone: its example does not match"),
        ("longest: 11", "longest: 33", "longest: Input should be less"),
        ("pattern: 1[0-9]{10}", "pattern: 1[0-9", "unterminated character set"),
        ("kind: digits", "kind: free-text", "questions.0: Input tag 'free-text'"),
        ("minutes: 3", "minutes: soon", "guide.minutes: "),
        ("options: [{value: a, label: {zh: 甲, en: A}}]", "options: everyone", "questions.1.choice.options"),
        ("icon: home", "icon: &x home\ntheme2: *x", "aliases are not used"),
        ("icon: home", "icon: home\nicon: home-2", "'icon' stands there twice"),
        ("icon: home", "icon: " + "[" * 4000, "nested too deeply"),
        ("icon: home", "icon: 2026-13-45", "not YAML"),
        ("icon: home", "icon: !!python/name:os.system", "not YAML"),
        ("icon: home", "icon: [", "not YAML"),
        ("icon: home", 'icon: "\\UFFFFFFFF"', "not YAML"),
        ("icon: home", "icon: home\n# " + "长" * (LARGEST // 3), "larger than"),
    ],
)
def test_what_would_fail_in_front_of_a_resident_is_refused(before: str, after: str, said: str) -> None:
    assert before in GOOD
    with pytest.raises(CatalogueError, match=said) as refused:
        parse(GOOD.replace(before, after, 1), "bad.yaml")
    assert str(refused.value).startswith("bad.yaml: ")


@pytest.mark.parametrize("text", ["", "[]", "just words", "42"])
def test_anything_but_a_matter_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"^x\.yaml: "):
        parse(text, "x.yaml")


def test_a_folder_is_read_by_name_and_nothing_but_yaml(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "a.yaml").write_text(GOOD.replace("residence-proof", "another"), "utf-8")
    (tmp_path / "notes.txt").write_text("[", "utf-8")
    assert [matter.id for matter in load(tmp_path)] == ["another", "residence-proof"]


def test_two_files_with_the_same_matter_are_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    with pytest.raises(CatalogueError, match="same matter id"):
        load(tmp_path)


def test_a_file_that_is_not_utf8_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(CatalogueError, match=r"^old\.yaml: not UTF-8$"):
        load(tmp_path)


def test_conditions_only_ever_answer_true_or_false() -> None:
    facts = {"applicant": {"age": 60, "sex": "male"}, "on_behalf": True, "answers": {"a": "1"}}
    assert holds(None, facts)
    assert holds("applicant.age >= 60 && on_behalf && answers.a == '1'", facts)
    assert not holds("applicant.sex == 'female'", facts)
    with pytest.raises(ValueError, match="not true or false"):
        holds("answers.a", facts)
    with pytest.raises(ValueError, match="nobody"):
        holds("nobody.age > 1", facts)


def _texts(part: object) -> list[Text]:
    match part:
        case Text():
            return [part]
        case BaseModel():
            return [text for name in type(part).model_fields for text in _texts(getattr(part, name))]
        case tuple():
            return [text for each in cast("tuple[object, ...]", part) for text in _texts(each)]
        case _:
            return []


def test_what_ships_speaks_both_languages_everywhere() -> None:
    matters = load()
    assert "pension-enrolment" in {matter.id for matter in matters}
    texts = [text for matter in matters for text in _texts(matter)]
    assert len(texts) > 30
    for text in texts:
        assert text.zh.strip()
        assert text.en.strip()
        assert any("一" <= character <= "鿿" for character in text.zh), text
        assert text.en.isascii(), text
    for matter in matters:
        assert matter.questions


@pytest.mark.parametrize(
    "wrong",
    [{"pages": 5}, {"most": 7, "sides": 2}, {"sides": 2, "short_side_mm": 210}, {"largest_kb": 1}, {"sides": 3}],
)
def test_a_material_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    words = {"zh": "身份证", "en": "Identity card"}
    plain: dict[str, object] = {"id": "card", "name": words, "ask": words, "hint": words, "short_side_mm": 54}
    card = Material.model_validate({**plain, "sides": 2, "pages": 1, "most": 2})
    assert (card.fewest_shots, card.most_shots) == (2, 4)
    with pytest.raises(ValidationError):
        Material.model_validate({**plain, **wrong})


def test_the_phone_number_of_the_pension_is_eleven_ascii_digits() -> None:
    (pension,) = (matter for matter in load() if matter.id == "pension-enrolment")
    phone = next(question for question in pension.questions if isinstance(question, DigitsQuestion))
    assert phone.accepts("13812345678")
    for wrong in ("", "1381234567", "138123456789", "12812345678", "１3812345678", "13812345678\n"):
        assert not phone.accepts(wrong), wrong


def test_the_schema_is_that_of_the_models() -> None:
    assert schema.FILE.read_text("utf-8") == schema.schema(), "run python -m kiosk.catalogue.schema"
