"""A person's own feed: current, private, and gone when it is taken away."""

from __future__ import annotations

import io
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from prometheus_client import generate_latest

from remote_training.accounts import feeds, tokens
from remote_training.accounts import service as accounts
from remote_training.accounts.models import Link, LinkKind, Role
from remote_training.audit.models import Entry
from remote_training.bookings import service
from remote_training.core.crypto import token_hash
from remote_training.core.db import db
from remote_training.operations import logs
from tests import make
from tests.fakes import NOON
from tests.servers.calendar_gate import by_ical_js, by_vobject, pass_gate

TELLTALE = ("Ada", "Byron", "Tess", "Eve", "neuropathy", "Hands", "exercise", "T0", "@example.org")


@pytest.fixture
def ada(app):
    return make.participant(contact=make.contact(name="Ada Byron"))


@pytest.fixture
def tess(app):
    return make.trainer(contact=make.contact(name="Tess Trainer"))


def path(who):
    """Make a feed for somebody; the path that gives it."""
    account_id = getattr(who, "account_id", who.id)
    address = feeds.make(account_id, now=NOON)
    db.session.commit()
    return address.removeprefix("http://localhost")


def made(browser, address, **typed):
    """Press the button that makes a calendar address; the page that shows it."""
    return browser.post(address, data={"alarm": "1"} | typed, follow_redirects=True)


def address_on(page):
    """The calendar address that a page shows, without the host."""
    return page.text.split('value="http://localhost', 1)[1].split('"', 1)[0]


def entries(answer):
    return Calendar.from_ical(answer.data).walk("VEVENT")


def booked(who, **changes):
    """A class of hers that every checker of the booking rules has let pass."""
    session = make.session(module="neuropathy", **changes)
    booking = service.book(who, session, now=NOON, by=None)
    db.session.commit()
    return booking


# ------------------------------------------------------------- what it says


def test_her_feed_has_her_classes_as_her_invitations_have_them(ada, tess, browser):
    booking = booked(ada, trainer=tess)
    other = make.participant(contact=make.contact(name="Eve Moore"))
    booked(other, trainer=tess)

    answer = browser.get(path(ada))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = entries(answer)
    assert event["UID"] == booking.calendar_uid
    assert event["SEQUENCE"] == booking.sequence == 0
    assert event["DTSTART"].dt == booking.session.starts_at
    assert event["DTEND"].dt == booking.session.ends_at
    assert event["SUMMARY"] == "Training class"
    assert event["LOCATION"] == f"http://localhost/class/{booking.id}/"
    pass_gate(answer.data)


def test_nobody_and_no_health_word_stands_in_it(ada, tess, browser):
    booked(ada, trainer=tess)
    booked(make.participant(contact=make.contact(name="Eve Moore")), trainer=tess)

    for feed in (path(ada), path(tess)):
        text = browser.get(feed).text
        assert [word for word in TELLTALE if word in text] == []
        assert "ATTENDEE" not in text
        assert "/l/" not in text
        assert feed not in text
        assert text.count("mailto:") == text.count("mailto:classes@trial.example.org") > 0


def test_a_trainer_sees_each_class_once_however_many_come(tess, ada, browser):
    hour = make.session(trainer=tess)
    make.session()  # of another trainer
    for who in (ada, make.participant()):
        make.booking(participant=who, session=hour)

    answer = browser.get(path(tess))

    (event,) = entries(answer)
    assert event["DTSTART"].dt == hour.starts_at
    assert event["LOCATION"] == f"http://localhost/staff/classes/{hour.id}/"
    pass_gate(answer.data)


def test_the_place_is_a_page_that_lets_nobody_in_by_itself(ada, browser, browse_as):
    booked(ada)
    (event,) = entries(browser.get(path(ada)))
    place = event["LOCATION"].removeprefix("http://localhost")

    stranger = browser.get(place)
    assert stranger.status_code == 401
    assert "Each of our mails about the class has the link that brings you in." in stranger.text
    assert "Send me my link" in stranger.text
    assert "Ada" not in stranger.text
    assert browse_as(ada).get(place).status_code == 200


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Melbourne", "Australia/Perth"])
@pytest.mark.parametrize("on", ["2026-03-28", "2026-03-29", "2026-04-05", "2026-10-25"])
def test_readers_agree_on_the_instant_on_days_when_the_clock_changes(app, browser, clock, zone, on):
    starts_at = NOON.fromisoformat(f"{on}T10:00").replace(tzinfo=ZoneInfo(zone))
    clock.moment = starts_at - timedelta(days=1)
    her = make.participant(zone=zone)
    make.booking(participant=her, session=make.session(starts_at=starts_at))

    answer = browser.get(path(her))

    assert by_ical_js(answer.data) == by_vobject(answer.data)
    assert by_vobject(answer.data)[0][0] == starts_at
    assert "10:00 to 11:00" in Calendar.from_ical(answer.data).walk("VEVENT")[0]["DESCRIPTION"]


def test_it_speaks_her_language_and_her_zone(browser, app):
    her = make.participant(language="nl", zone="Australia/Melbourne")
    make.booking(participant=her)

    (event,) = entries(browser.get(path(her), headers={"Accept-Language": "en"}))

    assert event["SUMMARY"] == "Trainingsles"
    assert event["DESCRIPTION"].startswith("woensdag 25 november 2026, 23:00")


# ------------------------------------------- cancelled, called off, and long ago


def test_a_place_given_back_is_shown_as_cancelled_for_two_weeks_and_then_gone(ada, browser, clock):
    booking = booked(ada, starts_at=NOON + timedelta(days=30))
    kept = booked(ada, starts_at=NOON + timedelta(days=38))
    feed = path(ada)
    service.cancel(booking, now=NOON, by=None)
    db.session.commit()

    first, second = entries(browser.get(feed))

    assert (first["UID"], first["STATUS"], first["SEQUENCE"]) == (
        booking.calendar_uid, "CANCELLED", 1,
    )  # fmt: skip
    assert "LOCATION" not in first
    assert (second["UID"], second["STATUS"]) == (kept.calendar_uid, "CONFIRMED")
    clock.forward(days=13, hours=23)
    assert len(entries(browser.get(feed))) == 2
    clock.forward(days=1, hours=1)
    assert [event["UID"] for event in entries(browser.get(feed))] == [kept.calendar_uid]


def test_a_class_called_off_is_cancelled_for_her_and_for_its_trainer(ada, tess, browser, clock):
    booking = booked(ada, trainer=tess, starts_at=NOON + timedelta(days=20))
    hers, trainers = path(ada), path(tess)
    service.call_off(booking.session, now=NOON, by=None, reason="The trainer is ill")
    db.session.commit()

    for feed in (hers, trainers):
        answer = browser.get(feed)
        (event,) = entries(answer)
        assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
        pass_gate(answer.data)
    clock.forward(days=16)
    assert entries(browser.get(hers)) == entries(browser.get(trainers)) == []


def test_booked_again_it_is_a_new_entry_beside_the_cancelled_one(ada, browser):
    booking = booked(ada)
    service.cancel(booking, now=NOON, by=None)
    again = service.book(ada, booking.session, now=NOON, by=None)
    db.session.commit()

    told = {event["UID"]: event["STATUS"] for event in entries(browser.get(path(ada)))}

    assert told == {booking.calendar_uid: "CANCELLED", again.calendar_uid: "CONFIRMED"}


def test_what_is_past_stays_for_four_weeks(ada, browser, clock):
    booked(ada)
    feed = path(ada)

    clock.forward(days=28)
    assert len(entries(browser.get(feed))) == 1
    clock.forward(days=3)
    assert entries(browser.get(feed)) == []


# ------------------------------------------------------------------ 304


def test_what_is_there_already_is_not_sent_again(ada, browser):
    booking = booked(ada)
    feed = path(ada)
    first = browser.get(feed)
    known = {"If-None-Match": first.headers["ETag"]}
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    for headers in (known, since, known | since):
        again = browser.get(feed, headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == "private"
    service.cancel(booking, now=NOON + timedelta(minutes=1), by=None)
    db.session.commit()
    for headers in (known, since, known | since):
        assert browser.get(feed, headers=headers).status_code == 200


def test_a_new_class_and_one_called_off_are_news_to_a_program_that_knows_only_the_date(
    tess, browser, clock
):
    hour = make.session(trainer=tess)
    feed = path(tess)
    for change in (
        lambda: make.session(trainer=tess, changed_at=clock()),
        lambda: service.call_off(hour, now=clock(), by=None, reason="ill"),
    ):
        since = {"If-Modified-Since": browser.get(feed).headers["Last-Modified"]}
        assert browser.get(feed, headers=since).status_code == 304
        clock.forward(minutes=1)
        change()
        db.session.commit()
        assert browser.get(feed, headers=since).status_code == 200


def test_an_entry_that_time_took_away_is_news_too(ada, browser, clock):
    booked(ada)
    feed = path(ada)
    clock.forward(days=28)
    since = {"If-Modified-Since": browser.get(feed).headers["Last-Modified"]}
    clock.forward(days=3)

    answer = browser.get(feed, headers=since)

    assert (answer.status_code, entries(answer)) == (200, [])


# ------------------------------------------------------- made, ended, unknown


def test_she_makes_it_by_a_button_sees_its_address_once_and_takes_it_away(ada, browse_as, browser):
    booked(ada)
    hers = browse_as(ada)
    assert "Make a calendar address" in hers.get("/home/").text

    page = made(hers, "/home/calendar").text

    address = page.split('value="http://localhost', 1)[1].split('"', 1)[0]
    assert f'href="webcal://localhost{address}"' in page
    assert "What a mail says is right." in page
    assert len(entries(browser.get(address))) == 1
    assert address not in hers.get("/home/").text
    assert "Take the address away" in hers.get("/home/").text
    assert hers.post("/home/calendar/end").status_code == 303
    assert browser.get(address).status_code == 410
    assert "Make a calendar address" in hers.get("/home/").text


def test_a_trainer_makes_one_too_and_nobody_else_of_the_team(tess, browse_as, browser):
    make.session(trainer=tess)
    trainer, coordinator = browse_as(tess), browse_as(make.staff(Role.COORDINATOR))
    assert "Classes in your own calendar" in trainer.get("/staff/me/").text
    assert "Classes in your own calendar" not in coordinator.get("/staff/me/").text

    page = made(trainer, "/staff/me/calendar").text

    address = page.split('value="http://localhost', 1)[1].split('"', 1)[0]
    assert len(entries(browser.get(address))) == 1
    assert coordinator.post("/staff/me/calendar").status_code == 403
    assert trainer.post("/staff/me/calendar/end").status_code == 303
    assert browser.get(address).status_code == 410


def test_a_new_address_ends_the_one_before(ada, browser):
    old, new = path(ada), path(ada)

    assert browser.get(old).status_code == 410
    assert browser.get(new).status_code == 200
    actions = [entry.action for entry in db.session.query(Entry).order_by(Entry.at)]
    assert actions.count("accounts.make_feed") == 2
    assert actions.count("accounts.end_feed") == 1


def test_only_a_hash_of_it_is_kept(ada):
    token = path(ada).removeprefix("/calendar/").removesuffix(".ics")

    link = db.session.query(Link).filter_by(kind=LinkKind.CALENDAR).one()

    assert len(token) == 43
    assert link.token_hash == token_hash(token)
    assert token not in repr(vars(link))


def test_who_has_left_the_trial_or_the_team_is_told_that_it_is_gone(ada, tess, browser):
    hers, trainers = path(ada), path(tess)
    assert browser.get(hers).status_code == browser.get(trainers).status_code == 200

    ada.withdrawn_on = NOON.date()
    accounts.deactivate(tess, now=NOON, by=None, reason="left")
    db.session.commit()

    assert browser.get(hers).status_code == browser.get(trainers).status_code == 410
    accounts.activate(tess, now=NOON, by=None, reason="came back")
    db.session.commit()
    assert browser.get(trainers).status_code == 410


def test_who_gives_no_classes_any_more_has_no_feed(tess, browser):
    feed = path(tess)
    assert browser.get(feed).status_code == 200
    (grant,) = db.session.query(accounts.Grant).filter_by(account_id=tess.id)

    accounts.revoke(grant, now=NOON, by=None, reason="now a researcher")
    db.session.commit()

    assert browser.get(feed).status_code == 410


def test_an_address_that_never_was_and_a_link_of_another_kind_are_not_found(ada, browser):
    link = tokens.mint(LinkKind.BOOKINGS, ada.account_id, now=NOON)
    db.session.commit()
    feed = path(ada)

    assert browser.get(feed).status_code == 200
    for other in (feed.replace(".ics", "x.ics"), f"/calendar/{link}.ics", "/calendar/x.ics"):
        assert browser.get(other).status_code == 404, other
    assert browser.get(feed.removesuffix(".ics")).status_code == 404
    assert browser.get(f"/l/{link}").status_code == 200


def test_the_address_of_a_feed_opens_no_page(ada, browser):
    token = path(ada).removeprefix("/calendar/").removesuffix(".ics")

    assert browser.get(f"/l/{token}").status_code == 404
    assert browser.post(f"/l/{token}").status_code == 404
    assert browser.get("/classes/").status_code == 401


def test_a_page_loaded_again_makes_no_other_address(ada, tess, browse_as, browser):
    booked(ada, trainer=tess)
    for who, where in ((ada, "/home/calendar"), (tess, "/staff/me/calendar")):
        theirs = browse_as(who)
        answer = theirs.post(where, data={"alarm": "1"})
        assert (answer.status_code, answer.location) == (303, where)
        first, again = theirs.get(where), theirs.get(where)
        assert first.status_code == again.status_code == 200
        assert address_on(first) == address_on(again)
        assert len(entries(browser.get(address_on(first)))) == 1
        assert (
            db.session.query(Link).filter_by(kind=LinkKind.CALENDAR, revoked_at=None).count() == 1
        )
        assert theirs.post(f"{where}/end").status_code == 303
    # the button pressed once more does make another: that is what it is for
    assert address_on(made(theirs, where)) != address_on(first)


def test_the_page_shows_the_address_for_a_quarter_of_an_hour_and_to_nobody_else(
    ada, browse_as, clock
):
    hers, where = browse_as(ada), "/home/calendar"
    assert hers.get(where).location == "/home/"
    assert "webcal://" in made(hers, where).text
    with hers.session_transaction() as cookie:
        carried = cookie["calendar"]
    assert "calendar/" not in carried
    assert "webcal" not in carried
    other = browse_as(make.participant())
    with other.session_transaction() as cookie:
        cookie["calendar"] = carried
    assert other.get(where).location == "/home/"
    clock.forward(minutes=14)
    assert "webcal://" in hers.get(where).text
    clock.forward(minutes=2)
    assert hers.get(where).location == "/home/"


def test_an_address_that_was_taken_away_is_not_shown_any_more(ada, browse_as):
    hers = browse_as(ada)
    made(hers, "/home/calendar")
    assert hers.get("/home/calendar").status_code == 200

    feeds.take_away(ada.account_id, now=NOON)
    db.session.commit()

    assert hers.get("/home/calendar").location == "/home/"


# ------------------------------------------------------------------ alarms


def alarms(answer):
    return [
        [
            (alarm["ACTION"], alarm["TRIGGER"].dt, alarm["DESCRIPTION"])
            for alarm in event.walk("VALARM")
        ]
        for event in entries(answer)
    ]


def test_a_class_to_come_rings_an_hour_before_and_one_that_is_over_or_cancelled_does_not(
    ada, tess, browser, clock
):
    booked(ada, trainer=tess)
    off = booked(ada, starts_at=NOON + timedelta(days=9))
    booked(ada, trainer=tess, starts_at=NOON + timedelta(days=16))
    service.cancel(off, now=NOON, by=None)
    db.session.commit()
    hers, trainers = path(ada), path(tess)
    rings = [("DISPLAY", -timedelta(hours=1), "Training class")]

    assert alarms(browser.get(hers)) == [rings, [], rings]
    assert alarms(browser.get(trainers)) == [rings, rings]
    pass_gate(browser.get(hers).data)
    clock.forward(days=2)
    assert alarms(browser.get(hers)) == [[], [], rings], "a new program would ring for the past"


def test_who_wants_no_alarm_says_so_where_the_address_is_made(ada, browse_as, browser):
    booked(ada)
    hers = browse_as(ada)
    assert 'name="alarm" value="1" checked' in hers.get("/home/").text

    with_one = address_on(made(hers, "/home/calendar"))
    assert alarms(browser.get(with_one)) != [[]]
    without = address_on(hers.post("/home/calendar", follow_redirects=True))

    answer = browser.get(without)
    assert alarms(answer) == [[]]
    pass_gate(answer.data)
    assert answer.headers["ETag"] != browser.get(without.partition("?")[0]).headers["ETag"]


# ------------------------------------------------------------- cost and traces


@pytest.mark.parametrize("whose", ["participant", "trainer"])
def test_it_costs_three_statements_however_much_is_in_it(ada, tess, browser, count_queries, whose):
    feed = path(ada if whose == "participant" else tess)

    def cost():
        db.session.rollback()
        count_queries.clear()
        assert browser.get(feed).status_code == 200
        return sum(not statement.startswith("BEGIN") for statement in count_queries)

    make.booking(participant=ada, session=make.session(trainer=tess))
    few = cost()
    for n in range(2, 30):
        hour = make.session(trainer=tess, starts_at=NOON + timedelta(days=n))
        make.booking(participant=ada, session=hour)
    assert cost() == few == 3


def test_the_address_stands_in_no_log_and_in_no_metric(ada, browser):
    feed, written = path(ada), io.StringIO()
    token = feed.removeprefix("/calendar/").removesuffix(".ics")
    logs.configure(written)
    try:
        assert browser.get(feed).status_code == 200
        assert browser.get(f"{feed[:-4]}x.ics").status_code == 404
    finally:
        logs.configure()

    assert written.getvalue().count("/calendar/<feed_token>.ics") == 2
    assert token not in written.getvalue()
    metrics = generate_latest().decode()
    assert "/calendar/<feed_token>.ics" in metrics
    assert token not in metrics


def test_the_page_with_her_address_names_the_numbers_of_her_own_site(app, browse_as):
    there = make.site("melbourne")
    page = made(browse_as(make.participant(site=there)), "/home/calendar").text
    foot = page.rsplit("Do you need help?", 1)[1]
    assert there.phone in foot
    assert "ring 000 first" in foot
    assert "112" not in foot
