"""Every table of the platform: importing this fills the metadata."""

from __future__ import annotations

import sqlalchemy as sa

from remote_training.accounts import models as _accounts
from remote_training.alerts import models as _alerts
from remote_training.assessments import models as _assessments
from remote_training.attendance import models as _attendance
from remote_training.attendance import training_models as _training
from remote_training.audit import models as _audit
from remote_training.bookings import models as _bookings
from remote_training.classes import models as _classes
from remote_training.contacts import models as _contacts
from remote_training.core.db import db
from remote_training.exports import models as _exports
from remote_training.hooks import models as _hooks
from remote_training.meetings import models as _meetings
from remote_training.meetings import provider_models as _providers
from remote_training.messages import models as _messages
from remote_training.participants import models as _participants
from remote_training.safety import event_models as _events
from remote_training.safety import models as _safety
from remote_training.studies import models as _studies

ROOMS = (
    _accounts, _alerts, _assessments, _attendance, _audit, _bookings, _classes, _contacts,
    _events, _exports, _hooks, _meetings, _messages, _participants, _providers, _safety, _studies,
    _training,
)  # fmt: skip


def metadata() -> sa.MetaData:
    """The metadata with all tables of all rooms."""
    return db.metadata
