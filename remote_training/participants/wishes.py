"""Which optional mails somebody wants, and when: hers to choose, at any time, by any way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remote_training.audit import service as audit
from remote_training.core.db import db
from remote_training.participants.models import Participant, ReminderWish, Way
from remote_training.studies.current import study

EARLIEST, LATEST = range(6, 13), range(16, 24)  # whole hours that she may choose


class Reminder(StrEnum):
    """One kind of optional mail. The mail that first asks the questions is none of them."""

    DAY_BEFORE = "day_before"
    HOUR_BEFORE = "hour_before"
    QUESTIONS = "questions"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What holds for somebody: which reminders, and the times of her day between which they come.

    `earliest` is before `latest`; outside of them it is quiet.
    """

    day_before: bool
    hour_before: bool
    questions: bool
    earliest: time
    latest: time

    def wants(self, reminder: Reminder) -> bool:
        """Whether she wants this kind."""
        return bool(getattr(self, reminder.value))

    def is_loud(self, at: time) -> bool:
        """Whether an optional mail may come at this time of her day."""
        return self.earliest <= at < self.latest


def made(
    earliest_hour: int | None = None,
    latest_hour: int | None = None,
    *,
    day_before: bool = True,
    hour_before: bool = True,
    questions: bool = True,
) -> Wishes:
    """What holds with these choices; without them, all kinds in the hours of the study."""
    default = study().reminders
    return Wishes(
        day_before,
        hour_before,
        questions,
        default.quiet_until if earliest_hour is None else time(earliest_hour),
        default.quiet_from if latest_hour is None else time(latest_hour),
    )


def of_row(row: ReminderWish | None) -> Wishes:
    """What holds with this row, or without one."""
    if row is None:
        return made()
    return made(
        row.earliest_hour,
        row.latest_hour,
        day_before=row.day_before,
        hour_before=row.hour_before,
        questions=row.questions,
    )


def chosen(participant: Participant) -> ReminderWish | None:
    """What she chose; None where she never did."""
    found = sa.select(ReminderWish).where(ReminderWish.participant_id == participant.id)
    return db.session.scalars(found).one_or_none()


def of(participant: Participant) -> Wishes:
    """What holds for her."""
    return of_row(chosen(participant))


def choose(
    participant: Participant, *, way: Way, now: datetime, by: UUID, **choices: bool | int | None
) -> list[str]:
    """Write down what she chose; returns the names of what changed, none where all is as it was.

    `choices` may be `day_before`, `hour_before`, `questions` (whether she wants them),
    `earliest_hour` and `latest_hour` (whole hours of `EARLIEST` and `LATEST`, None for those
    of the study).
    """
    newest, lock = ["unplanned_since"], {"key_share": True}  # two first choices at once
    db.session.refresh(participant, newest, with_for_update=lock)
    row = chosen(participant)
    before = _as_chosen(row)
    changed = [name for name, value in choices.items() if before[name] != value]
    if not changed:
        return []
    if row is None:
        row = ReminderWish(participant_id=participant.id, **before)
        db.session.add(row)
    for name in changed:
        setattr(row, name, choices[name])
    row.chosen_at, row.chosen_by_id, row.way = now, by, way
    participant.unplanned_since = now
    told = {name: [before[name], choices[name]] for name in changed}
    audit.note(
        "participants.choose_reminders", "participant", participant.id, by=by, now=now,
        changed=told, way=way,
    )  # fmt: skip
    db.session.flush()
    return changed


def stop(participant: Participant, reminder: Reminder, *, now: datetime, by: UUID) -> bool:
    """Stop one kind, by the link in a mail; True where it was not stopped before."""
    return bool(choose(participant, way=Way.MAIL, now=now, by=by, **{reminder.value: False}))


def _as_chosen(row: ReminderWish | None) -> dict[str, Any]:
    if row is None:
        hours = {"earliest_hour": None, "latest_hour": None}
        return {reminder.value: True for reminder in Reminder} | hours
    names = (*(reminder.value for reminder in Reminder), "earliest_hour", "latest_hour")
    return {name: getattr(row, name) for name in names}
