"""The ways into a class at Zoom: her own address, another room, or a page that says to wait."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts.models import Role
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.core.crypto import KeyRing
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import jobs, queries, sealed
from remote_training.meetings.differences import Difference
from remote_training.meetings.models import MeetingEvent, MeetingPerson, RoomUpkeep
from tests import make
from tests.conftest import SECRET
from tests.fakes import NOON, FakeClock
from tests.meetings.conftest import Worker
from tests.servers.zoom import ZoomServer

FALLBACK = "https://rooms.example.org/utrecht"
TOLD = {"place": "Kade 2", "whom": "other", "call_name": "Bea", "call_phone": "030 765 4321"}
Browse = Callable[..., FlaskClient]


@pytest.fixture
def fallback(zoom_app: Flask) -> Iterator[str]:
    """The study names another room for the site."""
    study = zoom_app.extensions["study"]
    site = study.site("utrecht").model_copy(update={"fallback_room": FALLBACK})
    sites = tuple(site if one.code == "utrecht" else one for one in study.sites)
    zoom_app.extensions["study"] = study.model_copy(update={"sites": sites})
    yield FALLBACK
    zoom_app.extensions["study"] = study


@pytest.fixture
def booking(zoom_app: Flask) -> Booking:
    return make.booking(session=make.session(starts_at=NOON + timedelta(minutes=30)))


def joined(client: FlaskClient, booking: Booking) -> str:
    """Press Join; the page that comes, and where its button leads."""
    answer = client.post(f"/class/{booking.id}/", data=TOLD)
    assert answer.status_code == 303
    return shown(client, answer.location)


def shown(client: FlaskClient, page: str) -> str:
    text = client.get(page).text
    button = re.search(r'href="(/class/[^"]+/way)"', text)
    return text + (client.get(button[1]).location if button else "")


def test_before_the_doors_open_nothing_of_the_providers_is_shown(
    booking: Booking, worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    worker.until_calm(seconds=1)
    client = browse_as(booking.participant)
    for page in (f"/class/{booking.id}/", f"/class/{booking.id}/room"):
        early = client.get(page, follow_redirects=True)
        assert zoom.url not in early.text
    clock.moment = NOON + timedelta(minutes=20)
    assert zoom.url not in client.get(f"/class/{booking.id}/").text, "not before she presses"
    asked = len(zoom.log)
    page = joined(client, booking)
    (her,) = next(iter(zoom.rooms.meetings.values())).registrants
    assert f"tk={her.token}" in page
    assert len(zoom.log) == asked, "no page waits for the provider"
    assert db.session.scalar(sa.select(sa.func.count(MeetingEvent.id))) == 0


def test_each_sees_her_own_address_alone(
    booking: Booking, worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    other = make.booking(session=booking.session)
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=20)
    meeting = next(iter(zoom.rooms.meetings.values()))
    tokens = {one.token for one in meeting.registrants}
    first, second = (joined(browse_as(one.participant), one) for one in (booking, other))
    seen = [{token for token in tokens if f"tk={token}" in page} for page in (first, second)]
    assert [len(one) for one in seen] == [1, 1]
    assert seen[0] != seen[1]


def test_who_booked_a_moment_ago_is_told_to_try_again_and_then_comes_in(
    booking: Booking, worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    clock.moment = NOON + timedelta(minutes=16)
    client = browse_as(booking.participant)
    page = joined(client, booking)
    assert "Your room is being opened" in page
    assert "Try again" in page
    assert zoom.url not in page
    worker.round()
    again = client.post(f"/class/{booking.id}/", data={"js": "0", "visit": ""})
    assert f"{zoom.url}/w/" in shown(client, again.location)


def test_who_was_taken_out_by_hand_and_comes_is_let_in_again(
    booking: Booking, worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    other = make.booking(session=booking.session)
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=20)
    meeting = next(iter(zoom.rooms.meetings.values()))
    for one in meeting.registrants:
        one.status = "cancelled"
    worker.round()
    joined(browse_as(booking.participant), booking)
    worker.round()
    (her,) = (one for one in meeting.registrants if one.status == "approved")
    assert her.first_name == booking.participant.contact.first_name
    again = browse_as(booking.participant).post(f"/class/{booking.id}/", data={"js": "0"})
    assert f"tk={her.token}" in shown(browse_as(booking.participant), again.location)
    row = queries.upkeep(booking.session_id)
    assert row is not None
    assert row.differs == {Difference.PERSON_GONE}, "who has not come is shown, as before"
    assert not queries.is_gone(other.session_id)


def test_a_class_whose_site_changes_its_provider_leaves_its_room_behind(
    zoom_app: Flask, booking: Booking, worker: Worker, clock: FakeClock, browse_as: Browse
) -> None:
    """What Zoom still tells of the hour counts, and the new room stays as it is."""
    worker.until_calm(seconds=1)
    before = queries.room(booking.session_id)
    assert before is not None
    external_id = before.external_id
    clock.moment = NOON + timedelta(minutes=40)
    settings = zoom_app.extensions["settings"]
    zoom_app.extensions["settings"] = settings.model_copy(update={"meetings": "offline"})
    browse_as(booking.participant).post(f"/class/{booking.id}/", data=TOLD)
    worker.until_calm()
    now, was = queries.room(booking.session_id), queries.room_named("zoom", external_id)
    assert now is not None
    assert now.provider == "offline"
    assert was is not None
    assert was.session_id == booking.session_id
    known = queries.person(was.id, booking.id)
    assert known is not None
    assert known.external_id
    assert not known.join_url


def test_while_the_provider_is_down_the_other_room_is_shown_and_the_trainer_told(
    booking: Booking, zoom: ZoomServer, worker: Worker, clock: FakeClock, browse_as: Browse,
    fallback: str,
) -> None:  # fmt: skip
    trainer = browse_as(booking.session.trainer)
    console = f"/staff/classes/{booking.session_id}/"
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=26)
    zoom.faults.next("drop", times=500)
    assert fallback not in joined(browse_as(booking.participant), booking), "all is well yet"
    assert "other room" not in trainer.get(console).text
    worker.round()
    clock.forward(minutes=1)
    page = joined(browse_as(booking.participant), booking)
    assert fallback in page
    assert f"{zoom.url}/w/" in page, "her own way in may still work"
    assert "other room" in trainer.get(console).text
    assert fallback in trainer.get(f"{console}room").text
    zoom.faults.waiting.clear()
    clock.forward(minutes=1)
    worker.round()
    assert fallback not in joined(browse_as(booking.participant), booking), "it is back"


def test_a_room_that_is_deleted_during_the_class_leads_into_the_next_and_the_trainer_reads_it(
    booking: Booking, zoom: ZoomServer, worker: Worker, clock: FakeClock, browse_as: Browse
) -> None:
    client, trainer = browse_as(booking.participant), browse_as(booking.session.trainer)
    console = f"/staff/classes/{booking.session_id}/"
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=40)
    first = str(next(iter(zoom.rooms.meetings)))
    assert f"/w/{first}" in joined(client, booking)
    stamp = re.findall('data-stamp="(.+?)"', trainer.get(console).text)[0]
    seen = {"If-None-Match": f'"{stamp}"'}
    assert trainer.get(f"{console}lines", headers=seen).status_code == 304
    zoom.delete_by_hand(first)
    gone = trainer.post(f"{console}room").text
    assert "There is no room just now" in gone
    worker.round()
    button = client.get(f"/class/{booking.id}/way")
    assert f"/w/{next(iter(zoom.rooms.meetings))}" in button.location, "the page that she has open"
    lines = trainer.get(f"{console}lines", headers=seen)
    assert "The room was deleted at the provider" in lines.text
    assert "canary-host-key" in trainer.post(f"{console}room").text
    coordinator = browse_as(make.staff(Role.COORDINATOR))
    rooms = coordinator.get("/staff/rooms/").text
    assert "A new one is made at once" in rooms
    assert "class of the next day" not in coordinator.get("/staff/people/").text, "it is mended"
    assert "Make it as planned" not in rooms


def test_while_no_room_can_be_made_she_is_shown_the_other_one(
    booking: Booking, zoom: ZoomServer, worker: Worker, clock: FakeClock, browse_as: Browse,
    fallback: str,
) -> None:  # fmt: skip
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=40)
    client = browse_as(booking.participant)
    assert fallback not in joined(client, booking)
    zoom.rooms.meetings.clear()
    zoom.faults.next("429_daily", times=9, on="POST /users")
    worker.round()
    page = joined(client, booking)
    assert fallback in page
    assert f"{zoom.url}/w/" not in page


def test_where_the_study_names_no_other_room_she_and_her_trainer_read_what_to_do(
    booking: Booking, zoom: ZoomServer, worker: Worker, clock: FakeClock, browse_as: Browse
) -> None:
    client, trainer = browse_as(booking.participant), browse_as(booking.session.trainer)
    console = f"/staff/classes/{booking.session_id}/"
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=26)
    assert "That is not your fault" not in joined(client, booking)
    zoom.faults.next("drop", times=500)
    worker.round()
    clock.forward(minutes=1)
    page = joined(client, booking)
    assert "That is not your fault" in page
    assert booking.participant.site.phone in page
    assert f"{zoom.url}/w/" in page, "her own way in may still work"
    assert "Please ring them, or name another room" in trainer.get(console).text
    zoom.faults.waiting.clear()
    clock.forward(minutes=1)
    worker.round()
    say_gone(booking)
    assert "This class has no room just now" in trainer.get(console).text
    assert "Your room is being opened" in joined(client, booking)


def say_gone(booking: Booking) -> None:
    row = queries.upkeep(booking.session_id)
    assert row is not None
    row.differs = frozenset({Difference.GONE})
    db.session.commit()


def test_who_has_no_way_in_five_minutes_before_the_class_is_shown_the_other_room(
    booking: Booking, clock: FakeClock, browse_as: Browse, fallback: str
) -> None:
    client = browse_as(booking.participant)
    clock.moment = NOON + timedelta(minutes=20)
    assert fallback not in joined(client, booking)
    clock.moment = NOON + timedelta(minutes=26)
    page = joined(client, booking)
    assert fallback in page
    assert "Try again" in page


def test_another_room_that_staff_names_is_shown_at_once_and_kept_sealed(
    booking: Booking, worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=16)
    trainer, address = browse_as(booking.session.trainer), "https://other.example.org/r?pwd=canary"
    page = f"/staff/classes/{booking.session_id}/instead"
    for wrong in (
        "http://other.example.org", "javascript:alert(1)", "https://x@evil.example", "other",
        "https://evil.example\\@zoom.us", "https://localhost", "//evil.example", "https://127.0.0.1/",
    ):  # fmt: skip
        refused = trainer.post(page, data={"address": wrong})
        assert refused.status_code == 422
        assert "such as https://" in refused.text
    assert trainer.post(page, data={"address": address}).status_code == 303
    assert address in joined(browse_as(booking.participant), booking)
    row = db.session.execute(sa.select(sa.text("*")).select_from(RoomUpkeep)).one()
    assert "canary" not in repr(tuple(row))
    entry = db.session.scalars(sa.select(Entry).where(Entry.action == "meetings.meet_instead"))
    assert "canary" not in repr([(one.detail, one.reason) for one in entry])
    trainer.post(page, data={"address": ""})
    assert f"{zoom.url}/w/" in joined(browse_as(booking.participant), booking)


def test_the_trainer_starts_the_room_by_a_link_that_is_kept_nowhere(
    booking: Booking, worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    worker.until_calm(seconds=1)
    clock.moment = NOON + timedelta(minutes=20)
    trainer = browse_as(booking.session.trainer)
    page = f"/staff/classes/{booking.session_id}/room"
    assert "canary-host-key" not in trainer.get(page).text
    started = trainer.post(page)
    assert started.status_code == 200
    assert "canary-host-key" in started.text
    assert started.headers["Cache-Control"] == "no-store"
    assert "canary-host-key" not in trainer.get(page).text
    assert "canary-host-key" not in everything_kept()
    zoom.faults.next("500", on="GET /meetings")
    away = trainer.post(page)
    assert "does not let us in just now" in away.text
    assert str(next(iter(zoom.rooms.meetings))) in away.text, "by the room's number she can"


def everything_kept() -> str:
    """Every row of every table, as the database holds it."""
    metadata = db.metadata
    return "".join(
        repr(tuple(row))
        for table in metadata.sorted_tables
        for row in db.session.execute(sa.select(sa.text("*")).select_from(table))
    )


def test_no_credential_of_a_room_stands_in_the_database_or_the_log(
    booking: Booking, worker: Worker, zoom: ZoomServer, log: StringIO
) -> None:
    zoom.faults.next("500_after", on="POST /meetings")
    worker.until_calm(seconds=1)
    meeting = next(iter(zoom.rooms.meetings.values()))
    her = meeting.registrants[0]
    said, kept = log.getvalue(), everything_kept()
    token = next(iter(zoom.tokens))
    for canary in (her.token, meeting.password, token, zoom.account.client_secret):
        assert canary not in kept
        assert canary not in said
    assert her.email not in said
    known = db.session.scalars(sa.select(MeetingPerson)).one()
    assert her.token in known.join_url, "it is there, for whoever has the key"


def test_the_coordinator_sees_which_room_is_not_ready_why_and_what_to_do(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    soon = make.session(starts_at=NOON + timedelta(hours=20))
    make.session(starts_at=NOON + timedelta(days=5))
    coordinator = browse_as(make.staff(Role.COORDINATOR))
    elsewhere = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))
    zoom.rooms.users["me"] = 1
    booking = make.booking(session=soon)
    worker.round()
    page = coordinator.get("/staff/rooms/")
    assert "has no licence" in page.text
    assert "choose another host" in page.text
    assert "within a day" in page.text
    assert "1 class of the next day" in coordinator.get("/staff/people/").text
    assert "within a day" not in elsewhere.get("/staff/rooms/").text
    assert booking.participant.contact.name not in page.text
    assert elsewhere.post(f"/staff/rooms/{soon.id}").status_code == 404
    zoom.rooms.users["me"] = 2
    assert coordinator.post(f"/staff/rooms/{soon.id}").status_code == 303
    clock.forward(seconds=5)
    worker.round()
    assert "No room needs a look" in coordinator.get("/staff/rooms/").text


def test_what_was_changed_at_the_provider_is_made_as_planned_by_a_press(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, browse_as: Browse
) -> None:
    make.booking(session=make.session(starts_at=NOON + timedelta(days=3)))
    worker.until_calm()
    meeting = next(iter(zoom.rooms.meetings.values()))
    planned, meeting.start_time = meeting.start_time, NOON + timedelta(days=4)
    clock.forward(hours=7)
    worker.round()
    coordinator = browse_as(make.staff(Role.COORDINATOR))
    page = coordinator.get("/staff/rooms/").text
    assert "Somebody changed the time or the length" in page
    assert "Make it as planned" in page
    session_id = db.session.scalars(sa.select(RoomUpkeep.session_id)).one()
    coordinator.post(f"/staff/rooms/{session_id}")
    worker.round()
    assert meeting.start_time == planned
    assert "No room needs a look" in coordinator.get("/staff/rooms/").text


def test_where_rooms_open_by_themselves_there_is_no_such_page_in_the_menu(
    app: Flask, browse_as: Browse
) -> None:
    coordinator = browse_as(make.staff(Role.COORDINATOR))
    assert "/staff/rooms/" not in coordinator.get("/staff/people/").text
    assert coordinator.get("/staff/rooms/").status_code == 200


def test_the_commands_say_how_the_rooms_stand(
    zoom_app: Flask, worker: Worker, zoom: ZoomServer
) -> None:
    make.booking(session=make.session(starts_at=NOON + timedelta(hours=20)))
    runner = zoom_app.test_cli_runner()
    from remote_training.meetings.cli import meetings

    before = runner.invoke(meetings, ["status"])
    assert before.exit_code == 1
    assert "is being made" in before.output
    done = runner.invoke(meetings, ["reconcile"])
    assert done.exit_code == 0, done.output
    assert "1 rooms were looked at, 0 failed" in done.output
    after = runner.invoke(meetings, ["status"])
    assert after.exit_code == 0
    assert "1 rooms are ready" in after.output
    zoom.faults.next("drop", times=50)
    assert runner.invoke(meetings, ["reconcile"]).exit_code == 1


def test_a_way_in_is_sealed_anew_with_a_new_key_and_forgotten_after_the_class(
    booking: Booking, worker: Worker, zoom: ZoomServer, zoom_app: Flask, clock: FakeClock
) -> None:
    worker.until_calm(seconds=1)
    kept = zoom_app.extensions["keyring"]
    newer = "a-newer-key-that-is-long-enough-for-this"
    zoom_app.extensions["keyring"] = KeyRing([newer, SECRET])
    try:
        with unit_of_work():
            assert sealed.reseal(500) == 2, "her way in, and the token"
        with unit_of_work():
            assert sealed.reseal(500) == 0
        zoom_app.extensions["keyring"] = KeyRing([newer])
        assert f"{zoom.url}/w/" in db.session.scalars(sa.select(MeetingPerson)).one().join_url
        with unit_of_work():
            jobs.forget(now=booking.session.ends_at + timedelta(hours=23))
        assert db.session.scalars(sa.select(MeetingPerson)).one().join_url != ""
        with unit_of_work():
            jobs.forget(now=booking.session.ends_at + timedelta(hours=25))
        assert db.session.scalars(sa.select(MeetingPerson)).one().join_url == ""
        assert db.session.scalars(sa.select(MeetingPerson)).one().external_id, "events find her"
    finally:
        zoom_app.extensions["keyring"] = kept
