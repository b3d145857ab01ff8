"""One participant with a class and a questionnaire, and links to all that is hers."""

import pytest
import sqlalchemy as sa

from remote_training import tables
from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON

YEAR = "1960"
KINDS = ("join", "answer", "bookings", "sign_in", "invitation", "stop_day")


class Hers:
    """A participant, what is hers, and a way to make links to it."""

    def __init__(self):
        self.participant = make.participant(contact=make.contact(email="hers@example.org"))
        self.booking = make.booking(participant=self.participant)
        self.assessment = make.assessment(participant=self.participant)
        self.colleague = make.staff(contact=make.contact(email="new@example.org"))

    def token(self, kind, **changes):
        """A fresh link of a kind, as the letters make it."""
        kind = LinkKind(kind)
        of_staff = kind is LinkKind.INVITATION
        account = self.colleague if of_staff else self.participant.account
        subjects = {LinkKind.JOIN: self.booking.id, LinkKind.ANSWER: self.assessment.id}
        lasts = {
            LinkKind.SIGN_IN: tokens.SIGN_IN_LASTS,
            LinkKind.BOOKINGS: tokens.BOOKINGS_LAST,
            LinkKind.INVITATION: tokens.INVITATION_LASTS,
        }
        ends = {"expires_at": NOON + lasts[kind]} if kind in lasts else {}
        plain = {"now": NOON, "subject_id": subjects.get(kind), **ends}
        token = tokens.mint(kind, account.id, **plain | changes)
        db.session.commit()
        return token

    def opens(self, kind):
        """What is typed on the page of the link, and where its button leads."""
        return {
            "join": ({}, f"/class/{self.booking.id}/"),
            "answer": ({"birth_year": YEAR}, f"/questions/{self.assessment.id}/"),
            "bookings": ({}, "/classes/"),
            "stop_day": ({}, "/home/reminders/"),
            "sign_in": ({}, "/home/"),
            "invitation": ({"password": "purple bicycles sing"}, "/staff/sign-in"),
        }[kind]


@pytest.fixture
def hers(app):
    return Hers()


@pytest.fixture
def all_rows(app):
    """Look at every row of every table."""

    def look():
        db.session.rollback()
        with db.engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(sa.select(table))))
                for table in tables.metadata().sorted_tables
            }

    return look
