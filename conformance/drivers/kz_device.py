"""The judge's register: what it says is built from plain values, and what it must count it counts itself.

A `Device` keeps TOKEN and REQNUM as a register does (kz-ofd §4.1) and books what was accepted into its own
`Books`. `accept` is for documents that must be taken, `refuse` for requests that must not be; `ask` judges
nothing but the header and the shape of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from conformance.drivers import kz_goods as goods
from conformance.drivers.wire import Wire
from conformance.models.kz_money import Books, Figures, known_to_124
from conformance.models.kz_report import report_of
from conformance.verdicts import AnswerMissing, Inconclusive
from reference.protocol.kz import service as parts
from reference.protocol.kz.dialects import DOCUMENTS, Command, Dialect, dialect_for, fallback_dialect
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk, to_message
from reference.protocol.kz.envelope import enum_number, set_enum_number
from reference.protocol.kz.frames import encode_frame
from reference.protocol.kz.reports import figures
from reference.protocol.kz.tickets import Operator, Ticket

if TYPE_CHECKING:
    from conformance.drivers.kz_operator import Answer, OfdDriver

MOST_REQNUM: Final = 65_535
CASHIER: Final = Operator(1, "TEST кассир")
PLACE: Final = parts.GeoPosition(43_238_949, 76_889_709)
NO_PERIOD: Final = (datetime(2026, 1, 1), datetime(2026, 1, 1))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a register is. `new`: made for the case, so that nobody has used it before."""

    id: int
    rnm: str
    serial: str
    org_inn: str
    new: bool
    token: int
    reqnum: int = 0


@dataclass(slots=True)
class Sent:
    """A request as it went out. `document` is what the books take once it is accepted, and only once."""

    frame: bytes
    token: int
    reqnum: int
    command: int
    document: Document | int | None


class Device:
    """One register of the judge's, made by `OfdDriver.device`."""

    def __init__(self, ofd: OfdDriver, identity: Identity, version: int, books: Books) -> None:
        self.ofd = ofd
        self.identity = identity
        self.version = version
        self.books = books
        self.token = identity.token
        self.reqnum = identity.reqnum
        self.printed = 0
        self.closed: Figures = {}
        self.last: Sent | None = None
        self.learned: Callable[[], None] = lambda: None
        self._wire: Wire | None = None
        self._closed_sale: str | None = None

    @property
    def id(self) -> int:
        """ID of the frame header."""
        return self.identity.id

    @property
    def dialect(self) -> Dialect:
        """The tables it speaks; those of 2.0.3 for a version nobody knows."""
        return dialect_for(self.version) or fallback_dialect()

    @property
    def time(self) -> datetime:
        """Its own time: the lab's, Almaty."""
        return self.ofd.now()

    # connections

    @contextmanager
    def kept(self) -> Iterator[Wire]:
        """Use one connection for everything inside, where the operator keeps one (kz-ofd TR-06)."""
        with self.ofd.connect() as wire:
            if not self.ofd.keeps_connections:
                yield wire
                return
            with self.on(wire):
                yield wire

    @contextmanager
    def on(self, wire: Wire) -> Iterator[None]:
        """Use a connection that others use, too."""
        self._wire = wire
        try:
            yield
        finally:
            self._wire = None

    def leave(self) -> None:
        """The case is over: a register that was lent goes on from here."""
        self._wire = None
        self.learned()

    def transmit(self, frame: bytes) -> Answer:
        """Send a whole frame, on the kept connection or a new one; the case fails when no answer comes."""
        if self._wire is None:
            return self.ofd.ask(frame)
        self._wire.send(frame)
        return self.ofd.decode(self.ofd.receive(self._wire, about=frame), frame)

    # requests

    def request(
        self,
        what: Document | int,
        *,
        period: tuple[datetime, datetime] | None = None,
        service: Callable[[Any], None] | None = None,
        bare: bool = False,
    ) -> Any:
        """The Request of a document, or of a command that has no document.

        Its service part holds what a register always sends, changed by `service`, and none at all if `bare`;
        `period` is the offline period, of no length unless given.
        """
        dialect = self.dialect
        if isinstance(what, int):
            message = dialect.messages.Request()
            set_enum_number(message, "command", what)
        else:
            message = to_message(dialect, what)
        if not bare:
            begin, end = period or NO_PERIOD
            part = message.service
            parts.write_offline_period(part, begin, end)
            part.get_reg_info = False
            known = self.identity
            parts.write_reg_info(
                dialect,
                part.reg_info,
                parts.Registration(known.rnm, known.serial, str(known.id), org_inn=known.org_inn),
            )
            parts.write_geo_position(dialect, part, PLACE)
            if service is not None:
                service(part)
        return message

    def frame(
        self,
        request: Any,
        *,
        token: int | None = None,
        reqnum: int | None = None,
        version: int | None = None,
    ) -> bytes:
        """The frame of a Request or of a body given as bytes, under the present token and REQNUM."""
        body = request if isinstance(request, bytes) else request.SerializeToString()
        return encode_frame(
            self.version if version is None else version,
            self.id,
            self.token if token is None else token,
            self.reqnum if reqnum is None else reqnum,
            body,
        )

    def next_reqnum(self) -> int:
        """Count REQNUM on and return it (kz-ofd TK-1, TK-4)."""
        self.reqnum = 0 if self.reqnum >= MOST_REQNUM else self.reqnum + 1
        return self.reqnum

    def ask(
        self,
        what: Document | int | Any,
        *,
        token: int | None = None,
        reqnum: int | None = None,
        **request: Any,
    ) -> Answer:
        """The answer to a document, a command or a Request of one's own; a new document that is accepted is
        booked.

        Without `reqnum` the next one is used; `request` is for `request`.
        """
        message, document = self._said(what, request)
        sent = self.prepare(message, document, token=token, reqnum=reqnum)
        answer = self.transmit(sent.frame)
        self.settle(answer)
        return answer

    def prepare(
        self,
        message: Any,
        document: Document | int | None,
        *,
        token: int | None = None,
        reqnum: int | None = None,
    ) -> Sent:
        """Make a Request the last one sent, which it then is to be; `document` is for the books."""
        number = self.next_reqnum() if reqnum is None else reqnum
        shown = self.token if token is None else token
        frame = self.frame(message, token=shown, reqnum=number)
        self.last = Sent(frame, shown, number, _command(message), document)
        return self.last

    def learn(self, answer: Answer) -> None:
        """Take over the token of any document's good answer, however it was sent (kz-ofd TK-1)."""
        if answer.ok and answer.command in DOCUMENTS:
            self.token = answer.token
            self.learned()

    def settle(self, answer: Answer) -> None:
        """Book what was accepted, once."""
        if not answer.ok or self.last is None or self.last.command not in DOCUMENTS:
            return
        document, self.last.document = self.last.document, None
        if isinstance(document, Ticket | MoneyPlacement):
            self.books.add(document)
        elif isinstance(document, CloseShift):
            self._closed_sale = self._first_sale()
            self.closed = self.books.close(document)
        elif document == Command.CANCEL_TICKET:
            self.books.cancel()

    def send_and_lose(self, what: Document | int | Any, **request: Any) -> None:
        """Send a request to an operator that will not answer it whole; `repeat` then asks again.

        The case fails when a whole answer comes.
        """
        message, document = self._said(what, request)
        sent = self.prepare(message, document)
        try:
            answer = self.ofd.exchange(sent.frame)
        except AnswerMissing:
            return
        self._check(b"", answer, "answer that was ordered to be lost", "KZ-TK-2")

    def _said(self, what: Document | int | Any, request: dict[str, Any]) -> tuple[Any, Document | int | None]:
        """The Request to send, and what the books take when it is accepted."""
        if isinstance(what, int | Document):
            return self.request(what, **request), what
        cancels = _command(what) == Command.CANCEL_TICKET
        return what, int(Command.CANCEL_TICKET) if cancels else None

    def repeat(self) -> Answer:
        """Send the last request again, byte for byte (kz-ofd TK-2)."""
        assert self.last is not None
        answer = self.transmit(self.last.frame)
        self.settle(answer)
        return answer

    # what must be

    def accept(self, what: Document | int | Any, *, clause: str = "KZ-S-5.1", **request: Any) -> Answer:
        """A request that must be answered with code 0 and its own command."""
        answer = self.ask(what, **request)
        self._check((0, self._command), (answer.code, answer.command), "result code and command", clause)
        return answer

    def refuse(
        self, code: int, what: Document | int | Any, *, clause: str = "", coded: str = "", **request: Any
    ) -> Answer:
        """A request that must be refused with `code`; the token that was sent comes back (kz-ofd TP-4).

        `clause` says that it is refused; `coded` that it is with this code, where that is another rule.
        """
        answer = self.ask(what, **request)
        rule = clause or f"KZ-RC-{code}"
        if coded:
            seen = (answer.ok, answer.command)
            self._check((False, self._command), seen, "whether it is accepted, and command", rule)
        wanted = (code, self._command)
        self._check(wanted, (answer.code, answer.command), "result code and command", coded or rule)
        assert self.last is not None
        if answer.ok:
            raise Inconclusive("the case cannot go on: what ours refuses was accepted")
        self._check(self.last.token, answer.token, "TOKEN of the refusal", "KZ-TP-4")
        return answer

    @property
    def _command(self) -> int:
        assert self.last is not None
        return self.last.command

    def _check(self, expected: object, observed: object, what: str, clause: str) -> None:
        self.ofd.reporter.check(expected, observed, what, clause=clause)

    # documents

    def ticket(self, *items: goods.Sold, **fields: Any) -> Ticket:
        """A sale of one loaf unless said otherwise, paid in cash; see `kz_goods.ticket`."""
        self.printed += 1
        values: dict[str, Any] = {
            "time": self.time,
            "printed_number": self.printed,
            "version": self.version,
        } | fields
        return goods.ticket(*items, **values)

    def deposit(self, total: int, **fields: Any) -> MoneyPlacement:
        """Cash into the drawer."""
        return self._placement(0, total, fields)

    def withdrawal(self, total: int, **fields: Any) -> MoneyPlacement:
        """Cash out of the drawer."""
        return self._placement(1, total, fields)

    def _placement(self, operation: int, total: int, fields: dict[str, Any]) -> MoneyPlacement:
        self.printed += 1
        document = MoneyPlacement(operation, self.time, total, operator=CASHIER, printed_number=self.printed)
        return replace(document, **fields)

    def closing(self, *, withdraw: bool = False, **fields: Any) -> CloseShift:
        """The end of the shift, with the register's own Z."""
        self.printed += 1
        document = replace(
            CloseShift(self.time, withdraw, operator=CASHIER, printed_number=self.printed), **fields
        )
        return self.with_own_z(document)

    def with_own_z(self, document: CloseShift) -> CloseShift:
        """The closing with the register's own Z of this moment, unless it has one (kz-ofd §8.2)."""
        if document.report is not None or document.time is None or not self.knows_its_sums:
            return document
        return replace(document, report=report_of(self.books.z_of(document), document.time))

    @property
    def knows_its_sums(self) -> bool:
        """Whether the books began with the register, or with a Z of it."""
        return self.identity.new or self.books.carried.shift_number > 0

    def sell(self, *items: goods.Sold, **fields: Any) -> Answer:
        """A ticket that must be accepted."""
        return self.accept(self.ticket(*items, **fields))

    def close_shift(self, *, withdraw: bool = False, **fields: Any) -> Answer:
        """The end of the shift, which must be accepted; its Z is that of the books."""
        document = self.closing(withdraw=withdraw, **fields)
        answer = self._demanded(self.accept(document))
        self.same(self.closed, answer, "Z of the closed shift")
        return answer

    def report(self, kind: int = 1, **fields: Any) -> Answer:
        """REPORT, X unless `kind` is 0; it must be answered."""
        return self._demanded(self.accept(replace(self.asking(kind), **fields)))

    def asking(self, kind: int) -> ReportAsk:
        """The asking of an X (1) or Z (0) of this moment."""
        return ReportAsk(kind, self.time)

    @staticmethod
    def _demanded(answer: Answer) -> Answer:
        """What follows needs the report; a refusal that was no failure ends the case here."""
        if not answer.ok:
            raise Inconclusive(f"the case cannot go on: code {answer.code} {answer.text}")
        return answer

    # counting

    def compare(self, what: str = "X report") -> Answer:
        """Ask for an X: every figure is that of the judge's books."""
        answer = self.report(1)
        self.same(self.books.report(), answer, what)
        return answer

    def same(self, expected: Figures, answer: Answer, what: str, clause: str = "KZ-S-9.1") -> None:
        """Every figure of the answer's report is as expected; a figure that differs is named."""
        observed = figures(answer.report)
        if self.dialect.tables == 124:
            expected, observed = known_to_124(expected), known_to_124(observed)
        if self.dialect.tables == 204 and "open_shift_time" not in expected:
            observed.pop(
                "open_shift_time", None
            )  # 2.0.4 requires the field, open shift or not (kz-ofd §12.3)
        if not self.identity.new:
            expected = dict(expected)
            self._follow_opening(expected, observed)
        names = sorted(name for name in {*expected, *observed} if expected.get(name) != observed.get(name))
        self._check(
            {name: expected.get(name, 0) for name in names},
            {name: observed.get(name, 0) for name in names},
            f"{what}: figures that differ",
            clause_of(names[0]) if names else clause,
        )

    def _follow_opening(self, expected: Figures, observed: Figures) -> None:
        """Whether money alone opens a shift is the product's choice (kz-ofd §8.1): take either."""
        name = "open_shift_time"
        allowed = {expected.get(name), self._first_sale(), self._closed_sale, None}
        if observed.get(name) in allowed:
            expected.pop(name, None)
            observed.pop(name, None)

    def _first_sale(self) -> str | None:
        entries = (*self.books.cancelled, *self.books.entries)
        sold = [entry.time for entry in entries if isinstance(entry, Ticket) and entry.time]
        return min(sold).isoformat() if sold else None

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever is done inside books nothing: the X afterwards is that of the books before."""
        before = self.books.report()
        yield
        self.same(before, self.report(1), "X report after what must not count")

    def later(self, **delta: float) -> datetime:
        """Its time some `timedelta` later."""
        return self.time + timedelta(**delta)


PLACES: Final = {
    "shift_number": "KZ-ZR-2",
    "sections": "KZ-ZR-3",
    "operations": "KZ-ZR-4",
    "discounts": "KZ-ZR-5",
    "markups": "KZ-ZR-6",
    "total_result": "KZ-ZR-7",
    "taxes": "KZ-ZR-8",
    "start_shift_non_nullable_sums": "KZ-ZR-9",
    "ticket_operations": "KZ-ZR-10",
    "money_placements": "KZ-ZR-11",
    "cash_sum": "KZ-ZR-13",
    "revenue": "KZ-ZR-14",
    "non_nullable_sums": "KZ-ZR-15",
    "open_shift_time": "KZ-ZR-16",
    "close_shift_time": "KZ-ZR-17",
}
"""The clause of each figure by the beginning of its name."""


def clause_of(figure: str) -> str:
    """The clause that says what a figure of a report is."""
    return PLACES[figure.split(".")[0].split("[")[0]]


def _command(message: Any) -> int:
    return enum_number(message, "command") or 0
