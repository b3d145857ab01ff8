"""one sitting per time-point

What was one questionnaire becomes one form of a sitting: the forms take over the ids of the
questionnaires, so that every answer stays where it is. The sitting keeps the id of its first
questionnaire. Back again, answers that "do not apply" become kept back: there was no such state.
"""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from remote_training.core.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OVERDUE_AFTER = timedelta(days=7)
MINUTES = 2  # of the one questionnaire that there was
LIVE = sa.text("replaced_at IS NULL")
PLAIN_INDEX = {"unique": True, "sqlite_where": LIVE, "postgresql_where": LIVE}


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.String(length=40), nullable=False),
        sa.Column("instrument_version", sa.String(length=20), nullable=False),
        sa.Column("translation", sa.String(length=80), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_form_assessment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form")),
        sa.UniqueConstraint(
            "assessment_id", "instrument", name=op.f("uq_form_assessment_id_instrument")
        ),
    )
    with op.batch_alter_table("assessment") as assessment:
        assessment.add_column(sa.Column("planned_as", sa.String(16), nullable=True))
        assessment.add_column(sa.Column("minutes", sa.Integer(), nullable=True))
        assessment.add_column(sa.Column("overdue_on", sa.Date(), nullable=True))
        assessment.add_column(sa.Column("start_by_on", sa.Date(), nullable=True))
        assessment.add_column(sa.Column("opened_at", UtcDateTime(), nullable=True))
        assessment.add_column(sa.Column("last_answer_at", UtcDateTime(), nullable=True))
        assessment.add_column(sa.Column("goes_on_until", UtcDateTime(), nullable=True))
        assessment.add_column(sa.Column("device_kind", sa.String(24), nullable=True))
        assessment.drop_constraint(
            "uq_assessment_participant_id_timepoint_instrument", type_="unique"
        )
    dropped = _make_forms()
    _answers_point_at_forms()
    _drop_the_others(dropped)
    with op.batch_alter_table("assessment") as assessment:
        assessment.alter_column("planned_as", existing_type=sa.String(16), nullable=False)
        assessment.alter_column("minutes", existing_type=sa.Integer(), nullable=False)
        assessment.alter_column("overdue_on", existing_type=sa.Date(), nullable=False)
        assessment.alter_column("start_by_on", existing_type=sa.Date(), nullable=False)
        for name in ("instrument", "instrument_version", "language"):
            assessment.drop_column(name)
        assessment.create_unique_constraint(
            op.f("uq_assessment_participant_id_timepoint"), ["participant_id", "timepoint"]
        )


def downgrade() -> None:
    with op.batch_alter_table("assessment") as assessment:
        assessment.drop_constraint("uq_assessment_participant_id_timepoint", type_="unique")
        assessment.add_column(sa.Column("instrument", sa.String(40), nullable=True))
        assessment.add_column(sa.Column("instrument_version", sa.String(20), nullable=True))
        assessment.add_column(sa.Column("language", sa.String(8), nullable=True))
    _make_questionnaires()
    with op.batch_alter_table("answer") as answer:
        answer.drop_index("uq_answer_live", sqlite_where=LIVE, postgresql_where=LIVE)
        answer.drop_constraint("fk_answer_form_id", type_="foreignkey")
        answer.drop_constraint("uq_answer_client_key", type_="unique")
        answer.drop_column("translation")
        answer.drop_column("client_key")
        answer.drop_column("given_at")
        answer.alter_column("form_id", new_column_name="assessment_id", existing_type=sa.Uuid())
    op.execute("UPDATE answer SET state = 'declined' WHERE state = 'not_applicable'")
    with op.batch_alter_table("answer") as answer:
        answer.create_foreign_key(
            op.f("fk_answer_assessment_id"), "assessment", ["assessment_id"], ["id"]
        )
        answer.create_index("uq_answer_live", ["assessment_id", "item"], **PLAIN_INDEX)
    op.drop_table("form")
    with op.batch_alter_table("assessment") as assessment:
        assessment.alter_column("instrument", existing_type=sa.String(40), nullable=False)
        assessment.alter_column("instrument_version", existing_type=sa.String(20), nullable=False)
        for name in (
            "planned_as", "minutes", "overdue_on", "start_by_on", "opened_at", "last_answer_at",
            "goes_on_until", "device_kind",
        ):  # fmt: skip
            assessment.drop_column(name)
        assessment.create_unique_constraint(
            op.f("uq_assessment_participant_id_timepoint_instrument"),
            ["participant_id", "timepoint", "instrument"],
        )


def _tables() -> tuple[sa.Table, sa.Table, sa.Table]:
    """Assessment, form and answer, as they are at this moment of the migration."""
    metadata, bind = sa.MetaData(), op.get_bind()
    assessment, form, answer = (
        sa.Table(name, metadata, autoload_with=bind, resolve_fks=False)
        for name in ("assessment", "form", "answer")
    )
    for table in (assessment, form, answer):
        for column in table.c:
            if column.name == "id" or column.name.endswith("_id"):
                column.type = sa.Uuid()
            elif column.name.endswith("_at") or column.name == "goes_on_until":
                column.type = UtcDateTime()
    return assessment, form, answer


def _make_forms() -> dict[UUID, UUID]:
    """Make a form of every questionnaire; returns which go, and which one stands for them."""
    assessment, form, answer = _tables()
    bind = op.get_bind()
    newest = dict(
        bind.execute(
            sa.select(answer.c.assessment_id, sa.func.max(answer.c.answered_at)).group_by(
                answer.c.assessment_id
            )
        ).all()
    )
    sittings: dict[tuple[UUID, str], list[sa.Row]] = {}
    every = sa.select(assessment).order_by(assessment.c.instrument, assessment.c.id)
    for row in bind.execute(every):
        sittings.setdefault((row.participant_id, row.timepoint), []).append(row)
    forms, changes, dropped = [], [], {}
    for rows in sittings.values():
        kept = rows[0]
        dropped |= {row.id: kept.id for row in rows[1:]}
        forms += [_form(row, kept.id, n) for n, row in enumerate(rows, start=1)]
        changes.append({"kept": kept.id, **_sitting(rows, newest)})
    if forms:
        bind.execute(sa.insert(form), forms)
        kept_row = assessment.c.id == sa.bindparam("kept")
        names = [name for name in changes[0] if name != "kept"]
        values = {
            name: sa.bindparam(f"new_{name}", type_=assessment.c[name].type) for name in names
        }
        told = [
            {"kept": one["kept"], **{f"new_{name}": one[name] for name in names}} for one in changes
        ]
        bind.execute(sa.update(assessment).where(kept_row).values(values), told)
    return dropped


def _form(row: sa.Row, sitting_id: UUID, position: int) -> dict[str, object]:
    return {
        "id": row.id,
        "assessment_id": sitting_id,
        "instrument": row.instrument,
        "instrument_version": row.instrument_version,
        "language": row.language,
        "position": position,
        "started_at": row.started_at,
        "completed_at": row.completed_at,
    }


def _sitting(rows: list[sa.Row], newest: dict[UUID, object]) -> dict[str, object]:
    begun = [row.started_at for row in rows if row.started_at is not None]
    sent = [row.completed_at for row in rows if row.completed_at is not None]
    last = [newest[row.id] for row in rows if row.id in newest]
    started_at = min(begun, default=None)
    return {
        "planned_as": "",  # planned anew, where it was not begun
        "minutes": MINUTES * len(rows),
        "overdue_on": min(rows[0].due_on + OVERDUE_AFTER, rows[0].closes_on),
        "start_by_on": rows[0].closes_on,
        "opened_at": started_at,
        "started_at": started_at,
        "completed_at": max(sent) if len(sent) == len(rows) else None,
        "last_answer_at": max(last, default=None),
    }


def _answers_point_at_forms() -> None:
    with op.batch_alter_table("answer") as answer:
        answer.drop_index("uq_answer_live", sqlite_where=LIVE, postgresql_where=LIVE)
        answer.drop_constraint("fk_answer_assessment_id", type_="foreignkey")
        answer.alter_column("assessment_id", new_column_name="form_id", existing_type=sa.Uuid())
        answer.add_column(sa.Column("translation", sa.String(80), nullable=True))
        answer.add_column(sa.Column("client_key", sa.Uuid(), nullable=True))
        answer.add_column(sa.Column("given_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE answer SET given_at = answered_at")
    with op.batch_alter_table("answer") as answer:
        answer.alter_column("given_at", existing_type=UtcDateTime(), nullable=False)
        answer.create_foreign_key(op.f("fk_answer_form_id"), "form", ["form_id"], ["id"])
        answer.create_unique_constraint(op.f("uq_answer_client_key"), ["client_key"])
        answer.create_index("uq_answer_live", ["form_id", "item"], **PLAIN_INDEX)


def _drop_the_others(dropped: dict[UUID, UUID]) -> None:
    """Take away what is now a form of another sitting; links to it lead there."""
    bind = op.get_bind()
    link = sa.table("link", sa.column("subject_id", sa.Uuid()))
    permit = sa.table("permit", sa.column("subject_id", sa.Uuid()))
    assessment = sa.table("assessment", sa.column("id", sa.Uuid()))
    for gone, kept in dropped.items():
        bind.execute(sa.update(link).where(link.c.subject_id == gone).values(subject_id=kept))
        bind.execute(sa.delete(permit).where(permit.c.subject_id == gone))
        bind.execute(sa.delete(assessment).where(assessment.c.id == gone))
    message = sa.table(
        "message", sa.column("id", sa.Uuid()), sa.column("kind"), sa.column("facts", sa.JSON())
    )
    asked = sa.select(message.c.id, message.c.facts).where(message.c.kind.like("questions%"))
    for message_id, facts in bind.execute(asked).all() if dropped else ():
        gone = UUID(facts["assessment_id"])
        if gone in dropped:
            told = {**facts, "assessment_id": str(dropped[gone])}
            changed = sa.update(message).where(message.c.id == message_id)
            bind.execute(changed.values(facts=told))


def _make_questionnaires() -> None:
    """Make a row of every form again, with the id of the form; the sittings go."""
    assessment, form, _answer = _tables()
    bind = op.get_bind()
    sittings = {row.id: row for row in bind.execute(sa.select(assessment))}
    forms = bind.execute(sa.select(form)).all()
    if not sittings:
        return
    ids = {row.id for row in forms}
    rows = [_questionnaire(row, sittings[row.assessment_id]) for row in forms]
    gone = [id_ for id_ in sittings if id_ not in ids]
    link = sa.table("link", sa.column("subject_id", sa.Uuid()))
    first = {row.assessment_id: row.id for row in sorted(forms, key=lambda row: -row.position)}
    for row in rows:
        if row["id"] in sittings:
            bind.execute(sa.update(assessment).where(assessment.c.id == row["id"]).values(row))
        else:
            bind.execute(sa.insert(assessment).values(row))
    bind.execute(sa.update(form).values(assessment_id=form.c.id))
    for id_ in gone:
        if id_ in first:
            moved = sa.update(link).where(link.c.subject_id == id_)
            bind.execute(moved.values(subject_id=first[id_]))
        bind.execute(sa.delete(assessment).where(assessment.c.id == id_))


def _questionnaire(form: sa.Row, sitting: sa.Row) -> dict[str, object]:
    shared = {
        name: getattr(sitting, name)
        for name in (
            "participant_id", "timepoint", "week", "opens_on", "due_on", "closes_on", "planned_as",
            "minutes", "overdue_on", "start_by_on",
        )
    }  # fmt: skip
    return shared | {
        "id": form.id,
        "instrument": form.instrument,
        "instrument_version": form.instrument_version,
        "language": form.language,
        "started_at": form.started_at,
        "completed_at": sitting.completed_at,
    }
