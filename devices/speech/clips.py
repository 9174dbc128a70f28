"""Recorded clips: sentences that never change sound best when a person said them.

A folder with ``clips.toml`` and sound files (WAV, FLAC or Ogg):

    [[clip]]
    key = "idle-warning"
    language = "zh"
    text = "您还在吗？…"
    file = "idle-warning.zh.ogg"

A clip is played for exactly its text, so a sentence that was reworded since is spoken by the engine instead of wrongly
by the recording.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from devices.speech.api import Language, Outlet, SpeechTrouble, Utterance, Voice
from devices.speech.engine import Engine, EngineVoice
from devices.speech.output import AlsaOutput
from devices.speech.sound import NotSound, read_sound
from devices.speech.turn import Turn

MANIFEST = "clips.toml"
_LARGEST = 1024 * 1024
_FIELDS = {"key", "language", "text", "file"}
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One recording. ``key`` is the sentence's stable name, for people."""

    key: str
    language: Language
    text: str
    path: Path


def read_clips(folder: Path) -> tuple[Clip, ...]:
    """The clips that ``folder`` lists. Raises :class:`ValueError` naming what is wrong with the list; a sound file that
    is missing or broken only shows when it is played (:meth:`ClipEngine.broken`)."""
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            written = file.read(_LARGEST + 1)
        if len(written) > _LARGEST:
            raise ValueError(f"{path}: larger than {_LARGEST} bytes")
        rows: object = tomllib.loads(written.decode("utf-8")).get("clip", [])
    except OSError as failure:
        raise ValueError(f"{path}: cannot be read: {failure.strerror}") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise ValueError(f"{path}: not TOML: {failure}") from failure
    if not isinstance(rows, list):
        raise ValueError(f"{path}: clips are written as [[clip]]")
    return tuple(_clip(path, number, row) for number, row in enumerate(cast("list[object]", rows), start=1))


def _clip(path: Path, number: int, row: object) -> Clip:
    fields = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
    if fields.keys() != _FIELDS or not all(isinstance(value, str) for value in fields.values()):
        raise ValueError(f"{path}: clip {number}: needs {', '.join(sorted(_FIELDS))} and nothing else")
    if fields["language"] not in get_args(Language):
        raise ValueError(f"{path}: clip {number}: unknown language")
    if not _FILE.fullmatch(fields["file"]):
        raise ValueError(f"{path}: clip {number}: file is a plain name in the same folder")
    try:
        Utterance(fields["text"], fields["language"])
    except ValueError as failure:
        raise ValueError(f"{path}: clip {number}: {failure}") from failure
    return Clip(key=fields["key"], language=fields["language"], text=fields["text"], path=path.parent / fields["file"])


class ClipEngine:
    """Plays a clip where there is one, at the pace it was recorded at, and has the rest said by ``otherwise``; without
    that, the rest stays unsaid."""

    def __init__(self, *, clips: tuple[Clip, ...], output: AlsaOutput, otherwise: Engine | None = None) -> None:
        self._clips: Mapping[tuple[Language, str], Clip] = {(clip.language, clip.text): clip for clip in clips}
        self._output = output
        self._otherwise = otherwise

    def broken(self) -> tuple[Clip, ...]:
        """Those whose sound file is missing or cannot be played."""
        return tuple(clip for clip in self._clips.values() if not _plays(clip))

    def state(self, language: Language, text: str) -> Literal["there", "broken", "none"]:
        """Whether ``text`` has a recording that can be played."""
        clip = self._clips.get((language, text))
        return "none" if clip is None else "there" if _plays(clip) else "broken"

    def look(self, outlet: Outlet) -> SpeechTrouble | None:
        """See :class:`devices.speech.engine.Engine`."""
        return self._output.look(outlet) if self._otherwise is None else self._otherwise.look(outlet)

    def speak(self, utterance: Utterance, voice: Voice, turn: Turn, began: Callable[[], None]) -> SpeechTrouble | None:
        """See :class:`devices.speech.engine.Engine`."""
        clip = self._clips.get((utterance.language, utterance.text))
        if clip is not None:
            try:
                sound = read_sound(clip.path)
            except NotSound:
                pass
            else:
                return self._output.play(sound.at(voice.volume), turn, began)
        return (
            SpeechTrouble.NO_CLIP if self._otherwise is None else self._otherwise.speak(utterance, voice, turn, began)
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """See :class:`devices.speech.engine.Engine`."""
        return () if self._otherwise is None else self._otherwise.voices()

    def close(self) -> None:
        """See :class:`devices.speech.engine.Engine`."""
        if self._otherwise is not None:
            self._otherwise.close()


def _plays(clip: Clip) -> bool:
    try:
        read_sound(clip.path)
    except NotSound:
        return False
    return True
