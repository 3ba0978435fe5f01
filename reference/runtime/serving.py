"""HTTP serving for one small process: a Flask app on waitress in a thread, started and stopped cleanly."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

import waitress
from flask import Flask, Response
from waitress import wasyncore

from reference.runtime.control_guard import is_loopback
from reference.runtime.serving_channel import StayingChannel

MAX_BODY = 4 * 1024 * 1024
"""Bytes: no request body of the lab comes near it."""

MOST_CONNECTIONS = 1_000
"""Of one server at a time."""

LOOP_SECONDS = 30.0
"""Real seconds after which the loop looks up although nothing came."""

_PIECE = 64 * 1024
"""Bytes, more than comes at once: by how much a body may pass its limit before it is refused."""

LAST_ROUNDS = 100
LAST_SECONDS = 0.05
"""Chances that answers already made get to leave before connections are closed."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class HostRefusedError(ValueError):
    """A part was told to listen where others could reach it, without leave to do so."""


def require_loopback(host: str, allow_any: bool) -> None:
    """Refuse to listen beyond this machine unless `allow_any`; raises HostRefusedError."""
    if not allow_any and not is_loopback(host):
        raise HostRefusedError(f"{host} is not a loopback address; give --allow-any-host to listen there")


def require_token(host: str, token: str | None) -> None:
    """Refuse a control API beyond this machine without a token; raises HostRefusedError."""
    if not is_loopback(host) and not token:
        raise HostRefusedError(f"listening on {host} needs a control token (--control-token)")


def add_security_headers(response: Response) -> Response:
    """Put the security headers on an answer, keeping those it already carries."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def harden(app: Flask, max_body: int = MAX_BODY) -> Flask:
    """Security headers on every answer of `app`, 413 for bodies above `max_body` bytes; gives `app` back."""
    app.config["MAX_CONTENT_LENGTH"] = max_body
    app.after_request(add_security_headers)
    return app


class HttpServer:
    """A WSGI app on `host:port` (port 0: a free one), served by `threads` waitress threads.

    The socket is bound when the object is made, so `port` is right at once and OSError names a port in use.
    """

    def __init__(self, app: Flask, host: str, port: int, threads: int = 8, max_body: int = MAX_BODY) -> None:
        self.host = "127.0.0.1" if host == "localhost" else host
        self._connections: dict[int, wasyncore.dispatcher] = {}
        listening = _listen(self.host, port)
        self.port: int = int(listening.getsockname()[1])
        self._server = waitress.create_server(
            app,
            map=self._connections,
            sockets=[listening],
            threads=threads,
            # Flask answers 413 in the part's own dialect first; this is the backstop.
            max_request_body_size=2 * max_body,
            # No body goes to a temporary file: a disk that stalls would hold up the loop, and all with it.
            inbuf_overflow=2 * max_body + _PIECE,
            # Above it nobody is let in; a page's users keep their connections.
            connection_limit=MOST_CONNECTIONS,
            # select() breaks above descriptor 1023.
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            ident=None,
        )
        self._server.channel_class = StayingChannel
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    @property
    def url(self) -> str:
        """Base address, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(target=self._serve, name=f"http-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let requests in work end (at most 5 s), close every connection, and join. May be called twice."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        if self._thread is None:
            self._close()
            return
        if not self._ending.is_set():
            self._ending.set()
            self._server.trigger.pull_trigger()
            self._thread.join()
            # Only now: closing sockets under the loop would race with its poll(), and the loop closing its
            # own trigger with whoever is about to pull it.
            self._close()

    def _serve(self) -> None:
        while not self._ending.is_set():
            wasyncore.loop(LOOP_SECONDS, use_poll=True, map=self._connections, count=1)
        for _ in range(LAST_ROUNDS):
            if not any(getattr(each, "total_outbufs_len", 0) for each in [*self._connections.values()]):
                break
            wasyncore.loop(LAST_SECONDS, use_poll=True, map=self._connections, count=1)

    def _close(self) -> None:
        wasyncore.close_all(self._connections, ignore_all=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket. Waitress would bind too, but leaves threads behind when the port is in use."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it; waitress sets it on them as well.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
    return listening
