"""The speaker's parts one by one: what may be said, what waits, where headphones are, and what clips may be."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from devices.speech.api import (
    LONGEST_TEXT,
    End,
    Ended,
    Off,
    Outlet,
    Ready,
    Silent,
    Speaking,
    SpeechNews,
    SpeechTrouble,
    Utterance,
    Voice,
    When,
)
from devices.speech.clips import read_clips
from devices.speech.dispatcher import default_socket
from devices.speech.engine import EngineVoice
from devices.speech.jack import CardJack, NoJack, SwitchJack, read_jack
from devices.speech.program import run
from devices.speech.sound import NotSound, Sound, read_sound
from devices.speech.trial import TRIALS, Listener
from devices.speech.turn import Cut, Late, Turn
from devices.speech.worker import MOST_WAITING, NoSpeaker, SpeakerThread
from devices.trial import try_all

SECRET = "王秀英的身份证"


@pytest.mark.parametrize("text", ["", "  ", "a" * (LONGEST_TEXT + 1), "a\nb", "a\rSTOP", "\x00", "\x1b[0m", "a\u2028b"])
def test_what_no_engine_should_have_to_understand_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="utterance"):
        Utterance(text, "zh")


@pytest.mark.parametrize("text", ["䶮𬭚㛃", "全角　空格", "a" * LONGEST_TEXT, "."])
def test_every_name_may_be_said(text: str) -> None:
    assert Utterance(text, "zh").text == text


@pytest.mark.parametrize("bounds", [{"rate": 0.49}, {"rate": 2.01}, {"volume": -0.1}, {"volume": 1.1}])
def test_a_voice_has_bounds(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        Voice(**bounds)


# --- the speaker's thread -----------------------------------------------------------------------------------------


class HeldEngine:
    """Says nothing until told to go on; may be made to fail."""

    def __init__(self, *, trouble: SpeechTrouble | None = None, bug: bool = False) -> None:
        self.go_on = threading.Event()
        self.said: list[tuple[str, Voice]] = []
        self.closed = False
        self._trouble = trouble
        self._bug = bug

    def look(self, outlet: Outlet) -> SpeechTrouble | None:
        if self._bug:
            raise RuntimeError(SECRET)
        return self._trouble

    def speak(self, utterance: Utterance, voice: Voice, turn: Turn, began: Callable[[], None]) -> SpeechTrouble | None:
        if self._bug:
            raise RuntimeError(SECRET)
        began()
        self.said.append((utterance.text, voice))
        while not self.go_on.is_set():
            try:
                turn.wait({}, 0)
            except Late:
                self.go_on.wait(0.01)
        return self._trouble

    def voices(self) -> tuple[EngineVoice, ...]:
        return ()

    def close(self) -> None:
        self.closed = True


def _opened(engine: HeldEngine) -> tuple[SpeakerThread, Listener]:
    speaker, heard = SpeakerThread(engine=engine), Listener()
    speaker.start(heard.hear)
    return speaker, heard


def test_the_longest_waiting_text_is_dropped_first() -> None:
    engine = HeldEngine()
    speaker, heard = _opened(engine)
    first = speaker.say(Utterance("first", "en"))
    assert heard.begun(first)
    waiting = [speaker.say(Utterance(f"{number}", "en")) for number in range(MOST_WAITING + 2)]
    assert [heard.end(number, 0) for number in waiting[2:]] == [None] * MOST_WAITING
    engine.go_on.set()
    assert heard.end(waiting[-1]) is End.FINISHED
    assert [heard.end(number) for number in waiting[:3]] == [End.INTERRUPTED, End.INTERRUPTED, End.FINISHED]
    speaker.stop()
    assert engine.closed


def test_a_new_voice_counts_from_the_next_utterance_on() -> None:
    engine = HeldEngine()
    speaker, heard = _opened(engine)
    numbers = [speaker.say(Utterance("first", "en")), speaker.say(Utterance("second", "en"))]
    assert heard.begun(numbers[0])
    speaker.adjust(Voice(rate=0.5, volume=0.1))
    engine.go_on.set()
    assert heard.end(numbers[1]) is End.FINISHED
    assert engine.said == [("first", Voice()), ("second", Voice(rate=0.5, volume=0.1))]
    speaker.stop()


def test_a_waiting_warning_is_spared_by_a_new_screen_and_dropped_by_a_newer_warning() -> None:
    engine = HeldEngine()
    speaker, heard = _opened(engine)
    said = speaker.say(Utterance("said", "en", When.AT_ONCE))
    assert heard.begun(said)
    warning = speaker.say(Utterance("warning", "en", When.AT_ONCE))
    screen = speaker.say(Utterance("screen", "en", When.INSTEAD))
    assert heard.end(said) is End.INTERRUPTED
    assert heard.begun(warning)
    newer = speaker.say(Utterance("newer", "en", When.AT_ONCE))
    assert [heard.end(number) for number in (warning, screen)] == [End.INTERRUPTED, End.INTERRUPTED]
    assert speaker.say(Utterance("newer", "en", When.AT_ONCE)) == newer
    engine.go_on.set()
    assert heard.end(newer) is End.FINISHED
    speaker.stop()


def test_a_bug_is_told_by_its_type_and_the_next_one_is_tried(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    speaker, heard = _opened(HeldEngine(bug=True))
    number = speaker.say(Utterance(SECRET, "zh"))
    assert heard.end(number) is End.FAILED
    assert Silent(SpeechTrouble.ENGINE_LOST) in heard.news()
    speaker.stop()
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


def test_a_speaker_never_started_can_be_stopped() -> None:
    SpeakerThread(engine=HeldEngine()).stop()


def test_no_speaker_says_nothing_and_says_so() -> None:
    speaker, news = NoSpeaker(), list[SpeechNews]()
    speaker.start(news.append)
    number = speaker.say(Utterance("hello", "en"))
    speaker.adjust(Voice())
    speaker.hush()
    speaker.stop()
    assert news == [Off(), Ended(number, End.FAILED, SpeechTrouble.NO_ENGINE)]


class TalkativeSpeaker(NoSpeaker):
    """Claims to say everything at once and to its end, wherever and however often."""

    def __init__(self) -> None:
        super().__init__()
        self._tell: Callable[[SpeechNews], None] = lambda _: None
        self._number = 0

    def start(self, on_news: Callable[[SpeechNews], None]) -> None:
        self._tell = on_news
        on_news(Ready(Outlet.LOUDSPEAKER))

    def say(self, utterance: Utterance) -> int:
        self._number += 1
        self._tell(Speaking(self._number, Outlet.LOUDSPEAKER))
        self._tell(Ended(self._number, End.FINISHED))
        return self._number


def test_a_speaker_that_breaks_its_promises_is_found_out() -> None:
    tried = list(try_all(TRIALS, TalkativeSpeaker, lambda speaker: speaker.stop(), lambda _: True))
    assert {each.name for each in tried if each.result == "pass"} == {"speech-says-both-languages"}
    assert {each.result for each in tried} == {"pass", "fail"}


def test_a_terminal_without_an_engine_is_not_tried() -> None:
    tried = list(try_all(TRIALS, NoSpeaker, lambda speaker: speaker.stop(), lambda _: True))
    assert {each.result for each in tried} == {"skip"}


# --- headphones ---------------------------------------------------------------------------------------------------


def test_a_headset_is_there_while_its_card_is(tmp_path: Path) -> None:
    jack = CardJack("Headset", cards=tmp_path)
    assert not jack.plugged()
    (tmp_path / "Headset").symlink_to("card1")  # as the kernel links it; the target need not exist
    (tmp_path / "card1").mkdir()
    assert jack.plugged()


@pytest.mark.parametrize(
    ("script", "plugged"),
    [
        # What amixer 1.2.8 prints for a jack's switch.
        ("echo \"numid=12,iface=CARD,name='Headphone Jack'\"; echo '  ; type=BOOLEAN,access=r-------,values=1'; "
         "echo '  : values=on'", True),
        ("echo '  ; type=BOOLEAN,access=r-------,values=1'; echo '  : values=off'", False),
        ("echo '  : values=on'; exit 1", False),
        ("echo 'amixer: Cannot find the given element from control hw:0' >&2; exit 1", False),
        ("exec sleep 600", False),
    ],
)  # fmt: skip
def test_a_socket_is_asked_through_amixer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, plugged: bool
) -> None:
    from devices.speech import jack

    monkeypatch.setattr(jack, "_DEADLINE_S", 0.5 if "sleep" in script else 20)
    program = tmp_path / "amixer"
    program.write_text(f'#!/bin/sh\n[ "$*" = "-c 0 cget iface=CARD,name=\'Headphone Jack\'" ] || exit 9\n{script}\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert SwitchJack("0", "Headphone Jack").plugged() == plugged


def test_without_amixer_or_a_card_nothing_is_plugged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not SwitchJack("no-such-card", "Headphone Jack").plugged()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not SwitchJack("0", "Headphone Jack").plugged()


def test_jacks_are_written_as_the_configuration_says() -> None:
    assert isinstance(read_jack(""), NoJack)
    assert not read_jack("").plugged()
    assert isinstance(read_jack("card:Headset"), CardJack)
    assert isinstance(read_jack("switch:PCH:Front Headphone Jack"), SwitchJack)
    for wrong in ("Headset", "card:", "card:../x", "switch:0", "switch:0:a'b", "card:a b"):
        with pytest.raises(ValueError, match="neither"):
            read_jack(wrong)


# --- programs, sound, clips ---------------------------------------------------------------------------------------


def test_a_program_takes_and_gives_more_than_a_pipe_holds() -> None:
    turn, given = Turn(), bytes(range(256)) * 4096
    assert run(["cat"], given=given, turn=turn, within_s=20, most=len(given)).out == given
    ran = run(["sh", "-c", "head -c 9999 /dev/zero >&2; exit 7"], given=given, turn=turn, within_s=20)
    assert (ran.status, ran.out, len(ran.said)) == (7, b"", 4096)  # nobody read what was given
    turn.close()


def test_a_program_ends_with_its_turn_its_time_or_its_tongue(tmp_path: Path) -> None:
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    before = children.read_text()
    turn = Turn()
    with pytest.raises(Late):
        run(["sleep", "600"], turn=turn, within_s=0.3)
    assert children.read_text() == before
    with pytest.raises(Late):
        run(["cat", "/dev/zero"], turn=turn, within_s=20)
    with pytest.raises(FileNotFoundError):
        run([str(tmp_path / "none")], turn=turn, within_s=1)
    turn.cut()
    with pytest.raises(Cut):
        run(["sleep", "600"], turn=turn, within_s=20)
    turn.close()


@pytest.mark.parametrize(
    ("frozen", "before", "seen"), [(False, None, "/ours"), (True, None, "none"), (True, "/system", "/system")]
)
def test_the_bundles_libraries_are_not_the_systems(
    monkeypatch: pytest.MonkeyPatch, frozen: bool, before: str | None, seen: str
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/ours")
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    if before is not None:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    turn = Turn()
    ran = run(["sh", "-c", 'printf %s "${LD_LIBRARY_PATH-none}"'], turn=turn, within_s=20)
    turn.close()
    assert ran.out.decode() == seen


def test_a_program_whose_outputs_are_closed_is_waited_for() -> None:
    turn = Turn()
    assert run(["sh", "-c", "exec >&- 2>&-; sleep 0.05; exit 4"], turn=turn, within_s=20).status == 4
    turn.close()


def test_sound_is_scaled_and_timed() -> None:
    sound = Sound(np.array([100, -200, 32767, -32768], "<i2").tobytes(), rate=2, channels=2)
    assert sound.seconds == 1.0
    assert list(np.frombuffer(sound.at(0.5).samples, "<i2")) == [50, -100, 16384, -16384]
    assert not any(sound.at(0.0).samples)


@pytest.mark.parametrize(
    ("rate", "channels", "frames"), [(4000, 1, 100), (22050, 3, 100), (22050, 1, 0), (8000, 1, 8000 * 301)]
)
def test_sound_beyond_the_bounds_is_refused(tmp_path: Path, rate: int, channels: int, frames: int) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.zeros((frames, channels), np.int16), rate)
    with pytest.raises(NotSound):
        read_sound(path)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not a sound at all", b"OggS" + b"\0" * 200])
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(NotSound):
        read_sound(data)


def test_a_missing_file_is_no_sound(tmp_path: Path) -> None:
    with pytest.raises(NotSound):
        read_sound(tmp_path / "none.wav")


GOOD = '[[clip]]\nkey = "a"\nlanguage = "zh"\ntext = "您好。"\nfile = "a.ogg"\n'


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("clip = 3", r"\[\[clip\]\]"),
        ("clip = [3]", "clip 1: needs file, key, language, text"),
        ("[[clip]", "not TOML"),
        (GOOD + 'more = "x"\n', "and nothing else"),
        (GOOD.replace('"a"', "1"), "needs"),
        (GOOD.replace('"zh"', '"ug"'), "unknown language"),
        (GOOD.replace("a.ogg", "../a.ogg"), "plain name"),
        (GOOD.replace("a.ogg", ".hidden"), "plain name"),
        (GOOD.replace("您好。", ""), "1 to 500 characters"),
        (GOOD + GOOD.replace("a.ogg", "/etc/passwd"), "clip 2"),
        ("#" * (1024 * 1024 + 1), "larger"),
    ],
)
def test_a_wrong_list_of_clips_says_where(tmp_path: Path, written: str, reason: str) -> None:
    (tmp_path / "clips.toml").write_text(written, "utf-8")
    with pytest.raises(ValueError, match=reason) as refused:
        read_clips(tmp_path)
    assert "clips.toml" in str(refused.value)


def test_a_list_of_clips(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_clips(tmp_path)
    (tmp_path / "clips.toml").write_text("", "utf-8")
    assert read_clips(tmp_path) == ()
    (tmp_path / "clips.toml").write_text(GOOD, "utf-8")
    (clip,) = read_clips(tmp_path)
    assert (clip.key, clip.language, clip.text, clip.path) == ("a", "zh", "您好。", tmp_path / "a.ogg")


def test_the_daemon_is_looked_for_where_its_users_session_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert str(default_socket()) == "/run/user/1000/speech-dispatcher/speechd.sock"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_socket().parts[:3] == ("/", "run", "user")
