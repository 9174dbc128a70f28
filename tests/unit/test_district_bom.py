"""The bill of materials of a platform: every library that it needs, as the lock has it, and none besides."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("bom") / "bom.json"
    subprocess.run([sys.executable, ROOT / "script" / "bom.py", file, "district"], check=True, timeout=100)
    return json.loads(file.read_text("utf-8"))


def locked() -> dict[tuple[str, str], set[str]]:
    """Digests of each version of each library."""
    pins = re.findall(r"^(\S+?)(?:\[.*?\])?==(\S+).*\\\n((?:    --hash.*\n)+)", lock(), re.MULTILINE)
    return {(canonicalize_name(name), version): digests(said) for name, version, said in pins}


def lock() -> str:
    return (ROOT / "requirements.lock").read_text("utf-8")


def digests(said: str) -> set[str]:
    return set(re.findall(r"--hash=sha256:(\w{64})", said))


def installed(asked: Iterable[Requirement]) -> set[str]:
    """What these ask for here, by what libraries say of themselves."""
    found: set[str] = set()
    waiting = list(asked)
    while waiting:
        one = waiting.pop()
        name = f"{canonicalize_name(one.name)}[{','.join(sorted(one.extras))}]"
        if name in found:
            continue
        try:
            needs = distribution(one.name).requires or []
        except PackageNotFoundError:  # another's wheel is there in its place (pyproject.toml, override-dependencies)
            assert one.name == "opencv-python"
            continue
        found.add(name)
        waiting += [
            need
            for need in map(Requirement, needs)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *one.extras))
        ]
    return {name.partition("[")[0] for name in found}


def test_the_bill_of_materials_names_every_library_with_version_and_digests(bom: dict[str, Any]) -> None:
    assert (bom["bomFormat"], bom["metadata"]["component"]["name"]) == ("CycloneDX", "township-kiosk")
    pins = locked()
    for one in bom["components"]:
        version = (one["name"], one["version"])
        assert one["purl"] == "pkg:pypi/{}@{}".format(*version)
        assert {digest["content"] for digest in one["externalReferences"][0]["hashes"]} == pins[version]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["district"]]
    named = {one["name"] for one in bom["components"]}
    assert installed(map(Requirement, asked)) <= named
    assert named.isdisjoint({"pytest", "moto", "cyclonedx-bom", "tpm2-pytss"})


def test_the_page_of_libraries_tells_what_there_is() -> None:
    page = (ROOT / "docs" / "libraries.md").read_text("utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = re.findall(r"^    script/bom bom\.json ([a-z ]+?) +#", page, re.MULTILINE)
    assert {word for words in asked for word in words.split()} == {"tpm", "district"} <= set(extras)
    for named in re.findall(r"\bscript/[a-z.-]+", page):
        assert (ROOT / named).is_file(), named
    times = [line.split("|")[-2].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    assert all(re.search(r"\b\d+ days\b", one) for one in times)
    assert len(times) >= 5
