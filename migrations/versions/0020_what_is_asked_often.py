"""what is asked often: her bookings, live or not; whether a form that goes has any answer; events
whose text is old enough to go
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BOOKINGS, ANSWERS, TEXTS = "ix_booking_participant_id", "ix_answer_form_id", "ix_hook_event_text"
HAS_TEXT = sa.text("body_sealed IS NOT NULL")


def upgrade() -> None:
    op.create_index(BOOKINGS, "booking", ["participant_id"], unique=False)
    op.create_index(ANSWERS, "answer", ["form_id"], unique=False)
    op.create_index(
        TEXTS, "hook_event", ["received_at"], unique=False,
        sqlite_where=HAS_TEXT, postgresql_where=HAS_TEXT,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index(TEXTS, table_name="hook_event")
    op.drop_index(ANSWERS, table_name="answer")
    op.drop_index(BOOKINGS, table_name="booking")
