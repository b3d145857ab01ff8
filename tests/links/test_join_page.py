"""The page of a join link: when, what to prepare, and kind words where there is no class."""

from datetime import timedelta

import pytest

from remote_training.accounts.models import LinkKind
from tests import make
from tests.fakes import NOON
from tests.links.asked import minted


@pytest.fixture
def her(app):
    return make.participant(contact=make.contact(name="Ada Lovelace"))


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(-60, "The doors open at"), (-5, "The doors are open."), (20, "The class has begun.")],
)
def test_the_join_page_says_when_the_doors_open(app, her, clock, minutes, said):
    session = make.session()
    link = minted(LinkKind.JOIN, her, subject_id=make.booking(participant=her, session=session).id)
    clock.moment = session.starts_at + timedelta(minutes=minutes)
    page = app.test_client().get(link).text
    assert said in page
    assert "Amsterdam time" in page
    assert "What to prepare" in page
    assert "Go on to the class" in page


def test_the_join_page_of_a_class_called_off_says_so_and_what_next(app, her):
    session = make.session(called_off_at=NOON)
    booking = make.booking(participant=her, session=session)
    page = app.test_client().get(minted(LinkKind.JOIN, her, subject_id=booking.id)).text
    assert "This class does not take place." in page
    assert "choose another one" in page
    assert "Go on to the class" not in page
    assert "What to prepare" not in page
    assert "See other classes" in page


def test_the_join_page_of_a_place_given_back_leads_to_other_classes(app, her):
    booking = make.booking(participant=her, cancelled_at=NOON)
    page = app.test_client().get(minted(LinkKind.JOIN, her, subject_id=booking.id)).text
    assert "You gave this place back." in page
    assert "Go on to the class" not in page
    assert "What to prepare" not in page
    assert "See other classes" in page


def test_the_join_page_is_in_her_language_and_zone(app):
    her = make.participant(zone="Australia/Melbourne", language="nl")
    booking = make.booking(participant=her)
    page = app.test_client().get(minted(LinkKind.JOIN, her, subject_id=booking.id)).text
    assert "23:00" in page
    assert "Melbourne" in page
