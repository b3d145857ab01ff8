"""What safety refuses."""

from __future__ import annotations

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
    """Somebody else changed the event while this form was open."""


class DetailsMissing(WrongDetail):
    """An event is not closed while details are missing."""


class Withdrawn(Refused):
    """The event was entered by mistake and taken back: nothing is added to it any more."""
