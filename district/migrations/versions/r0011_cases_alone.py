"""The indexes that staff find cases by hold nothing else: no rehearsals, and nothing that answers a supplement.

These stay "complete" for ever, so that a hall with nothing complete had to be sought through all that it ever got. The
index of rehearsals is made anew, since SQLite did not know that it held what was asked for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    no, yes = ("false", "true") if op.get_bind().dialect.name == "postgresql" else ("0", "1")
    case = f"test IS {no} AND supplement_of IS NULL"
    _make_anew("ix_submission_stage", ["stage", "seq"], case)
    _make_anew("ix_submission_hall", ["hall", "stage", "seq"], case)
    _make_anew("ix_submission_matter", ["matter", "stage", "seq"], case)
    _make_anew("ix_submission_hall_matter", ["hall", "matter", "stage", "seq"], case)
    _make_anew("ix_submission_tests", ["seq"], f"test IS {yes}")


def _make_anew(name: str, columns: list[str], of: str) -> None:
    op.drop_index(name, "submission")
    op.create_index(name, "submission", columns, sqlite_where=sa.text(of), postgresql_where=sa.text(of))
