"""alerts, what came of them, and tries at the year of birth in the middle of a sitting"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("occasion_id", sa.Uuid(), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_alert_participant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_key")),
    )
    op.create_index(op.f("ix_alert_participant_id"), "alert", ["participant_id"])
    op.create_index(op.f("ix_alert_occasion_id"), "alert", ["occasion_id"])
    op.create_table(
        "handling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("handled_at", UtcDateTime(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_handling_alert_id")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_handling_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handling")),
        sa.UniqueConstraint("key", name=op.f("uq_handling_key")),
    )
    op.create_index(op.f("ix_handling_alert_id"), "handling", ["alert_id"])
    with op.batch_alter_table("assessment") as assessment:
        assessment.add_column(sa.Column("check_tries", sa.Integer(), nullable=True))
    op.execute("UPDATE assessment SET check_tries = 0")
    with op.batch_alter_table("assessment") as assessment:
        assessment.alter_column("check_tries", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("assessment") as assessment:
        assessment.drop_column("check_tries")
    op.drop_table("handling")
    op.drop_table("alert")
