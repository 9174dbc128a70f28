"""What an enrolment answered, who was refused one of late, which submissions are supplements, and catalogues that are
in the order of their numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("submission", sa.Column("supplement_of", sa.String(36)))
    op.add_column("enrolment", sa.Column("certificate", sa.LargeBinary()))
    op.create_table(
        "refusal",
        sa.Column("seq", _COUNT, primary_key=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_refusal_at", "refusal", ["at"])
    op.drop_table("catalogue")  # nothing ever wrote to the one of 0002
    op.create_table(
        "catalogue",
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("package", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.String(40), nullable=False),
    )
