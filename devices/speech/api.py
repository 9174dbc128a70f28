"""What the rest of the terminal may know of a speaker.

A terminal without sound still serves: no card, no engine and a lost engine are values here, never exceptions. What
cannot be said now is never said later, because a warning that comes half a minute late is worse than none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

Language = Literal["zh", "en"]

LONGEST_TEXT = 500
"""Characters of one utterance; at the slowest pace some four minutes."""
SLOWEST, FASTEST = 0.5, 2.0


class SpeechTrouble(StrEnum):
    """Why something could not be said."""

    NO_AUDIO = "speech-no-audio"  # no sound card, not the one that is configured, or one that takes no sound
    NO_ENGINE = "speech-no-engine"  # the program is not installed, the service does not answer
    ENGINE_LOST = "speech-engine-lost"  # went away, or fell silent, in the middle of an utterance
    NO_VOICE = "speech-no-voice"  # the engine speaks, but not this language
    NO_CLIP = "speech-no-clip"  # recorded clips alone are to be played, and there is none for this text


class When(StrEnum):
    """When an utterance is said."""

    NEXT = "next"  # after what waits already
    INSTEAD = "instead"  # in place of what is said and waits; a warning that is being said is heard to its end
    AT_ONCE = "at-once"  # a warning: in place of everything


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text to be said. Raises :class:`ValueError` for an empty or too long text, and for control characters, which
    no engine should have to understand."""

    text: str
    language: Language
    when: When = When.NEXT

    def __post_init__(self) -> None:
        if not self.text.strip() or len(self.text) > LONGEST_TEXT:
            raise ValueError(f"an utterance has 1 to {LONGEST_TEXT} characters, not {len(self.text)}")
        if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in self.text):
            raise ValueError("an utterance has no line breaks and no control characters")


@dataclass(frozen=True, slots=True)
class Voice:
    """How it is said. ``rate`` is a factor on the engine's normal pace, 0.5 to 2; ``volume`` a fraction of full
    loudness, 0 to 1. Raises :class:`ValueError` beyond."""

    rate: float = 1.0
    volume: float = 0.8

    def __post_init__(self) -> None:
        if not (SLOWEST <= self.rate <= FASTEST and 0 <= self.volume <= 1):
            raise ValueError(f"rate {self.rate} or volume {self.volume} out of bounds")


class Outlet(StrEnum):
    """Where it is heard. With headphones plugged in the loudspeaker is silent."""

    LOUDSPEAKER = "loudspeaker"
    HEADPHONES = "headphones"


@dataclass(frozen=True, slots=True)
class Off:
    """Not started, or no engine is configured."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Nothing is being said; ``outlet`` is where the last look found the sound going."""

    outlet: Outlet


@dataclass(frozen=True, slots=True)
class Speaking:
    """Utterance ``number`` has begun."""

    number: int
    outlet: Outlet


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing can be said. It is looked at again by itself, and with every utterance."""

    trouble: SpeechTrouble


SpeakerStatus = Off | Ready | Speaking | Silent


class End(StrEnum):
    """How an utterance ended."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"  # hushed, replaced, or headphones were plugged in or pulled out meanwhile
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ended:
    """Utterance ``number`` is over; every utterance ends exactly once, whether it began or not. ``trouble`` only with
    ``FAILED``."""

    number: int
    end: End
    trouble: SpeechTrouble | None = None


SpeechNews = SpeakerStatus | Ended


class Speaker(Protocol):
    """One voice, owned by one thread of its own. All methods may be called from any thread; only ``stop`` waits."""

    def start(self, on_news: Callable[[SpeechNews], None]) -> None:
        """Begin. ``on_news`` is called from the speaker's thread, at once with the first status found."""
        ...

    def say(self, utterance: Utterance) -> int:
        """Have it said; its number, counted from 1. A text that is being said or waits already is not said twice: the
        number is that one's."""
        ...

    def hush(self) -> None:
        """Fall silent; what waits is dropped."""
        ...

    def adjust(self, voice: Voice) -> None:
        """From the next utterance on."""
        ...

    def stop(self) -> None:
        """Fall silent for good; returns when the thread has ended. Idempotent."""
        ...
