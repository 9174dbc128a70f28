"""The threads of one process, for what waits for the database or the disk. To hand work over to them costs half of what
anyio's ways take, which also carry contexts and cancellation along; nothing here is cancelled once it has begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Threads:
    """At most so many at a time; the rest waits in order."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most)

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _done, work, *args)


def _done(work: Callable[[*Ts], T], *args: *Ts) -> T:
    try:
        return work(*args)
    except StopIteration as trouble:  # a future can't carry it, and whoever awaits it would do so for ever
        raise RuntimeError from trouble


API = Threads(40)
PAPERS = Threads(24)
"""Of their own: when papers' place is slow, forms still find a thread."""
