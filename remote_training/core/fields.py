"""What forms of all rooms share: a refusal of a rule is said at the field it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from wtforms import Field
from wtforms.validators import StopValidation

from remote_training.core.db import db
from remote_training.core.errors import Invalid
from remote_training.core.words import translated


class SaidAt(Protocol):
    """A field, or another place of a form that has sentences."""

    @property
    def errors(self) -> Sequence[str]:
        """What is said there."""

    @errors.setter
    def errors(self, sentences: Sequence[str]) -> None: ...


def taken_by(check: Callable[[str], object]) -> Callable[[object, Field], None]:
    """A validator: what the check of a room refuses is said at the field."""

    def validate(_form: object, field: Field) -> None:
        try:
            check(field.data or "")
        except Invalid as refusal:
            raise StopValidation(translated(refusal.sentence, **refusal.gaps)) from refusal

    return validate


def attempt(verb: Callable[[], object], said_at: Callable[[Invalid], SaidAt]) -> bool:
    """Do what a form asks for, or nothing of it: a refusal is written at a field of the form."""
    try:
        with db.session.begin_nested():
            verb()
    except Invalid as refusal:
        field = said_at(refusal)
        field.errors = [*field.errors, translated(refusal.sentence, **refusal.gaps)]
        return False
    return True
