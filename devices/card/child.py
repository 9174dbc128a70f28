"""The process that reads one card and ends: whatever a card does to its reader's software, and whatever is left of a
person in memory, is gone with it.

It waits with everything loaded, for requests on standard input (:mod:`devices.card.message`). A card that another
program holds has told it nothing, so it waits on; after any other answer it ends. Its memory is not for others: no core
dump, no debugger (``PR_SET_DUMPABLE``, prctl(2)), nothing on standard output or standard error, and it does not outlive
whoever started it.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from devices.card.addresses import PCSC, open_slot
from devices.card.message import HEAD, Request, frame, length_in, pack_failure, pack_finding, unpack_request
from devices.card.profile import Profile
from devices.card.profiles import PROFILES
from devices.card.readout import Finding, read_link
from devices.card.slot import CardGone, CardHeld, Slot

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def main(open_one: Callable[[str], Slot] = open_slot) -> None:
    """Serve until one card was read, or nobody asks any more."""
    keep_memory_private()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the terminal, which then ends this process
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    _load()
    with contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(0), "rb") as requests:
        serve(requests, answers, open_one=open_one)


def keep_memory_private() -> None:
    """Of this process: no core dump, no other process looking in, no life without its parent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def serve(
    requests: BinaryIO,
    answers: BinaryIO,
    *,
    open_one: Callable[[str], Slot],
    profiles: tuple[Profile, ...] = PROFILES,
) -> None:
    """Answer requests, until one was a read. ``answers`` is unbuffered."""
    slots: dict[str, Slot] = {}
    try:
        while (request := _receive(requests)) is not None:
            try:
                slot = slots.setdefault(request.place.address, open_one(request.place.address))
                answer = pack_finding(_read(slot, request, profiles))
            except CardHeld as held:
                answers.write(frame(pack_failure(held)))
                continue
            except Exception as failure:  # noqa: BLE001 - its type is told, and who asked decides
                answer = pack_failure(failure)
            answers.write(frame(answer))
            return
    finally:
        for slot in slots.values():
            slot.close()


def _read(slot: Slot, request: Request, profiles: tuple[Profile, ...]) -> Finding:
    """The very card that is meant, and no other: ``CardGone`` when another lies there."""
    view = slot.look(None, 0)
    if slot.place(view) != request.place:
        raise CardGone("another card")
    link = slot.connect(view, reset=request.reset)
    try:
        return read_link(link, request.wish, profiles, give_up=_never)  # who asked ends a read that takes too long
    finally:
        link.close()  # before anything is told: a card lifted in the middle of a reset confuses pcscd


def _never() -> bool:
    return False


def _receive(requests: BinaryIO) -> Request | None:
    head = requests.read(HEAD)
    return unpack_request(requests.read(length_in(head))) if len(head) == HEAD else None


def _load() -> None:
    """What a read would otherwise wait for."""
    for name in ("gb18030", "gbk", "utf-16-le", "tis-620"):
        codecs.lookup(name)
    with contextlib.suppress(ImportError):  # a terminal whose readers are no PC/SC readers may lack the library
        open_slot(f"{PCSC}:")


if __name__ == "__main__":
    main()
