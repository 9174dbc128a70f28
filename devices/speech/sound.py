"""Sound as samples: what an engine rendered or a clip holds, ready to be played. The only module that reads sound."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import soundfile

LONGEST_S = 300.0
_RATES = range(8000, 48001)


class NotSound(Exception):
    """What was given is no sound that can be played here."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Signed 16-bit little-endian samples, ``channels`` interleaved, ``rate`` frames a second."""

    samples: bytes
    rate: int
    channels: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / (2 * self.rate * self.channels)

    def at(self, volume: float) -> Sound:
        """The same, scaled to ``volume`` (0 to 1)."""
        scaled = np.frombuffer(self.samples, dtype="<i2").astype(np.float32) * volume
        return Sound(np.round(scaled).astype("<i2").tobytes(), self.rate, self.channels)


def read_sound(source: bytes | Path) -> Sound:
    """A WAV, FLAC or Ogg file, at most five minutes, one or two channels. Raises :class:`NotSound`."""
    try:
        with soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            if file.samplerate not in _RATES or file.channels not in (1, 2):
                raise NotSound(f"{file.channels} channels at {file.samplerate} Hz")
            most = int(LONGEST_S * file.samplerate)
            # A program that writes to a pipe cannot know the length beforehand: the header says "endless".
            read = cast("npt.NDArray[np.int16]", file.read(most + 1, dtype="int16", always_2d=True))
            rate, channels = file.samplerate, file.channels
    except (soundfile.LibsndfileError, OSError) as failure:
        raise NotSound(type(failure).__name__) from failure
    if not 0 < len(read) <= most:
        raise NotSound(f"{len(read)} frames")
    return Sound(read.astype("<i2").tobytes(), rate, channels)
