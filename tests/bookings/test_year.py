"""A year of a weekly class in Amsterdam, for women in six zones: all that tells a time agrees.

Times and zones are read out of the words, as a person does, and set against the clock on the
wall by another library than ours; instants are read out of the files by two readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
from dateutil import tz
from flask import Flask
from icalendar import Calendar

from remote_training.accounts import feeds
from remote_training.bookings import service
from remote_training.bookings.models import Booking
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.classes.plan import Plan
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.participants.models import Participant
from remote_training.reminders import jobs
from tests import make
from tests.fakes import NOON
from tests.servers.browser import ical_js
from tests.servers.calendar_gate import by_vobject

AMSTERDAM = "Europe/Amsterdam"
CITIES = {
    "Amsterdam": AMSTERDAM,
    "Warsaw": "Europe/Warsaw",
    "Stockholm": "Europe/Stockholm",
    "Madrid": "Europe/Madrid",
    "Melbourne": "Australia/Melbourne",
    "Perth": "Australia/Perth",
}
FIRST, LAST, AT = date(2026, 11, 29), date(2027, 12, 26), time(23, 30)  # Sundays: over midnight
CHANGES = (date(2027, 3, 28), date(2027, 4, 4), date(2027, 10, 3), date(2027, 10, 31))
DAYS = [
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag",
]  # fmt: skip
MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
    "oktober", "november", "december",
]  # fmt: skip
MOMENT = re.compile(
    rf"({'|'.join(DAYS)}) (\d+) ({'|'.join(MONTHS)})(?: (\d{{4}}))?, (\d\d:\d\d)", re.IGNORECASE
)
CITY = re.compile(rf"\b({'|'.join(CITIES)})\b")

pytestmark = pytest.mark.timeout(300)


def on_the_wall(day: date, at: time, zone: str) -> datetime:
    """The instant at which a clock there shows this, by dateutil."""
    return datetime.combine(day, at, tzinfo=tz.gettz(zone)).astimezone(UTC)


def told(text: str) -> Iterator[datetime]:
    """The instants that words tell: a day with its weekday, a time, and the zone named next."""
    for found in MOMENT.finditer(text):
        weekday, number, month, year, clock = found.groups()
        city = CITY.search(text, found.end())
        assert city is not None, f"no zone is named after {found.group()}"
        assert city.start() - found.end() < 40, text[found.start() : city.end()]
        month_number = MONTHS.index(month.lower()) % 12 + 1
        years = [int(year)] if year else [2026, 2027, 2028]
        days = [date(one, month_number, int(number)) for one in years]
        (day,) = [day for day in days if day.weekday() == DAYS.index(weekday.lower()) % 7]
        yield on_the_wall(day, time.fromisoformat(clock), CITIES[city.group(1)])


def plain(html: str) -> str:
    """What a page or mail says, without its markup."""
    html = re.sub(r"<(style|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r'<span class="visually-hidden">.*?</span>', " ", html)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def text_of(mail: EmailMessage, kind: str) -> str:
    return str(next(p for p in mail.walk() if p.get_content_type() == f"text/{kind}").get_content())


def files_of(mail: EmailMessage) -> list[bytes]:
    """The calendar file of a mail, as it stands inline and attached."""
    kinds = ("text/calendar", "application/ics")
    found = [p.get_payload(decode=True) for p in mail.walk() if p.get_content_type() in kinds]
    return [content for content in found if isinstance(content, bytes)]


def together(files: list[bytes]) -> bytes:
    """The entries of many files, untouched, in one: a reader starts once for all of them."""
    events = [re.search(rb"BEGIN:VEVENT.*END:VEVENT\r\n", one, re.DOTALL) for one in files]
    blocks = [found.group() for found in events if found is not None]
    assert len(blocks) == len(files)
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"
    return head + b"".join(blocks) + b"END:VCALENDAR\r\n"


def read_by_ical_js(content: bytes) -> list[tuple[str, datetime, datetime]]:
    return [
        (event["uid"], *(datetime.fromisoformat(event[n]) for n in ("starts_at", "ends_at")))
        for event in ical_js(content)["events"]
    ]


@pytest.fixture
def women(app: Flask) -> Iterator[dict[str, Participant]]:
    """One woman in each zone, in a study without an end; she in Amsterdam reads Dutch."""
    shipped = app.extensions["study"]
    endless = shipped.booking.model_copy(update={"programme_weeks": None})
    loud = shipped.reminders.model_copy(update={"quiet_from": time(23, 59), "quiet_until": time(0)})
    app.extensions["study"] = shipped.model_copy(update={"booking": endless, "reminders": loud})
    yield {
        city: make.participant(zone=zone, language="nl" if zone == AMSTERDAM else "en")
        for city, zone in CITIES.items()
    }
    app.extensions["study"] = shipped


@pytest.fixture
def hours(women: Any) -> list[Session]:
    """The class hours of the year, each at the instant that a clock in Amsterdam tells."""
    trainer = make.trainer(zone=AMSTERDAM)
    plan = Plan(
        site=make.site(), trainer=trainer, module="base", language="en", zone=AMSTERDAM,
        weekdays=[6], wall_time=AT, minutes=60, places=12, first_on=FIRST, last_on=LAST,
    )  # fmt: skip
    series = classes.offer(plan, now=NOON, by=None)
    found = db.session.query(Session).filter_by(series_id=series.id).order_by(Session.starts_at)
    sundays = [FIRST + timedelta(weeks=n) for n in range(57)]
    assert [hour.starts_at for hour in found] == [on_the_wall(on, AT, AMSTERDAM) for on in sundays]
    assert set(CHANGES) <= set(sundays)
    return found.all()


def test_mails_pages_feeds_and_files_tell_one_instant_all_year(
    app, women, hours, mailbox, clock, browser, browse_as
):
    booked = {
        city: [service.book(her, hour, now=NOON, by=None) for hour in hours]
        for city, her in women.items()
    }
    db.session.commit()
    world = app.extensions["outside"]
    outbox.deliver("w", world)
    assert len(mailbox.sent) == 57 * len(CITIES)
    for city, her in women.items():
        _check_pages(browse_as(her), booked[city])
        _check_feed(browser, her.account_id, {b.calendar_uid: b for b in booked[city]})
    _check_trainers_feed(browser, hours)

    for n, hour in enumerate(hours):
        if min(abs((hour.on_date - change).days) for change in CHANGES) > 7:
            continue
        for before in (timedelta(hours=23), timedelta(minutes=50)):
            clock.moment = hour.starts_at - before
            jobs.plan(clock())
            outbox.deliver("w", world)
        for bookings in booked.values():
            service.cancel(bookings[n], now=clock(), by=None)
        db.session.commit()
        outbox.deliver("w", world)
    assert len(mailbox.sent) == (57 + 3 * 10) * len(CITIES)
    for city, her in women.items():
        _check_mails(mailbox.to(her.contact.email), booked[city])


def _check_mails(mails: list[EmailMessage], booked: list[Booking]) -> None:
    """Subject, plain text and HTML of each mail, and both of its files; REQUEST and CANCEL."""
    by_uid = {one.calendar_uid: one.session for one in booked}
    files: list[bytes] = []
    kinds: set[str] = set()
    for mail in mails:
        session = by_uid[str(mail["References"]).strip("<>")]
        for words in (text_of(mail, "plain"), plain(text_of(mail, "html"))):
            assert set(told(words)) == {session.starts_at}, mail["Subject"]
        (city,) = set(CITY.findall(text_of(mail, "plain").split("\n--")[0]))
        assert list(told(f"{mail['Subject']} ({city})")) in ([session.starts_at], [])
        for content in files_of(mail):
            assert by_vobject(content) == [(session.starts_at, session.ends_at)]
            files.append(content)
            kinds.add(re.findall(r"METHOD:(\w+)", content.decode())[0])
    assert kinds == {"REQUEST", "CANCEL"}
    assert len(files) == 2 * (57 + 10)
    assert {
        (uid, by_uid[uid].starts_at, by_uid[uid].ends_at) for uid in by_uid
    } == set(read_by_ical_js(together(files)))  # fmt: skip


def _check_pages(page: Any, booked: list[Booking]) -> None:
    """The list of her classes, all year; and once a month the page of one class."""
    html = page.get("/classes/").text.split("<h2>")[0].split("<h1>")[1]
    instants = [one.session.starts_at for one in booked]
    assert list(told(plain(html))) == instants
    machine = [datetime.fromisoformat(at) for at in re.findall(r'<time datetime="([^"]*)"', html)]
    assert machine == instants
    for one in booked[::4]:
        card = page.get(f"/classes/bookings/{one.id}").text.split('class="card next"')[1]
        assert list(told(plain(f"<p {card.split('</div>')[0]}"))) == [one.session.starts_at]


def _check_feed(browser: Any, account_id: Any, by_uid: dict[str, Booking]) -> None:
    """Her feed, by two readers and by its own words."""
    content = _feed(browser, account_id)
    expected = {uid: one.session for uid, one in by_uid.items()}
    assert sorted(read_by_ical_js(content)) == sorted(
        (uid, session.starts_at, session.ends_at) for uid, session in expected.items()
    )
    assert sorted(by_vobject(content)) == sorted(
        (session.starts_at, session.ends_at) for session in expected.values()
    )
    for event in Calendar.from_ical(content).walk("VEVENT"):
        first = str(event["DESCRIPTION"]).split("\n")[0]
        assert list(told(first)) == [expected[str(event["UID"])].starts_at]


def _check_trainers_feed(browser: Any, hours: list[Session]) -> None:
    content = _feed(browser, hours[0].trainer_id)
    spans = [(hour.starts_at, hour.ends_at) for hour in hours]
    assert [(starts, ends) for _uid, starts, ends in read_by_ical_js(content)] == spans
    assert by_vobject(content) == spans


def _feed(browser: Any, account_id: Any) -> bytes:
    address = feeds.make(account_id, now=NOON)
    db.session.commit()
    return bytes(browser.get(address.removeprefix("http://localhost")).data)


@pytest.mark.parametrize(
    ("words", "instant"),
    [
        ("Sunday 28 March, 23:30 (Amsterdam time)", "2027-03-28T21:30+00:00"),
        ("zondag 31 oktober 2027, 23:30 tot 00:30, tijd in Amsterdam.", "2027-10-31T22:30+00:00"),
        ("Monday 4 October, 09:30 Melbourne time · 60 minutes", "2027-10-03T22:30+00:00"),
        ("Monday 5 April, 05:30 (Perth time)", "2027-04-04T21:30+00:00"),
    ],
)
def test_the_reader_of_words_reads_as_a_person_does(words, instant):
    assert list(told(words)) == [datetime.fromisoformat(instant)]
