"""Definition files: what an expert may correct, as TOML, checked by a model.

Every fault becomes one sentence that names its place in the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

Definition = TypeVar("Definition", bound=BaseModel)

_PLAIN = {
    "missing": "is missing.",
    "extra_forbidden": "is not known here; is it spelled as in the other files?",
    "string_type": "must be text in quotation marks.",
    "int_type": "must be a whole number.",
    "int_parsing": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "float_type": "must be a number.",
    "bool_type": "must be true or false.",
    "tuple_type": "must be a list.",
    "too_short": "must not be empty.",
    "string_too_short": "must not be empty.",
    "string_pattern_mismatch": "has no signs, signs that may not stand here, or too many of them.",
}


class WrongDefinition(Exception):
    """A definition file cannot be read, or contradicts itself.

    `faults` holds one sentence for each contradiction, in the order of the file.
    """

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        self.faults = [f"{name}: {fault}" for fault in faults]
        super().__init__("\n".join(self.faults))


class Part(BaseModel):
    """A part of a definition: what it does not know it refuses; once read it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(path: Path, model: type[Definition], wrong: type[WrongDefinition]) -> Definition:
    """Read a TOML file as a model, or raise `wrong` with a sentence for every fault.

    Some editors begin a file with a mark of its encoding: it is passed over.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return model.model_validate(content)
    except ValidationError as error:
        faults = [_sentence(dict(fault), content) for fault in error.errors()]
        raise wrong(path.name, faults) from error
    except UnicodeDecodeError as error:
        raise wrong(path.name, ["is not text in UTF-8."]) from error
    except OSError as error:
        raise wrong(path.name, [f"cannot be read ({error.strerror})."]) from error
    except RecursionError:
        raise wrong(path.name, ["has lists or tables too deep inside each other."]) from None
    except ValueError as error:
        raise wrong(path.name, [f"is not TOML as it should be: {error}."]) from error


def twice(codes: Sequence[str]) -> list[str]:
    """The codes that stand more than once, each named once, in the order of the file."""
    return list(dict.fromkeys(code for code in codes if codes.count(code) > 1))


def _sentence(fault: dict[str, Any], content: Any) -> str:
    place = _place(fault["loc"], content)
    what = _PLAIN.get(fault["type"])
    if what is None:
        message = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        what = message if message.endswith(".") else f"{message}."
    return f"{place} {what}" if place else what


def _place(location: tuple[str | int, ...], content: Any) -> str:
    """`timepoints 2 (w6), week`: people count from one, and know parts by their code."""
    words: list[str] = []
    for step in location:
        content = _inside(content, step)
        if isinstance(step, int):
            words[-1:] = [f"{words[-1] if words else ''} {step + 1}{_code(content)}".strip()]
        else:
            words.append(step)
    return ", ".join(words)


def _inside(content: Any, step: str | int) -> Any:
    if isinstance(content, dict):
        return content.get(step, content)
    if isinstance(content, list) and isinstance(step, int) and step < len(content):
        return content[step]
    return None


def _code(content: Any) -> str:
    code = content.get("code") if isinstance(content, dict) else None
    return f" ({code})" if isinstance(code, str) else ""
