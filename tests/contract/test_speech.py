"""What every speaker must do, on the simulator, on the real speech-dispatcher, on the real espeak-ng and on clips; and
what each of them does when something is wrong with it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from devices.speech import dispatcher as driver
from devices.speech.api import (
    End,
    Ended,
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
from devices.speech.clips import ClipEngine, read_clips
from devices.speech.dispatcher import DispatcherEngine
from devices.speech.engine import Engine
from devices.speech.espeak import EspeakEngine
from devices.speech.output import AlsaOutput
from devices.speech.sim import SimulatedDispatcher, SimulatedJack
from devices.speech.trial import TRIALS, Listener
from devices.speech.worker import SpeakerThread
from devices.trial import Act, try_all
from tests.support import dispatcher, sound_card
from tests.support.dispatcher import Dispatcher
from tests.support.sound_card import SoundCard, configure

HELLO = Utterance("还要继续办吗？请点一下屏幕。", "zh")
WARNING = Utterance("您还在吗？", "zh", When.AT_ONCE)
COUNTING = Utterance("一、二、三、四、五、六、七、八、九、十。" * 24, "zh")

needs_espeak = pytest.mark.skipif(bool(sound_card.missing("espeak-ng", "aplay")), reason="no espeak-ng or aplay")
needs_dispatcher = pytest.mark.skipif(bool(dispatcher.missing()), reason="no speech-dispatcher")


class Hall(NamedTuple):
    """Two sound cards and a jack, and what opens speakers on them."""

    loudspeaker: SoundCard
    headphones: SoundCard
    jack: SimulatedJack
    folder: Path
    open: Callable[[Engine], tuple[SpeakerThread, Listener]]

    @property
    def output(self) -> AlsaOutput:
        return AlsaOutput(loudspeaker=self.loudspeaker.name, headphones=self.headphones.name)


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Hall]:
    with ExitStack() as stack:
        cards = [SoundCard(tmp_path, name) for name in ("loudspeaker", "headphones")]
        for card in cards:
            stack.callback(card.close)
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(configure(tmp_path, *cards)))
        monkeypatch.setattr(driver, "ANSWER_S", 20.0)  # whoever answers at all may take its time
        jack = SimulatedJack()

        def open_speaker(engine: Engine) -> tuple[SpeakerThread, Listener]:
            speaker, heard = SpeakerThread(engine=engine, jack=jack, retry_s=0.05), Listener()
            speaker.start(heard.hear)
            stack.callback(speaker.stop)
            return speaker, heard

        yield Hall(cards[0], cards[1], jack, tmp_path, open_speaker)


@pytest.fixture
def sim() -> Generator[SimulatedDispatcher]:
    simulated = SimulatedDispatcher(per_character_s=0.05)
    yield simulated
    simulated.stop()


@pytest.fixture
def daemon(hall: Hall) -> Generator[Dispatcher]:
    (hall.folder / "speechd").mkdir()
    running = Dispatcher(hall.folder / "speechd", device=hall.loudspeaker.name, alsa=hall.folder / "asound.conf")
    running.start()
    yield running
    running.close()


ENGINES = [
    "simulator",
    pytest.param("espeak-ng", marks=needs_espeak),
    pytest.param("speech-dispatcher", marks=[needs_espeak, needs_dispatcher]),
]


@pytest.fixture
def engine(request: pytest.FixtureRequest, hall: Hall) -> Engine:
    match request.param:
        case "simulator":
            return DispatcherEngine(path=request.getfixturevalue("sim").path)
        case "espeak-ng":
            return EspeakEngine(output=hall.output)
        case _:
            return DispatcherEngine(path=request.getfixturevalue("daemon").path)


on_every_engine = pytest.mark.parametrize("engine", ENGINES, indirect=True)


@on_every_engine
def test_what_a_speaker_promises(hall: Hall, engine: Engine) -> None:
    def hands(act: Act) -> bool:
        match act:
            case Act.PLUG_HEADPHONES:
                hall.jack.plug()
            case Act.PULL_HEADPHONES:
                hall.jack.pull()
            case _:
                return not isinstance(engine, EspeakEngine) or bool(_samples(hall.loudspeaker).any())
        return True

    tried = try_all(TRIALS, lambda: SpeakerThread(engine=engine, jack=hall.jack), lambda speaker: speaker.stop(), hands)
    assert [each for each in tried if each.result != "pass"] == []


@on_every_engine
def test_every_utterance_ends_once_and_none_is_taken_after_the_end(hall: Hall, engine: Engine) -> None:
    speaker, heard = hall.open(engine)
    numbers = [speaker.say(COUNTING), speaker.say(HELLO), speaker.say(WARNING), speaker.say(HELLO)]
    speaker.hush()
    numbers.append(speaker.say(HELLO))
    assert heard.end(numbers[-1]) is End.FINISHED
    speaker.stop()
    assert sorted(news.number for news in heard.news() if isinstance(news, Ended)) == sorted(set(numbers))
    with pytest.raises(RuntimeError):
        speaker.say(HELLO)


@on_every_engine
def test_voices_of_both_languages_are_listed(engine: Engine) -> None:
    languages = {voice.language for voice in engine.voices()}
    assert languages >= {"cmn", "en-gb"}
    assert len(languages) < 400
    engine.close()


# --- what is heard ------------------------------------------------------------------------------------------------


def _samples(card: SoundCard) -> npt.NDArray[np.int16]:
    return np.trim_zeros(np.frombuffer(card.heard()[: len(card.heard()) // 2 * 2], dtype="<i2"))


@pytest.fixture
def said(hall: Hall) -> Callable[..., npt.NDArray[np.int16]]:
    """Has one utterance said, and gives the samples that reached the loudspeaker."""
    opened: dict[Engine, tuple[SpeakerThread, Listener]] = {}

    def say(engine: Engine, utterance: Utterance, voice: Voice) -> npt.NDArray[np.int16]:
        if engine not in opened:
            opened[engine] = hall.open(engine)
        speaker, heard = opened[engine]
        hall.loudspeaker.forget()
        speaker.adjust(voice)
        assert heard.end(speaker.say(utterance)) is End.FINISHED
        return _samples(hall.loudspeaker)

    return say


REAL = ENGINES[1:]


@pytest.mark.parametrize("engine", REAL, indirect=True)
def test_rate_and_volume_are_heard(engine: Engine, said: Callable[..., npt.NDArray[np.int16]]) -> None:
    normal = said(engine, HELLO, Voice(rate=1.0, volume=1.0))
    slow = said(engine, HELLO, Voice(rate=0.6, volume=1.0))
    soft = said(engine, HELLO, Voice(rate=1.0, volume=0.25))
    silent = said(engine, HELLO, Voice(rate=1.0, volume=0.0))
    assert 1.5 < len(normal) / 22050 < 6
    assert 1.3 < len(slow) / len(normal) < 2.2
    assert int(abs(normal).max()) > 2 * int(abs(soft).max()) > 0
    assert not silent.any()


@needs_espeak
def test_samples_are_those_of_espeak_itself(hall: Hall, said: Callable[..., npt.NDArray[np.int16]]) -> None:
    heard = said(EspeakEngine(output=hall.output), HELLO, Voice(volume=1.0))
    argv = ["espeak-ng", "-v", "cmn", "-s", "170", "-w", str(hall.folder / "peer.wav"), HELLO.text]
    subprocess.run(argv, check=True)
    peer = np.trim_zeros(np.frombuffer((hall.folder / "peer.wav").read_bytes()[44:], dtype="<i2"))
    assert np.array_equal(heard, peer)


# --- recorded clips -----------------------------------------------------------------------------------------------


def _recording(folder: Path, name: str, text: str) -> None:
    from soundfile import write

    tone = (8000 * np.sin(np.arange(16000) * 0.2)).astype(np.int16)
    write(folder / name, tone, 16000)
    with (folder / "clips.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(f'[[clip]]\nkey = "{name}"\nlanguage = "zh"\ntext = "{text}"\nfile = "{name}"\n')


@needs_espeak
@pytest.mark.parametrize("name", ["hello.wav", "hello.ogg", "hello.flac"])
def test_a_clip_is_played_for_its_text_and_the_engine_says_the_rest(
    hall: Hall, said: Callable[..., npt.NDArray[np.int16]], name: str
) -> None:
    _recording(hall.folder, name, HELLO.text)
    engine = ClipEngine(clips=read_clips(hall.folder), output=hall.output, otherwise=EspeakEngine(output=hall.output))
    clip = said(engine, HELLO, Voice(volume=0.5))
    assert 15500 < len(clip) <= 16000
    assert 3700 < abs(clip).max() < 4400
    assert len(said(engine, Utterance("没有录音。", "zh"), Voice())) > 22050 / 2


@needs_espeak
def test_a_broken_clip_is_told_and_the_engine_says_it(hall: Hall, said: Callable[..., npt.NDArray[np.int16]]) -> None:
    _recording(hall.folder, "hello.wav", HELLO.text)
    (hall.folder / "hello.wav").write_bytes(b"RIFF....not a sound")
    engine = ClipEngine(clips=read_clips(hall.folder), output=hall.output, otherwise=EspeakEngine(output=hall.output))
    assert [clip.key for clip in engine.broken()] == ["hello.wav"]
    assert len(said(engine, HELLO, Voice())) > 22050


@needs_espeak
def test_clips_alone_leave_the_rest_unsaid_and_stay_ready(hall: Hall) -> None:
    _recording(hall.folder, "hello.wav", HELLO.text)
    speaker, heard = hall.open(ClipEngine(clips=read_clips(hall.folder), output=hall.output))
    number = speaker.say(Utterance("没有录音。", "zh"))
    heard.end(number)
    assert Ended(number, End.FAILED, SpeechTrouble.NO_CLIP) in heard.news()
    assert heard.end(speaker.say(HELLO)) is End.FINISHED
    assert not any(isinstance(news, Silent) for news in heard.news())


# --- headphones ---------------------------------------------------------------------------------------------------


@needs_espeak
def test_with_headphones_plugged_the_loudspeaker_is_silent(hall: Hall) -> None:
    speaker, heard = hall.open(EspeakEngine(output=hall.output))
    hall.jack.plug()
    number = speaker.say(HELLO)
    assert heard.end(number) is End.FINISHED
    assert Speaking(number, Outlet.HEADPHONES) in heard.news()
    assert _samples(hall.headphones).any()
    assert not any(hall.loudspeaker.heard())
    hall.jack.pull()
    assert heard.end(speaker.say(HELLO)) is End.FINISHED
    assert _samples(hall.loudspeaker).any()


@on_every_engine
@pytest.mark.parametrize("plugged", [True, False])
def test_speech_stops_when_headphones_come_or_go(hall: Hall, engine: Engine, plugged: bool) -> None:
    if plugged:
        hall.jack.plug()
    speaker, heard = hall.open(engine)
    number = speaker.say(COUNTING)
    assert heard.begun(number)
    if plugged:
        hall.jack.pull()
    else:
        hall.jack.plug()
    assert heard.end(number) is End.INTERRUPTED


# --- what may go wrong --------------------------------------------------------------------------------------------


def _silent(trouble: SpeechTrouble) -> Callable[[list[SpeechNews]], bool]:
    return lambda news: Silent(trouble) in news


def _ready_after_silence(news: list[SpeechNews]) -> bool:
    last = max(index for index, each in enumerate(news) if isinstance(each, Silent))
    return any(isinstance(each, Ready) for each in news[last:])


@needs_espeak
def test_a_missing_sound_card_is_a_status_and_a_new_one_is_found(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(hall.folder)
    speaker, heard = hall.open(EspeakEngine(output=hall.output))
    assert heard.until(_silent(SpeechTrouble.NO_AUDIO))
    number = speaker.say(HELLO)
    assert heard.end(number) is End.FAILED
    configure(hall.folder, hall.loudspeaker, hall.headphones)
    assert heard.until(_ready_after_silence)
    assert heard.end(speaker.say(HELLO)) is End.FINISHED
    assert len(_samples(hall.loudspeaker)) > 22050


@needs_espeak
def test_a_card_that_takes_no_sound_is_not_waited_for_for_ever(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    from devices.speech import output

    monkeypatch.setattr(output, "_OPEN_S", -2.0)  # the text takes three seconds
    speaker, heard = hall.open(EspeakEngine(output=hall.output))
    hall.loudspeaker.jam()
    number = speaker.say(HELLO)
    assert heard.end(number) is End.FAILED
    assert Silent(SpeechTrouble.NO_AUDIO) in heard.news()


def test_without_a_player_there_is_no_audio(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("true")
    assert program is not None
    monkeypatch.setenv("PATH", str(hall.folder))
    _, heard = hall.open(EspeakEngine(output=hall.output, program=program))
    assert heard.until(_silent(SpeechTrouble.NO_AUDIO))


@needs_espeak
@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (None, SpeechTrouble.NO_ENGINE),
        ("exit 3", SpeechTrouble.ENGINE_LOST),
        ("cat", SpeechTrouble.ENGINE_LOST),
        ("cat /dev/zero", SpeechTrouble.ENGINE_LOST),
        ("exec sleep 600", SpeechTrouble.ENGINE_LOST),
        ("kill -9 $$", SpeechTrouble.ENGINE_LOST),
    ],
)
def test_an_engine_that_fails_is_named_so(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, script: str | None, trouble: SpeechTrouble
) -> None:
    from devices.speech import espeak

    monkeypatch.setattr(espeak, "_RENDER_S", 0.5)
    monkeypatch.setattr(espeak, "_MOST", 1024 * 1024)
    program = hall.folder / "engine"
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    speaker, heard = hall.open(EspeakEngine(output=hall.output, program=str(program)))
    number = speaker.say(HELLO)
    heard.end(number)
    assert Ended(number, End.FAILED, trouble) in heard.news()
    assert Silent(trouble) in heard.news()


@needs_espeak
def test_a_missing_voice_fails_one_language_only(hall: Hall) -> None:
    speaker, heard = hall.open(EspeakEngine(output=hall.output, voices={"zh": "klingon-x", "en": "en-gb"}))
    number = speaker.say(HELLO)
    heard.end(number)
    assert Ended(number, End.FAILED, SpeechTrouble.NO_VOICE) in heard.news()
    assert heard.end(speaker.say(Utterance("Hello.", "en"))) is End.FINISHED
    assert not any(isinstance(news, Silent) for news in heard.news())


@needs_espeak
@needs_dispatcher
def test_a_killed_daemon_is_told_and_its_successor_speaks(hall: Hall, daemon: Dispatcher) -> None:
    speaker, heard = hall.open(DispatcherEngine(path=daemon.path))
    number = speaker.say(COUNTING)
    assert heard.begun(number)
    daemon.kill()
    heard.end(number)
    assert Ended(number, End.FAILED, SpeechTrouble.ENGINE_LOST) in heard.news()
    assert heard.until(_silent(SpeechTrouble.NO_ENGINE))
    daemon.start()
    assert heard.until(_ready_after_silence)
    assert heard.end(speaker.say(HELLO)) is End.FINISHED
    daemon.kill()
    daemon.start()  # between two utterances nobody notices
    assert heard.end(speaker.say(HELLO)) is End.FINISHED


@needs_espeak
@needs_dispatcher
def test_a_daemon_without_a_sound_card_says_begin_and_never_end(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen with 0.11.4; later ones may say so at once. Either way the utterance fails, and in time."""
    monkeypatch.setattr(driver, "ANSWER_S", 0.7)
    (hall.folder / "speechd").mkdir()
    daemon = Dispatcher(hall.folder / "speechd", device="gone", alsa=hall.folder / "asound.conf")
    daemon.start()
    try:
        speaker, heard = hall.open(DispatcherEngine(path=daemon.path))
        number = speaker.say(Utterance("好。", "zh"))
        assert heard.end(number) is End.FAILED
    finally:
        daemon.close()


@needs_dispatcher
def test_a_module_that_the_daemon_does_not_have_is_no_engine(hall: Hall, daemon: Dispatcher) -> None:
    _, heard = hall.open(DispatcherEngine(path=daemon.path, module="baritone"))
    assert heard.until(_silent(SpeechTrouble.NO_ENGINE))


def test_faults_of_the_simulator_are_what_the_driver_sees(
    hall: Hall, sim: SimulatedDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker, heard = hall.open(DispatcherEngine(path=sim.path))
    short = Utterance("好。", "zh")

    def fails() -> bool:
        with monkeypatch.context() as hasty:
            hasty.setattr(driver, "ANSWER_S", 0.2)
            return heard.end(speaker.say(short)) is End.FAILED

    sim.take_card()
    assert fails()
    sim.give_card()
    assert heard.end(speaker.say(short)) is End.FINISHED
    sim.hang()
    assert fails()
    sim.wake()
    assert heard.end(speaker.say(short)) is End.FINISHED
    sim.go_away()
    assert heard.end(speaker.say(short)) is End.FAILED
    sim.come_back()
    assert heard.until(_ready_after_silence)
    assert heard.end(speaker.say(short)) is End.FINISHED


def test_what_is_said_reaches_the_daemon_as_it_is(hall: Hall, sim: SimulatedDispatcher) -> None:
    speaker, heard = hall.open(DispatcherEngine(path=sim.path, voices={"zh": "", "en": "English (Great Britain)"}))
    speaker.adjust(Voice(rate=2.0, volume=1.0))
    heard.end(speaker.say(Utterance(".", "zh")))
    heard.end(speaker.say(Utterance("..a <b>&amp;", "en", When.AT_ONCE)))
    dot, english = sim.said()
    assert (dot.text, english.text) == (".", "..a <b>&amp;")
    assert dot.settings["LANGUAGE"] == "zh"
    assert english.settings == {
        **english.settings,
        "LANGUAGE": "en",
        "SYNTHESIS_VOICE": "English (Great Britain)",
        "RATE": "61",
        "VOLUME": "100",
        "PRIORITY": "important",
    }


def test_a_client_of_the_simulator_that_leaves_silences_nobody_else(hall: Hall, sim: SimulatedDispatcher) -> None:
    leaving, its = hall.open(DispatcherEngine(path=sim.path))
    staying, heard = hall.open(DispatcherEngine(path=sim.path))
    cut, goes_on = leaving.say(COUNTING), staying.say(HELLO)
    assert its.begun(cut)
    assert heard.begun(goes_on)
    leaving.stop()
    assert its.end(cut) is End.INTERRUPTED
    assert heard.end(goes_on) is End.FINISHED
