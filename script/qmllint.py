"""Lints the QML with the types of our Python view-models known, so that a misspelt property is an error.

qmllint knows C++ types from the ``.qmltypes`` Qt ships; for ``@QmlElement`` classes in Python such a file must be made
first: ``metaobjectdump`` reads the classes, ``qmltyperegistrar`` writes the types, a ``qmldir`` names the module. All
of that goes to a temporary folder and is never committed.

    qmllint.py [--qml FOLDER] [--python FOLDER]
"""

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import PySide6

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
QT = Path(PySide6.__file__).parent / "Qt"
FOREIGN = ("qt6core", "qt6gui", "qt6qml", "qt6quick")
ELEMENT = re.compile(r"^@Qml(Named)?Element|^@QmlAnonymous|^@QmlUncreatable", re.MULTILINE)

QML_TYPES = {"list": "QVariantList", "dict": "QVariantMap", "object": "QVariant"}
"""What metaobjectdump leaves as it stands in Python."""

Module = dict[str, Any]


def tool(*command: str | Path) -> str:
    """Runs one of Qt's tools; its own words and exit status 2 if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr)
        raise SystemExit(2)
    return done.stdout


def modules(python: Path) -> dict[str, list[Module]]:
    """QML module name -> what metaobjectdump says of each of its Python files."""
    files = sorted(file for file in python.rglob("*.py") if ELEMENT.search(file.read_text(encoding="utf-8")))
    if not files:
        return {}
    found: dict[str, list[Module]] = {}
    bases = plain_bases(python)
    for module in cast("list[Module]", json.loads(tool(BIN / "pyside6-metaobjectdump", "--quiet", *files))):
        mark_constants(module, Path(module["inputFile"]))
        use_qt_names(module, bases)
        found.setdefault(module["QML_IMPORT_NAME"], []).append(module)
    return found


def plain_bases(python: Path) -> dict[str, str]:
    """Class -> its first base, for every class in our Python files."""
    trees = [ast.parse(file.read_bytes()) for file in python.rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {node.name: ast.unparse(node.bases[0]) for node in classes if node.bases}


def use_qt_names(module: Module, bases: dict[str, str]) -> None:
    """Python's type names become QML's, and a base that QML does not know gives way to the Qt class it stands on."""
    for class_ in cast("list[Module]", module["classes"]):
        for base in cast("list[Module]", class_.get("superClasses", [])):
            while base["name"] in bases:
                base["name"] = bases[base["name"]]
            class_["object"] = class_["object"] or base["name"].startswith("Q")
        members = [*class_.get("properties", []), *class_.get("slots", []), *class_.get("methods", [])]
        arguments = [argument for member in members for argument in member.get("arguments", [])]
        for described in cast("list[Module]", [*members, *arguments]):
            for word in ("type", "returnType"):
                if described.get(word) in QML_TYPES:
                    described[word] = QML_TYPES[described[word]]


def mark_constants(module: Module, file: Path) -> None:
    """Adds what metaobjectdump leaves out, ``@Property(…, constant=True)``: qmllint takes those for never notified."""
    for class_ in (node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.ClassDef)):
        constants = {
            member.name
            for member in class_.body
            if isinstance(member, ast.FunctionDef)
            for decorator in member.decorator_list
            if isinstance(decorator, ast.Call) and any(word.arg == "constant" for word in decorator.keywords)
        }
        for described in cast("list[Module]", module["classes"]):
            if described["className"] == class_.name:
                for property_ in cast("list[Module]", described.get("properties", [])):
                    property_["constant"] = property_["name"] in constants


def write_types(name: str, module: list[Module], into: Path) -> None:
    """One folder with ``qmldir`` and ``.qmltypes``, where qmllint looks for an import of that name."""
    folder = into.joinpath(*name.split("."))
    folder.mkdir(parents=True)
    meta = folder / "metatypes.json"
    meta.write_text(json.dumps(module), encoding="utf-8")
    foreign = [str(QT / "metatypes" / f"{library}_metatypes.json") for library in FOREIGN]
    tool(
        QT / "libexec" / "qmltyperegistrar",
        f"--import-name={name}",
        f"--major-version={module[0]['QML_IMPORT_MAJOR_VERSION']}",
        f"--minor-version={module[0]['QML_IMPORT_MINOR_VERSION']}",
        f"--foreign-types={','.join(foreign)}",
        f"--generate-qmltypes={folder / 'types.qmltypes'}",
        "-o",
        folder / "unused.cpp",
        meta,
    )
    (folder / "qmldir").write_text(f"module {name}\ntypeinfo types.qmltypes\ndepends QtQuick\n", encoding="utf-8")


def main() -> int:
    """qmllint's own exit status: 0 when there is nothing to say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--qml", type=Path, default=ROOT / "ui" / "qml", help="the folder with the QML modules")
    parser.add_argument("--python", type=Path, default=ROOT / "ui", help="the folder with the Python view-models")
    folders = parser.parse_args()
    files = sorted(folders.qml.rglob("*.qml"))
    if not files:
        print(f"There is no QML in {folders.qml}.")
        return 1
    with tempfile.TemporaryDirectory() as made:
        types = Path(made)
        for name, module in modules(folders.python).items():
            write_types(name, module, types)
        command = [BIN / "pyside6-qmllint", "-W", "0", "-I", types, "-I", folders.qml, *files]
        return 1 if subprocess.run([str(part) for part in command], check=False).returncode else 0


if __name__ == "__main__":
    sys.exit(main())
