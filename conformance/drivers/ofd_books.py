"""The judge's OFD at its books: what it answers a register by kz-ofd §3 and §4, and what it has counted.

Requests go in, answers come out; the socket is `ofd_stand`'s. Nothing is checked beyond §4.2, because it is
the register that is judged: what it sends is kept, for the cases to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final

from conformance.drivers.ofd_orders import Order
from reference.protocol.kz import service
from reference.protocol.kz.counters import (
    DeviceCounters,
    apply_money,
    apply_ticket,
    build_report,
    cancel_ticket,
    close_shift,
    empty_report,
)
from reference.protocol.kz.dialects import DOCUMENTS, Command, Dialect
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk
from reference.protocol.kz.envelope import encode_response, new_response, set_enum_number
from reference.protocol.kz.exchange import (
    Action,
    DeviceExchange,
    RotateToken,
    accepted,
    decide,
    issue_token,
    next_token,
)
from reference.protocol.kz.frames import Header
from reference.protocol.kz.kinds import AdType, Operation, PaymentType, PlacementKind, ReportKind
from reference.protocol.kz.report_codec import write_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.signs import qr_address
from reference.protocol.kz.tickets import Ticket

CHECK_BASE: Final = "http://127.0.0.1:7778/"
"""Where QR addresses of the judge's answers lead; nobody listens there (kz-ofd ID-04)."""
INFO_AD: Final = TicketAd(AdType.INFO, 1, "Касса отключена, позвоните 1414")
ADS: Final = (TicketAd(AdType.OFD, 588, "ОФД TEST"), INFO_AD)
_WRONG_LOGIN: Final = 1
_ACTUAL: Final = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: TOKEN of the header, body, result code, and the row of kz-ofd §4.2 that led to it."""

    token: int
    body: bytes
    code: int
    row: str


@dataclass(frozen=True, slots=True)
class Booked:
    """One document in the books: where it stood in the exchange, and the sign it was given."""

    document: Document
    token: int
    reqnum: int
    command: int
    sign: str


@dataclass(slots=True)
class OfdBooks:
    """One device's side of the OFD.

    `issued` is the token the register must come with next. `blocked`: the code every request gets while it
    is not 0. `registration` is what INFO tells; with `echo` it is what the register says of itself. `booked`
    holds what was counted, in order.
    """

    device_id: int
    token: int
    rng: Random
    now: Callable[[], datetime]
    registration: Registration = field(default_factory=Registration)
    rotation: RotateToken = RotateToken.ALWAYS
    ads: tuple[TicketAd, ...] = ADS
    counters: DeviceCounters = field(default_factory=DeviceCounters)
    last_z: ReportData | None = None
    blocked: int = 0
    login: tuple[str, str] = ("kassir", "Kassir-1")
    goods_version: int = 7
    echo: bool = False
    booked: list[Booked] = field(default_factory=list)
    exchange: DeviceExchange = field(init=False)

    def __post_init__(self) -> None:
        self.exchange = DeviceExchange(self.token)

    @property
    def issued(self) -> int:
        """The token the register must show next."""
        return self.exchange.issued

    def issue(self, token: int) -> None:
        """A new token of the portal: the old one is refused with 2 from now on (kz-ofd §4.5)."""
        self.exchange = issue_token(self.exchange, token)

    # answering

    def answer(
        self,
        dialect: Dialect,
        header: Header,
        command: int,
        request: Any,
        document: Document | None,
        order: Order,
    ) -> Answer:
        """The answer to a request as the order wants it; a stored answer wins over an ordered refusal."""
        decision = decide(self.exchange, header.token, header.reqnum, command)
        if decision.action is Action.STORED and order.code is None:
            stored = self.exchange.last_answer or b""
            return Answer(self._token(order, decision.token_in_answer), stored, 0, decision.row)
        code = order.code if order.code is not None else (decision.code or 0)
        if order.code is None and not code:
            code = self.blocked or self._cash_code(document)
        if code:
            token = self._token(order, header.token)
            response = self._refusal(dialect, code, order, request)
            row = decision.refused_row or decision.row
            return Answer(token, encode_response(command, response), code, row)
        return self._good(dialect, header, command, request, document, order, decision.row)

    def _good(
        self,
        dialect: Dialect,
        header: Header,
        command: int,
        request: Any,
        document: Document | None,
        order: Order,
        row: str,
    ) -> Answer:
        response = new_response(dialect, 0)
        sign = ""
        if command == Command.CANCEL_TICKET and order.counted:
            self._cancel()
        elif command in DOCUMENTS and order.counted and document is not None:
            sign = self._book(dialect, response, document)
        elif isinstance(document, Ticket | CloseShift):
            self._pretend(dialect, response, document)
        self._service_parts(dialect, response, command, request, document)
        if order.fill is not None:
            order.fill(response)
        body = encode_response(command, response)
        if command not in DOCUMENTS or not order.counted:
            return Answer(self._token(order, self.issued), body, 0, row)
        token = order.token
        if token is None:
            token = next_token(self.exchange, command, self.rng, self.rotation)
        self.exchange = accepted(self.exchange, header.token, header.reqnum, command, body, token)
        if document is not None:
            self.booked.append(Booked(document, header.token, header.reqnum, command, sign))
        return Answer(token, body, 0, row)

    def _refusal(self, dialect: Dialect, code: int, order: Order, request: Any) -> Any:
        response = new_response(dialect, code, order.text)
        self._put_ads(response, request, everything=False)
        if order.fill is not None:
            order.fill(response)
        return response

    @staticmethod
    def _token(order: Order, otherwise: int) -> int:
        return otherwise if order.token is None else order.token

    def _cash_code(self, document: Document | None) -> int:
        """14 where a document takes more cash out of the drawer than there is, and is not re-sent (§10.5)."""
        if document is None or document.is_offline:
            return 0
        leaving = 0
        if isinstance(document, MoneyPlacement) and document.operation == PlacementKind.WITHDRAWAL:
            leaving = document.sum or 0
        elif isinstance(document, Ticket) and document.operation in (Operation.BUY, Operation.SELL_RETURN):
            leaving = document.paid(PaymentType.CASH)
        return int(ResultCode.NOT_ENOUGH_CASH) if leaving > self.counters.cash else 0

    # counting

    def _book(self, dialect: Dialect, response: Any, document: Document) -> str:
        if isinstance(document, Ticket):
            self.counters = apply_ticket(self.counters, document)
            return self._put_ticket(response, document)
        if isinstance(document, MoneyPlacement):
            self.counters = apply_money(self.counters, document)
        elif isinstance(document, CloseShift):
            self.counters, self.last_z = close_shift(
                self.counters, document.time, withdraw=document.withdraw_money, is_offline=document.is_offline
            )
            self._put_report(dialect, response, ReportKind.Z, self.last_z)
        return ""

    def _cancel(self) -> None:
        """Take the last ticket back out of the counters (kz-ofd §3.8)."""
        last = self.booked[-1].document if self.booked else None
        if isinstance(last, Ticket):
            self.counters = cancel_ticket(self.counters, last)

    def _pretend(self, dialect: Dialect, response: Any, document: Ticket | CloseShift) -> None:
        """The parts of a good answer to a document that is not counted: the answer will not arrive whole."""
        if isinstance(document, Ticket):
            self._put_ticket(response, document)
            return
        closing = close_shift(self.counters, document.time, withdraw=document.withdraw_money)
        self._put_report(dialect, response, ReportKind.Z, closing.report)

    def _put_ticket(self, response: Any, ticket: Ticket) -> str:
        sign = str(self.rng.randint(100_000_000, 2**32 - 1))
        address = qr_address(
            CHECK_BASE, sign, self.registration.rnm, ticket.total or 0, ticket.time or self.now()
        )
        response.ticket.ticket_number = sign
        response.ticket.qr_code = address.encode("ascii")
        return sign

    # reports and the service part

    def _service_parts(
        self, dialect: Dialect, response: Any, command: int, request: Any, document: Document | None
    ) -> None:
        info = command == Command.INFO
        if self.echo and request.service.HasField("reg_info"):
            self.registration = service.read_reg_info(dialect, request.service.reg_info)
        if info:
            self._put_info(dialect, response)
        elif isinstance(document, ReportAsk):
            self._put_asked(dialect, response, document)
        elif command == Command.AUTH:
            self._put_auth(response, request)
        elif command == Command.NOMENCLATURE:
            set_enum_number(response.nomenclature, "result", _ACTUAL)
            response.nomenclature.version = self.goods_version
        elif command in (Command.QR_GENERATE, Command.QR_GET_STATUS):
            response.qr.qr_code = f"{CHECK_BASE}qr/{request.qr.invoice_id}"
            set_enum_number(response.qr, "status", 0)
        self._put_ads(response, request, everything=info)
        if info or request.service.get_reg_info:
            service.write_reg_info(dialect, response.service.reg_info, self.registration)
        if info and self.booked:
            last = self.booked[-1].document
            service.write_last_document(
                dialect,
                response.service,
                self.counters.shift_number,
                getattr(last, "printed_number", None),
            )

    def _put_info(self, dialect: Dialect, response: Any) -> None:
        if self.counters.shift is not None:
            self._put_report(
                dialect, response, ReportKind.X, build_report(self.counters, ReportKind.X, self.now())
            )
        else:
            self._put_report(dialect, response, ReportKind.Z, self.last_z or empty_report(self.now(), 1))

    def _put_asked(self, dialect: Dialect, response: Any, asked: ReportAsk) -> None:
        if asked.kind == ReportKind.X:
            report = build_report(self.counters, ReportKind.X, asked.time or self.now())
            self._put_report(dialect, response, ReportKind.X, report)
        else:
            self._put_report(dialect, response, ReportKind.Z, self.last_z or empty_report(self.now(), 0))

    def _put_report(self, dialect: Dialect, response: Any, kind: ReportKind, report: ReportData) -> None:
        set_enum_number(response.report, "report", kind)
        write_report(dialect, response.report.zx_report, report)

    def _put_auth(self, response: Any, request: Any) -> None:
        right = (str(request.auth.login), str(request.auth.password)) == self.login
        set_enum_number(response.auth, "result", 0 if right else _WRONG_LOGIN)
        if right:
            response.auth.operator_code = 1
            response.auth.operator_name = "Кассир TEST"

    def _put_ads(self, response: Any, request: Any, *, everything: bool) -> None:
        held = service.held_ads(request)
        if ads := service.ads_to_send(self.ads, held, everything=everything):
            service.write_ads(response.service, ads)
