"""What a class is called on the page, in the reader's language."""

from __future__ import annotations

from remote_training.core.words import say, translated
from remote_training.studies.current import study

SHIPPED_NAMES = (
    say("Strength and stamina"),
    say("Energy"),
    say("Moving with ease"),
    say("Body and calm"),
    say("Hands, feet and balance"),
)


def of_host(code: str | None) -> str:
    """The name of a meeting host of the study file; nothing where there is none."""
    try:
        return study().host(code).name if code is not None else ""
    except KeyError:
        return code or ""


def of_module(code: str) -> str:
    """The name of a module of the study file; the code itself where the file has none."""
    try:
        return translated(study().module(code).name)
    except KeyError:
        return code
