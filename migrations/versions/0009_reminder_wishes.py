"""which reminders somebody wants, and when"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reminder_wish",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("day_before", sa.Boolean(), nullable=False),
        sa.Column("hour_before", sa.Boolean(), nullable=False),
        sa.Column("questions", sa.Boolean(), nullable=False),
        sa.Column("earliest_hour", sa.Integer(), nullable=True),
        sa.Column("latest_hour", sa.Integer(), nullable=True),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.Column("chosen_by_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(length=24), nullable=False),
        sa.CheckConstraint(
            "earliest_hour BETWEEN 0 AND 12", name=op.f("ck_reminder_wish_earliest_hour")
        ),
        sa.CheckConstraint(
            "latest_hour BETWEEN 16 AND 23", name=op.f("ck_reminder_wish_latest_hour")
        ),
        sa.ForeignKeyConstraint(
            ["chosen_by_id"], ["account.id"], name=op.f("fk_reminder_wish_chosen_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_reminder_wish_participant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_wish")),
        sa.UniqueConstraint("participant_id", name=op.f("uq_reminder_wish_participant_id")),
    )


def downgrade() -> None:
    op.execute("DELETE FROM permit WHERE scope = 'reminders'")  # nobody there knows these
    op.execute("DELETE FROM link WHERE kind IN ('stop_day', 'stop_hour', 'stop_questions')")
    op.execute("DELETE FROM message WHERE kind = 'join_link'")
    op.drop_table("reminder_wish")
