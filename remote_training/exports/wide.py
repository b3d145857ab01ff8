"""The rows of `answers_wide`: all answers of a sitting side by side, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from remote_training.exports import items
from remote_training.exports.items import Asked
from remote_training.exports.reasons import Reason
from remote_training.exports.sittings import Filled, Sitting
from remote_training.studies.load import Study

NOT_SHOWN = Reason.NOT_SHOWN.value


def rows(found: Iterable[Sitting], study: Study) -> Iterator[Sequence[Any]]:
    """A row for each sitting, in the columns of the dictionary."""
    blocks = [
        (code, [(asked.item.code) for asked in block])
        for code, block in groupby(items.items(study), key=_instrument)
    ]
    shapes = _Shapes()
    for sitting in found:
        row: list[Any] = list(sitting.key)
        for code, codes in blocks:
            form = sitting.forms.get(code)
            if form is None:
                row += [None, NOT_SHOWN] * len(codes)
            else:
                row += _block(form, codes, shapes.of(sitting, form, codes))
        yield row


def _instrument(asked: Asked) -> str:
    return asked.instrument.code


def _block(form: Filled, codes: Sequence[str], unanswered: Sequence[str]) -> list[Any]:
    """Value and reason of each item in turn."""
    block: list[Any] = []
    values, reasons = form.values, form.reasons
    for code, why in zip(codes, unanswered, strict=True):
        if code in values:
            block += (values[code], None)
        else:
            block += (None, reasons[code].value if code in reasons else why)
    return block


class _Shapes:
    """Why each item of a questionnaire would have no answer; few different ones, each made once."""

    def __init__(self) -> None:
        self._known: dict[Any, list[str]] = {}

    def of(self, sitting: Sitting, form: Filled, codes: Sequence[str]) -> Sequence[str]:
        key = (form.code, form.version, sitting.why, *sitting.facts.values())
        if key not in self._known:
            self._known[key] = [_why(sitting, form, code) for code in codes]
        return self._known[key]


def _why(sitting: Sitting, form: Filled, code: str) -> str:
    asked = {} if form.instrument is None else {i.code: i for i in form.instrument.items}
    if form.instrument is not None and code not in asked:
        return NOT_SHOWN
    if code in asked and not asked[code].is_shown(sitting.facts):
        return NOT_SHOWN
    return sitting.why.value
