"""The week of a trainer or coordinator: on a phone, on a screen, on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from remote_training.accounts.desk import me
from remote_training.accounts.guard import grants, has_role, site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.core import words
from remote_training.dashboard import weeks
from remote_training.dashboard.week_forms import ALL, EARLIEST, LATEST, MINE, WeekForm
from remote_training.outside.world import outside
from remote_training.studies.models import Site

STAFF = (Role.TRAINER, Role.COORDINATOR)

blueprint = Blueprint("week", __name__, url_prefix="/staff/week")


@blueprint.get("/")
@staff_only(*STAFF)
def index() -> ResponseReturnValue:
    """Show the classes of one week; which of them is said in the address and nowhere else."""
    now, zone, sites = outside().now(), str(words.zone()), _sites()
    form = WeekForm(
        request.args,
        sites=sites,
        trainers=_trainers(sites),
        zone=zone,
        gives_classes=has_role(Role.TRAINER),
        today=now.astimezone(ZoneInfo(zone)).date(),
    )
    status = 200 if form.validate() else 422
    wanted = _wanted(form, sites)
    with words.reading_as(words.language(), wanted.zone):
        return _page(form, wanted, weeks.week(wanted, now=now)), status


def _wanted(form: WeekForm, sites: Sequence[Site]) -> weeks.Wanted:
    trainer, module = str(form.or_default("trainer")), str(form.or_default("module"))
    site, week = form.or_default("site"), form.or_default("week")
    assert isinstance(week, date)
    return weeks.Wanted(
        monday=weeks.monday_of(week),
        zone=str(form.or_default("zone")),
        site_ids=[one.id for one in sites if site in (ALL, one.code)],
        trainer_id={MINE: me().id, ALL: None}[trainer] if trainer in (MINE, ALL) else UUID(trainer),
        module=None if module == ALL else module,
        is_free=bool(form.free.data),
    )


def _page(form: WeekForm, wanted: weeks.Wanted, days: Sequence[weeks.Day]) -> str:
    now, monday = outside().now(), wanted.monday
    before, after = monday - weeks.WEEK, monday + weeks.WEEK
    return render_template(
        "dashboard/week.html",
        form=form,
        days=days,
        today=now.astimezone(ZoneInfo(wanted.zone)).date(),
        sunday=monday + 6 * weeks.DAY,
        before=before if before >= EARLIEST else None,
        after=after if after <= LATEST else None,
        asked=form.as_asked,
        may_call_off=site_ids(Role.COORDINATOR),
        has_many_sites=len(wanted.site_ids) > 1,
        module_name=names.of_module,
        now=now,
    )


def _sites() -> Sequence[Site]:
    """The sites at which the reader has one of the roles, by name."""
    mine = {grant.site_id: grant.site for grant in grants() if grant.role in STAFF}
    return sorted(mine.values(), key=lambda site: site.name)


def _trainers(sites: Sequence[Site]) -> dict[UUID, str]:
    """Those who give classes there, by name."""
    found = {g.account_id: g.account.contact.name for g in classes.trainers([s.id for s in sites])}
    return dict(sorted(found.items(), key=lambda each: each[1].casefold()))
