"""What a trainer sees of it: who is not known, and how minutes came about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts.models import Account, Role
from remote_training.attendance import queries, service
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings import queries as meetings
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.conftest import register, room, work

Browse = Callable[..., FlaskClient]
say, UNKNOWN = sending.zoom_person, {"registrant_id": "", "user_id": "77", "user_name": "<b>Kees"}


@pytest.fixture
def her(app: Flask, browser: FlaskClient, booking: Booking, clock: FakeClock) -> Booking:
    """She came, went, and came back; and somebody dialled in."""
    register(room(booking), booking)
    for body in (
        say("participant_joined", 0), say("participant_left", 720),
        say("participant_joined", 1140, user_id="2"),
        say("participant_joined", 0, **UNKNOWN), say("participant_left", 1800, **UNKNOWN),
    ):  # fmt: skip
        sending.send_zoom(browser, body)
    work(app)
    clock.moment = NOON + timedelta(minutes=70)
    service.settle(now=clock.moment)
    db.session.commit()
    sending.send_zoom(browser, say("participant_left", 2280, user_id="2"))
    work(app)
    return booking


@pytest.fixture
def trainer(her: Booking) -> Account:
    return her.session.trainer


def test_the_page_of_a_person_tells_how_her_minutes_came_about(
    her: Booking, trainer: Account, browse_as: Browse
) -> None:
    page = browse_as(trainer).get(f"/staff/classes/{her.session_id}/people/{her.id}/").text
    text = " ".join(page.split())
    assert "31 of 60 minutes: from the room itself; left 13:12, back 13:19" in text
    assert '53 minutes, "was there" became 31 minutes' in text
    assert "late news from the room" in text
    assert text.count('role="rowheader"') == 4


def test_the_list_of_unknown_people_is_one_press_from_the_console(
    her: Booking, trainer: Account, browse_as: Browse
) -> None:
    client = browse_as(trainer)
    address = f"/staff/classes/{her.session_id}/unknown/"
    assert f'href="{address}"' in client.get(f"/staff/classes/{her.session_id}/").text
    page = client.get(address).text
    assert "&lt;b&gt;Kees" in page
    assert "13:00 - 13:30" in " ".join(page.split())
    [unknown] = meetings.unmatched(her.session_id)
    done = client.post(f"{address}{unknown.id}", data={"who": "nobody"}, follow_redirects=True)
    assert "This is noted" in done.text
    assert "not known: please say" not in client.get(f"/staff/classes/{her.session_id}/").text
    client.post(f"{address}{unknown.id}", data={"who": str(her.id)})
    row = queries.of_booking(her.id)
    assert row is not None
    assert row.machine_minutes == 38
    person = client.get(f"/staff/classes/{her.session_id}/people/{her.id}/").text
    assert "a trainer said who this was" in person
    assert "a decision about an unknown person" in person


@pytest.mark.parametrize(
    ("decided", "said"),
    [("nobody", "that this was nobody of this class."), ("her", 'that this was "')],
)
def test_a_decision_on_an_old_page_does_not_replace_a_newer_one(
    her: Booking, trainer: Account, browse_as: Browse, decided: str, said: str
) -> None:
    other = browse_as(make.trainer(contact=make.contact(name="Mats Berg")))
    client, [unknown] = browse_as(trainer), meetings.unmatched(her.session_id)
    page = f"/staff/classes/{her.session_id}/unknown/"
    address, choices = f"{page}{unknown.id}", {"nobody": "nobody", "her": str(her.id)}
    newer, mine = choices.pop(decided), choices.popitem()[1]
    assert other.post(address, data={"who": newer, "seen": ""}).status_code == 303
    refused = client.post(address, data={"who": mine, "seen": ""})
    assert refused.status_code == 409
    assert f"Mats has decided in the meantime {said}" in unescape(refused.text)
    assert f'name="seen" value="{newer}"' in refused.text
    assert f'<option value="{mine}" selected>' in refused.text, "what was chosen is kept"
    assert f'<option value="{newer}" selected>' in client.get(page).text
    assert client.post(address, data={"who": newer, "seen": ""}).status_code == 303, "the same"
    assert client.post(address, data={"who": mine, "seen": newer}).status_code == 303
    assert f'<option value="{mine}" selected>' in client.get(page).text


def test_a_decision_that_was_taken_back_meanwhile_is_not_changed_unseen(
    her: Booking, trainer: Account, browse_as: Browse
) -> None:
    client, [unknown] = browse_as(trainer), meetings.unmatched(her.session_id)
    address = f"/staff/classes/{her.session_id}/unknown/{unknown.id}"
    for who, seen in (("nobody", ""), ("", "nobody")):
        assert client.post(address, data={"who": who, "seen": seen}).status_code == 303
    refused = client.post(address, data={"who": str(her.id), "seen": "nobody"})
    assert (refused.status_code, "was taken back in the meantime" in refused.text) == (409, True)


def test_choosing_nothing_is_not_called_a_decision(
    her: Booking, trainer: Account, browse_as: Browse
) -> None:
    client, [unknown] = browse_as(trainer), meetings.unmatched(her.session_id)
    address = f"/staff/classes/{her.session_id}/unknown/{unknown.id}"
    empty = client.post(address, data={"who": "", "seen": ""}, follow_redirects=True).text
    assert "Nothing was chosen" in empty
    assert "This is noted" not in empty
    client.post(address, data={"who": "nobody", "seen": ""})
    back = client.post(address, data={"who": "", "seen": "nobody"}, follow_redirects=True).text
    assert "This is noted" in back, "taking back is something"


def test_only_who_has_a_place_in_this_class_can_have_been_it(
    her: Booking, trainer: Account, browse_as: Browse
) -> None:
    other = make.booking(session=make.session(starts_at=NOON))
    gone = make.booking(session=her.session, cancelled_at=NOON)
    [unknown] = meetings.unmatched(her.session_id)
    address = f"/staff/classes/{her.session_id}/unknown/{unknown.id}"
    client = browse_as(trainer)
    for who in (str(other.id), str(gone.id), "somebody", "\x00"):
        assert client.post(address, data={"who": who}).status_code == 404
    assert meetings.undecided(her.session_id) == 1
    elsewhere = address.replace(str(her.session_id), str(other.session_id))
    assert client.post(elsewhere, data={"who": "nobody"}).status_code == 404
    assert client.post(address, data={"who": str(her.id)}).status_code == 303, "the control"


def test_a_trainer_of_another_site_sees_nobody(her: Booking, browse_as: Browse) -> None:
    stranger = make.staff(Role.TRAINER, at=make.site("melbourne"))
    page = browse_as(stranger).get(f"/staff/classes/{her.session_id}/unknown/")
    assert page.status_code == 404
    assert "Kees" not in page.text
