"""Refusals: how a rule says no to a person."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):
    """A rule of the trial says no. The message is written for the person who asked.

    Subclasses live beside the rule they speak for. One handler, in `app.py`, turns
    every one of them into a page: no view needs a try. The sentence is English and
    marked by `core.words.say`; named gaps (`%(minutes)s`) are filled after translation.
    `to_staff` says the same to somebody of the team who acts for her, where "you" would be
    the wrong one. `keeps` is True where what was written before it stays, for it is right for
    others: `unit_of_work` commits it.
    """

    status = HTTPStatus.CONFLICT
    keeps = False

    def __init__(self, sentence: str, *, to_staff: str = "", **gaps: object) -> None:
        super().__init__(sentence % gaps if gaps else sentence)
        self.sentence = sentence
        self.to_staff = to_staff or sentence
        self.gaps = gaps


class NotAllowed(Refused):
    """Somebody asked for what is not theirs to do."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Refused):
    """What was asked for is not there, or not there for this person."""

    status = HTTPStatus.NOT_FOUND


class Invalid(Refused):
    """What was typed cannot be taken as it is."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
