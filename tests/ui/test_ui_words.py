"""The committed translations are complete and as the sources would have them."""

from __future__ import annotations

from ui.i18n.translate import stale


def test_translations_are_fresh_and_complete() -> None:
    assert stale() == []
