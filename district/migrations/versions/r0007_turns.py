"""Turns take the place of a count of requests a second, which nothing read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_table("load")
    op.create_table(
        "turn",
        sa.Column("terminal", sa.String(64), primary_key=True),
        sa.Column("begins", sa.Float, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("given", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "pace",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("requests_a_second", sa.Float, nullable=False),
    )
