"""The gate takes what is good, and refuses each bad file for the reason that it was made for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers import calendar_gate
from tests.servers.calendar_gate import Refused, pass_gate, problems

FILES = Path(__file__).resolve().parents[1] / "data" / "ics"
BAD = {
    "bad_alarm_no_trigger.ics": "rules: an alarm without TRIGGER",
    "bad_cancel_status_missing.ics": "rules: STATUS is missing in a CANCEL",
    "bad_end_before_start.ics": "rules: DTEND is not after DTSTART",
    "bad_lf_only.ics": "rules: a line ends without CRLF",
    "bad_no_attendee.ics": "rules: 0 ATTENDEE",
    "bad_no_dtstamp.ics": "rules: DTSTAMP is missing",
    "bad_no_organizer.ics": "rules: ORGANIZER is missing",
    "bad_no_uid.ics": "rules: UID is missing",
    "bad_no_vtimezone.ics": "rules: DTSTART is in a zone without VTIMEZONE",
    "bad_seq_text.ics": "rules: SEQUENCE is no number",
    "bad_status.ics": "rules: STATUS is SCHEDULED in a REQUEST",
    "bad_truncated.ics": "rules: the file does not end with END:VCALENDAR",
    "bad_two_dtstart.ics": "rules: DTSTART stands twice",
    "bad_unescaped_newline.ics": "rules: line 42 is no property",
    "bad_unknown_tzid.ics": "rules: DTSTART is in a zone that nobody knows",
}


def read(name: str) -> bytes:
    return (FILES / name).read_bytes()


def test_a_good_series_passes_and_every_reader_sees_it_in_sydney_time():
    content = read("request_series_rrule_tz.ics")

    pass_gate(content)

    starts = [start for start, _end in sorted(calendar_gate.by_ical_js(content))]
    assert [f"{start:%m-%d %H}" for start in starts] == [
        "03-04 23",
        "03-11 23",
        "03-25 23",
        "04-01 23",
        "04-10 01",
        "04-16 00",
        "04-23 00",
        "04-30 00",
        "05-07 00",
    ]


def test_every_bad_file_has_its_reason():
    assert {path.name for path in FILES.glob("bad_*.ics")} == set(BAD)


@pytest.mark.parametrize(("name", "reason"), BAD.items(), ids=BAD)
def test_a_bad_file_is_refused_for_its_own_fault(name, reason):
    with pytest.raises(Refused) as refusal:
        pass_gate(read(name))

    assert reason in refusal.value.faults


@pytest.mark.parametrize("name", ["reply_accept.ics", "reply_decline_comment.ics"])
def test_the_replies_of_other_programs_fail_only_by_their_long_lines(name):
    assert problems(read(name)) == ["rules: a line has 99 octets"]


def test_a_zone_of_dates_is_read_an_hour_late_by_one_reader_and_so_is_refused():
    summer = read("bad_status.ics").replace(b"20261201T", b"20260701T")

    faults = problems(summer.replace(b"STATUS:SCHEDULED", b"STATUS:CONFIRMED"))

    assert "rules: a VTIMEZONE is not in the yearly RRULE form" in faults
    assert any(fault.startswith("moments: ") for fault in faults)


GOOD = read("request_series_rrule_tz.ics")
CHANGES = {
    "no METHOD in the file": (b"METHOD:REQUEST\r\n", b"", "METHOD is missing"),
    "an unknown METHOD": (b"METHOD:REQUEST", b"METHOD:ASK", "METHOD is ASK"),
    "a floating start": (b"DTSTART;TZID=Australia/Sydney:", b"DTSTART:", "DTSTART floats"),
    "a local DTSTAMP": (b"DTSTAMP:20261123T120000Z", b"DTSTAMP:20261123T120000", "DTSTAMP is not"),
    "a second UID": (b"UID:series-13@", b"UID:series-14@", "more than one UID"),
    "a raw control character": (b"Join: ", b"Join:\x07 ", "a control character"),
    "an attendee that is no mail": (b":mailto:p19@", b":http:p19@", "ATTENDEE is no mail"),
    "a zone of dates": (
        b"RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1SU",
        b"RDATE:20091004T020000",
        "yearly",
    ),
}


@pytest.mark.parametrize(("old", "new", "reason"), CHANGES.values(), ids=CHANGES)
def test_one_change_to_a_good_file_is_enough(old, new, reason):
    changed = GOOD.replace(old, new, 1)

    assert changed != GOOD
    assert any(reason in fault for fault in problems(changed, quick=True))


def test_a_second_attendee_is_refused():
    line = b"ATTENDEE:mailto:eve@example.net\r\nCLASS:PRIVATE"

    assert "rules: 2 ATTENDEE" in problems(GOOD.replace(b"CLASS:PRIVATE", line), quick=True)


def test_a_series_in_utc_is_refused():
    lines = [line for line in GOOD.split(b"\r\n") if not line.startswith(b"EXDATE")]
    utc = b"\r\n".join(lines).replace(
        b"DTSTART;TZID=Australia/Sydney:20260305T100000", b"DTSTART:20260304T230000Z"
    )

    faults = problems(utc, quick=True)

    assert "rules: a series in UTC moves when the clock changes" in faults


def test_readers_that_disagree_are_reported():
    noon, later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC)
    agreed = {"one": [(noon, later)], "two": [(noon, later)]}

    assert calendar_gate._disagreements(agreed) == []
    assert calendar_gate._disagreements(agreed | {"three": [(later, later)]})
    assert calendar_gate._disagreements(agreed | {"libical": [(later, later)]})


def test_libical_refuses_by_its_own_rules_or_is_said_to_be_missing(capsys):
    calendar_gate.has_libical.cache_clear()
    installed = calendar_gate.has_libical()

    assert (calendar_gate.NOT_INSTALLED in capsys.readouterr().out) is not installed
    named = any(fault.startswith("libical: ") for fault in problems(read("bad_no_organizer.ics")))
    assert named is installed
