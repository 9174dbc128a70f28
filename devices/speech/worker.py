"""One thread owns the voice: what is said, what waits, and what is cut short are decided here, whatever the engine."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from devices.speech.api import (
    End,
    Ended,
    Off,
    Outlet,
    Ready,
    Silent,
    SpeakerStatus,
    Speaking,
    SpeechNews,
    SpeechTrouble,
    Utterance,
    Voice,
    When,
)
from devices.speech.engine import Engine
from devices.speech.jack import Jack, NoJack
from devices.speech.turn import Cut, Turn

_log = logging.getLogger(__name__)

MOST_WAITING = 32
"""Beyond that the oldest is dropped: nobody listens so long."""
_OF_ONE_TEXT = frozenset({SpeechTrouble.NO_VOICE, SpeechTrouble.NO_CLIP})
"""What failed with one text and need not with the next."""


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    utterance: Utterance


class SpeakerThread:
    """Owns ``engine``, and closes it in the end. ``jack`` tells where sound goes; ``voice`` is how it is said until
    adjusted; while nothing can be said, it is looked at again every ``retry_s`` seconds."""

    def __init__(
        self, *, engine: Engine, jack: Jack | None = None, voice: Voice | None = None, retry_s: float = 10.0
    ) -> None:
        self._engine = engine
        self._jack = jack or NoJack()
        self._voice = voice or Voice()
        self._retry_s = retry_s
        self._change = threading.Condition()
        self._waiting: deque[_Item] = deque()
        self._dropped: list[_Item] = []
        self._now: _Item | None = None
        self._turn: Turn | None = None
        self._count = 0
        self._ending = False
        self._status: SpeakerStatus | None = None
        self._on_news: Callable[[SpeechNews], None] = _ignore
        self._thread = threading.Thread(target=self._work, name="speaker", daemon=True)

    # --- from any thread (see devices.speech.api.Speaker) ---

    def start(self, on_news: Callable[[SpeechNews], None]) -> None:
        """See :class:`devices.speech.api.Speaker`."""
        self._on_news = on_news
        self._thread.start()

    def say(self, utterance: Utterance) -> int:
        """See :class:`devices.speech.api.Speaker`. Raises :class:`RuntimeError` after :meth:`stop`."""
        with self._change:
            if self._ending:
                raise RuntimeError("the speaker was stopped")
            if utterance.when is not When.NEXT:
                self._drop(warnings=utterance.when is When.AT_ONCE)
            if (same := self._same(utterance)) is not None:
                return same.number
            if utterance.when is not When.NEXT:
                self._cut(warnings=utterance.when is When.AT_ONCE)
            self._count += 1
            self._waiting.append(_Item(self._count, utterance))
            if len(self._waiting) > MOST_WAITING:
                self._dropped.append(self._waiting.popleft())
            self._change.notify_all()
            return self._count

    def hush(self) -> None:
        """See :class:`devices.speech.api.Speaker`."""
        with self._change:
            self._drop(warnings=True)
            self._cut(warnings=True)
            self._change.notify_all()

    def adjust(self, voice: Voice) -> None:
        """See :class:`devices.speech.api.Speaker`."""
        with self._change:
            self._voice = voice

    def stop(self) -> None:
        """See :class:`devices.speech.api.Speaker`."""
        with self._change:
            self._ending = True
            self._drop(warnings=True)
            self._cut(warnings=True)
            self._change.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    # --- with the lock held ---

    def _same(self, utterance: Utterance) -> _Item | None:
        """What says the same already. What is to be said instead of the rest does not count on what only waits."""
        there = [self._now, *self._waiting] if utterance.when is When.NEXT else [self._now]
        wanted = (utterance.text, utterance.language)
        return next((item for item in there if item and (item.utterance.text, item.utterance.language) == wanted), None)

    def _drop(self, *, warnings: bool) -> None:
        """Nothing waits any more, but for warnings where they are spared."""
        spared = [item for item in self._waiting if item.utterance.when is When.AT_ONCE and not warnings]
        self._dropped += [item for item in self._waiting if item not in spared]
        self._waiting = deque(spared)

    def _cut(self, *, warnings: bool) -> None:
        """What is being said ends, but for a warning where it is spared."""
        if self._now is None or (self._now.utterance.when is When.AT_ONCE and not warnings):
            return
        self._now = None  # the same text would have to be said anew from here on
        if self._turn is not None:
            self._turn.cut()

    # --- the speaker's thread ---

    def _work(self) -> None:
        self._look()
        while not self._ending:
            item, dropped = self._next()
            for each in dropped:
                self._on_news(Ended(each.number, End.INTERRUPTED))
            if item is not None:
                self._say(item)
            elif not dropped and not self._ending:
                self._look()
        self._end()

    def _next(self) -> tuple[_Item | None, list[_Item]]:
        """What is to be said, and what never will be; neither when it is time to look again."""
        with self._change:
            patience = self._retry_s if isinstance(self._status, Silent) else None
            self._change.wait_for(lambda: self._ending or self._waiting or self._dropped, patience)
            dropped, self._dropped = self._dropped, []
            self._now = self._waiting.popleft() if self._waiting else None
            return self._now, dropped

    def _end(self) -> None:
        with self._change:
            dropped, self._dropped = self._dropped, []
        for each in dropped:
            self._on_news(Ended(each.number, End.INTERRUPTED))
        self._engine.close()

    def _taken(self) -> Turn:
        """The turn that ``hush`` and ``stop`` cut from now on."""
        outlet = self._outlet()
        turn = Turn(outlet, lambda: self._outlet() is outlet)
        with self._change:
            self._turn = turn
        return turn

    def _given_back(self, turn: Turn) -> None:
        with self._change:
            self._turn = self._now = None
        turn.close()

    def _outlet(self) -> Outlet:
        return Outlet.HEADPHONES if self._jack.plugged() else Outlet.LOUDSPEAKER

    def _look(self) -> None:
        outlet = self._outlet()
        try:
            trouble = self._engine.look(outlet)
            self._become(Ready(outlet) if trouble is None else Silent(trouble))
        except Exception as failure:  # noqa: BLE001 - a terminal without a voice still serves
            self._failed(failure)

    def _say(self, item: _Item) -> None:
        turn = self._taken()
        try:
            ended = self._said(item, turn)
        except Cut:
            ended = Ended(item.number, End.INTERRUPTED)
        except Exception as failure:  # noqa: BLE001 - see above
            ended = Ended(item.number, End.FAILED, self._failed(failure))
        finally:
            self._given_back(turn)
        self._on_news(ended)
        if not isinstance(self._status, Silent):
            self._become(Ready(turn.outlet))

    def _said(self, item: _Item, turn: Turn) -> Ended:
        with self._change:
            if self._now is not item:  # cut between the queue and its turn
                raise Cut
            voice = self._voice
        trouble = self._engine.speak(
            item.utterance, voice, turn, lambda: self._become(Speaking(item.number, turn.outlet))
        )
        if trouble is None:
            return Ended(item.number, End.FINISHED)
        if trouble not in _OF_ONE_TEXT:
            self._become(Silent(trouble))
        return Ended(item.number, End.FAILED, trouble)

    def _failed(self, failure: Exception) -> SpeechTrouble:
        """A bug. Its text may carry what was to be said, so only its type is logged."""
        _log.error("the speech engine failed: %s", type(failure).__name__)
        self._become(Silent(SpeechTrouble.ENGINE_LOST))
        return SpeechTrouble.ENGINE_LOST

    def _become(self, status: SpeakerStatus) -> None:
        if status != self._status:
            self._status = status
            self._on_news(status)


def _ignore(_: SpeechNews) -> None:
    return


class NoSpeaker:
    """Says nothing, because no engine is configured."""

    def __init__(self) -> None:
        self._count = 0
        self._on_news: Callable[[SpeechNews], None] = _ignore

    def start(self, on_news: Callable[[SpeechNews], None]) -> None:
        """See :class:`devices.speech.api.Speaker`; there is no thread, and news come on the caller's."""
        self._on_news = on_news
        on_news(Off())

    def say(self, utterance: Utterance) -> int:  # noqa: ARG002 - it goes unsaid
        """See :class:`devices.speech.api.Speaker`."""
        self._count += 1
        self._on_news(Ended(self._count, End.FAILED, SpeechTrouble.NO_ENGINE))
        return self._count

    def hush(self) -> None:
        """See :class:`devices.speech.api.Speaker`."""

    def adjust(self, voice: Voice) -> None:
        """See :class:`devices.speech.api.Speaker`."""

    def stop(self) -> None:
        """See :class:`devices.speech.api.Speaker`."""
