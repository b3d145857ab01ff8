"""what providers report: kept raw, matched to people, corrected by their reports"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hook_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("worked_at", UtcDateTime(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_hook_event_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_event")),
        sa.UniqueConstraint("digest", name=op.f("uq_hook_event_digest")),
    )
    with op.batch_alter_table("hook_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hook_event_session_id"), ["session_id"], unique=False)
        batch_op.create_index("ix_hook_event_state", ["state", "received_at"], unique=False)

    op.create_table(
        "report_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_report_check_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_check")),
        sa.UniqueConstraint("session_id", name=op.f("uq_report_check_session_id")),
    )
    with op.batch_alter_table("report_check", schema=None) as batch_op:
        batch_op.create_index("ix_report_check_next_at", ["next_at"], unique=False)

    op.create_table(
        "attendance_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("minutes_before", sa.Double(), nullable=False),
        sa.Column("minutes_after", sa.Double(), nullable=False),
        sa.Column("status_before", sa.String(length=24), nullable=True),
        sa.Column("status_after", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_attendance_change_booking_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_change")),
    )
    with op.batch_alter_table("attendance_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_attendance_change_booking_id"), ["booking_id"], unique=False
        )

    op.create_table(
        "unmatched_presence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("decision", sa.String(length=24), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_unmatched_presence_booking_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_unmatched_presence_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_unmatched_presence_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_presence")),
        sa.UniqueConstraint("session_id", "who", name=op.f("uq_unmatched_presence_session_id_who")),
    )
    with op.batch_alter_table("meeting_event", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("source", sa.String(length=24), server_default="page", nullable=False)
        )
        batch_op.add_column(sa.Column("stranger_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("run", sa.String(length=120), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("replaced_at", UtcDateTime(), nullable=True))
        batch_op.alter_column("booking_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.create_index(
            "ix_meeting_event_connection", ["session_id", "connection"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_meeting_event_stranger_id"), ["stranger_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_meeting_event_stranger_id"),
            "unmatched_presence",
            ["stranger_id"],
            ["id"],
        )


def downgrade() -> None:
    # nobody there could read these
    op.execute(
        "DELETE FROM meeting_event WHERE booking_id IS NULL OR replaced_at IS NOT NULL"
        " OR kind NOT IN ('joined', 'left')"
    )
    with op.batch_alter_table("meeting_event", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_meeting_event_stranger_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_meeting_event_stranger_id"))
        batch_op.drop_index("ix_meeting_event_connection")
        batch_op.alter_column("booking_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.drop_column("replaced_at")
        batch_op.drop_column("run")
        batch_op.drop_column("stranger_id")
        batch_op.drop_column("source")

    op.drop_table("unmatched_presence")
    with op.batch_alter_table("attendance_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attendance_change_booking_id"))

    op.drop_table("attendance_change")
    with op.batch_alter_table("report_check", schema=None) as batch_op:
        batch_op.drop_index("ix_report_check_next_at")

    op.drop_table("report_check")
    with op.batch_alter_table("hook_event", schema=None) as batch_op:
        batch_op.drop_index("ix_hook_event_state")
        batch_op.drop_index(batch_op.f("ix_hook_event_session_id"))

    op.drop_table("hook_event")
