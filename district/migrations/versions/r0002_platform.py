"""Everything that a district of several server processes, with staff who sign in, keeps in its database."""

import json

import sqlalchemy as sa
from alembic import op

from district.migrations import all_bodies

revision = "0002"
down_revision = "0001"

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("submission") as submission:
        submission.alter_column("body", existing_type=sa.LargeBinary(), nullable=True)
        submission.add_column(sa.Column("matter", sa.String(128)))
        submission.add_column(sa.Column("hall", sa.String(32)))
        submission.add_column(sa.Column("stage", sa.String(16)))
        submission.add_column(sa.Column("erased_at", sa.String(40)))
    op.add_column("attachment", sa.Column("erased_at", sa.String(40)))
    op.create_table(
        "case_counter",
        sa.Column("year", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer(), nullable=False),
    )
    _tell_what_is_there()
    with op.batch_alter_table("submission") as submission:
        submission.alter_column("stage", existing_type=sa.String(16), nullable=False)
    for name, length in (("hall", 32), ("certificate_sha256", 64), ("enrolled_at", 40)):
        op.add_column("terminal", sa.Column(name, sa.String(length)))
    _for_cases()
    _for_terminals()
    _for_staff()


def _tell_what_is_there() -> None:
    """The stage and the matter of what was handed in (of sealed ones only the keys would tell), and how far case
    numbers have come."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE submission SET stage = CASE state WHEN 'done' THEN 'complete' ELSE state END"))
    change = sa.text("UPDATE submission SET matter = :matter WHERE seq = :seq")
    last: dict[int, int] = {}
    for seq, body, number in all_bodies(connection):
        matter = json.loads(body).get("matter")
        if matter is not None:
            connection.execute(change, {"seq": seq, "matter": matter})
        if number is not None:
            year, _, count = number.partition("-")
            last[int(year)] = max(last.get(int(year), 0), int(count))
    for year, count in last.items():
        connection.execute(
            sa.text("INSERT INTO case_counter (year, last) VALUES (:year, :last)"), {"year": year, "last": count}
        )


def _for_cases() -> None:
    op.create_table(
        "step",
        sa.Column("seq", _COUNT, primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("staff", sa.String(64)),
        sa.Column("note", sa.String()),
    )
    op.create_index("ix_step_uid", "step", ["uid"])
    op.create_table(
        "supplement",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("asked_at", sa.String(40), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("materials", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("due_on", sa.String(10)),
        sa.Column("answered_uid", sa.String(36)),
        sa.Column("answered_at", sa.String(40)),
    )
    op.create_index("ix_supplement_uid", "supplement", ["uid"])
    op.create_table(
        "outbox",
        sa.Column("seq", _COUNT, primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.String(40)),
        sa.Column("last_error", sa.String(200)),
    )
    op.create_index("ix_outbox_uid", "outbox", ["uid"])
    waiting = sa.text("delivered_at IS NULL")
    op.create_index("ix_outbox_waiting", "outbox", ["next_try", "seq"], sqlite_where=waiting, postgresql_where=waiting)


def _for_terminals() -> None:
    op.create_table(
        "hall",
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
    )
    op.create_table(
        "enrolment",
        sa.Column("code_sha256", sa.String(64), primary_key=True),
        sa.Column("terminal", sa.String(8), nullable=False),
        sa.Column("hall", sa.String(32)),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=False),
        sa.Column("used_at", sa.String(40)),
        sa.Column("used_key_id", sa.String(8)),
    )
    op.create_table(
        "nonce",
        sa.Column("key_id", sa.String(8), primary_key=True),
        sa.Column("nonce", sa.String(64), primary_key=True),
        sa.Column("expires", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_nonce_expires", "nonce", ["expires"])
    op.create_table(
        "lease",
        sa.Column("attachment", sa.String(36), primary_key=True),
        sa.Column("terminal", sa.String(8), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_lease_until", "lease", ["until"])
    op.create_table(
        "load",
        sa.Column("second", _COUNT, primary_key=True, autoincrement=False),
        sa.Column("requests", sa.Integer(), nullable=False),
    )
    op.create_table(
        "catalogue",
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("package", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.String(40), nullable=False),
    )


def _for_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("hall", sa.String(32)),
        sa.Column("disabled_at", sa.String(40)),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
    )
    op.create_table(
        "session",
        sa.Column("id_sha256", sa.String(64), primary_key=True),
        sa.Column("staff", sa.String(64), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=False),
    )
    op.create_index("ix_session_staff", "session", ["staff"])
    op.create_table(
        "viewing",
        sa.Column("seq", _COUNT, primary_key=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("staff", sa.String(64), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("uid", sa.String(36)),
        sa.Column("detail", sa.String()),
    )
    op.create_index("ix_viewing_uid", "viewing", ["uid"])
