"""What cases of a Kazakh operator have in common: versions, commands, connections that must close, findings.

Documents and registers are in `conformance.drivers.kz_device` and `kz_goods`; what a refusal must be is
`Device.refuse`, what must not count is `Device.unchanged`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conformance.context import Context
from conformance.control_client import Json
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_operator import Answer
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.documents import Document, ReportAsk
from reference.protocol.kz.tickets import Ticket

KIND: Final = "operator-kz"
VERSIONS: Final = (124, 202, 203, 204)
BORROWED: Final = (125, 200, 201)
CONTROL: Final = ("control",)

Asked = Document | int | Any
Made = Callable[[Device], Asked]
"""A document or command, made for a register."""


def closes(ctx: Context, *pieces: bytes, clause: str, finish: bool = False) -> None:
    """The operator answers the pieces with nothing but the end of the connection."""
    answer = ctx.ofd.exchange(*pieces, finish=finish)
    ctx.check(b"", answer, "bytes before the connection is closed", clause=clause)


def serves(device: Device) -> None:
    """The operator still serves the register: SYSTEM is answered 0."""
    device.accept(int(Command.SYSTEM), clause="KZ-S-2.3")


def refused_without_a_trace(ctx: Context, device: Device, code: int, what: Asked, **request: Any) -> Answer:
    """A refusal that books nothing and after which the same register goes on (TK-D5)."""
    with device.unchanged():
        answer = device.refuse(code, what, **request)
    if ctx.can("control") and device.identity.new:
        held = len(ctx.ofd.documents(device))
        ctx.check(len(device.books.entries), held, "documents in the ledger", clause="KZ-TK-D5")
    return answer


def found(ctx: Context, device: Device) -> list[str]:
    """Ids of the checks that have found something against a register, each once, oldest first."""
    return list(dict.fromkeys(str(row["check_id"]) for row in rows_found(ctx, device)))


def rows_found(ctx: Context, device: Device) -> list[Json]:
    """The findings against a register."""
    return ctx.ofd.findings(device)


def named(ctx: Context, device: Device, id: str, field: str = "") -> None:
    """There is a finding of this check, about this field if one is given (needs `control`)."""
    rows = [(row["check_id"], row["field"]) for row in rows_found(ctx, device)]
    held = any(row[0] == id and (not field or field in row[1]) for row in rows)
    ctx.check_that(held, f"a finding {id} {field}".rstrip(), rows, "findings against the register")


def no_findings(ctx: Context, device: Device) -> None:
    """Nothing has been found against the register (needs `control`)."""
    ctx.check([], found(ctx, device), "findings against the register")


def documents_of(device: Device) -> dict[str, Document | int]:
    """One good document of each kind; CANCEL_TICKET cancels a ticket that has just been sold."""
    return {
        "ticket": device.ticket(),
        "deposit": device.deposit(700_000),
        "close-shift": device.closing(),
        "cancel-ticket": int(Command.CANCEL_TICKET),
    }


def wrong_total(device: Device) -> Ticket:
    """A ticket whose total is a tenge more than its line (T13, T18): code 13."""
    good = device.ticket(goods.line())
    return device.ticket(
        goods.line(), total=(good.total or 0) + 100, payments=goods.paid(cash=goods.LOAF + 100)
    )


def ask_x(device: Device) -> ReportAsk:
    """REPORT of the present X."""
    return ReportAsk(1, device.time)
