"""Travel documents through a real pcscd with a virtual reader, where T=1 and extended lengths are the service's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import eac_chip
from tests.support.emrtd import key_of
from tests.support.pcscd import PcscdNamespace, missing

pytestmark = pytest.mark.pcscd

PASSPORT, PERMIT, CARD = (
    [key.document_number, key.birth_date, key.expires]
    for key in (key_of("passport"), key_of("permit"), key_of("foreign-card"))
)
WRONG = [PASSPORT[0], PASSPORT[1], "360603"]


@pytest.fixture(scope="module")
def hall() -> Iterator[PcscdNamespace]:
    if reason := missing():
        pytest.skip(reason)
    with PcscdNamespace() as hall:
        yield hall


def _heard(hall: PcscdNamespace, *steps: dict[str, Any]) -> list[list[dict[str, Any]]]:
    measured = ["-m", "coverage", "run"] if "coverage" in sys.modules else []
    argv = [sys.executable, "-W", "error", *measured, "-m", "tests.support.emrtd_probe", hall.reader, json.dumps(steps)]
    before = hall.log
    done = hall.run(argv)
    assert done.returncode == 0, done.stderr
    if not any("pulled_after" in step.get("changes", {}).get("faults", {}) for step in steps):
        # pcscd says so when a command meets a card that is on its way out.
        assert hall.log == before
    return [json.loads(line) for line in done.stdout.splitlines()]


def _last(states: list[dict[str, Any]]) -> tuple[str, str]:
    last = states[-1]
    return last["kind"], last.get("trouble") or last["assurance"]


def test_documents_open_over_pcsc(hall: PcscdNamespace) -> None:
    """Every lock, a photo beyond what an offset reaches, and lengths that only extended commands carry."""
    large = {"picture_bytes": 40_000}
    heard = _heard(
        hall,
        {"document": "passport", "keys": [PASSPORT]},
        {"document": "passport", "keys": [PASSPORT], "changes": {**large, "extended": True}},
        {"document": "permit", "keys": [PERMIT], "changes": large},
        {"document": "foreign-card", "keys": ["271828"]},
        {"document": "passport", "keys": [PASSPORT], "changes": {"chip_key": None, "active": "rsa", "extended": True}},
    )
    for states, photo in zip(heard, (15_000, 40_000, 40_000, 6_000, 15_000), strict=True):
        assert [state["kind"] for state in states] == ["Reading", "CardFailed", "Reading", "CardRead"]
        assert states[1]["trouble"] == "card-needs-key"
        assert _last(states) == ("CardRead", "chip_authenticated")
        assert states[-1]["photo"] == photo
        assert states[-1]["insertion"] > states[0]["insertion"]


def test_wrong_keys_and_faults_over_pcsc(hall: PcscdNamespace) -> None:
    heard = _heard(
        hall,
        {"document": "passport", "keys": [WRONG, "000000", PASSPORT], "changes": {"faults": {"slow_s": 0.05}}},
        {"document": "altered-passport", "keys": [PASSPORT]},
        {"document": "foreign-issuer", "keys": [PASSPORT]},
        {"document": "expired-passport", "keys": [["E99900034", "550723", "191231"]]},
        {"document": "passport", "keys": [PASSPORT], "changes": {"faults": {"clone": True}}},
        {"document": "passport", "keys": [PASSPORT], "changes": {"faults": {"pulled_after": 30}}},
    )
    troubles = [state["trouble"] for state in heard[0] if state["kind"] == "CardFailed"]
    assert troubles == ["card-needs-key", "card-wrong-key", "card-wrong-key"]
    assert [_last(states) for states in heard] == [
        ("CardRead", "chip_authenticated"),
        ("CardFailed", "card-altered"),
        ("CardRead", "unsigned"),
        ("CardFailed", "card-expired"),
        ("CardFailed", "card-altered"),
        ("CardFailed", "card-pulled"),
    ]


@pytest.mark.skipif(eac_chip.missing() is not None, reason=str(eac_chip.missing()))
def test_openpace_opens_over_pcsc(hall: PcscdNamespace) -> None:
    heard = _heard(
        hall,
        {"document": "foreign-card", "keys": [CARD], "peer": True},
        {
            "document": "passport",
            "keys": ["141421"],
            "peer": True,
            "changes": {"picture_bytes": 40_000, "extended": True},
        },
    )
    assert [_last(states) for states in heard] == [("CardRead", "signed")] * 2
    assert [states[-1]["photo"] for states in heard] == [6_000, 40_000]
