"""A real CUPS server in a folder of its own, on a port of its own, with one raw queue to a printer's TCP port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
UNPACKED = PROJECT / ".cache" / "cups"
QUEUE = "slips"
_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Cups:
    """``uri`` is what :func:`devices.printer.escpos_driver.open_printer` takes; ``log`` what the server wrote."""

    uri: str
    log: Path


def missing() -> str:
    """What this machine lacks for a CUPS server; empty when nothing."""
    return "" if (UNPACKED / "usr/sbin/cupsd").is_file() else "no CUPS server: run script/fetch-cups"


@contextmanager
def cups(printer_port: int) -> Generator[Cups]:
    """The server, running, its queue sending to ``printer_port`` on this machine. A job that fails is given up."""
    with tempfile.TemporaryDirectory(prefix="kiosk-cups-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the backend runs as another user
        port = free_port()
        _configure(folder, port, printer_port)
        server = subprocess.Popen(
            [UNPACKED / "usr/sbin/cupsd", "-f", "-c", folder / "cupsd.conf", "-s", folder / "cups-files.conf"],
            env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, (UNPACKED / "usr/lib").glob("*-linux-gnu*")))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(server, port, folder / "error_log")
            yield Cups(f"cups://127.0.0.1:{port}/{QUEUE}", folder / "error_log")
        finally:
            server.terminate()
            server.wait(10)


def _configure(folder: Path, port: int, printer_port: int) -> None:
    for part in ("etc", "spool", "spool/tmp", "cache", "state", "bin"):
        (folder / part).mkdir()
    # The server trusts only programs that belong to root and that nobody else may change.
    for part in ("backend", "daemon", "filter", "notifier"):
        shutil.copytree(UNPACKED / "usr/lib/cups" / part, folder / "bin" / part)
    (folder / "cups-files.conf").write_text(
        f"""
        ServerRoot {folder}/etc
        ServerBin {folder}/bin
        DataDir {UNPACKED}/usr/share/cups
        CacheDir {folder}/cache
        StateDir {folder}/state
        RequestRoot {folder}/spool
        TempDir {folder}/spool/tmp
        DocumentRoot {UNPACKED}/usr/share/cups/doc-root
        ErrorLog {folder}/error_log
        AccessLog {folder}/access_log
        PageLog {folder}/page_log
        Printcap
        {"User lp" if os.getuid() == 0 else ""}
        """,
        "utf-8",
    )
    (folder / "cupsd.conf").write_text(
        f"""
        Listen 127.0.0.1:{port}
        LogLevel debug
        Browsing Off
        DefaultAuthType None
        PreserveJobFiles No
        MaxLogSize 0
        JobKillDelay 1
        <Location />
          Order allow,deny
          Allow all
        </Location>
        <Policy default>
          <Limit All>
            Order allow,deny
            Allow all
          </Limit>
        </Policy>
        """,
        "utf-8",
    )
    (folder / "etc" / "printers.conf").write_text(
        f"""<Printer {QUEUE}>
PrinterId 1
UUID urn:uuid:00000000-0000-4000-8000-000000000001
Info Slip printer
DeviceURI socket://127.0.0.1:{printer_port}
State Idle
Accepting Yes
Shared No
JobSheets none none
ErrorPolicy abort-job
</Printer>
""",
        "utf-8",
    )


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                words = log.read_text("utf-8", "replace")[-2000:] if log.exists() else "it wrote no log"
                raise RuntimeError(f"cupsd did not start: {words}") from None
            time.sleep(0.05)
