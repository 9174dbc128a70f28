"""The trials of every device: the simulators keep their promises, and devices that break one are found out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from click.testing import CliRunner

from devices.camera.api import Camera, CameraState, Frame, Live, Off
from devices.camera.trial import TRIALS as CAMERA
from devices.card.api import CardRead, CardReader, CardState, DocumentKey, NoCard
from devices.card.trial import TRIALS as CARD
from devices.printer.api import JobResult, Outcome, Part, Printer, PrinterStatus, Setup
from devices.printer.trial import TRIALS as PRINTER
from devices.speech.trial import TRIALS as SPEECH
from devices.trial import Act, Heard, Tried, try_all
from kiosk.cli import main
from kiosk.cli.trials import ask
from kiosk.config import Config
from kiosk.demo.trials import simulated_stand
from kiosk.trials import ASKED, KINDS, Kind, Stand, try_devices


@pytest.mark.parametrize("kind", KINDS)
def test_every_simulator_keeps_its_promises(kind: Kind) -> None:
    with simulated_stand() as stand:
        assert [tried for tried in try_devices(stand, {kind}) if tried.result != "pass"] == []


def only(tried: list[Tried], result: str) -> set[str]:
    return {each.name for each in tried if each.result == result}


class ForgetfulReader:
    """Calls every card the first one, tells of cards that have left, and raises when stopped twice."""

    def __init__(self, inner: CardReader) -> None:
        self._inner = inner
        self._stopped = False

    def start(self, on_state: Callable[[CardState], None]) -> None:
        def told(state: CardState) -> None:
            on_state(replace(state, insertion=1) if isinstance(state, CardRead) else state)

        self._inner.start(told)

    def try_key(self, key: DocumentKey) -> None:
        self._inner.try_key(key)

    def stop(self) -> None:
        if self._stopped:
            raise RuntimeError("stopped twice")
        self._stopped = True
        self._inner.stop()


def test_a_reader_that_breaks_its_promises_is_found_out() -> None:
    made: list[CardReader] = []

    def forgetful() -> CardReader:
        made.append(stand.open_reader())
        return ForgetfulReader(made[-1])

    with simulated_stand() as stand:
        tried = list(try_all(CARD, forgetful, lambda _: made[-1].stop(), stand.hands))
    assert only(tried, "fail") == {"card-stops-and-starts", "card-insertions-count"}
    said = {each.name: each.detail for each in tried}
    assert said["card-stops-and-starts"] == "the driver raised RuntimeError"
    assert said["card-insertions-count"] == "a card laid on again was not counted anew"


class TalkativeCamera:
    """Tells one more thing after it was stopped, and shows every frame as the first."""

    def __init__(self, inner: Camera) -> None:
        self._inner = inner
        self._tell: Callable[[CameraState], None] = lambda _: None

    def start(self, on_state: Callable[[CameraState], None], on_frame: Callable[[Frame], None]) -> None:
        self._tell = on_state
        self._inner.start(on_state, lambda frame: on_frame(replace(frame, sequence=1)))

    def stop(self) -> None:
        self._inner.stop()
        self._tell(Off())


def test_a_camera_that_breaks_its_promises_is_found_out() -> None:
    with simulated_stand() as stand:
        tried = list(
            try_all(CAMERA, lambda: TalkativeCamera(stand.open_camera()), lambda camera: camera.stop(), stand.hands)
        )
    assert only(tried, "fail") == {"camera-shows-frames", "camera-is-silent-once-stopped"}


class LyingPrinter:
    """Says "printed" and "ready" whatever happens, and prints twice."""

    def __init__(self, inner: Printer) -> None:
        self._inner = inner

    @property
    def setup(self) -> Setup:
        return self._inner.setup

    def status(self) -> PrinterStatus:
        return PrinterStatus(trouble=None, paper_low=False, certain=True)

    def print(self, slip: Sequence[Part]) -> JobResult:
        self._inner.print(slip)
        self._inner.print(slip)
        return JobResult(outcome=Outcome.PRINTED, status=self.status(), sent=0)

    def close(self) -> None:
        self._inner.close()


def test_a_printer_that_lies_is_found_out() -> None:
    with simulated_stand() as stand:
        tried = list(
            try_all(PRINTER, lambda: LyingPrinter(stand.open_printer()), lambda printer: printer.close(), stand.hands)
        )
    assert only(tried, "pass") == set()


def test_a_second_camera_is_tried_too_and_is_the_one_to_unplug() -> None:
    asked: list[Act] = []
    here = {Act.UNPLUG_CODE_CAMERA: Act.UNPLUG_CAMERA, Act.PLUG_CODE_CAMERA: Act.PLUG_CAMERA}

    with simulated_stand() as stand:

        def hands(act: Act) -> bool:
            asked.append(act)
            return stand.hands(here.get(act, act))

        both = replace(stand, hands=hands, open_code_camera=stand.open_camera)
        tried = list(try_devices(both, {"camera"}))
    names = [trial.name for trial in CAMERA]
    assert [each.name for each in tried] == names + [f"code-{name}" for name in names]
    assert only(tried, "pass") == {each.name for each in tried}
    assert asked == [Act.UNPLUG_CAMERA, Act.PLUG_CAMERA, Act.UNPLUG_CODE_CAMERA, Act.PLUG_CODE_CAMERA]


def no(_: Act) -> bool:
    return False


def test_what_hands_cannot_do_is_skipped_and_said() -> None:
    with simulated_stand() as stand:
        tried = list(try_devices(replace(stand, hands=no), KINDS))
    unaided = {"card-stops-and-starts", "camera-shows-frames", "camera-is-silent-once-stopped"}
    unaided |= {trial.name for trial in SPEECH} - {"speech-says-both-languages", "speech-headphones"}
    # What nobody looked at or listened to is not known to be right.
    unseen = {"printer-prints", "speech-says-both-languages"}
    assert [each for each in tried if each.result == "fail" and each.name not in unseen] == []
    assert only(tried, "fail") == unseen
    assert only(tried, "pass") == unaided
    skipped = next(each for each in tried if each.name == "card-is-read")
    assert (skipped.result, skipped.detail) == ("skip", "not done: lay-card")


def test_a_promise_that_is_not_kept_in_time_names_what_came_instead() -> None:
    heard: Heard[CardState | CameraState] = Heard()
    heard.put(NoCard())
    with pytest.raises(Exception, match=r"a live picture was not told within 0.01 s; last: NoCard"):
        heard.next("a live picture", Live, within_s=0.01)


def test_every_act_has_words() -> None:
    assert set(ASKED) == set(Act)


def test_the_command_tries_the_simulators() -> None:
    result = CliRunner().invoke(main, ["devices", "test", "--device", "printer", "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [(row["trial"], row["result"]) for row in rows] == [(trial.name, "pass") for trial in PRINTER]


def test_the_command_asks_a_technician(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real hardware: what the technician is asked, and that one answer of "not done" skips one trial only."""
    with simulated_stand() as stand:

        def hardware(_: Config) -> Stand:
            return replace(stand, hands=_asking(stand))

        monkeypatch.setattr("kiosk.cli.trials._hardware", hardware)
        result = CliRunner().invoke(main, ["devices", "test", "--real", "--device", "printer"], input="\ns\n\n\n\n\n")
    assert result.exit_code == 0, result.output
    assert "skip  printer-cover-open: not done: open-cover" in result.stdout
    assert result.stdout.count("pass") == 3
    assert ASKED[Act.TAKE_PAPER].zh in result.stderr
    assert ASKED[Act.LOOK_AT_SLIP].en in result.stderr


def _asking(stand: Stand) -> Callable[[Act], bool]:
    """The command's own question; whoever answers it also works the simulator."""
    return lambda act: ask(act) and stand.hands(act)


def test_hardware_that_is_not_configured_is_said_before_anyone_is_asked() -> None:
    result = CliRunner().invoke(main, ["devices", "test", "--real"])
    assert result.exit_code == 1
    assert "printer.uri" in result.stderr
