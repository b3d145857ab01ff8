from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON


@pytest.fixture
def desk(app, browse_as):
    return browse_as(make.staff(Role.COORDINATOR))


def bookings():
    return db.session.scalars(sa.select(Booking)).all()


def test_a_class_is_booked_for_who_rings(app, browse_as):
    carla = make.staff(Role.COORDINATOR)
    ada, session, desk = make.participant(), make.session(), browse_as(carla)

    assert "Wednesday 25 November, 13:00" in desk.get(f"/staff/people/{ada.id}/bookings/").text
    page = desk.post(f"/staff/people/{ada.id}/bookings/{session.id}", follow_redirects=True).text

    assert "The class is booked for her." in page
    assert [(row.participant_id, row.session_id) for row in bookings()] == [(ada.id, session.id)]
    entry = db.session.scalars(sa.select(Entry)).one()
    assert (entry.action, entry.actor_id) == ("bookings.book", carla.id)


def test_the_same_rules_hold_at_the_desk(app, desk):
    ada, session = make.participant(cleared_on=None), make.session()

    answer = desk.post(f"/staff/people/{ada.id}/bookings/{session.id}")

    assert answer.status_code == 403
    assert bookings() == []


def test_her_own_time_stands_beside_ours_where_it_differs(app, desk):
    ada = make.participant(zone="Europe/Helsinki")
    make.session(starts_at=NOON + timedelta(days=1))

    page = desk.get(f"/staff/people/{ada.id}/bookings/").text

    assert "Wednesday 25 November, 13:00" in page
    assert "Wednesday 25 November, 14:00" in page
    assert "Helsinki" in page


def test_her_place_is_given_back_after_one_question(app, desk):
    booking = make.booking()
    address = f"/staff/people/{booking.participant_id}/bookings/{booking.id}/cancel"

    assert "Keep her place" in desk.get(address).text
    assert bookings()[0].is_live

    assert desk.post(address).status_code == 303
    assert not bookings()[0].is_live
    assert bookings()[0].session.taken == 0


def test_the_booking_must_be_hers(app, desk):
    booking, other = make.booking(), make.participant()

    answer = desk.post(f"/staff/people/{other.id}/bookings/{booking.id}/cancel")

    assert answer.status_code == 404
    assert bookings()[0].is_live
