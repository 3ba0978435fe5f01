"""The drive's port under mutual TLS (uz-fiscal G2-T-01, `--use-tls`): the server shows its key pair, the
client must show a certificate of the given authority.

waitress speaks no TLS, so this one port is served by threads of werkzeug; the handshake is made in the thread
of its connection, so that a silent client holds up nobody.
"""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path
from typing import Any, Final

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

SILENCE: Final = 30.0
"""Real seconds a connection may stay silent before it is closed."""


class _Handler(WSGIRequestHandler):
    timeout = SILENCE
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def log(self, *_arguments: Any) -> None:
        """Nothing: the drive logs what it does itself."""


def server_context(certificate: Path, key: Path, client_authority: Path) -> ssl.SSLContext:
    """TLS 1.2 and up with this key pair, asking for a client certificate of `client_authority`.

    Raises OSError or ssl.SSLError for files that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(client_authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class SecureServer:
    """As reference.runtime.serving.HttpServer, under TLS."""

    def __init__(self, app: Flask, host: str, port: int, context: ssl.SSLContext) -> None:
        self._server = _QuietServer(host, port, app, handler=_Handler)
        self._server.ssl_context = context
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.host = host
        self.port = int(self._server.server_address[1])
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base address, without a slash at its end."""
        return f"https://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, name=f"https-{self.port}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close the port."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _QuietServer(ThreadedWSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, _client_address: Any) -> None:
        """A client without the right certificate, or gone: its connection ends, nothing else."""
        if isinstance(request, socket.socket):
            request.close()
