"""marks and notes of the trainer's console; whether a line broke"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_attendance_mark_booking_id")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_attendance_mark_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_mark")),
        sa.UniqueConstraint("key", name=op.f("uq_attendance_mark_key")),
    )
    op.create_index(op.f("ix_attendance_mark_booking_id"), "attendance_mark", ["booking_id"])
    op.create_table(
        "class_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_class_note_booking_id")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_class_note_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_note")),
        sa.UniqueConstraint("key", name=op.f("uq_class_note_key")),
    )
    op.create_index(op.f("ix_class_note_booking_id"), "class_note", ["booking_id"])
    op.create_index(op.f("ix_class_note_at"), "class_note", ["at"])
    with op.batch_alter_table("meeting_event", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_lost", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("meeting_event", schema=None) as batch_op:
        batch_op.drop_column("is_lost")
    op.drop_table("class_note")
    op.drop_table("attendance_mark")
