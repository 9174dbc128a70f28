"""Collects the words of screens and view-models and compiles their English. Chinese is the source, so a forgotten
translation shows up here and never on a screen."""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET  # for our own file only  # nosec B405
from pathlib import Path

FOLDER = Path(__file__).parent
UI = FOLDER.parent
NAME = "kiosk_en.ts"


def sources() -> list[Path]:
    """Every file that holds words, in a stable order."""
    return sorted([*UI.glob("qml/**/*.qml"), *UI.glob("viewmodels/*.py")])


def collect(into: Path) -> None:
    """Bring ``into`` (a .ts file) up to date with the sources; what is translated stays, what is gone goes."""
    files = [str(path.relative_to(UI.parent)) for path in sources()]
    _tool(
        "pyside6-lupdate", "-no-obsolete", "-locations", "none", "-source-language", "zh_CN", "-target-language", "en",
        *files, "-ts", str(into),
    )  # fmt: skip


def compile_words(source: Path, target: Path) -> None:
    """Make the .qm that Qt loads."""
    _tool("pyside6-lrelease", "-silent", str(source), "-qm", str(target))


def unfinished(source: Path) -> list[str]:
    """The words that have no translation yet, as ``context: word``."""
    root = ET.parse(source).getroot()  # noqa: S314 - our own file  # nosec B314
    missing: list[str] = []
    for context in root.iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation is None or translation.get("type") == "unfinished" or not translation.text:
                missing.append(f"{context.findtext('name')}: {message.findtext('source')}")
    return missing


def stale() -> list[str]:
    """What is not as the sources would have it; empty when all is fresh and complete."""
    with tempfile.TemporaryDirectory() as folder:
        ts, qm = Path(folder) / NAME, Path(folder) / "kiosk_en.qm"
        shutil.copy(FOLDER / NAME, ts)
        collect(ts)
        compile_words(ts, qm)
        wrong = [f"not translated: {word}" for word in unfinished(ts)]
        if not filecmp.cmp(ts, FOLDER / NAME, shallow=False):
            wrong.append(f"{NAME} is not up to date")
        if not (FOLDER / "kiosk_en.qm").is_file() or not filecmp.cmp(qm, FOLDER / "kiosk_en.qm", shallow=False):
            wrong.append("kiosk_en.qm is not up to date")
    return wrong


def _tool(name: str, *arguments: str) -> None:
    """Run one of PySide's tools from the same environment as this Python."""
    tool = Path(sys.executable).parent / name
    done = subprocess.run(  # noqa: S603 - our own tool, our own arguments  # nosec B603
        [str(tool), *arguments], cwd=UI.parent, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr or done.stdout}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/translate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something is stale")
    if parser.parse_args().check:
        wrong = stale()
    else:
        collect(FOLDER / NAME)
        compile_words(FOLDER / NAME, FOLDER / "kiosk_en.qm")
        wrong = [f"not translated: {word}" for word in unfinished(FOLDER / NAME)]
    for line in wrong:
        sys.stderr.write(line + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
