"""What the production bundle must not carry. ``script/check-bundle`` names a built one; then every test that runs
``kiosk`` from outside runs the bundle's, too."""

from __future__ import annotations

import json
import os
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, cast

import pytest
from packaging.utils import canonicalize_name
from PyInstaller.archive import readers

from tests.support.black_box import MATTER, UNDER_TEST, BlackBox

pytestmark = pytest.mark.skipif(UNDER_TEST not in os.environ, reason="script/check-bundle tries the bundle")

NOT_FOR_A_TERMINAL = (
    "devices.card.sim", "devices.camera.sim", "devices.camera.demo_papers", "devices.printer.sim", "devices.speech.sim",
    "ui.simpanel", "kiosk.demo", "district", "tests", "bench", "starlette", "uvicorn", "sqlalchemy", "pytest",
)  # fmt: skip
NEEDED = {"kiosk.bootstrap", "ui.app", "devices.card.pcsc", "devices.camera.capture", "offline_queue.store"}


def _modules(program: Path) -> set[str]:
    """Every Python module that lies packed in the bundle."""
    outer = cast("Any", readers.CArchiveReader(str(program)))  # PyInstaller carries no types
    (packed,) = [name for name in outer.toc if name.endswith(".pyz")]
    return set(outer.open_embedded_archive(packed).toc)


def test_it_carries_no_simulators_district_or_tests() -> None:
    program = Path(os.environ[UNDER_TEST])
    modules = _modules(program)
    assert modules >= NEEDED
    leaked = {
        name
        for name in modules
        for part in NOT_FOR_A_TERMINAL
        if name == part or name.startswith((part + ".", part + "_"))
    }
    assert leaked == set()
    names = [path.relative_to(program.parent).as_posix() for path in program.parent.rglob("*")]
    assert any(name.endswith("screens/Welcome.qml") for name in names)
    assert [name for name in names if "simpanel" in name or "district" in name or "/tests/" in name] == []
    assert [name for name in names if name.endswith(("libqvnc.so", "test_e2e_bundle.py"))] == []


def test_its_bill_of_materials_names_every_library_in_it() -> None:
    program = Path(os.environ[UNDER_TEST])
    inside = program.parent / "_internal"
    parts = [*_modules(program), *(path.name for path in inside.iterdir())]
    owners = packages_distributions()
    found = {name for part in parts for name in owners.get(part.partition(".")[0], ())}
    named = {one["name"] for one in json.loads((inside / "bom.json").read_text("utf-8"))["components"]}
    # The program's own, and what starts it: PyInstaller's and that of its hooks.
    ours = {"township-kiosk", "pyinstaller", "pyinstaller-hooks-contrib"}
    assert {canonicalize_name(name) for name in found} - ours <= named
    assert named >= {"pyside6", "cryptography", "opencv-python-headless"}


def test_a_simulated_part_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for command in (("rehearse", MATTER, "--out", "out"), ("demo",)):
        done = BlackBox(tmp_path / command[0]).run(*command)
        assert (done.status, done.rows) == (2, [])
        assert done.errors.strip()
