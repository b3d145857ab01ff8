"""Somebody who is blinded cannot find the arm."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

from remote_training.accounts.models import Role
from remote_training.assessments import service
from remote_training.attendance.models import Attendance, Status
from remote_training.core.db import db
from tests import conftest, make
from tests.exports.reading import header, page, rows, take
from tests.fakes import NOON
from tests.make import TODAY

ARMS = ("exercise", "waitlist")
PEOPLE = 24
FORMS = ("neuropathy-nrs", "gad-7")
ITEMS = 7 + 7
LOOKS = ("?score=gad-7/GAD7", "?score=gad-7/GAD7&summary=mean", "?score=neuropathy-nrs/pain_feet")


def trial(*, swapped: bool) -> None:
    """A small trial; those in the exercise arm are cleared, book and come, the others not yet."""
    hours = [
        make.session(id=UUID(int=n), places=30, module=module, starts_at=NOON - timedelta(days=n))
        for n, module in enumerate(["base", "neuropathy", "base"], start=1)
    ]
    full = make.session(id=UUID(int=9), places=1, taken=1)
    for n in range(PEOPLE):
        arm = ARMS[(n % 3 == 0) == swapped]
        trains = arm == "exercise"
        ada = make.participant(
            study_number=f"T{n:03}",
            arm=arm,
            cleared_on=TODAY if trains else None,
            baseline_on=TODAY - timedelta(days=6),
        )
        week_0 = make.assessment(participant=ada, forms=FORMS)
        for item in ("numb_hands", "pain_feet"):
            make.answer(week_0, item, n % 11, now=NOON + timedelta(seconds=n))
        for number in range(1, 8):
            scared = make.form(week_0, "gad-7")
            service.save(week_0, scared, f"gad{number}", (n + number) % 4, now=NOON)
        service.finish(week_0, now=NOON)
        if not trains:
            week_18 = make.assessment(participant=ada, timepoint="w18", week=18, forms=FORMS)
            make.answer(week_18, "numb_hands", n % 11)
            service.finish(week_18, now=NOON)
        for hour in hours if trains else []:
            booking = make.booking(participant=ada, session=hour)
            db.session.add(Attendance(booking_id=booking.id, machine_status=Status.ATTENDED))
        if trains and n % 4 == 0:
            make.event(booking=booking, by=hours[0].trainer, grade=1 + n % 3)
        if trains:
            make.waiting(participant=ada, session=full, offered_at=None, offer_until=None)
    db.session.commit()


def seen(app, browse_as, *, swapped: bool, sees_arm: bool):
    """Everything that a researcher gets: her page, then the data set."""
    conftest.empty(app)
    trial(swapped=swapped)
    contact = make.contact(name="Rosalind", email="rosalind@example.org")
    browser = browse_as(make.staff(Role.RESEARCHER, sees_arm=sees_arm, contact=contact))
    before = {f"page{look}": page(browser, f"/staff/data{look}") for look in ("", *LOOKS)}
    name = browser.post("/staff/data").headers["Content-Disposition"]
    others = {
        address: page(browser, address, strict=False) for address in _open_to_researchers(app)
    }
    assert {"/staff/data", "/staff/first"} <= set(others)
    after = page(browser)
    taken = [take(browser, kind) for kind in ("csv", "sav", "dta")]
    files = {file: content for one in reversed(taken) for file, content in one.items()}
    return {**before, "name": name, "after": after, **others, **files}


def _open_to_researchers(app) -> list[str]:
    """Every page that a researcher may open and that is about nobody in particular."""
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and _lets_in(app, rule.endpoint)
    ]


def _lets_in(app, endpoint: str) -> bool:
    guarded = getattr(app.view_functions[endpoint], "guard", "")
    roles = guarded.removeprefix("staff:").split("|")
    return guarded.startswith("staff:") and ({"", "researcher"} & set(roles) != set())


def test_swapped_arms_give_byte_equal_pages_and_data_to_the_blinded(app, browse_as):
    one = seen(app, browse_as, swapped=False, sees_arm=False)
    other = seen(app, browse_as, swapped=True, sees_arm=False)

    assert one.keys() == other.keys()
    for part in one:
        assert one[part] == other[part], part
    assert len(rows(one["answers_long.csv"])) == PEOPLE * ITEMS


def test_the_same_swap_is_seen_by_somebody_who_is_not_blinded(app, browse_as):
    one = seen(app, browse_as, swapped=False, sees_arm=True)
    other = seen(app, browse_as, swapped=True, sees_arm=True)

    changed = {name for name in one if one[name] != other[name]}
    assert {name for name in changed if not name.endswith((".sav", ".dta"))} == {
        "page",
        *(f"page{look}" for look in LOOKS),
        "after",
        "/staff/data",
        "participants.csv",
        "attendance.csv",
        "waiting.csv",
        "dose.csv",
        "dose_weeks.csv",
        "adverse_events.csv",
        "sessions.csv",
        "assessments.csv",
        "answers_long.csv",
        "answers_wide.csv",
        "scores.csv",
        "manifest.json",
    }


def test_a_time_point_of_one_arm_alone_is_nowhere_for_the_blinded(app, browse_as):
    blind = seen(app, browse_as, swapped=False, sees_arm=False)
    open_ = seen(app, browse_as, swapped=False, sees_arm=True)

    def weeks(files):
        return {row["timepoint"] for row in rows(files["answers_long.csv"])}

    assert (weeks(blind), weeks(open_)) == ({"w0"}, {"w0", "w18"})
    assert not any("w18" in str(part) or "week 18" in str(part) for part in blind.values())
    assert "w18 = week 18" in open_["codebook.csv"].decode()
    assert ">w18<" in open_["page"]
    assert ">w0<" in blind["page"]


def test_a_questionnaire_of_one_arm_alone_is_not_there_for_the_blinded(app, browse_as):
    shipped = app.extensions["study"]
    points = [
        point.model_copy(update={"only_arms": {"gad-7": ("waitlist",)}})
        if point.code == "w0"
        else point
        for point in shipped.timepoints
    ]
    app.extensions["study"] = shipped.model_copy(update={"timepoints": tuple(points)})
    try:
        forms = ("neuropathy-nrs", "gad-7")
        make.assessment(participant=make.participant(arm="waitlist"), forms=forms)
        taken = [
            take(browse_as(make.staff(Role.RESEARCHER, sees_arm=sees))) for sees in (False, True)
        ]
    finally:
        app.extensions["study"] = shipped

    asked = [{row["instrument"] for row in rows(files["answers_long.csv"])} for files in taken]
    assert asked == [{"neuropathy-nrs"}, {"neuropathy-nrs", "gad-7"}]


def test_a_time_point_that_the_study_no_longer_knows_is_kept_from_the_blinded(app, browse_as):
    make.assessment(timepoint="w9", week=9)
    taken = [take(browse_as(make.staff(Role.RESEARCHER, sees_arm=sees))) for sees in (False, True)]

    assert [len(rows(files["answers_long.csv"])) for files in taken] == [0, 7]


def test_the_blinded_get_no_arm_no_attendance_and_no_module_and_are_told(app, browse_as):
    files = seen(app, browse_as, swapped=False, sees_arm=False)

    gone = {"attendance.csv", "waiting.csv", "dose_weeks.csv", "dose.csv", "adverse_events.csv"}
    assert not gone & set(files)
    told = {row["table"] for row in rows(files["value_labels.csv"])}
    assert told == {
        "participants",
        "assessments",
        "answers_long",
        "answers_wide",
        "scores",
        "sessions",
    }
    labels = {(row["table"], row["column"]) for row in rows(files["value_labels.csv"])}
    assert not {("participants", "arm"), ("sessions", "module")} & labels
    assert not {"arm", "cleared_on"} & set(header(files["participants.csv"]))
    assert not {"module", "booked"} & set(header(files["sessions.csv"]))
    manifest = json.loads(files["manifest.json"])
    assert manifest["blinded"] is True
    assert manifest["withheld"]["files"] == {
        "participants": ["cleared_on", "arm"],
        "sessions": ["module", "booked"],
        "attendance": [],
        "waiting": [],
        "dose_weeks": [],
        "dose": [],
        "training": [],
        "training_exercises": [],
        "adverse_events": [],
    }
    assert "Blinded: without the arm" in files["page"]
    assert "attendance.csv; " not in files["page"].split("What is in it")[1]
    assert "blinded" in files["name"]


def test_the_table_of_arms_is_not_even_read_for_the_blinded(app, browse_as, count_queries):
    trial(swapped=False)
    for sees_arm in (False, True):
        browser = browse_as(make.staff(Role.RESEARCHER, sees_arm=sees_arm))
        count_queries.clear()
        page(browser)
        take(browser)
        reads = any("allocation" in statement for statement in count_queries)
        assert reads is sees_arm


def test_blinded_at_one_site_is_blinded_at_all(app, browse_as):
    trial(swapped=False)
    both = make.staff(Role.RESEARCHER, sees_arm=True)
    browser = browse_as(both)
    assert "attendance.csv" in take(browser)

    from remote_training.accounts.models import Grant

    melbourne = make.site("melbourne")
    db.session.add(Grant(account_id=both.id, role=Role.RESEARCHER, site_id=melbourne.id))
    db.session.commit()

    assert "attendance.csv" not in take(browser)
