"""Speaks through speech-dispatcher, for terminals with another synthesizer than espeak-ng, or with several programs
that speak. It owns the sound card: which device is heard is its configuration, not ours.

Two traps, both seen with 0.11.4: a module without a sound card says BEGIN and never END, and then the whole daemon may
stop answering; and ``SET OUTPUT_MODULE`` accepts any name. So everything has a deadline, the list of modules is asked
for, and a connection that was late once is given up.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from types import MappingProxyType

from devices.speech.api import Language, Outlet, SpeechTrouble, Utterance, Voice, When
from devices.speech.engine import EngineVoice
from devices.speech.ssip import Happened, Notice, Parser, Reply, SsipError, command, message
from devices.speech.turn import Cut, Late, Turn

ANSWER_S = 3.0
"""Longest wait for a reply, and for an utterance to begin or, once cancelled, to end."""
_PER_CHARACTER_S: Mapping[Language, float] = MappingProxyType({"zh": 0.6, "en": 0.2})
"""Longer than any voice needs at its normal pace."""
_PIECE = 65536
_BY_LANGUAGE: Mapping[Language, str] = MappingProxyType({"zh": "", "en": ""})
_DUMMY = "dummy"
"""The module that tells by a recording that no other one works."""


def default_socket() -> Path:
    """Where the daemon of this user listens (ssip.info, "Connecting")."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return Path(runtime) / "speech-dispatcher" / "speechd.sock"


def ssip_rate(rate: float) -> int:
    """A factor on the normal pace as SSIP has it, -100 to 100, by the scale of espeak-ng's module: 80, 170 and 449
    words a minute at -100, 0 and 100."""
    words = 170 * rate
    return max(-100, round((words - 170) / 0.9)) if rate < 1 else min(100, round((words - 170) / 2.79))


class _Lost(Exception):
    """The daemon closed the connection, refused what it must not refuse, or talks nonsense."""


_GONE = (OSError, _Lost, Late)


class _Connection:
    """One conversation: commands with their replies, and notices kept until they are asked for. Commands wait in a turn
    that nobody cuts: half of one said, the daemon would take the next for a text to be spoken."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._parser = Parser()
        self._replies: deque[Reply] = deque()
        self._notices: deque[Notice] = deque()
        self._own = Turn()

    def ask(self, sent: bytes) -> Reply:
        """Send, and wait for the reply."""
        until = monotonic() + ANSWER_S
        left = memoryview(sent)
        while left:
            self._own.wait({self._socket.fileno(): select.POLLOUT}, until)
            try:
                left = left[self._socket.send(left) :]
            except OSError as failure:
                raise _Lost from failure
        while not self._replies:
            self._receive(self._own, until)
        return self._replies.popleft()

    def tell(self, *words: str) -> None:
        """A command that must succeed."""
        if not self.ask(command(*words)).well:
            raise _Lost

    def notice(self, turn: Turn, until: float) -> Notice:
        """Wait for what happens next."""
        while not self._notices:
            self._receive(turn, until)
        return self._notices.popleft()

    def close(self) -> None:
        self._socket.close()
        self._own.close()

    def _receive(self, turn: Turn, until: float) -> None:
        turn.wait({self._socket.fileno(): select.POLLIN}, until)
        try:
            data = self._socket.recv(_PIECE)
            said = self._parser.feed(data)
        except (OSError, SsipError) as failure:
            raise _Lost from failure
        if not data:
            raise _Lost
        self._notices += [each for each in said if isinstance(each, Notice)]
        self._replies += [each for each in said if isinstance(each, Reply)]


class DispatcherEngine:
    """``module`` is the output module to be used, empty: the daemon's own choice; ``voices`` the synthesis voice of
    each language by the daemon's name, empty: the module's first one for it."""

    def __init__(
        self, *, path: Path | None = None, module: str = "", voices: Mapping[Language, str] = _BY_LANGUAGE
    ) -> None:
        self._path = path or default_socket()
        self._module = module
        self._voices = voices
        self._open: _Connection | None = None

    def look(self, outlet: Outlet) -> SpeechTrouble | None:  # noqa: ARG002 - the daemon alone knows where sound goes
        """See :class:`devices.speech.engine.Engine`. That the daemon has sound is not to be known beforehand."""
        try:
            self._connected().tell("SET", "SELF", "PUNCTUATION", "none")
        except _GONE:
            self.close()
            return SpeechTrouble.NO_ENGINE
        return None

    def speak(self, utterance: Utterance, voice: Voice, turn: Turn, began: Callable[[], None]) -> SpeechTrouble | None:
        """See :class:`devices.speech.engine.Engine`. A daemon that was restarted since is connected to anew."""
        gone = self.look(turn.outlet) is not None
        if gone and (trouble := self.look(turn.outlet)) is not None:
            return trouble
        try:
            number = self._handed_over(utterance, voice)
            self._heard(number, utterance, voice, turn, began)
        except Cut:
            self._silence()
            raise
        except _GONE:
            self.close()
            return SpeechTrouble.ENGINE_LOST
        return None

    def voices(self) -> tuple[EngineVoice, ...]:
        """See :class:`devices.speech.engine.Engine`. Rows are name, language, variant; only those without a variant."""
        try:
            reply = self._connected().ask(command("LIST", "SYNTHESIS_VOICES"))
        except _GONE:
            self.close()
            return ()
        rows = [line.split("\t") for line in reply.lines]
        return tuple(EngineVoice(row[0], row[1].lower()) for row in rows if len(row) == 3 and row[2] == "none")

    def close(self) -> None:
        """See :class:`devices.speech.engine.Engine`."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connected(self) -> _Connection:
        if self._open is None:
            self._open = _Connection(self._path)
            self._open.tell("SET", "SELF", "CLIENT_NAME", "kiosk:terminal:main")
            usable = set(self._open.ask(command("LIST", "OUTPUT_MODULES")).lines) - {_DUMMY}
            if not usable or (self._module and self._module not in usable):
                raise _Lost
            if self._module:
                self._open.tell("SET", "SELF", "OUTPUT_MODULE", self._module)
            for what in ("BEGIN", "END", "CANCEL"):
                self._open.tell("SET", "SELF", "NOTIFICATION", what, "on")
        return self._open

    def _handed_over(self, utterance: Utterance, voice: Voice) -> int:
        """The number under which the daemon took the text."""
        to = self._connected()
        to.tell("SET", "SELF", "LANGUAGE", utterance.language)
        if name := self._voices[utterance.language]:
            to.tell("SET", "SELF", "SYNTHESIS_VOICE", name)
        to.tell("SET", "SELF", "RATE", str(ssip_rate(voice.rate)))
        to.tell("SET", "SELF", "VOLUME", str(round(200 * voice.volume - 100)))
        to.tell("SET", "SELF", "PRIORITY", "important" if utterance.when is When.AT_ONCE else "message")
        to.tell("SPEAK")
        taken = to.ask(message(utterance.text))
        if not taken.well or len(taken.lines) != 1 or not taken.lines[0].isdecimal():
            raise _Lost
        return int(taken.lines[0])

    def _heard(self, number: int, utterance: Utterance, voice: Voice, turn: Turn, began: Callable[[], None]) -> None:
        """Wait until it was said to the end."""
        until = monotonic() + ANSWER_S
        while True:
            notice = self._connected().notice(turn, until)
            if notice.message != number:
                continue  # of an utterance that was cancelled before
            match notice.happened:
                case Happened.BEGIN:
                    began()
                    longest = len(utterance.text) * _PER_CHARACTER_S[utterance.language] / voice.rate
                    until = monotonic() + ANSWER_S + longest
                case Happened.END:
                    return
                case Happened.CANCELED:
                    raise Cut  # by another program of this user
                case _:
                    pass

    def _silence(self) -> None:
        try:
            self._connected().tell("CANCEL", "SELF")
        except _GONE:
            self.close()
