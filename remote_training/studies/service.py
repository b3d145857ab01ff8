"""Bringing the rows of a study in line with its file."""

from __future__ import annotations

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.studies.load import Study
from remote_training.studies.models import Site


def install(study: Study) -> None:
    """Add the sites of the study file that are not there, and correct those that are."""
    known = {site.code: site for site in db.session.scalars(sa.select(Site))}
    for part in study.sites:
        site = known.get(part.code) or Site(code=part.code)
        for field, value in part.model_dump(exclude={"code", "helplines"}).items():
            setattr(site, field, value)
        db.session.add(site)
