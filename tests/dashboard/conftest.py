from __future__ import annotations

import pytest

from remote_training.accounts.models import Role
from tests import make


@pytest.fixture
def desk(app, browse_as):
    """The browser of a coordinator."""
    return browse_as(make.staff(Role.COORDINATOR))


@pytest.fixture
def ilse(app):
    """A trainer."""
    return make.trainer(contact=make.contact(name="Ilse Trainer"))
