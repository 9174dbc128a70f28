"""A real speech-dispatcher of the tests' own: its socket, configuration and logs in a folder, its sound on a card of
:mod:`tests.support.sound_card`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

_MODULES = Path("/etc/speech-dispatcher/modules")
_DEADLINE_S = 20.0


def missing() -> str | None:
    """Why no daemon can run here (with the remedy), or ``None``."""
    if shutil.which("speech-dispatcher") is None:
        return "speech-dispatcher not found: script/bootstrap --test"
    if not (_MODULES / "espeak-ng.conf").exists():
        return "speech-dispatcher has no espeak-ng module: script/bootstrap --test"
    return None


class Dispatcher:
    """Started with :meth:`start`; ended by :meth:`close`."""

    def __init__(self, folder: Path, *, device: str, alsa: Path) -> None:
        self._folder = folder
        self._alsa = alsa
        self._child: subprocess.Popen[bytes] | None = None
        self.path = folder / "speechd.sock"
        modules = folder / "conf" / "modules"
        modules.mkdir(parents=True)
        shutil.copy(_MODULES / "espeak-ng.conf", modules)
        (folder / "conf" / "speechd.conf").write_text(
            f'LogLevel 1\nAudioOutputMethod "alsa"\nAudioALSADevice "{device}"\nDefaultModule "espeak-ng"\n'
            'AddModule "espeak-ng" "sd_espeak-ng" "espeak-ng.conf"\n',
            "utf-8",
        )

    def start(self) -> None:
        """Start it; returns once it accepts connections."""
        self.path.unlink(missing_ok=True)
        log = self._folder / "log"
        log.mkdir(exist_ok=True)
        argv = ["speech-dispatcher", "--run-single", "-c", "unix_socket", "-S", str(self.path), "-t", "0"]
        argv += ["-P", str(self._folder / "pid"), "-C", str(self._folder / "conf"), "-L", str(log)]
        # A group of its own: its modules are children that outlive a killed daemon.
        self._child = subprocess.Popen(
            argv,
            env={**os.environ, "ALSA_CONFIG_PATH": str(self._alsa)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + _DEADLINE_S
        while not self._accepts():
            if self._child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"speech-dispatcher did not start: {self._child.poll()}")
            time.sleep(0.01)  # nothing announces a socket

    def kill(self) -> None:
        """``kill -9``, modules included; the socket's file stays behind."""
        assert self._child is not None
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait(_DEADLINE_S)
        self._child = None

    def close(self) -> None:
        if self._child is not None:
            self.kill()

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.path)) == 0
