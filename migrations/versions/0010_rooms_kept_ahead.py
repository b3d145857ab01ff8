"""rooms that are kept ahead at a provider, and what all processes share about it"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_budget",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_budget")),
        sa.UniqueConstraint("subject", "on_date", name=op.f("uq_call_budget_subject_on_date")),
    )
    with op.batch_alter_table("call_budget", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_budget_on_date"), ["on_date"], unique=False)

    op.create_table(
        "call_pace",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_pace")),
        sa.UniqueConstraint("name", name=op.f("uq_call_pace_name")),
    )
    op.create_table(
        "meeting_host",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("swept_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_host")),
        sa.UniqueConstraint("provider", "account", name=op.f("uq_meeting_host_provider_account")),
    )
    op.create_table(
        "provider_health",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("cause", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_health")),
        sa.UniqueConstraint("provider", name=op.f("uq_provider_health_provider")),
    )
    op.create_table(
        "provider_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_token")),
        sa.UniqueConstraint("name", name=op.f("uq_provider_token_name")),
    )
    op.create_table(
        "stray_room",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray_room")),
        sa.UniqueConstraint(
            "provider", "external_id", name=op.f("uq_stray_room_provider_external_id")
        ),
    )
    op.create_table(
        "room_upkeep",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("begun_host", sa.String(length=120), nullable=False),
        sa.Column("kept_starts_at", UtcDateTime(), nullable=True),
        sa.Column("kept_minutes", sa.Integer(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=24), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("differs", sa.String(length=24), nullable=True),
        sa.Column("differs_at", UtcDateTime(), nullable=True),
        sa.Column("instead_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_room_upkeep_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_upkeep")),
        sa.UniqueConstraint("session_id", name=op.f("uq_room_upkeep_session_id")),
    )
    with op.batch_alter_table("room_upkeep", schema=None) as batch_op:
        batch_op.create_index("ix_room_upkeep_next_try_at", ["next_try_at"], unique=False)

    op.create_table(
        "meeting_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.String(length=200), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=True),
        sa.Column("join_url_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_meeting_person_booking_id")
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["meeting_room.id"], name=op.f("fk_meeting_person_room_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_person")),
        sa.UniqueConstraint("alias", name=op.f("uq_meeting_person_alias")),
        sa.UniqueConstraint(
            "room_id", "booking_id", name=op.f("uq_meeting_person_room_id_booking_id")
        ),
    )
    with op.batch_alter_table("meeting_person", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_meeting_person_booking_id"), ["booking_id"], unique=False
        )
        batch_op.create_index(
            "ix_meeting_person_external_id", ["room_id", "external_id"], unique=False
        )

    with op.batch_alter_table("meeting_room", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("host", sa.String(length=120), server_default="", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("meeting_room", schema=None) as batch_op:
        batch_op.drop_column("host")

    with op.batch_alter_table("meeting_person", schema=None) as batch_op:
        batch_op.drop_index("ix_meeting_person_external_id")
        batch_op.drop_index(batch_op.f("ix_meeting_person_booking_id"))

    op.drop_table("meeting_person")
    with op.batch_alter_table("room_upkeep", schema=None) as batch_op:
        batch_op.drop_index("ix_room_upkeep_next_try_at")

    op.drop_table("room_upkeep")
    op.drop_table("stray_room")
    op.drop_table("provider_token")
    op.drop_table("provider_health")
    op.drop_table("meeting_host")
    op.drop_table("call_pace")
    with op.batch_alter_table("call_budget", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_budget_on_date"))

    op.drop_table("call_budget")
