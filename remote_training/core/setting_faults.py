"""What is said of a setting that cannot be used: its name, what is allowed, what was given."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from remote_training.core.text import clean_line

LONGEST = 100  # signs of what was given that are repeated
MAY_HOLD_A_PASSWORD = ("@", "?")  # in an address: before the host, and in its query


def sentence(model: type[BaseSettings], fault: ErrorDetails) -> str:
    """One sentence for one fault that pydantic found.

    What was given is repeated, but for a secret. A fault of several settings together has
    its words from the rule that found it.
    """
    said = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return f"{said}."
    name = str(fault["loc"][0])
    field = model.model_fields[name]
    must = said if fault["type"] == "value_error" else _must(field)
    return f"{name.upper()} {must}{_given(name, field, fault['input'])}."


def _must(field: FieldInfo) -> str:
    """What the type of a setting allows."""
    if field.annotation is bool:
        return "must be on or off"
    if get_origin(field.annotation) is Literal:
        *most, last = get_args(field.annotation)
        return f"must be one of {', '.join(most)} or {last}"
    if field.annotation is int:
        return f"must be a whole number from {_bound(field, 'ge')} to {_bound(field, 'le')}"
    return "must be text"


def _bound(field: FieldInfo, kind: str) -> int:
    return next(int(getattr(rule, kind)) for rule in field.metadata if hasattr(rule, kind))


def _given(name: str, field: FieldInfo, value: Any) -> str:
    given = str(value)
    is_address = name.endswith("_url") and any(sign in given for sign in MAY_HOLD_A_PASSWORD)
    if field.annotation is SecretStr or is_address:
        return "; what was given is not repeated here"
    return f', not "{clean_line(given, limit=LONGEST)}"'
