"""What of a study is kept as rows: its sites, because other rows point at them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.core.db import Model


class Site(Model):
    """A hospital or centre that takes part. `zone` is an IANA name."""

    __tablename__ = "site"

    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    zone: Mapped[str] = mapped_column(sa.String(60))
    language: Mapped[str] = mapped_column(sa.String(8))
    phone: Mapped[str] = mapped_column(sa.String(40))
    emergency_number: Mapped[str] = mapped_column(sa.String(20))
