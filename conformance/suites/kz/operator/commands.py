"""Every command in every version: served, refused with 5 or 4, and what its answer holds (kz-ofd §3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.steps import BORROWED, KIND, VERSIONS, Asked, documents_of
from reference.protocol.kz.documents import ReportAsk

ANSWER_PARTS = ("ticket", "report", "nomenclature", "service", "auth", "qr")
SYSTEM, TICKET, CLOSE_SHIFT, REPORT, NOMENCLATURE, INFO, MONEY, CANCEL, AUTH, OPEN = range(10)
QR_GENERATE, QR_STATUS, RESERVED = 100, 101, 127


@dataclass(frozen=True, slots=True)
class Row:
    """One command in one version. `parts` are those the answer must have."""

    command: int
    version: int
    code: int
    parts: tuple[str, ...] = ()
    rotates: bool = False


_PARTS = {
    TICKET: ("ticket",),
    CLOSE_SHIFT: ("report",),
    REPORT: ("report",),
    NOMENCLATURE: ("nomenclature",),
    INFO: ("report", "service"),
    AUTH: ("auth",),
    QR_GENERATE: ("qr",),
    QR_STATUS: ("qr",),
}
_DOCUMENTS = (TICKET, CLOSE_SHIFT, MONEY, CANCEL)
_NAMES = {
    SYSTEM: "system",
    TICKET: "ticket",
    CLOSE_SHIFT: "close-shift",
    REPORT: "report",
    NOMENCLATURE: "nomenclature",
    INFO: "info",
    MONEY: "money-placement",
    CANCEL: "cancel-ticket",
    AUTH: "auth",
    OPEN: "open-shift",
    10: "number-10",
    99: "number-99",
    QR_GENERATE: "qr-generate",
    QR_STATUS: "qr-status",
    126: "number-126",
    RESERVED: "reserved",
    128: "number-128",
    2_147_483_647: "largest-number",
}


def _code(command: int, version: int) -> int:
    if command in (QR_GENERATE, QR_STATUS):
        return 0 if version == 204 else 4
    if command == CANCEL:
        return 0 if version <= 202 else 5
    if command == RESERVED:
        return 5
    return 0 if command <= AUTH else 4


ROWS = {
    f"{name}-{version}": Row(
        command,
        version,
        _code(command, version),
        _PARTS.get(command, ()),
        command in _DOCUMENTS,
    )
    for version in (*VERSIONS, *BORROWED)
    for command, name in _NAMES.items()
    if version in VERSIONS or command in (TICKET, CLOSE_SHIFT, REPORT, MONEY, CANCEL, OPEN)
}


@family(
    "kz.operator.command.{key}",
    rows=ROWS,
    target=KIND,
    clauses=lambda row: [
        f"KZ-CM-{row.command}" if row.command in (*range(10), 100, 101, 127) else "KZ-FR-11",
        "KZ-S-3.1",
        "KZ-S-3.2",
        *(("KZ-FR-12", "KZ-RC-5") if row.code == 5 else ("KZ-RC-4",) if row.code == 4 else ()),
    ],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="A register sends a command in its version: {key}.",
    expectation=lambda row: f"Code {row.code}, its own command number, and the parts that belong to it.",
)
def command(ctx: Context, row: Row) -> None:
    """A number that nobody knows comes back as it went."""
    device = ctx.ofd.device(row.version)
    what = _request(device, row.command)
    if row.code:
        with device.unchanged():
            answer = device.refuse(row.code, what)
        _only(ctx, answer, ())
        return
    before = device.token
    answer = device.accept(what, clause=f"KZ-CM-{row.command}")
    _only(ctx, answer, row.parts)
    if not row.rotates:
        ctx.check(before, answer.token, "TOKEN of the answer", clause="KZ-TK-S1")
    if row.version != 204 or row.command not in (QR_GENERATE, QR_STATUS):
        device.compare()


def _only(ctx: Context, answer: Answer, wanted: tuple[str, ...]) -> None:
    """The parts of an answer: those wanted, and a service part where ads are new to the register."""
    known = answer.message.DESCRIPTOR.fields_by_name
    held = tuple(name for name in ANSWER_PARTS if name in known and answer.message.HasField(name))
    missing = [name for name in wanted if name not in held]
    ctx.check([], missing, "parts that the answer lacks", clause="KZ-S-3.1")
    more = [name for name in held if name not in wanted and name != "service"]
    ctx.check([], more, "parts of other commands", clause="KZ-S-3.1")


def _request(device: Device, number: int) -> Asked:
    documents = documents_of(device)
    if number == CLOSE_SHIFT or (number == CANCEL and device.version <= 202):
        device.sell()
    plain: dict[int, Asked] = {
        TICKET: documents["ticket"],
        CLOSE_SHIFT: documents["close-shift"],
        MONEY: documents["deposit"],
        REPORT: ReportAsk(1, device.time),
    }
    if number in plain:
        return plain[number]
    message = device.request(number)
    if number == NOMENCLATURE:
        message.nomenclature.current_version = 0
    elif number == AUTH:
        message.auth.login, message.auth.password = "kassir", "TEST"
    elif number in (QR_GENERATE, QR_STATUS) and device.version == 204:
        message.qr.invoice_id, message.qr.amount.bills, message.qr.amount.coins = 77, 100, 0
        if number == QR_STATUS:
            first = device.request(QR_GENERATE)
            first.qr.CopyFrom(message.qr)
            device.accept(first)
    return message
