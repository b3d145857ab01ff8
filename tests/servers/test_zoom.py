"""The simulated Zoom is as strict as the real one: what it must refuse, it refuses."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.fakes import FakeClock
from tests.servers.zoom import ZoomServer, zoom_server

SECRET = "webhook-secret"
WANTED = {
    "topic": "Training session",
    "type": 2,
    "start_time": "2026-11-25T12:00:00Z",
    "duration": 60,
    "settings": {"approval_type": 0, "waiting_room": True},
}


class Listener:
    """Takes webhooks, answers the challenge, and answers the rest as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args: Any) -> None:
                pass

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append(({k.lower(): v for k, v in self.headers.items()}, raw))
                said = json.loads(raw)
                is_check = said["event"] == "endpoint.url_validation"
                plain = said["payload"].get("plainToken", "")
                digest = hmac.new(SECRET.encode(), plain.encode(), hashlib.sha256).hexdigest()
                answer = json.dumps({"plainToken": plain, "encryptedToken": digest}).encode()
                self.send_response(200 if is_check else listener.status)
                self.end_headers()
                if is_check:
                    self.wfile.write(answer)

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/zoom"
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def events(self) -> list[dict[str, Any]]:
        """What came, but for the challenges."""
        bodies = [json.loads(raw) for _headers, raw in self.got]
        return [body for body in bodies if body["event"] != "endpoint.url_validation"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def zoom(clock: FakeClock) -> Iterator[ZoomServer]:
    with zoom_server(clock) as server:
        yield server


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.server.shutdown()
    one.server.server_close()


def token(zoom: ZoomServer) -> str:
    account = zoom.account
    answer = requests.post(
        f"{zoom.url}/oauth/token",
        auth=(account.client_id, account.client_secret),
        data={"grant_type": "account_credentials", "account_id": account.account_id},
        timeout=5,
    )
    return str(answer.json()["access_token"])


def ask(zoom: ZoomServer, method: str, path: str, **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token(zoom)}"}
    url = f"{zoom.url}/v2{path}"
    return requests.request(method, url, headers=headers, timeout=5, **options)


def create(zoom: ZoomServer, **changes: Any) -> dict[str, Any]:
    answer = ask(zoom, "POST", "/users/me/meetings", json=WANTED | changes)
    assert answer.status_code == 201
    return dict(answer.json())


def test_a_token_in_the_query_or_with_the_wrong_secret_is_refused(zoom: ZoomServer) -> None:
    url = f"{zoom.url}/oauth/token"
    form = {"grant_type": "account_credentials", "account_id": "ACC"}
    good = ("client", zoom.account.client_secret)
    assert requests.post(url, auth=good, data=form, timeout=5).status_code == 200
    assert requests.post(url, auth=("client", "x"), data=form, timeout=5).status_code == 401
    assert requests.post(f"{url}?account_id=ACC", auth=good, timeout=5).status_code == 400


def test_a_token_ends_after_an_hour(zoom: ZoomServer, clock: FakeClock) -> None:
    headers = {"Authorization": f"Bearer {token(zoom)}"}
    url = f"{zoom.url}/v2/users/me"
    assert requests.get(url, headers=headers, timeout=5).status_code == 200
    clock.forward(hours=1)
    late = requests.get(url, headers=headers, timeout=5)
    assert (late.status_code, late.json()["code"]) == (401, 124)


def test_where_a_new_token_ends_the_old_one_the_old_one_is_refused(zoom: ZoomServer) -> None:
    zoom.only_newest_token = True
    old = token(zoom)
    token(zoom)
    headers = {"Authorization": f"Bearer {old}"}
    assert requests.get(f"{zoom.url}/v2/users/me", headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_time": "tomorrow"},
        {"duration": "60"},
        {"type": 7},
        {"settings": {"waiting_room": "yes"}},
        {"settings": {"approval_type": 3}},
        {"settings": {"no_such_setting": True}},
    ],
    ids=lambda wrong: str(wrong),
)
def test_what_the_schema_does_not_take_is_refused(zoom: ZoomServer, wrong: dict[str, Any]) -> None:
    answer = ask(zoom, "POST", "/users/me/meetings", json=WANTED | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)
    assert create(zoom)["id"] > 10**10


def test_the_hundred_and_first_change_of_a_day_is_refused_in_either_shape(
    zoom: ZoomServer, clock: FakeClock
) -> None:
    meeting = create(zoom)
    zoom.rooms.counted[("changes me", clock().date())] = 100
    late = ask(zoom, "PATCH", f"/meetings/{meeting['id']}", json={"duration": 30})
    assert late.status_code == 429
    assert late.headers["Retry-After"] == "2026-11-25T00:00:00Z"
    zoom.rooms.daily_shape = "bare"
    bare = ask(zoom, "PATCH", f"/meetings/{meeting['id']}", json={"duration": 30})
    assert "Retry-After" not in bare.headers
    assert bare.headers["x-ratelimit-remaining"] == "5893"
    assert "daily" in bare.json()["message"]
    clock.forward(hours=13)
    assert ask(zoom, "PATCH", f"/meetings/{meeting['id']}", json={}).status_code == 204


def test_a_registrant_has_no_address_of_her_own_until_she_is_approved(zoom: ZoomServer) -> None:
    meeting = create(zoom, settings={"approval_type": 1})
    her = {"email": "p-1@trial.example.org", "first_name": "Ada"}
    path = f"/meetings/{meeting['id']}/registrants"
    assert "join_url" not in ask(zoom, "POST", path, json=her).json()
    assert ask(zoom, "GET", path).json()["registrants"] == [], "only approved ones are listed"
    other = create(zoom)
    assert "join_url" in ask(zoom, "POST", f"/meetings/{other['id']}/registrants", json=her).json()


def test_the_fourth_registration_of_a_day_is_refused(zoom: ZoomServer) -> None:
    path = f"/meetings/{create(zoom)['id']}/registrants"
    her = {"email": "p-1@trial.example.org", "first_name": "Ada"}
    answers = [ask(zoom, "POST", path, json=her) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert len({answer.json()["registrant_id"] for answer in answers[:3]}) == 1


def test_a_batch_is_for_scheduled_meetings_and_thirty_people(zoom: ZoomServer) -> None:
    people = [{"email": f"p-{n}@trial.example.org", "first_name": "P"} for n in range(31)]
    one, series = create(zoom), create(zoom, type=8)

    def batch(meeting: dict[str, Any], count: int) -> requests.Response:
        path = f"/meetings/{meeting['id']}/batch_registrants"
        return ask(zoom, "POST", path, json={"registrants": people[:count]})

    assert batch(one, 30).status_code == 201
    assert batch(one, 31).status_code == 400
    assert batch(series, 2).json()["code"] == 303


def test_a_uuid_with_slashes_must_be_encoded_twice(zoom: ZoomServer) -> None:
    seen = set()
    for _ in range(3):
        meeting = create(zoom)
        zoom.begin(meeting["id"])
        uuid = zoom.meeting(meeting["id"]).runs[-1].uuid
        zoom.end(meeting["id"])
        is_tricky = uuid.startswith("/") or "//" in uuid
        once, twice = quote(uuid, safe=""), quote(quote(uuid, safe=""), safe="")
        assert (ask(zoom, "GET", f"/past_meetings/{once}").status_code == 200) is not is_tricky
        if is_tricky:
            assert ask(zoom, "GET", f"/past_meetings/{twice}").status_code == 200
        seen.add((uuid.startswith("/"), "//" in uuid))
    assert seen == {(True, False), (False, True), (False, False)}


def test_events_are_sent_only_where_the_challenge_was_answered(
    zoom: ZoomServer, listener: Listener
) -> None:
    meeting = create(zoom)["id"]
    zoom.begin(meeting)
    assert listener.got == []
    assert zoom.hooks.subscribe(listener.url, SECRET)
    zoom.end(meeting)
    zoom.begin(meeting)
    assert [event["event"] for event in listener.events()] == ["meeting.ended", "meeting.started"]
    runs = zoom.meeting(meeting).runs
    assert runs[0].uuid != runs[1].uuid, "the host started it again"


def test_an_event_is_signed_over_its_raw_bytes(zoom: ZoomServer, listener: Listener) -> None:
    zoom.hooks.subscribe(listener.url, SECRET)
    zoom.begin(create(zoom)["id"])
    headers, raw = listener.got[-1]
    said = b"v0:" + headers["x-zm-request-timestamp"].encode() + b":" + raw
    digest = hmac.new(SECRET.encode(), said, hashlib.sha256).hexdigest()
    assert headers["x-zm-signature"] == f"v0={digest}"


def test_only_5xx_is_tried_again_after_5_20_and_60_minutes(
    zoom: ZoomServer, listener: Listener, clock: FakeClock
) -> None:
    zoom.hooks.subscribe(listener.url, SECRET)
    listener.status = 503
    zoom.begin(create(zoom)["id"])
    times = []
    for _ in range(100):
        clock.forward(minutes=1)
        times += [clock.moment] * zoom.hooks.deliver_due()
    gaps = [round((at - times[0]) / timedelta(minutes=1)) + 5 for at in times]
    assert gaps == [5, 25, 85]
    listener.status = 400
    zoom.begin(create(zoom)["id"])
    clock.forward(hours=3)
    assert zoom.hooks.deliver_due() == 0


def test_people_come_and_go_by_a_script(zoom: ZoomServer, listener: Listener) -> None:
    zoom.hooks.subscribe(listener.url, SECRET)
    meeting = create(zoom)["id"]
    zoom.begin(meeting)
    her = zoom.join(meeting, "reg1", waits=True)
    zoom.admit(meeting, her)
    second = zoom.join(meeting, "reg1")
    zoom.drop(meeting, second)
    zoom.hooks.spells_date_time = zoom.hooks.sends_numbers = True
    zoom.hooks.hold()
    zoom.leave(meeting, her)
    zoom.end(meeting)
    zoom.hooks.release(lambda held: held[::-1])
    names = [event["event"].removeprefix("meeting.") for event in listener.events()]
    assert names == [
        "started", "participant_joined_waiting_room", "participant_admitted",
        "participant_left_waiting_room", "participant_joined", "participant_joined",
        "ended", "participant_left",
    ]  # fmt: skip
    left = listener.events()[-1]["payload"]["object"]
    assert isinstance(left["id"], int)
    assert "date_time" in left["participant"]
    assert left["participant"]["registrant_id"] == "reg1"
