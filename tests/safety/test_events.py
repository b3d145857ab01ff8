"""What happened in or round a class: recorded in two taps, filled in, corrected, looked after."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import current_app

from remote_training import tables
from remote_training.accounts.models import Account, Grant, Role
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.crypto import KeyRing
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs as outbox
from remote_training.messages import queries as message_queries
from remote_training.messages import service as messages
from remote_training.messages.models import Message, State
from remote_training.participants.models import Participant
from remote_training.reminders import jobs
from remote_training.safety import event_queries as queries
from remote_training.safety import event_rules as rules
from remote_training.safety import event_service as service
from remote_training.safety import service as safety
from remote_training.safety.errors import (
    ChangedMeanwhile,
    DetailsMissing,
    WhyNeeded,
    Withdrawn,
    WrongDetail,
)
from remote_training.safety.event_models import (
    Action,
    AdverseEvent,
    Care,
    Criterion,
    EventCare,
    EventVersion,
    Outcome,
    Phase,
    Related,
)
from remote_training.safety.event_rules import Told
from tests import make
from tests.conftest import SECRET
from tests.fakes import NOON, FakeClock, FakeMail

HOUR = timedelta(hours=1)
WHOLE = {
    "phase": Phase.DURING,
    "onset_at": NOON,
    "is_serious": False,
    "related": Related.POSSIBLE,
    "actions": (Action.CHANGED,),
    "outcome": Outcome.RECOVERED,
    "outcome_on": NOON.date(),
}


@pytest.fixture
def carla(app: Any) -> Account:
    """The coordinator of Utrecht."""
    contact = make.contact(name="Carla Desk", email="carla@staff.example.org")
    return make.staff(Role.COORDINATOR, contact=contact)


@pytest.fixture
def tess(app: Any) -> Account:
    """A trainer of Utrecht."""
    return make.trainer(contact=make.contact(name="Tess Trainer"))


@pytest.fixture
def place(tess: Account) -> Booking:
    """Somebody's place in a class that goes on now."""
    her = make.participant(contact=make.contact(name="Zebulon Canarius"))
    hour = make.session(trainer=tess, starts_at=NOON - HOUR / 2)
    return make.booking(participant=her, session=hour)


def line(event: AdverseEvent) -> queries.Line:
    return queries.one(event.id, queries.Reach(women_of=[event.participant.site_id]))


def amend(event: AdverseEvent, by: Account, *, why: str = "", **changes: Any) -> bool:
    """Say something of it otherwise, from the version that stands."""
    now, number = changes.pop("now", NOON), changes.pop("number", None)
    stands = queries.newest(event.id)
    told = rules.replace(Told.of(stands), **changes)
    key = changes.pop("key", uuid4())
    changed = service.amend(
        event, told, number=number or stands.number, why=why, key=key, by=by, now=now
    )
    db.session.commit()
    return changed


def care(event: AdverseEvent, by: Account, what: Care = Care.SEEN, **told: Any) -> bool:
    plain: dict[str, Any] = {"key": uuid4(), "now": NOON, "number": queries.newest(event.id).number}
    kept = service.look_after(event, what, told.pop("note", ""), by=by, **plain | told)
    db.session.commit()
    return kept


def send(clock: FakeClock) -> None:
    """What the worker does."""
    jobs.plan(clock())
    while outbox.deliver("test", current_app.extensions["outside"]):
        continue


def rows(model: type[Any]) -> list[Any]:
    return list(db.session.scalars(sa.select(model)))


class TestRecording:
    @pytest.mark.parametrize(
        ("starts_in", "phase", "onset"),
        [
            pytest.param(HOUR / 4, Phase.BEFORE, NOON, id="before the class it began now"),
            pytest.param(-HOUR / 2, Phase.DURING, NOON, id="in the class it began now"),
            pytest.param(-2 * HOUR, None, None, id="after it nobody knows yet when it began"),
        ],
    )
    def test_takes_from_the_clock_what_the_clock_knows(
        self, tess: Account, starts_in: timedelta, phase: Phase | None, onset: Any
    ) -> None:
        place = make.booking(session=make.session(trainer=tess, starts_at=NOON + starts_in))
        told = line(make.event(booking=place)).told
        assert (told.phase, told.onset_at) == (phase, onset)

    def test_is_kept_with_two_facts_and_says_what_is_missing(self, place: Booking) -> None:
        found = line(make.event(booking=place, term="fall", grade=2))
        assert (found.told.term, found.told.grade) == ("fall", 2)
        assert found.missing == ("is_serious", "related", "actions", "outcome")
        assert found.state is queries.State.NEW

    @pytest.mark.parametrize(
        ("grade", "serious", "criterion", "outcome"),
        [
            (3, None, None, None),
            (4, True, Criterion.LIFE_THREATENING, None),
            (5, True, Criterion.DEATH, Outcome.FATAL),
        ],
    )
    def test_what_the_grade_says_by_definition_need_not_be_told(
        self, place: Booking, grade: int, serious: Any, criterion: Any, outcome: Any
    ) -> None:
        event = make.event(booking=place, grade=grade)
        told = line(event).told
        assert (told.is_serious, told.criterion, told.outcome) == (serious, criterion, outcome)
        assert event.serious_since == (NOON if serious else None)

    def test_many_presses_at_the_same_moment_record_one(
        self, app: Any, place: Booking, tess: Account, carla: Account
    ) -> None:
        key, ids = uuid4(), (place.participant_id, place.session_id, tess.id)
        new: list[bool] = []

        def press() -> None:
            with app.app_context(), unit_of_work():
                her = db.session.get_one(Participant, ids[0])
                hour = db.session.get_one(Session, ids[1])
                by = db.session.get_one(Account, ids[2])
                done = service.record(her, "fall", 1, session=hour, key=key, by=by, now=NOON)
                new.append(done[1])

        db.session.rollback()
        threads = [threading.Thread(target=press) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(new) == [False] * 5 + [True]
        assert len(rows(AdverseEvent)) == len(rows(EventVersion)) == len(rows(Message)) == 1

    def test_by_a_coordinator_herself_is_seen_by_her(self, carla: Account) -> None:
        her = make.participant()
        event = make.event(participant=her, session=None, by=carla, is_seen=True, grade=3)
        found = line(event)
        assert found.told.phase is Phase.OUTSIDE
        assert found.state is queries.State.INCOMPLETE
        assert rows(Message) == []


class TestSayingItOtherwise:
    def test_filling_in_what_was_missing_needs_no_reason(
        self, place: Booking, tess: Account
    ) -> None:
        event = make.event(booking=place)
        assert amend(event, tess, **WHOLE) is True
        found = line(event)
        assert found.missing == ()
        assert [one.number for one in queries.versions(event.id)] == [2, 1]

    def test_what_was_told_is_changed_with_a_reason_only_and_the_earlier_word_is_kept(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place, by=tess)
        with pytest.raises(WhyNeeded):
            amend(event, carla, term="fall")
        db.session.rollback()
        later = NOON + HOUR
        assert amend(event, carla, term="fall", why="She fell; I rang her", now=later)
        newer, older = queries.versions(event.id)
        assert (newer.term, newer.written_by_id, newer.written_at) == ("fall", carla.id, later)
        assert newer.why == "She fell; I rang her"
        assert (older.term, older.written_by_id, older.replaced_at) == ("dizziness", tess.id, later)
        noted = sa.select(Entry).where(Entry.action == "safety.amend_event")
        (entry,) = db.session.scalars(noted)
        assert (entry.actor_id, entry.detail) == (carla.id, {"fields": ["term"]})
        assert entry.reason is None, "what is typed about a person stays sealed"

    def test_nothing_is_written_where_nothing_differs_or_the_press_comes_twice(
        self, place: Booking, tess: Account
    ) -> None:
        event = make.event(booking=place)
        assert amend(event, tess) is False
        key = uuid4()
        told = rules.replace(line(event).told, related=Related.UNLIKELY)
        for number in (1, 1):
            service.amend(event, told, number=number, why="", key=key, by=tess, now=NOON)
        assert len(queries.versions(event.id)) == 2

    def test_nobody_writes_over_what_somebody_else_wrote_meanwhile(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        amend(event, carla, related=Related.DEFINITE)
        with pytest.raises(ChangedMeanwhile):
            amend(event, tess, related=Related.UNLIKELY, why="so", number=1)
        with pytest.raises(ChangedMeanwhile):
            care(event, carla, number=1)

    def test_of_many_who_correct_at_the_same_moment_one_is_kept_the_others_are_told(
        self, app: Any, place: Booking, tess: Account
    ) -> None:
        event_id, by = make.event(booking=place).id, tess.id
        came: list[str] = []

        def correct(related: Related) -> None:
            with app.app_context():
                try:
                    with unit_of_work():
                        event = db.session.get_one(AdverseEvent, event_id)
                        told = rules.replace(Told("dizziness", 1), related=related)
                        plain = {"number": 1, "why": "so", "key": uuid4(), "now": NOON}
                        service.amend(event, told, by=db.session.get_one(Account, by), **plain)
                        came.append("kept")
                except ChangedMeanwhile:
                    came.append("told")

        db.session.rollback()
        threads = [threading.Thread(target=correct, args=(one,)) for one in Related]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(came) == ["kept", *["told"] * 4]
        assert len(queries.versions(event_id)) == 2

    @pytest.mark.parametrize(
        ("grade", "changes", "detail"),
        [
            pytest.param(4, {"is_serious": False}, "is_serious", id="grade 4 is serious"),
            pytest.param(1, {"outcome": Outcome.FATAL}, "outcome", id="who died has grade 5"),
            pytest.param(
                2, {"is_serious": True, "criterion": Criterion.DEATH}, "criterion",
                id="death as the reason is grade 5",
            ),
            pytest.param(
                5, {"outcome": Outcome.RECOVERED}, "outcome", id="grade 5 does not recover"
            ),
            pytest.param(
                1, {"onset_at": NOON + HOUR}, "onset_on", id="it has not begun in the future"
            ),
            pytest.param(
                1, {"actions": (Action.NONE, Action.DOCTOR)}, "actions", id="nothing and something"
            ),
            pytest.param(
                1, {"outcome": Outcome.RECOVERED, "outcome_on": NOON.date() + timedelta(days=1)},
                "outcome_on", id="it is not over tomorrow",
            ),
            pytest.param(
                1, {"outcome": Outcome.RECOVERED, "outcome_on": date(2026, 11, 1)},
                "outcome_on", id="it is not over before it began",
            ),
        ],
    )  # fmt: skip
    def test_refuses_what_cannot_be_so_and_names_the_detail(
        self, place: Booking, tess: Account, grade: int, changes: Any, detail: str
    ) -> None:
        event = make.event(booking=place, grade=grade)
        with pytest.raises(WrongDetail) as refused:
            amend(event, tess, why="so", **changes)
        assert refused.value.detail == detail
        assert len(queries.versions(event.id)) == 1

    def test_the_database_keeps_one_newest_version_and_no_other_grade(
        self, place: Booking, tess: Account
    ) -> None:
        event = make.event(booking=place)
        for wrong in ({"number": 2}, {"number": 3, "grade": 6, "replaced_at": NOON}):
            plain = {"event_id": event.id, "term": "fall", "grade": 1, "actions": ""}
            by = {"written_by_id": tess.id, "written_at": NOON, "key": uuid4()}
            db.session.add(EventVersion(**plain | by | wrong))
            with pytest.raises(sa.exc.IntegrityError):
                db.session.flush()
            db.session.rollback()

    def test_without_seriousness_there_is_no_criterion(self, place: Booking, tess: Account) -> None:
        event = make.event(booking=place)
        amend(event, tess, is_serious=False, criterion=Criterion.HOSPITAL)
        assert line(event).told.criterion is None


class TestTakingBack:
    def test_is_kept_and_marked_with_who_when_and_why(self, place: Booking, tess: Account) -> None:
        event = make.event(booking=place)
        with pytest.raises(WhyNeeded):
            service.withdraw(event, " ", by=tess, now=NOON)
        assert service.withdraw(event, "It was Bea", by=tess, now=NOON) is True
        assert service.withdraw(event, "It was Bea", by=tess, now=NOON + HOUR) is False
        with pytest.raises(ChangedMeanwhile):
            service.withdraw(event, "Another reason", by=tess, now=NOON + HOUR)
        assert (event.withdrawn_at, event.withdrawn_by_id) == (NOON, tess.id)
        assert event.withdrawn_why == "It was Bea"
        assert line(event).state is queries.State.WITHDRAWN
        assert len(rows(EventVersion)) == 1

    def test_nothing_is_added_afterwards(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        service.withdraw(event, "Not hers", by=tess, now=NOON)
        db.session.commit()
        with pytest.raises(Withdrawn):
            amend(event, tess, related=Related.POSSIBLE)
        with pytest.raises(Withdrawn):
            care(event, carla)


class TestLookingAfter:
    def test_goes_from_new_to_closed_and_details_come_first(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        states = [line(event).state]
        care(event, carla)
        states.append(line(event).state)
        with pytest.raises(DetailsMissing):
            care(event, carla, Care.CLOSED)
        db.session.rollback()
        amend(event, tess, **WHOLE)
        states.append(line(event).state)
        care(event, carla, Care.CLOSED, now=NOON + HOUR)
        states.append(line(event).state)
        assert states == ["new", "incomplete", "seen", "closed"]

    def test_a_correction_opens_it_again(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        amend(event, tess, **WHOLE)
        care(event, carla, Care.CLOSED)
        assert not line(event).is_open
        amend(event, tess, related=Related.DEFINITE, why="I thought again", now=NOON + HOUR)
        assert line(event).state is queries.State.SEEN

    def test_what_became_worse_must_be_looked_at_again(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        care(event, carla)
        amend(event, tess, is_serious=False, now=NOON + HOUR)
        assert line(event).state is not queries.State.NEW, "the control: no worse than before"
        before = len(rows(Message))
        amend(event, tess, grade=3, why="It got worse", now=NOON + 2 * HOUR)
        assert line(event).state is queries.State.NEW
        assert len(rows(Message)) == before + 1

    def test_the_sponsors_hours_run_from_when_it_is_known_to_be_serious(
        self, place: Booking, tess: Account, carla: Account
    ) -> None:
        event = make.event(booking=place)
        assert line(event).sponsor_by is None
        at = NOON + 3 * HOUR
        amend(event, tess, is_serious=True, criterion=Criterion.HOSPITAL, now=at)
        assert line(event).sponsor_by == at + 24 * HOUR
        assert line(event).sponsor_told_at is None
        care(event, carla, Care.SPONSOR, now=at + HOUR)
        assert line(event).sponsor_told_at == at + HOUR

    def test_something_else_needs_words_and_a_second_press_writes_nothing(
        self, place: Booking, carla: Account
    ) -> None:
        event, key = make.event(booking=place), uuid4()
        with pytest.raises(WhyNeeded):
            care(event, carla, Care.OTHER, note="  ")
        assert care(event, carla, key=key) is True
        assert care(event, carla, key=key) is False
        assert len(rows(EventCare)) == 1


class TestMail:
    def test_goes_at_once_to_each_coordinator_of_her_site_and_says_nothing(
        self, place: Booking, carla: Account, mailbox: FakeMail, clock: FakeClock
    ) -> None:
        second = make.staff(Role.COORDINATOR)
        make.staff(Role.COORDINATOR, at=make.site("melbourne"))
        make.staff(Role.RESEARCHER, sees_arm=True)
        make.staff(Role.COORDINATOR, is_active=False)
        event = make.event(booking=place, term="chest_pain")
        send(clock)
        send(clock)

        mails = [mail for mail in mailbox.sent if "look at this page" in str(mail["Subject"])]
        to = sorted(mail["To"].addresses[0].addr_spec for mail in mails)
        assert to == sorted([carla.contact.email, second.contact.email])
        words = mails[0].as_string().lower()
        for secret in (
            "zebulon", "canarius", "chest", "pain", "grade", "health", "injur", "safe:", "event ",
            "exercise", "waitlist", "arm", "base", "strength",
        ):  # fmt: skip
            assert secret not in words.replace("charset", ""), secret
        assert place.participant.study_number.lower() not in words
        assert f"/staff/safety/events/{event.id}/" in words, "the control: it leads there"

    def test_goes_before_all_mail_that_waits(
        self, place: Booking, carla: Account, clock: FakeClock
    ) -> None:
        for minutes in (60, 30, 0):
            messages.queue(
                "welcome", to=place.participant.contact_id,
                facts={"participant_id": str(place.participant_id)},
                not_after=NOON + timedelta(days=1), now=NOON - timedelta(minutes=minutes),
            )  # fmt: skip
        make.event(booking=place)
        (first, *_others) = messages.claim("w", limit=1, now=NOON)
        assert first.kind == service.KIND

    def test_does_not_look_as_if_the_queue_stood_still(
        self, place: Booking, carla: Account
    ) -> None:
        make.event(booking=place)
        assert message_queries.stands_since(now=NOON + timedelta(minutes=14)) is None
        assert message_queries.status(now=NOON).oldest_due_seconds == 0
        assert message_queries.stands_since(now=NOON + timedelta(minutes=16)) == NOON

    @pytest.mark.parametrize(
        ("grade", "counts"),
        [
            pytest.param(3, [1, 1, 2, 3], id="severe: every hour until somebody has looked"),
            pytest.param(2, [1, 1, 1, 1], id="the control: a lesser one is told once"),
        ],
    )
    def test_comes_again_as_the_study_says(
        self,
        place: Booking,
        carla: Account,
        mailbox: FakeMail,
        clock: FakeClock,
        grade: int,
        counts: list[int],
    ) -> None:
        event, seen = make.event(booking=place, grade=grade), []
        for minutes in (0, 59, 1, 60):
            clock.forward(minutes=minutes)
            send(clock)
            seen.append(len(mailbox.to(carla.contact.email)))
        assert seen == counts

        care(event, carla, now=clock())
        clock.forward(hours=5)
        send(clock)
        assert len(mailbox.to(carla.contact.email)) == counts[-1]

    def test_a_minor_one_that_turns_out_serious_is_told_until_somebody_has_looked(
        self,
        place: Booking,
        tess: Account,
        carla: Account,
        mailbox: FakeMail,
        clock: FakeClock,
    ) -> None:
        event = make.event(booking=place)
        send(clock)
        care(event, carla, now=clock())
        clock.forward(minutes=5)
        amend(event, tess, is_serious=True, now=clock())
        for _ in range(3):
            send(clock)
            clock.forward(minutes=60)
        assert len(mailbox.to(carla.contact.email)) == 4

    @pytest.mark.parametrize("change", ["looked at", "taken back", "role gone", "switched off"])
    def test_is_void_where_it_is_no_longer_wanted(
        self,
        place: Booking,
        tess: Account,
        carla: Account,
        mailbox: FakeMail,
        clock: FakeClock,
        change: str,
    ) -> None:
        event = make.event(booking=place, grade=3)
        if change == "looked at":
            care(event, carla)
        elif change == "taken back":
            service.withdraw(event, "Not hers", by=tess, now=NOON)
        elif change == "role gone":
            db.session.execute(sa.delete(Grant).where(Grant.account_id == carla.id))
        else:
            carla.is_active = False
        db.session.commit()
        send(clock)
        assert mailbox.to(carla.contact.email) == []
        (row,) = [row for row in rows(Message) if row.kind == service.KIND]
        assert row.state is State.VOID


def test_what_is_typed_is_sealed_and_sealed_anew_with_a_newer_key(
    app: Any, place: Booking, tess: Account, carla: Account
) -> None:
    event = make.event(booking=place, text="Her son Bob was there")
    amend(event, tess, text="Her son Bob called", why="Bob says so")
    care(event, carla, note="Bob knows")
    service.withdraw(event, "It was Bob", by=tess, now=NOON)
    db.session.commit()
    for model in (AdverseEvent, EventVersion, EventCare):
        for row in rows(model):
            kept = [value for name, value in vars(row).items() if name.endswith("_sealed")]
            assert not any(b"Bob" in value for value in kept if value is not None)
    with db.engine.connect() as connection:
        for table in tables.metadata().sorted_tables:
            assert "Bob" not in str(connection.execute(sa.select(table)).all()), table.name
    before = app.extensions["keyring"]
    app.extensions["keyring"] = KeyRing(["a-newer-key-that-is-long-enough-to-be-one", SECRET])
    try:
        assert (safety.reseal(500), safety.reseal(500)) == (5, 0)
        assert queries.newest(event.id).text == "Her son Bob called"
    finally:
        app.extensions["keyring"] = before


def test_the_list_costs_a_constant_number_of_statements_with_open_ones_first(
    place: Booking, tess: Account, carla: Account, count_queries: list[str]
) -> None:
    closed = make.event(booking=place, now=NOON + HOUR)
    amend(closed, tess, **WHOLE, now=NOON + HOUR)
    care(closed, carla, Care.CLOSED, now=NOON + HOUR)
    opened = [make.event(booking=place, now=NOON + timedelta(minutes=n)) for n in range(4)]
    reach = queries.Reach(women_of=[make.site().id])
    count_queries.clear()
    lines = queries.of(reach, now=NOON)
    names = [line.event.participant.contact.name + line.event.recorded_by.contact.name
             for line in lines]  # fmt: skip
    assert all(names)
    assert [line.event.id for line in lines] == [*(one.id for one in opened[::-1]), closed.id]
    assert len([said for said in count_queries if said.startswith("SELECT")]) <= 3
    old = queries.of(reach, now=NOON + timedelta(days=100))
    assert closed.id not in {line.event.id for line in old}
    assert len(queries.of(reach, now=NOON + timedelta(days=100), everything=True)) == 5
