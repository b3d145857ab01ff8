"""Every request and every answer: an id, the policy headers, one log line, one count."""

from __future__ import annotations

import re
from time import perf_counter
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
YEAR = 31_536_000
REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")

REQUESTS = Counter("requests_total", "Answers given", ["method", "route", "status"])
SECONDS = Histogram("request_seconds", "Time to answer", ["route"])

log = structlog.get_logger()


def install(app: Flask) -> None:
    """Watch the edge of an app."""
    app.before_request(_begin)
    app.after_request(_finish)


def request_id() -> str:
    """The id of this request, for logs and for the page that says something went wrong."""
    return str(g.get("request_id", "-"))


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.match(given) else uuid4().hex
    g.began = perf_counter()


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if response.location is not None:
        response.location = response.location.removeprefix(request.host_url.rstrip("/"))
    response.headers["X-Request-ID"] = request_id()
    _count(response)
    return response


def _count(response: Response) -> None:
    route = request.url_rule.rule if request.url_rule is not None else "unknown"
    seconds = perf_counter() - g.get("began", perf_counter())
    method = request.method if request.method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    SECONDS.labels(route).observe(seconds)
    if request.endpoint not in ("static", "operations.live", "operations.ready"):
        log.info(
            "request",
            request_id=request_id(),
            method=method,
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
