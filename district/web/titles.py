"""What matters and their materials are called: as the newest catalogue that the district published says.

It was looked at when it was published; here only its names are read, once for each version. A matter that no catalogue
knows is shown by its code.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any, cast

import yaml
from sqlalchemy import Engine, func, select

from district.catalogue import Catalogues
from district.tables import CATALOGUES
from district.web import words


class Titles:
    """Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._version: int | None = None
        self._names: dict[str, str] = {}

    def look(self) -> None:
        """Take up the newest catalogue, if it is another than before."""
        with self._engine.connect() as connection:
            version = connection.execute(select(func.max(CATALOGUES.c.version))).scalar()
        with self._lock:
            if version == self._version:
                return
            newest = Catalogues(self._engine).newest()
            self._names = {} if newest is None else dict(_names(newest.package))
            self._version = version

    def label(self, text: str) -> str:
        return self._names.get(text) or words.label(text)


def _names(package: bytes) -> Iterator[tuple[str, str]]:
    inside = json.loads(base64.b64decode(json.loads(package)["content"]))
    for file in inside["files"]:
        try:
            matter = yaml.load(file["text"], Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            continue  # terminals leave it out, too
        yield from _named(matter, "title")
        materials = cast("dict[str, Any]", matter).get("materials") if isinstance(matter, dict) else None
        for material in cast("list[Any]", materials) if isinstance(materials, list) else ():
            yield from _named(material, "name")


def _named(thing: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(thing, dict):
        told = cast("dict[str, Any]", thing)
        match told.get("id"), told.get(key):
            case str(code), {"zh": str(name)}:
                yield code, name
            case _:
                pass
