from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from remote_training.participants import study_numbers
from remote_training.participants.study_numbers import ALPHABET, LENGTH

numbers = st.lists(st.sampled_from(ALPHABET), min_size=LENGTH - 1, max_size=LENGTH - 1).map(
    lambda signs: study_numbers.new(iter_pick(signs))
)


def iter_pick(signs):
    rest = cycle(signs)
    return lambda _alphabet: next(rest)


def test_the_alphabet_has_no_vowel_and_nothing_that_looks_alike():
    assert not set(ALPHABET) & set("AEIOU01LSZBVY")
    assert len(set(ALPHABET)) == len(ALPHABET) == 23


@given(numbers)
def test_a_new_number_is_valid_however_it_is_typed(number):
    assert len(number) == LENGTH
    assert study_numbers.is_valid(number)
    assert study_numbers.tidy(f" {number[:3].lower()}-{number[3:]} ") == number


@given(numbers, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_noticed(number, place, sign):
    wrong = number[:place] + sign + number[place + 1 :]

    assert study_numbers.is_valid(wrong) == (wrong == number)


@given(numbers, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_two_signs_that_changed_places_are_noticed(number, one, other):
    signs = list(number)
    signs[one], signs[other] = signs[other], signs[one]
    wrong = "".join(signs)

    assert study_numbers.is_valid(wrong) == (wrong == number)


@given(st.text(max_size=12))
def test_any_text_is_judged_without_a_fault(typed):
    assert study_numbers.is_valid(study_numbers.tidy(typed)) in (True, False)
