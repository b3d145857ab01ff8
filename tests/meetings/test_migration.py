"""Revisions 0010, 0017, 0018 with data: rooms stay, what an older platform does not know goes."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remote_training.app import create_app
from remote_training.core import migrations
from remote_training.core.db import db
from remote_training.meetings.models import MeetingPerson, MeetingRoom, RoomUpkeep
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import fakes, make
from tests.conftest import settings
from tests.fakes import NOON
from tests.servers.postgres import postgres_url


@pytest.fixture
def url(database: str, tmp_path: Path) -> str:
    """A migrated database of each kind with a room, somebody in it, and its upkeep."""
    url = f"sqlite:///{tmp_path}/trial.db" if database == "sqlite" else postgres_url()
    migrations.upgrade(url)
    app = create_app(settings(url), fakes.world())
    with app.app_context():
        studies.install(study())
        db.session.commit()
        booking = make.booking()
        room = MeetingRoom(
            session_id=booking.session_id, provider="zoom", external_id="81234567890", host="h",
            opened_at=NOON,
        )  # fmt: skip
        db.session.add(room)
        db.session.flush()
        her = MeetingPerson(
            id=uuid4(), room_id=room.id, booking_id=booking.id, alias="p-1@x.org", external_id="r"
        )
        her.join_url = "https://zoom.us/w/1?tk=canary"
        db.session.add_all([her, RoomUpkeep(id=uuid4(), session_id=booking.session_id)])
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return url


def test_down_and_up_again_the_rooms_are_there(url: str) -> None:
    engine = sa.create_engine(url)
    migrations.downgrade(url, "0008")
    with engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT external_id FROM meeting_room")).all() == [
            "81234567890"
        ]
    assert "meeting_person" not in sa.inspect(engine).get_table_names()
    migrations.upgrade(url)
    with engine.connect() as connection:
        rooms = connection.execute(sa.text("SELECT external_id, host FROM meeting_room")).all()
        people = connection.scalar(sa.text("SELECT count(*) FROM meeting_person"))
    engine.dispose()
    assert [tuple(row) for row in rooms] == [("81234567890", "")]
    assert people == 0


def test_a_room_loses_its_unused_address_and_gets_an_empty_one_back(url: str) -> None:
    engine = sa.create_engine(url)
    assert "join_url" not in {one["name"] for one in sa.inspect(engine).get_columns("meeting_room")}
    migrations.downgrade(url, "0016")
    kept = sa.text("SELECT external_id, join_url FROM meeting_room")
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(kept)] == [("81234567890", "")]
        assert connection.scalar(sa.text("SELECT count(*) FROM meeting_person")) == 1
    engine.dispose()


def test_the_platform_before_can_still_write_a_room(url: str) -> None:
    """Old and new code run side by side for minutes, up to the revision that lets it go."""
    migrations.downgrade(url, "0016")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        session_id = connection.scalar(sa.text("SELECT session_id FROM room_upkeep"))
        connection.execute(sa.text("DELETE FROM meeting_person"))
        connection.execute(sa.text("DELETE FROM meeting_room"))
        old = sa.text(
            "INSERT INTO meeting_room (id, session_id, provider, external_id, join_url, opened_at)"
            " VALUES (:id, :session, 'offline', 'o', 'http://x', :now)"
        )
        connection.execute(
            old.bindparams(
                sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("now", type_=sa.DateTime())
            ),
            {"id": uuid4(), "session": session_id, "now": NOON},
        )
        assert connection.scalar(sa.text("SELECT host FROM meeting_room")) == ""
    engine.dispose()


def test_back_again_a_class_has_one_room_and_one_difference(url: str) -> None:
    """Revision 0018: the rooms that a class had before go, with who was in them."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        session_id = connection.scalar(sa.text("SELECT session_id FROM room_upkeep"))
        connection.execute(sa.text("UPDATE meeting_room SET replaced_at = opened_at"))
        connection.execute(sa.text("UPDATE room_upkeep SET differs = 'anew,moved,unsafe'"))
        another = sa.text(
            "INSERT INTO meeting_room (id, session_id, provider, external_id, host, opened_at)"
            " VALUES (:id, :session, 'zoom', '82', 'h', :now)"
        ).bindparams(sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("now", type_=sa.DateTime()))
        told = {"session": session_id, "now": NOON}
        connection.execute(another, told | {"id": uuid4()})
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(another, told | {"id": uuid4()})
    migrations.downgrade(url, "0017")
    with engine.connect() as connection:
        rooms = connection.scalars(sa.text("SELECT external_id FROM meeting_room")).all()
        people = connection.scalar(sa.text("SELECT count(*) FROM meeting_person"))
        differs = connection.scalar(sa.text("SELECT differs FROM room_upkeep"))
    engine.dispose()
    assert (rooms, people, differs) == (["82"], 0, "unsafe")
