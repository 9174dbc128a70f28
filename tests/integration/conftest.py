"""A database server that integration tests share."""

from tests.support.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]
