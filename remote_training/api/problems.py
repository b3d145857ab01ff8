"""Refusals and faults as programs read them: problem+json.

Source: RFC 9457 (problem details); RFC 6750, section 3 (`WWW-Authenticate` of bearer tokens).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException

from remote_training.accounts.errors import WrongRole
from remote_training.api import reasons
from remote_training.api.errors import TokenEnded, TokenNeeded, TooOften
from remote_training.core.errors import Refused
from remote_training.core.words import say, translated

PREFIX = "/api/"
MEDIA = "application/problem+json"
KIND = "urn:remote-training:problem:"
REALM = 'Bearer realm="remote-training"'
SENTENCES = {
    400: say("This request could not be read."),
    404: say("There is nothing at this address."),
    405: say("This address cannot be used with this method."),
    413: say("What was sent is longer than we can take."),
    414: say("What was sent is longer than we can take."),
    503: say("The platform is busy, or is being looked after. Please ask again in a minute."),
}
WORDS = {413: "too-long", 414: "address-too-long"}  # others are called as the web calls them
BROKEN = say("Something went wrong on our side. Nothing that was saved is lost.")


def is_asked() -> bool:
    """Whether a program asks in this request, and not a browser."""
    return request.path.startswith(PREFIX)


def of_refusal(refusal: Refused) -> Response:
    """What a rule refuses: its sentence, as staff read it, and its word."""
    sentence = translated(refusal.to_staff, **refusal.gaps)
    return _problem(refusal.status, reasons.word(refusal), sentence, _headers(refusal))


def of_http(error: HTTPException) -> Response:
    """What the web itself refuses, such as an address that is not there."""
    return of_status(error.code or 500, kept_headers(error))


def kept_headers(error: HTTPException) -> dict[str, str]:
    """What an answer of the web itself must say beside its words (RFC 9110, 15.5.6)."""
    return {name: value for name, value in error.get_headers() if name == "Allow"}


def of_status(
    status: int, headers: Mapping[str, str] | None = None, reference: str = ""
) -> Response:
    """A fault by its number; on 500 with a reference that stands in the log."""
    sentence = SENTENCES.get(status, SENTENCES[400] if status < 500 else BROKEN)
    word = WORDS.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    more = {"reference": reference} if reference else {}
    return _problem(status, word, translated(sentence), headers or {}, **more)


def _headers(refusal: Refused) -> dict[str, str]:
    if isinstance(refusal, TokenEnded):
        return {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    if isinstance(refusal, TokenNeeded):
        return {"WWW-Authenticate": REALM}
    if isinstance(refusal, WrongRole):
        return {"WWW-Authenticate": f'{REALM}, error="insufficient_scope"'}
    if isinstance(refusal, TooOften):
        return {"Retry-After": str(refusal.seconds)}
    return {}


def _problem(
    status: int, word: str, sentence: str, headers: Mapping[str, str], **more: str
) -> Response:
    told = {
        "type": KIND + word,
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": sentence,
        "reason": word,
        **more,
    }
    body = json.dumps(told, ensure_ascii=False)
    return Response(body, status=int(status), mimetype=MEDIA, headers=dict(headers))
