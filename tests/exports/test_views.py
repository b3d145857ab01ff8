"""The page about the data, and the record of every download."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from statistics import fmean, quantiles, stdev
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.assessments import service
from remote_training.assessments.models import Assessment, Form
from remote_training.attendance.models import Attendance, Status
from remote_training.audit.models import Entry
from remote_training.core.db import db, unit_of_work
from remote_training.exports import parcel, sending
from remote_training.exports import service as exports
from remote_training.exports.models import Download
from remote_training.exports.parcel import Tally
from remote_training.exports.rounding import rounded
from tests import make
from tests.exports import everything
from tests.exports.reading import BOOKS, OTHERS, TABLES, page, rows, take
from tests.fakes import NOON
from tests.make import TODAY

NAME, EMAIL = "Zebulon Canarius", "zebulon@canarius.example"


@pytest.fixture
def researcher(app):
    """A researcher at Utrecht who is not blinded."""
    return make.staff(Role.RESEARCHER, sees_arm=True)


def test_the_page_says_what_is_in_it_and_offers_it(browse_as, researcher):
    text = page(browse_as(researcher))

    for name in TABLES:
        assert f">{name}</th>" in text
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
    assert record.files["answers_long.csv"]["rows"] == 7
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


def picture(browser, name: str, address: str = "/staff/data") -> str:
    """The part of the page with one picture and its table."""
    return page(browser, address).split(f'id="{name}"')[1].split("<h2")[0]


def cells(part: str) -> list[list[str]]:
    """The table of a picture, row by row."""
    body = part.split("<tbody")[1]
    return [re.findall(r"<t[hd][^>]*>([^<]*)<", line) for line in body.split("<tr")[1:]]


def sit(number: int, *, timepoint: str = "w0", sends: int = 0) -> None:
    """Sittings of so many people, some of whom send; the answer is the number of the person."""
    for n in range(number):
        form = make.assessment(timepoint=timepoint, week=int(timepoint[1:]))
        if n < sends:
            make.answer(form, "numb_feet", n % 11)
            service.finish(form, now=NOON)
    db.session.commit()


def test_counts_under_five_are_not_shown_and_others_in_fives(browse_as, researcher):
    sit(12, sends=8)
    sit(6, timepoint="w6", sends=4)

    told = cells(picture(browse_as(researcher), "complete"))

    few = "under 5"
    assert told == [
        ["w0", "0", "10", "10", few, few, few],
        ["w6", "6", "5", few, few, few, few],
    ]


def test_no_count_follows_from_others(browse_as, researcher):
    """Of 44 who were asked 42 sent: neither that two did not, nor how many did, can be read."""
    sit(44, sends=42)
    part = picture(browse_as(researcher), "complete")

    assert cells(part) == [["w0", "0", "45", "40", *["under 5"] * 3]]
    assert not re.search(r"\b(44|42|2)\b", re.sub(r"<svg.*?</svg>", "", part, flags=re.DOTALL))


def test_rounding_hides_what_is_small_and_is_never_off_by_more_than_two():
    assert [rounded(n) for n in range(5)] == [None] * 5
    assert all(rounded(n) % 5 == 0 and abs(rounded(n) - n) <= 2 for n in range(5, 400))


def test_scores_are_shown_as_median_and_quartiles_or_as_mean_and_sd(browse_as, researcher):
    sit(11, sends=11)
    browser = browse_as(researcher)
    values = list(range(11))
    asked = "/staff/data?score=neuropathy-nrs/numb_feet"

    low, middle, high = quantiles(values, n=4, method="inclusive")
    assert cells(picture(browser, "scores", asked)) == [
        ["w0", "0", "10", f"{middle:.1f}", f"{low:.1f}", f"{high:.1f}"]
    ]
    mean, sd = fmean(values), stdev(values)
    assert cells(picture(browser, "scores", f"{asked}&summary=mean")) == [
        ["w0", "0", "10", f"{mean:.1f}", f"{mean - sd:.1f}", f"{mean + sd:.1f}"]
    ]


def test_scores_of_fewer_than_five_are_not_shown(browse_as, researcher):
    sit(4, sends=4)

    part = picture(browse_as(researcher), "scores", "/staff/data?score=neuropathy-nrs/numb_feet")

    assert cells(part) == [["w0", "0", *["under 5"] * 4]]


def test_a_score_is_named_with_its_range_its_direction_and_its_rule(browse_as, researcher):
    text = picture(browse_as(researcher), "scores", "/staff/data?score=phq-9/PHQ9")

    assert "0 to 27." in text
    assert "A high number means more trouble." in text
    assert "questions are answered (complete)." in text
    assert "“no feeling left”" in picture(
        browse_as(researcher), "scores", "/staff/data?score=neuropathy-nrs/numb_feet"
    )


@pytest.mark.parametrize("asked", ["score=nothing/X&summary=odd", "score=%00", "summary=&score="])
def test_something_else_in_the_address_shows_the_first(browse_as, researcher, asked):
    browser = browse_as(researcher)

    assert picture(browser, "scores", f"/staff/data?{asked}") == picture(browser, "scores")


def test_what_is_calculated_from_two_questionnaires_can_be_shown(browse_as, researcher):
    for _ in range(5):
        both = make.assessment(forms=("phq-9", "gad-7"))
        everything.answer_all(both)
    db.session.commit()

    told = cells(picture(browse_as(researcher), "scores", "/staff/data?score=phq-ads/PHQADS"))

    assert told == [["w0", "0", "5", *["21.0"] * 3]]


def test_attendance_is_told_by_week_of_her_own_programme(browse_as, researcher):
    statuses = [Status.ATTENDED, Status.LATE, Status.NO_SHOW, Status.EXCUSED, None]
    hours = [make.session(places=60, starts_at=NOON - timedelta(days=n)) for n in (1, 2)]
    for n in range(30):
        early = n % 2 == 0
        weeks = 1 if early else 13
        her = make.participant(
            arm="exercise" if early else "waitlist",
            baseline_on=TODAY - timedelta(weeks=weeks, days=-1),
        )
        for hour in hours:
            booking = make.booking(participant=her, session=hour)
            status = statuses[n % 5]
            db.session.add(Attendance(booking_id=booking.id, machine_status=status))
    db.session.commit()

    told = cells(picture(browse_as(researcher), "attendance"))

    assert told == [["1", "30", "60", "25", "10", "10", "under 5", "10", "10"]]


def test_classes_to_come_called_off_and_cancelled_places_do_not_count(browse_as, researcher):
    for n in range(6):
        her = make.participant(baseline_on=TODAY - timedelta(days=3))
        past = make.session(starts_at=NOON - timedelta(days=1, minutes=n))
        make.booking(participant=her, session=make.session(starts_at=NOON + timedelta(hours=n)))
        make.booking(participant=her, session=past, cancelled_at=NOON - timedelta(days=2))
        off = make.session(starts_at=NOON - timedelta(days=2, minutes=n), called_off_at=NOON)
        make.booking(participant=her, session=off)

    assert "No class is over yet." in picture(browse_as(researcher), "attendance")


def test_the_blinded_see_no_attendance_and_are_told_why(browse_as):
    blinded = browse_as(make.staff(Role.RESEARCHER))

    part = picture(blinded, "attendance")

    assert "so attendance is not shown to you" in part
    assert "<svg" not in part


def test_every_picture_has_a_title_a_description_and_a_table(browse_as, researcher):
    sit(6, sends=6)
    her = make.participant(baseline_on=TODAY - timedelta(days=3))
    make.booking(participant=her, session=make.session(starts_at=NOON - timedelta(days=1)))
    browser = browse_as(researcher)

    for name in ("complete", "scores", "attendance"):
        part = picture(browser, name, "/staff/data?score=neuropathy-nrs/numb_feet")
        drawn = part.split("<svg")[1].split("</svg>")[0]
        ids = re.search(r'aria-labelledby="(\S+) (\S+)"', drawn).groups()
        assert [f'<title id="{ids[0]}">' in drawn, f'<desc id="{ids[1]}">' in drawn] == [True] * 2
        assert 'role="img"' in drawn
        assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn)) <= {"currentColor", "none"}
        assert "style=" not in drawn
        assert "n = " in drawn or "under 5" in drawn
        assert part.index("</svg>") < part.index("<table")


def test_it_can_be_taken_for_spss_and_stata(app, browse_as, researcher):
    make.assessment()
    browser = browse_as(researcher)
    for kind, program in (("sav", "SPSS"), ("dta", "Stata")):
        assert f"(zip, {program})" in page(browser)
        files = take(browser, kind)

        assert sorted(files) == sorted([*(f"{n}.{kind}" for n in TABLES), *BOOKS, *OTHERS])
        record = db.session.scalars(sa.select(Download).where(Download.format == kind)).one()
        assert record.files[f"answers_long.{kind}"]["rows"] == 7
        assert {name: told["sha256"] for name, told in record.files.items()} == {
            name: hashlib.sha256(content).hexdigest() for name, content in files.items()
        }
        assert f">{kind.upper()}</td>" in page(browser)


def test_what_is_too_large_is_left_to_the_command(app, browse_as, researcher):
    many = sending.MOST_WHILE_WAITING // 30 + 1
    plain = make.assessment(forms=())
    columns = {c.name: getattr(plain, c.name) for c in Assessment.__table__.columns}
    ids = [uuid4() for _ in range(many)]
    db.session.execute(
        sa.insert(Assessment),
        [columns | {"id": row, "timepoint": f"x{n}"} for n, row in enumerate(ids)],
    )
    of_form = {"instrument": "qlq-c30", "instrument_version": "3.0", "position": 1}
    db.session.execute(
        sa.insert(Form), [of_form | {"id": uuid4(), "assessment_id": row} for row in ids]
    )
    db.session.commit()
    browser = browse_as(researcher)

    answer = browser.post("/staff/data", data={"format": "sav"})

    assert answer.status_code == 409
    assert "The command makes it." in answer.text
    assert db.session.scalars(sa.select(Download)).all() == []
    text = page(browser)
    assert ("(zip, SPSS)" in text, "remote-training export --format sav" in text) == (False, True)


def test_a_format_that_is_not_there_is_refused(browse_as, researcher):
    assert browse_as(researcher).post("/staff/data", data={"format": "xls"}).status_code == 422
    assert db.session.scalars(sa.select(Download)).all() == []


def test_the_blinded_are_not_told_what_was_counted_in_downloads_with_the_arm(app, browse_as):
    blinded = make.staff(Role.RESEARCHER, sees_arm=False)
    with unit_of_work():
        exports.collect([make.site()], shows_arm=True, now=NOON, by=None)
    assert "Nobody has taken the data yet." in page(browse_as(blinded))

    with unit_of_work():
        exports.collect([make.site()], shows_arm=False, now=NOON, by=None)
    assert "Nobody has taken the data yet." not in page(browse_as(blinded))


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

    assert tally.files["answers_long.csv"]["rows"] == 7
    later = Tally()
    for _ in parcel.zipped(db.engine, order, later):
        pass
    assert later.files["answers_long.csv"]["rows"] == 14


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
