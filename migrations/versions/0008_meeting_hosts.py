"""the meeting host of a class"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("series", "session"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("host", sa.String(length=40), nullable=True))
    op.create_index("ix_session_host_starts_at", "session", ["host", "starts_at"])


def downgrade() -> None:
    op.drop_index("ix_session_host_starts_at", "session")
    for name in ("session", "series"):
        with op.batch_alter_table(name) as table:
            table.drop_column("host")
