"""What was trained: one row for a class, one for each person in it, one for each exercise."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.attendance.training import How, Why
from remote_training.bookings.models import Booking
from remote_training.contacts.models import Sealed
from remote_training.core.db import Model
from remote_training.studies.exercises import Band, Kind

RATED = "{0} IS NULL OR {0} BETWEEN 0 AND 3"


class ClassTraining(Model):
    """That the training of a class was entered, by which plan.

    `revision` counts the times it was saved: who saves says which one she saw. `plan` is a
    code of the library, None where the class had none.
    """

    __tablename__ = "class_training"

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id"), unique=True)
    plan: Mapped[str | None] = mapped_column(sa.String(40))
    revision: Mapped[int]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))


class Trained(Model):
    """What one person did in one class.

    `effort` and the ratings are empty where they were not asked. `note` is free text about a
    person: sealed, and never in an export. `is_modified` and `is_reduced`, and the amounts
    planned and done, are worked out from her exercises whenever they are written. `changed_at`
    and `changed_by_id` tell the last correction, None where there was none.
    """

    __tablename__ = "trained"
    __table_args__ = (
        sa.CheckConstraint("effort IS NULL OR effort BETWEEN 0 AND 10", name="effort"),
        *(
            sa.CheckConstraint(RATED.format(f"{one}_{when}"), name=f"{one}_{when}")
            for one in ("tired", "pain", "dizzy")
            for when in ("before", "after")
        ),
    )

    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("booking.id"), unique=True)
    plan: Mapped[str | None] = mapped_column(sa.String(40))
    effort: Mapped[float | None]
    tired_before: Mapped[int | None]
    tired_after: Mapped[int | None]
    pain_before: Mapped[int | None]
    pain_after: Mapped[int | None]
    dizzy_before: Mapped[int | None]
    dizzy_after: Mapped[int | None]
    note_sealed: Mapped[bytes | None]
    stopped_early: Mapped[bool]
    why: Mapped[Why | None]
    is_modified: Mapped[bool]
    is_reduced: Mapped[bool]
    minutes_planned: Mapped[float]
    minutes_done: Mapped[float]
    repetitions_planned: Mapped[int]
    repetitions_done: Mapped[int]
    load_planned_kg: Mapped[float]
    load_done_kg: Mapped[float]
    entered_at: Mapped[datetime]
    entered_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    changed_at: Mapped[datetime | None]
    changed_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("account.id"))

    booking: Mapped[Booking] = relationship()

    note = Sealed()


class ExerciseDone(Model):
    """One exercise of the plan for one person: what was planned, what was done.

    What was planned is kept as it was: the library may say something else tomorrow. What was
    done is empty where it was left out.
    """

    __tablename__ = "exercise_done"
    __table_args__ = (sa.UniqueConstraint("trained_id", "exercise"),)

    trained_id: Mapped[UUID] = mapped_column(sa.ForeignKey("trained.id"))
    position: Mapped[int]
    exercise: Mapped[str] = mapped_column(sa.String(40))
    kind: Mapped[Kind]
    how: Mapped[How]
    is_easier: Mapped[bool]
    planned_sets: Mapped[int | None]
    planned_repetitions: Mapped[int | None]
    planned_minutes: Mapped[float | None]
    planned_load_kg: Mapped[float | None]
    planned_band: Mapped[Band | None]
    done_sets: Mapped[int | None]
    done_repetitions: Mapped[int | None]
    done_minutes: Mapped[float | None]
    done_load_kg: Mapped[float | None]
    done_band: Mapped[Band | None]
