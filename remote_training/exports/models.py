"""Who took which data, when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.core.db import Model


class Download(Model):
    """One export that left the platform: by whom, of which sites, blinded or not, and what.

    `files` holds for each file its row count and SHA-256; it is empty, and `finished_at`
    too, until the last byte has left. `account_id` is empty for an export by command.
    """

    __tablename__ = "download"

    made_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("account.id"))
    format: Mapped[str] = mapped_column(sa.String(10))
    shows_arm: Mapped[bool]
    sites: Mapped[dict[str, Any]]
    files: Mapped[dict[str, Any]]
