"""A woman who is invited as in the files of the common ground, the day before they answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.replies.mails import HER, UID

NOW = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
CLASS_AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def invited(app, clock):
    """Her booking; half an hour after the files were written."""
    clock.moment = NOW
    return make.booking(
        participant=make.participant(contact=make.contact(name="Ada Nineteen", email=HER)),
        session=make.session(starts_at=CLASS_AT),
        calendar_uid=UID,
        booked_at=NOW - timedelta(days=1),
    )
