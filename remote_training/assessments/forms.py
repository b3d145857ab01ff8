"""One answer, as the page of a question asks for it."""

from __future__ import annotations

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict
from wtforms import Form, RadioField, StringField
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


class AnswerForm(Form):
    """A chosen answer, or another button: it does not apply to me, I'd rather not answer."""

    answer = RadioField(lazy_gettext("Your answer"), coerce=_points, validate_choice=False)
    decline = StringField()
    not_applicable = StringField()

    def __init__(self, question: Question, typed: MultiDict[str, str] | None = None) -> None:
        super().__init__(typed)
        self._item = question.item
        values = question.item.answers.values()
        self.answer.choices = [(value, str(value)) for value in values]

    @property
    def value(self) -> int | None:
        """The points that were chosen; None for another button."""
        return self.answer.data if self.state is AnswerState.GIVEN else None

    @property
    def state(self) -> AnswerState:
        """Given, does not apply, or kept back."""
        if self.not_applicable.data and self._item.may_not_apply:
            return AnswerState.NOT_APPLICABLE
        return AnswerState.DECLINED if self.decline.data else AnswerState.GIVEN

    def validate_answer(self, field: RadioField) -> None:
        """A choice that this question has, unless it was another button."""
        if self.state is AnswerState.GIVEN and not self._item.accepts(field.data):
            raise ValidationError(please_choose(self._item))


def unanswered(question: Question) -> AnswerForm:
    """The form of a question from which she went on without an answer."""
    form = AnswerForm(question, MultiDict())
    form.validate()
    return form


def please_choose(item: Item) -> str:
    """What is said to somebody who went on without an answer."""
    if isinstance(item.answers, Scale):
        sentence = say(
            "Please choose a number from %(low)s to %(high)s, or press “I'd rather not answer”."
        )
        return translated(sentence, low=item.low, high=item.high)
    return translated(say("Please choose an answer, or press “I'd rather not answer”."))
