"""espeak-ng as a child for each utterance: text in, samples out, played here. Small, offline, in Debian, and in both of
our languages; its Mandarin is plain but understood."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from types import MappingProxyType

from devices.speech.api import Language, Outlet, SpeechTrouble, Utterance, Voice
from devices.speech.engine import EngineVoice
from devices.speech.output import AlsaOutput
from devices.speech.program import run
from devices.speech.sound import NotSound, read_sound
from devices.speech.turn import Late, Turn

VOICES: Mapping[Language, str] = MappingProxyType({"zh": "cmn", "en": "en-gb"})
NORMAL_WPM = 170
"""Words a minute at rate 1, the same as speech-dispatcher's module for this engine has."""
_RENDER_S = 10.0
_MOST = 32 * 1024 * 1024
"""Bytes of one rendered utterance; the longest text at the slowest pace makes some 20 MB."""


class EspeakEngine:
    """``voices`` gives the voice of each language by espeak-ng's own name."""

    def __init__(
        self, *, output: AlsaOutput, voices: Mapping[Language, str] = VOICES, program: str = "espeak-ng"
    ) -> None:
        self._output = output
        self._voices = voices
        self._program = program

    def look(self, outlet: Outlet) -> SpeechTrouble | None:
        """See :class:`devices.speech.engine.Engine`."""
        return SpeechTrouble.NO_ENGINE if shutil.which(self._program) is None else self._output.look(outlet)

    def speak(self, utterance: Utterance, voice: Voice, turn: Turn, began: Callable[[], None]) -> SpeechTrouble | None:
        """See :class:`devices.speech.engine.Engine`."""
        argv = [self._program, "--stdin", "--stdout", "-b", "1", "-v", self._voices[utterance.language]]
        argv += ["-s", str(round(NORMAL_WPM * voice.rate))]
        try:
            ran = run(argv, given=utterance.text.encode(), turn=turn, within_s=_RENDER_S, most=_MOST)
        except FileNotFoundError:
            return SpeechTrouble.NO_ENGINE
        except Late:
            return SpeechTrouble.ENGINE_LOST
        if ran.status:
            return SpeechTrouble.NO_VOICE if "voice does not exist" in ran.said else SpeechTrouble.ENGINE_LOST
        try:
            sound = read_sound(ran.out)
        except NotSound:
            return SpeechTrouble.ENGINE_LOST
        return self._output.play(sound.at(voice.volume), turn, began)

    def voices(self) -> tuple[EngineVoice, ...]:
        """See :class:`devices.speech.engine.Engine`. The table has priority, language, age and gender, name, file;
        ``-v`` takes a voice by its language."""
        turn = Turn()
        try:
            ran = run([self._program, "--voices"], turn=turn, within_s=_RENDER_S, most=_MOST)
        except (FileNotFoundError, Late):
            return ()
        finally:
            turn.close()
        rows = [line.split() for line in ran.out.decode("utf-8", "replace").splitlines()[1:]]
        return tuple(EngineVoice(name=row[1], language=row[1]) for row in rows if len(row) > 3)

    def close(self) -> None:
        """Nothing is held between utterances."""
