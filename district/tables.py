"""The platform's tables, for SQLite as for a larger database."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData()
SUBMISSIONS = Table(
    "submission",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("case_number", String(32), unique=True),
    Column("received_at", String(40), nullable=False),
    Column("complete_at", String(40)),
    Column("rating", Integer),
    Column("terminal", String(8)),
)
ATTACHMENTS = Table(
    "attachment",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("uid", String(36), nullable=False, index=True),
    Column("material", String(128), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("position", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
)
