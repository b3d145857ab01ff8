"""places given back later than the study asks for"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("booking") as booking:
        booking.add_column(sa.Column("is_late", sa.Boolean(), nullable=True))
    op.execute(sa.text("UPDATE booking SET is_late = :no").bindparams(no=False))
    with op.batch_alter_table("booking") as booking:
        booking.alter_column("is_late", existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("booking") as booking:
        booking.drop_column("is_late")
