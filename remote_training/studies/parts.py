"""The parts of a study file: sites, arms, modules, time-points, and the numbers of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from remote_training.core.addresses import is_web_address, mail_address
from remote_training.core.definitions import Part
from remote_training.core.words import DEFAULT_LANGUAGE, LANGUAGES

CODE = r"^[a-z0-9_-]{1,20}$"
Days = Annotated[int, Field(ge=0, le=365)]
Provider = Literal["offline", "zoom", "bigbluebutton", "jitsi"]
Minutes = Annotated[int, Field(ge=0, le=720)]


class Helpline(Part):
    """Who listens at any hour in a country; by language, `confirmed_on` once the site did."""

    number: str = Field(min_length=2, max_length=40)
    name: dict[str, str] = Field(min_length=1)
    hours: dict[str, str] = Field(min_length=1)
    confirmed_on: date | None = None

    def said(self, language: str) -> tuple[str, str]:
        """Its name and its hours in a language; in another one where it has no words in that."""
        return said(self.name, language), said(self.hours, language)


class Host(Part):
    """Somebody's account at the meeting provider under which one class at a time takes place.

    `account` is the provider's own id of it, empty where it is not known yet. `others` are the
    addresses at the provider of those who may start its rooms as well (at Zoom: alternative
    hosts, who need a licence in the same account): substitutes who work in the provider's own
    program. Who starts a room from the page of the class needs none.
    """

    code: str = Field(pattern=r"^[a-z0-9_-]{1,40}$")
    name: str = Field(min_length=1, max_length=120)
    account: str = Field(default="", max_length=200)
    others: tuple[str, ...] = Field(default=(), max_length=10)

    @field_validator("others")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                mail_address(one)
            except ValueError:
                raise ValueError("must be the addresses of accounts at the provider") from None
        return value


class SitePart(Part):
    """A site as the study file describes it. Without `hosts` its classes need none.

    `meetings` is the provider of its rooms, where it is not the one of the settings;
    `fallback_room` the address where a class meets while that provider is down.
    """

    code: str = Field(pattern=r"^[a-z0-9-]{2,20}$")
    name: str = Field(min_length=1, max_length=120)
    zone: str
    language: str
    phone: str = Field(min_length=3, max_length=40)
    emergency_number: str = Field(min_length=2, max_length=20)
    helplines: tuple[Helpline, ...] = ()
    hosts: tuple[Host, ...] = ()
    meetings: Provider | None = None
    fallback_room: str | None = Field(default=None, max_length=500)

    @field_validator("fallback_room")
    @classmethod
    def _safe_address(cls, value: str | None) -> str | None:
        if value is not None and not is_web_address(value):
            raise ValueError(f"must be an address such as https://rooms.example.org/a: {value!r}")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            sentence = f"is no time zone: {value!r}; write one such as 'Europe/Amsterdam'"
            raise ValueError(sentence) from None
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"is no language of the platform: {value!r}; it has {list(LANGUAGES)}")
        return value


class Arm(Part):
    """An arm, and the week after baseline from which it trains."""

    code: str = Field(pattern=CODE)
    trains_from_week: int = Field(ge=0)


class Module(Part):
    """A kind of class. `is_specific` marks those for one complaint; `most_per_week` is how many
    of them one person takes in a week of her programme, None for as many as she likes.
    """

    code: str = Field(pattern=CODE)
    name: str = Field(min_length=1)
    is_specific: bool
    most_per_week: int | None = Field(default=None, ge=1)


class Windows(Part):
    """How long there is for a sitting: days round the day on which it is due.

    Attributes
    ----------
    start_by_days_after
        The last day on which it may be begun.
    overdue_days_after
        From this day on it is called overdue while it is not begun.
    closes_days_after
        The last day for what was begun.
    inactivity_minutes
        Who is in the middle when the last day ends may go on until that long after her
        last answer.
    """

    opens_days_before: Days
    start_by_days_after: Days
    overdue_days_after: Days
    closes_days_after: Days
    inactivity_minutes: Minutes


class Reminders(Part):
    """Mails about one sitting, in days after it is due: one that asks, some that remind.

    There are never more than these.

    Attributes
    ----------
    quiet_from, quiet_until
        The hours of the night, where she is, in which no optional mail comes.
    most_per_day
        The most optional mails that one person gets on one day of hers.
    """

    ask_days_after: int = Field(ge=-365, le=365)
    remind_days_after: tuple[Days, ...]
    quiet_from: time = time(21)
    quiet_until: time = time(8)
    most_per_day: int = Field(default=4, ge=1, le=50)

    @property
    def days(self) -> tuple[int, ...]:
        """The days of all mails, in order."""
        return (self.ask_days_after, *self.remind_days_after)


class Timepoint(Part):
    """When what is asked: weeks after baseline, of everybody or of some arms.

    `only_arms` names the arms that get a questionnaire, where not all do. A window that
    differs from that of the study is given here.
    """

    code: str = Field(pattern=CODE)
    week: int = Field(ge=0, le=520)
    arms: tuple[str, ...] = ()
    instruments: tuple[str, ...] = Field(min_length=1)
    only_arms: dict[str, tuple[str, ...]] = {}
    opens_days_before: Days | None = None
    start_by_days_after: Days | None = None
    overdue_days_after: Days | None = None
    closes_days_after: Days | None = None
    inactivity_minutes: Minutes | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether it tells nothing about the arm."""
        return not self.arms

    def is_for(self, arm: str | None) -> bool:
        """Whether somebody of this arm has it; without an arm she has what everybody has."""
        return self.is_for_all or arm in self.arms

    def asks(self, code: str, arm: str | None) -> bool:
        """Whether somebody of this arm gets this one of its questionnaires."""
        return code not in self.only_arms or arm in self.only_arms[code]


class Rules(Part):
    """Numbers that the study may change: minutes, and hours after which an alert that nobody
    has looked at is told once more. Who left so many minutes before the end ended early.

    `host_buffer_minutes` lie between two classes of one meeting host. Who has not been seen
    `call_after_minutes` after the beginning is to be rung, and so is who left a class that goes
    on and is not back after `dropped_after_minutes`.
    """

    doors_open_minutes: int = Field(ge=0)
    late_after_minutes: int = Field(ge=0)
    attended_from_minutes: int = Field(ge=0)
    alert_again_after_hours: int = Field(default=4, ge=1, le=168)
    left_early_minutes: int = Field(default=5, ge=1, le=120)
    call_after_minutes: int = Field(default=5, ge=1, le=60)
    dropped_after_minutes: int = Field(default=3, ge=1, le=60)
    host_buffer_minutes: int = Field(default=15, ge=0, le=240)


class SafetyRules(Part):
    """When and how often coordinators are told of what happened in or round a class.

    Attributes
    ----------
    tell_again_minutes
        A mail about an event that nobody has looked at comes again after so many minutes,
        where it is serious, or of this grade or a worse one.
    tell_again_from_grade
        That grade, 1 to 5.
    sponsor_hours
        So long after it is known here the sponsor must know of a serious event.
    """

    tell_again_minutes: int = Field(default=60, ge=5, le=1440)
    tell_again_from_grade: int = Field(default=3, ge=1, le=5)
    sponsor_hours: int = Field(default=24, ge=1, le=168)


class Decline(StrEnum):
    """What follows when her calendar says no: she is asked by mail, or the place is free."""

    ASK = "ask"
    FREE = "free"


class BookingRules(Part):
    """When a place can be booked and given back.

    Attributes
    ----------
    programme_weeks
        How long the programme of one person lasts; None for no end.
    class_minutes
        How long a class lasts that the protocol plans: the denominator of the dose.
    rest_hours
        The least time between the end of one of her classes and the beginning of the next.
    closes_minutes
        So long before a class its last place can be booked.
    cancel_by_hours
        A place that is given back later than that before the class is given back late.
    offer_hours
        So long is a place kept for who waits and wants to be asked first.
    waiting_list_closes_hours
        So long before the class nobody moves up from the waiting list any more.
    undo_minutes
        Who gave a place back and wants it again within that time is first in line.
    decline
        What follows when her calendar says no.
    """

    programme_weeks: int | None = Field(default=None, ge=1)
    class_minutes: int = Field(default=60, ge=5, le=240)
    rest_hours: int = Field(default=0, ge=0, le=72)
    closes_minutes: Minutes = 0
    cancel_by_hours: int = Field(default=0, ge=0, le=168)
    offer_hours: int = Field(default=12, ge=1, le=168)
    waiting_list_closes_hours: int = Field(default=2, ge=0, le=168)
    undo_minutes: Minutes = 30
    decline: Decline = Decline.ASK


def said(words: Mapping[str, str], language: str) -> str:
    """The words in a language; where it has none in that, in another one."""
    return words.get(language) or words.get(DEFAULT_LANGUAGE) or next(iter(words.values()))
