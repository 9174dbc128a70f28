"""What matters, materials, questions and their options are called: as the newest catalogue that the district published
says.

It was looked at when it was published; here only its words are read, once for each version. A matter that no catalogue
knows is shown by its code.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import yaml
from sqlalchemy import Engine

from district.catalogue import Catalogues
from district.web import words
from district.web.language import Language, language, say


@dataclass(frozen=True, slots=True)
class _Words:
    """Names by code; questions by matter and question; options by matter, question and value. Where a question offers
    the hall's own villages, each hall has its list, and its value is a number in that."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    questions: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    options: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])
    of_the_hall: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])


class Titles:
    """In the language of the page. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._catalogues = Catalogues(engine)
        self._lock = threading.Lock()
        self._version = 0
        self._known: dict[Language, _Words] = {}

    def look(self) -> None:
        """Take up the newest catalogue, if it is another than before."""
        newest = self._catalogues.newest()
        with self._lock:
            if newest is None or newest.version <= self._version:
                return
            package = self._catalogues.package(newest.version)
            inside = json.loads(base64.b64decode(json.loads(package)["content"]))
            self._known = {"zh": _words(inside, "zh"), "en": _words(inside, "en")}
            self._version = newest.version

    @property
    def _words(self) -> _Words:
        return self._known.get(language(), _Words())

    def label(self, text: str) -> str:
        return self._words.names.get(text) or words.label(text)

    def question(self, matter: str, question: str) -> str | None:
        return self._words.questions.get((matter, question))

    def place(self, matter: str, question: str) -> int:
        asked = list(self._words.questions)
        return asked.index((matter, question)) if (matter, question) in self._words.questions else len(asked)

    def option(self, matter: str, question: str, value: str) -> str | None:
        known = self._words
        if (matter, question) in known.of_the_hall:
            return say("{}（大厅名单里的编号）").format(value)
        return known.options.get((matter, question, value))


def _words(inside: Any, said_in: Language) -> _Words:
    found = _Words()
    for file in inside["files"]:
        try:
            told = yaml.load(file["text"], Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            continue  # terminals leave it out, too
        for matter, title in _named([told], "id", "title", said_in):
            found.names[matter] = title
            found.names.update(_named(_list(told, "materials"), "id", "name", said_in))
            questions = _list(told, "questions")
            found.questions.update(((matter, one), ask) for one, ask in _named(questions, "id", "ask", said_in))
            for one, question in _parts(questions):
                options = _named(_list(question, "options"), "value", "label", said_in)
                found.options.update(((matter, one, value), label) for value, label in options)
                if question.get("options") == "villages":
                    found.of_the_hall.add((matter, one))
    return found


def _list(thing: Any, key: str) -> list[Any]:
    told = cast("dict[str, Any]", thing).get(key) if isinstance(thing, dict) else None
    return cast("list[Any]", told) if isinstance(told, list) else []


def _named(things: list[Any], code: str, name: str, said_in: Language) -> Iterator[tuple[str, str]]:
    """The code and the name of each of these that has both; in Chinese where it has no other."""
    for one, thing in _parts(things, code):
        match thing.get(name):
            case {"en": str(text)} if said_in == "en":
                yield one, text
            case {"zh": str(text)}:
                yield one, text
            case _:
                pass


def _parts(things: list[Any], code: str = "id") -> Iterator[tuple[str, dict[str, Any]]]:
    for thing in things:
        if isinstance(thing, dict):
            told = cast("dict[str, Any]", thing)
            if isinstance(told.get(code), str):
                yield told[code], told
