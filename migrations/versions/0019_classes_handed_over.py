"""classes handed over: who gave a class before, for the calendar of that trainer

Classes that changed hands before it are not in it: they left that calendar long ago.
"""

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE, INDEX = "session_handed_over", "ix_session_handed_over_trainer_handed_at"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("trainer_id", sa.Uuid(), nullable=False),
        sa.Column("handed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_session_handed_over_session_id")
        ),
        sa.ForeignKeyConstraint(
            ["trainer_id"], ["account.id"], name=op.f("fk_session_handed_over_trainer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_handed_over")),
    )
    op.create_index(INDEX, TABLE, ["trainer_id", "handed_at"], unique=False)


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
    op.drop_table(TABLE)
