"""A speech-dispatcher made of software, and a headphone socket: what is said is written down instead of heard.

It speaks SSIP on a Unix socket, so that everything above it is the code that meets the real daemon, and it fails as
that one does: without a sound card it says BEGIN and never END, hung it accepts connections and answers nothing, lost
it is gone from its socket. Every public method may be called from any thread.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

_PER_CHARACTER_S = 0.2
_LONGEST_LINE = 8192
_SETTINGS = {
    "CLIENT_NAME": "208 OK CLIENT NAME SET",
    "LANGUAGE": "201 OK LANGUAGE SET",
    "PRIORITY": "202 OK PRIORITY SET",
    "RATE": "203 OK RATE SET",
    "PUNCTUATION": "205 OK PUNCTUATION SET",
    "SYNTHESIS_VOICE": "209 OK VOICE SET",
    "OUTPUT_MODULE": "216 OK OUTPUT MODULE SET",
    "VOLUME": "218 OK VOLUME SET",
    "NOTIFICATION": "220 OK NOTIFICATION SET",
}
_VOICES = (
    "Chinese (Mandarin)\tcmn\tnone",
    "Chinese (Mandarin)+Adam\tcmn\tAdam",
    "English (Great Britain)\ten-gb\tnone",
)


class SimulatedJack:
    """A headphone socket. See :class:`devices.speech.jack.Jack`."""

    def __init__(self) -> None:
        self._plugged = threading.Event()

    def plugged(self) -> bool:
        return self._plugged.is_set()

    def plug(self) -> None:
        self._plugged.set()

    def pull(self) -> None:
        self._plugged.clear()


@dataclass(slots=True)
class Said:
    """One text that a client wanted said, with the settings it had. ``end`` is ``""`` while it is being said, then
    ``END`` or ``CANCELED``."""

    by: _Client
    text: str
    settings: dict[str, str]
    end: str = ""
    over: threading.Event = field(default_factory=threading.Event)


class SimulatedDispatcher:
    """Listens at :attr:`path` until :meth:`stop`. A text takes ``per_character_s`` seconds for each character."""

    def __init__(self, *, per_character_s: float = _PER_CHARACTER_S) -> None:
        # unix(7) allows a socket's path 108 bytes, and TMPDIR may be longer.
        self._folder = Path(tempfile.mkdtemp(prefix="kiosk-speech-", dir="/tmp"))  # nosec B108
        self.path = self._folder / "speechd.sock"
        self._per_character_s = per_character_s
        self._state = threading.Condition()
        self._said: list[Said] = []
        self._clients: list[_Client] = []
        self._no_audio = self._hung = False
        self._listener: socket.socket | None = None
        self.come_back()

    # --- what was said ---

    def said(self) -> list[Said]:
        """All so far, oldest first."""
        with self._state:
            return list(self._said)

    def now(self) -> str:
        """What is being said, or ``""``."""
        with self._state:
            return next((said.text for said in reversed(self._said) if not said.end), "")

    def wait_for(self, count: int, within_s: float) -> list[Said]:
        """What was said once there are ``count`` texts, or what there is after ``within_s`` seconds."""
        with self._state:
            self._state.wait_for(lambda: len(self._said) >= count, within_s)
            return list(self._said)

    # --- what may go wrong ---

    def take_card(self) -> None:
        """The sound card is gone: texts begin, and never end."""
        self._no_audio = True

    def give_card(self) -> None:
        self._no_audio = False

    def hang(self) -> None:
        """Accept connections and commands, and answer nothing."""
        self._hung = True

    def wake(self) -> None:
        self._hung = False

    def go_away(self) -> None:
        """As if killed; the socket's file stays behind, as it does then."""
        with self._state:
            listener, self._listener = self._listener, None
            clients, self._clients = self._clients, []
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for client in clients:
            client.close()

    def come_back(self) -> None:
        """Started again; nothing happens when it runs."""
        if self._listener is not None:
            return
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="simulated-dispatcher", daemon=True).start()

    def stop(self) -> None:
        """Go away for good. Idempotent."""
        self.go_away()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- for its clients ---

    def hangs(self) -> bool:
        return self._hung

    def say(self, client: _Client, text: str, settings: dict[str, str]) -> int:
        """Take a text; the number of its message."""
        said = Said(client, text, settings)
        with self._state:
            self._said.append(said)
            number = len(self._said)
            self._state.notify_all()
        threading.Thread(target=self._speak, args=(number, said), name="simulated-voice", daemon=True).start()
        return number

    def cancel(self, client: _Client) -> None:
        """What this client wanted said ends; what others did goes on."""
        for said in self.said():
            if said.by is client:
                said.over.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            client = _Client(self, wire)
            with self._state:
                self._clients.append(client)
            threading.Thread(target=client.serve, name="simulated-dispatcher-client", daemon=True).start()

    def _speak(self, number: int, said: Said) -> None:
        said.by.notify(number, "701", "BEGIN")
        longest = None if self._no_audio else self._per_character_s * len(said.text)
        cancelled = said.over.wait(longest)
        with self._state:
            said.end = "CANCELED" if cancelled else "END"
            self._state.notify_all()
        said.by.notify(number, *(("703", "CANCELED") if cancelled else ("702", "END")))


class _Client:
    """One conversation."""

    def __init__(self, home: SimulatedDispatcher, wire: socket.socket) -> None:
        self._home = home
        self._wire = wire
        self._writing = threading.Lock()
        self._settings: dict[str, str] = {}

    def serve(self) -> None:
        with contextlib.suppress(OSError), self._wire.makefile("rb") as lines:
            while line := lines.readline(_LONGEST_LINE):
                if self._home.hangs():
                    continue
                words = line.decode("utf-8").split()
                match words:
                    case ["SPEAK"]:
                        self._send("230 OK RECEIVING DATA")
                        number = self._home.say(self, _text(iter(lines.readline, b"")), dict(self._settings))
                        self._send(f"225-{number}", "225 OK MESSAGE QUEUED")
                    case _:
                        self._send(*self._answer(words))
        self.close()

    def close(self) -> None:
        self._home.cancel(self)
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)
        self._wire.close()

    def notify(self, number: int, code: str, what: str) -> None:
        self._send(f"{code}-{number}", f"{code}-1", f"{code} {what}")

    def _answer(self, words: list[str]) -> list[str]:
        match words:
            case ["SET", who, what, *value] if who.upper() == "SELF" and what in _SETTINGS:
                self._settings[what] = " ".join(value)
                return [_SETTINGS[what]]
            case ["LIST", "OUTPUT_MODULES"]:
                return ["250-simulated", "250 OK MODULE LIST SENT"]
            case ["LIST", "SYNTHESIS_VOICES"]:
                return [*(f"249-{voice}" for voice in _VOICES), "249 OK VOICE LIST SENT"]
            case ["CANCEL", who] if who.upper() == "SELF":
                self._home.cancel(self)
                return ["213 OK CANCELED"]
            case _:
                return ["500 ERR INVALID COMMAND"]

    def _send(self, *lines: str) -> None:
        with self._writing, contextlib.suppress(OSError):
            self._wire.sendall("".join(f"{line}\r\n" for line in lines).encode())


def _text(lines: Iterator[bytes]) -> str:
    """The lines up to the single dot, without the dots that were put before others."""
    text = [line.decode("utf-8").removesuffix("\r\n") for line in takewhile(lambda line: line != b".\r\n", lines)]
    return "\n".join(line.removeprefix(".") if line.startswith("..") else line for line in text)
