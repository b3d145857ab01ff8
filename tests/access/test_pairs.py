"""Two ids in one address: each may be one's own to touch, and still not belong together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from remote_training.accounts.models import Grant, Role
from remote_training.core.db import db
from remote_training.messages import service as outbox
from remote_training.messages.models import State
from remote_training.participants.models import Participant
from tests import make
from tests.access import matrix, rows
from tests.access.people import Cast
from tests.fakes import NOON

PAIRS = sorted(
    {(method, route) for method, route, _role in matrix.read() if route.count("<uuid") == 2}
)


def _strangers(there: str) -> dict[str, UUID]:
    """The second ids, of somebody else at a site."""
    site = make.site(there)
    her = make.participant(site=site)
    session = make.session(site=site, starts_at=NOON + timedelta(minutes=10))
    colleague = make.staff(Role.TRAINER, at=site)
    return {
        "booking_id": make.booking(participant=her, session=session).id,
        "session_id": session.id,
        "stranger_id": make.stranger(session=session).id,
        "message_id": _message(her),
        "assessment_id": make.assessment(participant=her).id,
        "grant_id": db.session.query(Grant).filter_by(account_id=colleague.id).one().id,
    }


def _message(her: Participant) -> UUID:
    message = outbox.queue(
        "welcome",
        to=her.contact_id,
        facts={"participant_id": str(her.id)},
        not_after=NOON + timedelta(days=1),
        now=NOON,
    )
    assert message is not None
    message.state = State.FAILED
    db.session.commit()
    return message.id


def _allowed(method: str, route: str) -> list[str]:
    return [
        role
        for (asked, where, role), decision in matrix.read().items()
        if (asked, where) == (method, route) and decision == "allow"
    ]


@pytest.mark.parametrize("there", ["utrecht", "melbourne"])
@pytest.mark.parametrize(("method", "route"), PAIRS)
def test_a_second_id_of_somebody_else_is_not_found(
    cast: Cast, method: str, route: str, there: str
) -> None:
    second = route.rsplit("<uuid:", 1)[1].split(">", 1)[0]
    if (second, there) == ("session_id", "utrecht"):
        there = "melbourne"  # any class of her own site may be booked for her
    strangers = _strangers(there)
    before = rows.everything()
    strange: Any = replace(cast, values={**cast.values, second: str(strangers[second])})
    for role in _allowed(method, route):
        assert strange.ask(role, method, route).status_code == 404, role
    assert rows.everything() == before


@pytest.mark.parametrize(("method", "route"), PAIRS)
def test_the_same_with_ids_that_belong_together_is_let_in(
    cast: Cast, method: str, route: str
) -> None:
    for role in _allowed(method, route)[:1]:
        assert cast.ask(role, method, route).status_code in (200, 303, 409, 422)


def test_a_participant_books_no_class_of_another_site(cast: Cast) -> None:
    elsewhere = make.session(site=make.site("melbourne"))
    strange = replace(cast, values={**cast.values, "session_id": str(elsewhere.id)})
    route = "/classes/<uuid:session_id>/book"
    for role in ("participant own", "participant other", "permit bookings only"):
        assert strange.ask(role, "POST", route).status_code == 404
        assert cast.ask(role, "POST", route).status_code == 303
