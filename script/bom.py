"""Which libraries a part of the project needs, for script/bom: of requirements.lock what pyproject.toml asks for, and
what that asks for; as CycloneDX, made by cyclonedx-py and held against CycloneDX's schema. It takes no network.

A library that is only for another system or an older Python stands there, too: one lock is for all of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from installed import canonical

ROOT = Path(__file__).resolve().parents[1]
AFTER_NAME = re.compile(r"[^A-Za-z0-9._-]")
ASKED_BY = re.compile(r"^    #(?: via)? +(?!via$)([A-Za-z0-9._-]+)", re.MULTILINE)


def name_of(requirement: str) -> str:
    return canonical(AFTER_NAME.split(requirement, maxsplit=1)[0])


def needed(lock: str, asked: set[str]) -> str:
    """The pins of a lock, as uv writes it, that are `asked` for, or by one of those."""
    pins = re.findall(r"^\w.*\n(?: .*\n?)*", lock, re.MULTILINE)
    while True:
        taken = [pin for pin in pins if name_of(pin) in asked or asked & set(map(canonical, ASKED_BY.findall(pin)))]
        names = asked | set(map(name_of, taken))
        if names == asked:
            return "".join(taken)
        asked = names


def main(file: Path, *extras: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][one] for one in extras)]
    pins = needed((ROOT / "requirements.lock").read_text("utf-8"), {name_of(one) for group in groups for one in group})
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", ROOT / "pyproject.toml"]
    subprocess.run(
        [*command, "--output-reproducible", "--output-file", file, "-"],
        input=pins.encode(),
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},  # of a graph of dependencies, which a lock does not tell
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
