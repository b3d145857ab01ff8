"""Cleaned text: several lines are what each line is alone, however the text is looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from remote_training.core.text import LINE_BREAKS, clean_line, clean_lines
from tests.nasty import CORPUS, nasty_text

TIDY = "Dear Ada,\n\nyour place is booked: 10:00, <b>Amsterdam</b> time.\nUntil then!"


def line_by_line(text: str) -> str:
    """The slow way: every line cleaned alone."""
    lines, line = [], ""
    for sign in text.replace("\r\n", "\n"):
        if sign in LINE_BREAKS:
            lines.append(clean_line(line))
            line = ""
        else:
            line += sign
    return "\n".join([*lines, clean_line(line)]).strip("\n")


@pytest.mark.parametrize(
    "text",
    [
        *CORPUS.values(),
        TIDY,
        f"{TIDY} ",
        f"\n{TIDY}\n",
        TIDY.replace(",", ",\t"),
        TIDY.replace("place", " place"),
        TIDY.replace("Until", " Until"),
        TIDY.replace("time.", "time. "),
        TIDY.replace("Ada", "Zoe\u0308"),
        TIDY.replace("Ada", "Ada\u00a0L"),
    ],
)
def test_many_lines_are_cleaned_as_each_is_alone(text: str) -> None:
    assert clean_lines(text) == line_by_line(text)


@pytest.mark.random
@hypothesis_settings(deadline=None, max_examples=300)
@given(nasty_text())
def test_any_lines_are_cleaned_as_each_is_alone(text: str) -> None:
    for varied in (text, f"{TIDY}\n{text}", f"{text}{TIDY}"):
        assert clean_lines(varied) == line_by_line(varied)


def test_a_tidy_text_stays_as_it_is_and_ends_at_its_limit() -> None:
    assert clean_lines(TIDY) == TIDY
    assert clean_lines(TIDY, limit=5) == "Dear"
