"""An adverse event: that it was recorded, what is said of it, what was done about it.

What is said stands in versions: one that is corrected is kept, with who, when and why.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from remote_training.accounts.models import Account
from remote_training.classes.models import Session
from remote_training.contacts.models import Sealed
from remote_training.core.db import Model
from remote_training.participants.models import Participant

NEWEST = sa.text("replaced_at IS NULL")


class Phase(StrEnum):
    """When it happened, seen from the class; outside: with no class near it."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    OUTSIDE = "outside"


class Criterion(StrEnum):
    """What makes an event serious (ICH E2A)."""

    DEATH = "death"
    LIFE_THREATENING = "life_threatening"
    HOSPITAL = "hospital"
    DISABILITY = "disability"
    OTHER = "other_important"


class Related(StrEnum):
    """How likely it came from the training, as whoever writes it judges."""

    NOT_RELATED = "not_related"
    UNLIKELY = "unlikely"
    POSSIBLE = "possible"
    PROBABLE = "probable"
    DEFINITE = "definite"


class Action(StrEnum):
    """What was done with her training, and for her; several may hold."""

    NONE = "none"
    CHANGED = "exercise_changed"
    STOPPED = "exercise_stopped"
    CLASS_ENDED = "class_ended"
    DOCTOR = "sent_to_doctor"
    EMERGENCY = "emergency_rung"
    DOSE_REDUCED = "dose_reduced"
    LEFT_PROGRAMME = "left_programme"


class Outcome(StrEnum):
    """What became of it."""

    RECOVERED = "recovered"
    RECOVERING = "recovering"
    NOT_RECOVERED = "not_recovered"
    SEQUELAE = "sequelae"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class AdverseEvent(Model):
    """Something that happened to somebody; never deleted.

    Attributes
    ----------
    session_id
        The class in or round which it happened, if any.
    waits_since
        Since when a coordinator must look at it: since it was recorded, or since it was
        corrected to something worse.
    serious_since
        Since when it is known here that it is serious; from then the sponsor's hours run.
    withdrawn_why
        Why it was entered by mistake: sealed, as all that is typed about a person.
    key
        Stands in the form, so that a second press records no second event.
    """

    __tablename__ = "adverse_event"

    participant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("participant.id"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("session.id"), index=True)
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    waits_since: Mapped[datetime]
    serious_since: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("account.id"))
    withdrawn_why_sealed: Mapped[bytes | None]
    key: Mapped[UUID] = mapped_column(unique=True)

    participant: Mapped[Participant] = relationship()
    session: Mapped[Session | None] = relationship()
    recorded_by: Mapped[Account] = relationship(foreign_keys=[recorded_by_id])
    withdrawn_by: Mapped[Account | None] = relationship(foreign_keys=[withdrawn_by_id])

    withdrawn_why = Sealed()

    @property
    def is_withdrawn(self) -> bool:
        """True where it was entered by mistake."""
        return self.withdrawn_at is not None


class EventVersion(Model):
    """What is said of an event from a moment on, until it is replaced; what is empty is not told.

    `actions` are codes of `Action` with a space between; `text` may name people and, as `why`
    it differs from the version before, is sealed and in no export. `key` stands in the form.
    """

    __tablename__ = "adverse_event_version"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "number"),
        sa.CheckConstraint("grade BETWEEN 1 AND 5", name="grade"),
        sa.Index(
            "uq_adverse_event_version_newest", "event_id",
            unique=True, sqlite_where=NEWEST, postgresql_where=NEWEST,
        ),
    )  # fmt: skip

    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("adverse_event.id"))
    number: Mapped[int]
    term: Mapped[str] = mapped_column(sa.String(40))
    grade: Mapped[int]
    phase: Mapped[Phase | None]
    onset_at: Mapped[datetime | None]
    is_serious: Mapped[bool | None]
    criterion: Mapped[Criterion | None]
    related: Mapped[Related | None]
    actions: Mapped[str] = mapped_column(sa.String(200))
    outcome: Mapped[Outcome | None]
    outcome_on: Mapped[date | None]
    text_sealed: Mapped[bytes | None]
    why_sealed: Mapped[bytes | None]
    written_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    written_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
    key: Mapped[UUID] = mapped_column(unique=True)

    event: Mapped[AdverseEvent] = relationship()
    written_by: Mapped[Account] = relationship()

    text = Sealed()
    why = Sealed()


class Care(StrEnum):
    """What a coordinator did about an event. Every one says that she has seen it."""

    SEEN = "seen"
    SPOKEN = "spoken"
    PASSED_ON = "passed_on"
    SPONSOR = "sponsor_told"
    OTHER = "other"
    CLOSED = "closed"


class EventCare(Model):
    """One step of a coordinator. `note` is free text: sealed, and never in an export."""

    __tablename__ = "adverse_event_care"

    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("adverse_event.id"), index=True)
    care: Mapped[Care]
    note_sealed: Mapped[bytes | None]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"))
    done_at: Mapped[datetime]
    key: Mapped[UUID] = mapped_column(unique=True)

    event: Mapped[AdverseEvent] = relationship()
    by: Mapped[Account] = relationship()

    note = Sealed()
