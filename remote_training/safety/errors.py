"""What safety refuses."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.core.errors import Invalid, Refused


class NoteNeeded(Invalid):
    """Something else was done, and it is not said what."""


class WrongDetail(Invalid):
    """A detail of an event cannot be so; `detail` is the name of its field."""

    def __init__(self, sentence: str, *, detail: str) -> None:
        super().__init__(sentence)
        self.detail = detail


class WhyNeeded(WrongDetail):
    """What was told is told otherwise, or taken back, and it is not said why."""


class ChangedMeanwhile(WrongDetail):
    """The event was changed while this form was open, by somebody else or by this very form."""

    status = HTTPStatus.CONFLICT


class DetailsMissing(WrongDetail):
    """An event is not closed while details are missing."""


class Withdrawn(Refused):
    """The event was entered by mistake and taken back: nothing is added to it any more."""
