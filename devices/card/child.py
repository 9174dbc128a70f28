"""The process that reads one card and ends: whatever a card does to its reader's software, and whatever is left of a
person in memory, is gone with it.

It waits with everything loaded and at hand, for requests on standard input (:mod:`devices.card.message`). A card that
another program holds has told it nothing, so it waits on; after any other answer it ends as soon as the terminal lets
go, and not before: taking Python down keeps a core busy that the terminal needs to show what was read. Its memory is
not for others: no core dump, no debugger (``PR_SET_DUMPABLE``, prctl(2)), nothing on standard output or standard error,
and it does not outlive whoever started it.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

from devices.card.addresses import PCSC, open_slot
from devices.card.message import HEAD, Request, frame, length_in, pack_failure, pack_finding, unpack_request
from devices.card.profile import Profile
from devices.card.profiles import PROFILES
from devices.card.readout import Finding, read_link
from devices.card.slot import CardGone, CardHeld, Link, Place, SamLink, Slot

if TYPE_CHECKING:
    from devices.card.pcsc import PcscSlot

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def main(open_one: Callable[[str], Slot] = open_slot, *, addresses: Sequence[str] | None = None) -> None:
    """Serve until one card was read, or nobody asks any more. ``addresses`` (the command line's, unless given) are the
    readers on which cards will lie."""
    keep_memory_private()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the terminal, which then ends this process
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    desk = Desk(open_one)
    _load(desk, sys.argv[1:] if addresses is None else addresses)
    with contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(0), "rb") as requests:
        serve(requests, answers, desk)


def keep_memory_private() -> None:
    """Of this process: no core dump, no other process looking in, no life without its parent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Desk:
    """Where cards lie, for one who only reads them: readers are opened when they are first needed, or before."""

    def __init__(self, open_one: Callable[[str], Slot]) -> None:
        self._open = open_one
        self._slots: dict[str, Slot] = {}
        self._pcsc: PcscSlot | None = None

    def open(self, address: str) -> None:
        """Load what a reader needs. PC/SC readers share one service, which is asked for its readers, too; a device that
        only one process at a time can have is left to the terminal."""
        if not _is_pcsc(address):
            self._slots[address] = self._slots.get(address) or self._open(address)
        elif self._pcsc is None:
            from devices.card.pcsc import PcscSlot  # a terminal without such readers may lack the library

            self._pcsc = PcscSlot(names=())
            self._pcsc.look(None, 0)

    def connect(self, place: Place, *, reset: bool) -> Link | SamLink:
        """The very card that is meant, and no other. Raises the errors of :meth:`devices.card.slot.Slot.connect`:
        ``CardGone`` when another card lies there."""
        self.open(place.address)
        if self._pcsc is not None and _is_pcsc(place.address):
            return self._pcsc.connect_at(place, reset=reset)
        slot = self._slots[place.address]
        view = slot.look(None, 0)
        if slot.place(view) != place:
            raise CardGone("another card")
        return slot.connect(view, reset=reset)

    def close(self) -> None:
        """Let go of every reader."""
        for slot in (*self._slots.values(), *((self._pcsc,) if self._pcsc else ())):
            slot.close()


def _is_pcsc(address: str) -> bool:
    return address.startswith(f"{PCSC}:")


def serve(requests: BinaryIO, answers: BinaryIO, desk: Desk, *, profiles: tuple[Profile, ...] = PROFILES) -> None:
    """Answer requests, until one was a read, and nobody waits for its answer any more. ``answers`` is unbuffered."""
    try:
        while (request := _receive(requests)) is not None:
            try:
                answer = pack_finding(_read(desk, request, profiles))
            except CardHeld as held:
                answers.write(frame(pack_failure(held)))
                continue
            except Exception as failure:  # noqa: BLE001 - its type is told, and who asked decides
                answer = pack_failure(failure)
            if not request.place.shared:
                desk.close()  # who asked takes the device again as soon as it hears
            answers.write(frame(answer))
            requests.read(1)
            return
    finally:
        desk.close()


def _read(desk: Desk, request: Request, profiles: tuple[Profile, ...]) -> Finding:
    link = desk.connect(request.place, reset=request.reset)
    try:
        return read_link(link, request.wish, profiles, give_up=_never)  # who asked ends a read that takes too long
    finally:
        link.close()  # before anything is told: a card lifted in the middle of a reset confuses pcscd


def _never() -> bool:
    return False


def _receive(requests: BinaryIO) -> Request | None:
    head = requests.read(HEAD)
    return unpack_request(requests.read(length_in(head))) if len(head) == HEAD else None


def _load(desk: Desk, addresses: Sequence[str]) -> None:
    """What a read would otherwise wait for."""
    for name in ("gb18030", "gbk", "utf-16-le", "tis-620"):
        codecs.lookup(name)
    for address in addresses:
        with contextlib.suppress(Exception):  # told when a card lies there
            desk.open(address)
    gc.collect()
    gc.freeze()  # what was loaded stays to the end: nothing of it is looked through in the middle of a read


if __name__ == "__main__":
    main()
