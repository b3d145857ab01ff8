"""A whole programme in one go: her weeks, the weekly classes to choose from, what fits where.

It only looks. What is booked is booked class by class through `service.book`, by the same
rule: here as there `fit.hindrance` says what fits beside what she holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from remote_training.bookings import fit, offered, queries, rules, waiting_queries
from remote_training.bookings.errors import WrongChoice
from remote_training.bookings.models import Booking
from remote_training.bookings.offered import Offered, Rhythm, Weekly
from remote_training.bookings.overview import Overview, Slot
from remote_training.bookings.weeks import Line, Week
from remote_training.classes import names
from remote_training.core.errors import NotAllowed
from remote_training.core.words import say
from remote_training.participants.models import Participant
from remote_training.studies.current import study

ENDLESS_WEEKS = 12  # so many at a time, where a programme has no end
MOST_OTHERS = 3
FULL = say("This class is full.")
CALLED_OFF = say("This class does not take place.")
TOO_LATE = say("It is too late to book this class.")
NO_CLASS = say("There is no class at this time in that week.")


class Programme:
    """What is offered in the weeks that she has left, beside what she holds."""

    def __init__(
        self, her: Participant, first_on: date, holds: Sequence[Booking], *, now: datetime
    ) -> None:
        self._zone, self._first_on, self._now = ZoneInfo(her.zone), first_on, now
        self._closes = now + timedelta(minutes=study().booking.closes_minutes)
        self._held = fit.held(holds)
        self._all_weeks = weeks_left(her.zone, first_on, now=now)
        found = offered.read(her, first_on, self._all_weeks) if self._all_weeks else []
        kept = waiting_queries.kept_for(her, now=now)  # a place for her, which counts as taken
        self._offered = [
            replace(one, places_left=max(1, one.places_left))
            if one.hour.session_id in kept
            else one
            for one in found
        ]

    @cached_property
    def weeks(self) -> list[date]:
        """The first days of the weeks that she has left, up to the last in which there is a class.

        Classes are often offered a few weeks ahead: what comes later cannot be looked at yet.
        """
        last = max((self._week(one) for one in self._offered), default=date.min)
        return [week for week in self._all_weeks if week <= last]

    @property
    def goes_on_from(self) -> date | None:
        """The first day of a week of hers for which no class is offered yet; None where all are."""
        later = self._all_weeks[len(self.weeks) :]
        return later[0] if later else None

    @property
    def first_on(self) -> date:
        """The first day of her programme."""
        return self._first_on

    @property
    def booked_until(self) -> date | None:
        """The day of the last class that she holds, where nothing else that is offered fits."""
        fits = (None, FULL)
        if any(not one.is_hers and self._refusal(one) in fits for one in self._offered):
            return None
        return max((one.on_date for one in self._held if one.ends_at > self._now), default=None)

    def weeklies(self) -> list[Weekly]:
        """The weekly classes that have a place for her in some week, from Monday on."""
        grouped: dict[Rhythm, list[Offered]] = defaultdict(list)
        for one in self._offered:
            if not one.is_called_off and one.hour.starts_at > self._closes:
                grouped[one.rhythm].append(one)
        weeklies = [
            self._weekly(rhythm, hours)
            for rhythm, hours in grouped.items()
            if any(self._refusal(one) is None for one in hours)
        ]
        return sorted(weeklies, key=lambda one: (*self._in_week(one.usual.starts_at), one.code))

    def all_booked(self, codes: Collection[str]) -> list[UUID]:
        """Her classes of these weekly ones, soonest first, where none can be booked any more.

        Nothing where there is something left to book of one of them.
        """
        if any(one.code in codes for one in self.weeklies()):
            return []
        chosen = [one for one in self._offered if one.rhythm.code in codes]
        is_ahead = [one for one in chosen if one.hour.ends_at > self._now]
        return [one.hour.session_id for one in is_ahead if one.is_hers]

    def wrong_choice(self, codes: Collection[str]) -> WrongChoice | None:
        """What is wrong with a choice of weekly classes: none at all, or too many of a kind."""
        chosen = Counter(one.usual.module for one in self.weeklies() if one.code in codes)
        if not chosen:
            return WrongChoice(say("Please choose at least one class."))
        for module, count in sorted(chosen.items()):
            most = study().module(module).most_per_week
            if most is not None and count > most:
                return WrongChoice(
                    say("Please choose no more than %(most)s of this kind: %(kind)s."),
                    most=most,
                    kind=names.of_module(module),
                )
        return None

    def plan(self, codes: Collection[str]) -> list[Week]:
        """Her weeks with these weekly classes: what would be booked, what does not fit.

        What is planned for one week or class is in the way of the next, as it will be when it
        is booked.
        """
        rhythms = sorted(
            {one.rhythm for one in self._offered if one.rhythm.code in codes},
            key=lambda rhythm: rhythm.moment_in(self._first_on),
        )
        self._held = list(self._held)
        lines = {week: [self._line(rhythm, week) for rhythm in rhythms] for week in self.weeks}
        return [
            Week((week - self._first_on) // fit.WEEK + 1, week, self._worth_saying(lines[week]))
            for week in self.weeks
        ]

    def outcome(self, session_ids: Collection[UUID]) -> list[Line]:
        """What became of these classes: hers, or why not and what else there is, soonest first."""
        asked = [one for one in self._offered if one.hour.session_id in session_ids]
        return self._with_others([self._came_of(one) for one in asked])

    @cached_property
    def _trainers(self) -> dict[UUID, str]:
        return queries.first_names({one.trainer_id for one in self._offered})

    @cached_property
    def _in_weeks(self) -> dict[tuple[Rhythm | str, date], list[Offered]]:
        found: dict[tuple[Rhythm | str, date], list[Offered]] = defaultdict(list)
        for one in self._offered:
            found[one.rhythm, self._week(one)].append(one)
            found[one.hour.module, self._week(one)].append(one)
        return found

    def _week(self, one: Offered) -> date:
        return fit.week(one.hour.on_date, self._first_on)

    def _in_week(self, at: datetime) -> tuple[int, time]:
        local = at.astimezone(self._zone)
        return local.weekday(), local.time()

    def _weekly(self, rhythm: Rhythm, hours: Sequence[Offered]) -> Weekly:
        fits = [one for one in hours if one.is_hers or self._refusal(one) is None]
        times = Counter(self._in_week(one.hour.starts_at) for one in hours)
        usual = max(times, key=lambda at: times[at])
        first = next(one for one in hours if self._in_week(one.hour.starts_at) == usual)
        return Weekly(
            rhythm.code, self._slot(first), len(times) == 1, len(set(map(self._week, fits)))
        )

    def _line(self, rhythm: Rhythm, week: date) -> Line:
        hours = self._in_weeks.get((rhythm, week), [])
        at = hours[0].hour.starts_at if hours else rhythm.moment_in(week)
        if any(one.is_hers for one in hours):
            return Line(rhythm.module, week, at, is_hers=True)
        for one in hours:
            if self._refusal(one) is None:
                self._held.append(one.hour)
                return Line(rhythm.module, week, one.hour.starts_at, self._slot(one))
        reason = (self._refusal(hours[0]) or "") if hours else NO_CLASS
        return Line(rhythm.module, week, at, reason=TOO_LATE if at <= self._closes else reason)

    def _came_of(self, one: Offered) -> Line:
        reason = "" if one.is_hers else self._refusal(one) or ""
        slot = None if one.is_hers or reason else self._slot(one)
        week = self._week(one)
        hour = one.hour
        return Line(
            hour.module, week, hour.starts_at, slot, one.is_hers, reason,
            session_id=hour.session_id,
        )  # fmt: skip

    def _worth_saying(self, lines: Iterable[Line]) -> list[Line]:
        """The lines of a week; not what is over in it already, where there is nothing else."""
        return [line for line in self._with_others(lines) if line.reason != TOO_LATE or line.others]

    def _with_others(self, lines: Iterable[Line]) -> list[Line]:
        """The same lines, those without a class with up to three others: none stands twice."""
        given: set[UUID] = set()
        done = []
        for line in lines:
            if line.reason:
                fits = self._others(line)
                others = [one for one in fits if one.session_id not in given][:MOST_OTHERS]
                given |= {one.session_id for one in others}
                line = replace(line, others=others, is_above=bool(fits) and not others)
            done.append(line)
        return done

    def _others(self, line: Line) -> list[Slot]:
        same = self._in_weeks.get((line.module, line.week), [])
        free = [one for one in same if self._refusal(one) is None]
        nearest = sorted(free, key=lambda one: abs(one.hour.starts_at - line.at))
        return [self._slot(one) for one in nearest]

    def _refusal(self, one: Offered) -> str | None:
        """Why a class cannot be booked beside what she holds or plans; None where it can."""
        if one.is_called_off:
            return CALLED_OFF
        if one.hour.starts_at <= self._closes:
            return TOO_LATE
        if misfit := fit.hindrance(one.hour, self._held, self._first_on):
            return misfit.brief
        return FULL if one.places_left <= 0 else None

    def _slot(self, one: Offered) -> Slot:
        hour = one.hour
        minutes = int((hour.ends_at - hour.starts_at).total_seconds() // 60)
        return Slot(
            hour.session_id, hour.starts_at, minutes, hour.module, one.language,
            self._trainers[one.trainer_id], one.places_left,
        )  # fmt: skip


def of(participant: Participant, *, now: datetime) -> Programme | None:
    """Her programme as it can be booked now; None where she may not train or has no weeks left.

    Costs the same few queries however much is offered.
    """
    first_on = rules.trains_from(participant) if participant.may_train else None
    if first_on is None or not weeks_left(participant.zone, first_on, now=now):
        return None
    return Programme(participant, first_on, queries.held(participant, now=now), now=now)


def refusal(participant: Participant, *, now: datetime) -> NotAllowed | None:
    """Why she could book no class of today, whichever it is; None where she could."""
    return rules.refusal_today(
        has_agreed=participant.consented_on is not None,
        has_left=participant.withdrawn_on is not None,
        is_cleared=participant.cleared_on is not None,
        first_on=rules.trains_from(participant),
        zone=participant.zone,
        now=now,
    )


def weeks_left(zone: str, first_on: date, *, now: datetime) -> list[date]:
    """The first days of the weeks of her programme that are not over, in their order."""
    today = now.astimezone(ZoneInfo(zone)).date()
    begins, last = fit.week(max(today, first_on), first_on), rules.trains_until(first_on)
    if last is None:
        return [begins + n * fit.WEEK for n in range(ENDLESS_WEEKS)]
    return [begins + n * fit.WEEK for n in range(max(0, ((last - begins) // fit.WEEK) + 1))]


def weeks_open(hers: Overview, *, now: datetime) -> int:
    """How many weeks she has left, where in one of them she holds nothing and something fits.

    Of what her page of classes has read already; 0 where there is nothing to do.
    """
    first_on = hers.first_on
    fits = any(slot.places_left > 0 and slot.hindrance is None for slot in hers.slots)
    if first_on is None or not fits:
        return 0
    weeks = weeks_left(hers.zone, first_on, now=now)
    filled = {fit.week(hour.on_date, first_on) for hour in hers.hours}
    return 0 if filled.issuperset(weeks) else len(weeks)
