"""The coordinator's pages about somebody who leaves the trial."""

import pytest

from remote_training.accounts.models import Role
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TODAY = NOON.date().isoformat()


@pytest.fixture
def ada(app):
    return make.participant(contact=make.contact(name="Ada Lezer"))


@pytest.fixture
def desk(app, browse_as):
    return browse_as(make.staff(Role.COORDINATOR))


def at(her, page=""):
    return f"/staff/people/{her.id}/leaving/{page}"


def test_the_page_says_what_ends_and_one_press_ends_it(ada, desk):
    make.booking(participant=ada)
    make.booking(participant=ada)
    make.waiting(participant=ada)
    assert at(ada) in desk.get(f"/staff/people/{ada.id}/").text
    page = desk.get(at(ada)).text
    for said in ("2 booked classes are cancelled", "1 waiting list", f'value="{TODAY}"', "Ada L."):
        assert said in page
    assert "Lezer" not in page

    pressed = desk.post(at(ada), data={"withdrawn_on": TODAY}, follow_redirects=True)

    assert "This is recorded. Booked classes are cancelled" in pressed.text
    assert "Has left the trial since Tuesday 24 November 2026." in pressed.text
    assert "Send the link again" not in pressed.text
    assert "takes part → 2026-11-24" in pressed.text
    again = desk.post(at(ada), data={"withdrawn_on": TODAY}, follow_redirects=True)
    assert "recorded already" in again.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"withdrawn_on": ""}, "Please write a day"),
        ({"withdrawn_on": "soon"}, "Please write a day"),
        ({"withdrawn_on": "2026-11-25"}, "between 2020 and today"),
        ({"withdrawn_on": "2026-11-13"}, "before the day of consent"),
        ({"withdrawn_on": TODAY, "reason": "x" * 501}, "Please shorten this to 500 letters"),
    ],
)
def test_what_cannot_be_is_asked_again_and_nothing_ends(ada, desk, typed, says):
    booking = make.booking(participant=ada)
    answer = desk.post(at(ada), data=typed)
    assert answer.status_code == 422
    assert says in answer.text
    db.session.expire_all()
    assert booking.is_live
    assert ada.withdrawn_on is None


def test_another_day_leads_to_taking_it_back(ada, desk):
    desk.post(at(ada), data={"withdrawn_on": TODAY})
    answer = desk.post(at(ada), data={"withdrawn_on": "2026-11-23"})
    assert answer.status_code == 422
    assert "left the trial on Tuesday 24 November 2026. If that is wrong" in answer.text
    assert at(ada, "mistake") in answer.text


def test_a_mistake_is_taken_back_with_a_reason(ada, desk):
    assert "It is not recorded" in desk.get(at(ada, "mistake")).text
    desk.post(at(ada), data={"withdrawn_on": TODAY})
    refused = desk.post(at(ada, "mistake"), data={"reason": ""})
    assert refused.status_code == 422
    assert "Please write why it was a mistake." in refused.text

    pressed = desk.post(at(ada, "mistake"), data={"reason": "Not Ada"}, follow_redirects=True)

    assert "This is taken back." in pressed.text
    assert "Send the link again" in pressed.text
    assert "Not Ada" in pressed.text
    assert desk.post(f"/staff/people/{ada.id}/link").status_code == 303
