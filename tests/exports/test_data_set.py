"""What is in the data set."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from uuid import UUID

import pytest

from remote_training import __version__
from remote_training.accounts.models import Role
from remote_training.assessments import queries, service
from remote_training.assessments.sitting import sitting
from remote_training.attendance.models import Attendance, Status
from remote_training.bookings.models import Ending
from remote_training.core.db import db
from remote_training.exports import dictionary
from remote_training.exports.reasons import TOLD
from remote_training.studies.current import study
from tests import make
from tests.exports.reading import BOOKS, FILES, OTHERS, TABLES, header, rows, take
from tests.fakes import NOON
from tests.make import TODAY

BLINDED = TABLES[: TABLES.index("attendance")]
FORM = ["numb_hands", "numb_feet", "tingling_hands", "tingling_feet", "pain_hands", "pain_feet"]


@pytest.fixture
def researcher(app):
    """A researcher at Utrecht who is not blinded."""
    return make.staff(Role.RESEARCHER, sees_arm=True)


@pytest.fixture
def data(browse_as, researcher):
    """Take the data set as she sees it."""
    return lambda: take(browse_as(researcher))


def states(content, study_number):
    """What became of the questions of one participant: item -> (state, value)."""
    return {
        row["item"]: (row["missing"] or "given", row["value"])
        for row in rows(content)
        if row["study_number"] == study_number
    }


def test_her_answers_and_her_attendance_stand_under_one_study_number(data):
    ada = make.participant()
    booking = make.booking(participant=ada)
    week_0 = make.assessment(participant=ada)
    make.answer(week_0, "numb_feet", 7, translation="neuropathy-nrs-1.0-en")
    db.session.add(
        Attendance(
            booking_id=booking.id,
            machine_status=Status.LATE,
            machine_minutes=47.5,
            first_joined_at=NOON + timedelta(days=1, minutes=12),
        )
    )
    db.session.commit()

    files = data()

    answer = next(row for row in rows(files["answers_long.csv"]) if row["value"])
    assert answer == {
        "study_number": ada.study_number,
        "timepoint": "w0",
        "week": "0",
        "instrument": "neuropathy-nrs",
        "version": "1.0",
        "language": "en",
        "translation": "neuropathy-nrs-1.0-en",
        "item": "numb_feet",
        "value": "7",
        "missing": "",
        "given_at": "2026-11-24T12:00:00Z",
        "arrived_at": "2026-11-24T12:00:00Z",
    }
    (came,) = rows(files["attendance.csv"])
    assert came["study_number"] == ada.study_number
    assert (came["machine_status"], came["machine_minutes"]) == ("late", "47.5")
    assert (came["status"], came["overruled"]) == ("late", "0")
    assert came["first_joined_at"] == "2026-11-25T12:12:00Z"
    (hour,) = rows(files["sessions.csv"])
    assert came["session_id"] == hour["session_id"] == str(booking.session_id)
    assert (hour["starts_at"], hour["module"], hour["booked"]) == (
        "2026-11-25T12:00:00Z",
        "base",
        "1",
    )
    (person,) = rows(files["participants.csv"])
    assert (person["study_number"], person["arm"]) == (ada.study_number, "exercise")
    assert (person["site"], person["baseline_on"]) == ("utrecht", "2026-11-24")


def test_a_trainers_word_counts_the_machines_is_kept_and_the_reason_stays_at_home(data):
    booking = make.booking()
    db.session.add(
        Attendance(
            booking_id=booking.id,
            machine_status=Status.NO_SHOW,
            status=Status.TECHNICAL,
            reason="Her daughter Xanthippe rang",
            set_at=NOON,
        )
    )
    db.session.commit()

    files = data()

    (came,) = rows(files["attendance.csv"])
    assert (came["machine_status"], came["status"]) == ("no_show", "technical")
    assert came["overruled"] == "1"
    assert not any(b"Xanthippe" in content for content in files.values())


@pytest.mark.parametrize(
    ("window", "state"),
    [
        pytest.param({}, "open", id="the window is open"),
        pytest.param({"opens_on": TODAY + timedelta(days=1)}, "not_due", id="not asked yet"),
        pytest.param({"closes_on": TODAY - timedelta(days=1)}, "window_closed", id="never begun"),
        pytest.param(
            {"closes_on": TODAY - timedelta(days=1), "started_at": NOON, "language": "en"},
            "window_closed",
            id="begun, never sent, closed",
        ),
        pytest.param(
            {"started_at": NOON, "completed_at": NOON, "language": "en"},
            "skipped",
            id="sent without it",
        ),
    ],
)
def test_a_question_without_an_answer_says_why(data, window, state):
    ada = make.participant()
    make.assessment(participant=ada, **window)

    found = states(data()["answers_long.csv"], ada.study_number)

    assert found == dict.fromkeys([*FORM, "daily_life"], (state, ""))


def test_what_was_asked_after_withdrawal_is_told_apart(data):
    ada = make.participant(withdrawn_on=TODAY)
    make.assessment(participant=ada)

    assert set(states(data()["answers_long.csv"], ada.study_number).values()) == {("withdrawn", "")}


def test_the_day_is_that_of_where_she_is(data, clock):
    clock.moment = NOON.replace(hour=22)  # tomorrow in Melbourne
    near = make.participant()
    far = make.participant(zone="Australia/Melbourne")
    for who in (near, far):
        make.assessment(participant=who, closes_on=TODAY)

    content = data()["answers_long.csv"]

    assert set(states(content, near.study_number).values()) == {("open", "")}
    assert set(states(content, far.study_number).values()) == {("window_closed", "")}


def test_rather_not_answer_is_neither_an_answer_nor_a_gap(data):
    ada = make.participant()
    week_0 = make.assessment(participant=ada)
    make.answer(week_0, "numb_hands", 0)
    make.answer(week_0, "numb_feet", None)
    make.answer(week_0, "numb_hands", 4, now=NOON + timedelta(minutes=1))
    service.finish(week_0, now=NOON)
    db.session.commit()

    found = states(data()["answers_long.csv"], ada.study_number)

    assert found["numb_hands"] == ("given", "4")
    assert found["numb_feet"] == ("refused", "")
    assert found["pain_feet"] == ("skipped", "")
    assert len(found) == 7


def test_a_form_that_is_complete_has_a_row_for_each_question_and_no_more(data):
    ada = make.participant()
    week_0 = make.assessment(participant=ada)
    for question in sitting(week_0).questions:
        make.answer(week_0, question.item.code, 3)
    db.session.commit()

    content = data()["answers_long.csv"]

    assert len(rows(content)) == 7
    assert {row["missing"] for row in rows(content)} == {""}


def test_an_answer_to_a_version_that_is_no_longer_there_is_not_lost(data):
    week_0 = make.assessment(instrument_version="1.0")
    make.answer(week_0, "numb_feet", 7)
    make.form(week_0).instrument_version = "0.1"
    db.session.commit()

    assert [(row["version"], row["value"]) for row in rows(data()["answers_long.csv"])] == [
        ("0.1", "7")
    ]


def test_the_codebook_covers_every_column_of_every_file_and_nothing_else(data):
    files = data()

    told = [(row["table"], row["column"]) for row in rows(files["codebook.csv"])]
    there = [(name, column) for name in TABLES for column in header(files[f"{name}.csv"])]

    assert told == there
    assert all(row["label"] and row["missing"] for row in rows(files["codebook.csv"]))
    assert set(files) == {*FILES, *OTHERS}


def test_the_codebook_knows_every_code_that_occurs(data):
    ada = make.participant(sex="F", neurotoxic_chemotherapy=True)
    booking = make.booking(participant=ada)
    db.session.add(Attendance(booking_id=booking.id, machine_status=Status.ATTENDED))
    service.plan(ada, now=NOON)
    make.answer(queries.of(ada)[0], "numb_feet", 10)
    db.session.commit()

    files = data()

    for told in rows(files["codebook.csv"]):
        known = set(re.findall(r"(?:^|; )([^ ]+) = ", told["codes"]))
        values = {row[told["column"]] for row in rows(files[f"{told['table']}.csv"])} - {""}
        if told["type"] == "code":
            assert values <= known, told


def test_codes_and_labels_are_read_back_from_a_table_without_taking_anything_apart(data):
    files = data()
    labels = {}
    for row in rows(files["value_labels.csv"]):
        key = row["table"], row["column"], row["code"]
        assert key not in labels, "once"
        labels[key] = row

    known = 0
    for table in dictionary.tables(study(), shows_arm=True):
        for column in table.columns:
            for code, words in column.codes.items():
                row = labels.pop((table.name, column.name, code))
                told = "" if column.why_of else code
                assert (row["label"], row["spss"], row["stata"]) == (words, told, told)
                assert row["is_missing"] == ("1" if column.why_of else "0")
                known += "; " in words or " = " in words
            for reason in column.reasons:
                row, told = labels.pop((table.name, column.name, reason.value)), TOLD[reason]
                assert (row["label"], row["is_missing"]) == (told.label, "1")
                assert (row["spss"], row["stata"]) == (str(told.spss), f".{told.stata}")
    assert labels == {}, "and nothing else"
    assert known > 0, "labels from which the codebook's one cell could not be taken apart"


def test_what_became_of_each_place_is_told(data):
    ada = make.participant()
    off = make.session(starts_at=NOON + timedelta(days=4), called_off_at=NOON)
    at = NOON + timedelta(minutes=1)
    for n, changes in enumerate(
        ({}, {"cancelled_at": at}, {"cancelled_at": at, "is_late": True}), start=1
    ):
        hour = make.session(starts_at=NOON + timedelta(days=n))
        make.booking(participant=ada, session=hour, **changes)
    make.booking(participant=ada, session=off)
    make.booking(participant=ada, session=off, cancelled_at=NOON)

    told = [row["place"] for row in rows(data()["attendance.csv"])]

    assert told[:3] == ["held", "given_back", "given_back_late"]
    assert sorted(told[3:]) == ["called_off", "given_back"]


def test_who_waited_for_which_class_and_how_that_ended(data):
    ada, ghost = make.participant(), make.participant(consented_on=None)
    make.waiting(participant=ada)
    make.waiting(participant=ghost)
    make.waiting(
        participant=ada, session=make.session(starts_at=NOON + timedelta(days=2)),
        is_at_once=True, offered_at=None, offer_until=None,
        ended_at=NOON + timedelta(hours=1), ending=Ending.TAKEN,
    )  # fmt: skip

    first, second = rows(data()["waiting.csv"])

    assert first == {
        "study_number": ada.study_number,
        "session_id": first["session_id"],
        "asked_at": "2026-11-24T12:00:00Z",
        "at_once": "0",
        "offered_at": "2026-11-24T12:00:00Z",
        "offer_until": "2026-11-25T00:00:00Z",
        "ended_at": "",
        "ending": "",
    }
    assert (second["at_once"], second["offered_at"], second["ended_at"], second["ending"]) == (
        "1", "", "2026-11-24T13:00:00Z", "taken",
    )  # fmt: skip


def test_the_manifest_fingerprints_every_file(data):
    make.participant()

    files = data()

    manifest = json.loads(files["manifest.json"])
    assert manifest["program"]["version"] == __version__
    assert manifest["study"]["code"] == "LION"
    assert manifest["made_at"] == "2026-11-24T12:00:00Z"
    assert manifest["blinded"] is False
    assert manifest["files"] == {
        name: {
            "rows": len(rows(files[name])) if name.endswith(".csv") else None,
            "sha256": hashlib.sha256(files[name]).hexdigest(),
        }
        for name in (*FILES, "codebook.html")
    }


def test_with_nobody_in_it_the_shape_is_the_same(data):
    empty = data()
    make.booking()
    make.assessment()

    full = data()

    assert {name: header(empty[name]) for name in FILES} == {
        name: header(full[name]) for name in FILES
    }
    assert len(rows(full["answers_long.csv"])) == 7


def test_files_are_utf_8_without_a_mark_with_lines_as_the_standard_says(data):
    make.participant()

    for name, content in data().items():
        content.decode("utf-8")
        assert not content.startswith(b"\xef\xbb\xbf")
        if name.endswith(".csv"):
            assert content.count(b"\n") == content.count(b"\r\n") > 0


def test_no_text_begins_like_a_formula(data):
    ada = make.participant(complaint="fatigue")
    make.booking(participant=ada)
    make.assessment(participant=ada)

    for name, content in data().items():
        if name.endswith(".csv"):
            for row in rows(content):
                texts = [value for value in row.values() if not re.fullmatch(r"(-[0-9]+)?", value)]
                assert not any(value[:1] in "=+-@\t\r\uff1d" for value in texts)


def test_rows_are_ordered_by_study_number_however_they_were_made(data):
    for number in ("T9", "TA", "T10", "Ta"):
        make.assessment(participant=make.participant(study_number=number))

    files = data()

    for name in ("participants.csv", "answers_long.csv"):
        numbers = [row["study_number"] for row in rows(files[name])]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) == 4


def test_without_consent_there_is_no_row(data):
    ghost = make.participant(consented_on=None)
    make.booking(participant=ghost)
    make.assessment(participant=ghost)
    ada = make.participant()

    files = data()

    assert [row["study_number"] for row in rows(files["participants.csv"])] == [ada.study_number]
    assert ghost.study_number.encode() not in b"".join(files.values())


def test_only_her_own_sites_are_in_it(data, browse_as):
    here = make.participant()
    there = make.participant(site=make.site("melbourne"))
    elsewhere = make.session(site=make.site("melbourne"))
    for who in (here, there):
        make.assessment(participant=who)

    files = data()
    theirs = take(browse_as(make.staff(Role.RESEARCHER, at=make.site("melbourne"))))

    assert [row["study_number"] for row in rows(files["participants.csv"])] == [here.study_number]
    assert there.study_number.encode() not in b"".join(files.values())
    assert str(elsewhere.id).encode() not in files["sessions.csv"]
    assert there.study_number.encode() in theirs["answers_long.csv"]


def test_a_class_of_another_site_that_she_booked_is_in_it(data):
    hour = make.session(site=make.site("melbourne"))
    make.booking(session=hour)

    files = data()

    assert [UUID(row["session_id"]) for row in rows(files["sessions.csv"])] == [hour.id]


def test_it_costs_the_same_statements_for_two_and_for_twenty(data, count_queries):
    def cost():
        count_queries.clear()
        data()
        return len(count_queries)

    for _ in range(2):
        make.assessment(participant=make.participant())
    few = cost()
    for _ in range(18):
        make.booking(participant=make.assessment().participant)

    assert cost() == few


def test_the_dictionary_and_the_selects_agree_on_every_column(app):
    from remote_training.exports import sheets
    from remote_training.exports.extent import extent

    of = extent(db.session.connection(), [], study=study(), shows_arm=True, now=NOON)
    for table in dictionary.tables(study(), shows_arm=True):
        if table.name in sheets.SHEETS:
            select = sheets.SHEETS[table.name](of)
            assert [column.name for column in select.selected_columns] == table.header


def test_the_codebook_of_somebody_blinded_covers_her_files(browse_as):
    files = take(browse_as(make.staff(Role.RESEARCHER)))

    told = [(row["table"], row["column"]) for row in rows(files["codebook.csv"])]

    assert set(files) == {*(f"{name}.csv" for name in BLINDED), *BOOKS, *OTHERS}
    assert told == [(name, c) for name in BLINDED for c in header(files[f"{name}.csv"])]
    assert study().title in files["manifest.json"].decode()
