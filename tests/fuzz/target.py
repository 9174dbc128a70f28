"""What is fuzzed: a parser, and good inputs to begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Fuzzed = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """``load`` imports the parser and gives what is fuzzed. ``seeds`` are good inputs to begin with; ``make_seeds``
    gives those that take code to make, and is called when every target is loaded."""

    load: Callable[[], Fuzzed]
    seeds: tuple[bytes, ...] = ()
    make_seeds: Callable[[], Sequence[bytes]] = tuple
