"""Coverage-guided fuzzing of every parser that a card's bytes reach: ``python -m tests.fuzz.card TARGET --seconds 60``.

A target takes any bytes and ends; what a parser may raise on bad input is caught by the target itself, so anything that
comes out is a bug, as is an input that takes longer than two seconds or much memory. The input that did it is left in
the current folder. Targets are imported under instrumentation, hence the functions that load them. The tests run all of
them for a moment, in a process of their own: atheris changes how Python runs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.fuzz import identity, travel_document
from tests.fuzz.target import Fuzzed, Target

LONGEST = 4096  # bytes of an input


def _simple_tlv() -> Fuzzed:
    from devices.card.slot import CardDamaged
    from devices.card.tlv import parse_simple_tlv

    def fuzz(raw: bytes) -> None:
        try:
            found = parse_simple_tlv(raw)
        except CardDamaged:
            return
        assert sum(2 + len(value) for _, value in found) <= len(raw)

    return fuzz


def _answer() -> Fuzzed:
    from datetime import date

    from devices.card.message import BadMessage, ReaderBug, unpack_answer
    from devices.card.profile import Wish
    from devices.card.slot import CardGone, CardHeld, SlotLost

    wish = Wish(fields=frozenset(("name", "photo")), today=date(2026, 11, 23))

    def fuzz(raw: bytes) -> None:
        try:
            finding = unpack_answer(raw, wish)
        except (BadMessage, ReaderBug, CardGone, CardHeld, SlotLost):
            return
        assert isinstance(finding, str) or set(finding[1].fields) <= {"name"}

    return fuzz


def _replay() -> Fuzzed:
    from devices.card.replay import BadReplay, parse_replay

    def fuzz(raw: bytes) -> None:
        try:
            parse_replay(raw.decode("utf-8", "replace"))
        except BadReplay:
            return

    return fuzz


def _social_security() -> Fuzzed:
    from datetime import date

    from devices.card.profile import FIELDS, Wish
    from devices.card.profiles.social_security import SocialSecurityCard
    from devices.card.slot import CardError, Channel

    wish = Wish(fields=FIELDS, today=date(2026, 11, 23))

    def fuzz(raw: bytes) -> None:
        try:
            SocialSecurityCard().read(Channel(link=Scripted(raw), give_up=lambda: False), wish)
        except CardError:
            return

    return fuzz


class Scripted:
    """A card that answers from a script: length (one byte), answer; at its end, "no such record"."""

    atr = b"\x3b\x00"

    def __init__(self, script: bytes) -> None:
        self._left = script

    def exchange(self, command: bytes) -> bytes:
        """See :class:`devices.card.slot.Link`."""
        if not self._left:
            return b"\x6a\x83"
        end = 1 + self._left[0]
        answer, self._left = self._left[1:end], self._left[end:]
        return answer

    def close(self) -> None: ...


def _script(*answers: str) -> bytes:
    raw = [bytes.fromhex(answer) for answer in answers]
    return b"".join(bytes((len(answer),)) + answer for answer in raw)


TARGETS: Mapping[str, Target] = {
    **identity.TARGETS,
    "simple-tlv": Target(_simple_tlv, (b"\x08\x02ab\x09\x01c\xff",)),
    "answer": Target(
        _answer,
        (
            b'{"trouble":"card-mute"}',
            b'{"link":"gone"}',
            '{"profile":"x","assurance":"signed","fields":{"name":"王"},"checks":[["a",true]],"photo":"AA=="}'.encode(),
        ),
    ),
    "replay": Target(_replay, (b"atr 3B 00\n> 00 A4 04 00\n< 90 00\n", b"text 00\n")),
    "social-security": Target(
        _social_security,
        (
            _script(
                *("9000", "0604203906029000", "6a83"),
                *("081239393939393931393638303331323030323990 00", "0906cdf5d0e3d3a29000", "0a01329000", "6a83"),
            ),
        ),
    ),
    **travel_document.TARGETS,
}


def main() -> None:
    """Fuzz one target, or ``all`` in turns: the first byte of an input picks it."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("target", choices=["all", *TARGETS])
    wanted.add_argument("--seconds", type=int, default=0)
    wanted.add_argument("--runs", type=int, default=-1)
    wanted.add_argument("--seed", type=int, default=0)
    wanted.add_argument("--longest", type=int, default=2, help="seconds by the clock, so more where it may stand still")
    given = wanted.parse_args()
    atheris: Any = import_module("atheris")  # without types, and not before it is meant: it changes how Python runs
    targets = list(TARGETS.values()) if given.target == "all" else [TARGETS[given.target]]
    with atheris.instrument_imports(include=["devices.card"], enable_loader_override=False):
        fuzzed = [target.load() for target in targets]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for number, target in enumerate(targets):
            for place, seed in enumerate((*target.seeds, *target.make_seeds())):
                Path(folder, f"{number}-{place}").write_bytes(bytes((number,)) + seed)
        options: dict[str, Any] = {
            "max_total_time": given.seconds,
            "runs": given.runs,
            "seed": given.seed,
            "max_len": LONGEST,
            "timeout": given.longest,
            "rss_limit_mb": 1024,
            "verbosity": 0,
            "print_final_stats": 1,
        }

        def one(raw: bytes) -> None:
            if raw:
                fuzzed[raw[0] % len(fuzzed)](raw[1:])

        atheris.Setup([sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
