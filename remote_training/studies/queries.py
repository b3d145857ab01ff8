"""The sites of the study."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from remote_training.core.db import db
from remote_training.studies.models import Site


def sites() -> Sequence[Site]:
    """All sites, by name."""
    return db.session.scalars(sa.select(Site).order_by(Site.name)).all()


def site(code: str) -> Site:
    """The site of this code; `NoResultFound` where there is none."""
    return db.session.scalars(sa.select(Site).where(Site.code == code)).one()
