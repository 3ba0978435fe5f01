"""What travels in a request, as plain values: documents and the asking of reports (kz-ofd §0.2, §11).

`from_message` turns a parsed Request into one of them, `to_message` makes the Request again. Sums are tiyn,
times naive local time; a field the message lacks is None, for the checks of §10.4 to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from reference.protocol.kz.dialects import Command, Dialect
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.money import read_time, set_time, time_figures
from reference.protocol.kz.report_codec import read_report, write_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.ticket_codec import read_operator, read_sum, read_ticket
from reference.protocol.kz.ticket_writer import write_operator, write_sum, write_ticket
from reference.protocol.kz.tickets import NOBODY, Operator, Ticket

FIRST_YEAR: Final = 2013
"""No document is older (kz-ofd T08), and no offline period that begins earlier counts (kz-ofd OQ-9)."""


@dataclass(frozen=True, slots=True)
class MoneyPlacement:
    """Cash put into the drawer or taken out; `operation` is a PlacementKind."""

    operation: int | None
    time: datetime | None
    sum: int | None
    is_offline: bool = False
    operator: Operator = NOBODY
    shift_number: int | None = None
    printed_number: int | None = None
    bad_time: str = ""
    bad_money: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseShift:
    """The end of a shift; `report` is the register's own Z."""

    time: datetime | None
    withdraw_money: bool = False
    is_offline: bool = False
    operator: Operator = NOBODY
    shift_number: int | None = None
    printed_number: int | None = None
    report: ReportData | None = None
    bad_time: str = ""


@dataclass(frozen=True, slots=True)
class ReportAsk:
    """A REPORT request; `kind` is a ReportKind, `report` the register's own."""

    kind: int | None
    time: datetime | None
    is_offline: bool = False
    report: ReportData | None = None
    bad_time: str = ""


Document = Ticket | MoneyPlacement | CloseShift | ReportAsk

COMMAND_OF: Final[dict[type, Command]] = {
    Ticket: Command.TICKET,
    MoneyPlacement: Command.MONEY_PLACEMENT,
    CloseShift: Command.CLOSE_SHIFT,
    ReportAsk: Command.REPORT,
}


class OfflinePeriod(NamedTuple):
    """When a register was offline, as figures of year … second: clients write any garbage here (SV-02)."""

    begin: tuple[int, int, int, int, int, int]
    end: tuple[int, int, int, int, int, int]


def from_message(dialect: Dialect, request: Any, command: int | None = None) -> Document | None:
    """Return what a Request carries for its command, None if there is no such part (kz-ofd FR-13)."""
    code = request.command if command is None else command
    if code == Command.TICKET:
        return read_ticket(dialect, request.ticket) if request.HasField("ticket") else None
    if code == Command.MONEY_PLACEMENT and request.HasField("money_placement"):
        return _read_placement(dialect, request.money_placement)
    if code == Command.CLOSE_SHIFT and request.HasField("close_shift"):
        return _read_close(dialect, request.close_shift)
    if code == Command.REPORT and request.HasField("report"):
        return _read_ask(dialect, request.report)
    return None


def to_message(dialect: Dialect, document: Document) -> Any:
    """Return a Request with the document's command and part; the service part is the caller's."""
    request = dialect.messages.Request(command=COMMAND_OF[type(document)])
    if isinstance(document, Ticket):
        write_ticket(dialect, request.ticket, document)
    elif isinstance(document, MoneyPlacement):
        _write_placement(dialect, request.money_placement, document)
    elif isinstance(document, CloseShift):
        _write_close(dialect, request.close_shift, document)
    else:
        _write_ask(dialect, request.report, document)
    return request


def offline_period(request: Any) -> OfflinePeriod | None:
    """Return the service part's offline period, None without one."""
    if not (request.HasField("service") and request.service.HasField("offline_period")):
        return None
    period = request.service.offline_period
    return OfflinePeriod(time_figures(period.begin_time), time_figures(period.end_time))


def is_resent(document: Document | None, period: OfflinePeriod | None) -> bool:
    """Whether a message was made offline and comes now (kz-ofd OQ-9): by its own mark, or by its period.

    A period counts if it ends later than it begins and begins in 2013 or later.
    """
    if document is not None and document.is_offline:
        return True
    return period is not None and period.end > period.begin and period.begin[0] >= FIRST_YEAR


def _read_placement(dialect: Dialect, message: Any) -> MoneyPlacement:
    has = message.HasField
    bad: list[str] = []
    when = dialect.placement_time_field
    time, bad_time = read_time(getattr(message, when)) if has(when) else (None, "")
    total = read_sum(message, "sum", bad)
    later = dialect.tables >= 202
    numbered = later and has("printed_document_number")
    return MoneyPlacement(
        operation=message.operation if has("operation") else None,
        time=time,
        sum=total,
        is_offline=message.is_offline,
        operator=read_operator(message) if later else NOBODY,
        shift_number=message.fr_shift_number if has("fr_shift_number") else None,
        printed_number=message.printed_document_number if numbered else None,
        bad_time=bad_time,
        bad_money=tuple(bad),
    )


def _write_placement(dialect: Dialect, message: Any, document: MoneyPlacement) -> None:
    message.SetInParent()
    if document.time is not None:
        set_time(getattr(message, dialect.placement_time_field), document.time)
    if document.operation is not None:
        set_enum_number(message, "operation", document.operation)
    write_sum(message, "sum", document.sum)
    _write_marks(message, document)
    if dialect.tables >= 202:
        _write_later(message, document)


def _read_close(dialect: Dialect, message: Any) -> CloseShift:
    has = message.HasField
    time, bad_time = read_time(message.close_time) if has("close_time") else (None, "")
    later = dialect.tables >= 202
    numbered = later and has("printed_document_number")
    return CloseShift(
        time=time,
        withdraw_money=message.withdraw_money,
        is_offline=message.is_offline,
        operator=read_operator(message) if later else NOBODY,
        shift_number=message.fr_shift_number if has("fr_shift_number") else None,
        printed_number=message.printed_document_number if numbered else None,
        report=read_report(dialect, message.z_report) if later and has("z_report") else None,
        bad_time=bad_time,
    )


def _write_close(dialect: Dialect, message: Any, document: CloseShift) -> None:
    message.SetInParent()
    if document.time is not None:
        set_time(message.close_time, document.time)
    _write_marks(message, document)
    if document.withdraw_money:
        message.withdraw_money = True
    if dialect.tables >= 202:
        if document.report is not None:
            write_report(dialect, message.z_report, document.report)
        _write_later(message, document)


def _read_ask(dialect: Dialect, message: Any) -> ReportAsk:
    has = message.HasField
    time, bad_time = read_time(message.date_time) if has("date_time") else (None, "")
    carried = dialect.tables >= 202 and has("zx_report")
    return ReportAsk(
        kind=message.report if has("report") else None,
        time=time,
        is_offline=message.is_offline,
        report=read_report(dialect, message.zx_report) if carried else None,
        bad_time=bad_time,
    )


def _write_ask(dialect: Dialect, message: Any, document: ReportAsk) -> None:
    message.SetInParent()
    if document.kind is not None:
        set_enum_number(message, "report", document.kind)
    if document.time is not None:
        set_time(message.date_time, document.time)
    if document.is_offline:
        message.is_offline = True
    if document.report is not None and dialect.tables >= 202:
        write_report(dialect, message.zx_report, document.report)


def _write_marks(message: Any, document: MoneyPlacement | CloseShift) -> None:
    if document.is_offline:
        message.is_offline = True
    if document.shift_number is not None:
        message.fr_shift_number = document.shift_number


def _write_later(message: Any, document: MoneyPlacement | CloseShift) -> None:
    if document.printed_number is not None:
        message.printed_document_number = document.printed_number
    write_operator(message, document.operator)
