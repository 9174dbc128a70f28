"""A real pcscd with vpcd's virtual readers, in a network and mount namespace of its own.

The readers are "Virtual PCD 00 00" (TCP 35963) and "Virtual PCD 00 01" (35964), inside the namespace only: vpcd listens
on all interfaces, and here there is none but loopback. Several namespaces may run side by side. Programs under test run
inside with :meth:`PcscdNamespace.run` and :meth:`~PcscdNamespace.popen`; they share the namespace's loopback, so that
an end-to-end run starts its servers there too. Files and processes are those of the outside.

Needs root, or user namespaces that ordinary users may create (Debian's default).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

PROJECT = Path(__file__).resolve().parents[2]
READER_NAME = "Virtual PCD"
READER = f"{READER_NAME} 00 00"
PORT = 35963
_DRIVERS = PROJECT / ".cache" / "vpcd" / "usr" / "lib" / "pcsc" / "drivers" / "serial"
_DEADLINE_S = 20.0

# Runs as root of the namespace: loopback up (without iproute2, which small images lack), an own /run/pcscd, and no USB
# drivers, so that a reader of the machine under the desk stays out of the tests.
_SETTLE = """
import fcntl, os, socket, struct, subprocess, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    request = struct.pack("16sH14x", b"lo", 0)
    flags = struct.unpack("16sH14x", fcntl.ioctl(probe, 0x8913, request))[1]
    fcntl.ioctl(probe, 0x8914, struct.pack("16sH14x", b"lo", flags | 1))
def cover(folder):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
if not os.path.isdir("/run/pcscd"):
    try:
        os.mkdir("/run/pcscd")
    except PermissionError:
        cover("/run")
        os.mkdir("/run/pcscd")
cover("/run/pcscd")
if os.path.isdir("/usr/lib/pcsc/drivers"):
    cover("/usr/lib/pcsc/drivers")
print("settled", flush=True)
sys.stdin.read()
"""


class PcscdMissing(Exception):
    """What this machine lacks for a real pcscd, and the remedy."""


def missing() -> str | None:
    """Why no namespace can be made here (with the remedy), or ``None``."""
    for tool in ("unshare", "nsenter", "mount"):
        if shutil.which(tool) is None:
            return f"{tool} not found: install util-linux"
    if _pcscd() is None:
        return "pcscd not found: apt-get install pcscd"
    if not _driver():
        return "vpcd not found: run script/fetch-vpcd"
    probe = subprocess.run([*_unshare(), "true"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "this machine allows no namespaces: run the tests as root"


_CANCELLED_LATE = "EHUnregisterClientForEvent() Can't remove client"


class PcscdNamespace:
    """A running pcscd in its namespace; a context manager.

    ``with PcscdNamespace() as hall: hall.run([...])``. Everything started inside is ended on the way out.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        self._holder: subprocess.Popen[str] | None = None
        self._pcscd: subprocess.Popen[bytes] | None = None
        self._children: list[subprocess.Popen[str]] = []
        self._log = self._folder / "pcscd.log"

    @property
    def reader(self) -> str:
        """The reader's name for ``--reader``."""
        return READER

    @property
    def port(self) -> int:
        """Where a virtual card connects, on the namespace's loopback."""
        return PORT

    @property
    def log(self) -> str:
        """What pcscd said so far (errors only; never commands).

        A wait that is cancelled as it ends by itself is one: by then pcscd has taken its client off the list already.
        """
        said = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "".join(line for line in said.splitlines(keepends=True) if _CANCELLED_LATE not in line)

    def __enter__(self) -> PcscdNamespace:
        if reason := missing():
            shutil.rmtree(self._folder)
            raise PcscdMissing(reason)
        self._holder = subprocess.Popen(
            [*_unshare(), sys.executable, "-I", "-c", _SETTLE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert self._holder.stdout is not None
            if self._holder.stdout.readline() != "settled\n":
                raise RuntimeError("the namespace did not come up")
            self.restart_pcscd()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what runs inside, pcscd, and the namespace. Idempotent."""
        for child in self._children:
            _end(child)
        self._children.clear()
        if self._pcscd is not None:
            _end(self._pcscd)
            self._pcscd = None
        if self._holder is not None:
            _end(self._holder)
            self._holder = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def inside(self, argv: Sequence[str | Path]) -> list[str]:
        """The same command, as it has to be started from outside to run inside."""
        assert self._holder is not None
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", f"--target={self._holder.pid}", *user, "--mount", "--net", f"--wd={PROJECT}", "--"] + [
            str(part) for part in argv
        ]

    def run(
        self, argv: Sequence[str | Path], *, timeout: float = 120, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, output captured as text; any exit status. ``env`` is added to the environment."""
        return subprocess.run(
            self.inside(argv),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, **(env or {})},
        )

    def popen(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: int | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start and leave running; ended with the namespace if not before. Its ``pid`` is the program's own."""
        child = subprocess.Popen(
            self.inside(argv),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self._children.append(child)
        return child

    def lay_card(self, key: str, *, reader: int = 0) -> LaidCard:
        """Lay one of ``devices.card.sim.demo_cards`` on a virtual reader; returns when vpcd has it."""
        argv = [sys.executable, "-m", "tests.support.lay_card", key, str(PORT + reader)]
        child = self.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        if child.stdout.readline() != "connected\n":
            _end(child)
            raise RuntimeError(f"card {key} did not reach vpcd; pcscd said:\n{self.log}")
        return LaidCard(child)

    def kill_pcscd(self) -> None:
        """``kill -9``, and wait until it is gone."""
        assert self._pcscd is not None
        self._pcscd.send_signal(signal.SIGKILL)
        self._pcscd.wait(_DEADLINE_S)

    def restart_pcscd(self, *, readers: bool = True, name: str = READER_NAME) -> None:
        """Start pcscd again, ending the one that runs, with or without virtual readers; returns when it answers."""
        if self._pcscd is not None:
            _end(self._pcscd)
        self._configure(name if readers else None)
        pcscd = _pcscd()
        assert pcscd is not None
        # After kill -9 its socket and pid file are left behind; the service manager would remove them.
        subprocess.run(self.inside(["rm", "-f", "/run/pcscd/pcscd.comm", "/run/pcscd/pcscd.pid"]), check=True)
        argv = [pcscd, "--foreground", "--config", str(self._folder / "reader.conf")]
        described = subprocess.run([pcscd, "--help"], capture_output=True, text=True, check=False)
        if "--disable-polkit" in described.stdout + described.stderr:
            argv.append("--disable-polkit")  # Debian 13 asks polkit over D-Bus, which a namespace does not have
        with self._log.open("ab") as log:
            self._pcscd = subprocess.Popen(self.inside(argv), stdout=log, stderr=log)
        self._wait_until_up(name if readers else None)

    def _configure(self, name: str | None) -> None:
        (self._folder / "reader.conf").write_text(
            textwrap.dedent(f"""\
                FRIENDLYNAME "{name}"
                DEVICENAME /dev/null:{PORT:#X}
                LIBPATH {_driver()}
                CHANNELID {PORT:#X}
                """)
            if name
            else ""
        )

    def _wait_until_up(self, name: str | None) -> None:
        probe = "from devices.card.pcsc import list_readers; print(list_readers())"
        end = time.monotonic() + _DEADLINE_S
        names = ""
        while time.monotonic() < end:
            assert self._pcscd is not None
            if self._pcscd.poll() is not None:
                raise RuntimeError(f"pcscd ended at once:\n{self.log}")
            names = self.run([sys.executable, "-c", probe]).stdout
            if (f"'{name} 0" in names) if name else (names.strip() == "[]"):
                return
        raise RuntimeError(f"pcscd does not answer (readers: {names.strip()}):\n{self.log}")


class LaidCard:
    """A card on a virtual reader, until removed."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child

    def remove(self) -> None:
        """Take it away; returns when the connection is closed."""
        _end(self._child)


def _unshare() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, "--mount", "--net", "--"]


def _pcscd() -> str | None:
    return shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _driver() -> Path | None:
    found = sorted(_DRIVERS.glob("libifdvpcd.so*"))
    return found[0] if found else None


def _end(child: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Close its input, then ask, then make it end."""
    if child.stdin is not None:
        child.stdin.close()
    else:
        child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)
    if child.stdout is not None:
        child.stdout.close()
    if child.stderr is not None:
        child.stderr.close()


def can_connect(port: int) -> bool:
    """Whether something outside the namespace listens on ``port``: vpcd must not."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
