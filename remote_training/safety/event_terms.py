"""What may happen, and how bad it may be: read from a data file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from remote_training.core import definitions
from remote_training.core.definitions import Part, WrongDefinition
from remote_training.core.words import DEFAULT_LANGUAGE

FILE = Path(__file__).parent / "files" / "event_terms.toml"


class Term(Part):
    """One kind of event. `standard` is what the study's dictionary calls it, empty without one.

    `needs_words` where the term alone does not say what happened.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")
    name: dict[str, str] = Field(min_length=1)
    standard: str = ""
    common: bool = False
    needs_words: bool = False

    def said(self, language: str) -> str:
        """Its name in a language."""
        return _said(self.name, language)


class Grade(Part):
    """One grade: a word for its button, and one plain line that says what it means."""

    grade: int = Field(ge=1, le=5)
    word: dict[str, str] = Field(min_length=1)
    line: dict[str, str] = Field(min_length=1)

    def said(self, language: str) -> tuple[str, str]:
        """Its word and its line in a language."""
        return _said(self.word, language), _said(self.line, language)


class Terms(Part):
    """The whole file, in the order of the page."""

    terms: tuple[Term, ...] = Field(min_length=1)
    grades: tuple[Grade, ...] = Field(min_length=5, max_length=5)

    def term(self, code: str) -> Term:
        """The term of this code; one that is no longer in the file is called by its code."""
        known = {term.code: term for term in self.terms}
        return known.get(code) or Term(code=code, name={DEFAULT_LANGUAGE: code})


@lru_cache
def terms() -> Terms:
    """What the file says."""
    return definitions.read(FILE, Terms, WrongDefinition)


def labels() -> dict[str, str]:
    """Each term by its code as the codebook calls it: in English, with the standard term."""
    return {
        term.code: term.said(DEFAULT_LANGUAGE) + (f" [{term.standard}]" if term.standard else "")
        for term in terms().terms
    }


def grade_labels() -> dict[str, str]:
    """Each grade as the codebook calls it."""
    return {str(one.grade): ": ".join(one.said(DEFAULT_LANGUAGE)) for one in terms().grades}


def _said(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get(DEFAULT_LANGUAGE) or next(iter(words.values()))
