from zoneinfo import ZoneInfo

import pytest
from flask_wtf import FlaskForm

from remote_training.core import zones
from remote_training.core.fields import ZoneField
from remote_training.core.words import reading_as


class Form(FlaskForm):
    zone = ZoneField("Time zone", first=lambda: ["America/New_York", "Europe/Amsterdam"])


def offered(form):
    """The groups in their order, each with its zones."""
    groups = {}
    for choice in form.zone.choices:
        groups.setdefault(choice.optgroup, []).append(choice.value)
    return groups


def test_zones_of_the_studys_countries_come_first_then_the_others_by_part_of_the_world(app):
    with app.test_request_context():
        groups = offered(Form())

    home, *others = groups
    assert home == "Where the study is"
    assert groups[home][:2] == ["America/New_York", "Europe/Amsterdam"]
    assert "America/Los_Angeles" in groups[home]
    assert others == sorted(others)
    assert {"Africa", "Europe", "Indian Ocean"} <= set(others)
    assert "Europe/Berlin" in groups["Europe"]
    assert "Europe/Amsterdam" not in groups["Europe"]


def test_no_older_name_is_offered_and_each_can_be_used(app):
    with app.test_request_context():
        names = [zone for group in offered(Form()).values() for zone in group]

    assert len(names) == len(set(names))
    assert {"Europe/Kyiv", "Asia/Kolkata"} <= set(names)
    assert not {"Europe/Kiev", "Asia/Calcutta", "US/Eastern", "CET", "UTC"} & set(names)
    assert all(ZoneInfo(name) for name in names)
    assert set(names) <= zones.known()


@pytest.mark.parametrize("older", ["Europe/Kiev", "UTC", "US/Eastern"])
def test_an_older_name_is_taken_and_stays_chosen(app, older):
    with app.test_request_context(method="POST", data={"zone": older}):
        form = Form()
        assert form.validate()
        assert f'<option selected value="{older}">' in str(form.zone())


@pytest.mark.parametrize("wrong", ["", "Mars/Olympus", "europe/amsterdam", "../etc/passwd"])
def test_what_is_no_zone_is_refused_in_words(app, wrong):
    with app.test_request_context(method="POST", data={"zone": wrong}):
        form = Form()
        assert not form.validate()
        assert form.zone.errors == ["Please choose a time zone."]


def test_parts_of_the_world_are_named_in_the_readers_language(app):
    with app.test_request_context(), reading_as("nl", "Europe/Amsterdam"):
        assert {"Europa", "Indische Oceaan"} <= set(offered(Form()))


def test_a_zone_is_called_by_its_city():
    names = ("America/Argentina/Buenos_Aires", "UTC")
    assert [zones.city(one) for one in names] == ["Argentina, Buenos Aires", "UTC"]
