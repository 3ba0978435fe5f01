"""Checks of a request that need more than the document: registration, place, parent, twin, state
(kz-ofd §3.5, §4.5, §8.2, §10.3, §15.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ofd_mock.kz.booking import MOST_NUMBER
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Device, Received, Surroundings
from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.dialects import DOCUMENTS, Command
from reference.protocol.kz.documents import CloseShift, Document
from reference.protocol.kz.kinds import RETURNS
from reference.protocol.kz.money import money_text
from reference.protocol.kz.results import ResultCode, Texts
from reference.protocol.kz.service import has_geo_position, read_reg_info, registration_differences
from reference.protocol.kz.switches import Mode
from reference.protocol.kz.tickets import Ticket
from reference.protocol.kz.validation import Finding, Severity

FISCAL: Final = DOCUMENTS | {Command.REPORT.value}
_PLACED: Final = frozenset({Command.TICKET, Command.CLOSE_SHIFT, Command.REPORT, Command.MONEY_PLACEMENT})
_GEO_SINCE: Final = 204

_TEXTS: Final = {
    "SV-01": Texts(
        "регистрационные данные отличаются",
        "тіркеу деректері сәйкес келмейді",
        "registration data differ",
    ),
    "SV-07": Texts("нет координат кассы", "касса координаттары жоқ", "the geo position is missing"),
    "10.3": Texts(
        "исходный чек не подходит к возврату",
        "бастапқы чек қайтаруға сәйкес келмейді",
        "the parent ticket does not fit the return",
    ),
    "8.2": Texts("смена не открыта", "ауысым ашылмаған", "no shift is open"),
    "4.5": Texts("такой чек уже есть", "мұндай чек бар", "an equal ticket is there already"),
}


def state_refusal(device: Device, version: int, settings: KzSettings) -> ResultCode | None:
    """The code a device's state answers with, None if it is served (kz-ofd §15.5)."""
    if device.state is DeviceState.REG_NO_TARIFF:
        return ResultCode(settings.no_tariff_code_204 if version >= _GEO_SINCE else settings.no_tariff_code)
    return STATES[device.state].answer(version)


def is_known(device: Device | None) -> bool:
    """Whether the operator serves the ID at all: a device before its registration is unknown (§15.5)."""
    return device is not None and STATES[device.state].refusal is not ResultCode.UNKNOWN_ID


def conditions(
    received: Received, device: Device, document: Document | None, settings: KzSettings, around: Surroundings
) -> Iterator[Finding]:
    """Everything these checks find, each by its switch."""
    if received.command not in FISCAL:
        return
    if settings.reg_info_check is not Mode.OFF:
        yield from _registration(received, device, settings.reg_info_check)
    if settings.geo_check is not Mode.OFF and received.header.version >= _GEO_SINCE:
        yield from _place(received, settings.geo_check)
    if isinstance(document, Ticket):
        if settings.parent_check is not Mode.OFF:
            yield from _parent(document, settings.parent_check, around)
        yield from _twin(document, device, around)
    shut = isinstance(document, CloseShift) and device.counters.shift is None
    if shut and settings.close_without_shift == "refuse":
        yield _finding("8.2", "close_shift", Mode.ON)


def _registration(received: Received, device: Device, mode: Mode) -> Iterator[Finding]:
    request = received.message
    if not (request.HasField("service") and request.service.HasField("reg_info")):
        return
    theirs = read_reg_info(received.dialect, request.service.reg_info)
    for name, (our, their) in registration_differences(device.profile.registration, theirs).items():
        yield _finding("SV-01", f"service.reg_info.{name}", mode, f"{their!r} ≠ {our!r}")


def _place(received: Received, mode: Mode) -> Iterator[Finding]:
    if received.command in _PLACED and not has_geo_position(received.message):
        yield _finding("SV-07", "service.security_stats.geo_position", mode)


def _parent(ticket: Ticket, mode: Mode, around: Surroundings) -> Iterator[Finding]:
    """A return of a ticket that should be ours; one of another operator cannot be looked up."""
    parent = ticket.parent
    if ticket.operation not in RETURNS or parent is None or not around.has_register(parent.rnm):
        return
    found = around.parent(parent.rnm, parent.number)
    if found is None:
        yield _finding("10.3", "parent_ticket", mode, f"{parent.number} of {parent.rnm} is not here")
        return
    back = found.returned + (ticket.total or 0)
    if back > found.total:
        yield _finding(
            "10.3", "amounts.total", mode, f"{money_text(back)} of {money_text(found.total)} given back"
        )


def _twin(ticket: Ticket, device: Device, around: Surroundings) -> Iterator[Finding]:
    total, number = ticket.total, ticket.printed_number
    if ticket.time is None or total is None or number is None or not device.documents:
        return
    if max(total, number) <= MOST_NUMBER and around.is_twin(device.id, ticket.time, total, number):
        yield _finding("4.5", "printed_document_number", Mode.WARN, str(number))


def _finding(id: str, field: str, mode: Mode, detail: str = "") -> Finding:
    severity = Severity.REFUSE if mode is Mode.ON else Severity.WARN
    clause = f"kz-ofd {'§' if id[0].isdigit() else ''}{id}"
    return Finding(id, ResultCode.INCORRECT_REQUEST_DATA, field, severity, _TEXTS[id], detail, clause)
