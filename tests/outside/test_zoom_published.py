"""What the simulated Zoom answers and sends has the fields and types that Zoom publishes.

The other direction of `test_zoom`: the tables are copied from the shared facts about Zoom's API
and its webhooks (interop.md, section 1). A field that may be missing stands under `MAY`.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from remote_training.outside.meetings import MeetingFault, WantedPerson
from remote_training.outside.zoom import ZoomMeetings
from tests.fakes import NOON, FakeClock
from tests.outside.test_zoom import WANTED, everything, meetings_at
from tests.servers.zoom import ZoomServer, zoom_server
from tests.servers.zoom_rooms import Meeting, Run, Visit

Shape = dict[str, Any]  # a type, a list of one shape, or a shape; `str | int` for either
MEETING: Shape = {
    "id": int, "uuid": str, "host_id": str, "topic": str, "agenda": str, "type": int,
    "start_time": str, "duration": int, "timezone": str, "created_at": str, "join_url": str,
}  # fmt: skip
WHOLE: Shape = MEETING | {"status": str, "start_url": str, "password": str, "settings": dict}
PAGE: Shape = {
    "page_count": int, "page_size": int, "total_records": int, "next_page_token": str,
}  # fmt: skip
PARTICIPANT: Shape = {
    "id": str, "name": str, "user_id": str, "user_email": str, "join_time": str,
    "leave_time": str, "duration": int, "failover": bool, "status": str, "registrant_id": str,
}  # fmt: skip
REGISTRANT: Shape = {
    "id": str, "email": str, "first_name": str, "status": str, "create_time": str, "join_url": str,
}  # fmt: skip
ANSWERS: dict[tuple[str, str], tuple[int, Shape | None]] = {
    ("GET", "/users/{user}"): (200, {"id": str, "type": int, "email": str}),
    ("GET", "/users/{user}/meetings"): (200, PAGE | {"meetings": [MEETING]}),
    ("POST", "/users/{user}/meetings"): (201, WHOLE),
    ("GET", "/meetings/{meeting}"): (200, WHOLE),
    ("PATCH", "/meetings/{meeting}"): (204, None),
    ("DELETE", "/meetings/{meeting}"): (204, None),
    ("POST", "/meetings/{meeting}/registrants"): (
        201,
        {"id": int, "registrant_id": str, "topic": str, "start_time": str, "join_url": str,
         "participant_pin_code": int},
    ),
    ("GET", "/meetings/{meeting}/registrants"): (200, PAGE | {"registrants": [REGISTRANT]}),
    ("PUT", "/meetings/{meeting}/registrants/status"): (204, None),
    ("GET", "/past_meetings/{meeting}/instances"): (
        200, {"meetings": [{"uuid": str, "start_time": str}]}
    ),
    ("GET", "/past_meetings/{uuid}/participants"): (200, PAGE | {"participants": [PARTICIPANT]}),
    ("GET", "/report/meetings/{uuid}/participants"): (
        200, PAGE | {"participants": [PARTICIPANT]}
    ),
}  # fmt: skip
MAY: Shape = {"bo_mtg_id": str}
ERROR: Shape = {"code": int, "message": str}
FAULTS = {
    "401": 401, "500": 500, "503": 503, "429_iso": 429, "429_plain": 429, "429_daily": 429,
    "4001": 429, "3001": 404, "4711": 400, "200": 400,
}  # fmt: skip

OBJECT: Shape = {
    "id": str, "uuid": str, "host_id": str, "topic": str, "type": int, "start_time": str,
    "timezone": str, "duration": int,
}  # fmt: skip
HER: Shape = {
    "user_id": str, "user_name": str, "id": str, "participant_uuid": str, "email": str,
    "registrant_id": str, "participant_user_id": str,
}  # fmt: skip
EVENTS: dict[str, tuple[Shape, Shape | None]] = {
    "meeting.started": (OBJECT, None),
    "meeting.ended": (OBJECT | {"end_time": str}, None),
    "meeting.participant_joined": (OBJECT, HER | {"join_time": str}),
    "meeting.participant_left": (OBJECT, HER | {"leave_time": str, "leave_reason": str}),
    "meeting.participant_joined_waiting_room": (OBJECT, HER | {"join_time": str}),
    "meeting.participant_left_waiting_room": (OBJECT, HER | {"leave_time": str}),
    "meeting.participant_admitted": (OBJECT, HER | {"join_time": str}),
}


def differs(said: Any, shape: Any, where: str = "") -> list[str]:
    """Where an answer is not as published: missing fields, others, another type."""
    if isinstance(shape, list):
        rows = said if isinstance(said, list) else []
        wrong = [] if isinstance(said, list) else [f"{where} is no list"]
        return wrong + [fault for row in rows for fault in differs(row, shape[0], f"{where}[]")]
    if isinstance(shape, dict):
        if not isinstance(said, dict):
            return [f"{where} is no object"]
        known, wrong = shape | MAY, [f"{where}.{name} is missing" for name in shape.keys() - said]
        for name, value in said.items():
            here = f"{where}.{name}"
            wrong += differs(value, known[name], here) if name in known else [f"{here} is new"]
        return wrong
    return [] if type(said) is shape else [f"{where} is {type(said).__name__}"]


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


@pytest.mark.parametrize("operation", ANSWERS, ids=" ".join)
def test_an_answer_is_as_zoom_publishes_it(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock, operation: tuple[str, str]
) -> None:
    everything(provider, zoom, clock)
    status, shape = ANSWERS[operation]
    good = [
        one for one in zoom.log if (one.method, one.route) == operation and one.status < 400
    ]  # fmt: skip
    assert good, "it was asked"
    for one in good:
        assert one.status == status
        if shape is None:
            assert one.answer is None
        else:
            assert differs(one.answer, shape) == []
            lists = [value for value in one.answer.values() if isinstance(value, list)]
            assert all(lists), "a list with nothing in it shows nothing"


def test_every_operation_that_is_served_to_us_is_in_the_table(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    everything(provider, zoom, clock)
    assert {(one.method, one.route) for one in zoom.log} == set(ANSWERS)


def test_the_registrant_is_named_in_the_report_only_where_that_is_asked_for(
    provider: ZoomMeetings, zoom: ZoomServer, clock: FakeClock
) -> None:
    everything(provider, zoom, clock)
    [report] = [one for one in zoom.log if one.route.startswith("/report") and one.status == 200]
    assert report.query["include_fields"] == "registrant_id"


def test_a_wrong_type_a_missing_field_and_one_too_many_are_found(
    provider: ZoomMeetings, zoom: ZoomServer
) -> None:
    """The control."""
    provider.create(WANTED)
    good = zoom.log[-1].answer
    bad = copy.deepcopy(good)
    bad["id"], bad["color"] = str(bad["id"]), "red"
    del bad["uuid"]
    assert differs(good, WHOLE) == []
    assert sorted(differs(bad, WHOLE)) == [".color is new", ".id is str", ".uuid is missing"]
    page = {"page_count": 1, "page_size": 1, "total_records": 1, "next_page_token": ""}
    assert differs(page | {"registrants": [{}]}, PAGE | {"registrants": [REGISTRANT]})


@pytest.mark.parametrize("kind", FAULTS)
def test_an_error_is_as_zoom_publishes_it(
    provider: ZoomMeetings, zoom: ZoomServer, kind: str
) -> None:
    room = provider.create(WANTED)
    zoom.faults.next(kind, times=2)
    with pytest.raises(MeetingFault):
        provider.read(room.external_id)
    wrong = zoom.log[-1]
    assert (wrong.status, differs(wrong.answer, ERROR)) == (FAULTS[kind], [])


def test_a_field_that_is_refused_is_named(zoom: ZoomServer, provider: ZoomMeetings) -> None:
    room = provider.create(WANTED)
    with pytest.raises(MeetingFault):
        provider.register(room.external_id, WantedPerson("b9", "", "no address"))
    said = zoom.log[-1].answer
    assert differs(said, ERROR | {"errors": [{"field": str, "message": str}]}) == []
    assert (said["code"], said["errors"][0]["field"]) == (300, "first_name")


def test_a_token_is_as_zoom_publishes_it(zoom: ZoomServer) -> None:
    known = f"{zoom.account.client_id}:{zoom.account.client_secret}".encode()
    form = {"grant_type": "account_credentials", "account_id": zoom.account.account_id}
    status, said = zoom.token("Basic " + base64.b64encode(known).decode(), form, "")
    shape = {
        "access_token": str, "token_type": str, "expires_in": int, "scope": str, "api_url": str
    }  # fmt: skip
    assert (status, differs(said, shape), said["expires_in"]) == (200, [], 3600)


@pytest.mark.parametrize("spells_date_time", [False, True])
@pytest.mark.parametrize("sends_numbers", [False, True])
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_as_zoom_publishes_it(
    zoom: ZoomServer, event: str, spells_date_time: bool, sends_numbers: bool
) -> None:
    zoom.hooks.spells_date_time, zoom.hooks.sends_numbers = spells_date_time, sends_numbers
    about, her = (shape and dict(shape) for shape in EVENTS[event])
    assert about is not None
    if sends_numbers:
        about["id"] = int
    if her is not None:
        if sends_numbers:
            her["user_id"] = int
        if spells_date_time:
            her = {name.replace("join_time", "date_time").replace("leave_time", "date_time"): kind
                   for name, kind in her.items()}  # fmt: skip
        about["participant"] = her
    said = zoom.hooks.event(event, _meeting(), Run("u==", NOON), _visit() if her else None)
    account = {"account_id": str, "object": about}
    assert differs(said, {"event": str, "event_ts": int, "payload": account}) == []
    assert said["event"] == event


def _meeting() -> Meeting:
    return Meeting(81234567890, "HOST", "Training session", "", 2, NOON, 60, "UTC", {}, "pw")


def _visit() -> Visit:
    return Visit("16778240", "Ada", "REG", "", NOON, "P1", left_at=NOON + timedelta(minutes=9))
