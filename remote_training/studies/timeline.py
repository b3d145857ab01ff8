"""What one participant gets, and when: computed from the study file alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from remote_training.studies.load import Study
from remote_training.studies.parts import Arm
from remote_training.studies.schedule import Planned, schedule

ASKED_AT = time(9, 0)  # where she is


@dataclass(frozen=True)
class Step:
    """One line of a timeline, and what there is to say about it.

    `last_on` is the same day where it is about one day.
    """

    first_on: date
    last_on: date
    week: int
    what: str
    more: tuple[str, ...] = ()


def timeline(
    study: Study, arm: Arm, *, baseline_on: date, zone: str | None = None
) -> Sequence[Step]:
    """Everything that the study file says about a participant, by its first day.

    With a zone, the moments (UTC) at which the days of a window begin and end there.
    """
    starts_on = baseline_on + timedelta(weeks=arm.trains_from_week)
    general = [module.code for module in study.modules if not module.is_specific]
    steps = [
        Step(baseline_on, baseline_on, 0, "baseline"),
        Step(
            starts_on,
            starts_on,
            arm.trains_from_week,
            f"classes can be booked: {', '.join(general)}, and the one for her main complaint "
            f"({', '.join(study.complaint_codes())})",
        ),
    ]
    steps += [_sitting(planned, baseline_on, zone) for planned in schedule(study, arm.code)]
    return sorted(steps, key=lambda step: (step.first_on, step.last_on, step.what))


def midnight(day: date, zone: str) -> datetime:
    """The moment (UTC) at which a day begins somewhere, whatever its clocks did."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _sitting(planned: Planned, baseline_on: date, zone: str | None) -> Step:
    window, days = planned.window(baseline_on), planned.windows
    codes = ", ".join(instrument.code for instrument in planned.instruments) or "nothing"
    more = [
        f"opens {window.opens_on}, due {window.due_on}, overdue from {window.overdue_on}, "
        f"to be begun by {window.start_by_on}, closes {window.closes_on} "
        f"(whoever is in the middle: {days.inactivity_minutes} minutes after her last answer)"
    ]
    if planned.instruments:
        more.append(f"mails on {', '.join(map(str, planned.mails_on(baseline_on))) or 'no day'}")
    if zone is not None:
        begins, ends = window.opens_on, window.closes_on + timedelta(days=1)
        more.append(f"in {zone}: from {_utc(begins, zone)} until {_utc(ends, zone)}")
    for why in dict.fromkeys(one.why for one in planned.left_out):
        codes_left = ", ".join(one.code for one in planned.left_out if one.why == why)
        more.append(f"left out: {codes_left} ({why})")
    what = f"{planned.point.code}: {codes}; due on {window.due_on}"
    return Step(window.opens_on, window.closes_on, planned.point.week, what, tuple(more))


def _utc(day: date, zone: str) -> str:
    return f"{midnight(day, zone):%Y-%m-%dT%H:%MZ}"
