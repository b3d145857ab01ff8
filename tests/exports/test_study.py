"""A whole invented study, written in every format and read back as researchers do.

Always in small; `dev.py soak` asks for the 352 people of the trial.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta

import pandas
import pyreadstat
import pytest
import sqlalchemy as sa

from remote_training import cli
from remote_training.alerts.models import Alert
from remote_training.assessments.models import Device
from remote_training.assessments.states import State
from remote_training.attendance.models import Status
from remote_training.bookings.models import Booking, Ending, Waiting
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.demo import fill as play
from remote_training.exports import dictionary, doses, parcel
from remote_training.exports.codebook import said
from remote_training.exports.formats import Format
from remote_training.exports.labelled_files import LONGEST_LABEL, LONGEST_VALUE_LABEL, variables
from remote_training.exports.parcel import Order
from remote_training.exports.reasons import TOLD
from remote_training.instruments import load as instruments
from remote_training.outside.world import Outside
from remote_training.safety.models import Handling
from remote_training.studies import queries as studies
from remote_training.studies.current import study
from tests.conftest import NO_WORDING, empty, new_app
from tests.exports import made_up, second_way
from tests.exports.reading import TABLES, expected, plain
from tests.fakes import NOON
from tests.servers.postgres import postgres_url

IS_LONG = bool(os.environ.get("SOAK"))
PEOPLE, WEEKS = (352 if IS_LONG else 24), 36
SEED = int(os.environ.get("SOAK_SEED", 7))
LABELLED = ("sav", "dta")
READ = {"sav": pyreadstat.read_sav, "dta": pyreadstat.read_dta}

pytestmark = [
    pytest.mark.random,
    pytest.mark.timeout(3 * 3600 if IS_LONG else 600),
]


class NoMail:
    """Takes every mail and keeps none."""

    @contextmanager
    def open(self):
        yield self

    def send(self, message):
        pass


class Filled:
    """The folder with the data set in three formats, and what stands in the database."""

    def __init__(self, folder, tables, told, places, waits, doses):
        self.folder, self.tables, self.told = folder, tables, told
        self.places, self.waits, self.doses = places, waits, doses
        self.csv = {name: self._text(name) for name in (*TABLES, "codebook", "value_labels")}
        self.labelled = {
            (name, kind): READ[kind](folder / f"{name}.{kind}", user_missing=True)
            for name in TABLES
            for kind in LABELLED
        }

    def _text(self, name):
        return pandas.read_csv(self.folder / f"{name}.csv", dtype=str, keep_default_na=False)

    def columns(self):
        """Every column of every table that all formats have."""
        return [(table, column) for table in self.tables for column in variables(table)]

    def book(self, table, column):
        """What the codebook says of a column."""
        rows = self.csv["codebook"]
        return rows[(rows.table == table) & (rows.column == column)].iloc[0]


def wait_and_give_back():
    """What the play has too little of: waiting, a place given back late, a class called off."""
    found = sa.select(Booking).join(Booking.session).order_by(Booking.booked_at, Booking.id)
    coming = found.where(Session.starts_at > NOON, Booking.cancelled_at.is_(None))
    late, *others = db.session.scalars(coming).all()
    late.cancelled_at, late.is_late = late.session.starts_at - timedelta(minutes=119), True
    off = next(one.session for one in others if one.session_id != late.session_id)
    off.called_off_at = NOON
    for n, booking in enumerate(db.session.scalars(found.limit(50)).all()):
        asked_at, ending = booking.booked_at - timedelta(hours=1), [*Ending, None][n % 5]
        offered_at = asked_at if n % 3 == 0 else None
        db.session.add(
            Waiting(
                participant_id=booking.participant_id, session_id=booking.session_id,
                asked_at=asked_at, rank_at=asked_at, is_at_once=offered_at is None and n % 2 == 0,
                offered_at=offered_at, ending=ending,
                offer_until=offered_at and offered_at + timedelta(hours=12),
                ended_at=ending and booking.booked_at,
            )
        )  # fmt: skip
    db.session.commit()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"] if IS_LONG else ["sqlite"])
def filled(request, tmp_path_factory):
    """A study of 36 weeks with every questionnaire; the licensed ones in words of our own."""
    folder = tmp_path_factory.mktemp("study")
    made_up.take_in(folder / "wording")
    url = postgres_url() if request.param == "postgresql" else f"sqlite:///{folder}/study.db"
    app = new_app(url, wording_dir=folder / "wording", data_dir=folder)
    try:
        with app.app_context():
            empty(app)
            meetings = app.extensions["outside"].meetings
            world = Outside(lambda: NOON, NoMail(), meetings)
            play.fill(count=PEOPLE, weeks=WEEKS, seed=SEED, world=world)
            sites = {site.code: site.id for site in studies.sites()}
            wait_and_give_back()
            db.session.rollback()
            for kind in (Format.CSV, Format.SAV, Format.DTA):
                parcel.write(db.engine, Order(study(), sites, True, NOON, kind), folder)
            with db.engine.connect() as connection:
                told = second_way.sittings(connection, NOON)
                held, waits = second_way.places(connection), second_way.waits(connection)
                told_doses = second_way.doses(connection, NOON)
            tables = dictionary.tables(study(), shows_arm=True)
            yield Filled(folder, tables, told, held, waits, told_doses)
            db.session.rollback()
            db.session.remove()
            db.engine.dispose()
    finally:
        instruments.look_for_wording_in(NO_WORDING)


def test_the_study_reaches_every_state_every_reason_and_every_device(filled):
    sittings, long = filled.csv["assessments"], filled.csv["answers_long"]
    reasons = set(long.missing) | set(filled.csv["scores"].missing)
    arms = dict(zip(*filled.csv["participants"][["study_number", "arm"]].T.values, strict=True))

    assert set(sittings.state) == {str(state) for state in State}
    assert set(sittings.device_kind) == {str(device) for device in Device} | {""}
    assert reasons == {reason.value for reason in TOLD} | {""}
    assert set(filled.csv["attendance"].status) == {str(status) for status in Status} | {""}
    assert set(filled.csv["sessions"].module) == set(study().module_codes())
    assert set(arms.values()) == {"exercise", "waitlist", ""}
    assert {arms[n] for n in sittings[sittings.timepoint == "w18"].study_number} == {"waitlist"}
    assert set(filled.csv["participants"].baseline_on == "") == {True, False}
    assert set(filled.csv["answers_long"].language) == {"en", "nl", ""}
    alerts, handled = (
        db.session.scalar(sa.select(sa.func.count(column.distinct())))
        for column in (Alert.id, Handling.alert_id)
    )
    alarming = long[(long.item == "phq9") & (long.value != "") & (long.value != "0")]
    assert alerts == len(alarming) > 0
    steps = sa.select(Handling.step, sa.func.count()).group_by(Handling.step)
    told = {str(step): count for step, count in db.session.execute(steps).all()}
    assert 0 < handled <= alerts
    assert told["reached"] > 0
    assert told["not_reached"] > 0  # these are still open


@pytest.mark.parametrize("kind", LABELLED)
def test_every_value_and_every_missing_reason_is_the_same_in_every_format(filled, kind):
    for table in filled.tables:
        text, (frame, _) = filled.csv[table.name], filled.labelled[table.name, kind]
        whys = {column.why_of: column.name for column in table.columns if column.why_of}
        assert list(text.columns) == table.header
        assert list(frame.columns) == [column.name for column in variables(table)]
        assert len(frame) == len(text) > 0
        for column in variables(table):
            reasons = text[whys[column.name]] if column.name in whys else [""] * len(text)
            told = [
                expected(column, value, why, kind)
                for value, why in zip(text[column.name], reasons, strict=True)
            ]
            assert list(map(plain, frame[column.name])) == told, (table.name, column.name)


@pytest.mark.parametrize("kind", LABELLED)
def test_every_variable_is_labelled_as_the_codebook_says(filled, kind):
    cut = 0
    for table, column in filled.columns():
        _, known = filled.labelled[table.name, kind]
        whole, label = filled.book(table.name, column.name).label, label_of(known, column)
        assert agrees(label, whole, LONGEST_LABEL[Format(kind)]), (table.name, column.name)
        cut += label != whole
    assert cut > 0  # the made-up wording is longer than there is room for


@pytest.mark.parametrize("kind", LABELLED)
def test_every_value_is_labelled_as_the_codebook_says(filled, kind):
    labels, room = 0, LONGEST_VALUE_LABEL[Format(kind)]
    for table, column in filled.columns():
        book = filled.book(table.name, column.name)
        told = dict(filled.labelled[table.name, kind][1].variable_value_labels.get(column.name, {}))
        for reason, spss, stata, label in missing_codes(book.missing_codes):
            assert told.pop(spss if kind == "sav" else stata) == label, (column.name, reason)
        if kind == "dta" and not column.is_number:
            assert told == {}  # Stata labels numbers alone
            continue
        codes = column.codes
        assert book.codes == "; ".join(said(code, words) for code, words in codes.items())
        assert set(map(spelled, told)) == set(codes)
        for code, label in told.items():
            whole = codes[spelled(code)] or spelled(code)
            assert agrees(label, whole, room), (table.name, column.name, code)
            labels += 1
    assert labels > 100


@pytest.mark.parametrize("kind", LABELLED)
def test_whatever_stands_in_a_column_is_in_its_list_of_codes(filled, kind):
    for table, column in filled.columns():
        values = set(filled.csv[table.name][column.name]) - {""}
        if column.codes and column.type in ("code", "flag"):
            assert values <= set(column.codes), (table.name, column.name)
        if column.type == "integer" and re.fullmatch(r"\d+ to \d+", column.range):
            low, high = map(int, column.range.split(" to "))
            assert all(low <= int(value) <= high for value in values), (table.name, column.name)


def test_days_states_and_counts_are_those_worked_out_a_second_way(filled):
    rows = filled.csv["assessments"].to_dict("records")

    assert {(row["study_number"], row["timepoint"]) for row in rows} == set(filled.told)
    assert len(rows) == len(filled.told)
    for row in rows:
        told = filled.told[row["study_number"], row["timepoint"]]
        place = row["study_number"], row["timepoint"]
        assert {day: row[day] for day in told.days} == {
            day: str(on) for day, on in told.days.items()
        }, place
        assert row["state"] == told.state, place
        counts = [str(n) for n in (told.shown, told.answered, told.given)]
        assert [row[n] for n in ("n_shown", "n_answered", "n_given")] == counts, place


def test_every_question_of_everybody_is_there_once_with_its_value_or_its_reason(filled):
    long = filled.csv["answers_long"]
    keys = ("study_number", "timepoint", "instrument", "item")
    found = dict(
        zip(
            zip(*(long[key] for key in keys), strict=True),
            zip(long.value, long.missing, strict=True),
            strict=True,
        )
    )
    told = {
        (*place, *question): cell
        for place, sitting in filled.told.items()
        for question, cell in sitting.cells.items()
    }

    assert len(found) == len(long)
    assert found == told


def test_every_answer_names_the_words_in_which_it_was_asked(filled):
    long = filled.csv["answers_long"]
    answered = long[long.given_at != ""]

    for (code, language, translation), _ in answered.groupby(
        ["instrument", "language", "translation"]
    ):
        file = second_way.CATALOGUE[code]
        is_shipped = file["wording"] == "shipped"
        languages = file["title"] if is_shipped else made_up.LANGUAGES
        assert language in languages, (code, language)
        own = f"{code}-{file['version']}" if is_shipped else "made-up"
        assert translation == f"{own}-{language}"


def test_side_by_side_they_are_the_same_as_one_below_the_other(filled):
    wide = filled.csv["answers_wide"]
    names = {
        (column.source.split(" ")[0], column.source.rsplit(" ", 1)[1]): column.name
        for column in next(t for t in filled.tables if t.name == "answers_wide").columns
        if column.reasons
    }

    assert len(wide) == len(filled.told)
    for row in wide.to_dict("records"):
        cells = filled.told[row["study_number"], row["timepoint"]].cells
        assert set(cells) == set(names)
        for question, name in names.items():
            assert (row[name], row[f"{name}_m"]) == cells[question], (row["study_number"], name)


def test_every_score_is_the_one_worked_out_a_second_way(filled):
    rows = filled.csv["scores"].to_dict("records")
    found = {
        (r["study_number"], r["timepoint"], r["instrument"], r["score"], r["rule"]): r for r in rows
    }
    told = {
        (*place, *which): (sitting.state, score)
        for place, sitting in filled.told.items()
        for which, score in second_way.scores(sitting.cells).items()
    }

    assert len(found) == len(rows)
    assert set(found) == set(told)
    with_value = 0
    for key, (state, score) in told.items():
        row = found[key]
        assert row["n_eligible"] == str(len(score.eligible)), key
        assert row["n_used"] == str(len(score.used)), key
        if score.value is None:
            why = second_way.WHY[state] if score.eligible else "not_applicable"
            assert (row["value"], row["missing"]) == ("", why.replace("skipped", "too_few")), key
        else:
            assert row["missing"] == ""
            assert math.isclose(float(row["value"]), score.value, abs_tol=1e-9), key
            with_value += 1
    assert with_value > len(told) / 3


def test_every_time_point_is_one_that_the_timeline_names(filled, monkeypatch, capsys):
    monkeypatch.setenv("WORDING_DIR", str(filled.folder / "wording"))
    people = filled.csv["participants"].set_index("study_number")
    long = filled.csv["answers_long"].groupby(["study_number", "timepoint"]).instrument.unique()
    told: dict[tuple[str, str], dict[str, list[str]]] = {}
    seen = Counter()
    for row in filled.csv["assessments"].to_dict("records"):
        number = row["study_number"]
        baseline_on, arm = people.loc[number, "baseline_on"], people.loc[number, "arm"]
        if (baseline_on, arm) not in told:
            told[baseline_on, arm] = timeline(baseline_on, arm, monkeypatch, capsys)
        days = [row[f"{name}_on"] for name in ("opens", "due", "overdue", "start_by", "closes")]
        asked = sorted(long[number, row["timepoint"]])
        assert told[baseline_on, arm][row["timepoint"]] == [*days, *asked], number
        seen[number] += 1
    for number in people[people.baseline_on != ""].index:
        key = people.loc[number, "baseline_on"], people.loc[number, "arm"]
        assert seen[number] == len(told[key]), number
    assert {len(points) for points in told.values()} == {5, 6}


def test_the_manifest_counts_what_each_reader_finds(filled):
    manifest = json.loads((filled.folder / "manifest.json").read_text())["files"]

    for table in TABLES:
        frame, _ = filled.labelled[table, "dta"]
        assert manifest[f"{table}.dta"]["rows"] == len(frame) == len(filled.csv[table])


def test_of_every_class_that_was_held_it_is_known_who_came(filled):
    over = filled.csv["sessions"].set_index("session_id").ends_at < f"{NOON:%Y-%m-%dT%H:%M:%SZ}"
    kept = filled.csv["attendance"][lambda rows: rows.cancelled_at == ""]
    held = kept[kept.session_id.map(over)]
    seen = held.groupby("session_id").machine_minutes.transform(
        lambda minutes: (pandas.to_numeric(minutes) > 0).any()
    )

    assert len(held) > 100
    assert set(held[seen].status) == {str(status) for status in Status}
    assert set(held[~seen].machine_status) <= {""}
    assert seen.mean() > 0.9


def test_the_dose_of_everybody_is_what_a_second_way_counts(filled):
    dose, weeks = filled.csv["dose"].set_index("study_number"), filled.csv["dose_weeks"]

    assert set(dose.index) == set(filled.doses)
    for number, told in filled.doses.items():
        row = dose.loc[number]
        more = ("not_offered", "untimed", "unbooked", "missed")
        for name in (*(one.value for one in doses.COUNTED), *more):
            assert int(row[name]) == told.counts[name], (number, name)
        assert float(row.minutes) == pytest.approx(told.minutes, abs=0.01), number
        assert int(row.interruptions) == sum(run >= 3 for run in told.missed_rows), number
        assert int(row.longest_missed) == max(told.missed_rows, default=0), number
        own = weeks[weeks.study_number == number]
        assert (len(own), (own.is_over == "1").sum()) == (12, told.weeks), number
        assert pandas.to_numeric(own.planned).sum() == int(row.planned), number
    assert (pandas.to_numeric(dose.interruptions) > 0).any()
    assert {name for name in dose if name in {one.value for one in doses.COUNTED}} == {
        one.value for one in doses.COUNTED
    }


def test_what_became_of_each_place_is_what_a_second_way_finds(filled):
    columns = ["study_number", "session_id", "booked_at", "cancelled_at", "place"]

    assert sorted(filled.csv["attendance"][columns].itertuples(index=False, name=None)) == (
        filled.places
    )
    assert set(filled.csv["attendance"].place) == {
        "held", "given_back", "given_back_late", "called_off",
    }  # fmt: skip


def test_who_waited_is_what_a_second_way_finds(filled):
    rows = filled.csv["waiting"]

    assert sorted(rows.itertuples(index=False, name=None)) == filled.waits
    assert set(rows.ending) == {str(ending) for ending in Ending} | {""}
    assert set(rows.session_id) <= set(filled.csv["sessions"].session_id)


def test_every_event_that_stands_is_what_plain_sql_finds(filled):
    found = db.session.execute(
        sa.text(
            "SELECT p.study_number, v.term, v.grade, v.related FROM adverse_event e"
            " JOIN adverse_event_version v ON v.event_id = e.id"
            " JOIN participant p ON p.id = e.participant_id"
            " WHERE v.replaced_at IS NULL AND e.withdrawn_at IS NULL"
        )
    )
    told = sorted((r.study_number, r.term, str(r.grade), r.related or "") for r in found)
    rows = filled.csv["adverse_events"][["study_number", "term", "grade", "related"]]
    assert sorted(map(tuple, rows.values)) == told
    assert {row[3] for row in told} == {"", "probable"}, "some are told whole, some are not"


@pytest.mark.parametrize("kind", LABELLED)
def test_every_label_of_a_value_is_read_from_its_table_without_the_platform(filled, kind):
    """What a program does that has the files alone: no cell is taken apart, no code known."""
    labels, program = filled.csv["value_labels"], "spss" if kind == "sav" else "stata"
    room, found = LONGEST_VALUE_LABEL[Format(kind)], 0
    for (table, column), rows in labels[labels[program] != ""].groupby(["table", "column"]):
        known = filled.labelled[table, kind][1].variable_value_labels.get(column, {})
        told = {row[program].lstrip("."): row["label"] for _, row in rows.iterrows()}
        for code, label in known.items():
            whole = told[spelled(code)] or spelled(code)
            assert agrees(label, whole, room), (table, column, code)
            found += 1
    assert found > 100


def test_nobody_trains_before_her_classes_begin(filled):
    people = filled.csv["participants"].set_index("study_number")
    starts = filled.csv["sessions"].set_index("session_id").starts_at
    weeks = {arm.code: arm.trains_from_week for arm in study().arms}
    for row in filled.csv["attendance"].to_dict("records"):
        her = people.loc[row["study_number"]]
        first = date.fromisoformat(her.baseline_on) + timedelta(weeks=weeks[her.arm], days=-1)
        assert starts[row["session_id"]][:10] >= str(first), row["study_number"]


@pytest.mark.parametrize("kind", LABELLED)
def test_haven_reads_the_same_values_labels_and_reasons(filled, kind, tmp_path, haven):
    program = tmp_path / "read.R"
    program.write_text(HAVEN)
    for table in filled.tables:
        source, out = filled.folder / f"{table.name}.{kind}", tmp_path / f"{table.name}-{kind}"
        subprocess.run([haven, program, source, f"{out}.csv", f"{out}.labels"], check=True)
        read = pandas.read_csv(f"{out}.csv", dtype=str, keep_default_na=False)
        text, (_, known) = filled.csv[table.name], filled.labelled[table.name, kind]
        whys = {column.why_of: column.name for column in table.columns if column.why_of}
        for column in variables(table):
            reasons = text[whys[column.name]] if column.name in whys else [""] * len(text)
            told = [
                expected(column, value, why, kind)
                for value, why in zip(text[column.name], reasons, strict=True)
            ]
            found = [of_haven(column, value) for value in read[column.name]]
            assert found == told, (table.name, column.name)
        labels = pandas.read_csv(f"{out}.labels", dtype=str, keep_default_na=False)
        told = {("", c.name, label_of(known, c)) for c in variables(table)} | {
            (spelled(code), name, label)
            for name, values in known.variable_value_labels.items()
            for code, label in values.items()
        }
        assert set(labels.itertuples(index=False, name=None)) == told


HAVEN = """
library(haven)
args <- commandArgs(trailingOnly = TRUE)
is_sav <- grepl("sav$", args[1])
d <- if (is_sav) read_sav(args[1], user_na = TRUE) else read_dta(args[1])
tell <- function(x) {
  if (inherits(x, "Date")) return(ifelse(is.na(x), "", format(x)))
  if (inherits(x, "POSIXct"))
    return(ifelse(is.na(x), "", format(x, "%Y-%m-%dT%H:%M:%SZ", tz = "UTC")))
  x <- zap_formats(zap_label(x))
  v <- if (is.character(x)) as.character(x) else as.double(unclass(x))
  if (is.character(v)) return(v)
  ifelse(is.na(v), ifelse(is.na(na_tag(v)), "", na_tag(v)), format(v, digits = 17, trim = TRUE))
}
out <- as.data.frame(lapply(d, tell), check.names = FALSE)
write.csv(out, args[2], row.names = FALSE, fileEncoding = "UTF-8")
labels <- lapply(names(d), function(n) {
  l <- attr(d[[n]], "labels")
  rbind(data.frame(code = "", column = n, label = attr(d[[n]], "label")),
        if (length(l)) data.frame(code = tell(unname(l)), column = n, label = names(l)))
})
write.csv(do.call(rbind, labels), args[3], row.names = FALSE, fileEncoding = "UTF-8")
"""


def of_haven(column, value):
    """A cell as haven's reader gave it, as the others are compared."""
    if value == "":
        return "" if column.type in ("text", "code") else None
    if column.is_number and re.fullmatch("[a-z]", value):
        return value
    return expected(column, value, "", "sav")


def timeline(baseline_on, arm, monkeypatch, capsys):
    """What `study timeline` prints of each time-point: its days, its questionnaires."""
    file = second_way.ROOT / "studies/files/lion.toml"
    words = ["study", "timeline", str(file), "--participant-from", baseline_on]
    monkeypatch.setattr("sys.argv", ["remote-training", *words, "--arm", arm])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    points, days = {}, r"(\d{4}-\d\d-\d\d)"
    window = f"opens {days}, due {days}, overdue from {days}, to be begun by {days}, closes {days}"
    for line in capsys.readouterr().out.splitlines():
        if point := re.search(r"\| (w\d+): (.*); due on", line):
            code, asked = point.groups()
        elif found := re.search(window, line):
            points[code] = [*found.groups(), *sorted(asked.split(", "))]
    return points


def label_of(known, column):
    return known.column_names_to_labels[column.name]


def agrees(label, whole, room):
    """The whole of a label, or as much of it as there is room for."""
    if label == whole:
        return True
    is_too_long = len(whole.encode()) > room
    return is_too_long and label.endswith("...") and whole.startswith(label[:-3])


def spelled(code):
    """A code as the codebook spells it."""
    return str(int(code)) if isinstance(code, int | float) else code


def missing_codes(told):
    """`not_due (-91, .a) = not due: ...`, and so on, taken apart."""
    found = re.findall(r"(\w+) \((-\d+), \.(\w)\) = (.*?)(?=; \w+ \(-|$)", told)
    assert len(found) == told.count(" (-")
    return [(reason, int(spss), stata, label) for reason, spss, stata, label in found]
