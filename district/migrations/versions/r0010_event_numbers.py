"""SQLite gives no event's number twice: `district recover` leaves some out, since batch jobs ask by the last they saw.

PostgreSQL counts so already. SQLite does only in a table that was made for it (AUTOINCREMENT), so it is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in ("ix_outbox_uid", "ix_outbox_waiting"):
        op.drop_index(name, "outbox")
    op.rename_table("outbox", "outbox_before")
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.String(40)),
        sa.Column("last_error", sa.String(200)),
        sa.Column("refused_at", sa.String(40)),
        sa.Column("skipped_at", sa.String(40)),
        sqlite_autoincrement=True,
    )
    columns = "seq, uid, event, made_at, attempts, next_try, delivered_at, last_error, refused_at, skipped_at"
    op.execute(f"INSERT INTO outbox ({columns}) SELECT {columns} FROM outbox_before")  # noqa: S608 - names of ours  # nosec B608
    op.drop_table("outbox_before")
    op.create_index("ix_outbox_uid", "outbox", ["uid"])
    op.create_index("ix_outbox_waiting", "outbox", ["next_try", "seq"], sqlite_where=sa.text("delivered_at IS NULL"))
