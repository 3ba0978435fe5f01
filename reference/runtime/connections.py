"""Connections to one HTTP server that are kept between exchanges: what every client of ours shares.

How a request looks and what an answer means is the clients' own; here is only whether a connection can still
be used, and who has it.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from typing import Final

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
"""By the scheme of an address."""
SAFE_IN_TARGET: Final = "/?%:@!$&'()*+,;=-._~[]"
"""Characters that stand as they are in the target of a request."""


class KeptConnections:
    """Connections to the server at `address` (host, port); several threads may take them.

    One that the server has let go, or on which it says what nobody asked, is not given out again.
    """

    def __init__(self, address: tuple[str, int], *, tls: bool) -> None:
        self._address = address
        self._tls = ssl.create_default_context() if tls else None
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._closed = False

    def take(self, connect: float, silence: float) -> socket.socket:
        """One for an exchange: a kept one, or a new one within `connect` real seconds. The server may then
        keep silent for `silence`. OSError when there is none to be had; nothing was asked then.
        """
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connected(connect)
            elif _speaks(connection):
                connection.close()
                continue
            connection.settimeout(silence)
            return connection

    def keep(self, connection: socket.socket) -> None:
        """Give back one whose answer was read to its end; any other is the taker's to close."""
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close those that are not at work, and from now on each that is given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connected(self, seconds: float) -> socket.socket:
        try:
            connection = socket.create_connection(self._address, seconds)
        except ValueError as error:
            raise OSError(f"{self._address[0]!r} is no name of a host: {error}") from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                return self._tls.wrap_socket(connection, server_hostname=self._address[0])
        except BaseException:
            connection.close()
            raise
        return connection


def _speaks(connection: socket.socket) -> bool:
    """Whether something came that nobody has read: bytes, or the end."""
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(0))
