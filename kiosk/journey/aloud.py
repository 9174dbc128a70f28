"""What is said aloud to whom stands there: keys become sentences here, and nothing of them is kept or logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from devices.speech.api import SLOWEST, Silent, Speaker, SpeechNews, SpeechTrouble, Utterance, Voice, When
from kiosk.domain.spoken import LINES, Line
from kiosk.domain.words import Language
from kiosk.journey.events import Event, SpeakerChanged

CARE_PACE = 0.8
"""Care mode speaks slower."""


class Aloud:
    """Owns ``speaker``. ``voice`` is how every resident finds it; ``post`` takes what becomes of the speaker."""

    def __init__(self, *, speaker: Speaker, voice: Voice, post: Callable[[Event], None]) -> None:
        self._speaker = speaker
        self._voice = voice
        self._post = post
        self._trouble: SpeechTrouble | None = None

    def start(self) -> None:
        self._speaker.start(self._on_news)

    def warn(self, line: Line, language: Language, *, slow: bool) -> None:
        """Say ``line`` at once, in place of everything else."""
        pace = max(SLOWEST, self._voice.rate * CARE_PACE) if slow else self._voice.rate
        self._speaker.adjust(replace(self._voice, rate=pace))
        self._speaker.say(Utterance(LINES[line](language), language, When.AT_ONCE))

    def hush(self) -> None:
        """Fall silent."""
        self._speaker.hush()

    def wipe(self) -> None:
        """Silence, and the voice as the next resident should find it."""
        self._speaker.hush()
        self._speaker.adjust(self._voice)

    def close(self) -> None:
        """End the speaker."""
        self._speaker.stop()

    def _on_news(self, news: SpeechNews) -> None:
        trouble = news.trouble if isinstance(news, Silent) else None
        if trouble != self._trouble:
            self._trouble = trouble
            self._post(SpeakerChanged(trouble))
