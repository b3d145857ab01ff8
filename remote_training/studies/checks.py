"""What a study file must not say against itself."""

from __future__ import annotations

from datetime import time
from itertools import combinations
from typing import TYPE_CHECKING

from remote_training.core import definitions
from remote_training.instruments import load as instruments

if TYPE_CHECKING:
    from remote_training.studies.load import Study
    from remote_training.studies.parts import Timepoint

LATEST_MORNING, EARLIEST_EVENING = time(12), time(16)
LISTS = ("sites", "arms", "modules", "timepoints")


def contradictions(study: Study) -> list[str]:
    """One sentence for everything in which the study disagrees with itself."""
    faults = _codes(study) + _hosts(study) + _arms_and_modules(study)
    for timepoint in study.timepoints:
        faults += _arms_of(study, timepoint) + _instruments(timepoint)
        faults += _days(study, timepoint)
    return faults + _overlaps(study) + _reminders(study)


def remarks(study: Study) -> list[str]:
    """What is no contradiction, but wants to be known before the study begins."""
    return (
        [
            f"sites ({site.code}), helplines: {line.number} is not confirmed yet."
            for site in study.sites
            for line in site.helplines
            if line.confirmed_on is None
        ]
        + [
            f"sites ({site.code}), helplines: there is none."
            for site in study.sites
            if not site.helplines
        ]
        + [
            f"sites ({site.code}), fallback_room: there is none for when {site.meetings} is down."
            for site in study.sites
            if site.meetings not in (None, "offline") and site.fallback_room is None
        ]
    )


def _codes(study: Study) -> list[str]:
    return [
        f"{name}: the code {code!r} stands twice."
        for name in LISTS
        for code in definitions.twice([part.code for part in getattr(study, name)])
    ]


def _hosts(study: Study) -> list[str]:
    """A meeting host is one account: it stands once, at one site."""
    hosts = [host for site in study.sites for host in site.hosts]
    codes = definitions.twice([host.code for host in hosts])
    accounts = definitions.twice([host.account for host in hosts if host.account])
    faults = [f"sites, hosts: the code {code!r} stands twice." for code in codes]
    return faults + [f"sites, hosts: the account {one!r} stands twice." for one in accounts]


def _arms_and_modules(study: Study) -> list[str]:
    faults = []
    if all(module.is_specific for module in study.modules):
        faults.append("modules: every one is for one complaint; one must be for everybody.")
    rules = study.rules
    if rules.attended_from_minutes < 1:
        faults.append("rules, attended_from_minutes: with 0 everybody would count as present.")
    return faults


def _arms_of(study: Study, timepoint: Timepoint) -> list[str]:
    place = f"timepoints ({timepoint.code})"
    named = [(f"{place}, arms", timepoint.arms)]
    named += [(f"{place}, only_arms, {code}", arms) for code, arms in timepoint.only_arms.items()]
    known, faults = study.arm_codes(), []
    for where, arms in named:
        faults += [f"{where}: there is no arm {arm!r}." for arm in arms if arm not in known]
        if set(known) == set(arms):
            faults.append(f"{where}: all arms are named; leave the line out.")
    faults += [
        f"{place}, only_arms: {code!r} is none of its instruments."
        for code in timepoint.only_arms
        if code not in timepoint.instruments
    ]
    return faults


def _instruments(timepoint: Timepoint) -> list[str]:
    known = instruments.catalogue()
    place = f"timepoints ({timepoint.code}), instruments"
    faults = [
        f"{place}: there is no instrument {code!r} in the catalogue."
        for code in timepoint.instruments
        if code not in known
    ]
    twice = definitions.twice(timepoint.instruments)
    return faults + [f"{place}: {code!r} stands twice." for code in twice]


def _days(study: Study, timepoint: Timepoint) -> list[str]:
    place, days = f"timepoints ({timepoint.code})", study.windows_of(timepoint)
    faults = []
    if days.start_by_days_after > days.closes_days_after:
        faults.append(f"{place}: the last day to begin comes after the last day of all.")
    if days.overdue_days_after > days.closes_days_after:
        faults.append(f"{place}: it would be overdue only after its last day.")
    return faults


def _overlaps(study: Study) -> list[str]:
    faults = []
    for one, other in combinations(sorted(study.timepoints, key=lambda t: t.week), 2):
        shared = sorted(set(one.instruments) & set(other.instruments))
        for_the_same = any(one.is_for(arm) and other.is_for(arm) for arm in study.arm_codes())
        if shared and for_the_same and _last_day(study, one) >= _first_day(study, other):
            faults.append(
                f"timepoints ({one.code}) and ({other.code}): their windows overlap, so that "
                f"{shared[0]!r} would be asked twice on one day."
            )
    return faults


def _reminders(study: Study) -> list[str]:
    days, last = (
        study.reminders.days,
        max(study.windows_of(point).closes_days_after for point in study.timepoints),
    )
    first = max(study.windows_of(point).opens_days_before for point in study.timepoints)
    faults = []
    if list(days) != sorted(set(days)):
        faults.append("reminders: the days must rise, the one that asks first.")
    if days[0] < -first or days[-1] > last:
        faults.append("reminders: there is one on a day on which no window is open.")
    quiet_from, quiet_until = study.reminders.quiet_from, study.reminders.quiet_until
    if any(one.tzinfo is not None for one in (quiet_from, quiet_until)):
        faults.append("reminders: the quiet hours are times of day where she is, without a zone.")
    elif quiet_until > LATEST_MORNING or quiet_from < EARLIEST_EVENING:
        faults.append(
            "reminders: the quiet hours begin at 16:00 or later and end at 12:00 or earlier, "
            "so that there is some time in which a mail may come."
        )
    return faults


def _first_day(study: Study, timepoint: Timepoint) -> int:
    return timepoint.week * 7 - study.windows_of(timepoint).opens_days_before


def _last_day(study: Study, timepoint: Timepoint) -> int:
    return timepoint.week * 7 + study.windows_of(timepoint).closes_days_after
