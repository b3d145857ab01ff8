"""What goes in and comes out, field by field: what is checked, sent and described are one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from remote_training.api import reasons

REASONS = list(reasons.OF_CLASSES.values())
LONGEST_SPAN = timedelta(days=92)


class Sent(BaseModel):
    """What comes in: nothing is guessed, nothing else is taken."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Shape(BaseModel):
    """What goes out: a later version may have more fields."""

    model_config = ConfigDict(strict=True, frozen=True)


class Span(Sent):
    """The days of the classes that are asked for, both included: at most 92."""

    first_on: date = Field(alias="from", description="The first day; today where it is left out.")
    last_on: date = Field(alias="to", description="The last day; 27 days later where left out.")


class Wanted(Sent):
    """The class that is to be booked for her."""

    session_id: UUID


class Booking(Shape):
    """A place of hers in a class; `is_late` says that it was given back late."""

    booking_id: UUID
    session_id: UUID
    state: Literal["booked", "given-back", "called-off"]
    booked_at: AwareDatetime
    given_back_at: AwareDatetime | None
    is_late: bool


class ClassHour(Shape):
    """A class, and whether she may book it at this moment.

    Where she may not, `reason` says why in a word and `sentence` in the words of the page.
    """

    session_id: UUID
    on_date: date
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    module: str
    language: str
    places: int
    places_left: int
    is_called_off: bool
    may_book: bool
    reason: str | None = Field(json_schema_extra={"enum": [*REASONS, None]})
    sentence: str | None
    booking_id: UUID | None = Field(description="Of the place that she holds in it, if any.")


class Classes(Shape):
    """The classes of her site on some days, soonest first; days are those of the class."""

    study_number: str
    first_on: date
    last_on: date
    classes: list[ClassHour]


class Questionnaire(Shape):
    """One questionnaire of a time-point: how many questions are shown to her, and answered."""

    instrument: str
    version: str
    questions: int
    answered: int


class TimePoint(Shape):
    """One time-point of hers and where it stands; no answer."""

    timepoint: str
    week: int
    state: str
    opens_on: date
    due_on: date
    overdue_on: date
    closes_on: date
    started_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    mails_on: list[date] = Field(description="The days of mails, while it is not sent.")
    questionnaires: list[Questionnaire]


class Timeline(Shape):
    """What one participant is asked, in the order in which it is due."""

    study_number: str
    timepoints: list[TimePoint]


class CodebookColumn(Shape):
    """One column of a table of the data set; `reasons` can stand in place of a value."""

    name: str
    label: str
    type: str
    unit: str
    range: str
    codes: dict[str, str]
    missing: str
    reasons: list[str]
    rule: str
    source: str
    loinc: str
    cdisc: str


class CodebookTable(Shape):
    """One table of the data set."""

    name: str
    label: str
    columns: list[CodebookColumn]


class Codebook(Shape):
    """What stands in the data set that the same token gets."""

    study: str
    version: str
    blinded: bool
    tables: list[CodebookTable]


class Problem(Shape):
    """Why something was refused (RFC 9457): `detail` for a person, `reason` for a program."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    reference: str | None = Field(
        default=None, description="With a fault of ours: by this it is found in our log."
    )
