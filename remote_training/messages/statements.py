"""What every message is asked and told, put together once.

Building one of these statements takes longer than having it answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from remote_training.messages import queries
from remote_training.messages.models import Message, State

ROWS = cast(sa.Table, Message.__table__)

# The fence: these rows, in the claim in which we have them.
FENCE = (
    sa.tuple_(ROWS.c.id, ROWS.c.tries).in_(sa.bindparam("claims_", expanding=True)),
    ROWS.c.owner == sa.bindparam("owner_"),
)
IN_HAND = ROWS.c.state.in_((State.CLAIMED, State.SENDING))
IN_TIME = ROWS.c.not_after > sa.bindparam("now_")
GOES_ON = ~queries.is_standing()

_due = (
    sa.select(ROWS.c.id)
    .where(*queries.is_due(ROWS.c, sa.bindparam("now_")), IN_TIME, GOES_ON)
    .order_by(ROWS.c.due_at, ROWS.c.id)
    .limit(sa.bindparam("limit_"))
    .with_for_update(skip_locked=True)
    .cte("due")
    .prefix_with("MATERIALIZED", dialect="postgresql")  # else it may be asked once for each row
)

CLAIM = (
    sa.update(Message)
    .where(Message.id.in_(sa.select(_due.c.id)), Message.state == State.PENDING)
    .values(
        state=State.CLAIMED,
        owner=sa.bindparam("owner_"),
        lease_until=sa.bindparam("until_"),
        tries=Message.tries + 1,
    )
    .returning(Message)
    .execution_options(synchronize_session=False, populate_existing=True)
)

BEGIN = (
    sa.update(ROWS)
    .where(
        *FENCE,
        ROWS.c.state == State.CLAIMED,
        ROWS.c.lease_until > sa.bindparam("now_"),
        IN_TIME,
        GOES_ON,
    )
    .values(state=State.SENDING, lease_until=sa.bindparam("until_"))
    .returning(ROWS.c.id)
)

FINISH = (
    sa.update(ROWS)
    .where(*FENCE, IN_HAND)
    .values(
        state=sa.bindparam("state_"),
        finished_at=sa.bindparam("now_"),
        lease_until=None,
        fault=sa.bindparam("fault_"),
    )
)


def claims(messages: Sequence[Message]) -> list[tuple[UUID, int]]:
    """What the fence asks of some messages."""
    return [(message.id, message.tries) for message in messages]
