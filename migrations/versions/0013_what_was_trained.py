"""what was trained: a class, each person in it, each exercise"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "class_training",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("saved_by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["account.id"], name=op.f("fk_class_training_saved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_class_training_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_training")),
        sa.UniqueConstraint("session_id", name=op.f("uq_class_training_session_id")),
    )
    op.create_table(
        "trained",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("effort", sa.Double(), nullable=True),
        sa.Column("tired_before", sa.Integer(), nullable=True),
        sa.Column("tired_after", sa.Integer(), nullable=True),
        sa.Column("pain_before", sa.Integer(), nullable=True),
        sa.Column("pain_after", sa.Integer(), nullable=True),
        sa.Column("dizzy_before", sa.Integer(), nullable=True),
        sa.Column("dizzy_after", sa.Integer(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("stopped_early", sa.Boolean(), nullable=False),
        sa.Column(
            "why",
            sa.Enum("health", "other", name="why", native_enum=False, length=24),
            nullable=True,
        ),
        sa.Column("is_modified", sa.Boolean(), nullable=False),
        sa.Column("is_reduced", sa.Boolean(), nullable=False),
        sa.Column("minutes_planned", sa.Double(), nullable=False),
        sa.Column("minutes_done", sa.Double(), nullable=False),
        sa.Column("repetitions_planned", sa.Integer(), nullable=False),
        sa.Column("repetitions_done", sa.Integer(), nullable=False),
        sa.Column("load_planned_kg", sa.Double(), nullable=False),
        sa.Column("load_done_kg", sa.Double(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "dizzy_after IS NULL OR dizzy_after BETWEEN 0 AND 3",
            name=op.f("ck_trained_dizzy_after"),
        ),
        sa.CheckConstraint(
            "dizzy_before IS NULL OR dizzy_before BETWEEN 0 AND 3",
            name=op.f("ck_trained_dizzy_before"),
        ),
        sa.CheckConstraint(
            "effort IS NULL OR effort BETWEEN 0 AND 10", name=op.f("ck_trained_effort")
        ),
        sa.CheckConstraint(
            "pain_after IS NULL OR pain_after BETWEEN 0 AND 3", name=op.f("ck_trained_pain_after")
        ),
        sa.CheckConstraint(
            "pain_before IS NULL OR pain_before BETWEEN 0 AND 3",
            name=op.f("ck_trained_pain_before"),
        ),
        sa.CheckConstraint(
            "tired_after IS NULL OR tired_after BETWEEN 0 AND 3",
            name=op.f("ck_trained_tired_after"),
        ),
        sa.CheckConstraint(
            "tired_before IS NULL OR tired_before BETWEEN 0 AND 3",
            name=op.f("ck_trained_tired_before"),
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_trained_booking_id")),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["account.id"], name=op.f("fk_trained_changed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["account.id"], name=op.f("fk_trained_entered_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trained")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_trained_booking_id")),
    )
    op.create_table(
        "exercise_done",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trained_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("exercise", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "aerobic",
                "strength",
                "balance",
                "mobility",
                name="kind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "how",
            sa.Enum("planned", "modified", "left_out", name="how", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("is_easier", sa.Boolean(), nullable=False),
        sa.Column("planned_sets", sa.Integer(), nullable=True),
        sa.Column("planned_repetitions", sa.Integer(), nullable=True),
        sa.Column("planned_minutes", sa.Double(), nullable=True),
        sa.Column("planned_load_kg", sa.Double(), nullable=True),
        sa.Column(
            "planned_band",
            sa.Enum("light", "medium", "strong", name="band", native_enum=False, length=24),
            nullable=True,
        ),
        sa.Column("done_sets", sa.Integer(), nullable=True),
        sa.Column("done_repetitions", sa.Integer(), nullable=True),
        sa.Column("done_minutes", sa.Double(), nullable=True),
        sa.Column("done_load_kg", sa.Double(), nullable=True),
        sa.Column(
            "done_band",
            sa.Enum("light", "medium", "strong", name="band", native_enum=False, length=24),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["trained_id"], ["trained.id"], name=op.f("fk_exercise_done_trained_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_done")),
        sa.UniqueConstraint(
            "trained_id", "exercise", name=op.f("uq_exercise_done_trained_id_exercise")
        ),
    )


def downgrade() -> None:
    op.drop_table("exercise_done")
    op.drop_table("trained")
    op.drop_table("class_training")
