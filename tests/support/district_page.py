"""What docs/district.md tells to do by hand, for tests that do just that."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent


def lines(title: str, instead: dict[str, str] | None = None) -> str:
    """The script that stands there under that title, for other places."""
    page = (Path(__file__).parents[2] / "docs" / "district.md").read_text("utf-8")
    script = dedent(page.partition(f"    # {title}")[2].partition("\n\n")[0].partition("\n")[2])
    assert script, title
    for there, here in (instead or {}).items():
        script = script.replace(there, here)
    return script
