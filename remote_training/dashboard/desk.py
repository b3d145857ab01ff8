"""What the coordinator who sits at the desk looks after."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from remote_training.accounts.guard import grants, site_ids
from remote_training.accounts.models import Role
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.studies.models import Site


def sites() -> Sequence[Site]:
    """The sites that the coordinator looks after, by name."""
    mine = [grant.site for grant in grants() if grant.role is Role.COORDINATOR]
    return sorted(mine, key=lambda site: site.name)


def of_my_sites(participant_id: UUID) -> Participant:
    """A participant of one of those sites, or `NotFound`."""
    return participants.by_id(participant_id, site_ids(Role.COORDINATOR))
