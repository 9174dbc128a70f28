"""What tests of trials need that a technician's trial must not have."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a hall a voice is quiet at once; this machine may stand still for seconds."""
    monkeypatch.setattr("devices.speech.trial.SOON_S", 8.0)
