"""A TPM 2.0 of a test's own: swtpm, which speaks the TPM's own protocol on a socket."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType


class SoftTpm:
    """Runs from entering to leaving; its seeds live in `folder`, so that starting it again is the same machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def tcti(self) -> str:
        return f"swtpm:path={self._folder / 'socket'}"

    def __enter__(self) -> SoftTpm:
        path = self._folder / "socket"
        path.unlink(missing_ok=True)
        self._child = subprocess.Popen(
            [
                "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                f"dir={self._folder}",
                "--server",
                f"type=unixio,path={path}",
                "--ctrl",
                f"type=unixio,path={path}.ctrl",
                "--flags",
                "startup-clear,not-need-init",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while not _listens(path):
            assert self._child.poll() is None, "swtpm ended"
            assert time.monotonic() < until, "swtpm does not listen"
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._child is not None
        self._child.terminate()
        self._child.wait(10)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(path)) == 0
