"""An answer that waited on her phone arrives from another page of hers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts import guard, tokens, visits
from remote_training.accounts.models import LinkKind, Scope
from remote_training.alerts.models import Alert
from remote_training.assessments import service
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import sitting
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON, FakeClock

Browse = Callable[..., FlaskClient]
HOUR = 3_600_000


# the ticket is the proof where a form has no token
pytestmark = pytest.mark.usefixtures("guarded_forms")


@pytest.fixture
def ada(app: Flask) -> Any:
    return make.participant()


@pytest.fixture
def week_0(ada: Any) -> Assessment:
    return make.assessment(participant=ada, forms=("phq-9",))


@pytest.fixture
def ticket(browse_as: Browse, ada: Any, week_0: Assessment) -> str:
    """Of a page of hers, as it lies on her phone beside the answer."""
    page = browse_as(ada).get(f"/questions/{week_0.id}/1").text
    return re.findall(r'name="ticket" value="([^"]+)"', page)[0]


def visitor(app: Flask, her: Any, scope: Scope) -> FlaskClient:
    """A browser with a visit for one thing alone."""
    browser = app.test_client()
    visit, token = visits.begin(her.account, lasts=timedelta(hours=9), now=NOON)
    visits.permit(visit, scope)
    db.session.commit()
    with browser.session_transaction() as cookie:
        cookie[guard.VISITOR_COOKIE] = token
    return browser


def press(browser: FlaskClient, row: Assessment, ticket: str, item: str, **more: Any) -> Any:
    """Send one answer as the script does."""
    form = {"ticket": ticket, "read": ticket, "question": f"phq-9/{item}", **more}
    return browser.post(f"/questions/{row.id}/late", data=form)


def values(row: Assessment) -> dict[str, int | None]:
    db.session.expire_all()
    return {one.item.code: one.answer.value for one in sitting(row).questions if one.answer}


@pytest.mark.parametrize("scope", [Scope.BOOKINGS, Scope.JOIN, Scope.EVERYTHING])
def test_it_is_taken_from_a_visit_for_anything_of_hers_and_nothing_is_told(
    app: Flask, ada: Any, week_0: Assessment, ticket: str, scope: Scope
) -> None:
    answer = press(visitor(app, ada, scope), week_0, ticket, "phq2", answer="3")

    assert (answer.status_code, values(week_0)) == (200, {"phq2": 3})
    assert answer.json == {
        "said": "The answers that were kept on this phone have been sent.",
        "help": "",
    }


def test_a_visit_for_classes_with_a_ticket_opens_no_question(
    app: Flask, ada: Any, week_0: Assessment, ticket: str
) -> None:
    browser = visitor(app, ada, Scope.BOOKINGS)
    assert press(browser, week_0, ticket, "phq2", answer="3").status_code == 200
    assert browser.get(f"/questions/{week_0.id}/2").status_code == 401


def test_without_a_ticket_of_that_sitting_or_with_somebody_elses_visit_nothing_is_taken(
    app: Flask, ada: Any, week_0: Assessment, ticket: str
) -> None:
    week_6 = make.assessment(participant=ada, timepoint="w6", week=6, forms=("phq-9",))
    hers = visitor(app, ada, Scope.EVERYTHING)
    bea = visitor(app, make.participant(), Scope.EVERYTHING)
    for browser, row, proof, status in (
        (hers, week_0, "", 400), (hers, week_0, "nonsense", 400), (hers, week_6, ticket, 400),
        (bea, week_0, ticket, 401), (app.test_client(), week_0, ticket, 401),
    ):  # fmt: skip
        assert press(browser, row, proof, "phq2", answer="3").status_code == status
    assert (values(week_0), values(week_6)) == ({}, {})
    assert press(hers, week_0, ticket, "phq2", answer="3").status_code == 200


def test_an_alarming_answer_raises_the_alert_once_and_help_is_shown_at_once(
    app: Flask, ada: Any, week_0: Assessment, ticket: str
) -> None:
    browser, key = visitor(app, ada, Scope.BOOKINGS), "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    for _ in range(2):  # the first acknowledgement was lost on the way
        answer = press(browser, week_0, ticket, "phq9", answer="1", client_key=key)
        assert "You need not be alone with this" in answer.json["help"]
        assert "0800 0113" in answer.json["help"]
    assert len(db.session.scalars(sa.select(Alert)).all()) == 1
    assert values(week_0) == {"phq9": 1}


def test_what_was_given_in_time_is_taken_after_the_last_day_and_the_record_says_when(
    app: Flask, ada: Any, week_0: Assessment, ticket: str, clock: FakeClock
) -> None:
    given = int(NOON.timestamp() * 1000)
    days = (week_0.closes_on - NOON.date()).days + 3
    clock.forward(days=days)
    db.session.commit()
    ends = clock() + timedelta(days=1)
    token = tokens.mint(LinkKind.BOOKINGS, ada.account_id, now=clock(), expires_at=ends)
    db.session.commit()
    browser = app.test_client()
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(f"/l/{token}").text)[0]
    browser.post(f"/l/{token}", data={"csrf_token": csrf})

    late = {"age": days * 24 * HOUR, "awake": 0, "given": given}
    answer = press(browser, week_0, ticket, "phq2", answer="3", **late)
    too_late = {"age": HOUR, "awake": 0, "given": given}
    other = press(browser, week_0, ticket, "phq3", answer="3", **too_late)

    assert (answer.status_code, values(week_0)) == (200, {"phq2": 3})
    told = sitting(week_0).named("phq-9/phq2").answer
    assert told is not None
    assert abs(told.given_at - NOON) < timedelta(minutes=1)
    assert other.status_code == 410
    assert "could not be taken. The days for these questions are over." in other.json["said"]


def test_after_she_sent_the_others_what_was_given_before_is_still_taken(
    app: Flask, ada: Any, week_0: Assessment, ticket: str, clock: FakeClock
) -> None:
    clock.forward(minutes=30)
    service.finish(week_0, now=clock())
    db.session.commit()
    clock.forward(minutes=30)
    browser = visitor(app, ada, Scope.EVERYTHING)

    before = {"age": HOUR, "awake": 0, "given": int(NOON.timestamp() * 1000)}
    assert press(browser, week_0, ticket, "phq2", answer="3", **before).status_code == 200
    after = press(browser, week_0, ticket, "phq3", answer="3")

    assert (after.status_code, values(week_0)) == (409, {"phq2": 3})


def test_an_answer_that_the_question_does_not_have_is_said_not_to_be_taken(
    app: Flask, ada: Any, week_0: Assessment, ticket: str
) -> None:
    browser = visitor(app, ada, Scope.EVERYTHING)
    for item, value, status in (("phq2", "7", 422), ("phq2", "", 422), ("unknown", "1", 404)):
        answer = press(browser, week_0, ticket, item, answer=value)
        assert answer.status_code == status
        assert "could not be taken" in answer.json["said"]
    assert values(week_0) == {}
