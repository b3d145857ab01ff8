"""Entering what was trained: all of a class at once, again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.attendance import queries, training
from remote_training.attendance import training_queries as known
from remote_training.attendance.errors import NotBegun, NotHeld, NothingTold, Overtaken
from remote_training.attendance.training import NUMBERS, RATINGS, Done, Entry, How, Item
from remote_training.attendance.training_models import ClassTraining, ExerciseDone, Trained
from remote_training.audit import service as audit
from remote_training.classes.models import Session
from remote_training.contacts import resealing
from remote_training.core.db import db
from remote_training.core.errors import Refused
from remote_training.core.words import say
from remote_training.studies.exercises import EFFORTS, MOST

AMOUNTS = (*NUMBERS, "band")


def enter(
    session: Session,
    entries: Mapping[UUID, Entry],
    plan: str | None,
    *,
    seen: int,
    now: datetime,
    by: UUID,
) -> int:
    """Keep what was trained, by booking; returns how many rows are new or were corrected.

    Who is not in `entries` keeps what was entered before. `seen` is the revision that was
    looked at while this was filled in; what stands already is taken again from any.

    Raises
    ------
    NotHeld, NotBegun, NothingTold, Overtaken, NotFound
        Asked in this order.
    """
    refusal = hindrance(session, now=now)
    if refusal is not None:
        raise refusal
    if not entries:
        raise NothingTold(say("Nothing is saved: nothing is filled in for anybody."))
    locked = sa.select(Session.id).where(Session.id == session.id)
    db.session.execute(locked.with_for_update(key_share=True)).all()
    saved = known.of_session(session.id)
    rows = _rows(session, entries)
    done = known.exercises([row.id for row in rows.values() if row is not None])
    standing = [row for row in rows.values() if row is not None]
    items = known.items(plan, standing, done)
    if (saved.revision if saved is not None else 0) != seen:
        if all(
            _stands(rows[one], _plain(entry, items), done, plan) for one, entry in entries.items()
        ):
            return 0  # the same press again
        raise _overtaken(saved, by)
    stamp = _Stamp(plan, items, now, by)
    written = [
        row
        for booking_id, entry in entries.items()
        if (row := _keep(booking_id, rows[booking_id], _plain(entry, items), done, stamp))
    ]
    _write_exercises({row.id: entries[row.booking_id] for row in written}, items)
    if saved is None:
        saved = ClassTraining(session_id=session.id, revision=0)
        db.session.add(saved)
    saved.plan, saved.saved_at, saved.saved_by_id = plan, now, by
    saved.revision += 1
    db.session.flush()
    audit.note(
        "attendance.enter_training", "session", session.id, by=by, now=now,
        plan=plan, revision=saved.revision, people=len(entries), changed=len(written),
    )  # fmt: skip
    return len(written)


def hindrance(session: Session, *, now: datetime) -> Refused | None:
    """Why nothing can be entered for a class: nobody can have trained in it."""
    if session.is_called_off:
        return NotHeld(say("This class does not take place."))
    if now < session.starts_at:
        return NotBegun(say("The class has not begun. What was trained is entered afterwards."))
    return None


def reseal(limit: int) -> int:
    """Seal notes with the newest key, `limit` at most; returns how many had another."""
    return resealing.reseal(Trained, "note", limit)


def _rows(session: Session, entries: Mapping[UUID, Entry]) -> dict[UUID, Trained | None]:
    """What stands for each person; `NotFound` for somebody who holds no place in the class."""
    found = known.trained(list(entries))
    held = {one.booking_id for one in found.values()}
    for booking_id in entries.keys() - held:
        queries.place(booking_id, session)
    return {booking_id: found.get(booking_id) for booking_id in entries}


@dataclass(frozen=True)
class _Stamp:
    """What is the same for everybody who is saved at once."""

    plan: str | None
    items: Sequence[Item]
    now: datetime
    by: UUID


def _keep(
    booking_id: UUID,
    row: Trained | None,
    entry: Entry,
    done: Mapping[UUID, Sequence[ExerciseDone]],
    stamp: _Stamp,
) -> Trained | None:
    """Write one person's row where it differs; None where it does not."""
    _check_numbers(entry)
    if row is None:
        row = Trained(
            id=uuid4(), booking_id=booking_id, entered_at=stamp.now, entered_by_id=stamp.by
        )
        db.session.add(row)
    else:
        if _stands(row, entry, done, stamp.plan):
            return None
        before = known.entry(row, done.get(row.id, []))
        row.changed_at, row.changed_by_id = stamp.now, stamp.by
        audit.note(
            "attendance.correct_training", "booking", booking_id, by=stamp.by, now=stamp.now,
            **_differences(before, entry), plan=stamp.plan, plan_before=row.plan,
        )  # fmt: skip
    _write(row, entry, stamp.plan, stamp.items)
    return row


def _stands(
    row: Trained | None, entry: Entry, done: Mapping[UUID, Sequence[ExerciseDone]], plan: str | None
) -> bool:
    """Whether nothing would change."""
    if row is None:
        return False
    return row.plan == plan and known.entry(row, done.get(row.id, [])) == entry


def _overtaken(saved: ClassTraining | None, by: UUID) -> Overtaken:
    if saved is None:
        return Overtaken(say("Please look at this page once more, and save again."))
    if saved.saved_by_id == by:
        return Overtaken(say("You have saved this class meanwhile yourself, on another page."))
    return Overtaken(say("Somebody else has saved this class meanwhile."))


def _write_exercises(entries: Mapping[UUID, Entry], items: Sequence[Item]) -> None:
    """The exercises of some people, in place of those that stood."""
    db.session.flush()
    db.session.execute(sa.delete(ExerciseDone).where(ExerciseDone.trained_id.in_(entries)))
    rows = [one for row_id, entry in entries.items() for one in _exercises(row_id, entry, items)]
    if rows:
        db.session.execute(sa.insert(ExerciseDone), rows)


def _check_numbers(entry: Entry) -> None:
    """A last guard behind the form: a number that is on no scale is a fault of ours."""
    amounts = [
        (getattr(one.amount, name), MOST[name]) for one in entry.done.values() for name in NUMBERS
    ]
    if entry.effort is not None and entry.effort not in EFFORTS:
        raise ValueError("no number of the scale of effort")
    if any(value not in range(training.WORST + 1) for value in entry.ratings.values()):
        raise ValueError("no rating")
    if any(value is not None and not 0 <= value <= most for value, most in amounts):
        raise ValueError("an amount out of range")


def _plain(entry: Entry, items: Sequence[Item]) -> Entry:
    """Only what differs from the plan, and only exercises that it has."""
    done = {item.exercise: entry.of(item) for item in items}
    kept = {i.exercise: done[i.exercise] for i in items if done[i.exercise] != Done(i.planned)}
    return Entry(entry.effort, entry.ratings, entry.note, entry.stopped_early, entry.why, kept)


def _write(row: Trained, entry: Entry, plan: str | None, items: Sequence[Item]) -> None:
    row.plan, row.effort, row.note = plan, entry.effort, entry.note
    row.stopped_early, row.why = entry.stopped_early, entry.why
    for name in RATINGS:
        setattr(row, name, entry.ratings.get(name))
    row.is_modified, row.is_reduced = entry.is_modified(items), entry.is_reduced(items)
    planned, came_to = training.planned_volume(items), entry.volume(items)
    row.minutes_planned, row.minutes_done = planned.minutes, came_to.minutes
    row.repetitions_planned, row.repetitions_done = planned.repetitions, came_to.repetitions
    row.load_planned_kg, row.load_done_kg = planned.load_kg, came_to.load_kg


def _exercises(trained_id: UUID, entry: Entry, items: Sequence[Item]) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid4(),
            "trained_id": trained_id,
            "position": position,
            "exercise": item.exercise,
            "kind": item.kind,
            "how": (one := entry.of(item)).how(item.planned),
            "is_easier": one.is_easier and not one.is_left_out,
            **{f"planned_{name}": getattr(item.planned, name) for name in AMOUNTS},
            **{
                f"done_{name}": None if one.is_left_out else getattr(one.amount, name)
                for name in AMOUNTS
            },
        }
        for position, item in enumerate(items, start=1)
    ]


def _differences(before: Entry, after: Entry) -> dict[str, Any]:
    """Which fields were corrected, for the audit: numbers and codes; of a note only that it was."""
    pairs = {
        "effort": (before.effort, after.effort),
        "stopped_early": (before.stopped_early, after.stopped_early),
        "why": (before.why, after.why),
        **{name: (before.ratings.get(name), after.ratings.get(name)) for name in RATINGS},
    }
    told: dict[str, Any] = {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1]}
    codes = before.done.keys() | after.done.keys()
    other = sorted(code for code in codes if before.done.get(code) != after.done.get(code))
    if other:
        told["exercises"] = {
            code: [_told(before.done.get(code)), _told(after.done.get(code))] for code in other
        }
    return told | ({"note": True} if before.note != after.note else {})


def _told(done: Done | None) -> Any:
    if done is None:
        return How.PLANNED
    if done.is_left_out:
        return How.LEFT_OUT
    amount = {name: getattr(done.amount, name) for name in AMOUNTS}
    told = {name: value for name, value in amount.items() if value is not None}
    return told | ({"easier": True} if done.is_easier else {})
