"""The certificate that a terminal had before its newest: it tries the new one before it lets go of the old."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("terminal", sa.Column("former_certificate_sha256", sa.String(64)))
