"""Answers in the dialect of the request: result, reports, service part (kz-ofd §3.3, §3.5, §9.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Device, ReportEntry
from reference.protocol.kz import service
from reference.protocol.kz.counters import build_report, empty_report
from reference.protocol.kz.dialects import Dialect, dialect_for
from reference.protocol.kz.documents import ReportAsk
from reference.protocol.kz.envelope import new_response, set_enum_number
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.report_codec import read_report, write_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.results import result_text

KEEPING: Final = 203
"""The version whose ZXReport keeps a device's last Z, whatever it speaks."""


def accepted_response(dialect: Dialect, settings: KzSettings) -> Any:
    """A Response with code 0, its text by the switch `result_text_on_ok`."""
    text = result_text(0, dialect.version) if settings.result_text_on_ok == "present" else None
    return new_response(dialect, 0, text)


def put_service(dialect: Dialect, response: Any, device: Device, request: Any, *, info: bool = False) -> None:
    """Add what a good answer carries in its service part (kz-ofd §3.5); `info`: all that INFO tells."""
    profile, asked = device.profile, request.service
    put_ads(response, device, request, everything=info)
    if info or asked.get_reg_info:
        service.write_reg_info(dialect, response.service.reg_info, profile.registration)
    if asked.get_binded_taxation and profile.taxation is not None:
        taxation = response.service.binded_taxation
        service.write_taxation(dialect, taxation, profile.taxation.kind, profile.taxation.taxes)
    if info and device.last_document is not None:
        last = device.last_document
        service.write_last_document(dialect, response.service, last.shift_number, last.printed_number)


def put_ads(response: Any, device: Device, request: Any, *, everything: bool = False) -> None:
    """Add the ads that the register does not hold yet; a blocked one gets them too (kz-ofd §6.4)."""
    held = service.held_ads(request)
    if ads := service.ads_to_send(device.profile.ads, held, everything=everything):
        service.write_ads(response.service, ads)


def put_report(
    dialect: Dialect, response: Any, kind: int, report: ReportData, *, empty: bool = False
) -> None:
    """Write the report part; an `empty` report of a device without a Z has no checksum."""
    set_enum_number(response.report, "report", kind)
    write_report(dialect, response.report.zx_report, report, checksum=not empty)


def put_asked_report(
    dialect: Dialect, response: Any, device: Device, kind: int, time: datetime, settings: KzSettings
) -> None:
    """Write the report of a REPORT answer (kz-ofd RP-01…03)."""
    if kind == ReportKind.X:
        put_report(
            dialect, response, kind, build_report(device.counters, ReportKind.X, time, settings.zero_rows)
        )
    elif device.last_z is None:
        put_report(dialect, response, kind, empty_report(time, 0), empty=True)
    else:
        put_report(dialect, response, kind, kept_report(device.last_z))


def asked_report_entry(
    device: Device, document: object, now: datetime, settings: KzSettings
) -> ReportEntry | None:
    """What the ledger keeps of an X report that was asked for (KZ-ARC-02); None for everything else."""
    if not isinstance(document, ReportAsk) or document.kind != ReportKind.X:
        return None
    time = document.time or now
    report = build_report(device.counters, ReportKind.X, time, settings.zero_rows)
    return ReportEntry(device.documents, report.shift_number, now, time, keep_report(report))


def put_info_report(
    dialect: Dialect, response: Any, device: Device, now: datetime, settings: KzSettings
) -> None:
    """Write the report of an INFO answer (kz-ofd IN-01, IN-02, TP-6)."""
    if device.counters.shift is not None:
        put_asked_report(dialect, response, device, ReportKind.X, now, settings)
    elif device.last_z is None:
        number = settings.fresh_info_shift_number
        put_report(dialect, response, ReportKind.Z, empty_report(now, number), empty=True)
    else:
        put_report(dialect, response, ReportKind.Z, kept_report(device.last_z))


def keep_report(report: ReportData) -> bytes:
    """A Z as the ledger keeps it."""
    dialect = _keeper()
    message = dialect.messages.ZXReport()
    write_report(dialect, message, report)
    return bytes(message.SerializeToString())


def kept_report(data: bytes) -> ReportData:
    """The Z that `keep_report` wrote."""
    dialect = _keeper()
    return read_report(dialect, dialect.messages.ZXReport.FromString(data))


def _keeper() -> Dialect:
    dialect = dialect_for(KEEPING)
    assert dialect is not None
    return dialect
