"""Names that SPSS, Stata, SAS and R accept."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from remote_training.exports import dictionary, names
from remote_training.studies.load import load

# words that a program takes for its own, in small letters
SPSS = {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"}
STATA = {
    "byte", "double", "float", "if", "in", "int", "long", "using", "with", "str", "strl", "_all",
    "_b", "_coef", "_cons", "_n", "_pi", "_pred", "_rc", "_se", "_skip",
}  # fmt: skip
R = {
    "if", "else", "repeat", "while", "function", "for", "next", "break", "true", "false", "null",
    "inf", "nan", "na", "na_integer_", "na_real_", "na_complex_", "na_character_",
}  # fmt: skip
SAS = {"_n_", "_error_", "_numeric_", "_character_", "_all_"}
OWN = SPSS | STATA | R | SAS
CODES = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=40)


def is_accepted(name: str) -> bool:
    """The strictest of the four: SAS has 32 signs, SPSS no underscore at the end."""
    return (
        re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", name) is not None
        and not name.endswith("_")
        and name.lower() not in OWN
        and re.fullmatch(r"str\d+", name) is None
    )


def test_every_column_of_every_table_has_a_name_that_all_accept():
    for table in dictionary.tables(load(), shows_arm=True):
        assert [name for name in table.header if not is_accepted(name)] == []
        assert len({name.lower() for name in table.header}) == len(table.header)


def test_the_control_knows_what_is_refused():
    for name in ("", "1st", "_x", "x_", "a.b", "a-b", "with", "str12", "x" * 33):
        assert not is_accepted(name)


def test_names_are_those_of_instrument_and_item():
    pairs = [("phq-9", "phq1"), ("neuropathy-nrs", "tingling_hands"), ("5q", "1")]

    assert list(names.variables(pairs).values()) == [
        "phq9_phq1",
        "neuropathynrs_tingling_hands",
        "q5q_1",
    ]


def test_a_long_name_is_cut_the_same_whatever_stands_beside_it():
    pair = ("an-instrument-with-a-name", "and_an_item_with_a_long_one_too")

    alone = names.variables([pair])[pair]
    beside = names.variables([("other", "one"), pair, ("other", "two")])[pair]

    assert alone == beside
    assert len(alone + names.WHY) == names.LONGEST


@given(st.lists(st.tuples(CODES, CODES), max_size=30, unique=True))
def test_any_codes_give_names_that_are_accepted_and_differ(pairs):
    found = names.variables(pairs)

    every = [name + end for name in found.values() for end in ("", names.WHY)]
    assert list(found) == pairs
    assert len({name.lower() for name in every}) == len(every)
    assert [name for name in every if not is_accepted(name)] == []
