"""docs/keys.md speaks of every key that the code has: their files, their times, and wherever a secret is drawn."""

from __future__ import annotations

import ast
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from district import authority, enrolment, keys, sessions
from kiosk import own_certificate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "keys.md").read_text("utf-8")
PLAYED = ("demo", "check")
"""Folders of what plays a terminal or a district: its keys open nothing."""
DRAWING = {"generate", "generate_private_key", "urandom", "choice", "randbelow", "randbits"} | {
    name for name in dir(secrets) if name.startswith("token_")
}
A_FILE = re.compile(r"[\w{}-]+\.(pem|key|tpm)")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in ("district", "offline_queue", "kiosk", "devices", "ui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            own = path.relative_to(ROOT)
            if not set(PLAYED) & set(own.parts) and not path.stem.startswith("sim") and "simpanel" not in own.parts:
                yield own.as_posix(), ast.parse(path.read_text("utf-8"))


def named(tree: ast.Module) -> set[str]:
    """What this module calls or hands on of what draws something random."""
    return {one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute)} & DRAWING


def row(first: str) -> str:
    (found,) = [line for line in PAGE.splitlines() if line.startswith(f"| {first}")]
    return found


def test_every_place_where_a_key_is_made_is_on_the_page_of_keys() -> None:
    drawing = {name for name, tree in modules() if named(tree)}
    assert len(drawing) > 15
    assert set(re.findall(r"`((?:district|offline_queue|kiosk|devices|ui)/[\w/]+\.py)`", PAGE)) == drawing


def test_every_file_of_a_key_is_on_the_page_of_keys() -> None:
    files = {
        one.value
        for _, tree in modules()
        for one in ast.walk(tree)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and A_FILE.fullmatch(one.value)
    }
    assert files >= {"signing.pem", "ca-key.pem", "terminal.key", "local.key", "local.tpm", "kiosk.key"}
    files |= {f"{use.value}-<id>.pem" for use in keys.Use}
    assert {name for name in files if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("opening key", f"{keys.KEY_DAYS} days"),
        ("escrow key", f"{keys.KEY_DAYS} days"),
        ("signing key (Ed25519) | with", f"{keys.BUNDLE_DAYS} days"),
        ("authority of terminals", f"{authority.CA_DAYS} days; certificates {authority.DAYS}"),
        ("authority of staff", f"{authority.CA_DAYS} days; certificates {authority.DAYS}"),
        ("key of its certificate", f"{authority.DAYS} days"),
        ("key of its certificate", f"{own_certificate.RENEW_DAYS} days before"),
        ("one-time code", f"{enrolment.HOURS} hours"),
        ("session of staff", f"{sessions.IDLE.seconds // 60} minutes"),
        ("session of staff", f"{sessions.LIFETIME.seconds // 3600} hours"),
    ],
)
def test_the_page_of_keys_tells_the_code_s_own_times(first: str, said: str) -> None:
    assert said in row(first)


def test_every_key_of_the_page_has_its_whole_life() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| Key")]
    assert len(rows) > 15
    for line in rows:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 8, line
        assert all(cells), line
