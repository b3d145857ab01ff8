"""Bringing the rows of a study in line with its file."""

from __future__ import annotations

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.studies.load import Study
from remote_training.studies.models import Site

KEPT = ("name", "zone", "language", "phone", "emergency_number")  # other rows point at them


def install(study: Study) -> None:
    """Add the sites of the study file that are not there, and correct those that are."""
    known = {site.code: site for site in db.session.scalars(sa.select(Site))}
    for part in study.sites:
        site = known.get(part.code) or Site(code=part.code)
        for field in KEPT:
            setattr(site, field, getattr(part, field))
        db.session.add(site)
