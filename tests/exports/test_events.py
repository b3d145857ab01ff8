"""Adverse events in the data set: read back in each format, without a word that was typed."""

from __future__ import annotations

import io
from datetime import timedelta

import pandas
import pyreadstat
import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.core.db import db
from remote_training.safety.event_models import Action
from tests import make
from tests.exports import everything
from tests.exports.reading import header, rows, take
from tests.fakes import NOON

TYPED = ("Bob", "Vermeer", "nausea")


@pytest.fixture
def researcher(app):
    """A researcher at Utrecht who is not blinded."""
    return make.staff(Role.RESEARCHER, sees_arm=True)


def test_each_stands_once_with_what_is_said_of_it_now(browse_as, researcher):
    everything.study()
    files = take(browse_as(researcher))
    whole, bare = rows(files["adverse_events.csv"])
    at = NOON + timedelta(days=1)
    assert (whole["study_number"], whole["event_number"]) == ("007", "1") or bare[
        "event_number"
    ] == "1"
    whole, bare = sorted((whole, bare), key=lambda row: row["term"], reverse=True)
    assert {name: whole[name] for name in ("term", "grade", "phase", "serious", "related")} == {
        "term": "fall", "grade": "1", "phase": "during", "serious": "1", "related": "possible",
    }  # fmt: skip
    assert (whole["serious_criterion"], whole["outcome"]) == ("hospital", "recovered")
    assert whole["outcome_on"] == at.date().isoformat()
    done = {action.value for action in Action if whole[f"action_{action.value}"] == "1"}
    assert done == {"class_ended", "emergency_rung"}
    assert whole["action_none"] == "0"
    assert (whole["recorded_at"], whole["onset_at"]) == (f"{at:%Y-%m-%dT%H:%M:%SZ}",) * 2
    assert whole["seen_at"] == f"{at + timedelta(minutes=45):%Y-%m-%dT%H:%M:%SZ}"
    assert whole["sponsor_told_at"] == f"{at + timedelta(minutes=60):%Y-%m-%dT%H:%M:%SZ}"
    assert whole["corrections"] == "1"
    assert whole["session_id"] in {row["session_id"] for row in rows(files["sessions.csv"])}
    untold = {name for name, value in bare.items() if value == ""}
    assert untold == {
        "serious", "serious_criterion", "related", "outcome", "outcome_on", "seen_at",
        "sponsor_told_at", *(f"action_{action.value}" for action in Action),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "sav", "dta"])
def test_nothing_that_was_typed_and_nothing_taken_back_leaves(browse_as, researcher, kind):
    everything.study()
    for name, content in take(browse_as(researcher), kind).items():
        if not name.startswith(("codebook", "value_labels")):
            assert not any(word.encode() in content for word in TYPED[:2]), name
    assert b"fall" in take(browse_as(researcher))["adverse_events.csv"], "the control"


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_it_is_read_back_with_its_labels(browse_as, researcher, tmp_path, kind):
    everything.study()
    path = tmp_path / f"events.{kind}"
    path.write_bytes(take(browse_as(researcher), kind)[f"adverse_events.{kind}"])
    frame, about = {"sav": pyreadstat.read_sav, "dta": pyreadstat.read_dta}[kind](path)
    csv = take(browse_as(researcher))["adverse_events.csv"]
    text = pandas.read_csv(io.BytesIO(csv), dtype=str, keep_default_na=False)
    assert list(frame.columns) == list(text.columns)
    assert [str(int(grade)) for grade in frame["grade"]] == list(text["grade"])
    assert list(frame["term"]) == list(text["term"])
    label = about.variable_value_labels["grade"]
    assert label[3].startswith("severe: ")


def test_with_nobody_in_it_the_shape_is_the_same(browse_as, researcher):
    empty = header(take(browse_as(researcher))["adverse_events.csv"])
    everything.study()
    assert header(take(browse_as(researcher))["adverse_events.csv"]) == empty


def test_the_codebook_names_each_term_and_a_second_way_finds_the_same_events(browse_as, researcher):
    everything.study()
    files = take(browse_as(researcher))
    labels = {
        row["code"]: row["label"]
        for row in rows(files["value_labels.csv"])
        if (row["table"], row["column"]) == ("adverse_events", "term")
    }
    assert labels["fall"] == "Fall"
    found = db.session.execute(
        sa.text(
            "SELECT p.study_number, v.term, v.grade FROM adverse_event e"
            " JOIN adverse_event_version v ON v.event_id = e.id"
            " JOIN participant p ON p.id = e.participant_id"
            " WHERE v.replaced_at IS NULL AND e.withdrawn_at IS NULL"
        )
    )
    told = sorted((one.study_number, one.term, str(one.grade)) for one in found)
    there = rows(files["adverse_events.csv"])
    assert sorted((row["study_number"], row["term"], row["grade"]) for row in there) == told
    assert {row["term"] for row in there} <= set(labels)
