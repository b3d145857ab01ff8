"""`/calendar/<token>.ics`: what a calendar program asks for, every hour, without a cookie."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import Counter

from remote_training.accounts import feeds, unknown
from remote_training.accounts.guard import public
from remote_training.bookings import feed
from remote_training.core.errors import NotFound
from remote_training.outside.world import outside

UNKNOWN = Counter("unknown_feeds_total", "Calendar addresses that were asked for and never were")

blueprint = Blueprint("feeds", __name__, url_prefix="/calendar")


@blueprint.get("/<feed_token>.ics")
@public
def show(feed_token: str) -> ResponseReturnValue:
    """Give the feed, or 304 where the program has it already; asking changes nothing."""
    try:
        has_alarms = request.args.get("alarm") != feeds.NO_ALARM
        found = feed.of_token(feed_token, has_alarms=has_alarms, now=outside().now())
    except NotFound:
        UNKNOWN.inc()
        unknown.count(now=outside().now())
        raise
    answer = Response(content_type="text/calendar; charset=utf-8")
    answer.set_etag(found.mark)
    answer.last_modified = found.changed_at
    answer.cache_control.private = True
    answer.make_conditional(request)
    if answer.status_code != HTTPStatus.NOT_MODIFIED:
        answer.data = found.content()
    return answer
