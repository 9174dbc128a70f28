"""What every camera promises (:class:`devices.camera.api.Camera`), for simulators and hardware alike."""

from __future__ import annotations

import time
from statistics import median

from devices.camera.api import Camera, CameraState, Frame, Live, Lost, Off
from devices.trial import Act, Hands, Heard, Trial, by_hand, promised

_FRAMES = 20
_SLOWEST = 5.0
"""Frames a second below which a resident cannot lay a paper by the picture."""
_STOP_S = 3.0


def _started(camera: Camera) -> tuple[Heard[CameraState], Heard[Frame]]:
    states: Heard[CameraState] = Heard()
    frames: Heard[Frame] = Heard()
    camera.start(states.put, frames.put)
    return states, frames


def _live(states: Heard[CameraState]) -> Live:
    return states.next("a live picture", Live)


def _shows_frames(camera: Camera, _: Hands) -> None:
    states, frames = _started(camera)
    live = _live(states)
    last = frames.next("the first frame", Frame)
    gaps: list[float] = []
    for _number in range(_FRAMES):
        frame = frames.next("the next frame", Frame)
        promised(frame.sequence > last.sequence, "frames do not count up")
        promised(frame.picture.shape == (live.height, live.width, 3), "a frame has another size than was told")
        gaps.append(frame.taken - last.taken)
        last = frame
    rate = 1 / max(median(gaps), 1e-6)  # one moment at which this machine stood still is no slow camera
    promised(rate >= _SLOWEST, f"only {rate:.1f} frames a second")


def _is_silent_once_stopped(camera: Camera, _: Hands) -> None:
    states, frames = _started(camera)
    frames.next("the first frame", Frame)
    began = time.monotonic()
    camera.stop()
    promised(time.monotonic() - began < _STOP_S, f"stopping took longer than {_STOP_S:g} s")
    states.next("that capturing ended", Off, within_s=0.1)
    while not frames.is_silent():
        frames.next("a frame from before the stop", Frame, within_s=0.1)
    camera.stop()
    promised(frames.is_silent() and states.is_silent(), "something was told after the stop")
    again, _frames = _started(camera)
    _live(again)


def _comes_back(camera: Camera, hands: Hands) -> None:
    states, _frames = _started(camera)
    _live(states)
    by_hand(hands, Act.UNPLUG_CAMERA)
    states.next("a lost camera", Lost)
    by_hand(hands, Act.PLUG_CAMERA)
    _live(states)


TRIALS: tuple[Trial[Camera], ...] = (
    Trial("camera-shows-frames", _shows_frames),
    Trial("camera-is-silent-once-stopped", _is_silent_once_stopped),
    Trial("camera-replugged", _comes_back),
)
