"""The link to an emulated module over TCP: a length byte before each APDU (uz-fiscal §7).

Bytes from `Link` calls go down to the socket, frames come up from it; connecting is powering up (EM-01).
"""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Final

from reference.links.address import AddressRefusedError, Endpoint, connect
from reference.links.errors import LinkLost, LinkTimeout, NoModule
from reference.links.patience import Patience, PatienceSpent, receive, send
from reference.runtime.clock import PartClock

TIMEOUT: Final = 15.0
"""Seconds of lab time the client waits for an answer (uz-fiscal EM-03)."""
LARGEST: Final = 255
"""Bytes of the largest APDU a length byte can announce (uz-fiscal EM-02)."""


class TcpLink:
    """A module at a TCP address. `clock` measures the time-out; without one the operating system does."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: PartClock | None = None,
        timeout: float = TIMEOUT,
        allow_any_host: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self._timeout = timeout
        self._allow_any_host = allow_any_host
        self._socket: socket.socket | None = None

    @property
    def name(self) -> str:
        """`host:port`, which is also the ReaderName of uz-fiscal §4.3."""
        return str(self.endpoint)

    def open(self) -> bytes:
        """Connect and read the ATR. NoModule when nobody listens or the peer closes; LinkTimeout by
        silence."""
        self.close()
        try:
            self._socket = connect(self.endpoint, self._timeout, self._allow_any_host)
        except (OSError, AddressRefusedError) as error:
            raise NoModule(f"{self.name}: {error}") from error
        try:
            return self._exchange(self._socket, b"", "power-up")
        except LinkTimeout:
            raise
        except LinkLost as error:
            raise NoModule(str(error)) from error

    def transmit(self, command: bytes) -> bytes:
        """One exchange; ValueError for a command that does not fit a length byte (uz-fiscal EM-02)."""
        if not 0 < len(command) <= LARGEST:
            raise ValueError(
                f"a command of {len(command)} bytes does not fit one length byte (uz-fiscal EM-02)"
            )
        if self._socket is None:
            raise LinkLost(f"{self.name}: not connected")
        return self._exchange(self._socket, bytes((len(command),)) + command, "answer")

    def _exchange(self, connection: socket.socket, data: bytes, what: str) -> bytes:
        """Send `data` and give the next frame; closes the link before it raises."""
        patience = Patience(self._clock, self._timeout)
        try:
            send(connection, data, patience)
            return self._frame(connection, what, patience)
        except PatienceSpent as error:
            self.close()
            raise LinkTimeout(f"{self.name}: {error}") from error
        except OSError as error:
            self.close()
            raise LinkLost(f"{self.name}: {error}") from error
        except LinkLost:
            self.close()
            raise

    def _frame(self, connection: socket.socket, what: str, patience: Patience) -> bytes:
        data = b""
        while not data or len(data) <= data[0]:
            piece = receive(connection, 1 + LARGEST - len(data), patience)
            if not piece:
                raise LinkLost(f"{self.name}: closed by the module before the end of its {what}")
            data += piece
        if len(data) > data[0] + 1:
            raise LinkLost(f"{self.name}: {len(data) - data[0] - 1} bytes nobody asked for after the {what}")
        return data[1:]

    def alive(self) -> bool:
        """Whether the connection stands and nothing waits in it: a module that was cut off has closed it."""
        if self._socket is None:
            return False
        quiet = select.poll()
        quiet.register(self._socket, select.POLLIN)
        return not quiet.poll(0)

    def close(self) -> None:
        """Close the connection, which powers the module down."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
