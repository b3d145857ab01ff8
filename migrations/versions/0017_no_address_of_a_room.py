"""the address of a room, which nothing has written since 0010, goes

Back again it is empty, as it has been all the time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ADDRESS = sa.String(length=1000)


def upgrade() -> None:
    with op.batch_alter_table("meeting_room") as room:
        room.drop_column("join_url")


def downgrade() -> None:
    with op.batch_alter_table("meeting_room") as room:
        room.add_column(sa.Column("join_url", ADDRESS, nullable=True))
    op.execute("UPDATE meeting_room SET join_url = ''")
    with op.batch_alter_table("meeting_room") as room:
        room.alter_column("join_url", existing_type=ADDRESS, nullable=False)
