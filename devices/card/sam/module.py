"""Asking the security module: one command, one answer, over a line that may lose, bend or invent bytes.

A command whose answer does not come, or comes damaged, is sent once more after the line has fallen silent; an answer
that was only late must not be taken for the next one's. Twice unanswered, the reader counts as gone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from devices.card.sam import sdt
from devices.card.sam.line import Line, LineLost
from devices.card.sam.sdt import Answer, AnswerParser, Command

_DAMAGED_COMMAND = (sdt.BAD_CHECKSUM, sdt.BAD_LENGTH, sdt.BAD_COMMAND, sdt.UNINTELLIGIBLE)
_REFUSES_ALL = {
    sdt.SELF_TEST_FAILED: "the security module fails its self-test (SW3 60)",
    sdt.NOT_AUTHORISED: "the security module is not authorised (SW3 66)",
}
_LONGEST_BUT_READ = 256  # an address is 70 bytes, everything else less; a whole card is 1,284
_MOST_DRAINED = 64  # pieces; a line that never falls silent is broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long to wait, in seconds. ``answer_s`` is for what the module does by itself, ``read_s`` for a whole card:
    makers' own programs allow 2 to 3 s."""

    answer_s: float = 1.0
    read_s: float = 3.0
    gap_s: float = 0.5  # within an answer
    silence_s: float = 0.05
    poll_s: float = 0.3
    retry_s: float = 0.5


class SamModule:
    """The module at the other end of a line."""

    def __init__(self, *, line: Line, timing: Timing) -> None:
        self._line = line
        self._timing = timing

    def open(self) -> None:
        """Take hold of the reader. Raises :class:`LineLost`."""
        self._line.open()

    def close(self) -> None:
        """Let go of it. Idempotent; never raises."""
        self._line.close()

    def ask(self, command: Command) -> tuple[Answer, bool]:
        """The answer, and whether it took a second try (then the first may have been carried out unheard).

        Raises :class:`LineLost` without an answer, and when the module says that it takes no command at all.
        """
        for again in (False, True):
            answer = self._ask_once(command)
            if answer is not None and answer.module not in _DAMAGED_COMMAND:
                if refusal := _REFUSES_ALL.get(answer.module):
                    raise LineLost(refusal)
                return answer, again
            self._drain()
        raise LineLost("the reader does not answer, or its line is disturbed")

    def _ask_once(self, command: Command) -> Answer | None:
        parser = AnswerParser()
        self._line.write(sdt.command_frame(command))
        end = time.monotonic() + (self._timing.read_s if command is Command.READ else self._timing.answer_s)
        while (left := end - time.monotonic()) > 0:
            if parser.begun:
                left = min(left, self._timing.gap_s)
            elif parser.damaged:
                left = min(left, self._timing.silence_s)
            heard = self._line.read(left)
            answer = parser.feed(heard)
            while answer is not None and not _may_answer(command, answer):
                answer = parser.feed(b"")
            if answer is not None:
                return answer
            if not heard:
                return None
        return None

    def _drain(self) -> None:
        for _ in range(_MOST_DRAINED):
            if not self._line.read(self._timing.silence_s):
                return
        raise LineLost("the line never falls silent")


def _may_answer(command: Command, answer: Answer) -> bool:
    """Whether this can be what was asked for, and not what another process asked for before it was ended."""
    if answer.module == sdt.FOUND:
        return command is Command.FIND
    return answer.module != sdt.OK or (command is Command.READ) == (len(answer.data) > _LONGEST_BUT_READ)


def sam_number(answer: Answer) -> str | None:
    """The module's own number as printed on the reader, e.g. ``05.01-20140101-0000000001-1234567890``; ``None`` when
    the answer to :attr:`Command.SAM_ID` has another shape."""
    data = answer.data
    if answer.module != sdt.OK or len(data) != 16:
        return None
    made, serial, random = (int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12))
    return f"{data[0]:02X}.{data[2]:02X}-{made}-{serial:010d}-{random:010d}"
