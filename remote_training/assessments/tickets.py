"""The ticket of a page with questions: sealed, it says whose page of which sitting it is.

A form that carries one is ours, whatever became of the browser's session or of the order of
the keys meanwhile. It lets nobody in: who comes with a ticket and without a visit is asked
for the year of birth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from remote_training.accounts import visits
from remote_training.accounts.models import Permit, Scope
from remote_training.assessments.sitting import Sitting, Versions
from remote_training.core.crypto import CannotOpen, open_from_page, seal_for_page
from remote_training.instruments.load import Wording

LONGEST = 20_000


@dataclass(frozen=True)
class Ticket:
    """What a page was about.

    `read` has, by instrument, the version, language and translation that the page showed.
    """

    assessment_id: UUID
    permit_id: UUID
    read: Mapping[str, tuple[str, str, str]]

    @property
    def versions(self) -> Versions:
        """The versions that the page showed, by instrument."""
        return {code: read[0] for code, read in self.read.items()}

    def permit(self, *, now: datetime) -> Permit | None:
        """The permit under which the page was shown, if it would still open the sitting."""
        return visits.standing_permit(self.permit_id, Scope.ANSWER, self.assessment_id, now=now)

    def sealed(self) -> str:
        """The ticket as a page carries it."""
        content = {"permit": self.permit_id.hex, "read": dict(self.read)}
        return seal_for_page(json.dumps(content), about=_about(self.assessment_id))


def issue(sitting: Sitting, permit: Permit, wordings: Mapping[str, Wording]) -> Ticket:
    """The ticket of a page that shows a sitting in these words, by instrument."""
    read = {
        part.form.instrument: (
            part.instrument.version,
            wordings[part.form.instrument].language,
            wordings[part.form.instrument].translation,
        )
        for part in sitting.parts
    }
    return Ticket(sitting.assessment.id, permit.id, read)


def opened(carried: str, assessment_id: UUID) -> Ticket | None:
    """The ticket of a page of this sitting; None for anything else."""
    content = unsealed(carried, _about(assessment_id))
    if content is None:
        return None
    read = {str(code): (str(v), str(lg), str(t)) for code, (v, lg, t) in content["read"].items()}
    return Ticket(assessment_id, UUID(content["permit"]), read)


def unsealed(carried: str, about: str) -> dict[str, Any] | None:
    """What we sealed into a page about something; None for anything else."""
    if not carried or len(carried) > LONGEST:
        return None
    try:
        content: dict[str, Any] = json.loads(open_from_page(carried, about=about))
    except CannotOpen:
        return None
    return content


def _about(assessment_id: UUID) -> str:
    return f"page/{assessment_id}/ticket"
