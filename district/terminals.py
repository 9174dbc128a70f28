"""The terminals of a district: whose signature counts.

Each has a code and an Ed25519 key. A new key may be added while the old one still counts; a key that is revoked (the
terminal was stolen, say) never counts again.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, bindparam, select

from district.database import alone, write
from district.tables import HALLS, TERMINALS
from district.times import now_text
from offline_queue.numbers import is_terminal_code, key_id

_FIND = select(TERMINALS).where(TERMINALS.c.key_id == bindparam("key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """What of a registered key never changes: whose it is, and the key."""

    code: str
    key_id: str
    public_key: Ed25519PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """One key of one terminal; `public_key` is raw Ed25519. Times are ISO 8601. `hall` is the code of where it stands.
    `certificate_sha256` and `former_certificate_sha256` are the hex SHA-256 of the client certificates (DER) that it
    may come with; any will do where there are none."""

    code: str
    key_id: str
    public_key: bytes
    added_at: str
    revoked_at: str | None
    hall: str | None = None
    certificate_sha256: str | None = None
    former_certificate_sha256: str | None = None
    enrolled_at: str | None = None


STANDING = tuple(field.name for field in fields(Terminal))
"""The columns of a terminal."""


class Terminals:
    """The register, in the platform's database: what another process changes counts at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._signers: dict[str, Signer] = {}

    def add(self, code: str, public_key: bytes) -> Terminal:
        """Register a key; adding it again changes nothing. Raises ValueError for what is no code, no key, or for a key
        that is revoked or another terminal's."""
        if not is_terminal_code(code) or len(public_key) != 32:
            raise ValueError("a terminal has a code (2-8 of A-Z 0-9) and an Ed25519 key of 32 bytes")
        added = Terminal(
            code=code, key_id=key_id(public_key), public_key=public_key, added_at=now_text(), revoked_at=None
        )

        def work(connection: Connection) -> Terminal:
            row = connection.execute(_FIND, {"key": added.key_id}).mappings().first()
            if row is None:
                new = TERMINALS.insert().values(code=code, key_id=added.key_id, public_key=public_key)
                connection.execute(new.values(added_at=added.added_at))
                return added
            known = Terminal(**row)
            if known.revoked_at is not None or (known.code, known.public_key) != (code, public_key):
                raise ValueError(f"this key is {'revoked' if known.revoked_at else f'that of {known.code}'}")
            return known

        return write(self._engine, work)

    def place(self, code: str, hall: str) -> bool:
        """From now on the terminal stands in that hall: what it hands in belongs there. False when there is no such
        terminal. Raises ValueError for what is no hall."""

        def work(connection: Connection) -> bool:
            if connection.execute(select(HALLS.c.code).where(HALLS.c.code == hall)).first() is None:
                raise ValueError(f"there is no hall {hall}: district halls list shows them")
            return connection.execute(TERMINALS.update().where(TERMINALS.c.code == code).values(hall=hall)).rowcount > 0

        return write(self._engine, work)

    def revoke(self, key: str) -> bool:
        """From now on this key id's signatures are refused; False when there is no such key."""

        def work(connection: Connection) -> bool:
            found = connection.execute(select(TERMINALS.c.revoked_at).where(TERMINALS.c.key_id == key)).first()
            if found is not None and found.revoked_at is None:
                connection.execute(TERMINALS.update().where(TERMINALS.c.key_id == key).values(revoked_at=now_text()))
            return found is not None

        return write(self._engine, work)

    def renew(self, key: str, sha256: str, *, shown: str | None) -> None:
        """From now on the machine with the key of this id comes with this certificate, or the one that was `shown`, if
        any, when it asked for it (hex SHA-256 of DER). While a terminal is replaced, the other machine is left alone.
        """
        change = TERMINALS.update().where(TERMINALS.c.key_id == key, TERMINALS.c.revoked_at.is_(None))
        new = change.values(certificate_sha256=sha256, former_certificate_sha256=shown)
        write(self._engine, lambda connection: connection.execute(new))

    def find(self, key: str) -> Terminal | None:
        with alone(self._engine) as connection:
            row = connection.execute(_FIND, {"key": key}).mappings().first()
        return None if row is None else Terminal(**row)

    def signer(self, key: str) -> Signer | None:
        """Who has this key, at the first time from the database. Whether it still counts is asked with each
        nonce (:mod:`district.nonces`)."""
        signer = self._signers.get(key)
        if signer is None and (found := self.find(key)) is not None:
            public_key = Ed25519PublicKey.from_public_bytes(found.public_key)
            signer = self._signers[key] = Signer(code=found.code, key_id=key, public_key=public_key)
        return signer

    def any(self) -> bool:
        with alone(self._engine) as connection:
            return connection.execute(select(TERMINALS.c.key_id).limit(1)).first() is not None

    def all(self) -> tuple[Terminal, ...]:
        """Oldest first."""
        with alone(self._engine) as connection:
            rows = connection.execute(select(TERMINALS).order_by(TERMINALS.c.added_at, TERMINALS.c.key_id))
            return tuple(Terminal(**row) for row in rows.mappings())
