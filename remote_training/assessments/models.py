"""A sitting that is due, the questionnaires in it, and their answers."""

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
    """Given, kept back on purpose, or said not to apply. Not answered has no row at all."""

    GIVEN = "given"
    DECLINED = "declined"
    NOT_APPLICABLE = "not_applicable"


class Device(StrEnum):
    """What the first answer came from; nothing finer is kept."""

    PHONE = "phone"
    TABLET = "tablet"
    COMPUTER = "computer"
    UNKNOWN = "unknown"


class Assessment(Model):
    """One time-point of one participant: one sitting, with one or more questionnaires.

    Its days are days in her zone, each included: `start_by_on` is the last on which it may
    be begun, `closes_on` the last for what was begun; see `states`. From the first answer
    on, days and questionnaires no longer move.

    Attributes
    ----------
    planned_as
        The fingerprint of what the study file said when it was planned; another one means
        that it has to be planned anew.
    minutes
        How long most people need for all of it.
    opened_at
        When she first pressed something behind the link: the light check, or an answer.
    last_answer_at, goes_on_until
        When she gave her last answer, and how long she may go on past the last day.
    completed_at
        When she sent it.
    check_tries
        How often the year of birth was typed on a page whose visit had ended, since it last fitted.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        sa.UniqueConstraint("participant_id", "timepoint"),
        sa.Index("ix_assessment_open", "completed_at", "opens_on"),
    )

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"))
    timepoint: Mapped[str] = mapped_column(sa.String(20))
    week: Mapped[int]
    planned_as: Mapped[str] = mapped_column(sa.String(16))
    minutes: Mapped[int]
    opens_on: Mapped[date]
    due_on: Mapped[date]
    overdue_on: Mapped[date]
    start_by_on: Mapped[date]
    closes_on: Mapped[date]
    opened_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    last_answer_at: Mapped[datetime | None]
    goes_on_until: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    device_kind: Mapped[Device | None]
    check_tries: Mapped[int] = mapped_column(default=0)

    participant: Mapped[Participant] = relationship()

    @property
    def is_complete(self) -> bool:
        """True once she pressed the last button."""
        return self.completed_at is not None

    @property
    def is_started(self) -> bool:
        """True from the first answer on: days and questionnaires no longer move."""
        return self.started_at is not None

    @property
    def last_on(self) -> date:
        """Her last day: to go on with what she began, or else to begin."""
        return self.closes_on if self.is_started else self.start_by_on

    @property
    def opens_at(self) -> datetime:
        """The first moment at which it can be answered: midnight where she is."""
        zone = ZoneInfo(self.participant.zone)
        return datetime.combine(self.opens_on, time(), zone).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """The moment at which it closes, as things stand: later while she is in the middle."""
        zone = ZoneInfo(self.participant.zone)
        midnight = datetime.combine(self.last_on + timedelta(days=1), time(), zone)
        ends_at = midnight.astimezone(UTC)
        return max(ends_at, self.goes_on_until) if self.goes_on_until is not None else ends_at

    def today(self, now: datetime) -> date:
        """What day it is where she is."""
        return now.astimezone(ZoneInfo(self.participant.zone)).date()


class Form(Model):
    """One questionnaire of a sitting.

    Version, translation and language are frozen by the first answer of the sitting or of
    the form. `completed_at` is when its last question was answered, where none was left out
    when the sitting was sent.
    """

    __tablename__ = "form"
    __table_args__ = (sa.UniqueConstraint("assessment_id", "instrument"),)

    assessment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("assessment.id"))
    instrument: Mapped[str] = mapped_column(sa.String(40))
    instrument_version: Mapped[str] = mapped_column(sa.String(20))
    translation: Mapped[str | None] = mapped_column(sa.String(80))
    language: Mapped[str | None] = mapped_column(sa.String(8))
    position: Mapped[int]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]


class Answer(Model):
    """One answer to one item. A changed answer keeps its row, marked as replaced.

    Attributes
    ----------
    language, translation
        Of the wording that was answered: she may change it on the way.
    client_key
        Given by her device, so that the same press that arrives twice is one; empty for a
        page without script.
    given_at
        When she gave it: the newest by this stands.
    answered_at
        When it arrived.
    """

    __tablename__ = "answer"
    __table_args__ = (
        sa.Index(
            "uq_answer_live",
            "form_id",
            "item",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        sa.CheckConstraint("(state = 'given') = (value IS NOT NULL)", name="value"),
    )

    form_id: Mapped[UUID] = mapped_column(sa.ForeignKey("form.id"), index=True)
    item: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[AnswerState]
    value: Mapped[int | None]
    language: Mapped[str] = mapped_column(sa.String(8))
    translation: Mapped[str | None] = mapped_column(sa.String(80))
    client_key: Mapped[UUID | None] = mapped_column(unique=True)
    given_at: Mapped[datetime]
    answered_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
