"""What every speaker promises (:class:`devices.speech.api.Speaker`), for simulators and hardware alike."""

from __future__ import annotations

import threading
from collections.abc import Callable

from devices.speech.api import End, Ended, Off, Outlet, Speaker, Speaking, SpeechNews, Utterance, When
from devices.trial import DEADLINE_S, Act, Hands, NotTried, Trial, by_hand, promised

SOON_S = 2.0
"""A voice that is told to be quiet is."""
_LONG = Utterance("一、二、三、四、五、六、七、八、九、十。" * 24, "zh")
"""Never heard to its end, even by a computer that stands still for seconds."""
_SHORT = Utterance("请把卡放好。", "zh")
_ENGLISH = Utterance("Please wait.", "en")
_WARNING = Utterance("您还在吗？", "zh", When.AT_ONCE)
_SCREEN = Utterance(_SHORT.text, "zh", When.INSTEAD)


class Listener:
    """Keeps the news of one speaker: ``speaker.start(listener.hear)``."""

    def __init__(self) -> None:
        self._news: list[SpeechNews] = []
        self._came = threading.Condition()

    def hear(self, news: SpeechNews) -> None:
        with self._came:
            self._news.append(news)
            self._came.notify_all()

    def news(self) -> list[SpeechNews]:
        """All so far, oldest first."""
        with self._came:
            return list(self._news)

    def until(self, true: Callable[[list[SpeechNews]], bool], within_s: float = DEADLINE_S) -> bool:
        """Whether ``true`` of the news came to be."""
        with self._came:
            return self._came.wait_for(lambda: true(self._news), within_s)

    def begun(self, number: int, within_s: float = DEADLINE_S) -> bool:
        """Whether utterance ``number`` begins, before it ends."""
        self.until(lambda news: bool(_beginnings(news, number) or _ends(news, number)), within_s)
        return bool(_beginnings(self.news(), number))

    def end(self, number: int, within_s: float = DEADLINE_S) -> End | None:
        """How utterance ``number`` ended; ``None`` when it does not."""
        self.until(lambda news: bool(_ends(news, number)), within_s)
        ends = _ends(self.news(), number)
        return ends[0] if ends else None

    def outlet(self, number: int) -> Outlet:
        """Where utterance ``number``, which has begun, is heard."""
        return _beginnings(self.news(), number)[0].outlet

    def order(self, *numbers: int) -> list[int]:
        """Those of ``numbers`` that began, in order."""
        return [each.number for each in self.news() if isinstance(each, Speaking) and each.number in numbers]


def _beginnings(news: list[SpeechNews], number: int) -> list[Speaking]:
    return [each for each in news if isinstance(each, Speaking) and each.number == number]


def _ends(news: list[SpeechNews], number: int) -> list[End]:
    return [each.end for each in news if isinstance(each, Ended) and each.number == number]


def _started(speaker: Speaker) -> Listener:
    heard = Listener()
    speaker.start(heard.hear)
    promised(heard.until(bool), "it does not tell how it is")
    if heard.news()[0] == Off():
        raise NotTried("no engine is configured")
    return heard


def _begun(speaker: Speaker, heard: Listener, utterance: Utterance) -> int:
    number = speaker.say(utterance)
    promised(heard.begun(number), "an utterance did not begin")
    return number


def _end(heard: Listener, numbers: list[int], *ends: End, within_s: float = DEADLINE_S) -> None:
    ended = [heard.end(number, within_s) for number in numbers]
    told = ", ".join("not at all" if end is None else end.value for end in ended)
    promised(ended == list(ends), f"utterances ended {told}; should: {', '.join(ends)}")


def _says(speaker: Speaker, hands: Hands) -> None:
    """Begins and finishes, in the order in which it was asked."""
    heard = _started(speaker)
    numbers = [speaker.say(_SHORT), speaker.say(_ENGLISH)]
    _end(heard, numbers, End.FINISHED, End.FINISHED)
    promised(heard.order(*numbers) == numbers, "utterances did not begin in order")
    promised(hands(Act.LISTEN), "nothing was heard: check the device and its volume")


def _is_hushed(speaker: Speaker, _: Hands) -> None:
    """What is being said ends soon, what waits never begins, and it can speak again."""
    heard = _started(speaker)
    said = _begun(speaker, heard, _LONG)
    waiting = speaker.say(_ENGLISH)
    speaker.hush()
    _end(heard, [said, waiting], End.INTERRUPTED, End.INTERRUPTED, within_s=SOON_S)
    promised(not heard.order(waiting), "what waited was said after all")
    _end(heard, [speaker.say(_SHORT)], End.FINISHED)


def _takes_the_newest_screen(speaker: Speaker, _: Hands) -> None:
    """What is to be said instead replaces what is being said and what waits."""
    heard = _started(speaker)
    said = _begun(speaker, heard, _LONG)
    numbers = [said, speaker.say(_ENGLISH), speaker.say(_SCREEN)]
    _end(heard, numbers, End.INTERRUPTED, End.INTERRUPTED, End.FINISHED)


def _hears_warnings_out(speaker: Speaker, _: Hands) -> None:
    """A warning interrupts, and a new screen waits for its end."""
    heard = _started(speaker)
    said = _begun(speaker, heard, _LONG)
    warning, screen = speaker.say(_WARNING), speaker.say(_SCREEN)
    _end(heard, [said, warning, screen], End.INTERRUPTED, End.FINISHED, End.FINISHED)
    promised(heard.order(warning, screen) == [warning, screen], "the warning was not first")


def _says_nothing_twice(speaker: Speaker, _: Hands) -> None:
    """The same text, said while it is being said or waits, is the same utterance; afterwards it is a new one."""
    heard = _started(speaker)
    numbers = [_begun(speaker, heard, _LONG), speaker.say(_SHORT)]
    again = [speaker.say(_LONG), speaker.say(_SHORT)]
    speaker.hush()
    promised(again == numbers, "a text that was being said was said again")
    _end(heard, numbers, End.INTERRUPTED, End.INTERRUPTED, within_s=SOON_S)
    _end(heard, [speaker.say(_SHORT)], End.FINISHED)


def _stops(speaker: Speaker, _: Hands) -> None:
    """Everything has ended once it was stopped, and stopping twice is nothing."""
    heard = _started(speaker)
    numbers = [_begun(speaker, heard, _LONG), speaker.say(_SHORT)]
    speaker.stop()
    speaker.stop()
    _end(heard, numbers, End.INTERRUPTED, End.INTERRUPTED, within_s=0)


def _headphones(speaker: Speaker, hands: Hands) -> None:
    """Headphones take the sound, and nothing blares when they are pulled out."""
    heard = _started(speaker)
    by_hand(hands, Act.PLUG_HEADPHONES)
    number = _begun(speaker, heard, _LONG)
    promised(heard.outlet(number) is Outlet.HEADPHONES, "the headphones are not seen")
    by_hand(hands, Act.PULL_HEADPHONES)
    _end(heard, [number], End.INTERRUPTED, within_s=SOON_S)
    number = _begun(speaker, heard, _SHORT)
    promised(heard.outlet(number) is Outlet.LOUDSPEAKER, "the headphones are still seen")


TRIALS: tuple[Trial[Speaker], ...] = (
    Trial("speech-says-both-languages", _says),
    Trial("speech-is-hushed", _is_hushed),
    Trial("speech-takes-the-newest-screen", _takes_the_newest_screen),
    Trial("speech-hears-warnings-out", _hears_warnings_out),
    Trial("speech-says-nothing-twice", _says_nothing_twice),
    Trial("speech-stops", _stops),
    Trial("speech-headphones", _headphones),
)
