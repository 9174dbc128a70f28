"""Looks for planted words in every byte of files, in whatever spelling they may have got there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

_SHORTEST = 6
"""Shorter base64 turns up in other files by chance."""


def spellings(text: str) -> frozenset[bytes]:
    """``text`` in the encodings, escapes and packings in which programs leave it behind."""
    plain = [text.encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")]
    escaped = {json.dumps(text).strip('"').encode(), quote(text).encode()}
    packed = {one for content in plain for one in _packed(content)}
    return frozenset({*plain, *escaped, *packed})


def _packed(content: bytes) -> Iterator[bytes]:
    yield content.hex().encode()
    yield content.hex().upper().encode()
    # Base64 of a longer text shows this one in one of three ways, by where in a group of three bytes it begins.
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + content)
        inner = whole[-(-before * 8 // 6) : (before + len(content)) * 8 // 6]
        if len(inner) >= _SHORTEST:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def marks_in(files: Iterable[Path], marks: Iterable[bytes]) -> list[tuple[Path, bytes]]:
    """Which marks lie where. A file that is gone meanwhile holds none."""
    hits: list[tuple[Path, bytes]] = []
    wanted = list(marks)
    for path in files:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        hits += [(path, mark) for mark in wanted if mark in content]
    return hits
