"""A password that somebody else gave is good for choosing one's own, and for nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("staff", sa.Column("password_given", sa.Boolean(), nullable=False, server_default=sa.false()))
