"""Why a questionnaire is not asked, or not scored."""

from __future__ import annotations

from remote_training.core.definitions import WrongDefinition
from remote_training.core.errors import Invalid, Refused


class WrongInstrument(WrongDefinition):
    """An instrument's file contradicts itself or cannot be read."""


class WrongWording(WrongDefinition):
    """A file with wording cannot be taken into the catalogue."""


class WrongAnswers(WrongDefinition):
    """A file with answers cannot be scored. The message names line and column."""


class NoWording(Refused):
    """There are no words to show: they must be imported, or there are no questions at all."""


class NoSuchRule(Invalid):
    """The instrument does not offer this rule for missing answers."""
