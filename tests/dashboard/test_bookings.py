import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON


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


def test_a_place_that_is_kept_for_her_can_be_booked_at_the_desk_as_on_her_own_page(app, desk):
    kept, full = (make.session(places=1, starts_at=NOON + timedelta(days=n)) for n in (2, 3))
    ada = make.waiting(session=kept, offer_until=NOON + timedelta(days=1)).participant
    make.booking(session=full)
    page = desk.get(f"/staff/people/{ada.id}/bookings/").text
    books = f'action="/staff/people/{ada.id}/bookings/'
    assert "one is kept for her" in page
    assert (f"{books}{kept.id}" in page, f"{books}{full.id}" in page) == (True, False)

    desk.post(f"/staff/people/{ada.id}/bookings/{kept.id}")

    assert [(row.participant_id, row.session_id) for row in bookings()][-1] == (ada.id, kept.id)


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


# ------------------------------------------------- refusals, in words for who reads them


def her(**changes):
    return make.participant(**changes)


def busy(**session):
    """She, with a class tomorrow at noon; and another class that does not fit beside it."""
    who = make.participant()
    make.booking(participant=who, session=make.session())
    return who, make.session(**session)


def full_week():
    who = make.participant()
    for days in (2, 3):
        at = NOON + timedelta(days=days)
        make.booking(participant=who, session=make.session(starts_at=at))
    return who, make.session()


REFUSED = {
    "has not agreed": lambda: (her(consented_on=None), make.session()),
    "not cleared": lambda: (her(cleared_on=None), make.session()),
    "not known when": lambda: (her(baseline_on=None), make.session()),
    "begins later": lambda: (her(arm="waitlist"), make.session()),
    "programme over": lambda: (
        her(), make.session(starts_at=NOON + timedelta(weeks=13)),
    ),
    "not her kind": lambda: (her(complaint="fatigue"), make.session(module="neuropathy")),
    "another one then": lambda: busy(starts_at=NOON + timedelta(days=1, minutes=30)),
    "week full": full_week,
    "class full": lambda: (her(), make.session(places=1, taken=1)),
}  # fmt: skip
TO_HER = re.compile(r"\byour?s?\b|\byourself\b|\bring us\b", re.IGNORECASE)


@pytest.mark.parametrize("why", REFUSED)
def test_a_refusal_speaks_to_who_reads_it(desk, browse_as, why):
    who, session = REFUSED[why]()

    at_the_desk = desk.post(f"/staff/people/{who.id}/bookings/{session.id}")
    on_her_page = browse_as(who).post(f"/classes/{session.id}/book")

    assert at_the_desk.status_code == on_her_page.status_code >= 400
    told, tells = reason(at_the_desk.text), reason(on_her_page.text)
    assert not TO_HER.search(told), told
    assert re.search(r"\b(She|she|Her|her)\b", told), told
    assert TO_HER.search(tells), tells
    assert f'href="/staff/people/{who.id}/"' in at_the_desk.text


def test_the_list_at_the_desk_says_in_words_for_staff_why_a_class_does_not_fit(desk, browse_as):
    who, _session = busy(starts_at=NOON + timedelta(days=1, minutes=30))

    assert (
        "She has another class at that time." in desk.get(f"/staff/people/{who.id}/bookings/").text
    )
    assert "You have another class at that time." in browse_as(who).get("/classes/").text


def test_a_place_that_cannot_be_given_back_is_told_in_words_for_staff(desk):
    booking = make.booking(session=make.session(starts_at=NOON - timedelta(minutes=1)))
    address = f"/staff/people/{booking.participant_id}/bookings/{booking.id}/cancel"

    answer = desk.post(address)

    assert answer.status_code == 409
    assert reason(answer.text) == "This class has already begun: it can no longer be cancelled."
    assert (
        "This class is not among hers."
        in desk.post(address.replace(str(booking.participant_id), str(make.participant().id))).text
    )


def reason(page):
    return page.split('class="note wait">')[1].split("</p>")[0]
