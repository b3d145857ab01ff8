"""Ordering a data set, and keeping a record of every one that leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remote_training.audit import service as audit
from remote_training.core.db import db
from remote_training.exports.formats import Format
from remote_training.exports.models import Download
from remote_training.exports.parcel import Order, Tally
from remote_training.studies.current import study
from remote_training.studies.models import Site


def collect(
    sites: Sequence[Site],
    *,
    shows_arm: bool,
    now: datetime,
    by: UUID | None,
    kind: Format = Format.CSV,
) -> tuple[Order, Download]:
    """Order the data of some sites, and record that it leaves, before its first byte does.

    `by` is the account that asked, or None for a command. The record is `finish`ed when
    the last byte has left; one that never is tells of a download that broke off.
    """
    chosen = {site.code: site.id for site in sorted(sites, key=lambda site: site.code)}
    download = Download(
        made_at=now,
        account_id=by,
        format=kind.value,
        shows_arm=shows_arm,
        sites={"codes": list(chosen)},
        files={},
    )
    db.session.add(download)
    db.session.flush()
    audit.note(
        "exports.download", "download", download.id, by=by, now=now,
        format=kind.value, sites=list(chosen), shows_arm=shows_arm,
    )  # fmt: skip
    return Order(study(), chosen, shows_arm, now, kind), download


def finish(download_id: UUID, tally: Tally, *, now: datetime) -> None:
    """Record what left: every file with its rows and its SHA-256."""
    done = sa.update(Download).where(Download.id == download_id)
    db.session.execute(done.values(files=tally.files, finished_at=now))
