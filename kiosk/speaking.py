"""Opens the voice that the configuration describes; a part of the composition root (:mod:`kiosk.bootstrap`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.config import ConfigError, SpeechTable

if TYPE_CHECKING:
    from devices.speech.api import Speaker
    from devices.speech.engine import Engine

SPOKEN = {"zh": {"zh", "cmn"}, "en": {"en"}}
"""How engines write our languages (ISO 639-1 and -3)."""


def no_speaker() -> Speaker:
    """The voice of a terminal that has none."""
    from devices.speech.worker import NoSpeaker

    return NoSpeaker()


def open_speech_engine(chosen: SpeechTable) -> Engine | None:
    """What speaks, by the configuration; ``None`` when nothing should. Raises :class:`ConfigError` for a folder of
    clips that cannot be used."""
    from devices.speech.clips import ClipEngine, read_clips
    from devices.speech.dispatcher import DispatcherEngine
    from devices.speech.espeak import VOICES, EspeakEngine
    from devices.speech.output import AlsaOutput

    output = AlsaOutput(loudspeaker=chosen.loudspeaker, headphones=chosen.headphones)
    names = chosen.voices
    match chosen.engine:
        case "none":
            return None
        case "clips":
            engine = None
        case "espeak-ng":
            engine = EspeakEngine(
                output=output, voices={"zh": names.zh or VOICES["zh"], "en": names.en or VOICES["en"]}
            )
        case "speech-dispatcher":
            engine = DispatcherEngine(
                path=Path(chosen.socket) if chosen.socket else None,
                module=chosen.module,
                voices={"zh": names.zh, "en": names.en},
            )
    if engine is not None and not chosen.clips:
        return engine
    try:
        return ClipEngine(clips=read_clips(Path(chosen.clips)), output=output, otherwise=engine)
    except ValueError as failure:
        raise ConfigError(f"speech.clips: {failure}") from failure


def speech_lacks(chosen: SpeechTable) -> list[str]:
    """The languages without a voice and the recordings that cannot be played. Raises :class:`ConfigError`."""
    from devices.speech.clips import ClipEngine

    engine = open_speech_engine(chosen)
    if engine is None:
        return []
    lacks = [f"clip {clip.key} ({clip.language})" for clip in engine.broken()] if isinstance(engine, ClipEngine) else []
    if chosen.engine != "clips":
        spoken = {voice.language.partition("-")[0] for voice in engine.voices()}
        lacks += [f"a voice for {name}" for name, codes in SPOKEN.items() if not codes & spoken]
    engine.close()
    return lacks


def open_speaker(chosen: SpeechTable) -> Speaker:
    """The voice that the configuration describes; absent sound is a state, not an error. Raises
    :class:`ConfigError` for clips or a jack that cannot be."""
    from devices.speech.api import Voice
    from devices.speech.jack import read_jack
    from devices.speech.worker import SpeakerThread

    engine = open_speech_engine(chosen)
    if engine is None:
        return no_speaker()
    try:
        jack = read_jack(chosen.jack)
    except ValueError as failure:
        raise ConfigError(f"speech.jack: {failure}") from failure
    return SpeakerThread(engine=engine, jack=jack, voice=Voice(rate=chosen.rate, volume=chosen.volume))
