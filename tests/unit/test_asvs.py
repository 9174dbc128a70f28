"""docs/asvs.md speaks of every point of the standard, and promises tests by name: each is one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The levels of the points of each section, in their order: OWASP Application Security Verification Standard 5.0.0.
LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
    "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3", "3.7": "22333",
    "4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223",
    "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
    "8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222", "10.6": "22",
    "10.7": "222",
    "11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
    "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122",
    "15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip
LEVEL = {f"{section}.{number}": level for section, all_ in LEVELS.items() for number, level in enumerate(all_, 1)}
ASKED = {point for point, level in LEVEL.items() if level in "12"}


def page() -> dict[str, str]:
    """The page's parts by their headings."""
    written = (ROOT / "docs" / "asvs.md").read_text("utf-8")
    parts = re.split(r"^## (.*)\n", written, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(part: str) -> list[str]:
    lines = [line for line in part.splitlines() if line.startswith("|")]
    assert re.fullmatch(r"(?:\|-+)+\|", lines[1])
    return lines[2:]


def points(cells: list[str]) -> list[str]:
    """What these first cells name; a section or a chapter stands for the points of levels 1 and 2 in it."""
    found: list[str] = []
    for cell in cells:
        for named in re.findall(r"\d+(?:\.\d+)*", cell.replace("(L3)", "")):
            found += [named] if named in LEVEL else sorted(one for one in ASKED if one.startswith(f"{named}."))
    return found


def test_the_standard_has_so_many_points() -> None:
    assert [list(LEVEL.values()).count(level) for level in "123"] == [70, 183, 92]


def test_every_point_of_levels_1_and_2_is_spoken_of() -> None:
    parts = page()
    decided = points(re.findall(r"^- \*\*[^*]*\(([^)]*)\)\*\*:", parts["What has been decided"], re.MULTILINE))
    kept, lacking, nothing = (
        points([row.split("|")[1] for row in rows(parts[name])])
        for name in ("Kept", "Not kept, or in part", "Nothing to ask")
    )
    assert sorted(ASKED - {*decided, *kept, *lacking, *nothing}) == []
    for one in (decided + kept, lacking, nothing):
        assert sorted({point for point in one if one.count(point) > 1}) == []
    assert set(nothing) & {*decided, *kept, *lacking} == set()
    # Nothing is made up, and beyond what is asked only what is marked so.
    named = set(re.findall(r"\b\d+\.\d+\.\d+\b", "".join(row.split("|")[1] for row in rows(parts["Kept"]))))
    assert named <= set(LEVEL)
    marked = set(re.findall(r"(\d+\.\d+\.\d+) \(L3\)", parts["Kept"]))
    assert {*decided, *kept, *lacking, *nothing} - ASKED == marked


def test_every_test_that_the_page_names_is_one() -> None:
    kept = rows(page()["Kept"])
    named = set(re.findall(r"`(test_\w+)`", "\n".join(kept)))
    there: set[str] = set()
    for folder in ("integration", "unit"):
        for file in (ROOT / "tests" / folder).glob("test_district_*.py"):
            tree = ast.parse(file.read_text("utf-8"))
            there |= {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert len(named) > 60
    assert named - there == set()
    # No row of the table goes without one, nor any row of the others without its reason.
    assert [row for row in kept if "`test_" not in row] == []
    for name in ("Not kept, or in part", "Nothing to ask"):
        assert [row for row in rows(page()[name]) if not row.split("|")[2].strip()] == []
