"""What is said of an event: what is still missing, what contradicts itself, what is worse."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta, tzinfo

from remote_training.classes.models import Session
from remote_training.core.words import say
from remote_training.safety.errors import WrongDetail
from remote_training.safety.event_models import (
    Action,
    Criterion,
    EventVersion,
    Outcome,
    Phase,
    Related,
)
from remote_training.safety.event_terms import terms

BY_DEFINITION = {4: Criterion.LIFE_THREATENING, 5: Criterion.DEATH}
ABOUT = timedelta(minutes=15)
ONGOING = frozenset({Outcome.RECOVERING, Outcome.NOT_RECOVERED, Outcome.UNKNOWN})


@dataclass(frozen=True)
class Told:
    """What one version says; None, or nothing, where it is not told yet."""

    term: str
    grade: int
    phase: Phase | None = None
    onset_at: datetime | None = None
    is_serious: bool | None = None
    criterion: Criterion | None = None
    related: Related | None = None
    actions: tuple[Action, ...] = ()
    outcome: Outcome | None = None
    outcome_on: date | None = None
    text: str = ""

    @classmethod
    def of(cls, version: EventVersion) -> Told:
        """What a version says; the moment to the whole minute, as it is shown."""
        same = {one.name: getattr(version, one.name) for one in fields(cls)}
        actions = tuple(Action(code) for code in version.actions.split())
        onset_at = _minute(version.onset_at) if version.onset_at is not None else None
        return cls(**same | {"actions": actions, "onset_at": onset_at})


def first(term: str, grade: int, *, session: Session | None, now: datetime) -> Told:
    """What two taps say: what, how bad, and what follows from these and from the clock.

    After a class nobody knows yet whether it happened in it: then it is not told when.
    """
    told = Told(term, grade)
    if grade in BY_DEFINITION:
        told = replace(told, is_serious=True, criterion=BY_DEFINITION[grade])
    if grade == max(BY_DEFINITION):
        told = replace(told, outcome=Outcome.FATAL)
    if session is None:
        return replace(told, phase=Phase.OUTSIDE)
    if now >= session.ends_at:
        return told
    phase = Phase.BEFORE if now < session.starts_at else Phase.DURING
    return replace(told, phase=phase, onset_at=_minute(now))


def missing(told: Told) -> tuple[str, ...]:
    """The names of the details that are still to be told, in the order of the form."""
    has_end = told.outcome is not None and told.outcome not in ONGOING
    asked = {
        "phase": told.phase is None,
        "onset_at": told.onset_at is None,
        "is_serious": told.is_serious is None,
        "criterion": told.is_serious is True and told.criterion is None,
        "related": told.related is None,
        "actions": not told.actions,
        "outcome": told.outcome is None,
        "outcome_on": has_end and told.outcome_on is None,
        "text": terms().term(told.term).needs_words and not told.text,
    }
    return tuple(name for name, is_missing in asked.items() if is_missing)


def differs(before: Told, after: Told) -> tuple[str, ...]:
    """The names of what is said in another way."""
    names = [one.name for one in fields(Told)]
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def takes_back(before: Told, after: Told) -> bool:
    """Whether something that was told is told otherwise; to fill in what was missing is not."""
    return any(getattr(before, name) not in (None, (), "") for name in differs(before, after))


def is_worse(before: Told, after: Told) -> bool:
    """Whether a coordinator who has seen the one must look again."""
    is_now_serious = after.is_serious is True and before.is_serious is not True
    return is_now_serious or after.grade > before.grade


def is_urgent(told: Told, *, from_grade: int) -> bool:
    """Whether it is told again and again until somebody has looked."""
    return told.is_serious is True or told.grade >= from_grade


def check(told: Told, *, session: Session | None, now: datetime, zone: tzinfo) -> None:
    """Raise `WrongDetail`, with the name of the detail, for what cannot be so.

    `zone` is where she lives: days are those of her calendar.
    """
    _check_seriousness(told)
    if told.onset_at is not None and told.onset_at > now:
        raise WrongDetail(say("This moment has not come yet."), detail="onset_on")
    _check_phase(told, session)
    if Action.NONE in told.actions and len(told.actions) > 1:
        raise WrongDetail(
            say("\"Nothing\" stands alone: please take it away, or all the others."),
            detail="actions",
        )  # fmt: skip
    if told.outcome_on is None:
        return
    if told.outcome_on > now.astimezone(zone).date():
        raise WrongDetail(say("This day has not come yet."), detail="outcome_on")
    if told.onset_at is not None and told.outcome_on < told.onset_at.astimezone(zone).date():
        raise WrongDetail(say("This day is before it began."), detail="outcome_on")


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _check_phase(told: Told, session: Session | None) -> None:
    """A class may begin or end a little off its time; what was in it was not on another day."""
    if session is None or told.onset_at is None:
        return
    fits = {
        Phase.BEFORE: told.onset_at <= session.starts_at + ABOUT,
        Phase.DURING: session.starts_at - ABOUT <= told.onset_at <= session.ends_at + ABOUT,
        Phase.AFTER: told.onset_at >= session.ends_at - ABOUT,
    }
    if told.phase is not None and not fits.get(told.phase, True):
        raise WrongDetail(
            say("The moment and the class do not go together: please mend one of them."),
            detail="phase",
        )


def _check_seriousness(told: Told) -> None:
    if told.grade in BY_DEFINITION and told.is_serious is False:
        raise WrongDetail(
            say("Grade 4 and 5 are serious: please choose yes, or another grade."),
            detail="is_serious",
        )
    is_fatal = told.grade == max(BY_DEFINITION)
    says_died = told.outcome is Outcome.FATAL or told.criterion is Criterion.DEATH
    if says_died and not is_fatal:
        raise WrongDetail(
            say("Who died of it has grade 5: please mend the grade, or this."),
            detail="outcome" if told.outcome is Outcome.FATAL else "criterion",
        )
    if is_fatal and told.outcome not in (None, Outcome.FATAL):
        raise WrongDetail(
            say("Grade 5 is a death: please mend the grade, or this."),
            detail="outcome",
        )
