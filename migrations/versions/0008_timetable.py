"""meeting hosts; several weekdays, days off and substitutes of a series

Back again, a series keeps the first of its weekdays, and a class hour that stands on the same
day as another of its series is let go from the series.
"""

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
    with op.batch_alter_table("series") as series:
        series.add_column(sa.Column("weekdays", sa.String(length=7), nullable=True))
    op.execute("UPDATE series SET weekdays = CAST(weekday AS VARCHAR(7))")
    with op.batch_alter_table("series") as series:
        series.alter_column("weekdays", existing_type=sa.String(length=7), nullable=False)
        series.drop_constraint(op.f("ck_series_weekday"), type_="check")
        series.drop_column("weekday")
        series.create_check_constraint(
            op.f("ck_series_weekdays"), "length(weekdays) BETWEEN 1 AND 7"
        )
    with op.batch_alter_table("session") as session:
        session.drop_constraint("uq_session_series_id_on_date", type_="unique")
    op.create_index("ix_session_host_starts_at", "session", ["host", "starts_at"])
    op.create_index("ix_session_series_on_date", "session", ["series_id", "on_date"])
    op.create_table(
        "series_break",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("why", sa.String(length=120), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_series_break_order")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_series_break_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_break")),
    )
    op.create_index("ix_series_break_series_id", "series_break", ["series_id"])
    op.create_table(
        "series_substitute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_series_substitute_series_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_series_substitute_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_substitute")),
        sa.UniqueConstraint(
            "series_id", "account_id", name=op.f("uq_series_substitute_series_id_account_id")
        ),
    )


def downgrade() -> None:
    op.execute(  # nobody there could write them
        "DELETE FROM message WHERE kind IN "
        "('class_changed', 'waiting_changed', 'waiting_called_off')"
    )
    op.drop_table("series_substitute")
    op.drop_table("series_break")
    op.execute(
        "UPDATE session SET series_id = NULL WHERE EXISTS (SELECT 1 FROM session AS other "
        "WHERE other.series_id = session.series_id AND other.on_date = session.on_date "
        "AND other.id < session.id)"
    )
    op.drop_index("ix_session_series_on_date", "session")
    op.drop_index("ix_session_host_starts_at", "session")
    with op.batch_alter_table("session") as session:
        session.drop_column("host")
        session.create_unique_constraint(
            op.f("uq_session_series_id_on_date"), ["series_id", "on_date"]
        )
    with op.batch_alter_table("series") as series:
        series.add_column(sa.Column("weekday", sa.Integer(), nullable=True))
    op.execute("UPDATE series SET weekday = CAST(substr(weekdays, 1, 1) AS INTEGER)")
    with op.batch_alter_table("series") as series:
        series.alter_column("weekday", existing_type=sa.Integer(), nullable=False)
        series.drop_constraint(op.f("ck_series_weekdays"), type_="check")
        series.drop_column("weekdays")
        series.drop_column("host")
        series.create_check_constraint(op.f("ck_series_weekday"), "weekday BETWEEN 0 AND 6")
