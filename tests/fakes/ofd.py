"""A scripted OFD: answers what a test orders, keeps every frame it saw, and is otherwise content with all."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from reference.protocol.kz.dialects import DOCUMENTS, Command, dialect_for
from reference.protocol.kz.envelope import encode_response, new_response, read_request
from reference.protocol.kz.frames import Frame, FrameReader, Header, encode_frame
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.report_codec import write_report
from reference.protocol.kz.reports import ReportData
from tests.waiting import PATIENCE

FIRST_ROTATED: Final = 3_000_000_001
FRESH: Final = ReportData(datetime(2026, 3, 2, 9), 1)


@dataclass(frozen=True)
class Seen:
    """One request: its bytes, header, and parsed Request."""

    raw: bytes
    header: Header
    command: Command
    message: Any

    @property
    def pair(self) -> tuple[int, int]:
        return self.header.token, self.header.reqnum

    @property
    def period(self) -> tuple[str, str]:
        """Begin and end of the offline period, `HH:MM:SS`."""
        period = self.message.service.offline_period
        return _clock(period.begin_time), _clock(period.end_time)


@dataclass(frozen=True)
class Reply:
    """What to answer: `code`, a token (None: the rotated one of a good document, else the received)."""

    code: int = 0
    token: int | None = None
    text: str | None = None
    fill: Callable[[Any], None] | None = None
    command: int | None = None
    reqnum: int | None = None


@dataclass(frozen=True)
class Broken:
    """Send so many bytes of the good answer and close: 0 is a lost answer."""

    size: int = 0


@dataclass
class Silent:
    """Answer nothing and keep the connection."""

    asked: threading.Event = field(default_factory=threading.Event)


Step = Reply | Broken | Silent


class ScriptedOfd:
    """Listens on a free port. `then` orders the next answers; without an order everything is accepted."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Command | None, Step]] = deque()
        self._rotated = FIRST_ROTATED
        self._signs = 1_000_000_000
        self.info = (ReportKind.Z, FRESH)
        self.info_fill: Callable[[Any], None] | None = None
        self.seen: list[Seen] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def then(self, *steps: Step, to: Command | None = None) -> None:
        """Order what the next requests (of one command only, with `to`) get."""
        self._steps.extend((to, step) for step in steps)

    def forget(self) -> None:
        """Take all orders back."""
        self._steps.clear()

    def of(self, command: Command) -> list[Seen]:
        return [one for one in self.seen if one.command == command]

    def commands(self) -> list[str]:
        return [one.command.name for one in self.seen]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._held:
            connection.close()
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            if not self._answered(connection):
                self._held.append(connection)
            else:
                connection.close()

    def _answered(self, connection: socket.socket) -> bool:
        reader = FrameReader()
        frames: list[Frame] = []
        while not frames:
            data = connection.recv(65536)
            if not data:
                return True
            frames = reader.feed(data)
        seen = _seen(frames[0])
        step = self._next(seen.command)
        self.seen.append(seen)
        if isinstance(step, Silent):
            step.asked.set()
            return False
        answer = self._answer(seen, step if isinstance(step, Reply) else Reply())
        connection.sendall(answer[: step.size] if isinstance(step, Broken) else answer)
        return True

    def _next(self, command: Command) -> Step:
        for place, (wanted, step) in enumerate(self._steps):
            if wanted in (None, command):
                del self._steps[place]
                return step
        return Reply()

    def _answer(self, seen: Seen, reply: Reply) -> bytes:
        dialect = dialect_for(seen.header.version)
        assert dialect is not None
        response = new_response(dialect, reply.code, reply.text)
        token = seen.header.token
        if reply.code == 0:
            self._accept(dialect, seen, response)
            if seen.command in DOCUMENTS:
                token, self._rotated = self._rotated, self._rotated + 1
        if reply.fill is not None:
            reply.fill(response)
        body = encode_response(seen.command if reply.command is None else reply.command, response)
        token = token if reply.token is None else reply.token
        reqnum = seen.header.reqnum if reply.reqnum is None else reply.reqnum
        return encode_frame(seen.header.version, seen.header.id, token, reqnum, body)

    def _accept(self, dialect: Any, seen: Seen, response: Any) -> None:
        if seen.command == Command.TICKET:
            self._signs += 1
            response.ticket.ticket_number = str(self._signs)
            response.ticket.qr_code = f"http://127.0.0.1/?i={self._signs}".encode()
        elif seen.command == Command.CLOSE_SHIFT:
            response.report.report = ReportKind.Z
            if dialect.has("CloseShiftRequest.z_report"):
                response.report.zx_report.CopyFrom(seen.message.close_shift.z_report)
            else:
                write_report(dialect, response.report.zx_report, FRESH, checksum=False)
        elif seen.command == Command.INFO:
            kind, report = self.info
            response.report.report = kind
            write_report(dialect, response.report.zx_report, report, checksum=False)
            if self.info_fill is not None:
                self.info_fill(response)


def _seen(frame: Frame) -> Seen:
    dialect = dialect_for(frame.header.version)
    assert dialect is not None
    command, message = read_request(dialect, frame.body)
    assert command is not None
    return Seen(frame.encode(), frame.header, Command(command), message)


def _clock(time: Any) -> str:
    return f"{time.time.hour:02d}:{time.time.minute:02d}:{time.time.second:02d}"
