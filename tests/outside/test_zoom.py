"""Every request to Zoom is as Zoom publishes it, and every answer is understood, also the bad ones.

`PUBLISHED` is copied from the shared facts about Zoom's API (interop.md, section 1).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from remote_training.outside import clock as wall
from remote_training.outside.meetings import (
    Cause,
    FoundPerson,
    LimitReached,
    MeetingFault,
    MeetingGone,
    MeetingRefused,
    MeetingUnavailable,
    WantedPerson,
    WantedRoom,
)
from remote_training.outside.sharing import InMemory
from remote_training.outside.zoom import ZoomMeetings, uuid_part
from remote_training.outside.zoom_answers import is_zooms, retry_moment
from tests.fakes import NOON, FakeClock
from tests.meetings.conftest import account
from tests.servers.zoom import ZoomServer, zoom_server

WANTED = WantedRoom(
    key="k",
    marker="ref-0-1",
    host="host-1",
    topic="Training session",
    starts_at=NOON + timedelta(days=1),
    minutes=60,
)
ADA = WantedPerson("b1", "Ada", "p-1@trial.example.org")

# operation: method, path, fields of the body by type, fields of the query, status
PUBLISHED: dict[str, tuple[str, str, dict[str, type], set[str], int]] = {
    "create": (
        "POST",
        "/users/{user}/meetings",
        {"topic": str, "agenda": str, "type": int, "start_time": str, "timezone": str,
         "duration": int, "settings": dict},
        set(),
        201,
    ),
    "read": ("GET", "/meetings/{meeting}", {}, set(), 200),
    "change": (
        "PATCH",
        "/meetings/{meeting}",
        {"topic": str, "agenda": str, "type": int, "start_time": str, "timezone": str,
         "duration": int, "settings": dict},
        set(),
        204,
    ),
    "delete": ("DELETE", "/meetings/{meeting}", {}, set(), 204),
    "register": (
        "POST",
        "/meetings/{meeting}/registrants",
        {"email": str, "first_name": str},
        set(),
        201,
    ),
    "unregister": (
        "PUT",
        "/meetings/{meeting}/registrants/status",
        {"action": str, "registrants": list},
        set(),
        204,
    ),
    "people": (
        "GET",
        "/meetings/{meeting}/registrants",
        {},
        {"status", "page_size", "next_page_token"},
        200,
    ),
    "instances": ("GET", "/past_meetings/{meeting}/instances", {}, set(), 200),
    "past": (
        "GET",
        "/past_meetings/{uuid}/participants",
        {},
        {"page_size", "next_page_token"},
        200,
    ),
    "report": (
        "GET",
        "/report/meetings/{uuid}/participants",
        {},
        {"include_fields", "page_size", "next_page_token"},
        200,
    ),
    "user": ("GET", "/users/{user}", {}, set(), 200),
    "coming": (
        "GET",
        "/users/{user}/meetings",
        {},
        {"type", "page_size", "next_page_token"},
        200,
    ),
}  # fmt: skip
SETTINGS: dict[str, tuple[type, object]] = {
    "approval_type": (int, 0),
    "registration_type": (int, 1),
    "registrants_confirmation_email": (bool, False),
    "registrants_email_notification": (bool, False),
    "waiting_room": (bool, True),
    "join_before_host": (bool, False),
    "meeting_authentication": (bool, False),
    "host_video": (bool, True),
    "mute_upon_entry": (bool, False),
    "auto_recording": (str, "none"),
    "alternative_hosts": (str, ""),
    "alternative_hosts_email_notification": (bool, False),
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def zoom(clock: FakeClock) -> Iterator[ZoomServer]:
    with zoom_server(clock) as server:
        server.rooms.users["host-1"] = 2
        yield server


@pytest.fixture
def provider(zoom: ZoomServer, clock: FakeClock) -> ZoomMeetings:
    return meetings_at(zoom, clock)


def meetings_at(zoom: ZoomServer, clock: FakeClock, **changes: str) -> ZoomMeetings:
    def pause(seconds: float) -> None:
        clock.forward(seconds=seconds)

    return ZoomMeetings(account(zoom, **changes), InMemory(), now=clock, pause=pause)


def everything(provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock) -> None:
    """Ask for everything that we ever ask for, once."""
    provider.check_host("host-1")
    room = provider.create(WANTED)
    provider.coming("host-1")
    her = provider.register(room.external_id, ADA)
    bea = provider.register(room.external_id, WantedPerson("b2", "Bea", "p-2@trial.example.org"))
    provider.people(room.external_id)
    provider.change(room.external_id, WANTED)
    provider.read(room.external_id)
    zoom.begin(room.external_id)
    zoom.join(room.external_id, her.external_id)
    zoom.join(room.external_id, bea.external_id)
    clock.forward(minutes=60)
    zoom.end(room.external_id)
    provider.presences(room.external_id)
    zoom.faults.next("4711", on="GET /report")
    provider.presences(room.external_id)
    provider.unregister(room.external_id, bea)
    provider.delete(room.external_id)


@pytest.mark.parametrize("operation", PUBLISHED)
def test_a_request_is_as_zoom_publishes_it(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock, operation: str
) -> None:
    method, path, fields, query, status = PUBLISHED[operation]
    zoom.page_size = 1
    everything(provider, zoom, clock)
    good = [one for one in zoom.log if (one.method, one.route) == (method, path)]
    asked = [one for one in good if one.status < 400]
    assert asked, "it was never asked"
    for one in asked:
        assert one.status == status
        assert set(one.query) <= query
        assert set(one.body or {}) == set(fields)
        for name, kind in fields.items():
            assert type(one.body[name]) is kind
        for name, value in (one.body or {}).get("settings", {}).items():
            assert (type(value), value) == SETTINGS[name]


def test_nothing_is_asked_that_is_not_published(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    everything(provider, zoom, clock)
    known = {(method, path) for method, path, *_more in PUBLISHED.values()}
    assert {(one.method, one.route) for one in zoom.log} == known


def test_a_moment_is_written_in_utc_and_a_room_is_read_back(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    room = provider.create(WANTED)
    (asked,) = [one for one in zoom.log if one.method == "POST"]
    assert asked.body["start_time"] == "2026-11-25T12:00:00Z"
    assert room.starts_at == WANTED.starts_at
    assert (room.minutes, room.description, room.is_safe) == (60, "ref-0-1", True)
    assert room.external_id.isdecimal(), "a number of more than ten digits is kept as a text"
    assert provider.read(room.external_id) == room


def test_zoom_learns_a_first_name_and_an_alias_and_nothing_else(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    room = provider.create(WANTED)
    provider.register(room.external_id, ADA)
    (asked,) = [one for one in zoom.log if one.route.endswith("/registrants")]
    assert asked.body == {"email": "p-1@trial.example.org", "first_name": "Ada"}


def test_pages_are_followed_to_the_end(provider: ZoomMeetings, zoom: ZoomServer) -> None:
    zoom.page_size = 2
    room = provider.create(WANTED)
    for n in range(5):
        provider.register(room.external_id, WantedPerson(f"b{n}", "P", f"p-{n}@trial.example.org"))
    found = provider.people(room.external_id)
    assert [one.alias for one in found] == [f"p-{n}@trial.example.org" for n in range(5)]
    assert all(one.join_url.startswith(f"{zoom.url}/w/") for one in found)
    assert len({one.join_url for one in found}) == 5


def test_a_page_token_that_ends_on_the_way_begins_the_list_anew(
    zoom: ZoomServer, clock: FakeClock
) -> None:
    class Slow(InMemory):
        slow = 2

        def turn(self, name: str, *, now: datetime, seconds: float) -> float:
            self.slow -= name == "zoom/medium"
            if self.slow == 0:
                clock.forward(minutes=16)
            return 0.0

    zoom.page_size = 2
    provider = ZoomMeetings(account(zoom), Slow(), now=clock)
    room = provider.create(WANTED)
    for n in range(5):
        provider.register(room.external_id, WantedPerson(f"b{n}", "P", f"p-{n}@trial.example.org"))
    assert len(provider.people(room.external_id)) == 5
    assert [one.status for one in zoom.log if one.method == "GET"].count(400) == 1


@pytest.mark.parametrize(
    ("uuid", "part"),
    [
        ("aB/cdEFghIJklMNopQR==", "aB%2FcdEFghIJklMNopQR%3D%3D"),
        ("/begins+here==", "%252Fbegins%252Bhere%253D%253D"),
        ("has//two==", "has%252F%252Ftwo%253D%253D"),
    ],
    ids=["encoded once", "begins with a slash", "two slashes"],
)
def test_a_uuid_in_a_path(uuid: str, part: str) -> None:
    assert uuid_part(uuid) == part


def test_every_opening_is_in_the_report_whatever_its_uuid(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    room = provider.create(WANTED)
    her = provider.register(room.external_id, ADA)
    for _ in range(4):
        zoom.begin(room.external_id)
        zoom.join(room.external_id, her.external_id, name="Somebody else's name")
        waits = zoom.join(room.external_id, "", name="Zebulon", waits=True)
        zoom.join(room.external_id, "", name="Guest")
        clock.forward(minutes=10)
        assert waits.status == "in_waiting_room"
        zoom.end(room.external_id)
    found = provider.presences(room.external_id)
    assert len({one.run for one in found}) == 4
    assert [one.person for one in found] == [her.external_id, ""] * 4, "who waited was not there"
    assert all(one.left_at - one.joined_at == timedelta(minutes=10) for one in found)
    assert "Zebulon" not in repr(found)
    assert "Guest" not in repr(found)


@pytest.mark.parametrize("attribute", ["not_ready", "without_length"])
def test_a_report_that_is_not_ready_is_for_later(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock, attribute: str
) -> None:
    room = provider.create(WANTED)
    zoom.begin(room.external_id)
    for _ in range(2):
        zoom.join(room.external_id)
    clock.forward(minutes=10)
    zoom.end(room.external_id)
    setattr(zoom, attribute, 1)
    with pytest.raises(MeetingUnavailable):
        provider.presences(room.external_id)
    assert len(provider.presences(room.external_id)) == 2


def test_without_a_report_the_past_participants_are_taken(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    room = provider.create(WANTED)
    zoom.begin(room.external_id)
    for _ in range(2):
        zoom.join(room.external_id)
    clock.forward(minutes=10)
    zoom.end(room.external_id)
    zoom.faults.next("4711", on="GET /report")
    assert {one.source for one in provider.presences(room.external_id)} == {"past"}
    assert {one.source for one in provider.presences(room.external_id)} == {"report"}


def test_one_person_alone_is_in_no_report(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    room = provider.create(WANTED)
    zoom.begin(room.external_id)
    zoom.join(room.external_id)
    zoom.end(room.external_id)
    assert provider.presences(room.external_id) == []


def test_under_approval_by_hand_there_is_no_way_in(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    room = provider.create(WANTED)
    assert provider.register(room.external_id, ADA).join_url
    zoom.meeting(room.external_id).settings["approval_type"] = 1
    her = provider.register(room.external_id, WantedPerson("b2", "Bea", "p-2@trial.example.org"))
    assert her.join_url == ""
    assert not provider.read(room.external_id).is_safe


def test_who_is_taken_out_is_gone_and_a_room_that_is_gone_is_no_fault(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    room = provider.create(WANTED)
    her = provider.register(room.external_id, ADA)
    provider.unregister(room.external_id, her)
    assert provider.people(room.external_id) == []
    provider.delete(room.external_id)
    provider.delete(room.external_id)
    for ask in (
        lambda: provider.read(room.external_id),
        lambda: provider.change(room.external_id, WANTED),
        lambda: provider.people(room.external_id),
        lambda: provider.register(room.external_id, ADA),
        lambda: provider.host_url(room.external_id),
    ):
        with pytest.raises(MeetingGone):
            ask()


@pytest.mark.parametrize(
    ("kind", "error", "cause"),
    [
        ("500", MeetingUnavailable, Cause.BROKEN),
        ("503", MeetingUnavailable, Cause.BROKEN),
        ("500_after", MeetingUnavailable, Cause.BROKEN),
        ("drop", MeetingUnavailable, Cause.UNREACHABLE),
        ("garbage", MeetingUnavailable, Cause.BROKEN),
        ("redirect", MeetingUnavailable, Cause.BROKEN),
        ("429_plain", LimitReached, Cause.TOO_FAST),
        ("429_daily", LimitReached, Cause.DAY_LIMIT),
        ("4001", LimitReached, Cause.TOO_FAST),
        ("3001", MeetingGone, Cause.GONE),
        ("4711", MeetingRefused, Cause.SCOPE),
        ("200", MeetingRefused, Cause.LICENCE),
    ],
)
def test_what_an_answer_means(
    provider: ZoomMeetings, zoom: ZoomServer, kind: str, error: type[MeetingFault], cause: Cause
) -> None:
    room = provider.create(WANTED)
    zoom.faults.next(kind)
    with pytest.raises(error) as caught:
        provider.read(room.external_id)
    assert type(caught.value) is error
    assert caught.value.cause is cause
    assert provider.read(room.external_id), "it was the fault, not the room"


def test_a_host_that_is_unknown_or_without_a_licence_is_refused(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    zoom.rooms.users["basic"] = 1
    for host, cause in (("nobody", Cause.HOST_UNKNOWN), ("basic", Cause.LICENCE)):
        with pytest.raises(MeetingRefused) as caught:
            provider.check_host(host)
        assert caught.value.cause is cause
    provider.check_host("host-1")


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-11-24T12:00:30Z", NOON + timedelta(seconds=30)),
        ("30", NOON + timedelta(seconds=30)),
        ("Tue, 24 Nov 2026 12:00:30 GMT", NOON + timedelta(seconds=30)),
        ("soon", None),
        ("", None),
        (None, None),
        ("99999999999999999999", NOON + timedelta(days=1)),
    ],
    ids=["ISO", "seconds", "HTTP", "words", "empty", "none", "far too many seconds"],
)
def test_the_forms_of_retry_after(said: str | None, moment: datetime | None) -> None:
    assert retry_moment(said, NOON) == moment


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("429_iso", 30, 30),
        ("429_seconds", 30, 30),
        ("429_date", 30, 30),
        ("429_daily", 12 * 3600, 12 * 3600),
        ("429_plain", 2, 10),
        ("4001", 2, 10),
    ],
)
def test_how_long_a_limit_lasts(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock, kind: str, least: int, most: int
) -> None:
    zoom.faults.next(kind)
    with pytest.raises(LimitReached) as caught:
        provider.read("81234567890")
    assert least - 1 <= (caught.value.until - clock()).total_seconds() <= most


# The token.


def test_one_token_serves_for_an_hour(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    for _ in range(5):
        provider.check_host("host-1")
    assert zoom.tokens_asked == 1
    clock.forward(minutes=59)
    provider.check_host("host-1")
    assert zoom.tokens_asked == 2, "a new one before the old one ends"


def test_a_token_that_is_refused_is_renewed_once(provider: ZoomMeetings, zoom: ZoomServer) -> None:
    provider.check_host("host-1")
    zoom.tokens.clear()
    provider.check_host("host-1")
    assert zoom.tokens_asked == 2
    assert [one.status for one in zoom.log] == [200, 401, 200]
    zoom.faults.next("401", times=5)
    with pytest.raises(MeetingRefused) as caught:
        provider.check_host("host-1")
    assert caught.value.cause is Cause.LOGIN
    assert zoom.tokens_asked == 3, "once, and not again and again"


def test_a_wrong_secret_needs_a_person(zoom: ZoomServer, clock: FakeClock) -> None:
    with pytest.raises(MeetingRefused) as caught:
        meetings_at(zoom, clock, client_secret="canary-wrong").check_host("host-1")
    assert caught.value.cause is Cause.LOGIN
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize(
    "api_url",
    ["https://evil.example.org", "http://169.254.169.254", "https://zoom.us.evil.example", ""],
)
def test_a_token_is_never_sent_elsewhere(
    provider: ZoomMeetings, zoom: ZoomServer, api_url: str
) -> None:
    zoom.api_url = api_url
    provider.check_host("host-1")
    assert len(zoom.log) == 1, "it came to the address of the settings"


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("https://api.zoom.us", True),
        ("https://api-us.zoom.us", True),
        ("https://zoom.us/j/1?pwd=x", True),
        ("https://us02web.zoom.us/w/1?tk=a", True),
        ("http://127.0.0.1:8200/v2", True),
        ("http://127.0.0.1:8201/v2", False),
        ("http://api.zoom.us", False),
        ("https://zoom.us.evil.example", False),
        ("https://evilzoom.us", False),
        ("https://zoom.us@evil.example", False),
        ("https://user@api.zoom.us", False),
        ("https://evil.example\\@zoom.us", False),
        ("https://zoom.us:8443", False),
        ("https://zoom.us:99999", False),
        ("javascript:alert(1)//zoom.us", False),
        ("//zoom.us", False),
        ("file:///zoom.us", False),
        ("https://2130706433", False),
        ("https://[::1]", False),
        ("https://zoom.us\n.evil.example", False),
    ],
)
def test_which_addresses_are_zooms(url: str, is_so: bool) -> None:
    assert is_zooms(url, "http://127.0.0.1:8200/v2") is is_so


def test_a_way_in_that_leads_elsewhere_is_none(zoom: ZoomServer, clock: FakeClock) -> None:
    provider = meetings_at(zoom, clock)
    room = provider.create(WANTED)
    zoom.links = lambda meeting, one: "https://evil.example/w/1"  # type: ignore[method-assign]
    assert provider.register(room.external_id, ADA).join_url == ""


# Time and pace.


def test_the_hosts_way_in_is_there_within_three_seconds_or_not_at_all(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    room = provider.create(WANTED)
    assert provider.host_url(room.external_id).endswith("zak=canary-host-key")
    zoom.faults.seconds = 4.0
    zoom.faults.next("hang", on="GET /meetings")
    began = wall.ticking()
    with pytest.raises(MeetingUnavailable) as caught:
        provider.host_url(room.external_id)
    assert wall.ticking() - began < 3
    assert caught.value.cause is Cause.NO_ANSWER


def test_a_server_that_is_not_there_is_unreachable(zoom: ZoomServer, clock: FakeClock) -> None:
    nowhere = "http://127.0.0.1:1"
    for changes in ({"oauth_url": f"{nowhere}/oauth/token"}, {"api_url": f"{nowhere}/v2"}):
        zoom.api_url = ""
        with pytest.raises(MeetingUnavailable) as caught:
            meetings_at(zoom, clock, **changes).check_host("host-1")
        assert caught.value.cause is Cause.UNREACHABLE


def test_calls_keep_apart(provider: ZoomMeetings, clock: FakeClock) -> None:
    for _ in range(31):
        provider.check_host("host-1")
    assert clock() - NOON >= timedelta(seconds=2), "fifteen in a second"


def test_a_turn_that_is_far_away_is_not_waited_for(zoom: ZoomServer, clock: FakeClock) -> None:
    class Busy(InMemory):
        def turn(self, name: str, *, now: datetime, seconds: float) -> float:
            return 30.0

    with pytest.raises(LimitReached) as caught:
        ZoomMeetings(account(zoom), Busy(), now=clock).check_host("host-1")
    assert caught.value.until == NOON + timedelta(seconds=30)
    assert zoom.log == []


# What must not be seen.


def test_no_secret_stands_in_anything_that_is_printed_or_logged(
    zoom: ZoomServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = meetings_at(zoom, clock)
    room = provider.create(WANTED)
    person = WantedPerson("b1", "Zebulon", "p-canary@trial.example.org")
    her = provider.register(room.external_id, person)
    host_url = provider.host_url(room.external_id)
    faults: list[BaseException] = []
    for kind in ("500", "drop", "garbage", "429_daily", "4711", "401"):
        zoom.faults.next(kind, times=2)
        with pytest.raises(MeetingFault) as caught:
            provider.register(room.external_id, person)
        zoom.faults.waiting.clear()
        faults.append(caught.value)
    token = next(iter(zoom.tokens))
    shown = caplog.text + repr([provider, account(zoom), person, her, *faults])
    shown += "".join(str(fault) + repr(fault.__cause__) for fault in faults)
    for canary in (zoom.account.client_secret, token, her.join_url, host_url, "Zebulon"):
        assert canary not in shown
    assert "p-canary" not in shown
    assert her.join_url in zoom.links(zoom.meeting(room.external_id), registrant(zoom, room)), (
        "the canary was there"
    )


def registrant(zoom: ZoomServer, room: Any) -> Any:
    return zoom.meeting(room.external_id).registrants[0]


def test_a_redirect_is_not_followed(zoom: ZoomServer, clock: FakeClock) -> None:
    seen: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

        def do_GET(self) -> None:
            seen.append(str(self.headers.get("Authorization")))
            self.send_response(200)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        zoom.faults.location = f"http://127.0.0.1:{server.server_port}/"
        zoom.faults.next("redirect")
        with pytest.raises(MeetingUnavailable):
            meetings_at(zoom, clock).check_host("host-1")
    finally:
        server.shutdown()
        server.server_close()
    assert seen == []


def test_what_is_not_known_of_an_answer_is_no_fault(zoom: ZoomServer, clock: FakeClock) -> None:
    provider = meetings_at(zoom, clock)
    room = provider.create(WANTED)
    zoom.meeting(room.external_id).settings |= {"something_new": {"a": [1]}}
    assert provider.read(room.external_id).is_safe
    assert json.dumps(zoom.log[-1].body) == "null"


def test_a_moment_of_zoom_is_aware(provider: ZoomMeetings) -> None:
    room = provider.create(WANTED)
    assert room.starts_at is not None
    assert room.starts_at.tzinfo is UTC
    gone = FoundPerson("reg00000", "p-9@trial.example.org")
    with pytest.raises(MeetingRefused):
        provider.unregister(room.external_id, gone)
