"""what her calendar answered to an invitation"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("says", sa.String(length=24), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_calendar_answer_booking_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_answer")),
        sa.UniqueConstraint(
            "booking_id", "sequence", name=op.f("uq_calendar_answer_booking_id_sequence")
        ),
    )


def downgrade() -> None:
    op.execute("DELETE FROM message WHERE kind = 'says_no'")  # nobody there could write it
    op.drop_table("calendar_answer")
