"""The page about the data, and the record of every download."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.assessments import service
from remote_training.audit.models import Entry
from remote_training.core.db import db, unit_of_work
from remote_training.exports import parcel
from remote_training.exports import service as exports
from remote_training.exports.models import Download
from remote_training.exports.parcel import Tally
from tests import make
from tests.exports.reading import FILES, page, rows, take
from tests.fakes import NOON

NAME, EMAIL = "Zebulon Canarius", "zebulon@canarius.example"


@pytest.fixture
def researcher(app):
    """A researcher at Utrecht who is not blinded."""
    return make.staff(Role.RESEARCHER, sees_arm=True)


def test_the_page_says_what_is_in_it_and_offers_it(browse_as, researcher):
    text = page(browse_as(researcher))

    for name in FILES:
        assert name in text
    assert "With the arm" in text
    assert "Nobody has taken the data yet." in text
    assert 'action="/staff/data"' in text


def test_a_download_is_a_zip_named_by_study_and_moment(browse_as, researcher):
    answer = browse_as(researcher).post("/staff/data")

    assert answer.mimetype == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="lion-with-arm-20261124T120000Z.zip"'
    )


def test_a_download_is_recorded_with_the_fingerprint_of_each_file(browse_as, researcher):
    make.assessment()
    browser = browse_as(researcher)

    files = take(browser)

    record = db.session.scalars(sa.select(Download)).one()
    assert record.account_id == researcher.id
    assert (record.made_at, record.finished_at) == (NOON, NOON)
    assert record.sites == {"codes": ["utrecht"]}
    assert record.shows_arm
    assert {name: told["sha256"] for name, told in record.files.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert record.files["answers.csv"]["rows"] == 7
    entry = db.session.scalars(sa.select(Entry)).one()
    assert (entry.action, entry.actor_id) == ("exports.download", researcher.id)
    text = page(browser)
    assert "complete" in text
    assert "you" in text


def test_a_download_that_breaks_off_is_on_record_as_such(app, browse_as, researcher):
    make.assessment()
    browser = browse_as(researcher)

    answer = browser.post("/staff/data", buffered=False)
    next(answer.iter_encoded())
    answer.close()

    record = db.session.scalars(sa.select(Download)).one()
    assert (record.finished_at, record.files) == (None, {})
    assert "broke off" in page(browser)


def test_looking_at_the_page_takes_nothing_and_records_nothing(browse_as, researcher):
    page(browse_as(researcher))

    assert db.session.scalars(sa.select(Download)).all() == []


def test_counts_under_five_are_not_shown(browse_as, researcher):
    for n in range(9):
        form = make.assessment(timepoint="w0" if n < 5 else "w6", week=0 if n < 5 else 6)
        service.finish(form, now=NOON)
    db.session.commit()

    text = page(browse_as(researcher)).split("Questionnaires sent, by site and week")[1]

    assert ">5</td>" in text
    assert ">4</td>" not in text
    assert "under 5" in text


def test_downloads_of_other_sites_are_not_told(app, browse_as, researcher):
    both = [make.site(), make.site("melbourne")]
    with unit_of_work():
        exports.collect(both, shows_arm=True, now=NOON, by=None)

    assert "Nobody has taken the data yet." in page(browse_as(researcher))
    with unit_of_work():
        exports.collect(both[:1], shows_arm=True, now=NOON, by=None)
    assert "command line" in page(browse_as(researcher))


@pytest.mark.parametrize("role", [Role.TRAINER, Role.COORDINATOR, Role.ADMINISTRATOR])
def test_others_do_not_get_the_data(browse_as, role):
    browser = browse_as(make.staff(role))

    assert browser.get("/staff/data").status_code == 403
    assert browser.post("/staff/data").status_code == 403
    assert db.session.scalars(sa.select(Download)).all() == []


def test_nobody_gets_the_data_without_signing_in(browser, browse_as):
    assert browser.post("/staff/data").status_code == 401
    assert browse_as(make.participant()).post("/staff/data").status_code == 401


def test_a_name_is_in_the_vault_and_nowhere_in_the_data(browse_as, researcher):
    contact = make.contact(name=NAME, email=EMAIL, emergency_name=NAME, phone="0612345678")
    ada = make.participant(contact=contact)
    make.booking(participant=ada)
    make.answer(make.assessment(participant=ada), "numb_feet", 7)
    db.session.commit()
    browser = browse_as(researcher)

    everything = b"".join(take(browser).values()) + page(browser).encode()

    assert (ada.contact.name, ada.contact.email) == (NAME, EMAIL)
    assert ada.study_number.encode() in everything
    for secret in ("Zebulon", "Canarius", "canarius", "0612345678", "1960"):
        assert secret.encode() not in everything
    for row_id in (ada.id, ada.account_id, ada.contact_id):
        assert str(row_id).encode() not in everything
        assert row_id.hex.encode() not in everything


def test_a_data_set_is_of_one_moment_and_stops_nobody(app):
    make.assessment(participant=make.participant(study_number="T1"))
    with unit_of_work():
        order, _ = exports.collect([make.site()], shows_arm=True, now=NOON, by=None)
    tally = Tally()
    stream = parcel.zipped(db.engine, order, tally)
    next(stream)

    make.assessment(participant=make.participant(study_number="T2"))
    for _ in stream:
        pass

    assert tally.files["answers.csv"]["rows"] == 7
    later = Tally()
    for _ in parcel.zipped(db.engine, order, later):
        pass
    assert later.files["answers.csv"]["rows"] == 14


def test_the_page_costs_a_constant_number_of_statements(browse_as, researcher, count_queries):
    browser = browse_as(researcher)
    take(browser)
    count_queries.clear()
    page(browser)
    few = len(count_queries)
    for n in range(5):
        make.assessment()
        make.booking()
        with unit_of_work():
            exports.collect([make.site()], shows_arm=True, now=NOON + timedelta(hours=n), by=None)
    count_queries.clear()
    page(browser)

    assert len(count_queries) == few


def test_rows_can_be_read_back(browse_as, researcher):
    ada = make.participant()

    assert rows(take(browse_as(researcher))["participants.csv"])[0]["study_number"] == (
        ada.study_number
    )
