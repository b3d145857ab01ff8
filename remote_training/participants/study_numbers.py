"""Study numbers: random, so that they tell nothing; with a check, so that a slip is noticed.

Six signs and a check sign, from an alphabet of 23 without vowels (no words arise) and
without signs that look alike. 23 is a prime and the weights differ, so that one wrong
sign, or two that changed places, never make another valid number.

Source: the weighted modulus check of ISO/IEC 7064 in its plain form (as in ISBN-10).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

ALPHABET = "23456789CDFGHJKMNPQRTWX"
LENGTH = 7
_CHECK_WEIGHT = LENGTH


def new(pick: Callable[[str], str] = secrets.choice) -> str:
    """A random number: 148 million are possible; `pick` takes one sign of the alphabet."""
    signs = "".join(pick(ALPHABET) for _ in range(LENGTH - 1))
    return signs + _check_sign(signs)


def is_valid(number: str) -> bool:
    """Whether the check sign fits; takes what `tidy` gave."""
    known = len(number) == LENGTH and all(sign in ALPHABET for sign in number)
    return known and _check_sign(number[:-1]) == number[-1]


def tidy(typed: str) -> str:
    """A number as it is kept, from one that was typed with spaces, dashes or small letters."""
    return "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum())


def _check_sign(signs: str) -> str:
    total = sum(place * ALPHABET.index(sign) for place, sign in enumerate(signs, start=1))
    prime = len(ALPHABET)
    return ALPHABET[-total * pow(_CHECK_WEIGHT, -1, prime) % prime]
