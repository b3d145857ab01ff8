"""What the play of the demo needs at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from remote_training.accounts.models import Account
from remote_training.outside.world import Outside
from remote_training.studies.models import Site


@dataclass
class Stage:
    """The seed's draws, the fast clock, the mailbox, and who is there.

    `cast` names the staff by site and post, `people` the participants in order.
    """

    draw: Random
    now: datetime
    world: Outside
    cast: dict[tuple[str, str], UUID] = field(default_factory=dict)
    people: list[UUID] = field(default_factory=list)

    def keep(self, site: Site, post: str, account: Account) -> None:
        """Remember who holds a post at a site."""
        self.cast[site.code, post] = account.id

    def by(self, site: Site) -> UUID:
        """The coordinator of a site, who does what coordinators do."""
        return self.cast[site.code, "coordinator"]
