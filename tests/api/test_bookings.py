"""Classes and bookings by the address."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON

DAY = timedelta(days=1)


@pytest.fixture
def her(app):
    return make.participant()


def classes(program, her, query=""):
    answer = program.get(f"/participants/{her.study_number}/classes{query}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()["classes"]


def book(program, her, session_id):
    path = f"/participants/{her.study_number}/bookings"
    return program.post(path, json={"session_id": str(session_id)})


def give_back(program, her, booking_id):
    return program.ask("DELETE", f"/participants/{her.study_number}/bookings/{booking_id}")


def test_a_class_is_booked_with_its_mail_and_named_in_the_audit(app, program_of, her):
    who, hour = make.staff(Role.COORDINATOR), make.session()
    answer = book(program_of(who), her, hour.id)
    assert answer.status_code == 201
    told = answer.get_json()
    row = db.session.scalars(sa.select(Booking)).one()
    assert (told["booking_id"], told["state"]) == (str(row.id), "booked")
    assert db.session.scalars(sa.select(Message.kind)).all() == ["booking_confirmed"]
    entry = db.session.scalars(sa.select(Entry).where(Entry.action == "bookings.book")).one()
    assert entry.actor_id == who.id


def test_asked_again_it_is_the_same_booking_and_one_mail(coordinator, her):
    hour = make.session()
    first, again = (book(coordinator, her, hour.id) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert len(db.session.scalars(sa.select(Message)).all()) == 1


def test_a_place_is_given_back_once(coordinator, her):
    hour = make.session(starts_at=NOON + timedelta(hours=1, minutes=30))
    booking_id = book(coordinator, her, hour.id).get_json()["booking_id"]
    first, again = (give_back(coordinator, her, booking_id) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.get_json() == again.get_json()
    assert (first.get_json()["state"], first.get_json()["is_late"]) == ("given-back", True)
    db.session.refresh(hour)
    assert hour.taken == 0


def test_a_booking_of_somebody_else_is_not_found(coordinator, her):
    other = make.booking()
    assert give_back(coordinator, her, other.id).status_code == 404
    assert give_back(coordinator, other.participant, other.id).status_code == 200


def test_a_class_that_has_begun_is_not_given_back(coordinator, her, clock):
    place = make.booking(participant=her)
    clock.moment = place.session.starts_at
    answer = give_back(coordinator, her, place.id)
    assert (answer.status_code, answer.get_json()["reason"]) == (409, "has-begun")


def test_the_classes_are_those_of_the_days_that_were_asked_for(coordinator, her):
    hours = [make.session(starts_at=NOON + n * DAY) for n in (1, 5, 27, 28)]
    make.session(starts_at=NOON + DAY, site=make.site("melbourne"))
    ids = [str(hour.id) for hour in hours]
    assert [one["session_id"] for one in classes(coordinator, her)] == ids[:3]
    query = f"?from={hours[1].on_date}&to={hours[3].on_date}"
    assert [one["session_id"] for one in classes(coordinator, her, query)] == ids[1:]
    query = f"?from={hours[3].on_date}&to={hours[3].on_date}"
    assert [one["session_id"] for one in classes(coordinator, her, query)] == ids[3:]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=tomorrow", "from"),
        ("from=2026-02-30", "from"),
        ("from=1764000000", "from"),
        ("from=9999-12-31", "from"),
        ("from=0001-01-01", "from"),
        ("from=2026-11-24&to=2026-11-23", "to"),
        ("from=2026-11-24&to=2027-02-24", "to"),
        ("to=", "to"),
        ("until=2026-12-24", "until"),
        ("%00=1", ""),
    ],
)
def test_other_days_are_refused_by_the_name_of_the_field(coordinator, her, query, field):
    answer = coordinator.get(f"/participants/{her.study_number}/classes?{query}")
    assert answer.status_code == 422
    told = answer.get_json()
    assert told["reason"] == "not-as-described"
    assert field in told["detail"]


def test_the_longest_span_is_taken(coordinator, her):
    assert classes(coordinator, her, "?from=2026-11-24&to=2027-02-23") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"{", 422), (b"[]", 422), (b"null", 422), (b"\xff\xfe", 422),
        (b'{"session_id": 1}', 422), (b'{"session_id": null}', 422),
        (b'{"session_id": "x"}', 422), (b"[" * 10000, 422), (b'{"a": ' * 9000, 422),
        (b'{"session_id": "' + b"x" * 300_000, 413),
    ],
    ids=["empty", "half", "a list", "null", "no UTF-8", "a number", "nothing", "no id",
         "deep lists", "deep objects", "too long"],
)  # fmt: skip
def test_another_body_is_refused(coordinator, her, body, status):
    path = f"/participants/{her.study_number}/bookings"
    answer = coordinator.post(path, data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_more_than_is_described_is_refused(coordinator, her):
    path = f"/participants/{her.study_number}/bookings"
    more = {"session_id": str(make.session().id), "arm": "exercise"}
    assert coordinator.post(path, json=more).status_code == 422
    assert db.session.scalars(sa.select(Booking)).all() == []


def test_a_form_is_no_json(coordinator, her):
    path = f"/participants/{her.study_number}/bookings"
    answer = coordinator.post(path, data={"session_id": str(make.session().id)})
    assert (answer.status_code, answer.get_json()["reason"]) == (415, "not-json")


def test_a_class_that_is_not_there_is_not_found(coordinator, her):
    assert book(coordinator, her, uuid4()).status_code == 404


def test_many_classes_cost_as_many_statements_as_few(coordinator, her, count_queries):
    make.session()
    classes(coordinator, her)
    few = len(count_queries)
    hours = [make.session(starts_at=NOON + n * DAY) for n in range(2, 20)]
    make.booking(participant=her, session=hours[0])
    db.session.expire_all()
    count_queries.clear()
    assert len(classes(coordinator, her)) == 19
    assert len(count_queries) <= few
