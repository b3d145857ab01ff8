"""A real HTTP server on this machine, in a thread: for simulators, and for the app itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Answer = tuple[int, dict[str, str], bytes]
Answerer = Callable[[str, str, dict[str, str], bytes], Answer]


@contextmanager
def answering(answer: Answerer) -> Iterator[str]:
    """Serve with a function of method, address, headers and body; gives the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.casefold(): value for name, value in self.headers.items()}
            status, more, said = answer(self.command, self.path, headers, body)
            if status == HANG_UP:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = _answer  # noqa: N815 - names of the library

        def log_message(self, *_: Any) -> None:
            """Say nothing: addresses carry credentials."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with _running(server.serve_forever, server.shutdown, server.server_close):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def serving(app: Flask | WSGIApplication) -> Iterator[str]:
    """Serve the app itself, or what stands before it; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with _running(server.serve_forever, server.shutdown, server.server_close):
        yield f"http://127.0.0.1:{server.server_port}"


HANG_UP = 0


@contextmanager
def _running(serve: Callable[[], Any], *ends: Callable[[], Any]) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        for end in ends:
            end()
        thread.join(timeout=10)
