"""One exchange with the operator: connect, one request, one answer, close (uz-fiscal §11.1, §11.9).

Addresses are tried by CL-02: the one that worked last, else a random one, then the others. An address fails
when it cannot be reached, stays silent, breaks off, or answers something that is not an answer to what was
asked (CL-03).
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reference.drive.errors import UnreachableError
from reference.links.address import AddressRefusedError, Endpoint, connect
from reference.links.patience import Patience, receive, send
from reference.protocol.uz.errors import MessageError, UzError
from reference.protocol.uz.message import Request, Response, StatusCode, frame_size
from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints

PIECE: Final = 65536
GOOD: Final = (StatusCode.OK, StatusCode.OKNotice)
"""Statuses that bring one ack a file (uz-fiscal OF-10)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The operator's answer and who gave it."""

    address: str
    response: Response


class AnswerRefusedError(Exception):
    """What came back is no answer to the request; the text says why. The address counts as failed."""


class Operator:
    """The operator's addresses. Several threads may exchange at once; they share the address that worked."""

    def __init__(
        self,
        addresses: Sequence[Endpoint],
        rng: random.Random,
        clock: PartClock,
        faults: FaultPoints,
        *,
        timeout: float = 5.0,
        allow_any_host: bool = False,
    ) -> None:
        self._addresses = tuple(addresses)
        self._rng = rng
        self._clock = clock
        self._faults = faults
        self._timeout = timeout
        self._allow_any_host = allow_any_host
        self._sticky: Endpoint | None = None
        self._live: set[socket.socket] = set()
        self._ended = False
        self.last_took = 0
        """Lab nanoseconds of the last exchange that had an answer."""

    @property
    def address(self) -> str | None:
        """The address that worked last and is tried first."""
        return None if self._sticky is None else str(self._sticky)

    def forget_address(self) -> None:
        """Choose anew next time: the operator said "maybe elsewhere" (uz-fiscal §11.5, RetrySend)."""
        self._sticky = None

    def end(self) -> None:
        """Break off what is under way and begin nothing more: the drive is being stopped."""
        self._ended = True
        for connection in list(self._live):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def exchange(
        self, make_request: Callable[[], Request], handing_over: Callable[[], None] = lambda: None
    ) -> Reply:
        """Send what `make_request` makes (anew for each address: it bears the time) and give the answer.

        `handing_over` is called once a connection stands, just before bytes go out. Raises UnreachableError
        with the first inner error when no address gave an answer; AckFiles are as many as files, or the
        status is an error.
        """
        failures: list[str] = []
        for endpoint in self._order():
            began = self._clock.lab.now_ns()
            try:
                response = self._ask(endpoint, make_request, handing_over)
            except (OSError, AddressRefusedError, AnswerRefusedError) as error:
                failures.append(f"{endpoint}: {error}")
                continue
            self.last_took = self._clock.lab.now_ns() - began
            self.worked(endpoint)
            return Reply(str(endpoint), response)
        self._sticky = None
        raise UnreachableError(failures[0])

    def _order(self) -> list[Endpoint]:
        others = list(self._addresses)
        self._rng.shuffle(others)
        if self._sticky in others:
            others.remove(self._sticky)
            others.insert(0, self._sticky)
        return others

    def worked(self, endpoint: Endpoint) -> None:
        """This address answered: it is the first next time (uz-fiscal CL-02)."""
        self._sticky = endpoint

    def _ask(
        self, endpoint: Endpoint, make_request: Callable[[], Request], handing_over: Callable[[], None]
    ) -> Response:
        rule = self._faults.hit("operator.connect", address=str(endpoint))
        if rule is not None and rule.action == "refuse":
            raise ConnectionRefusedError("connection refused (fault point operator.connect)")
        with self._connected(endpoint) as connection:
            request = make_request()
            handing_over()
            # One span for the whole exchange: a jump of lab time ends it wherever it is.
            patience = Patience(self._clock, self._timeout)
            send(connection, request.encode(), patience)
            return self.read(self._frame(connection, patience), len(request.files))

    @contextlib.contextmanager
    def _connected(self, endpoint: Endpoint) -> Iterator[socket.socket]:
        self._go_on()
        with connect(endpoint, self._timeout, self._allow_any_host) as connection:
            self._live.add(connection)
            try:
                self._go_on()  # `end` may have looked through the connections before this one was there
                yield connection
            finally:
                self._live.discard(connection)

    def _go_on(self) -> None:
        if self._ended:
            raise AnswerRefusedError("the drive is being stopped")

    def read(self, frame: bytes, files: int) -> Response:
        """The answer in a frame; AnswerRefusedError unless it answers so many files (uz-fiscal CL-03)."""
        try:
            response = Response.decode(frame)
        except UzError as error:
            raise AnswerRefusedError(f"answer not readable: {error}") from error
        if response.status.code in GOOD and len(response.acks) != files:
            raise AnswerRefusedError(f"{len(response.acks)} acks for {files} files")
        return response

    def _frame(self, connection: socket.socket, patience: Patience) -> bytes:
        data = b""
        size: int | None = None
        while size is None or len(data) < size:
            piece = receive(connection, PIECE, patience)
            if not piece:
                raise AnswerRefusedError(f"closed after {len(data)} bytes of the answer")
            data += piece
            try:
                size = frame_size(data)
            except MessageError as error:
                raise AnswerRefusedError(f"answer not readable: {error}") from error
        return data[:size]
