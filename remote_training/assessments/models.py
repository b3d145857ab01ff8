"""A questionnaire that is due, and its answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.core.db import Model
from remote_training.participants.models import Participant

LIVE = sa.text("replaced_at IS NULL")


class AnswerState(StrEnum):
    """Given, or kept back on purpose. Not answered has no row at all."""

    GIVEN = "given"
    DECLINED = "declined"


class Assessment(Model):
    """One questionnaire, asked of one participant at one time-point.

    `opens_on`, `due_on`, `closes_on` are days in her zone; it can be answered from the
    first to the last of them, both included. The version and language of the instrument are frozen
    when the first answer comes.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        sa.UniqueConstraint("participant_id", "timepoint", "instrument"),
        sa.Index("ix_assessment_open", "completed_at", "opens_on"),
    )

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"))
    timepoint: Mapped[str] = mapped_column(sa.String(20))
    week: Mapped[int]
    instrument: Mapped[str] = mapped_column(sa.String(40))
    instrument_version: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str | None] = mapped_column(sa.String(8))
    opens_on: Mapped[date]
    due_on: Mapped[date]
    closes_on: Mapped[date]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    participant: Mapped[Participant] = relationship()

    @property
    def is_complete(self) -> bool:
        """True once she pressed the last button."""
        return self.completed_at is not None

    @property
    def is_started(self) -> bool:
        """True from the first answer on: version and window no longer move."""
        return self.started_at is not None

    @property
    def closes_at(self) -> datetime:
        """The moment at which the last day ends in her zone."""
        zone = ZoneInfo(self.participant.zone)
        midnight = datetime.combine(self.closes_on + timedelta(days=1), time(), zone)
        return midnight.astimezone(UTC)

    def today(self, now: datetime) -> date:
        """What day it is where she is."""
        return now.astimezone(ZoneInfo(self.participant.zone)).date()


class Answer(Model):
    """One answer to one item. A changed answer keeps its row, marked as replaced.

    `language` is that of the wording that was answered: she may change it on the way.
    """

    __tablename__ = "answer"
    __table_args__ = (
        sa.Index(
            "uq_answer_live",
            "assessment_id",
            "item",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        sa.CheckConstraint("(state = 'given') = (value IS NOT NULL)", name="value"),
    )

    assessment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("assessment.id"))
    item: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[AnswerState]
    value: Mapped[int | None]
    language: Mapped[str] = mapped_column(sa.String(8))
    answered_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
