"""Invitations and cancellations: what they hold, what they refuse, what nothing can break."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from remote_training.calendars.invitation import Entry, cancellation, new_uid, request
from remote_training.core.text import clean_line, clean_lines
from tests.nasty import CORPUS, nasty_text
from tests.servers.browser import ical_js
from tests.servers.calendar_gate import pass_gate

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LINK = "https://trial.example.org/l/k3Jd-9_xQ2"
UID = new_uid("trial.example.org")
ENTRY = Entry(
    uid=UID,
    sequence=0,
    starts_at=datetime(2026, 12, 1, 10, 0, tzinfo=AMSTERDAM),
    ends_at=datetime(2026, 12, 1, 10, 45, tzinfo=AMSTERDAM),
    summary="Training session",
    description="Tuesday 1 December, 10:00, Amsterdam time.\nHave your chair ready.",
    join_url=LINK,
    organizer="classes@trial.example.org",
    attendee="ada@example.org",
)


def lines(content: bytes) -> list[str]:
    """The properties of a file, unfolded, in order."""
    return content.decode().replace("\r\n ", "").split("\r\n")


def value(content: bytes, name: str) -> str | None:
    """The text of a property of the event, read by icalendar."""
    event = icalendar.Calendar.from_ical(content).walk("VEVENT")[0]
    return str(event[name]) if name in event else None


def test_a_request_as_it_is_written():
    assert lines(request(ENTRY, now=NOW)) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Remote Training//Remote Training//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "SUMMARY:Training session",
        "DTSTART:20261201T090000Z",
        "DTEND:20261201T094500Z",
        "DTSTAMP:20261124T120000Z",
        f"UID:{UID}",
        "SEQUENCE:0",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:ada@example.org",
        "CLASS:PRIVATE",
        f"CONFERENCE;FEATURE=AUDIO,VIDEO;LABEL=Training session;VALUE=URI:{LINK}",
        f"DESCRIPTION:{LINK}\\n\\nTuesday 1 December\\, 10:00\\, Amsterdam time.\\n"
        "Have your chair ready.",
        f"LOCATION:{LINK}",
        "ORGANIZER:mailto:classes@trial.example.org",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        f"URL:{LINK}",
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        "X-MICROSOFT-DISALLOW-COUNTER:TRUE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_cancellation_as_it_is_written_holds_no_link():
    assert lines(cancellation(replace(ENTRY, sequence=3), now=NOW)) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Remote Training//Remote Training//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:CANCEL",
        "BEGIN:VEVENT",
        "SUMMARY:Training session",
        "DTSTART:20261201T090000Z",
        "DTEND:20261201T094500Z",
        "DTSTAMP:20261124T120000Z",
        f"UID:{UID}",
        "SEQUENCE:3",
        "ATTENDEE;ROLE=REQ-PARTICIPANT:mailto:ada@example.org",
        "CLASS:PRIVATE",
        "DESCRIPTION:Tuesday 1 December\\, 10:00\\, Amsterdam time.\\nHave your chair ready.",
        "ORGANIZER:mailto:classes@trial.example.org",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


@pytest.mark.parametrize("make", [request, cancellation], ids=["a request", "a cancellation"])
def test_every_checker_takes_it(make):
    pass_gate(make(ENTRY, now=NOW))


def test_the_reader_of_thunderbird_sees_the_same_class():
    read = ical_js(request(ENTRY, now=NOW))

    assert read["method"] == "REQUEST"
    event = read["events"][0]
    assert (event["starts_at"], event["ends_at"]) == (
        "2026-12-01T09:00:00.000Z",
        "2026-12-01T09:45:00.000Z",
    )
    assert (event["uid"], event["sequence"], event["status"]) == (UID, 0, "CONFIRMED")
    assert event["location"] == event["url"] == event["description"].split("\n")[0] == LINK
    assert event["attendees"] == ["mailto:ada@example.org"]
    assert event["organizer"] == "mailto:classes@trial.example.org"


def test_without_a_link_there_is_no_place():
    content = request(replace(ENTRY, join_url=None, description=""), now=NOW)

    assert not {"LOCATION", "URL", "CONFERENCE", "DESCRIPTION"} & {
        line.split(":")[0].split(";")[0] for line in lines(content)
    }
    pass_gate(content, quick=True)


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        pytest.param((2026, 7, 15), 8, id="ten o'clock in Amsterdam in summer is 8 in UTC"),
        pytest.param((2026, 12, 15), 9, id="and 9 in winter"),
        pytest.param((2026, 3, 29), 8, id="on the day on which summer time begins, 8"),
        pytest.param((2026, 10, 25), 9, id="on the day on which it ends, 9"),
    ],
)
def test_the_moment_is_right_on_both_sides_of_a_change_of_the_clock(day, utc_hour):
    begins = datetime(*day, 10, 0, tzinfo=AMSTERDAM)
    content = request(
        replace(ENTRY, starts_at=begins, ends_at=begins + timedelta(minutes=45)), now=NOW
    )

    assert f"DTSTART:{begins:%Y%m%d}T{utc_hour:02}0000Z" in lines(content)
    pass_gate(content, quick=True)


def test_the_stamp_is_the_moment_of_sending():
    later = request(ENTRY, now=NOW + timedelta(seconds=1))

    assert "DTSTAMP:20261124T120001Z" in lines(later)


def test_uids_are_not_to_be_guessed():
    uids = {new_uid("trial.example.org") for _ in range(1000)}

    assert len(uids) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{48}@trial\.example\.org", uid) for uid in uids)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"starts_at": datetime(2026, 12, 1, 10)}, "zone", id="a naive start"),
        pytest.param({"ends_at": datetime(2026, 12, 1, 10, 45)}, "zone", id="a naive end"),
        pytest.param({"ends_at": ENTRY.starts_at}, "ends after", id="an end at the start"),
        pytest.param({"ends_at": NOW}, "ends after", id="an end before the start"),
        pytest.param(
            {"ends_at": ENTRY.starts_at + timedelta(microseconds=9)},
            "ends after",
            id="less than a second",
        ),
        pytest.param({"sequence": -1}, "counts from 0", id="a sequence below 0"),
        pytest.param({"sequence": 2**31}, "counts from 0", id="a sequence no program can hold"),
        pytest.param({"summary": "\x00\u202e \n"}, "summary", id="a summary without any sign"),
        pytest.param({"attendee": "ada@example.org\r\nX:1"}, "address", id="a line in an address"),
        pytest.param({"attendee": "ada\x00@example.org"}, "address", id="a NUL in an address"),
        pytest.param({"attendee": "ada,eve@example.org"}, "address", id="two in one address"),
        pytest.param({"attendee": "ada"}, "address", id="no address at all"),
        pytest.param({"organizer": "a\udc00@example.org"}, "address", id="a lone surrogate"),
        pytest.param({"organizer": ""}, "address", id="no organiser"),
        pytest.param({"join_url": "javascript:alert(1)"}, "link", id="a script for a link"),
        pytest.param({"join_url": "https://x.example/a b"}, "link", id="a space in a link"),
        pytest.param({"join_url": "https://x.example/\r\nX:1"}, "link", id="a line in a link"),
        pytest.param({"join_url": "https://"}, "link", id="a link to nowhere"),
        pytest.param({"uid": "1@x\r\nX:1"}, "uid", id="a line in a uid"),
        pytest.param({"uid": ""}, "uid", id="no uid"),
    ],
)
def test_what_cannot_be_written_is_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        replace(ENTRY, **changes)


def test_a_naive_moment_of_sending_is_refused():
    with pytest.raises(ValueError, match="zone"):
        request(ENTRY, now=datetime(2026, 11, 24, 12))


@pytest.mark.parametrize(
    ("address", "written"),
    [
        pytest.param("Ada.B@EXAMPLE.org", "Ada.B@example.org", id="a host has no capitals"),
        pytest.param("ada+trial@example.org", "ada+trial@example.org", id="a plus stays"),
        pytest.param("o'brien@example.org", "o'brien@example.org", id="an apostrophe stays"),
        pytest.param("a%b/c@example.org", "a%25b%2Fc@example.org", id="a percent is escaped"),
        pytest.param("ada@ex\u00e4mple.org", "ada@xn--exmple-cua.org", id="a host with an accent"),
        pytest.param("j\u00fcrg@example.org", "j%C3%BCrg@example.org", id="a name with an accent"),
    ],
)
def test_the_attendee_as_a_mailto_address(address, written):
    content = request(replace(ENTRY, attendee=address), now=NOW)

    attendee = [line for line in lines(content) if line.startswith("ATTENDEE")]
    assert attendee[0].split("RSVP=TRUE:")[1] == f"mailto:{written}"
    pass_gate(content, quick=True)


def keeps_its_structure(content: bytes, entry: Entry) -> None:
    """The event has the properties that a plain one has, once each, and the texts read back."""
    plain = request if b"METHOD:REQUEST" in content else cancellation
    names = [re.split("[:;]", line)[0] for line in lines(content)]
    assert set(names) <= {re.split("[:;]", line)[0] for line in lines(plain(ENTRY, now=NOW))}
    assert len(set(names) - {"BEGIN", "END"}) == len(names) - 4  # two blocks, each two lines
    assert value(content, "SUMMARY") == entry.summary
    description = value(content, "DESCRIPTION") or ""
    assert description.removeprefix(LINK).lstrip("\n") == entry.description.lstrip("\n")


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_nasty_text_passes_every_checker(text):
    entry = replace(ENTRY, summary=f"Training {text}", description=f"{text}\nmore {text}")

    content = request(entry, now=NOW)

    keeps_its_structure(content, entry)
    pass_gate(content)
    event = ical_js(content)["events"][0]
    assert event["summary"] == entry.summary == clean_line(f"Training {text}", limit=200)
    assert event["attendees"] == ["mailto:ada@example.org"]


@pytest.mark.random
@hypothesis_settings(deadline=None, max_examples=150)
@given(
    summary=nasty_text(), description=nasty_text(), make=st.sampled_from([request, cancellation])
)
def test_any_text_is_written_or_refused_as_a_summary_without_signs(summary, description, make):
    if not clean_line(summary, limit=200):
        with pytest.raises(ValueError, match="summary"):
            replace(ENTRY, summary=summary)
        return
    entry = replace(ENTRY, summary=summary, description=description)

    content = make(entry, now=NOW)

    assert entry.description == clean_lines(description, limit=4000)
    keeps_its_structure(content, entry)
    pass_gate(content, quick=True)


@pytest.mark.random
@hypothesis_settings(deadline=None, max_examples=200)
@given(text=nasty_text(), field=st.sampled_from(["attendee", "organizer", "uid", "join_url"]))
def test_any_address_uid_or_link_is_written_whole_or_refused(text, field):
    for wild in (text, f"{text}@example.org", f"ada@{text}", f"https://x.example/{text}"):
        try:
            entry = replace(ENTRY, **{field: wild})
        except ValueError:
            continue
        content = request(entry, now=NOW)
        if field != "join_url":
            keeps_its_structure(content, entry)
        pass_gate(content, quick=True)
