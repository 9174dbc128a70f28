"""The private network with a real pcscd that end-to-end tests run in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pcscd import PcscdNamespace, missing


@pytest.fixture
def hall() -> Iterator[PcscdNamespace]:
    if reason := missing():
        pytest.skip(reason)
    with PcscdNamespace() as hall:
        yield hall
