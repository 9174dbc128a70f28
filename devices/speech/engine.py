"""What makes speech out of text, as the speaker's thread needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.speech.api import Outlet, SpeechTrouble, Utterance, Voice
from devices.speech.turn import Turn


@dataclass(frozen=True, slots=True)
class EngineVoice:
    """One voice that an engine has: its name there, and the language as the engine writes it (``cmn``, ``en-gb``)."""

    name: str
    language: str


class Engine(Protocol):
    """Used by one thread at a time."""

    def look(self, outlet: Outlet) -> SpeechTrouble | None:
        """What keeps it from speaking at all; makes no sound, and takes seconds at most."""
        ...

    def speak(self, utterance: Utterance, voice: Voice, turn: Turn, began: Callable[[], None]) -> SpeechTrouble | None:
        """Say it to the end; ``began`` is called when sound is on its way. What failed, if it did. Waits in ``turn``
        and raises ``Cut`` when that is cut."""
        ...

    def voices(self) -> tuple[EngineVoice, ...]:
        """All it has; empty when it cannot be asked."""
        ...

    def close(self) -> None:
        """Let go of it. Idempotent."""
        ...
