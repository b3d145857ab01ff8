"""Where providers of rooms tell what happens: checked, kept, answered; nothing is worked on here.

Whoever cannot show that it is the provider hears 401 and nothing else. What is signed is
never refused, whatever it says: a provider would not send it again.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts.guard import public
from remote_training.core import settings
from remote_training.core.db import unit_of_work
from remote_training.core.room_settings import said
from remote_training.hooks import service, signatures
from remote_training.outside.world import outside

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
KEPT: ResponseReturnValue = ("", HTTPStatus.NO_CONTENT)
UNSIGNED: ResponseReturnValue = ("", HTTPStatus.UNAUTHORIZED)
NOT_SET_UP: ResponseReturnValue = ("", HTTPStatus.NOT_FOUND)
NO_CHALLENGE: ResponseReturnValue = ("", HTTPStatus.BAD_REQUEST)
TO_THE_MINUTE = "%Y-%m-%dT%H:%MZ"
CHALLENGE = b"endpoint.url_validation"
LARGEST_REPORT = 1024 * 1024  # bytes of BigBlueButton's report about a whole class


@blueprint.post("/zoom")
@public
def zoom() -> ResponseReturnValue:
    """Take an event of Zoom; answer its question whether this address is ours, if it signed."""
    secret, body = said(settings.current().zoom_webhook_secret), request.get_data()
    if not secret:
        return NOT_SET_UP
    signed_at = signatures.zoom(body, request.headers, secret=secret)
    if signed_at is None:
        return UNSIGNED
    if CHALLENGE in body and (asked := _challenge(body)):
        return _challenge_answer(asked, secret)
    with unit_of_work():
        service.keep("zoom", "events", body, signed_at=signed_at, now=outside().now())
    return KEPT


@blueprint.post("/bigbluebutton")
@public
def bigbluebutton() -> ResponseReturnValue:
    """Take an event of bbb-webhooks."""
    chosen, body = settings.current(), request.get_data()
    secret = said(chosen.bbb_secret)
    if not secret:
        return NOT_SET_UP
    is_signed = signatures.is_bigbluebutton(
        body,
        request.headers,
        callback=chosen.address + url_for("hooks.bigbluebutton"),
        given=request.args.get("checksum", ""),
        secret=secret,
        hashed=chosen.bbb_checksum,
    )
    return _kept("bigbluebutton", "events", body) if is_signed else UNSIGNED


@blueprint.post("/bigbluebutton/analytics")
@public
def analytics() -> ResponseReturnValue:
    """Take BigBlueButton's report about a whole class."""
    secret = said(settings.current().bbb_secret)
    if not secret:
        return NOT_SET_UP
    if not signatures.is_analytics(request.headers, secret=secret, now=outside().now()):
        return UNSIGNED
    request.max_content_length = LARGEST_REPORT
    return _kept("bigbluebutton", "analytics", request.get_data())


@blueprint.get("/bigbluebutton/ended/<meeting>/<token>")
@public
def ended(meeting: str, token: str) -> ResponseReturnValue:
    """Hear that a BigBlueButton room was closed; it asks by GET, with a token of ours."""
    secret = said(settings.current().bbb_secret)
    if not secret:
        return NOT_SET_UP
    if not signatures.is_end_token(meeting, token, secret=secret):
        return UNSIGNED
    body = json.dumps([meeting, f"{outside().now():{TO_THE_MINUTE}}"])  # asked again: once
    return _kept("bigbluebutton", "ended", body.encode())


@blueprint.post("/jitsi")
@blueprint.post("/jitsi/events/<subject>/<happening>")
@public
def jitsi(subject: str = "", happening: str = "") -> ResponseReturnValue:
    """Take an event of Prosody's `event_sync`, or of 8x8."""
    secret, body = settings.current().hook_secret_of_jitsi, request.get_data()
    if not secret:
        return NOT_SET_UP
    is_signed = signatures.is_bearer(request.headers, secret=secret) or signatures.is_jaas(
        body, request.headers, secret=secret
    )
    return _kept("jitsi", "events", body) if is_signed else UNSIGNED


def _kept(provider: str, kind: str, body: bytes) -> ResponseReturnValue:
    with unit_of_work():
        service.keep(provider, kind, body, now=outside().now())
    return KEPT


def _challenge(body: bytes) -> dict[str, object] | None:
    """The payload of Zoom's question, if it is one."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("event") != CHALLENGE.decode():
        return None
    payload = told.get("payload")
    return payload if isinstance(payload, dict) else {"plainToken": None}


def _challenge_answer(payload: dict[str, object], secret: str) -> ResponseReturnValue:
    token = payload.get("plainToken")
    if not isinstance(token, str) or not signatures.is_safe_challenge(token):
        return NO_CHALLENGE
    return {"plainToken": token, "encryptedToken": signatures.zoom_answer(token, secret=secret)}
