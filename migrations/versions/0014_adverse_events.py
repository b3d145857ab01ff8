"""adverse events: what is said of each, and what was done about it"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adverse_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("waits_since", UtcDateTime(), nullable=False),
        sa.Column("serious_since", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_why_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=op.f(f"fk_adverse_event_{column}")
            )
            for column, target in (
                ("participant_id", "participant"),
                ("session_id", "session"),
                ("recorded_by_id", "account"),
                ("withdrawn_by_id", "account"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event")),
        sa.UniqueConstraint("key", name=op.f("uq_adverse_event_key")),
    )
    op.create_index(op.f("ix_adverse_event_participant_id"), "adverse_event", ["participant_id"])
    op.create_index(op.f("ix_adverse_event_session_id"), "adverse_event", ["session_id"])
    op.create_table(
        "adverse_event_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("term", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=24), nullable=True),
        sa.Column("onset_at", UtcDateTime(), nullable=True),
        sa.Column("is_serious", sa.Boolean(), nullable=True),
        sa.Column("criterion", sa.String(length=24), nullable=True),
        sa.Column("related", sa.String(length=24), nullable=True),
        sa.Column("actions", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("outcome_on", sa.Date(), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("why_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("written_by_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.CheckConstraint("grade BETWEEN 1 AND 5", name=op.f("ck_adverse_event_version_grade")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["adverse_event.id"], name=op.f("fk_adverse_event_version_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["account.id"], name=op.f("fk_adverse_event_version_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event_version")),
        sa.UniqueConstraint(
            "event_id", "number", name=op.f("uq_adverse_event_version_event_id_number")
        ),
        sa.UniqueConstraint("key", name=op.f("uq_adverse_event_version_key")),
    )
    newest = sa.text("replaced_at IS NULL")
    op.create_index(
        "uq_adverse_event_version_newest", "adverse_event_version", ["event_id"],
        unique=True, sqlite_where=newest, postgresql_where=newest,
    )  # fmt: skip
    op.create_table(
        "adverse_event_care",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("care", sa.String(length=24), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["adverse_event.id"], name=op.f("fk_adverse_event_care_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["account.id"], name=op.f("fk_adverse_event_care_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event_care")),
        sa.UniqueConstraint("key", name=op.f("uq_adverse_event_care_key")),
    )
    op.create_index(op.f("ix_adverse_event_care_event_id"), "adverse_event_care", ["event_id"])


def downgrade() -> None:
    for table in ("adverse_event_care", "adverse_event_version", "adverse_event"):
        op.drop_table(table)
