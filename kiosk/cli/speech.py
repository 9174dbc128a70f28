"""``kiosk speech``: the voice by itself, and what there is to say."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.cli.output import Failed, config_option, json_option, read_config, say, tell_trouble
from kiosk.config import ConfigError
from kiosk.domain.words import LANGUAGES, Language

_LONGEST_S = 400.0


@click.group()
def speech() -> None:
    """The terminal's voice."""


@speech.command("say")
@click.argument("text")
@click.option("--language", default="zh", type=click.Choice(LANGUAGES), help="The language of TEXT.")
@click.option("--rate", type=click.FloatRange(0.5, 2), help="Factor on the normal pace; by default the configured one.")
@click.option("--volume", type=click.FloatRange(0, 1), help="Fraction of full loudness; by default the configured one.")
@config_option
@json_option
def speech_say(
    *, text: str, language: Language, rate: float | None, volume: float | None, config_path: Path | None, as_json: bool
) -> None:
    """Say TEXT as the terminal would."""
    from queue import SimpleQueue

    from devices.speech.api import End, Ended, SpeechNews, Utterance
    from kiosk.speaking import open_speaker

    asked = {name: value for name, value in {"rate": rate, "volume": volume}.items() if value is not None}
    chosen = read_config(config_path).speech.model_copy(update=asked)
    try:
        utterance = Utterance(text, language)
        speaker = open_speaker(chosen)
    except ValueError as failure:
        raise click.UsageError(str(failure)) from failure
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    news: SimpleQueue[SpeechNews] = SimpleQueue()
    speaker.start(news.put)
    try:
        speaker.say(utterance)
        while not isinstance(last := news.get(timeout=_LONGEST_S), Ended):
            pass
    finally:
        speaker.stop()
    if last.trouble is not None:
        tell_trouble(last.trouble.value, as_json=as_json)
    else:
        say({"end": last.end.value}, as_json=as_json)
    sys.exit(0 if last.end is End.FINISHED else 1)


@speech.command("list")
@config_option
@json_option
def speech_list(*, config_path: Path | None, as_json: bool) -> None:
    """List the engine's voices for our languages, and every sentence with its recording."""
    from devices.speech.clips import ClipEngine
    from kiosk.domain.spoken import LINES
    from kiosk.speaking import SPOKEN, open_speech_engine

    try:
        engine = open_speech_engine(read_config(config_path).speech)
    except ConfigError as failure:
        raise Failed(str(failure)) from failure
    ours = frozenset[str]().union(*SPOKEN.values())
    for voice in engine.voices() if engine is not None else ():
        if voice.language.partition("-")[0] in ours:
            say({"voice": voice.name, "language": voice.language}, as_json=as_json)
    for line, words in LINES.items():
        for language in LANGUAGES:
            clip = engine.state(language, words(language)) if isinstance(engine, ClipEngine) else "none"
            row = {"line": line.value, "language": language, "text": words(language), "clip": clip}
            say(row, as_json=as_json)
    if engine is not None:
        engine.close()
