"""Every request and every answer: an id, the policy headers, one log line, one count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from functools import lru_cache
from time import perf_counter
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import structlog
from flask import Flask, Request, Response, abort, g, request
from prometheus_client import Counter, Histogram
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
NOT_KEPT = ("Cache-Control", "no-store")
YEAR = 31_536_000
LONGEST_ADDRESS = 4000  # signs of path and query, as they were sent
URLENCODED = "application/x-www-form-urlencoded"
METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS")
REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")

REQUESTS = Counter("requests_total", "Answers given", ["method", "route", "status"])
SECONDS = Histogram("request_seconds", "Time to answer", ["route"])

log = structlog.get_logger()


class Fields(FormDataParser):
    """Reads the fields of a form; what is no UTF-8 becomes the sign that says so (U+FFFD).

    Werkzeug would leave it as it was sent, percent signs and all, and it would be stored so.
    """

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """The fields and files of a body."""
        if mimetype != URLENCODED:
            rest, read, files = super().parse(stream, mimetype, content_length, options)
            return rest, self._named(read), self._named(files)
        sent = stream.read().decode(errors="replace")
        fields = parse_qsl(sent, keep_blank_values=True, errors="replace")
        return stream, self.cls(fields), self.cls()

    def _named(self, parts: MultiDict[str, Any]) -> MultiDict[str, Any]:
        """Without what has no name, and so is no field of any form."""
        return self.cls(
            [(name, part) for name, part in parts.items(multi=True) if name is not None]
        )


class OwnRequest(Request):
    """A request whose forms are read by `Fields`."""

    form_data_parser_class = Fields


def speak_as(app: Flask, address: str) -> None:
    """Be called by our own address in whatever is answered, not by the name a visitor gives."""
    inner, ours = app.wsgi_app, urlsplit(address)

    def named(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ |= {"HTTP_HOST": ours.netloc, "wsgi.url_scheme": ours.scheme}
        return inner(environ, start_response)

    app.wsgi_app = named  # type: ignore[method-assign]


def with_policy(inner: WSGIApplication) -> WSGIApplication:
    """Let what is answered before the app is asked, about a file, have the headers of pages."""

    def answered(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def begun(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            said = {name.lower() for name, _value in headers}
            if "x-request-id" not in said:
                headers += _unsaid(_request_id(environ.get("HTTP_X_REQUEST_ID", "")), said)
                headers += [] if "cache-control" in said else [NOT_KEPT]
            return start(status, headers, *more)

        return inner(environ, begun)

    return answered


def believe_own_proxies(app: Flask, count: int) -> None:
    """Take the reader's network from our own proxies, where there are some."""
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=0, x_host=0
        )


def install(app: Flask) -> None:
    """Watch the edge of an app."""
    app.before_request(_begin)
    app.after_request(_finish)


def request_id() -> str:
    """The id of this request, for logs and for the page that says something went wrong."""
    return str(g.get("request_id", "-"))


def _begin() -> None:
    g.request_id = _request_id(request.headers.get("X-Request-ID", ""))
    g.began = perf_counter()
    if len(request.environ.get("RAW_URI", request.full_path)) > LONGEST_ADDRESS:
        abort(414)  # ours, with our headers, well before the server's own limit


def _finish(response: Response) -> Response:
    response.headers.extend(_missing(response))
    if response.location is not None:
        response.location = response.location.removeprefix(request.host_url.rstrip("/"))
    _count(response)
    return response


def _missing(response: Response) -> list[tuple[str, str]]:
    """What each answer has, where its view did not say otherwise."""
    said = {name.lower() for name, _value in response.headers}
    missing = _unsaid(request_id(), said)
    is_kept = request.endpoint == "static" and response.status_code < 400
    if "cache-control" not in said and not is_kept:
        missing.append(NOT_KEPT)
    if request.is_secure:
        missing.append(("Strict-Transport-Security", f"max-age={YEAR}"))
    return missing


def _unsaid(identity: str, said: Set[str]) -> list[tuple[str, str]]:
    wanted = (*HEADERS.items(), ("X-Request-ID", identity))
    return [(name, value) for name, value in wanted if name.lower() not in said]


def _request_id(given: str) -> str:
    return given if REQUEST_ID.match(given) else uuid4().hex


@lru_cache(maxsize=4096)
def _meters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(route)


def _count(response: Response) -> None:
    route = request.url_rule.rule if request.url_rule is not None else "unknown"
    seconds = perf_counter() - g.get("began", perf_counter())
    method = request.method if request.method in METHODS else "other"
    counted, timed = _meters(method, route, response.status_code)
    counted.inc()
    timed.observe(seconds)
    if request.endpoint not in ("static", "operations.live", "operations.ready"):
        log.info(
            "request",
            request_id=request_id(),
            method=method,
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
