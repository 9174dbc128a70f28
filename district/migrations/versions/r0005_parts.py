"""Of which objects a paper in an object store is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "part",
        sa.Column("attachment", sa.String(36), primary_key=True),
        sa.Column("offset", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(1100), nullable=False, unique=True),
    )
