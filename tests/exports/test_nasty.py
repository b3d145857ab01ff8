"""Whatever people are called, their names are in no file, and every file can be read."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_training.accounts.models import Role
from remote_training.core.errors import Refused
from tests import make
from tests.conftest import empty
from tests.exports.reading import take
from tests.exports.test_labelled import READ
from tests.nasty import CORPUS, nasty_text

pytestmark = pytest.mark.random
MARK = "Zz9Canary"


def fill(app, names):
    """A participant for each name that the vault takes, with a booking and answers; their number.

    Each name carries a mark that can be looked for; the staff have such names as well.
    """
    empty(app)
    taken = 0
    for name in names:
        try:
            person = make.contact(
                name=f"{name}{MARK}", email=f"{MARK}{taken}@example.org", emergency_name=MARK + name
            )
        except (Refused, ValueError):
            continue
        her = make.participant(contact=person)
        make.booking(participant=her, session=make.session(trainer=make.trainer()))
        make.answer(make.assessment(participant=her), "numb_feet", taken % 11)
        taken += 1
    return taken


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(st.one_of(nasty_text(), st.sampled_from(list(CORPUS.values()))), max_size=3))
def test_no_name_is_in_any_file_and_every_file_parses(app, browse_as, tmp_path, names):
    taken = fill(app, names)
    nasty = make.contact(name=f"=1+1{MARK}")
    browser = browse_as(make.staff(Role.RESEARCHER, sees_arm=True, contact=nasty))

    for kind in ("csv", "sav", "dta"):
        for name, content in take(browser, kind).items():
            assert MARK.lower() not in content.decode("latin-1").lower(), name
            if name.endswith(".csv"):
                lines = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
                assert {len(line) for line in lines} == {len(lines[0])}
                rows = len(lines) - 1
            elif name.endswith(kind):
                path = tmp_path / name
                path.write_bytes(content)
                rows = len(READ[kind](path, user_missing=True)[0])
            if name.split(".")[0] in ("participants", "assessments", "attendance"):
                assert rows == taken


def test_the_control_takes_most_of_the_names(app):
    assert fill(app, CORPUS.values()) > len(CORPUS) // 2
