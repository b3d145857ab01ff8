"""What the page about the data shows."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.exports.models import Download
from remote_training.studies.models import Site

LOOKED_AT = 200


def recent(codes: Sequence[str], *, shows_arm: bool, limit: int = 10) -> Sequence[Download]:
    """The newest downloads that hold data of these sites and of no others, newest first.

    Somebody who is blinded sees blinded ones alone: what was counted in the others shows how
    many have what only one arm has.
    """
    newest = sa.select(Download).order_by(Download.made_at.desc(), Download.id).limit(LOOKED_AT)
    if not shows_arm:
        newest = newest.where(Download.shows_arm.is_(False))
    known = set(codes)
    return [row for row in db.session.scalars(newest) if set(row.sites["codes"]) <= known][:limit]


def sites(site_ids: Sequence[UUID]) -> Sequence[Site]:
    """The sites of these ids, by code."""
    found = sa.select(Site).where(Site.id.in_(site_ids)).order_by(Site.code)
    return db.session.scalars(found).all()
