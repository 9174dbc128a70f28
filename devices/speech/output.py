"""Plays samples through ``aplay``, ALSA's own player: one child per sound (why not in this process: docs/adr/0007).

A device is opened anew for every sound, so a card that was plugged in a second ago is simply there; a driver that hangs
takes a child with it and not the terminal; and a killed player is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.speech.api import Outlet, SpeechTrouble
from devices.speech.program import run
from devices.speech.sound import Sound
from devices.speech.turn import Late, Turn

_OPEN_S = 3.0
_BUFFER_US = 200_000
"""What is in the card's buffer may still be heard after a hush."""
_PROBE = Sound(samples=b"", rate=22050, channels=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsaOutput:
    """``loudspeaker`` and ``headphones`` are ALSA device names (``default``, ``plughw:CARD=Headset``), as ``aplay -L``
    lists them; they may be the same when the sound card itself switches between the two."""

    loudspeaker: str = "default"
    headphones: str = "default"

    def look(self, outlet: Outlet) -> SpeechTrouble | None:
        """What is wrong with the device of ``outlet``; it is opened without a sound."""
        turn = Turn(outlet)
        try:
            return self.play(_PROBE, turn)
        finally:
            turn.close()

    def play(self, sound: Sound, turn: Turn, began: Callable[[], None] | None = None) -> SpeechTrouble | None:
        """Play to the end where ``turn`` is to be heard. Raises ``Cut``."""
        device = self.headphones if turn.outlet is Outlet.HEADPHONES else self.loudspeaker
        argv = ["aplay", "-q", "-D", device, f"--buffer-time={_BUFFER_US}", "-t", "raw", "-f", "S16_LE"]
        argv += ["-r", str(sound.rate), "-c", str(sound.channels), "-"]
        if began is not None:
            began()
        try:
            ran = run(argv, given=sound.samples, turn=turn, within_s=sound.seconds + _OPEN_S)
        except (FileNotFoundError, Late):  # no player, or a card that takes no sound: nothing is heard either way
            return SpeechTrouble.NO_AUDIO
        return SpeechTrouble.NO_AUDIO if ran.status else None
