"""The file of a feed, read by the same readers as the invitations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from icalendar import Calendar

from remote_training.calendars.feed import Item, published
from tests.nasty import CORPUS
from tests.servers import calendar_gate
from tests.servers.calendar_gate import pass_gate

BEGIN = datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
ONE = Item(
    uid="0123456789abcdef@trial.example.org",
    sequence=3,
    changed_at=BEGIN - timedelta(days=9),
    starts_at=BEGIN,
    ends_at=BEGIN + timedelta(minutes=45),
    summary="Training class",
    description="Sunday 29 March 2026, 10:00 to 10:45, Amsterdam time.\nRing; or mail, or both\\.",
    location="https://trial.example.org/class/0123456789abcdef0123456789abcdef0123456789/",
    is_cancelled=False,
)


def written(*items: Item) -> bytes:
    return published(items, name="Training classes", organizer="classes@trial.example.org")


def test_every_reader_takes_the_file_and_sees_the_same_moments():
    off = replace(ONE, uid="another-entry@x.org", is_cancelled=True, location=None)
    content = written(ONE, off)

    pass_gate(content)

    spans = sorted(calendar_gate.by_ical_js(content))
    assert spans == [(ONE.starts_at, ONE.ends_at)] * 2


def test_what_the_file_says_is_what_was_meant():
    calendar = Calendar.from_ical(written(ONE))
    (event,) = calendar.walk("VEVENT")

    assert (calendar["METHOD"], calendar["NAME"]) == ("PUBLISH", "Training classes")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H" in written(ONE)
    assert event["UID"] == ONE.uid
    assert event["SEQUENCE"] == 3
    assert str(event["DESCRIPTION"]) == ONE.description
    assert str(event["LOCATION"]) == ONE.location
    assert (event["STATUS"], event["CLASS"]) == ("CONFIRMED", "PRIVATE")
    assert event["DTSTAMP"].dt == ONE.changed_at
    assert "ATTENDEE" not in event


def test_a_feed_without_entries_is_a_calendar_too():
    calendar = Calendar.from_ical(written())

    assert calendar.walk("VEVENT") == []
    assert calendar["METHOD"] == "PUBLISH"


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_no_text_begins_a_line_of_its_own(text):
    nasty = replace(ONE, summary=f"x{text}", description=f"x{text}")
    content = written(nasty)

    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert "ATTENDEE" not in event
    assert not calendar_gate.problems(content, quick=True)


def test_a_long_line_is_folded_between_signs():
    content = written(replace(ONE, description="Größe " * 60))

    assert max(map(len, content.split(b"\r\n"))) <= 75
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert str(event["DESCRIPTION"]) == ("Größe " * 60).strip()


def test_a_moment_of_another_zone_is_written_in_utc_and_a_naive_one_refused():
    there = ONE.starts_at.astimezone(timezone(timedelta(hours=11)))

    assert written(replace(ONE, starts_at=there)) == written(ONE)
    with pytest.raises(ValueError, match="must know its zone"):
        written(replace(ONE, starts_at=ONE.starts_at.replace(tzinfo=None)))
