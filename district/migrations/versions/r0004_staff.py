"""What staff find cases by: the number on the slip, and an index for each way of selecting."""

import json

import sqlalchemy as sa
from alembic import op

from district.migrations import all_bodies

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("submission", sa.Column("provisional_number", sa.String(128)))
    connection = op.get_bind()
    change = sa.text("UPDATE submission SET provisional_number = :number WHERE seq = :seq")
    for seq, body, _number in all_bodies(connection):
        if body is not None:
            connection.execute(change, {"seq": seq, "number": json.loads(body)["provisional_number"]})
    op.create_index("ix_submission_provisional_number", "submission", ["provisional_number"])
    op.create_index("ix_submission_stage", "submission", ["stage", "seq"])
    op.create_index("ix_submission_hall", "submission", ["hall", "stage", "seq"])
    op.create_index("ix_submission_matter", "submission", ["matter", "stage", "seq"])
    op.create_index("ix_submission_hall_matter", "submission", ["hall", "matter", "stage", "seq"])
    tests = sa.text("test")
    op.create_index("ix_submission_tests", "submission", ["seq"], sqlite_where=tests, postgresql_where=tests)
    op.create_index("ix_viewing_uid_seq", "viewing", ["uid", "seq"])
    op.drop_index("ix_viewing_uid", "viewing")
    op.create_index("ix_viewing_staff", "viewing", ["staff", "seq"])
    op.create_table(
        "chore",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
    )
