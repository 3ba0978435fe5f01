"""One exchange with the operator: connect, one request, one answer, close (kz-ofd TR-05).

Whatever is not the whole answer to this very request is no answer: silence, a break, other bytes, another
device's frame, another command (kz-ofd §3.2).
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Final

from reference.kkm.core import Answer
from reference.kkm.records import known_dialect
from reference.kkm.requests import Outgoing
from reference.links.address import AddressRefusedError, connect, parse_endpoint
from reference.links.patience import Patience, receive, send
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.envelope import read_response
from reference.protocol.kz.errors import KzError
from reference.protocol.kz.frames import DEFAULT_PORT, Frame, FrameReader, Header
from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints, FaultRule
from reference.runtime.part_clock import Deadline

PIECE: Final = 65536
CONNECT_SECONDS: Final = 4.0
"""The operating system's time-out of a connect, real seconds (kz-ofd TR-10)."""
HALF: Final = 9
"""Bytes read of a half answer unless the fault says otherwise."""


class LineError(Exception):
    """No answer came; the text says why."""


class Line:
    """The way to the operator. One exchange at a time."""

    def __init__(
        self, clock: PartClock, faults: FaultPoints, device_id: int, *, allow_any_host: bool = False
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._device_id = device_id
        self._allow_any_host = allow_any_host
        self._cut: Deadline | None = None
        self._down = False
        self._live: socket.socket | None = None
        self._ended = False

    def cut(self, seconds: float | None) -> None:
        """Let every connection fail for so many lab seconds, for good with None."""
        self._down = seconds is None
        self._cut = None if seconds is None else self._clock.deadline(seconds)

    def mend(self) -> None:
        """Let connections be made again."""
        self._down, self._cut = False, None

    def end(self) -> None:
        """Break off what is under way and begin nothing more."""
        self._ended = True
        live = self._live
        if live is not None:
            with contextlib.suppress(OSError):
                live.shutdown(socket.SHUT_RDWR)

    def ask(self, server: str, request: Outgoing, seconds: float, by: Deadline | None = None) -> Answer:
        """Return the answer to a request, waiting `seconds` of lab time for it, but not beyond `by`.

        Raises LineError.
        """
        try:
            return self._ask(server, request, seconds, by)
        except (OSError, AddressRefusedError, KzError) as error:
            raise LineError(str(error) or type(error).__name__) from error

    def _ask(self, server: str, request: Outgoing, seconds: float, by: Deadline | None) -> Answer:
        command = _command_name(request.command)
        rule = self._faults.hit("register.connect", command=command)
        self._delay(rule)
        if self._down or (self._cut is not None and not self._cut.passed) or _acts(rule, "refuse"):
            raise LineError("the line is down")
        with self._connected(server) as connection:
            self._disturbed("register.before-send", command)
            patience = Patience(self._clock, seconds, by)
            send(connection, request.frame, patience)
            self._disturbed("register.after-send", command)
            return self._answer(request, self._frame(connection, patience, command))

    @contextlib.contextmanager
    def _connected(self, server: str) -> Iterator[socket.socket]:
        if self._ended:
            raise LineError("the register is being stopped")
        with connect(parse_endpoint(server, DEFAULT_PORT), CONNECT_SECONDS, self._allow_any_host) as live:
            self._live = live
            try:
                yield live
            finally:
                self._live = None

    def _frame(self, connection: socket.socket, patience: Patience, command: str) -> Frame:
        rule = self._faults.hit("register.half-answer", command=command)
        reader = FrameReader()
        while True:
            size = PIECE if rule is None else _half(rule)
            data = receive(connection, size, patience)
            if rule is not None:
                raise LineError(f"broken off after {len(data)} bytes of the answer")
            if not data:
                raise LineError("the operator closed without an answer")
            frames = reader.feed(data)
            if frames:
                return frames[0]

    def _answer(self, request: Outgoing, frame: Frame) -> Answer:
        header = frame.header
        expected = Header(request.version, header.size, self._device_id, header.token, request.reqnum)
        if header != expected:
            raise LineError(
                f"the answer is for VERSION {header.version}, ID {header.id}, REQNUM {header.reqnum}"
            )
        command, response = read_response(known_dialect(request.version), frame.body)
        if command != request.command:
            raise LineError(f"the answer is to command {command}")
        if not response.HasField("result") or not response.result.HasField("result_code"):
            raise LineError("the answer has no result")
        code, text = response.result.result_code, response.result.result_text
        return Answer(request.version, request.command, header.token, code, text, response)

    def _disturbed(self, point: str, command: str) -> None:
        rule = self._faults.hit(point, command=command)
        self._delay(rule)
        if _acts(rule, "drop"):
            raise LineError(f"the line broke ({point})")

    def _delay(self, rule: FaultRule | None) -> None:

        if rule is not None and rule.action == "delay":
            self._clock.sleep(rule.delay)


def _acts(rule: FaultRule | None, action: str) -> bool:
    return rule is not None and rule.action == action


def _half(rule: FaultRule) -> int:
    """How many bytes of the answer a fault lets through; HALF unless its value is a number above 0."""
    return max(1, int(rule.value)) if rule.value.isdecimal() else HALF


def _command_name(command: int) -> str:
    return Command(command).name
