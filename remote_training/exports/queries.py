"""What the page about the data shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from remote_training.assessments.models import Assessment
from remote_training.core.db import db
from remote_training.exports import blinding
from remote_training.exports.models import Download
from remote_training.participants.models import Participant
from remote_training.studies.load import Study
from remote_training.studies.models import Site

FEWEST_SHOWN = 5  # smaller counts could point at one person
LOOKED_AT = 200


@dataclass(frozen=True)
class Count:
    """Sittings sent at one site and time-point; None where they are too few to show."""

    site: str
    timepoint: str
    week: int
    sent: int | None


def counts(site_ids: Sequence[UUID], study: Study, *, shows_arm: bool) -> Sequence[Count]:
    """Sittings sent, by site and time-point; a number under five is not told.

    Somebody who is blinded gets the time-points that all arms have.
    """
    sent = sa.func.count(Assessment.completed_at)
    found = (
        sa.select(Site.name, Assessment.timepoint, Assessment.week, sent)
        .join(Participant, Participant.site_id == Site.id)
        .join(Assessment, Assessment.participant_id == Participant.id)
        .where(
            Site.id.in_(site_ids),
            Participant.consented_on.is_not(None),
            blinding.sittings(study, shows_arm=shows_arm),
        )
        .group_by(Site.name, Assessment.timepoint, Assessment.week)
        .order_by(Site.name, Assessment.week, Assessment.timepoint)
    )
    return [
        Count(site, point, week, number if number >= FEWEST_SHOWN else None)
        for site, point, week, number in db.session.execute(found)
    ]


def recent(codes: Sequence[str], *, limit: int = 10) -> Sequence[Download]:
    """The newest downloads that hold data of these sites and of no others, newest first."""
    newest = sa.select(Download).order_by(Download.made_at.desc(), Download.id).limit(LOOKED_AT)
    known = set(codes)
    return [row for row in db.session.scalars(newest) if set(row.sites["codes"]) <= known][:limit]


def sites(site_ids: Sequence[UUID]) -> Sequence[Site]:
    """The sites of these ids, by code."""
    found = sa.select(Site).where(Site.id.in_(site_ids)).order_by(Site.code)
    return db.session.scalars(found).all()
