"""The judge's OFD: a TCP server in the judge's own process that the register under test dials.

Requests come in and are kept, decoded, in `seen`; each is answered by the first order that fits it, or by
`default`. Everything that crosses the wire goes to the tap.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from conformance.drivers.ofd_books import OfdBooks
from conformance.drivers.ofd_orders import Line, Order, accept
from conformance.drivers.wire import Tap
from conformance.events import Direction, Layer
from conformance.verdicts import AnswerMissing, CaseFailed
from reference.links.address import Endpoint
from reference.protocol.kz.dialects import Command, Dialect, dialect_for, fallback_dialect
from reference.protocol.kz.documents import Document, OfflinePeriod, from_message, offline_period
from reference.protocol.kz.envelope import read_request
from reference.protocol.kz.errors import BodyError, FrameError
from reference.protocol.kz.frames import Frame, FrameReader, Header, encode_frame
from reference.runtime.clock import real_elapsed

PATIENCE: Final = 30.0
"""Real seconds within which a request that nothing holds up has to come: only a hang takes so long."""
_NAMES: Final = {command.value: command.name for command in Command}
_RESET: Final = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER of 0 seconds: closing resets the connection."""
_FIGURES: Final = {"version": (2, 2), "size": (4, 4), "id": (8, 4), "token": (12, 4), "reqnum": (16, 2)}
"""Place and width of the header's fields (kz-ofd §2.2)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request of the register, and what became of it.

    `command` is the number as received, `document` what it carries. `row` and `code` are those of the answer,
    code None where none was made. `connection` counts the connections that brought a byte.
    """

    n: int
    header: Header
    command: int
    message: Any
    document: Document | None
    period: OfflinePeriod | None
    raw: bytes
    connection: int
    order: Order
    row: str
    code: int | None
    issued: int
    at: datetime

    @property
    def name(self) -> str:
        """The command's name, or its number."""
        return _NAMES.get(self.command, str(self.command))

    @property
    def pair(self) -> tuple[int, int]:
        """TOKEN and REQNUM, by which a repeat is known (kz-ofd TK-2)."""
        return self.header.token, self.header.reqnum


class OfdStand:
    """Listens on `host:port` (0: a free port) from the first `open` on.

    `books` may be exchanged between cases. `answering` False refuses connections altogether. A case reads
    requests in order by `next`; `seen` has them all.
    """

    def __init__(self, books: OfdBooks, tap: Tap, host: str = "127.0.0.1", port: int = 0) -> None:
        self.books = books
        self.default = accept()
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self._tap = tap
        self._place = (host, port)
        self._orders: list[Order] = []
        self._read = 0
        self._connections = 0
        self._changed = threading.Condition()
        self._server: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._open: set[socket.socket] = set()
        self._busy: set[int] = set()
        self._threads: list[threading.Thread] = []

    # listening

    @property
    def endpoint(self) -> Endpoint:
        """Where the register has to dial."""
        return Endpoint(*self._place)

    def open(self) -> None:
        """Listen; a free port, once chosen, is kept."""
        if self._server is not None:
            return
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(self._place)
            server.listen(16)
        except OSError:
            server.close()
            raise
        self._place = (self._place[0], server.getsockname()[1])
        self._server = server
        self._accepting = threading.Thread(target=self._accept, args=(server,), daemon=True)
        self._accepting.start()

    def shut(self) -> None:
        """Listen no more and drop every connection: the register finds nobody."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        if self._accepting is not None:
            self._accepting.join(PATIENCE)
            self._accepting = None
        self.drop()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._threads.clear()

    close = shut

    def drop(self) -> None:
        """Reset the connections that are open, such as one held in silence."""
        with self._changed:
            waiting = list(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens inside; afterwards the same port answers again."""
        self.shut()
        try:
            yield
        finally:
            self.open()

    # orders

    def order(self, *orders: Order) -> None:
        """Requests to come take these orders, one each, before the default."""
        with self._changed:
            self._orders.extend(orders)

    @property
    def waiting_orders(self) -> int:
        """Orders that no request has taken yet."""
        with self._changed:
            return len(self._orders)

    def forget_orders(self) -> None:
        """Back to the default alone, which is a good answer again."""
        with self._changed:
            self._orders.clear()
            self.default = accept()

    @contextmanager
    def always(self, order: Order) -> Iterator[None]:
        """Every request takes this order inside, unless another was ordered for it."""
        with self._changed:
            before, self.default = self.default, order
        try:
            yield
        finally:
            with self._changed:
                self.default = before

    # looking

    def next(self, what: str = "a request", *, seconds: float = PATIENCE) -> Seen:
        """The oldest request not read yet. AnswerMissing when none comes within real `seconds`."""
        found = self.glimpse(seconds)
        if found is None:
            raise AnswerMissing(f"{what} did not come within {seconds:g} s")
        return found

    def glimpse(self, seconds: float = 0.0) -> Seen | None:
        """The oldest request not read yet, None when none comes within real `seconds`."""
        end = real_elapsed() + seconds
        with self._changed:
            while len(self.seen) <= self._read:
                left = end - real_elapsed()
                if left <= 0:
                    return None
                self._changed.wait(left)
            self._read += 1
            return self.seen[self._read - 1]

    def rest(self) -> list[Seen]:
        """The requests not read yet; they count as read now."""
        with self._changed:
            left, self._read = self.seen[self._read :], len(self.seen)
            return left

    def count(self) -> int:
        """How many requests have come."""
        with self._changed:
            return len(self.seen)

    def connections(self) -> int:
        """How many connections were made, those without a byte included."""
        with self._changed:
            return self._connections

    @property
    def listening(self) -> bool:
        """Whether a register that dials now finds somebody."""
        return self._server is not None

    def settled(self, seconds: float) -> bool:
        """Return when every request that has begun to come has its answer or its silence; False: not in time.

        Whoever moves lab time on before that would time out an exchange that only a busy machine held up.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, seconds)

    # serving

    def _at_work(self, number: int, busy: bool) -> None:
        with self._changed:
            if busy:
                self._busy.add(number)
            else:
                self._busy.discard(number)
            self._changed.notify_all()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with self._changed:
                self._connections += 1
                number = self._connections
                self._open.add(connection)
                self._changed.notify_all()
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            thread.start()
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._cut_at_once():
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            self._converse(connection, number)
        except OSError:
            self._tap(Layer.MESSAGE, Direction.CLOSED, b"")
        finally:
            with self._changed:
                self._open.discard(connection)
            connection.close()
            self._at_work(number, busy=False)

    def _converse(self, connection: socket.socket, number: int) -> None:
        reader = FrameReader()
        received = b""
        while piece := connection.recv(65536):
            received += piece
            self._at_work(number, busy=True)
            try:
                frames = reader.feed(piece)
            except FrameError as error:
                self._tap(Layer.MESSAGE, Direction.RECEIVED, received)
                self._fault(f"no frame: {error} ({received[:40].hex()})")
                return
            for frame in frames:
                received = b""
                if not self._handle(connection, frame, number):
                    return
            self._at_work(number, busy=reader.pending > 0)
        if reader.pending:
            self._tap(Layer.MESSAGE, Direction.RECEIVED, received)

    def _cut_at_once(self) -> bool:
        with self._changed:
            first = self._orders[0] if self._orders else self.default
            cut = first.line is Line.CUT_BEFORE
            if cut and self._orders:
                self._orders.pop(0)
            return cut

    def _handle(self, connection: socket.socket, frame: Frame, number: int) -> bool:
        """Answer one request; False when the connection is over."""
        raw = frame.encode()
        self._tap(Layer.MESSAGE, Direction.RECEIVED, raw)
        order, answer = self._decide(frame, raw, number)
        if order.line is Line.CUT_AFTER or answer is None:
            self._tap(Layer.MESSAGE, Direction.CLOSED, b"", raw)
            return False
        if order.line is Line.SILENT:
            self._at_work(number, busy=False)
            with contextlib.suppress(OSError):
                connection.recv(1)
            return False
        self._send(connection, order, answer, raw)
        return order.line is Line.ANSWERED and order.raw is None

    def _decide(self, frame: Frame, raw: bytes, number: int) -> tuple[Order, bytes | None]:
        header = frame.header
        dialect = dialect_for(header.version) or fallback_dialect()
        try:
            envelope = read_request(dialect, frame.body)
        except BodyError as error:
            self._fault(f"no Request: {error}")
            return Order(), None
        command = -1 if envelope.command is None else envelope.command
        document = from_message(dialect, envelope.message, command)
        with self._changed:
            order = self._taken(command)
            counted = order.counted or order.line is Line.ANSWERED
            answer = self._answered(dialect, header, command, envelope.message, document, order, counted)
            self.seen.append(
                Seen(
                    len(self.seen),
                    header,
                    command,
                    envelope.message,
                    document,
                    offline_period(envelope.message),
                    raw,
                    number,
                    order,
                    answer[1],
                    answer[2],
                    self.books.issued,
                    self.books.now(),
                )
            )
            self._changed.notify_all()
        return order, answer[0]

    def _answered(
        self,
        dialect: Dialect,
        header: Header,
        command: int,
        message: Any,
        document: Document | None,
        order: Order,
        counted: bool,
    ) -> tuple[bytes, str, int | None]:
        if order.line in (Line.SILENT, Line.CUT_AFTER) and not counted:
            return b"", "", None
        answer = self.books.answer(dialect, header, command, message, document, order)
        body = answer.body if order.body is None else order.body
        frame = encode_frame(header.version, header.id, answer.token, header.reqnum, body)
        return _with_header(frame, order), answer.row, answer.code

    def _taken(self, command: int) -> Order:
        for place, order in enumerate(self._orders):
            if order.command in (None, command):
                return self._orders.pop(place)
        return self.default

    def _send(self, connection: socket.socket, order: Order, answer: bytes, request: bytes) -> None:
        data = answer if order.raw is None else order.raw
        if order.line is Line.HALF:
            data = data[: order.keep]
        data *= order.copies
        self._tap(Layer.MESSAGE, Direction.SENT, data, request)
        if not order.piece:
            connection.sendall(data)
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(data), order.piece):
            connection.sendall(data[place : place + order.piece])

    def _fault(self, text: str) -> None:
        with self._changed:
            self.faults.append(text)
            self._changed.notify_all()

    def require_faultless(self) -> None:
        """CaseFailed when the register sent anything that is no frame or no Request."""
        if self.faults:
            raise CaseFailed(f"the register sent {self.faults[0]}", clause="KZ-HD-0")


def _with_header(frame: bytes, order: Order) -> bytes:
    """The frame with the figures that the order wants in its header; the token is already there."""
    if not order.header:
        return frame
    changed = bytearray(frame)
    for name, value in order.header.items():
        if name == "appcode":
            changed[0:2] = (value & 0xFFFF).to_bytes(2, "little")
            continue
        place, width = _FIGURES[name]
        changed[place : place + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return bytes(changed)
