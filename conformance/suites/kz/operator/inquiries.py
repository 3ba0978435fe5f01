"""AUTH, NOMENCLATURE, CANCEL_TICKET and the QR payment (kz-ofd §3.6 … §3.9)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import BUY, DISCOUNT, SELL_RETURN, line, modifier, paid, storno
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.repeat import once
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS
from reference.protocol.kz.envelope import enum_number

PRT = ("KZ-PRT-02",)
NOMENCLATURE, CANCEL, AUTH, GENERATE, STATUS = 4, 7, 8, 100, 101
BARCODE = "4870001000019"
ELEMENTS: list[dict[str, Any]] = [
    {"type": "GROUP", "title": "TEST Нан", "id": 1},
    {
        "type": "ITEM",
        "title": "TEST Нан ақ",
        "id": 2,
        "parent_group_id": 1,
        "item": {"barcode": BARCODE, "measure_unit_code": "796", "sell_price": {"bills": 420, "coins": 0}},
    },
    {"type": "ITEM", "title": "TEST Сүт", "id": 3, "item": {"barcode": "4870001000026"}},
]


# --- AUTH ---------------------------------------------------------------------------------------------------


@family(
    "kz.operator.auth.{key}",
    rows={
        f"{key}-{version}": (login, password, right, version)
        for version in VERSIONS
        for key, login, password, right in (
            ("right", "aigul", "Құпия-1", True),
            ("wrong-password", "aigul", "Құпия-2", False),
            ("unknown-login", "marat", "Құпия-1", False),
        )
    },
    target=KIND,
    clauses=["KZ-CM-8", "KZ-S-3.6", "KZ-RC-12"],
    requirements=PRT,
    needs=CONTROL,
    description="A cashier logs in: {key}.",
    expectation=lambda row: (
        "Code 0 with auth.result 0, code, name and roles."
        if row[2]
        else f"Code 0 with auth.result {12 if row[3] == 124 else 1} and nobody's name."
    ),
)
def auth(ctx: Context, row: tuple[str, str, bool, int]) -> None:
    """Wrong is nested; 12 is a value of the old general list."""
    login, password, right, version = row
    device = ctx.ofd.device(version)
    known = {"login": "aigul", "password": "Құпия-1", "code": 7, "name": "TEST Айгүл", "roles": [1, 3]}
    ctx.ofd.do("set-cashiers", device, cashiers=[known])
    message = device.request(AUTH)
    message.auth.login, message.auth.password = login, password
    before = device.token
    answer = device.accept(message, clause="KZ-CM-8")
    part = answer.message.auth
    wrong = 12 if version == 124 else 1
    ctx.check(0 if right else wrong, enum_number(part, "result"), "auth.result", clause="KZ-S-3.6")
    seen = (part.operator_code, part.operator_name, list(part.roles))
    ctx.check((7, "TEST Айгүл", [1, 3]) if right else (0, "", []), seen, "who it is", clause="KZ-S-3.6")
    ctx.check(before, answer.token, "TOKEN", clause="KZ-CM-8")
    device.sell()


@case(
    "kz.operator.auth.no-session",
    target=KIND,
    clauses=["KZ-S-3.6"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="After a wrong login a cashier of another number sells.",
    expectation="The ticket is accepted: no session is created, and no right is checked.",
)
def no_session(ctx: Context) -> None:
    """The call is optional."""
    device = ctx.ofd.device()
    message = device.request(AUTH)
    message.auth.login, message.auth.password = "nobody", "nothing"
    device.accept(message)
    device.sell()


# --- NOMENCLATURE -------------------------------------------------------------------------------------------


def _asked(device: Device, *, version: int | None = None, barcode: str = "") -> Answer:
    message = device.request(NOMENCLATURE)
    part = message.nomenclature
    part.SetInParent()
    if version is not None:
        part.current_version = version
    if barcode:
        part.barcode = barcode
    return device.ask(message)


def _result(answer: Answer) -> tuple[int, int | None, list[int]]:
    part = answer.message.nomenclature
    return answer.code, enum_number(part, "result"), [element.id for element in part.elements]


@family(
    "kz.operator.nomenclature.{key}",
    rows={
        f"{key}-{version}": (held, result, count, version)
        for version in VERSIONS
        for key, held, result, count in (("actual", 5, 1, 0), ("older", 4, 0, 3), ("nothing-loaded", 0, 0, 3))
    },
    target=KIND,
    clauses=["KZ-NO-01", "KZ-NO-02", "KZ-CM-4"],
    requirements=PRT,
    needs=CONTROL,
    description="Goods are published as version 5; a register asks with what it holds: {key}.",
    expectation=lambda row: f"The nested result {row[1]}, version 5 and {row[2]} elements.",
)
def nomenclature(ctx: Context, row: tuple[int, int, int, int]) -> None:
    """The whole current version, or nothing."""
    held, result, count, version = row
    device = ctx.ofd.device(version)
    ctx.ofd.do("set-nomenclature", device, version=5, elements=ELEMENTS)
    answer = _asked(device, version=held)
    wanted = (0, result, [1, 2, 3][:count])
    ctx.check(wanted, _result(answer), "code, nomenclature.result, elements", clause="KZ-NO-02")
    ctx.check(5, answer.message.nomenclature.version, "version", clause="KZ-NO-01")
    if count:
        element = answer.message.nomenclature.elements[1]
        seen = (element.title, element.item.sell_price.bills, element.parent_group_id)
        ctx.check(("TEST Нан ақ", 420, 1), seen, "title, price and group", clause="KZ-NO-02")


@case(
    "kz.operator.nomenclature.none",
    target=KIND,
    clauses=["KZ-NO-03"],
    requirements=PRT,
    needs=CONTROL,
    description="Nothing is published; a register asks with version 0, with 3, and by barcode.",
    expectation="The nested result 2 and no element.",
)
def no_nomenclature(ctx: Context) -> None:
    """NO_VERSION."""
    device = ctx.ofd.device()
    for asked in ({"version": 0}, {"version": 3}, {"barcode": BARCODE}):
        seen = _result(_asked(device, **asked))
        ctx.check((0, 2, []), seen, "code, nomenclature.result, elements", clause="KZ-NO-03")


@case(
    "kz.operator.nomenclature.barcode",
    target=KIND,
    clauses=["KZ-NO-04", "KZ-NO-05", "KZ-RC-18"],
    requirements=PRT,
    needs=CONTROL,
    description="2.0.3 and 2.0.4 registers ask for a barcode that is there and for one that is not.",
    expectation="That element, and nested 3. With the switch 2.0.3 gets code 18, and 2.0.4 nested 3.",
)
def by_barcode(ctx: Context) -> None:
    """2.0.3 declares both the nested and the top-level answer."""
    for version in (203, 204):
        device = ctx.ofd.device(version)
        ctx.ofd.do("set-nomenclature", device, version=5, elements=ELEMENTS)
        seen = _result(_asked(device, barcode=BARCODE))
        ctx.check((0, 0, [2]), seen, "code, nomenclature.result, elements", clause="KZ-NO-04")
        seen = _result(_asked(device, barcode="0000000000000"))
        ctx.check((0, 3, []), seen, "code, nomenclature.result, elements", clause="KZ-NO-05")
        ctx.ofd.switch(barcode_not_found="top")
        answer = _asked(device, barcode="0000000000000")
        ctx.check(18 if version == 203 else 0, answer.code, "code with the switch", clause="KZ-RC-18")
        ctx.ofd.switch(barcode_not_found="nested")


@case(
    "kz.operator.nomenclature.neither",
    target=KIND,
    clauses=["KZ-S-3.7", "KZ-RC-3"],
    requirements=PRT,
    description="NOMENCLATURE comes with neither version nor barcode.",
    expectation="Code 3.",
)
def neither(ctx: Context) -> None:
    """At least one of the two fields must be present."""
    device = ctx.ofd.device()
    ctx.check(3, _asked(device).code, "result code", clause="KZ-S-3.7")
    device.sell()


# --- CANCEL_TICKET ------------------------------------------------------------------------------------------


@family(
    "kz.operator.cancel.{key}",
    rows={
        f"{key}-{version}": (key, version)
        for version in (124, 202)
        for key in ("sell", "sell-return", "buy", "offline", "rich")
    },
    target=KIND,
    clauses=["KZ-CM-7", "KZ-S-3.8", "KZ-RC-10"],
    requirements=PRT,
    description="After a ticket and a SYSTEM and INFO the ticket is cancelled, then once more: {key}.",
    expectation="It is taken out of every counter but tickets_total_count; the second time code 10.",
)
def cancel(ctx: Context, row: tuple[str, int]) -> None:
    """Only SYSTEM and INFO may come between."""
    kind, version = row
    device = ctx.ofd.device(version)
    device.accept(device.deposit(1_000_000))
    device.sell(line(333))
    fields: dict[str, dict[str, Any]] = {
        "sell-return": {"operation": SELL_RETURN},
        "buy": {"operation": BUY},
        "offline": {"offline_number": 1001},
    }
    if kind == "rich":
        extra = line(100)
        device.sell(
            line(5_000, vat=16_000), modifier(DISCOUNT, 50), extra, storno(extra), payments=paid(card=4_950)
        )
    else:
        device.sell(line(), **fields.get(kind, {}))
    device.accept(0)
    device.accept(5)
    device.accept(CANCEL, clause="KZ-CM-7")
    device.compare()
    refused_without_a_trace_of_cancel(ctx, device)
    device.sell()
    device.close_shift()


def refused_without_a_trace_of_cancel(ctx: Context, device: Device) -> None:
    """CANCEL_TICKET gets 10, and the counters stay."""
    with device.unchanged():
        answer = device.refuse(10, CANCEL, clause="KZ-S-3.8")
    ctx.check(CANCEL, answer.command, "command of the refusal", clause="KZ-S-3.2")


@family(
    "kz.operator.cancel.too-late.{key}",
    rows={"deposit": "deposit", "close-shift": "close-shift", "report": "report", "nothing-sold": "nothing"},
    target=KIND,
    clauses=["KZ-S-3.8", "KZ-RC-10"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="Between a ticket and its cancelling something else has come: {key}.",
    expectation="Code 10, and nothing changes.",
)
def too_late(ctx: Context, between: str) -> None:
    """The last TICKET, if nothing but SYSTEM and INFO came after it."""
    device = ctx.ofd.device(202)
    if between != "nothing":
        device.sell()
    if between == "deposit":
        device.accept(device.deposit(100))
    elif between == "close-shift":
        device.close_shift()
    elif between == "report":
        device.compare()
    refused_without_a_trace_of_cancel(ctx, device)


@case(
    "kz.operator.cancel.repeat",
    target=KIND,
    clauses=["KZ-S-3.8", "KZ-TK-D1"],
    requirements=("KZ-PRT-02", "KZ-PRT-03"),
    description="The answer to CANCEL_TICKET is lost, and it comes again.",
    expectation="The stored answer; one ticket is cancelled, not the one before it too.",
)
def cancel_repeated(ctx: Context) -> None:
    """Two tickets, so that a second cancelling would be seen."""
    device = ctx.ofd.device(202)
    device.sell(line(100))
    device.sell(line(200))
    first = device.accept(CANCEL)
    for _ in range(2):
        ctx.check(first.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")
    once(ctx, device)


# --- the QR payment of 2.0.4 --------------------------------------------------------------------------------


def _qr(device: Device, command: int, invoice: int | None, amount: int | None = None) -> Any:
    message = device.request(command)
    message.qr.SetInParent()
    if invoice is not None:
        message.qr.invoice_id = invoice
    if amount is not None:
        message.qr.amount.bills, message.qr.amount.coins = divmod(amount, 100)
    return message


@case(
    "kz.operator.qr-payment.life",
    target=KIND,
    clauses=["KZ-S-3.9", "KZ-CM-100", "KZ-CM-101"],
    requirements=PRT,
    needs=CONTROL,
    description="A payment is made, made again, and moved from NEW over SCANNED and AUTH to PAID.",
    expectation="The same code each time, and the status of the moment; the token never changes.",
)
def qr_life(ctx: Context) -> None:
    """The same invoice again gives the same code."""
    device = ctx.ofd.device(204)
    before = device.token
    codes = set()
    for _ in range(2):
        answer = device.accept(_qr(device, GENERATE, 91, 42_000), clause="KZ-CM-100")
        codes.add(answer.message.qr.qr_code)
        ctx.check(0, enum_number(answer.message.qr, "status"), "status", clause="KZ-S-3.9")
    for status in (1, 3, 4):
        ctx.ofd.do("move-invoice", device, invoice_id=91, status=status)
        answer = device.accept(_qr(device, STATUS, 91), clause="KZ-CM-101")
        codes.add(answer.message.qr.qr_code)
        ctx.check(status, enum_number(answer.message.qr, "status"), "status", clause="KZ-S-3.9")
    ctx.check(1, len(codes), "different codes", clause="KZ-S-3.9")
    ctx.check(before, device.token, "TOKEN", clause="KZ-CM-100")


@case(
    "kz.operator.qr-payment.refused",
    target=KIND,
    clauses=["KZ-S-3.9", "KZ-RC-13"],
    level="stand-in",
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="GENERATE comes without amount, both without invoice, and GET_STATUS of an unknown one.",
    expectation="Code 13 each time.",
)
def qr_refused(ctx: Context) -> None:
    """Nothing is made by a refusal."""
    device = ctx.ofd.device(204)
    unknown = ctx.rng.getrandbits(62)
    for command, invoice, amount in (
        (GENERATE, unknown, None),
        (GENERATE, None, 100),
        (STATUS, None, None),
        (STATUS, unknown, None),
    ):
        device.refuse(13, _qr(device, command, invoice, amount), clause="KZ-S-3.9")


@case(
    "kz.operator.qr-payment.of-another",
    target=KIND,
    clauses=["KZ-S-3.9"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="Two registers make payments under the same invoice number.",
    expectation="Each has its own code and its own status.",
)
def qr_of_another(ctx: Context) -> None:
    """An invoice number is the register's."""
    one, other = ctx.ofd.devices(2, 204)
    codes = {device.accept(_qr(device, GENERATE, 5, 100)).message.qr.qr_code for device in (one, other)}
    ctx.check(2, len(codes), "different codes", clause="KZ-S-3.9")
    ctx.ofd.do("move-invoice", one, invoice_id=5, status=4)
    status = enum_number(other.accept(_qr(other, STATUS, 5)).message.qr, "status")
    ctx.check(0, status, "status of the other's", clause="KZ-S-3.9")
