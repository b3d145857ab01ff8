"""Reasons: what can be read is kept whole, what shows nothing is none."""

import pytest

from remote_training.core import reasons
from remote_training.core.text import clean_line

NOTHING = [
    "",
    " ",
    "\u200b",
    "\u2060\ufeff",
    "\x00\u202e",
    "\u3164",
    "\u200b \u2800",
    "\ufe0f",
    None,
]
SOMETHING = ["?", "ziek", "病", "مريض", "🤒", "1", "-", "e\u0301"]


@pytest.mark.parametrize("reason", NOTHING)
def test_what_shows_nothing_is_no_reason(reason):
    assert reasons.given(reason) is None
    with pytest.raises(reasons.ReasonNeeded, match="Please write why"):
        reasons.needed(reason)


@pytest.mark.parametrize("reason", SOMETHING)
def test_one_sign_that_can_be_seen_is_a_reason(reason):
    assert reasons.needed(f" \u200b{reason}\n") == clean_line(f"\u200b{reason}") != ""


def test_a_long_reason_is_refused_and_not_cut():
    assert reasons.given("x" * reasons.LONGEST) == "x" * reasons.LONGEST
    with pytest.raises(reasons.ReasonTooLong, match="500"):
        reasons.given("x" * (reasons.LONGEST + 1))
