"""Each operation is written down once: its route, its checks and its description follow from it.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from remote_training import __version__
from remote_training.accounts.models import Role
from remote_training.api import problems
from remote_training.api.shapes import Problem
from remote_training.exports.formats import Format

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
ZIP = "application/zip"
JSON = "application/json"
IN_PATHS: Mapping[str, tuple[str, str, Schema]] = {
    "study_number": (
        "<study_number>",
        "Her study number, as it stands on her page.",
        {"type": "string", "examples": ["7GH2KMC"]},
    ),
    "booking_id": (
        "<uuid:booking_id>",
        "Of a booking of hers.",
        {"type": "string", "format": "uuid"},
    ),
    "kind": (
        "<kind>",
        "In which format the tables are written.",
        {"type": "string", "enum": [kind.value for kind in Format]},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One thing that a program can ask.

    Attributes
    ----------
    path
        Below the prefix, as OpenAPI writes it: `/participants/{study_number}/classes`.
    roles
        For which a token must be; none where anybody may ask.
    statuses
        Those of good answers.
    answers
        The shape of good answers; None for a file.
    query, body
        The shape of what is sent along, if anything is.
    refusals
        The further statuses of refusals, beside those that every operation has.
    """

    name: str
    method: str
    path: str
    summary: str
    roles: Sequence[Role] = ()
    statuses: Sequence[int] = (200,)
    answers: type[BaseModel] | None = None
    media: str = JSON
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    refusals: Sequence[int] = ()

    @property
    def rule(self) -> str:
        """The path as the routes have it."""
        rule = self.path
        for name, (converter, _words, _schema) in IN_PATHS.items():
            rule = rule.replace("{" + name + "}", converter)
        return rule

    @property
    def all_refusals(self) -> list[int]:
        """Every status of a refusal, in order."""
        of_all = (401, 403, 429) if self.roles else ()
        return sorted({*of_all, *self.refusals})


def document(operations: Sequence[Operation], *, address: str) -> Schema:
    """The whole description, at the address at which these operations are found."""
    paths: dict[str, Schema] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Remote training",
            "version": __version__,
            "summary": "What programs may ask in the name of a member of staff.",
            "description": "No answer holds a name, an address or an arm for whoever is blinded. "
            "Moments are UTC. Refusals are problem details (RFC 9457) with a word in `reason`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": address}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token, made by staff on their account page.",
                }
            },
            "schemas": _schemas(operations),
        },
    }


def read(shape: type[BaseModel], sent: Mapping[str, str] | bytes) -> Any:
    """What was sent as its shape says, or pydantic's `ValidationError`."""
    text = sent if isinstance(sent, bytes) else json.dumps(dict(sent))
    return shape.model_validate_json(text)


def _described(one: Operation) -> Schema:
    told: Schema = {
        "operationId": one.name,
        "summary": one.summary,
        "parameters": [*_in_path(one), *_in_query(one)],
        "responses": {
            **{str(status): _good(one, status) for status in one.statuses},
            **{str(status): _refused(status) for status in one.all_refusals},
        },
        "security": [{"token": []}] if one.roles else [],
    }
    if one.roles:
        told["description"] = f"For tokens of: {', '.join(one.roles)}."
    if one.body is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": _named(one.body)}}}
    return told


def _in_path(one: Operation) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "description": words, "schema": schema}
        for name, (_converter, words, schema) in IN_PATHS.items()
        if "{" + name + "}" in one.path
    ]


def _in_query(one: Operation) -> list[Schema]:
    if one.query is None:
        return []
    fields = one.query.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema["description"],
            "schema": {"type": schema["type"], "format": schema["format"]},
        }
        for name, schema in fields.items()
    ]


def _good(one: Operation, status: int) -> Schema:
    schema = _named(one.answers) if one.answers is not None else {}
    return {"description": HTTPStatus(status).phrase, "content": {one.media: {"schema": schema}}}


def _refused(status: int) -> Schema:
    told: Schema = {
        "description": HTTPStatus(status).phrase,
        "content": {problems.MEDIA: {"schema": _named(Problem)}},
    }
    header = {401: "WWW-Authenticate", 429: "Retry-After"}.get(status)
    if header is not None:
        told["headers"] = {header: {"required": True, "schema": {"type": "string"}}}
    return told


def _named(shape: type[BaseModel]) -> Schema:
    return {"$ref": REFERENCE.format(model=shape.__name__)}


def _schemas(operations: Sequence[Operation]) -> Schema:
    shapes: set[type[BaseModel]] = {Problem}
    for one in operations:
        shapes |= {shape for shape in (one.answers, one.body) if shape is not None}
    in_order = sorted(shapes, key=lambda shape: shape.__name__)
    _map, whole = models_json_schema(
        [(shape, "serialization") for shape in in_order], ref_template=REFERENCE
    )
    found: Schema = whole["$defs"]
    return found
