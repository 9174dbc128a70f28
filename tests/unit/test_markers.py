"""The search for planted words finds them, however they were packed: or else its silence would mean nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.markers import marks_in, spellings

TEXT = "王秀英 33072619500101123X"
PACKINGS: list[Callable[[str], bytes]] = [
    lambda text: text.encode(),
    lambda text: text.encode("utf-16"),
    lambda text: text.encode("gb18030"),
    lambda text: json.dumps({"a": text}).encode(),
    lambda text: text.encode().hex().encode(),
    *(lambda text, before=before: base64.b64encode(b"x" * before + text.encode() + b"yz") for before in range(4)),
    *(lambda text, before=before: base64.urlsafe_b64encode(b"?" * before + text.encode("utf-16")) for before in (1, 2)),
]


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("text", [TEXT, "王秀英", "13812345678"])
def test_a_planted_word_is_found(tmp_path: Path, pack: Callable[[str], bytes], text: str) -> None:
    hiding, clean = tmp_path / "hiding", tmp_path / "clean"
    hiding.write_bytes(b"\0" * 5000 + pack(text) + b"\xff" * 50)
    clean.write_bytes(pack("another text of no concern"))
    assert {path for path, _ in marks_in([hiding, clean, tmp_path / "gone"], spellings(text))} == {hiding}
