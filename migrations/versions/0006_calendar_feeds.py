"""class hours count what calendars must hear of; addresses of calendar feeds are links"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime
from remote_training.outside import clock

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("session") as session:
        session.add_column(sa.Column("sequence", sa.Integer(), nullable=True))
        session.add_column(sa.Column("changed_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE session SET sequence = 0 WHERE called_off_at IS NULL")
    op.execute("UPDATE session SET sequence = 1 WHERE called_off_at IS NOT NULL")
    hour = sa.table(
        "session",
        sa.column("called_off_at", UtcDateTime()),
        sa.column("changed_at", UtcDateTime()),
    )
    changed = sa.func.coalesce(hour.c.called_off_at, sa.literal(clock.now(), UtcDateTime()))
    op.execute(sa.update(hour).values(changed_at=changed))
    with op.batch_alter_table("session") as session:
        session.alter_column("sequence", existing_type=sa.Integer(), nullable=False)
        session.alter_column("changed_at", existing_type=UtcDateTime(), nullable=False)


def downgrade() -> None:
    op.execute("DELETE FROM link WHERE kind = 'calendar'")  # the older platform knows no such kind
    with op.batch_alter_table("session") as session:
        session.drop_column("changed_at")
        session.drop_column("sequence")
