"""What a failing disk does to a queue's file, done on purpose: values, types and bytes that the queue never wrote."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import apsw


def damage(folder: Path, *statements: str) -> None:
    """Run SQL on the file as if there were no constraints: no CHECK, no NOT NULL, no STRICT types, no foreign keys."""
    path = str(folder / "queue.db")
    connection: Any = apsw.Connection(path)
    with closing(connection):
        kept = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
        connection.execute("PRAGMA writable_schema = ON")
        for name, sql in kept:
            loose = (
                re.sub(r"(TEXT|INTEGER|BLOB|REAL) NOT NULL", r"\1", sql).replace(" STRICT,", "").replace(" STRICT", "")
            )
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (loose, name))
    connection = apsw.Connection(path)
    with closing(connection):
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("BEGIN")
        for name, sql in kept:
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def flip(path: Path, chance: Random) -> int:
    """Flip one bit of a byte that is used (not zero); gives where."""
    content = bytearray(path.read_bytes())
    at = chance.choice([place for place, byte in enumerate(content) if byte])
    content[at] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return at
