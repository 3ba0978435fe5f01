"""Printed documents out of packets and answers (kz-ofd §13.1–§13.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference.kkm.memory import Memory, Packet, registration_of
from reference.kkm.records import known_dialect
from reference.kkm.requests import packet_document
from reference.kkm.settings import RegisterSettings
from reference.kkm.values import CASHIER, Delivery, PrintedDocument
from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.kinds import Operation, PlacementKind
from reference.protocol.kz.report_codec import read_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.signs import qr_address
from reference.protocol.kz.tickets import Operator, Ticket


@dataclass(frozen=True, slots=True)
class Sign:
    """What proves a document: the sign, its QR address, and whether the register gave it itself."""

    text: str = ""
    qr: str = ""
    offline_number: int | None = None


NO_SIGN = Sign()


class Printer:
    """Makes the printed documents of one register."""

    def __init__(self, settings: RegisterSettings) -> None:
        self._settings = settings

    def online_sign(self, memory: Memory, packet: Packet, response: Any) -> Sign:
        """Return the operator's sign of a ticket; other documents have none."""
        document = packet_document(packet)
        if not isinstance(document, Ticket) or not response.HasField("ticket"):
            return NO_SIGN
        sign = response.ticket.ticket_number
        address = response.ticket.qr_code.decode("ascii", "replace")
        return Sign(sign, address or self._address(memory, sign, document))

    def autonomous_sign(self, memory: Memory, packet: Packet, number: int) -> Sign:
        """Return the sign that the register gives a ticket itself."""
        document = packet_document(packet)
        if not isinstance(document, Ticket):
            return NO_SIGN
        return Sign(str(number), self._address(memory, str(number), document), number)

    def printed(
        self,
        memory: Memory,
        packet: Packet,
        sign: Sign,
        *,
        delivery: Delivery,
        report: ReportData | None = None,
        recovered: bool = False,
    ) -> PrintedDocument:
        """Return a packet's document as printed; `memory` is that before its sums are booked.

        `report` takes the place of the register's own in a Z or X.
        """
        document = packet_document(packet)
        operation, total, operator, ticket = "", 0, CASHIER, None
        if isinstance(document, Ticket):
            operation, total = Operation(document.operation or 0).name, document.total or 0
            operator, ticket = document.operator, document
        elif isinstance(document, MoneyPlacement):
            operation, total = PlacementKind(document.operation or 0).name, document.sum or 0
            operator = document.operator
        elif isinstance(document, CloseShift):
            operator = document.operator
        return PrintedDocument(
            number=packet.number,
            kind=packet.kind,
            time=packet.time,
            shift=memory.counters.shift_number,
            operation=operation,
            total=total,
            sign=sign.text,
            autonomous=delivery is Delivery.WAITING,
            offline_number=sign.offline_number,
            qr=sign.qr,
            operator=_named(operator),
            ticket=ticket,
            report=report or packet.report,
            delivery=delivery,
            recovered=recovered,
            text="" if packet.refers is None else f"Отменён чек № {packet.refers}",
        )

    def _address(self, memory: Memory, sign: str, ticket: Ticket) -> str:
        rnm = registration_of(memory, self._settings).rnm
        if ticket.time is None:
            return ""
        return qr_address(self._settings.check_url, sign, rnm, ticket.total or 0, ticket.time)


def answered_report(version: int, response: Any) -> ReportData | None:
    """Return the report of an answer, None without one."""
    if not (response.HasField("report") and response.report.HasField("zx_report")):
        return None
    return read_report(known_dialect(version), response.report.zx_report)


def _named(operator: Operator) -> Operator:
    """1.2.4 keeps no operator with money and closings."""
    return CASHIER if operator.code is None else operator
