"""Providers that tell what happens in a room only to those who asked, and soon forget it."""

from __future__ import annotations

from typing import Protocol, TypeGuard

from remote_training.outside.meetings import MeetingProvider


class TellsOnRequest(MeetingProvider, Protocol):
    """A provider that has to be asked, room by room, to tell us what happens there."""

    def listen(self, external_id: str) -> None:
        """Ask for the events of a room; asked again, it changes nothing. Raises `MeetingFault`."""
        ...


def tells_on_request(provider: MeetingProvider) -> TypeGuard[TellsOnRequest]:
    """Whether a provider has to be asked for its events."""
    return hasattr(provider, "listen")
