"""Revisions 0004 and 0005 with data: what calendars must hear of, and what they answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training import tables
from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.app import create_app
from remote_training.bookings.models import CalendarAnswer
from remote_training.calendars.reply import Says
from remote_training.core import migrations
from remote_training.core.db import UtcDateTime, db
from remote_training.messages import service as outbox
from remote_training.outside import clock
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import fakes, make
from tests.conftest import settings
from tests.fakes import NOON
from tests.servers.postgres import postgres_url


@pytest.fixture
def url(database, tmp_path):
    """A migrated database of each kind with a class, a class called off, a feed, an answer."""
    url = f"sqlite:///{tmp_path}/trial.db" if database == "sqlite" else postgres_url()
    migrations.upgrade(url)
    app = create_app(settings(url), fakes.world())
    with app.app_context():
        studies.install(study())
        db.session.commit()
        booking = make.booking()
        make.session(called_off_at=NOON - timedelta(days=1), sequence=1)
        tokens.mint(LinkKind.CALENDAR, booking.participant.account_id, now=NOON)
        tokens.mint(LinkKind.BOOKINGS, booking.participant.account_id, now=NOON)
        db.session.add(
            CalendarAnswer(
                booking_id=booking.id, sequence=0, says=Says.DECLINED, said_at=NOON, heard_at=NOON
            )
        )
        for kind in ("says_no", "booking_confirmed"):
            outbox.queue(
                kind, to=booking.participant.contact_id, now=NOON,
                facts={"booking_id": str(booking.id)}, not_after=NOON + timedelta(days=1),
            )  # fmt: skip
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return url


def test_down_and_up_again_nothing_is_lost_but_what_the_older_platform_cannot_read(url):
    migrations.downgrade(url, "0005")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        kinds = connection.scalars(sa.text("SELECT kind FROM link")).all()
        owed = connection.scalars(sa.text("SELECT kind FROM message")).all()
        columns = {one["name"] for one in sa.inspect(connection).get_columns("session")}
    assert (kinds, owed) == (["bookings"], ["booking_confirmed"])
    assert not {"sequence", "changed_at"} & columns
    assert "calendar_answer" not in sa.inspect(engine).get_table_names()
    began = clock.now()

    migrations.upgrade(url)

    hour = sa.table("session", sa.column("sequence"), sa.column("changed_at", UtcDateTime()))
    with engine.connect() as connection:
        off, on = connection.execute(sa.select(hour).order_by(hour.c.sequence.desc())).all()
        assert connection.scalar(sa.text("SELECT count(*) FROM booking")) == 1
    engine.dispose()
    assert (off.sequence, off.changed_at) == (1, NOON - timedelta(days=1))
    assert on.sequence == 0
    assert began <= on.changed_at <= clock.now()
    assert "calendar_answer" in tables.metadata().tables
