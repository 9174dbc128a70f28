"""What the set-up promises: the locked packages, one OpenCV without its own Qt, and a lint that knows our types."""

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import cv2
import pytest

PROJECT = Path(__file__).resolve().parents[2]
VIEW_MODEL = """
from PySide6.QtCore import Property, QObject
from PySide6.QtQml import QmlElement

QML_IMPORT_NAME = "Sample.Models"
QML_IMPORT_MAJOR_VERSION = 1


class Plain(QObject):
    pass


@QmlElement
class Sample(Plain):
    @Property(str, constant=True)
    def title(self) -> str:
        return ""

    @Property(list, constant=True)
    def pages(self) -> list[str]:
        return []
"""
QML = """
import QtQuick
import Sample.Models

Text {{
    required property Sample sample
    text: sample.{name} + sample.pages.length
}}
"""


def script(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "script" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_exactly_one_opencv_and_it_brings_no_qt() -> None:
    names = [d.metadata["Name"].lower() for d in distributions()]
    assert [name for name in names if name.startswith("opencv")] == ["opencv-python-headless"]
    assert "QT:" not in cv2.getBuildInformation() or "GUI:                           NONE" in cv2.getBuildInformation()


def test_reading_papers_brings_no_telemetry(tmp_path: Path) -> None:
    """From 1.30 on, importing onnxruntime starts a client that uploads and leaves its session's id in the temporary
    folder; switching it off comes after that."""
    command = [sys.executable, "-c", "import onnxruntime"]
    subprocess.run(command, env={**os.environ, "TMPDIR": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []


def test_what_the_lock_file_names_is_installed_and_whole() -> None:
    checked = script("installed.py", PROJECT / "requirements.lock")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_package_that_is_missing_or_of_another_version_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "pytest==0.1 \\\n    --hash=sha256:00\nno-such-package==1.0 ; sys_platform == 'win32' \\\nnone==2 \\\n"
    )
    checked = script("installed.py", lock)
    assert checked.returncode == 1
    assert [line.split(":")[0] for line in checked.stdout.splitlines()] == ["pytest", "none"]


@pytest.mark.parametrize(("name", "status"), [("title", 0), ("titel", 1)])
def test_a_misspelt_property_of_a_view_model_is_caught(tmp_path: Path, name: str, status: int) -> None:
    (tmp_path / "sample.py").write_text(VIEW_MODEL)
    (tmp_path / "Sample.qml").write_text(QML.format(name=name))
    checked = script("qmllint.py", "--qml", tmp_path, "--python", tmp_path)
    assert checked.returncode == status, checked.stdout + checked.stderr
    assert ('Did you mean "title"?' in checked.stdout + checked.stderr) == (status == 1)
