"""What programs may ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError

from remote_training.accounts.guard import public
from remote_training.accounts.models import Role
from remote_training.api import answers, description, door
from remote_training.api.description import JSON, ZIP, Operation
from remote_training.api.door import caller
from remote_training.api.errors import NotAsDescribed, NotJson
from remote_training.api.shapes import (
    LONGEST_SPAN,
    Booking,
    Classes,
    Codebook,
    Span,
    Timeline,
    Wanted,
)
from remote_training.assessments.timeline import timeline as timeline_of
from remote_training.bookings import queries as bookings
from remote_training.bookings import service, verdicts
from remote_training.classes import queries as class_queries
from remote_training.core import settings
from remote_training.core.db import unit_of_work
from remote_training.core.words import say
from remote_training.exports import blinding, dictionary, pictures, sending
from remote_training.exports import queries as export_queries
from remote_training.exports import service as exports
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.studies.current import study

PREFIX = "/api/v1"
COORDINATOR, RESEARCHER = (Role.COORDINATOR,), (Role.RESEARCHER,)
SHOWN_DAYS = timedelta(days=27)
LAST_YEAR = 2200  # no study file plans so far: what comes after it is a slip

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
OPERATIONS: list[Operation] = []
View = Callable[..., ResponseReturnValue]


def operation(method: str, path: str, summary: str, **more: Any) -> Callable[[View], View]:
    """Serve a view at a path, behind its guard, and write it into the description."""

    def wear(view: View) -> View:
        one = Operation(view.__name__, method, path, summary, **more)
        guarded = door.program(*one.roles)(view) if one.roles else public(view)
        blueprint.add_url_rule(one.rule, one.name, guarded, methods=[method])
        OPERATIONS.append(one)
        return guarded

    return wear


@operation("GET", "/openapi.json", "This description.")
def openapi() -> ResponseReturnValue:
    """Describe all of it, as OpenAPI 3.1."""
    return description.document(OPERATIONS, address=settings.current().address + PREFIX)


@operation(
    "GET", "/codebook", "Tables and columns of the data set that this token gets.",
    roles=RESEARCHER, answers=Codebook,
)  # fmt: skip
def codebook() -> ResponseReturnValue:
    """Give the codebook; to the blinded, of what they get."""
    seen = blinding.visible(study(), shows_arm=caller().shows_arm)
    tables = dictionary.tables(seen, shows_arm=caller().shows_arm)
    return _json(
        Codebook(
            study=study().code,
            version=study().version,
            blinded=not caller().shows_arm,
            tables=[answers.table(one) for one in tables],
        )
    )


@operation(
    "POST", "/exports/{kind}", "The data set as a zip archive; that it leaves is recorded.",
    roles=RESEARCHER, media=ZIP, refusals=(409, 422),
)  # fmt: skip
def export(kind: str) -> ResponseReturnValue:
    """Send the data set, by the rules of the page that does so."""
    who, now = caller(), outside().now()
    door.check_pace("api export", who.account_id, door.EXPORTS_PER_HOUR, door.HOUR, now)
    reach = pictures.reach(list(who.site_ids), study(), shows_arm=who.shows_arm, now=now)
    wanted = sending.asked(kind, reach)
    with unit_of_work():
        order, record = exports.collect(
            export_queries.sites(list(who.site_ids)),
            shows_arm=who.shows_arm,
            now=now,
            by=who.account_id,
            kind=wanted,
        )
    return sending.answer(order, record)


@operation(
    "GET", "/participants/{study_number}/timeline", "What she is asked, and where it stands.",
    roles=COORDINATOR, answers=Timeline, refusals=(404,),
)  # fmt: skip
def timeline(study_number: str) -> ResponseReturnValue:
    """Give the time-points of one participant; no answer of hers."""
    her, shows_arm = _her(study_number), caller().shows_arm
    allocation = participants.allocation(her.id)
    arm = allocation.arm if allocation is not None else None
    lines = timeline_of(her, arm, now=outside().now(), shows_arm=shows_arm)
    points = [answers.time_point(line, study(), shows_arm=shows_arm) for line in lines]
    return _json(Timeline(study_number=her.study_number, timepoints=points))


@operation(
    "GET", "/participants/{study_number}/classes",
    "Each class of her site on some days: whether she may book it now, and if not, why.",
    roles=COORDINATOR, answers=Classes, query=Span, refusals=(404, 422),
)  # fmt: skip
def classes(study_number: str) -> ResponseReturnValue:
    """Give the verdict on each class, by the rule that booking asks."""
    her, now = _her(study_number), outside().now()
    span = _span(now.astimezone(ZoneInfo(her.zone)).date())
    hours = class_queries.on_days([her.site_id], span.first_on, span.last_on)
    found = [answers.class_hour(one) for one in verdicts.of(her, hours, now=now)]
    return _json(
        Classes(
            study_number=her.study_number,
            first_on=span.first_on,
            last_on=span.last_on,
            classes=found,
        )
    )


@operation(
    "POST", "/participants/{study_number}/bookings",
    "Book a class for her; asked again, the place that she holds is given (200).",
    roles=COORDINATOR, answers=Booking, body=Wanted, statuses=(200, 201),
    refusals=(400, 403, 404, 409, 413, 415, 422),
)  # fmt: skip
@unit_of_work()
def book(study_number: str) -> ResponseReturnValue:
    """Book a class for her, by the same rules as if she did it herself."""
    her, wanted, now = _her(study_number), _body(Wanted), outside().now()
    session = class_queries.session(wanted.session_id)
    held = bookings.live(her, session)
    place = service.book_once(her, session, now=now, by=caller().account_id)
    is_new = held is None or held.id != place.id
    return _json(answers.booking(place), 201 if is_new else 200)


@operation(
    "DELETE", "/participants/{study_number}/bookings/{booking_id}",
    "Give her place back; asked again, nothing changes.",
    roles=COORDINATOR, answers=Booking, refusals=(404, 409),
)  # fmt: skip
@unit_of_work()
def give_back(study_number: str, booking_id: UUID) -> ResponseReturnValue:
    """Give her place back."""
    place = bookings.of_participant(booking_id, _her(study_number))
    service.cancel(place, now=outside().now(), by=caller().account_id)
    return _json(answers.booking(place))


def _her(study_number: str) -> Participant:
    return participants.numbered(study_number, caller().site_ids)


def _span(today: date) -> Span:
    """The days that are asked for; raises `NotAsDescribed`."""
    sent = request.args.to_dict()
    first = sent.get("from", today.isoformat())
    first_on = _read(Span, {"from": first, "to": first}).first_on
    if not 2000 < first_on.year < LAST_YEAR:
        raise _not_as_described("from")
    known = {"from": first, "to": (first_on + SHOWN_DAYS).isoformat()}
    span: Span = _read(Span, known | sent)
    if not timedelta() <= span.last_on - span.first_on < LONGEST_SPAN:
        raise _not_as_described("to")
    return span


def _body(shape: type[BaseModel]) -> Any:
    """What was sent as JSON. Raises `NotJson`, `NotAsDescribed`."""
    if request.mimetype != JSON:
        raise NotJson(say("Please send JSON, and say so: Content-Type: application/json."))
    return _read(shape, request.get_data())


def _read(shape: type[BaseModel], sent: dict[str, str] | bytes) -> Any:
    try:
        return description.read(shape, sent)
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False)[0]["loc"]
        name = str(where[0])[:40] if where else ""
        raise _not_as_described(name) from error


def _not_as_described(name: str) -> NotAsDescribed:
    if not name.isidentifier():  # nothing that came is said again
        return NotAsDescribed(say("This is not what the description asks for."))
    return NotAsDescribed(
        say("This is not what the description asks for, at “%(field)s”."), field=name
    )


def _json(shape: BaseModel, status: int = 200) -> Response:
    return Response(shape.model_dump_json(), status=status, mimetype=JSON)
