"""when the reminders of a class, and of somebody, are looked at next"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remind_at", UtcDateTime(), nullable=True))
        batch_op.drop_index("ix_session_starts_at")
        batch_op.create_index(
            "ix_session_starts_at_remind_at", ["starts_at", "remind_at"], unique=False
        )
    op.execute("UPDATE session SET remind_at = changed_at")

    there = sa.text("unplanned_since IS NOT NULL")
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unplanned_since", UtcDateTime(), nullable=True))
        batch_op.create_index(
            "ix_participant_unplanned",
            ["unplanned_since"],
            unique=False,
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.drop_index("ix_participant_unplanned")
        batch_op.drop_column("unplanned_since")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index("ix_session_starts_at_remind_at")
        batch_op.create_index("ix_session_starts_at", ["starts_at"], unique=False)
        batch_op.drop_column("remind_at")
