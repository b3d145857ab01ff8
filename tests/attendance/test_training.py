"""What was trained: the rules of an amount, and entering a whole class."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.attendance import service, training, training_queries, training_service
from remote_training.attendance.errors import NotBegun, NotHeld, Overtaken
from remote_training.attendance.models import Status
from remote_training.attendance.training import Amount, Done, Entry, How, Item, Volume, Why
from remote_training.attendance.training_models import ClassTraining, ExerciseDone, Trained
from remote_training.audit.models import Entry as AuditEntry
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.crypto import KeyRing
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.studies.current import study
from remote_training.studies.exercises import Band, Kind, Load
from tests import make
from tests.conftest import SECRET
from tests.fakes import NOON

NEW = "another-key-for-the-tests-that-is-long-1"
AFTER = NOON + timedelta(minutes=70)
SETS = Amount(sets=2, repetitions=10)
CURL = Item("arm-curl", Kind.STRENGTH, Amount(sets=2, repetitions=10, load_kg=1.0), Load.KG)
ROW = Item("band-row", Kind.STRENGTH, Amount(sets=2, repetitions=10, band=Band.MEDIUM), Load.BAND)
MARCH = Item("march", Kind.AEROBIC, Amount(minutes=8.0))
STAND = Item("one-leg", Kind.BALANCE, Amount(minutes=4.0))


@pytest.mark.parametrize(
    ("done", "planned", "how", "is_less"),
    [
        pytest.param(Done(SETS), SETS, How.PLANNED, False, id="as planned"),
        pytest.param(Done(Amount(1, 10)), SETS, How.MODIFIED, True, id="fewer sets"),
        pytest.param(Done(Amount(2, 8)), SETS, How.MODIFIED, True, id="fewer repetitions"),
        pytest.param(Done(Amount(3, 10)), SETS, How.MODIFIED, False, id="more is no reduction"),
        pytest.param(Done(Amount(3, 8)), SETS, How.MODIFIED, True, id="more sets of fewer"),
        pytest.param(Done(Amount(minutes=6.0)), MARCH.planned, How.MODIFIED, True, id="less time"),
        pytest.param(Done(SETS, is_easier=True), SETS, How.MODIFIED, True, id="made easier"),
        pytest.param(Done(Amount(), is_left_out=True), SETS, How.LEFT_OUT, True, id="left out"),
        pytest.param(
            Done(Amount(2, 10, load_kg=0.5)), CURL.planned, How.MODIFIED, True, id="less weight"
        ),
        pytest.param(
            Done(Amount(2, 10, load_kg=4.0)), SETS, How.PLANNED, False,
            id="a weight of her own where none was planned is no difference",
        ),
        pytest.param(
            Done(Amount(2, 10, band=Band.LIGHT)), ROW.planned, How.MODIFIED, True,
            id="a lighter band",
        ),
        pytest.param(
            Done(Amount(2, 10, band=Band.STRONG)), ROW.planned, How.MODIFIED, False,
            id="a stronger band",
        ),
    ],
)  # fmt: skip
def test_an_exercise_is_as_planned_otherwise_or_left_out(
    done: Done, planned: Amount, how: How, is_less: bool
) -> None:
    assert done.how(planned) is how
    assert done.is_less_than(planned) is is_less


def test_a_class_comes_to_minutes_repetitions_and_kg() -> None:
    items = [MARCH, CURL, ROW, STAND]

    assert training.planned_volume(items) == Volume(8.0, 40, 20.0)
    less = Entry(
        done={
            "march": Done(Amount(minutes=5.0)),
            "arm-curl": Done(Amount(2, 5, load_kg=2.0)),
            "band-row": Done(Amount(), is_left_out=True),
        }
    )
    assert less.volume(items) == Volume(5.0, 10, 20.0), "balance counts for none of the three"
    assert (less.is_modified(items), less.is_reduced(items)) == (True, True)
    assert (Entry().is_modified(items), Entry().is_reduced(items)) == (False, False)


@pytest.fixture
def session(app: Flask) -> Session:
    """A class that begins at noon, with two people."""
    hour = make.session(starts_at=NOON)
    make.booking(session=hour)
    make.booking(session=hour)
    return hour


def ids(session: Session) -> list[Any]:
    found = sa.select(Booking.id).where(Booking.session_id == session.id).order_by(Booking.id)
    return list(db.session.scalars(found))


def enter(session: Session, entries: Any, *, seen: int = 0, plan: str | None = "base-1") -> int:
    by = session.trainer_id
    done = training_service.enter(session, entries, plan, seen=seen, now=AFTER, by=by)
    db.session.commit()
    return done


def row(booking_id: Any) -> Trained:
    return db.session.scalars(sa.select(Trained).where(Trained.booking_id == booking_id)).one()


def audited(action: str) -> list[AuditEntry]:
    found = sa.select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.at)
    return list(db.session.scalars(found))


def test_everything_as_planned_is_kept_exercise_by_exercise(session: Session) -> None:
    one, other = ids(session)

    assert enter(session, {one: Entry(effort=0.5), other: Entry(effort=7.0)}) == 2

    plan = study().library.plan("base-1")
    assert plan is not None
    assert (row(one).effort, row(other).effort) == (0.5, 7.0)
    assert not row(one).is_reduced
    assert row(one).minutes_planned == row(one).minutes_done == 14.0
    assert row(one).repetitions_planned == row(one).repetitions_done == 80
    assert (row(one).entered_at, row(one).entered_by_id) == (AFTER, session.trainer_id)
    kept = training_queries.exercises([row(one).id])[row(one).id]
    assert [(e.position, e.exercise, e.how) for e in kept] == [
        (n, planned.exercise, How.PLANNED) for n, planned in enumerate(plan.exercises, start=1)
    ]
    (entry,) = audited("attendance.enter_training")
    assert entry.detail == {"plan": "base-1", "revision": 1, "people": 2, "changed": 2}


def test_a_second_save_corrects_whom_it_changes_and_tells_the_audit(session: Session) -> None:
    one, other = ids(session)
    enter(session, {one: Entry(effort=3.0), other: Entry(effort=3.0)})
    left_out = {"step-up": Done(Amount(), is_left_out=True)}
    now = Entry(4.0, {"pain_after": 2}, "asked Xanthippe", True, Why.HEALTH, left_out)

    assert enter(session, {one: now, other: Entry(effort=3.0)}, seen=1) == 1

    assert training_queries.sheet(session, now=AFTER).revision == 2
    assert (row(one).changed_at, row(other).changed_at) == (AFTER, None)
    kept = training_queries.exercises([row(one).id])
    assert training_queries.entry(row(one), kept[row(one).id]) == now
    assert row(one).is_reduced
    assert (row(one).minutes_planned, row(one).minutes_done) == (14.0, 8.0)
    (entry,) = audited("attendance.correct_training")
    assert entry.subject_id == one
    assert entry.detail["effort"] == [3.0, 4.0]
    assert entry.detail["exercises"] == {"step-up": ["planned", "left_out"]}
    assert entry.detail["note"] is True
    assert "Xanthippe" not in str(entry.detail), "what is typed about a person stays sealed"
    assert b"Xanthippe" not in (row(one).note_sealed or b"")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ExerciseDone)) == 14


def test_who_looked_before_another_saved_overwrites_nothing(session: Session) -> None:
    one, _ = ids(session)
    enter(session, {one: Entry(effort=3.0)})

    with pytest.raises(Overtaken):
        enter(session, {one: Entry(effort=9.0)}, seen=0)
    db.session.rollback()
    assert row(one).effort == 3.0

    enter(session, {one: Entry(effort=9.0)}, seen=1)
    assert row(one).effort == 9.0, "who has seen it may"


def test_of_two_who_save_at_once_one_is_told(session: Session, app: Flask) -> None:
    one, _ = ids(session)
    session_id, by = session.id, session.trainer_id
    db.session.rollback()
    told: list[str] = []
    both = threading.Barrier(2)

    def save(effort: float) -> None:
        with app.app_context():
            both.wait(timeout=20)
            try:
                with unit_of_work():
                    hour = db.session.get_one(Session, session_id)
                    entries = {one: Entry(effort=effort)}
                    training_service.enter(hour, entries, None, seen=0, now=AFTER, by=by)
                told.append("saved")
            except Overtaken:
                told.append("overtaken")

    threads = [threading.Thread(target=save, args=(effort,)) for effort in (2.0, 8.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(told) == ["overtaken", "saved"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ClassTraining)) == 1


def test_another_plan_replaces_the_exercises(session: Session) -> None:
    one, _ = ids(session)
    enter(session, {one: Entry(done={"march": Done(Amount(minutes=2.0))})})

    enter(session, {one: Entry(done={"march": Done(Amount(minutes=2.0))})}, seen=1, plan="base-3")

    kept = training_queries.exercises([row(one).id])[row(one).id]
    assert [(e.planned_minutes, e.done_minutes) for e in kept if e.exercise == "march"] == [
        (12.0, 2.0)
    ]


def test_what_was_planned_stays_as_it_was_when_the_library_changes(session: Session) -> None:
    one, _ = ids(session)
    enter(session, {one: Entry()})
    for kept in db.session.scalars(sa.select(ExerciseDone)):
        kept.planned_minutes = 77.0 if kept.exercise == "march" else kept.planned_minutes
    db.session.commit()

    enter(session, {one: Entry(effort=2.0)}, seen=1)

    items = training_queries.sheet(session, now=AFTER).items
    assert next(item for item in items if item.exercise == "march").planned.minutes == 77.0


@pytest.mark.parametrize(
    ("changes", "now", "refusal"),
    [
        pytest.param({}, NOON - timedelta(seconds=1), NotBegun, id="not begun"),
        pytest.param({"called_off_at": NOON}, AFTER, NotHeld, id="called off"),
    ],
)
def test_nothing_is_entered_for_a_class_in_which_nobody_can_have_trained(
    app: Flask, changes: Any, now: Any, refusal: Any
) -> None:
    hour = make.session(starts_at=NOON, **changes)
    booking = make.booking(session=hour)
    with pytest.raises(refusal):
        training_service.enter(
            hour, {booking.id: Entry()}, None, seen=0, now=now, by=hour.trainer_id
        )


def test_somebody_who_holds_no_place_is_refused(session: Session) -> None:
    elsewhere = make.booking()
    with pytest.raises(NotFound):
        enter(session, {elsewhere.id: Entry()})


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(Entry(effort=0.7), id="an effort that is no number of the scale"),
        pytest.param(Entry(effort=11.0), id="an effort beyond it"),
        pytest.param(Entry(ratings={"pain_after": 4}), id="a rating beyond its scale"),
        pytest.param(Entry(done={"march": Done(Amount(minutes=-1.0))}), id="less than nothing"),
    ],
)
def test_a_number_of_no_scale_is_never_kept(session: Session, entry: Entry) -> None:
    with pytest.raises(ValueError, match=r"no |out of range"):
        enter(session, {ids(session)[0]: entry})


def test_the_sheet_has_who_was_there_or_may_have_been(session: Session) -> None:
    one, other = ids(session)
    bookings = {booking.id: booking for booking in db.session.scalars(sa.select(Booking))}
    by = session.trainer_id

    service.set_status(bookings[one], Status.NO_SHOW, reason="x", now=AFTER, by=by)
    sheet = training_queries.sheet(session, now=AFTER)
    assert [line.booking_id for line in sheet.lines] == [other]
    assert len(sheet.absent) == 1
    assert not sheet.lines[0].is_there, "nobody was seen: not known"
    assert len(training_queries.sheet(session, now=AFTER, also=[one]).lines) == 2


@pytest.mark.parametrize(
    ("weeks", "plan"),
    [
        pytest.param((1, 1, 9), "base-1", id="the week of most"),
        pytest.param((9, 9, 1), "base-3", id="the week of most, late"),
        pytest.param((5, 1), "base-1", id="of two the earlier"),
        pytest.param((40,), "base-3", id="after the programme the last"),
        pytest.param((), "base-1", id="nobody: the first"),
    ],
)
def test_the_plan_is_that_of_the_week_in_which_most_are(
    app: Flask, weeks: tuple[int, ...], plan: str
) -> None:
    hour = make.session(starts_at=NOON)
    for week in weeks:
        baseline = NOON.date() - timedelta(weeks=week - 1)
        make.booking(session=hour, participant=make.participant(baseline_on=baseline))
    assert training_queries.usual_plan(hour) == plan


def test_classes_wait_for_their_training_until_it_is_entered(session: Session) -> None:
    empty = make.session(starts_at=NOON)
    away = make.booking(session=make.session(starts_at=NOON))
    service.set_status(away, Status.NO_SHOW, reason="x", now=AFTER, by=away.session.trainer_id)
    off = make.booking(session=make.session(starts_at=NOON, called_off_at=NOON)).session
    all_ = [session, empty, off, away.session]

    assert training_queries.waiting(all_, now=NOON) == set()
    assert training_queries.waiting(all_, now=AFTER) == {session.id}
    enter(session, {ids(session)[0]: Entry()})
    assert training_queries.waiting(all_, now=AFTER) == set()


def test_a_note_is_sealed_anew_when_the_keys_change(session: Session, app: Flask) -> None:
    one = ids(session)[0]
    enter(session, {one: Entry(note="rang her afterwards")})
    ring = app.extensions["keyring"]
    app.extensions["keyring"] = KeyRing([NEW, SECRET])
    try:
        assert (training_service.reseal(500), training_service.reseal(500)) == (1, 0)
        db.session.commit()
        app.extensions["keyring"] = KeyRing([NEW])
        db.session.expire_all()
        assert row(one).note == "rang her afterwards"
    finally:
        app.extensions["keyring"] = ring
        db.session.rollback()
