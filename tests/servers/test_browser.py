"""The browser, the accessibility checker and the calendar reader do work."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.browser import axe_source, ical_js

FAULTY = "<!doctype html><html lang='en'><title>Page</title><main><h1>Hello</h1><img src='x'>"
SERIES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Classes//EN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Australia/Sydney
BEGIN:DAYLIGHT
DTSTART:20081005T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1SU
TZOFFSETFROM:+1000
TZOFFSETTO:+1100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20080406T030000
RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU
TZOFFSETFROM:+1100
TZOFFSETTO:+1000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:series-13@trial.example.org
SEQUENCE:2
DTSTAMP:20261123T120000Z
DTSTART;TZID=Australia/Sydney:20260326T100000
DTEND;TZID=Australia/Sydney:20260326T104500
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE;TZID=Australia/Sydney:20260402T100000
SUMMARY:Training together
LOCATION:https://trial.example.org/l/abc
STATUS:CONFIRMED
CLASS:PRIVATE
ORGANIZER;CN="Classes":mailto:classes@trial.example.org
ATTENDEE;CN=Ada;PARTSTAT=NEEDS-ACTION;ROLE=REQ-P
 ARTICIPANT;RSVP=TRUE:mailto:ada@example.org
END:VEVENT
END:VCALENDAR
"""


class Hello(http.server.BaseHTTPRequestHandler):
    """A page on loopback."""

    def do_GET(self) -> None:
        """Answer with one button, and a script that the browser has to run."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(
            b"<!doctype html><title>Hello</title><button>Press</button><script>"
            b"document.querySelector('button').onclick = () => document.title = 'Pressed'</script>"
        )

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    page = chrome.new_page(locale="en-GB")
    yield page
    page.close()


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_browser_opens_a_page_and_runs_its_script(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Press").click()
    assert page.title() == "Pressed"


def test_the_browser_draws_letters(page: Page) -> None:
    page.set_content("<p style='font: 20px sans-serif; display: inline'>iiiiiiii MMMMMMMM</p>")
    width = page.evaluate("document.querySelector('p').getBoundingClientRect().width")
    assert width > 100


def test_axe_finds_a_picture_without_words_and_nothing_once_it_has_them(page: Page) -> None:
    page.set_content(FAULTY)
    assert _violations(page) == ["image-alt"]
    page.set_content(FAULTY.replace("<img", "<img alt='A chair'"))
    assert _violations(page) == []


def _violations(page: Page) -> list[str]:
    page.evaluate(axe_source())
    rules = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
    return [violation["id"] for violation in found["violations"]]


def test_ical_js_reads_who_what_and_where_of_an_invitation() -> None:
    read = ical_js(SERIES.replace("\n", "\r\n").encode())
    (event,) = read["events"]
    assert read["method"] == "REQUEST"
    assert event["uid"] == "series-13@trial.example.org"
    assert event["sequence"] == 2
    assert event["status"] == "CONFIRMED"
    assert event["summary"] == "Training together"
    assert event["location"] == "https://trial.example.org/l/abc"
    assert event["organizer"] == "mailto:classes@trial.example.org"
    assert event["attendees"] == ["mailto:ada@example.org"]


def test_ical_js_keeps_the_wall_time_over_the_change_of_the_clock_and_leaves_out_exceptions() -> (
    None
):
    (event,) = ical_js(SERIES.replace("\n", "\r\n").encode())["events"]
    assert (event["starts_at"], event["ends_at"]) == (
        "2026-03-25T23:00:00.000Z",
        "2026-03-25T23:45:00.000Z",
    )
    assert event["instants"] == [
        "2026-03-25T23:00:00.000Z",
        "2026-04-09T00:00:00.000Z",
        "2026-04-16T00:00:00.000Z",
    ]


def test_ical_js_refuses_a_file_that_is_cut_off() -> None:
    with pytest.raises(ValueError, match="component"):
        ical_js(SERIES.partition("END:VEVENT")[0].encode())
