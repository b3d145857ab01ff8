"""the line of those who wait for a place in a class"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("rank_at", UtcDateTime(), nullable=False),
        sa.Column("is_at_once", sa.Boolean(), nullable=False),
        sa.Column("offered_at", UtcDateTime(), nullable=True),
        sa.Column("offer_until", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ending", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_waiting_participant_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_waiting_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
    )
    stands = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_waiting_stands", "waiting", ["participant_id", "session_id"],
        unique=True, sqlite_where=stands, postgresql_where=stands,
    )  # fmt: skip
    op.create_index("ix_waiting_session_rank", "waiting", ["session_id", "rank_at"])


def downgrade() -> None:
    op.execute(
        sa.text(
            "UPDATE session SET taken = taken - (SELECT count(*) FROM waiting"
            " WHERE waiting.session_id = session.id AND waiting.ended_at IS NULL"
            " AND waiting.offered_at IS NOT NULL)"
        )
    )
    op.drop_table("waiting")
