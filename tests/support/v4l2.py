"""V4L2 cameras for tests: files that the real OpenCV and the real kernel interface code take for devices."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0


def build(folder: Path) -> Path:
    """The library to preload, compiled against the kernel's own header."""
    library = folder / "v4l2_device.so"
    source = Path(__file__).with_name("v4l2_device.c")
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


class Probe:
    """What the child says, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def end(self) -> None:
        """Close the child's input; returns when it has ended well."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE_S) == 0
        finally:
            self._process.kill()
            self._reading.join(PATIENCE_S)
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def until(self, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line from here on for which ``met`` holds."""
        while True:
            row: dict[str, Any] = json.loads(self._lines.get(timeout=PATIENCE_S))
            if met(row):
                return row

    def state(self, name: str) -> dict[str, Any]:
        return self.until(lambda row: row.get("state") == name)

    def frame(self) -> dict[str, Any]:
        return self.until(lambda row: "frame" in row)


class FakeV4l2:
    """A folder of nodes. It lies under /dev, so that a node's path is one."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.folder = folder
        self._library = library

    def plug(self, name: str = "video0", *, frames: int = 3) -> Path:
        """A new node, whose camera gives ``frames`` different pictures in turn."""
        node = self.folder / name
        for number in range(frames):
            picture = np.random.default_rng(number).integers(0, 40, (720, 1280, 3), np.uint8)
            cv2.rectangle(picture, (400, 100), (900, 650), (230, 230, 230), -1)
            (self.folder / f"{name}.{number}.jpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
        node.touch()
        return node

    def mark(self, fault: str, name: str = "video0", *, on: bool = True) -> None:
        """Make a fault, or mend it: ``gone``, ``busy``, ``hang`` or ``meta``."""
        path = self.folder / f"{name}.{fault}"
        if on:
            path.touch()
        else:
            path.unlink()

    def log(self, name: str = "video0") -> list[str]:
        """What was asked of the node, in order."""
        return (self.folder / f"{name}.log").read_text("ascii").splitlines()

    def _start(self, *words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "LD_PRELOAD": str(self._library), "FAKE_V4L2": str(self.folder)}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.camera_probe", *words],
            cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def list(self, sys_folder: Path) -> list[dict[str, Any]]:
        """What discovery finds in this folder."""
        out, _ = self._start("list", str(self.folder), str(sys_folder)).communicate(timeout=PATIENCE_S)
        return [json.loads(line) for line in out.splitlines()]

    def trials(self, node: Path) -> list[dict[str, Any]]:
        """How the device trials end on the node, whose cable the child pulls itself."""
        out, _ = self._start("trials", str(node)).communicate(timeout=4 * PATIENCE_S)
        return [json.loads(line) for line in out.splitlines()]

    @contextmanager
    def watching(self, source: str | Path, **wish: object) -> Generator[Probe]:
        """The terminal's camera on ``source``."""
        process = self._start("watch", str(source), json.dumps(wish))
        probe = Probe(process)
        try:
            yield probe
        finally:
            probe.end()
