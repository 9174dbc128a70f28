"""Has cards read by a process that ends after one (:mod:`devices.card.child`), and gets only what was asked for.

One such process waits, warm, for the next card. It is not trusted: what it says is bounded and taken apart strictly;
when it says nothing in time, or the card leaves, or the terminal stops, it is killed; when it dies of what a card sent,
that card is unreadable, and the next one has a process of its own. Why it is so: docs/adr/0006.
"""

from __future__ import annotations

import logging
import os
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import IO, cast

from devices.card.message import (
    HEAD,
    BadMessage,
    ReaderBug,
    Request,
    frame,
    length_in,
    pack_request,
    unpack_answer,
)
from devices.card.profile import Wish
from devices.card.readout import Finding
from devices.card.slot import CardDamaged, CardGone, CardHeld, Presence, Slot, SlotView

_STEP_S = 0.05  # how long a lifted card may go unnoticed, on top of the service's own time
_LET_GO_S = 0.3  # for a process whose card has left: pcscd is better off when it closes the card itself
_END_S = 2.0  # for a process that has answered, or that nobody asks any more
_PIECE = 65_536

_log = logging.getLogger(__name__)


class ChildReadout:
    """A :class:`~devices.card.readout.Readout` by another process."""

    def __init__(self, *, command: Sequence[str]) -> None:
        """``command`` starts what runs :func:`devices.card.child.main`."""
        self._command = tuple(command)
        self._warm: _Child | None = None
        self._done: _Child | None = None

    def prepare(self) -> None:
        """See :class:`~devices.card.readout.Readout`: the process of the last read is buried, the next one waits."""
        self._bury()
        if self._warm is not None and self._warm.has_ended():
            self._warm.end(0)
            self._warm = None
        if self._warm is None:
            try:
                self._warm = _Child(self._command)
            except OSError as failure:  # no memory, no processes left: told again when a card comes
                _log.error("no process to read cards: %s", type(failure).__name__)

    def read(self, slot: Slot, view: SlotView, wish: Wish, *, reset: bool, wanted: Callable[[], bool]) -> Finding:
        """See :class:`~devices.card.readout.Readout`."""
        place = slot.place(view)
        self.prepare()
        child, self._warm = self._warm, None
        if child is None:
            raise CardDamaged("no process to read it")
        if not place.shared:
            slot.close()
        try:
            child.send(frame(pack_request(Request(place=place, wish=wish, reset=reset))))
            raw = self._await(child, slot if place.shared else None, view, wanted)
        except BadMessage:
            _log.error("the process that reads cards talks nonsense")
            child.end(0)
            raise CardDamaged("no answer") from None
        except _Died:
            _log.error("the process that reads cards ended with status %s", child.end(_END_S))
            raise CardDamaged("the process that read it ended") from None
        except BaseException:
            child.end(_LET_GO_S)
            raise
        found = self._answer(child, raw, wish)
        if place.shared and (now := slot.look(view, 0)) != view and now.presence is not Presence.EMPTY:
            raise CardGone("another card, or another service, than the one looked at")
        return found

    def _answer(self, child: _Child, raw: bytes, wish: Wish) -> Finding:
        self._done = child
        try:
            return unpack_answer(raw, wish)
        except CardHeld:
            self._warm, self._done = child, None
            raise
        except (BadMessage, ReaderBug) as failure:
            _log.error("the process that reads cards: %s", failure)
            raise CardDamaged("no answer") from None

    def close(self) -> None:
        """See :class:`~devices.card.readout.Readout`."""
        self._bury()
        child, self._warm = self._warm, None
        if child is not None:
            child.end(_END_S)

    def _await(self, child: _Child, watched: Slot | None, view: SlotView, wanted: Callable[[], bool]) -> bytes:
        while (answer := child.receive(_STEP_S)) is None:
            if not wanted():
                raise CardDamaged("read takes too long")
            if watched is not None and watched.look(view, 0) != view:
                raise CardGone("pulled")
        return answer

    def _bury(self) -> None:
        child, self._done = self._done, None
        if child is not None:
            child.end(_END_S)


class _Died(Exception):
    """The process ended without an answer."""


class _Child:
    """One process, from its start to its end."""

    def __init__(self, command: tuple[str, ...]) -> None:
        # Its complaints may quote a card, so they go nowhere; that it failed is told by its status.
        self._process = subprocess.Popen(  # noqa: S603 - our own program  # nosec B603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)
        self._received = b""

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, message: bytes) -> None:
        """A request is shorter than a pipe is wide, so this never waits. Raises :class:`_Died`."""
        try:
            self._requests.write(message)
        except BrokenPipeError:
            raise _Died from None

    def receive(self, timeout: float) -> bytes | None:
        """The answer, or ``None`` when it is not there (or not all of it) within ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            if not self._poll.poll(left * 1000):
                return None
            piece = os.read(self._answers.fileno(), _PIECE)
            if not piece:
                raise _Died
            self._received += piece
            if len(self._received) >= HEAD:
                length = length_in(self._received[:HEAD])
                if len(self._received) > HEAD + length:
                    raise BadMessage("more than one answer")
                if len(self._received) == HEAD + length:
                    answer, self._received = self._received[HEAD:], b""
                    return answer
        return None

    def end(self, patience: float) -> int:
        """Make it end, after ``patience`` seconds by force; its exit status."""
        self._requests.close()
        self._answers.close()
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
