"""Dead ends of the outbox, and what staff decided about them; and every case that was complete before is told of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("refused_at", "skipped_at"):
        op.add_column("outbox", sa.Column(name, sa.String(40)))
    op.execute(
        "INSERT INTO outbox (uid, event, made_at, attempts, next_try) "
        "SELECT uid, 'complete', complete_at, 0, 0 FROM submission "
        "WHERE complete_at IS NOT NULL AND NOT test AND supplement_of IS NULL ORDER BY seq"
    )
