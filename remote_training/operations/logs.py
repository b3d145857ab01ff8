"""Structured logs: one JSON line an event, nothing personal in it.

An event names its route, never its path: a path may hold a token.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "method", "route", "status",
        "milliseconds", "worker", "kind", "state", "count", "fault", "message_id", "error",
        "exception", "port", "command",
    }
)  # fmt: skip


def _only_allowed(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {key: value for key, value in event.items() if key in ALLOWED}


def _where_it_broke(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Write the kind of an error and the lines it passed through, not what it held."""
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["exception"] = _lines(error)
    return event


def _lines(error: BaseException) -> list[str]:
    lines, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return lines


def configure(output: TextIO | None = None) -> None:
    """Set up logging for a process: JSON lines on standard error, or on `output`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where_it_broke,
            _only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=output or sys.stderr),
        cache_logger_on_first_use=output is None,
    )
