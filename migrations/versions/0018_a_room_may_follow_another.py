"""a class may have had rooms before; a room differs in several ways; who else may start it

Back again, the rooms of before go, and of several differences one is kept.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NOW = sa.text("replaced_at IS NULL")
KNOWN = ("person_gone", "strangers", "unsafe", "moved", "gone")


def upgrade() -> None:
    with op.batch_alter_table("meeting_room") as room:
        room.add_column(sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True))
        room.add_column(
            sa.Column("was_lost", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        room.drop_constraint("uq_meeting_room_session_id", type_="unique")
        room.create_index("ix_meeting_room_session_id", ["session_id"])
    op.create_index(
        "uq_meeting_room_now", "meeting_room", ["session_id"],
        unique=True, sqlite_where=NOW, postgresql_where=NOW,
    )  # fmt: skip
    with op.batch_alter_table("room_upkeep") as upkeep:
        upkeep.alter_column(
            "differs", existing_type=sa.String(24), type_=sa.String(200), existing_nullable=True
        )
        upkeep.add_column(sa.Column("kept_others", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.execute(
        "DELETE FROM meeting_person WHERE room_id IN"
        " (SELECT id FROM meeting_room WHERE replaced_at IS NOT NULL)"
    )
    op.execute("DELETE FROM meeting_room WHERE replaced_at IS NOT NULL")
    for value in KNOWN:
        one = sa.text(
            "UPDATE room_upkeep SET differs = :one WHERE ',' || differs || ',' LIKE :said"
        )
        op.execute(one.bindparams(one=value, said=f"%,{value},%"))
    others = sa.text(
        "UPDATE room_upkeep SET differs = NULL, differs_at = NULL WHERE differs NOT IN :all"
    )
    op.execute(others.bindparams(sa.bindparam("all", KNOWN, expanding=True)))
    with op.batch_alter_table("room_upkeep") as upkeep:
        upkeep.drop_column("kept_others")
        upkeep.alter_column(
            "differs", existing_type=sa.String(200), type_=sa.String(24), existing_nullable=True
        )
    op.drop_index("uq_meeting_room_now", "meeting_room")
    with op.batch_alter_table("meeting_room") as room:
        room.drop_index("ix_meeting_room_session_id")
        room.create_unique_constraint("uq_meeting_room_session_id", ["session_id"])
        room.drop_column("was_lost")
        room.drop_column("replaced_at")
