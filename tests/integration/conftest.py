"""A database server that integration tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'district.db'}"
    url: str = request.getfixturevalue("postgres")
    return url
