"""Planning what is asked, keeping what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from remote_training.alerts import service as alerts
from remote_training.assessments import answers, queries, states
from remote_training.assessments.errors import AlreadySent, NoSuchAnswer, NotOpenYet, Over
from remote_training.assessments.models import AnswerState, Assessment, Device, Form
from remote_training.assessments.sitting import NEWEST, Versions, as_asked, forms_of, sitting
from remote_training.assessments.states import State
from remote_training.audit import service as audit
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.instruments.load import Item
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.studies.current import study
from remote_training.studies.schedule import Planned, schedule

CHECK_TRIES = 5


def plan(participant: Participant, *, now: datetime) -> Sequence[Assessment]:
    """Bring her sittings in line with her baseline, her arm and the study file.

    What is missing is added; what she has not begun follows a corrected baseline or arm,
    and goes where the study no longer asks it of her. Returns everything that is asked.
    """
    queries.hold(participant)
    if participant.baseline_on is None:
        _bring_in_line(participant, [])
    elif participant.is_taking_part:
        allocation = participants.allocation(participant.id)
        arm = allocation.arm if allocation is not None else None
        planned = [one for one in schedule(study(), arm) if one.instruments]
        _bring_in_line(participant, planned)
    return queries.of(participant)


def plan_missing(*, now: datetime) -> int:
    """Plan for everybody whose sittings are not as they should be; returns how many."""
    stale = queries.out_of_step(study())
    for participant in stale:
        plan(participant, now=now)
    return len(stale)


def open_once(assessment: Assessment, *, now: datetime) -> None:
    """Note that she opened it herself, the first time."""
    if assessment.opened_at is None:
        assessment.opened_at = now


def count_check(assessment: Assessment) -> bool:
    """Count one try at the year of birth on a page of the sitting; False where five are used.

    One statement: of many at the same moment exactly five are let through.
    """
    counted = (
        sa.update(Assessment)
        .where(Assessment.id == assessment.id, Assessment.check_tries < CHECK_TRIES)
        .values(check_tries=Assessment.check_tries + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(db.session.execute(counted).rowcount == 1)  # type: ignore[attr-defined]


def check_passed(assessment: Assessment) -> None:
    """Begin counting anew: it was she."""
    assessment.check_tries = 0


def save(
    assessment: Assessment,
    form: Form,
    item: str,
    value: int | None,
    *,
    now: datetime,
    state: AnswerState | None = None,
    language: str | None = None,
    translation: str | None = None,
    given_at: datetime | None = None,
    client_key: UUID | None = None,
    device: Device = Device.UNKNOWN,
    read: Versions = NEWEST,
) -> bool:
    """Keep one answer, or without a value that she would rather not answer.

    What counts is when she gave it: `given_at`, which is `now` unless told and never later.
    The newest stands and the others stay on record; the same again, or the same
    `client_key` again, changes nothing. `language` and `translation` are those of the
    wording that she read; hers, and none, unless told. Returns whether a row was added; it
    is kept in either case. One at which somebody must look raises an alert with it. The caller
    holds the assessment (`queries.mine`, `to_change`). `read` names the versions that her
    page showed, which begin with the first answer.
    Costs a constant number of statements, whatever is stored already.

    Raises
    ------
    AlreadySent, NotOpenYet, Over
        Where she could not answer at the moment at which it was given.
    NoSuchAnswer, NotFound
        For a value that the question does not have, and for an item that is not asked.
    """
    given_at = min(given_at or now, now)
    require_open(assessment, now=given_at)
    asked = _item(assessment, form, item, read)
    _require_answer(asked, value)
    spoken = language or assessment.participant.language
    _mark(assessment, given_at, device, read)
    if form.started_at is None:
        form.started_at, form.language, form.translation = given_at, spoken, translation
    if state is None:
        state = AnswerState.DECLINED if value is None else AnswerState.GIVEN
    write = partial(
        answers.write,
        form.id,
        item,
        state=state,
        value=value,
        language=spoken,
        translation=translation,
        given_at=given_at,
        client_key=client_key,
        now=now,
    )
    if asked.is_alarming(value):
        _alarm(assessment, form, item, given_at=given_at, now=now)
    return write() or write()  # the same again, or somebody at it this very moment


def finish(assessment: Assessment, *, now: datetime) -> None:
    """Send the answers; done once, it stays done. What was not answered gets no row.

    Raises `NotOpenYet` or `Over`.
    """
    if assessment.is_complete:
        return
    require_open(assessment, now=now)
    if not assessment.is_started:
        _begin(assessment, now)
    for part in sitting(assessment).parts:
        moments = [one.answer.given_at for one in part.questions if one.answer is not None]
        if part.is_done and moments:
            part.form.completed_at = max(moments)
    assessment.completed_at = now
    account_id = assessment.participant.account_id
    audit.note("assessments.finish", "assessment", assessment.id, by=account_id, now=now)


def require_open(assessment: Assessment, *, now: datetime) -> None:
    """Pass where she may answer at this moment. Raises `AlreadySent`, `NotOpenYet` or `Over`."""
    if states.is_open(assessment, now=now):
        return
    where = states.state(assessment, now=now)
    if where is State.COMPLETE:
        raise AlreadySent(say("You have already sent these answers. Thank you."))
    if where is State.NOT_DUE and assessment.participant.is_taking_part:
        raise NotOpenYet(
            say("It is too early for these questions. We send you a mail when it is time.")
        )
    raise Over(say("The days for these questions are over. There is nothing that you need to do."))


def _bring_in_line(participant: Participant, planned: Sequence[Planned]) -> None:
    known = {row.timepoint: row for row in queries.of(participant, to_change=True)}
    wanted = {one.point.code: one for one in planned}
    for code, row in known.items():
        if not row.is_started and (
            code not in wanted or row.planned_as != wanted[code].fingerprint
        ):
            db.session.execute(sa.delete(Form).where(Form.assessment_id == row.id))
        if not row.is_started and code not in wanted:
            db.session.delete(row)
    db.session.flush()
    for code, one in wanted.items():
        row = known.get(code) or Assessment(participant_id=participant.id, timepoint=code)
        if not row.is_started:
            _follow(row, one, participant)
    db.session.flush()


def _follow(row: Assessment, planned: Planned, participant: Participant) -> None:
    """Make a sitting that was not begun what the study says it is."""
    assert participant.baseline_on is not None
    has_forms = row.planned_as == planned.fingerprint
    row.week, row.minutes = planned.point.week, planned.minutes
    row.planned_as = planned.fingerprint
    for field, day in vars(planned.window(participant.baseline_on)).items():
        setattr(row, field, day)
    db.session.add(row)
    if not has_forms:
        db.session.flush()
        db.session.add_all(
            Form(
                assessment_id=row.id,
                instrument=instrument.code,
                instrument_version=instrument.version,
                position=position,
            )
            for position, instrument in enumerate(planned.instruments, start=1)
        )


def _mark(
    assessment: Assessment, given_at: datetime, device: Device, read: Versions = NEWEST
) -> None:
    """Note when she began, and how long she may go on after this answer."""
    if not assessment.is_started:
        _begin(assessment, given_at, read)
        assessment.device_kind = device
    last = max(assessment.last_answer_at or given_at, given_at)
    pause = study().windows_at(assessment.timepoint).inactivity_minutes
    assessment.last_answer_at, assessment.goes_on_until = last, last + timedelta(minutes=pause)


def _alarm(
    assessment: Assessment, form: Form, item: str, *, given_at: datetime, now: datetime
) -> None:
    """Raise an alert, once for this question of this sitting, whatever she answers later."""
    alerts.sound(
        assessment.participant,
        f"answer/{form.id.hex}/{item}",
        occasion_id=assessment.id,
        said_at=given_at,
        now=now,
    )


def _begin(assessment: Assessment, at: datetime, read: Versions = NEWEST) -> None:
    """Freeze the days, the questionnaires and their versions."""
    for form in forms_of(assessment):
        form.instrument_version = as_asked(assessment, form, read).version
    open_once(assessment, now=at)
    assessment.started_at = at


def _item(assessment: Assessment, form: Form, code: str, read: Versions) -> Item:
    try:
        return as_asked(assessment, form, read).item(code)
    except KeyError:
        raise NotFound(say("This question is not here.")) from None


def _require_answer(item: Item, value: int | None) -> None:
    if value is not None and not item.accepts(value):
        raise NoSuchAnswer(
            say("Please choose a number from %(low)s to %(high)s."), low=item.low, high=item.high
        )
