"""What is refused about classes."""

from __future__ import annotations

from remote_training.core.errors import Invalid, Refused


class WrongSeries(Invalid):
    """A weekly class that cannot be offered as it was typed; `gaps["field"]` says where."""


class TrainerBusy(WrongSeries):
    """The trainer gives another class at that time."""


class HostBusy(WrongSeries):
    """The meeting host has another class at that time, or no host of the site is free."""


class ClassOver(Refused):
    """The class has ended."""
