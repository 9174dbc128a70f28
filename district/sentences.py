"""What every command says in a sentence where it can't go on."""

from __future__ import annotations

import errno

import click
from sqlalchemy.exc import DBAPIError

from district.adapters.file import AdapterTrouble
from district.authority import AuthorityTrouble
from district.database import AWAY, DatabaseTrouble, is_forbidden
from district.keys import KeysTrouble
from district.objects import ObjectsAway
from district.secret_files import SecretTrouble
from district.tls import TlsTrouble

_SAID = (AdapterTrouble, AuthorityTrouble, KeysTrouble, DatabaseTrouble, ObjectsAway, SecretTrouble, TlsTrouble)
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a write is answered that knows no name."""


class Sentences(click.Group):
    """Says what can't be used in a sentence; what is nobody's doing but ours stays a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except _SAID as trouble:
            raise click.ClickException(str(trouble)) from trouble
        except AWAY as trouble:
            raise click.ClickException(_database(trouble)) from trouble
        except DBAPIError as trouble:
            if not is_forbidden(trouble):
                raise
            raise click.ClickException(_database(trouble)) from trouble
        except OSError as trouble:
            if trouble.filename is not None:
                raise click.ClickException(f"{trouble.filename}: {trouble.strerror}") from trouble
            if trouble.errno not in _DISK:
                raise
            said = f"the disk: {trouble.strerror}. Make room, and do this again"
            raise click.ClickException(said) from trouble


def _database(trouble: Exception) -> str:
    said = str(getattr(trouble, "orig", trouble)).strip()
    return f"the database is away, full, or not for this account: {said}. Do this again when it is well"
