"""Sound cards made of ALSA's own "file" plugin: real players and the real speech-dispatcher play into pipes, which are
read here as a card would play, only ``HURRY`` times as fast; what arrived are the samples that would be heard.

``aplay`` and the daemon's modules find them through ``ALSA_CONFIG_PATH``.
"""

from __future__ import annotations

import array
import fcntl
import os
import select
import shutil
import termios
import threading
from pathlib import Path

BYTES_PER_S = 2 * 22050
HURRY = 15
_PIECE = 4096
_PATIENCE_S = 10.0


class SoundCard:
    """One card. ``name`` is its ALSA device. While it is jammed, it takes no sound, as a hung driver would."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.pipe = folder / f"{name}.pipe"
        os.mkfifo(self.pipe)
        self._heard = bytearray()
        self._played = threading.Condition()
        self._ending = threading.Event()
        self._free = threading.Event()
        self._free.set()
        self._wake = os.eventfd(0)
        self._descriptor = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)  # read and write: it never sees an end
        fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, _PIECE)
        self._thread = threading.Thread(target=self._play, name=f"card-{name}", daemon=True)
        self._thread.start()

    @property
    def configuration(self) -> str:
        return f'pcm.{self.name} {{ type file file "{self.pipe}" format raw slave.pcm {{ type null }} }}\n'

    def heard(self) -> bytes:
        """All samples so far, once all that was sent was played; padding at the end of each sound included."""
        with self._played:
            assert self._played.wait_for(lambda: self._waiting() == 0, _PATIENCE_S)
            return bytes(self._heard)

    def forget(self) -> None:
        with self._played:
            self._heard.clear()

    def jam(self) -> None:
        self._free.clear()

    def close(self) -> None:
        self._ending.set()
        self._free.set()
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._descriptor)
        os.close(self._wake)

    def _waiting(self) -> int:
        """Bytes in the pipe."""
        count = array.array("i", [0])
        fcntl.ioctl(self._descriptor, termios.FIONREAD, count)
        return count[0]

    def _play(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            poll.poll()
            self._free.wait()
            if self._ending.is_set():
                return
            with self._played:
                piece = os.read(self._descriptor, _PIECE)
                self._heard += piece
                self._played.notify_all()
            self._ending.wait(len(piece) / BYTES_PER_S / HURRY)


def configure(folder: Path, *cards: SoundCard) -> Path:
    """The ALSA configuration with ``cards`` and no other device."""
    path = folder / "asound.conf"
    path.write_text("".join(card.configuration for card in cards), "utf-8")
    return path


def missing(*programs: str) -> str | None:
    """Why nothing can be played here, with the remedy; ``None`` when all is there."""
    gone = [program for program in programs if shutil.which(program) is None]
    return f"{', '.join(gone)} not found: script/bootstrap --test" if gone else None
