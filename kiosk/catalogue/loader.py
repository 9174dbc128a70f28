"""Reads matters from YAML and refuses what would only fail in front of a resident.

A catalogue file is untrusted: it is bounded in size and depth, has no aliases (a few lines of them can grow to
gigabytes) and no key twice, unknown keys are refused, and every condition and pattern is tried here, each condition
with nothing answered yet as well as with everything answered.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from kiosk.catalogue.conditions import Value, holds
from kiosk.catalogue.model import DigitsQuestion, Matter

LARGEST = 256 * 1024
"""Bytes of one catalogue file."""

_SAMPLE: dict[str, Value] = {"applicant": {"age": 40, "sex": "female"}, "on_behalf": False}
_DEEPEST = 32


class CatalogueError(Exception):
    """A catalogue file that cannot be used; the text names the file, the place and the reason."""


class _Loader(yaml.SafeLoader):
    """YAML as far as a catalogue needs it."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
            raise yaml.YAMLError("aliases are not used in a catalogue")
        if self.depth == _DEEPEST:
            raise yaml.YAMLError("nested too deeply")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key!r} stands there twice, line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


def parse(text: str, origin: str) -> Matter:
    """One matter from YAML ``text``; ``origin`` names it in errors. Raises :class:`CatalogueError`."""
    if len(text.encode()) > LARGEST:
        raise CatalogueError(f"{origin}: larger than {LARGEST} bytes")
    try:
        matter = Matter.model_validate(yaml.load(text, _Loader))  # noqa: S506 - a SafeLoader, made stricter  # nosec B506
    except yaml.YAMLError as failure:
        raise CatalogueError(f"{origin}: not YAML: {failure}") from failure
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(f"{origin}: {place}: {first['msg']}") from failure
    except (ValueError, OverflowError) as failure:  # a date that is none, an escape that is no character
        raise CatalogueError(f"{origin}: not YAML: {failure}") from failure
    try:
        answered: dict[str, Value] = {question.id: "" for question in matter.questions}
        for answers in ({}, answered):
            for part in (*matter.questions, *matter.materials, *matter.refusals):
                holds(part.when, _SAMPLE | {"answers": answers})
        for question in matter.questions:
            if isinstance(question, DigitsQuestion) and not question.accepts(question.example):
                raise ValueError(f"{question.id}: its example does not match its pattern")
    except (ValueError, re.error) as failure:
        raise CatalogueError(f"{origin}: {failure}") from failure
    return matter


def load(folder: Path | None = None) -> tuple[Matter, ...]:
    """All matters of ``folder`` (by default those shipped), by id. Raises :class:`CatalogueError`."""
    source = files("kiosk.catalogue") / "data" if folder is None else folder
    entries = sorted(
        (entry for entry in source.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name
    )
    matters: list[Matter] = []
    for entry in entries:
        try:
            text = entry.read_bytes().decode("utf-8")
        except UnicodeDecodeError as failure:
            raise CatalogueError(f"{entry.name}: not UTF-8") from failure
        matters.append(parse(text, entry.name))
    if len({matter.id for matter in matters}) != len(matters):
        raise CatalogueError("two catalogue files carry the same matter id")
    return tuple(matters)
