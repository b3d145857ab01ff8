"""What the play of the demo needs at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from uuid import UUID

from remote_training.accounts.models import Account
from remote_training.outside.world import Outside
from remote_training.studies.models import Site


@dataclass(frozen=True)
class Life:
    """What the seed has in store for one participant.

    Attributes
    ----------
    trains
        The first day of her programme and the first one after it; None where she has none.
    leaves_on
        The day on which she leaves the trial; None where she stays.
    """

    participant_id: UUID
    study_number: str
    trains: tuple[date, date] | None
    leaves_on: date | None


@dataclass
class Stage:
    """The seed and its draws, the fast clock and where it stops, the mailbox, and who is there.

    `cast` names the staff by site and post, `people` the participants in the order in which
    they joined; `ways` says how some of them go about every sitting (see `answering`);
    `rung` counts the alerts that coordinators have looked at, `held` the classes of a site.
    """

    draw: Random
    now: datetime
    world: Outside
    seed: int
    end: datetime
    cast: dict[tuple[str, str], UUID] = field(default_factory=dict)
    people: list[Life] = field(default_factory=list)
    ways: dict[UUID, float] = field(default_factory=dict)
    rung: int = 0
    held: dict[UUID, int] = field(default_factory=dict)

    def keep(self, site: Site, post: str, account: Account) -> None:
        """Remember who holds a post at a site."""
        self.cast[site.code, post] = account.id

    def by(self, site: Site) -> UUID:
        """The coordinator of a site, who does what coordinators do."""
        return self.cast[site.code, "coordinator"]
