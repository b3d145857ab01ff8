"""Reading alerts."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from remote_training.alerts.models import Alert
from remote_training.core.db import db


def is_raised_in(occasion_id: UUID) -> bool:
    """Whether something alarming was said on an occasion."""
    found = sa.select(Alert.id).where(Alert.occasion_id == occasion_id)
    return db.session.scalars(found.limit(1)).one_or_none() is not None
