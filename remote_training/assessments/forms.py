"""One answer, as the page of a question asks for it."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import ValidationError

from remote_training.assessments.models import AnswerState
from remote_training.assessments.sitting import Question
from remote_training.core.words import say, translated
from remote_training.instruments.files import Scale
from remote_training.instruments.load import Item


def _points(value: object) -> int | None:
    text = str(value)
    is_number = text.isascii() and text.lstrip("-").isdigit() and len(text) < 8
    return int(text) if is_number else None


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """A chosen answer, or the second button: I'd rather not answer.

    `question` names what is answered, whatever its number is by now.
    """

    question = HiddenField()
    answer = RadioField(lazy_gettext("Your answer"), coerce=_points, validate_choice=False)
    decline = StringField()

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._item = question.item
        self.question.data = question.key
        values = question.item.answers.values()
        self.answer.choices = [(value, str(value)) for value in values]

    @property
    def value(self) -> int | None:
        """The points that were chosen; None where she would rather not answer."""
        return None if self.decline.data else self.answer.data

    @property
    def state(self) -> AnswerState:
        """Given, or kept back."""
        return AnswerState.DECLINED if self.decline.data else AnswerState.GIVEN

    def validate_answer(self, field: RadioField) -> None:
        """A choice that this question has, unless she would rather not answer."""
        if not self.decline.data and not self._item.accepts(field.data):
            raise ValidationError(_please_choose(self._item))


def _please_choose(item: Item) -> str:
    if isinstance(item.answers, Scale):
        sentence = say(
            "Please choose a number from %(low)s to %(high)s, or press “I'd rather not answer”."
        )
        return translated(sentence, low=item.low, high=item.high)
    return translated(say("Please choose an answer, or press “I'd rather not answer”."))
