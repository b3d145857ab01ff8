import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from markupsafe import escape

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind, Role
from remote_training.bookings import service, verdicts, waiting_list
from remote_training.bookings.models import Booking
from remote_training.core import words
from remote_training.core.db import db, unit_of_work
from remote_training.messages.models import Message
from remote_training.participants import wishes
from remote_training.participants.models import Way
from tests import make
from tests.fakes import NOON

MINUTES_TO_GO = timedelta(minutes=6)
UNDO = re.compile(r'action="([^"]+)">(?:(?!</form>).)*Undo: give me my place back', re.DOTALL)


@pytest.fixture
def ada(app):
    return make.participant(language="en", contact=make.contact(name="Ada Byron"))


def bookings():
    return db.session.scalars(
        sa.select(Booking).order_by(Booking.booked_at, Booking.cancelled_at.is_(None))
    ).all()


def test_the_page_shows_what_is_booked_and_what_can_be_booked(ada, browse_as):
    trainer = make.trainer(contact=make.contact(name="Ilse Trainer"))
    booked = make.session(trainer=trainer, module="neuropathy")
    make.booking(participant=ada, session=booked)
    make.session(starts_at=NOON + timedelta(days=2), places=1)
    make.session(starts_at=NOON + timedelta(days=2, hours=2), module="fatigue")

    page = browse_as(ada).get("/classes/").text

    assert "Wednesday 25 November, 13:00" in page
    assert "Amsterdam time" in page
    assert "Hands, feet and balance with Ilse" in page
    assert "Thursday 26 November" in page
    assert "1 place left" in page
    assert page.count("Book this class") == 1
    assert "Energy" not in page
    assert "Ilse Trainer" not in page


def test_booking_leads_to_a_page_that_says_what_happens_next(ada, browse_as):
    session = make.session()

    answer = browse_as(ada).post(f"/classes/{session.id}/book", follow_redirects=True)

    assert answer.status_code == 200
    assert "Your place is booked" in answer.text
    assert "What happens next" in answer.text
    assert "Wednesday 25 November, 13:00" in answer.text
    assert [booking.session_id for booking in bookings()] == [session.id]
    assert db.session.scalars(sa.select(Message.kind)).all() == ["booking_confirmed"]


def test_a_second_press_ends_on_the_same_page_with_one_booking(ada, browse_as):
    session = make.session(places=1)
    browser = browse_as(ada)

    first = browser.post(f"/classes/{session.id}/book")
    second = browser.post(f"/classes/{session.id}/book")

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(bookings()) == 1


def test_a_full_class_is_refused_kindly(ada, browse_as):
    session = make.session(places=1)
    make.booking(session=session)

    answer = browse_as(ada).post(f"/classes/{session.id}/book")

    assert answer.status_code == 409
    assert "This class is full." in answer.text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        pytest.param({"consented_on": None}, "agreed to take part", id="no consent"),
        pytest.param({"cleared_on": None}, "safe for you", id="not cleared"),
        pytest.param({"arm": "waitlist"}, "Your classes begin on", id="her classes come later"),
    ],
)
def test_a_refusal_says_why(facts, words, browse_as, app):
    her, session = make.participant(**facts), make.session()

    answer = browse_as(her).post(f"/classes/{session.id}/book")

    assert answer.status_code == 403
    assert words in answer.text
    assert bookings() == []


@pytest.mark.parametrize("hours", [3, 1])
def test_a_full_class_sends_nobody_to_a_list_that_is_closed(hours, ada, browse_as):
    session = make.session(places=1, starts_at=NOON + timedelta(hours=hours))
    make.booking(session=session)

    answer = browse_as(ada).post(f"/classes/{session.id}/book")

    assert ("waiting list" in answer.text) is (hours == 3)
    assert "hoose another one" in answer.text
    (verdict,) = verdicts.of(ada, [session], now=NOON)
    assert str(verdict.refusal) in unescape(answer.text)


def test_a_refusal_that_a_phone_opens_anew_leads_to_her_classes(ada, browse_as):
    """A closed tab, or the address bar: asked for by GET is what answered a press."""
    browser, session = browse_as(ada), make.session(called_off_at=NOON)
    assert browser.post(f"/classes/{session.id}/book").status_code == 409

    again = browser.get(f"/classes/{session.id}/book")

    assert (again.status_code, again.location) == (303, "/classes/")
    assert browser.put("/classes/").status_code == 405


def test_looking_at_the_cancel_page_changes_nothing(ada, browse_as):
    booking = make.booking(participant=ada)
    browser = browse_as(ada)

    page = browser.get(f"/classes/bookings/{booking.id}/cancel").text

    assert "Give my place back" in page
    assert "Keep my place" in page
    assert bookings()[0].is_live


def test_cancelling_gives_the_place_back_and_can_be_undone_for_half_an_hour(ada, browse_as, clock):
    booking = make.booking(participant=ada)
    browser, address = browse_as(ada), f"/classes/bookings/{booking.id}"

    page = browser.post(f"{address}/cancel", follow_redirects=True).text
    again = browser.post(f"{address}/cancel")

    assert "You have given your place back" in page
    assert "Until 13:30 you can have your place back" in page
    assert again.status_code == 303
    [row] = bookings()
    assert (row.is_live, row.sequence, row.session.taken) == (False, 1, 0)

    [undo] = UNDO.findall(page)
    page = browser.post(undo, follow_redirects=True).text
    assert "Your place is booked" in page
    assert [one.is_live for one in bookings()] == [False, True]

    clock.forward(minutes=30)
    page = browser.get(address).text
    assert "Undo" not in page
    assert "Book this class again" in page


def test_where_somebody_else_has_it_by_now_she_comes_first_in_line(ada, browse_as, clock):
    session = make.session(places=1, starts_at=NOON + timedelta(days=2))
    booking = make.booking(participant=ada, session=session, booked_at=NOON - timedelta(days=1))
    next_one, last = make.participant(), make.participant()
    for who in (next_one, last):
        waiting_list.join(who, session, is_at_once=True, now=NOON, by=None)
    db.session.commit()
    browser, address = browse_as(ada), f"/classes/bookings/{booking.id}"

    page = browser.post(f"{address}/cancel", follow_redirects=True).text

    assert "Somebody else has the place by now." in page
    assert "Undo" not in page
    assert f'action="/classes/{session.id}/wait"' in page
    page = browser.post(
        f"/classes/{session.id}/wait", data={"at_once": "1"}, follow_redirects=True
    ).text
    assert "You are the first in line." in page

    clock.forward(minutes=30)
    page = browser.get(address).text
    assert "at the front" not in page
    assert f'href="/classes/{session.id}/wait"' in page


def test_a_booking_that_was_moved_says_so_and_leads_to_the_new_one(ada, browse_as):
    booking = make.booking(participant=ada)
    free = make.session(starts_at=NOON + timedelta(days=2))
    make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=9)))
    browser, address = browse_as(ada), f"/classes/bookings/{booking.id}"
    new = browser.post(f"{address}/move/{free.id}").location

    page = browser.get(address).text

    assert "Your place was moved" in page
    assert "given your place back" not in page
    assert "Thursday 26 November, 13:00 (Amsterdam time)" in page
    assert f'href="{new}"' in page
    assert "Undo" not in page


def test_a_class_that_has_begun_stays_booked(ada, browse_as, clock):
    booking = make.booking(participant=ada)
    clock.forward(days=1)

    answer = browse_as(ada).post(f"/classes/bookings/{booking.id}/cancel")

    assert answer.status_code == 409
    assert "already begun" in answer.text
    assert bookings()[0].is_live


@pytest.mark.parametrize("path", ["", "/cancel"])
def test_somebody_elses_booking_is_not_there(path, ada, browse_as):
    booking = make.booking(participant=ada)
    address = f"/classes/bookings/{booking.id}{path}"

    assert browse_as(make.participant()).get(address).status_code == 404
    assert browse_as(ada).get(address).status_code == 200


def test_nobody_cancels_for_somebody_else(ada, browse_as):
    booking = make.booking(participant=ada)

    answer = browse_as(make.participant()).post(f"/classes/bookings/{booking.id}/cancel")

    assert answer.status_code == 404
    assert bookings()[0].is_live


def test_who_has_no_link_sees_no_classes(browser, app):
    assert browser.get("/classes/").status_code == 401


def test_a_class_that_was_called_off_says_so(ada, browse_as):
    booking = make.booking(participant=ada)
    service.call_off(booking.session, now=NOON, by=None, reason="The trainer is ill")
    db.session.commit()
    browser = browse_as(ada)

    assert "does not take place" in browser.get("/classes/").text
    assert "does not take place" in browser.get(f"/classes/bookings/{booking.id}").text


def test_times_are_shown_in_her_own_zone_and_language(app, browse_as):
    her = make.participant(
        language="nl", zone="Australia/Melbourne", baseline_on=make.TODAY - timedelta(days=1)
    )
    make.session()

    page = browse_as(her).get("/classes/").text

    assert "23:00" in page
    assert "Melbourne" in page
    assert "woensdag 25 november" in page


def test_the_page_costs_the_same_however_much_is_on_it(app, ada, browse_as, count_queries):
    browser = browse_as(ada)

    def cost():
        db.session.rollback()
        count_queries.clear()
        assert browser.get("/classes/").status_code == 200
        return len(count_queries)

    make.booking(participant=ada, session=make.session())
    make.session(starts_at=NOON + timedelta(days=2))
    few = cost()
    for n in range(3, 13):
        make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=n)))
        make.session(starts_at=NOON + timedelta(days=n, hours=3))

    assert cost() == few
    assert few == 2


def test_a_booking_costs_eight_statements(app, ada, browse_as, count_queries):
    browser, address = browse_as(ada), f"/classes/{make.session().id}/book"
    db.session.commit()
    count_queries.clear()

    assert browser.post(address).status_code == 303

    assert len([one for one in count_queries if not one.startswith("BEGIN")]) == 8


@pytest.mark.parametrize("name", ["%(id)s <i>A</i>", "{at} %s %", "Ann & Co"])
def test_a_name_stands_on_a_card_as_it_was_written(ada, browse_as, name):
    trainer = make.trainer(contact=make.contact(name=name))
    make.session(trainer=trainer)
    make.session(trainer=trainer, starts_at=NOON + timedelta(days=2), places=1, taken=1)

    page = browse_as(ada).get("/classes/").text

    assert page.count(f"Strength and stamina with {escape(name.split()[0])}<") == 2


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_days_are_called_needs_no_escaping(app, language):
    """A card's moment stands on the page as it is."""
    with app.test_request_context(), words.reading_as(language, "Europe/Amsterdam"):
        names = [words.day_names()(NOON.date() + timedelta(days=n)) for n in range(366)]

    assert [escape(name) for name in names] == names
    assert len(set(names)) > 360


def by_the_mail(app, who):
    """A browser in which she opened the link of a mail about her bookings."""
    with unit_of_work():
        ends = NOON + timedelta(days=14)
        token = tokens.mint(LinkKind.BOOKINGS, who.account_id, now=NOON, expires_at=ends)
    browser = app.test_client()
    assert browser.post(f"/l/{token}").status_code == 303
    return browser


def test_while_the_doors_are_open_her_list_says_where_to_join(app, ada, browse_as):
    soon = make.booking(participant=ada, session=make.session(starts_at=NOON + MINUTES_TO_GO))
    make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=1)))

    signed_in = browse_as(ada).get("/classes/").text
    by_link = by_the_mail(app, ada).get("/classes/").text

    assert signed_in.count("Join the class") == 1
    assert f'href="/class/{soon.id}/"' in signed_in
    assert "Join the class" not in by_link
    assert by_link.count("The doors are open.") == 1
    assert "Open the link in your newest mail" in by_link


@pytest.mark.parametrize(
    ("ahead", "day", "hour"),
    [
        pytest.param(timedelta(hours=27), True, True, id="a day ahead: both"),
        pytest.param(timedelta(hours=25), False, True, id="less than a day: the hour's"),
        pytest.param(timedelta(minutes=70), False, False, id="about an hour: none"),
    ],
)
def test_only_the_reminders_that_will_come_are_promised(ada, browse_as, ahead, day, hour):
    session = make.session(starts_at=NOON + ahead)

    page = browse_as(ada).post(f"/classes/{session.id}/book", follow_redirects=True).text

    assert "What happens next" in page
    assert ("We remind you on Tuesday 24 November, 16:00" in page) is day
    assert ("We remind you on" in page) is (day or hour)
    assert ("We remind you on Wednesday 25 November" in page) is hour


def test_after_a_change_no_reminder_is_promised_that_the_mail_about_it_replaces(ada, browse_as):
    starts_at = NOON + timedelta(hours=24, minutes=30)
    hour = make.session(starts_at=starts_at, changed_at=NOON - timedelta(minutes=5))
    held = make.booking(participant=ada, session=hour, booked_at=NOON - timedelta(days=9))

    page = browse_as(ada).get(f"/classes/bookings/{held.id}").text

    assert "We remind you on Tuesday" not in page
    assert "We remind you on Wednesday 25 November, 12:30" in page


def test_a_reminder_that_she_does_not_want_is_not_promised(ada, browse_as):
    session = make.session(starts_at=NOON + timedelta(hours=27))
    wishes.choose(ada, way=Way.PAGE, now=NOON, by=ada.account_id, day_before=False)
    db.session.commit()

    page = browse_as(ada).post(f"/classes/{session.id}/book", follow_redirects=True).text

    assert "We remind you on Tuesday" not in page
    assert "We remind you on Wednesday 25 November, 15:00" in page


def test_what_does_not_fit_her_week_says_so_and_has_no_button(ada, browse_as):
    for days in (1, 2):
        make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=days)))
    over = make.session(starts_at=NOON + timedelta(days=3))
    free = make.session(starts_at=NOON + timedelta(days=8))

    page = browse_as(ada).get("/classes/").text

    assert "You have your classes of this kind for that week." in page
    assert f"/classes/{over.id}/book" not in page
    assert f"/classes/{free.id}/book" in page
    answer = browse_as(ada).post(f"/classes/{over.id}/book")
    assert answer.status_code == 409
    assert "Move one of them" in answer.text


def test_a_place_is_moved_from_the_page_in_one_step(ada, browse_as):
    booking = make.booking(participant=ada)
    free = make.session(starts_at=NOON + timedelta(days=2))
    full = make.session(starts_at=NOON + timedelta(days=3), places=1)
    make.booking(session=full)
    browser, here = browse_as(ada), f"/classes/bookings/{booking.id}"

    assert f"{here}/move" in browser.get(f"{here}/cancel").text
    page = browser.get(f"{here}/move").text
    assert f"{here}/move/{free.id}" in page
    assert str(full.id) not in page
    db.session.expire_all()
    assert booking.is_live  # looking changes nothing

    answer = browser.post(f"{here}/move/{free.id}", follow_redirects=True)
    assert "Your place is booked" in answer.text
    assert "Thursday 26 November, 13:00" in answer.text
    db.session.expire_all()
    assert [row.session_id for row in bookings() if row.is_live and row.participant is ada] == [
        free.id
    ]


def test_where_nothing_is_free_the_place_is_kept(ada, browse_as):
    booking = make.booking(participant=ada)
    page = browse_as(ada).get(f"/classes/bookings/{booking.id}/move").text
    assert "There is no other class of this kind" in page
    assert "Keep my place" in page


def test_who_gives_a_place_back_late_is_told_before(ada, browse_as, clock):
    booking = make.booking(participant=ada)
    address = f"/classes/bookings/{booking.id}/cancel"
    assert "back late" not in browse_as(ada).get(address).text
    clock.moment = booking.session.starts_at - timedelta(minutes=90)
    assert "back late" in browse_as(ada).get(address).text


def test_nobody_moves_somebody_elses_place(ada, browse_as):
    booking, free = make.booking(), make.session(starts_at=NOON + timedelta(days=2))
    address = f"/classes/bookings/{booking.id}/move"
    assert browse_as(ada).get(address).status_code == 404
    assert browse_as(ada).post(f"{address}/{free.id}").status_code == 404
    owner = browse_as(booking.participant)
    assert owner.get(address).status_code == 200
    assert owner.post(f"{address}/{free.id}").status_code == 303


@pytest.mark.parametrize(
    ("reads", "given", "said"),
    [("nl", "en", "Gegeven in het Engels"), ("en", "nl", "Given in Dutch"), ("en", "en", "")],
)
def test_the_language_of_a_class_is_named_in_the_readers_own(app, browse_as, reads, given, said):
    her = make.participant(language=reads)
    booking = make.booking(participant=her, session=make.session(language=given))
    make.session(language=given, starts_at=NOON + timedelta(days=4))

    for address, times in (("/classes/", 2), (f"/classes/bookings/{booking.id}", 1)):
        page = browse_as(her).get(address).text
        assert page.count(said or "Given in") == (times if said else 0)


def test_the_deadline_is_named_before_and_what_was_late_is_said_after(ada, browse_as, clock):
    session = make.session(starts_at=NOON + timedelta(hours=5))
    booking = make.booking(participant=ada, session=session)
    browser, address = browse_as(ada), f"/classes/bookings/{booking.id}"
    assert (
        "please give your place back before Tuesday 24 November, 16:00" in browser.get(address).text
    )
    page = browser.get(f"{address}/cancel").text
    assert "Until Tuesday 24 November, 16:00 it is in good time." in page
    assert "late. That is better" not in page

    clock.moment = NOON + timedelta(hours=4)
    assert "please give your place back before" not in browser.get(address).text
    page = browser.get(f"{address}/cancel").text
    assert "it is in good time" not in page
    assert "We write down that you gave your place back late." in page
    page = browser.post(f"{address}/cancel", follow_redirects=True).text
    assert "We wrote down that you gave it back late." in page


def test_a_place_given_back_in_good_time_is_not_called_late(ada, browse_as):
    booking = make.booking(participant=ada)
    address = f"/classes/bookings/{booking.id}/cancel"
    page = browse_as(ada).post(address, follow_redirects=True).text
    assert "You have given your place back" in page
    assert "gave it back late" not in page


def test_two_classes_at_one_time_are_marked_on_each_of_her_pages_and_at_the_desk(ada, browse_as):
    first = make.booking(participant=ada)
    half_an_hour_later = first.session.starts_at + timedelta(minutes=30)
    other = make.session(starts_at=half_an_hour_later + timedelta(hours=3))
    second = make.booking(participant=ada, session=other)
    browser, desk = browse_as(ada), browse_as(make.staff(Role.COORDINATOR))
    her_page = f"/staff/people/{ada.id}/"
    marks = "You have another class at this time:"
    assert marks not in browser.get("/classes/").text, "control: they lie apart"
    assert "two at one time" not in desk.get(her_page).text

    other.starts_at, other.ends_at = half_an_hour_later, half_an_hour_later + timedelta(hours=1)
    db.session.commit()
    listed = browser.get("/classes/").text
    assert listed.count(marks) == 2
    assert f"{marks} Wednesday 25 November, 13:30. Please move one of the two" in listed
    for booking in (first, second):
        page = browser.get(f"/classes/bookings/{booking.id}").text
        assert marks in page
        assert f"/classes/bookings/{booking.id}/move" in page
    assert desk.get(her_page).text.count("two at one time") == 2

    browser.post(f"/classes/bookings/{second.id}/cancel")
    assert marks not in browser.get("/classes/").text
    assert "two at one time" not in desk.get(her_page).text


def test_undo_sends_the_end_of_one_entry_and_a_new_one_and_revives_nothing(ada, browse_as):
    booking = make.booking(participant=ada)
    uid, browser = booking.calendar_uid, browse_as(ada)
    page = browser.post(f"/classes/bookings/{booking.id}/cancel", follow_redirects=True).text
    [undo] = UNDO.findall(page)
    browser.post(undo)
    old, new = bookings()
    assert (old.calendar_uid, old.is_live, new.is_live) == (uid, False, True)
    assert new.calendar_uid != uid
    kinds = sa.select(Message.kind).order_by(Message.kind)
    assert db.session.scalars(kinds).all() == ["booking_cancelled", "booking_confirmed"]
