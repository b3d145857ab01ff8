from datetime import UTC, date, datetime

import pytest
from flask import g

from remote_training.core import words

TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("language", "zone", "at", "day", "clock", "long_day"),
    [
        pytest.param(
            "en",
            "Europe/Amsterdam",
            TEN,
            "Tuesday 24 November",
            "10:00",
            "Tuesday 24 November 2026",
            id="English in Amsterdam, winter",
        ),
        pytest.param(
            "nl",
            "Europe/Amsterdam",
            TEN,
            "dinsdag 24 november",
            "10:00",
            "dinsdag 24 november 2026",
            id="Dutch in Amsterdam, winter",
        ),
        pytest.param(
            "nl",
            "Europe/Amsterdam",
            SUMMER,
            "donderdag 2 juli",
            "00:30",
            "donderdag 2 juli 2026",
            id="Dutch, past midnight in summer",
        ),
        pytest.param(
            "en",
            "Australia/Melbourne",
            TEN,
            "Tuesday 24 November",
            "20:00",
            "Tuesday 24 November 2026",
            id="English in Melbourne",
        ),
        pytest.param(
            "en",
            "America/New_York",
            SUMMER,
            "Wednesday 1 July",
            "18:30",
            "Wednesday 1 July 2026",
            id="English in New York, the day before",
        ),
    ],
)
def test_a_moment_is_read_in_ones_own_words_and_zone(language, zone, at, day, clock, long_day):
    with words.reading_as(language, zone):
        assert words.day(at) == day
        assert words.clock(at) == clock
        assert words.long_day(at) == long_day
        assert words.moment(at) == f"{day}, {clock}"


@pytest.mark.parametrize(
    ("language", "zone", "city"),
    [
        ("en", "Europe/Amsterdam", "Amsterdam"),
        ("nl", "Europe/Amsterdam", "Amsterdam"),
        ("en", "Australia/Melbourne", "Melbourne"),
        ("nl", "Europe/Brussels", "Brussel"),
        ("en", "America/New_York", "New York"),
    ],
)
def test_the_zone_is_named_by_its_city(language, zone, city):
    with words.reading_as(language, zone):
        assert city in words.zone_name(TEN)


def test_a_day_without_a_time_is_the_same_everywhere():
    with words.reading_as("en", "Australia/Melbourne"):
        assert words.day(date(2026, 11, 24)) == "Tuesday 24 November"


def test_writing_for_somebody_else_ends_with_it():
    g.zone = "Europe/Amsterdam"

    with words.reading_as("nl", "Australia/Melbourne"):
        assert (words.language(), str(words.zone())) == ("nl", "Australia/Melbourne")

    assert (words.language(), str(words.zone())) == ("en", "Europe/Amsterdam")


def test_a_sentence_is_marked_and_its_gaps_are_filled_later():
    sentence = words.say("A thing that nobody translated: %(what)s.")

    assert "%(what)s" in sentence
    assert words.translated(sentence, what="this") == "A thing that nobody translated: this."
