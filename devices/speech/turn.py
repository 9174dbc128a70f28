"""An utterance's turn: everything an engine waits for, it waits for here, so that it can be cut short at any moment.

Engines block on pipes and sockets. A flag would be seen too late; the turn's bell is one more file descriptor in the
same wait, and a resident who touches the screen is not talked over.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Mapping
from time import monotonic

from devices.speech.api import Outlet

LOOK_S = 0.2
"""How often the headphones' socket is looked at while something is said."""


class Cut(Exception):
    """The turn is over: hushed, replaced, or the sound would come out elsewhere by now."""


class Late(Exception):
    """What was waited for did not come in time."""


def _always() -> bool:
    return True


class Turn:
    """Sound goes to ``outlet`` as long as ``still`` says so. :meth:`cut` may be called from any thread until
    :meth:`close`."""

    def __init__(self, outlet: Outlet = Outlet.LOUDSPEAKER, still: Callable[[], bool] = _always) -> None:
        self.outlet = outlet
        self._still = still
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._look_at = monotonic() + LOOK_S

    def cut(self) -> None:
        os.eventfd_write(self._bell, 1)

    def wait(self, watched: Mapping[int, int], until: float) -> dict[int, int]:
        """Wait for the :mod:`select` poll events of ``watched`` file descriptors, and give those that came. Raises
        :class:`Cut`, or :class:`Late` at ``until`` (monotonic seconds)."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        for descriptor, events in watched.items():
            poll.register(descriptor, events)
        while True:
            now = monotonic()
            if now >= self._look_at:
                self._look_at = now + LOOK_S
                if not self._still():
                    raise Cut
            came = dict(poll.poll(max(0.0, min(until, self._look_at) - now) * 1000))
            if came.pop(self._bell, 0):
                raise Cut
            if came:
                return came
            if monotonic() >= until:
                raise Late

    def close(self) -> None:
        os.close(self._bell)
