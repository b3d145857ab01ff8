from datetime import timedelta

import pytest

from remote_training.bookings import fit, overview, queries
from remote_training.core.errors import NotFound
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")


def at(**span):
    return make.session(starts_at=NOON + timedelta(**span))


def bookable(who):
    return overview.bookable(who, fit.held(queries.held(who, now=NOON)), now=NOON)


def test_what_is_offered_is_of_her_site_and_modules_and_the_next_four_weeks():
    ada = make.participant(complaint="neuropathy")
    hers = [at(days=1), at(days=27, hours=23)]
    at(days=28)
    at(days=-1)
    make.session(module="fatigue")
    make.session(site=make.site("melbourne"))
    make.session(called_off_at=NOON)

    assert [offer.session for offer in queries.offered(ada, now=NOON)] == hers


def test_what_can_be_booked_is_what_is_offered_and_not_yet_hers():
    ada, trainer = make.participant(), make.trainer(contact=make.contact(name="Ilse de Vries"))
    held = make.booking(participant=ada).session
    given_back = make.booking(participant=ada, session=at(days=2), cancelled_at=NOON).session
    full = make.session(starts_at=NOON + timedelta(days=3), places=1, trainer=trainer)
    make.booking(session=full)

    offers, slots = queries.offered(ada, now=NOON), bookable(ada)

    assert [offer.session for offer in offers if offer.booking] == [held]
    assert [slot.session_id for slot in slots] == [given_back.id, full.id]
    assert [
        (offer.session.id, offer.session.minutes, offer.trainer_name, offer.places_left)
        for offer in offers
        if not offer.booking
    ] == [(slot.session_id, slot.minutes, slot.trainer_name, slot.places_left) for slot in slots]
    assert (slots[1].trainer_name, slots[1].places_left) == ("Ilse", 0)


@pytest.mark.parametrize(
    "facts",
    [{"cleared_on": None}, {"withdrawn_on": make.TODAY}, {"arm": None}, {"baseline_on": None}],
)
def test_nothing_is_offered_to_whom_it_is_not_time(facts):
    at(days=1)

    assert queries.offered(make.participant(**facts), now=NOON) == []
    assert bookable(make.participant(**facts)) == []
    assert bookable(make.participant()) != []


def test_before_her_first_day_its_four_weeks_are_offered():
    ada = make.participant(arm="waitlist")
    at(days=1)
    first = at(weeks=12, days=1)
    at(weeks=16, days=2)

    assert [slot.session_id for slot in bookable(ada)] == [first.id]


def test_upcoming_holds_what_has_not_ended_soonest_first():
    ada = make.participant()
    later = make.booking(participant=ada, session=at(days=3))
    running = make.booking(participant=ada, session=at(minutes=-30))
    off = make.booking(participant=ada, session=make.session(called_off_at=NOON))
    make.booking(participant=ada, session=at(hours=-2))
    make.booking(participant=ada, session=at(days=4), cancelled_at=NOON)
    make.booking(session=at(days=5))

    assert list(queries.upcoming(ada, now=NOON)) == [running, off, later]


def test_a_roster_holds_live_bookings_first_booked_first():
    session = make.session()
    second = make.booking(session=session, booked_at=NOON + timedelta(minutes=1))
    first = make.booking(session=session)
    make.booking(session=session, cancelled_at=NOON)
    make.booking()

    assert list(queries.roster(session)) == [first, second]


def test_a_booking_of_somebody_else_is_not_among_hers():
    booking, other = make.booking(), make.participant()

    with pytest.raises(NotFound):
        queries.of_participant(booking.id, other)

    assert queries.of_participant(booking.id, booking.participant) is booking
