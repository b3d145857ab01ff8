"""The data set and the codebook by the address: the rules of the page, blinding above all."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Grant, Role
from remote_training.api import door
from remote_training.audit.models import Entry
from remote_training.core.db import db
from remote_training.exports import sending
from remote_training.exports.formats import Format
from remote_training.exports.models import Download
from tests import make
from tests.fakes import NOON


@pytest.fixture
def researcher(app):
    """A researcher at Utrecht who may see the arm."""
    return make.staff(Role.RESEARCHER, sees_arm=True)


@pytest.fixture
def blinded(app):
    """A researcher at Utrecht who may not."""
    return make.staff(Role.RESEARCHER)


def files(answer) -> dict[str, bytes]:
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}


def header(files, name) -> list[str]:
    return next(csv.reader(io.StringIO(files[name].decode())))


def columns(codebook, name) -> list[str]:
    return [c["name"] for t in codebook["tables"] if t["name"] == name for c in t["columns"]]


@pytest.mark.parametrize("kind", list(Format))
def test_each_format_of_the_page_comes_by_the_address(program_of, researcher, kind):
    make.assessment()
    answer = program_of(researcher, Role.RESEARCHER).post(f"/exports/{kind}")
    assert answer.mimetype == "application/zip"
    assert any(name.endswith(f".{kind}") for name in files(answer))


def test_the_files_are_those_of_the_page_to_the_byte(program_of, browse_as, researcher):
    make.assessment(participant=make.participant(arm="waitlist"))
    make.booking()
    by_page = files(browse_as(researcher).post("/staff/data"))
    assert files(program_of(researcher, Role.RESEARCHER).post("/exports/csv")) == by_page


def test_that_it_leaves_is_recorded_as_on_the_page(program_of, researcher):
    program_of(researcher, Role.RESEARCHER).post("/exports/csv").get_data()
    record = db.session.scalars(sa.select(Download)).one()
    assert (record.account_id, record.format, record.finished_at) == (researcher.id, "csv", NOON)
    assert record.shows_arm
    actions = db.session.scalars(sa.select(Entry.action)).all()
    assert "exports.download" in actions


def test_the_blinded_get_blinded_files_alone(program_of, researcher, blinded):
    make.booking(participant=make.participant(arm="waitlist"))
    with_arm = files(program_of(researcher, Role.RESEARCHER).post("/exports/csv"))
    without = files(program_of(blinded, Role.RESEARCHER).post("/exports/csv"))
    assert "arm" in header(with_arm, "participants.csv")
    assert b"waitlist" in with_arm["participants.csv"]
    assert "attendance.csv" in with_arm
    assert "arm" not in header(without, "participants.csv")
    assert "attendance.csv" not in without
    assert not any(b"waitlist" in content for content in without.values())
    assert [row.shows_arm for row in db.session.scalars(sa.select(Download))] in (
        [True, False], [False, True],
    )  # fmt: skip


def test_whoever_is_blinded_at_one_site_is_blinded_at_all(program_of):
    who = make.staff(Role.RESEARCHER, sees_arm=True)
    program = program_of(who, Role.RESEARCHER)
    assert not program.get("/codebook").get_json()["blinded"]
    db.session.add(_blinded_grant(who))
    db.session.commit()
    assert program.get("/codebook").get_json()["blinded"]
    assert "arm" not in header(files(program.post("/exports/csv")), "participants.csv")


def _blinded_grant(who):
    return Grant(
        account_id=who.id, role=Role.RESEARCHER, site_id=make.site("melbourne").id, sees_arm=False
    )


@pytest.mark.parametrize("sees_arm", [True, False])
def test_the_codebook_tells_of_every_column_that_the_same_token_gets(program_of, sees_arm):
    make.assessment()
    who = make.staff(Role.RESEARCHER, sees_arm=sees_arm)
    program = program_of(who, Role.RESEARCHER)
    told = program.get("/codebook").get_json()
    got = files(program.post("/exports/csv"))
    assert told["blinded"] is not sees_arm
    assert ("arm" in columns(told, "participants")) is sees_arm
    for table in told["tables"]:
        assert columns(told, table["name"]) == header(got, f"{table['name']}.csv")


def test_a_codebook_is_looked_at_without_a_record(program_of, researcher):
    assert program_of(researcher, Role.RESEARCHER).get("/codebook").status_code == 200
    assert db.session.scalars(sa.select(Download)).all() == []


def test_another_format_is_refused_and_so_is_too_much(program_of, researcher, monkeypatch):
    make.assessment()
    program = program_of(researcher, Role.RESEARCHER)
    assert program.post("/exports/exe").get_json()["reason"] == "no-such-format"
    monkeypatch.setattr(sending, "MOST_WHILE_WAITING", 0)
    answer = program.post("/exports/sav")
    assert (answer.status_code, answer.get_json()["reason"]) == (409, "too-large")
    assert program.post("/exports/csv").status_code == 200


def test_nothing_leaves_by_looking(program_of, researcher):
    answer = program_of(researcher, Role.RESEARCHER).get("/exports/csv")
    assert answer.status_code == 405
    assert db.session.scalars(sa.select(Download)).all() == []


def test_a_person_takes_so_many_an_hour_whatever_the_token(program_of, researcher, monkeypatch):
    monkeypatch.setattr(door, "EXPORTS_PER_HOUR", 2)
    programs = [program_of(researcher, Role.RESEARCHER) for _ in range(3)]
    answers = [one.post("/exports/csv") for one in programs]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "3600"


def test_no_name_and_no_address_is_in_any_answer(program_of, researcher):
    her = make.participant(contact=make.contact(name="Zebulon Canarius", email="z@canary.example"))
    make.assessment(participant=her)
    hour = make.session(trainer=make.trainer(contact=make.contact(name="Tess Canarius")))
    make.booking(participant=her, session=hour)
    by_coordinator = program_of(make.staff(Role.COORDINATOR))
    said = [
        by_coordinator.get(f"/participants/{her.study_number}/{what}").text
        for what in ("timeline", "classes")
    ]
    got = files(program_of(researcher, Role.RESEARCHER).post("/exports/csv"))
    said += [content.decode() for content in got.values()]
    assert her.study_number in said[0] + said[1] + said[2]
    assert not any("Canarius" in text or "canary" in text for text in said)
