"""The tables as they were made before there were revisions. Where they are there already, nothing but what an old
file lacks is added: its terminals, which it had in the bodies only."""

import json

import sqlalchemy as sa
from alembic import op

from district.migrations import all_bodies

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False, unique=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("case_number", sa.String(32), unique=True),
        sa.Column("received_at", sa.String(40), nullable=False),
        sa.Column("complete_at", sa.String(40)),
        sa.Column("rating", sa.Integer()),
        sa.Column("terminal", sa.String(8)),
        if_not_exists=True,
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("material", sa.String(128), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_attachment_uid", "attachment", ["uid"], if_not_exists=True)
    op.create_table(
        "terminal",
        sa.Column("key_id", sa.String(8), primary_key=True),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.String(40)),
        if_not_exists=True,
    )
    op.create_index("ix_terminal_code", "terminal", ["code"], if_not_exists=True)
    op.create_table(
        "telemetry",
        sa.Column("terminal", sa.String(8), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("received_at", sa.String(40), nullable=False),
        if_not_exists=True,
    )
    _name_terminals()


def _name_terminals() -> None:
    connection = op.get_bind()
    if any(column["name"] == "terminal" for column in sa.inspect(connection).get_columns("submission")):
        return
    op.add_column("submission", sa.Column("terminal", sa.String(8)))
    change = sa.text("UPDATE submission SET terminal = :terminal WHERE seq = :seq")
    for seq, body, _number in all_bodies(connection):
        connection.execute(change, {"seq": seq, "terminal": json.loads(body)["kiosk"]})
