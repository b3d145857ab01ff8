"""What can be taken as a name, a telephone number, a year of birth.

Each check gives the text as it is kept, or refuses with a sentence for who typed it.
"""

from __future__ import annotations

import re

from remote_training.contacts.errors import WrongBirthYear, WrongName, WrongPhone
from remote_training.core.text import clean_line
from remote_training.core.words import say

LONGEST_NAME = 120
LONGEST_PHONE = 30
FEWEST_DIGITS, MOST_DIGITS = 6, 15  # the longest number that E.164 allows has 15
EARLIEST_YEAR = 1900
OF_AGE = 18
PHONE = re.compile(r"\+?[0-9 ()./-]+")


def name(typed: str) -> str:
    """One line with at least one letter or digit, of at most 120 characters, or `WrongName`."""
    line = clean_line(typed)
    if not any(sign.isalnum() for sign in line):
        raise WrongName(say("Please write a name."))
    if len(line) > LONGEST_NAME:
        raise WrongName(say("This name is too long: please shorten it to 120 letters."))
    return line


def phone(typed: str) -> str:
    """A number that can be dialled, as it was typed; empty stays empty; or `WrongPhone`.

    Source: ITU-T E.164 for the number of digits.
    """
    line = clean_line(typed)
    digits = sum(sign.isdigit() for sign in line)
    fits = PHONE.fullmatch(line) and FEWEST_DIGITS <= digits <= MOST_DIGITS
    if line and (not fits or len(line) > LONGEST_PHONE):
        raise WrongPhone(
            say("Please write a telephone number with its digits only, such as +31 30 123 4567.")
        )
    return line


def birth_year(typed: str, *, this_year: int) -> str:
    """Four digits, from 1900 to 18 years ago, or `WrongBirthYear`."""
    line = clean_line(typed)
    is_year = line.isascii() and line.isdigit() and len(line) == len(str(EARLIEST_YEAR))
    if not is_year or not EARLIEST_YEAR <= int(line) <= this_year - OF_AGE:
        raise WrongBirthYear(
            say("Please write the year of birth with four digits, from %(first)s to %(last)s."),
            first=EARLIEST_YEAR,
            last=this_year - OF_AGE,
        )
    return line
