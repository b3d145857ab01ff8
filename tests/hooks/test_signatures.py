"""What is not signed is refused; what is signed is kept once, whatever it says."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from remote_training import start
from remote_training.core.db import db
from remote_training.core.settings import WrongSetting, load
from remote_training.hooks import signatures
from remote_training.hooks.models import HookEvent, State
from remote_training.outside import bbb_signing
from tests.fakes import NOON
from tests.hooks import sending
from tests.hooks.conftest import work

BODY = sending.zoom_person("participant_joined", 0)


def kept() -> list[HookEvent]:
    return list(db.session.scalars(sa.select(HookEvent).order_by(HookEvent.received_at)))


def challenge(token: Any) -> bytes:
    told = {"event": "endpoint.url_validation", "payload": {"plainToken": token}, "event_ts": 1}
    return json.dumps(told).encode()


def test_a_signed_event_of_zoom_is_kept_and_answered_with_nothing(browser: FlaskClient) -> None:
    answer = sending.send_zoom(browser, BODY)
    assert (answer.status_code, answer.data) == (204, b"")
    [event] = kept()
    assert event.body.encode("latin-1") == BODY
    assert b"Ada" not in event.body_sealed
    assert event.state is State.NEW


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda: (BODY, {}), id="unsigned"),
        pytest.param(lambda: (BODY, sending.zoom_headers(BODY, secret="other")), id="other secret"),
        pytest.param(lambda: (BODY, sending.zoom_headers(BODY, secret="")), id="empty secret"),
        pytest.param(
            lambda: (json.dumps(json.loads(BODY), indent=1).encode(), sending.zoom_headers(BODY)),
            id="the same, written anew",
        ),
        pytest.param(
            lambda: (BODY.replace(b"REG", b"REH"), sending.zoom_headers(BODY)), id="one letter"
        ),
        pytest.param(
            lambda: (
                BODY,
                sending.zoom_headers(BODY) | {"x-zm-request-timestamp": "1764000000"},
            ),
            id="another stamp",
        ),
        pytest.param(
            lambda: (BODY, sending.zoom_headers(BODY) | {"x-zm-request-timestamp": "soon"}),
            id="no stamp",
        ),
        pytest.param(
            lambda: (BODY, sending.zoom_headers(BODY) | {"x-zm-signature": "v0=\xe9"}),
            id="letters that no signature has",
        ),
        pytest.param(
            lambda: (BODY, {"Authorization": f"Bearer {sending.SECRET}"}), id="the secret itself"
        ),
    ],
)
def test_a_forged_event_of_zoom_is_refused(browser: FlaskClient, forge: Any) -> None:
    body, headers = forge()
    answer = browser.post("/hooks/zoom", data=body, headers=headers)
    assert (answer.status_code, answer.data) == (401, b"")
    assert kept() == []
    assert sending.send_zoom(browser, BODY).status_code == 204, "the real one is taken"
    assert len(kept()) == 1


def test_the_challenge_is_answered_as_zoom_documents(browser: FlaskClient, app: Flask) -> None:
    token = "qgg8vlvZRS6UYooatFL8Aw"
    wanted = "72cef096bfd47c0b8664df30d07721641e4abd7e885ba432204260db477a9a3e"
    assert signatures.zoom_answer(token, secret="secret") == wanted
    answer = sending.send_zoom(browser, challenge(token))
    assert answer.status_code == 200
    told = signatures.zoom_answer(token, secret=sending.SECRET)
    assert answer.json == {"plainToken": token, "encryptedToken": told}
    assert kept() == [], "it is a question, not an event"


def test_an_unsigned_challenge_signs_nothing_for_a_stranger(browser: FlaskClient) -> None:
    answer = browser.post("/hooks/zoom", data=challenge("abc"))
    assert (answer.status_code, answer.data) == (401, b"")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(f"v0:1764000000:{BODY.decode()}", id="a whole event"),
        pytest.param("v0:1764000000:{}", id="a short event"),
        pytest.param("x" * 65, id="longer than a token"),
        pytest.param("", id="nothing"),
        pytest.param(None, id="no text"),
        pytest.param(["v0:1:{}"], id="a list"),
        pytest.param("\u00e9", id="no token of zoom"),
    ],
)
def test_even_a_signed_challenge_is_no_oracle(browser: FlaskClient, token: Any) -> None:
    answer = sending.send_zoom(browser, challenge(token))
    assert answer.status_code == 400
    assert b"encryptedToken" not in answer.data


def test_without_that_guard_the_oracle_would_sign_an_event(browser: FlaskClient) -> None:
    """The negative control: what the challenge would answer is a signature that is taken."""
    stamp = str(int(NOON.timestamp()))
    oracle = signatures.zoom_answer(f"v0:{stamp}:{BODY.decode()}", secret=sending.SECRET)
    headers = {"x-zm-signature": f"v0={oracle}", "x-zm-request-timestamp": stamp}
    assert browser.post("/hooks/zoom", data=BODY, headers=headers).status_code == 204


def test_a_replay_is_answered_as_the_first_and_kept_once(browser: FlaskClient) -> None:
    for minutes in (0, 1, 90):
        stamp = NOON + timedelta(minutes=minutes)
        assert sending.send_zoom(browser, BODY, stamp=stamp).status_code == 204
    assert len(kept()) == 1
    other = sending.zoom_person("participant_left", 60)
    assert sending.send_zoom(browser, other).status_code == 204
    assert len(kept()) == 2, "another event is another row"


def test_what_is_signed_is_never_refused_however_odd(browser: FlaskClient, app: Flask) -> None:
    odd = [
        b"", b"null", b"[]", b"{}", b"\xff\xfe\x00", b'{"event": 7}', b"[" * 50_000,
        b'{"event": "meeting.participant_joined"}', b'{"event":"meeting.ended","payload":[]}',
        b'{"event": "meeting.participant_joined", "payload": {"object": {"id": 1e999}}}',
        sending.zoom_person("participant_joined", 0, user_id="\x00\ud800"),
        sending.zoom_person("participant_joined", 0, join_time="never", event_ts=None),
        sending.zoom_person("participant_joined", 0, join_time=None, event_ts=10**40),
    ]  # fmt: skip
    for body in odd:
        assert sending.send_zoom(browser, body).status_code == 204, body[:60]
    assert len(kept()) == len(odd)
    assert work(app) == len(odd)
    db.session.expire_all()
    assert {event.state for event in kept()} <= {State.UNUSABLE, State.NOT_OURS}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(browser: FlaskClient) -> None:
    body = b"x" * (300 * 1024)
    assert sending.send_zoom(browser, body).status_code == 413
    assert kept() == []


@pytest.mark.parametrize("way", ["zoom", "bigbluebutton", "bigbluebutton/analytics", "jitsi"])
def test_a_hook_without_a_secret_is_not_there(app: Flask, browser: FlaskClient, way: str) -> None:
    empty = {name: SecretStr(" ") for name in ("zoom_webhook_secret", "bbb_secret", "jitsi_secret")}
    app.extensions["settings"] = app.extensions["settings"].model_copy(update=empty)
    headers = sending.zoom_headers(BODY, secret="") | {"Authorization": "Bearer "}
    answer = browser.post(f"/hooks/{way}", data=BODY, headers=headers)
    assert answer.status_code == 404
    assert kept() == []


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"MEETINGS": "zoom", "ZOOM_WEBHOOK_SECRET": " "}, "ZOOM_WEBHOOK_SECRET"),
        ({"MEETINGS": "bigbluebutton", "BBB_URL": "https://a.example.org"}, "BBB_SECRET"),
        ({"MEETINGS": "jitsi", "JITSI_URL": "https://a.example.org"}, "JITSI_SECRET"),
        ({"BBB_URL": "http://rooms.example.org"}, "BBB_URL"),
        ({"JITSI_URL": "https://you@rooms.example.org"}, "JITSI_URL"),
        ({"BBB_CHECKSUM": "md5"}, "BBB_CHECKSUM"),
        ({"MEETINGS": "teams"}, "MEETINGS"),
    ],
)
def test_an_empty_secret_or_a_wrong_address_stops_the_start(
    environment: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting, match=named):
        start.real_world(load())


def test_bigbluebuttons_documented_checksum_is_ours() -> None:
    query = "createname=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444"
    secret = "639259d4-9dd8-4b25-bf01-95f9567eaf4b"
    found = bbb_signing.checksum(query.encode(), secret=secret, algorithm="sha1")
    assert found == "1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17"


BBB = sending.bbb_body(sending.bbb_event("user-joined", 0, meeting="class-x", person="p"))


@pytest.mark.parametrize(
    ("body", "checksum"),
    [
        pytest.param(BBB, "", id="unsigned"),
        pytest.param(BBB, sending.bbb_checksum(BBB, secret="other"), id="other secret"),
        pytest.param(BBB, sending.bbb_checksum(BBB, hashed="sha1"), id="another hash"),
        pytest.param(BBB + b"&x=1", sending.bbb_checksum(BBB), id="something added"),
        pytest.param(BBB.replace(b"%22", b"%22".lower() + b""), "0" * 64, id="zeros"),
    ],
)
def test_a_forged_event_of_bigbluebutton_is_refused(
    browser: FlaskClient, body: bytes, checksum: str
) -> None:
    assert sending.send_bbb(browser, body, checksum=checksum).status_code == 401
    assert kept() == []
    assert sending.send_bbb(browser, BBB).status_code == 204
    bearer = {"Authorization": f"Bearer {sending.SECRET}"}
    assert browser.post("/hooks/bigbluebutton", data=BBB, headers=bearer).status_code == 204
    assert [event.kind for event in kept()] == ["events"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param(sending.analytics_headers(secret="other"), id="other secret"),
        pytest.param(sending.analytics_headers(good_for=-1), id="over"),
        pytest.param({"Authorization": "Bearer a.b.c"}, id="nonsense"),
        pytest.param(
            {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9."},
            id="one that says that it needs no signature",
        ),
    ],
)
def test_a_report_at_the_end_needs_bigbluebuttons_token(
    browser: FlaskClient, headers: dict[str, str]
) -> None:
    way = "/hooks/bigbluebutton/analytics"
    assert browser.post(way, data=b"{}", headers=headers).status_code == 401
    good = browser.post(way, data=b"{}", headers=sending.analytics_headers())
    assert good.status_code == 204


def test_the_end_of_a_room_is_told_with_the_token_of_that_room_only(browser: FlaskClient) -> None:
    token = bbb_signing.end_token("class-x", secret=sending.SECRET)
    for way in (f"class-y/{token}", f"class-x/{token[:-1]}0", "class-x/x"):
        assert browser.get(f"/hooks/bigbluebutton/ended/{way}").status_code == 401
    assert kept() == []
    for _ in range(2):
        assert browser.get(f"/hooks/bigbluebutton/ended/class-x/{token}").status_code == 204
    assert [event.kind for event in kept()] == ["ended"], "asked twice, kept once"


def test_an_event_of_jitsi_needs_the_bearer_token(browser: FlaskClient) -> None:
    body = sending.jitsi_person("joined", 0, room="class-x")
    for secret in ("", "other", sending.SECRET + "x", sending.SECRET[:-1]):
        assert sending.send_jitsi(browser, body, secret=secret).status_code == 401
    assert kept() == []
    assert sending.send_jitsi(browser, body).status_code == 204
    assert len(kept()) == 1


def test_an_event_of_8x8_is_signed_over_its_bytes(browser: FlaskClient) -> None:
    import base64
    import hashlib
    import hmac

    body, stamp = b'{"eventType": "ROOM_CREATED"}', "1764000000"
    text = stamp.encode() + b"." + body
    mac = hmac.new(sending.SECRET.encode(), text, hashlib.sha256).digest()
    signed = f"t={stamp},v1={base64.b64encode(mac).decode()}"
    for sent, given in ((body + b" ", signed), (body, signed.replace("t=17", "t=18")), (body, "")):
        headers = {"X-Jaas-Signature": given}
        assert browser.post("/hooks/jitsi", data=sent, headers=headers).status_code == 401
    headers = {"X-Jaas-Signature": signed}
    assert browser.post("/hooks/jitsi", data=body, headers=headers).status_code == 204
