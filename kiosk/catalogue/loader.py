"""Reads matters from YAML and refuses what would only fail in front of a resident.

A catalogue file is untrusted: it is bounded in size, unknown keys are refused, and every condition and pattern is
tried here.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from kiosk.catalogue.conditions import Value, holds
from kiosk.catalogue.model import DigitsQuestion, Matter

LARGEST = 256 * 1024
"""Bytes of one catalogue file."""

_SAMPLE: dict[str, Value] = {"applicant": {"age": 40, "sex": "female"}, "on_behalf": False}


class CatalogueError(Exception):
    """A catalogue file that cannot be used; the text names the file, the place and the reason."""


def parse(text: str, origin: str) -> Matter:
    """One matter from YAML ``text``; ``origin`` names it in errors. Raises :class:`CatalogueError`."""
    if len(text.encode()) > LARGEST:
        raise CatalogueError(f"{origin}: larger than {LARGEST} bytes")
    try:
        matter = Matter.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as failure:
        raise CatalogueError(f"{origin}: not YAML: {failure}") from failure
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(f"{origin}: {place}: {first['msg']}") from failure
    try:
        facts = _SAMPLE | {"answers": {question.id: "" for question in matter.questions}}
        for part in (*matter.questions, *matter.materials, *matter.refusals):
            holds(part.when, facts)
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
    matters = tuple(parse(entry.read_text("utf-8"), entry.name) for entry in entries)
    if len({matter.id for matter in matters}) != len(matters):
        raise CatalogueError("two catalogue files carry the same matter id")
    return matters
