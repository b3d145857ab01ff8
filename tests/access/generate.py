"""`python -m tests.access.generate`: add the routes that are missing from the matrix.

A line that was reviewed stays; one that is new says `?` until somebody has decided.
"""

from __future__ import annotations

from remote_training.app import create_app
from tests import fakes
from tests.access import matrix, people
from tests.conftest import settings


def main() -> None:
    """Write the file anew; lines of routes that are gone are left out."""
    known = matrix.read()
    app = create_app(settings("sqlite:///unopened.db"), fakes.world())
    cells = [
        (method, rule.rule, role) for method, rule in people.routes(app) for role in people.ROLES
    ]
    matrix.write({cell: known.get(cell, matrix.UNKNOWN) for cell in cells})
    print(sum(cell not in known for cell in cells), "lines to decide")


if __name__ == "__main__":
    main()
