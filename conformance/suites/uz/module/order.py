"""Two faults at once: which check answers (uz-fiscal §5.3). The order is our own decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.module import SECOND, TWO_DAYS
from conformance.suites.uz.module.books import begin, fresh, refused
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Both:
    """A command that two checks would refuse, made on a module brought there, and the word of the first."""

    make: Callable[[Context], Command]
    word: StatusWord


def _open_again_in_the_past(ctx: Context) -> Command:
    begin(ctx)
    return apdu.zreport_open(ctx.module.last_operation)


def _sell_without_shift_too_far(ctx: Context) -> Command:
    begin(ctx, "fresh").sell()
    ctx.module.close_shift()
    time = ctx.module.next_time() + TWO_DAYS
    return apdu.receipt_register(ctx.module.block(time=time).encode())


def _far_ahead_of_an_old_receipt(ctx: Context) -> Command:
    books = begin(ctx, "fresh")
    books.sell()
    return apdu.zreport_close(books.ledger.last_operation + TWO_DAYS + SECOND)


def _close_empty_in_the_past(ctx: Context) -> Command:
    begin(ctx, "fresh")
    return apdu.zreport_close(ctx.module.last_operation)


def _refund_too_much_while_blocked(ctx: Context) -> Command:
    books = begin(ctx, "fresh")
    books.sell()
    oldest = books.ledger.last_operation
    books.sell(time=oldest + 40 * HOUR)
    block = ctx.module.block(operation=1, cash=9 * 10**15, time=oldest + 49 * HOUR)
    return apdu.receipt_register(block.encode())


def _full_shift_and_cash(ctx: Context) -> Command:
    fresh(ctx, "open", limits={"z_operations": 1, "z_cash": 100})
    ctx.module.sell(cash=100)
    return apdu.receipt_register(ctx.module.block(cash=1).encode())


def _shift_and_lifetime_cash(ctx: Context) -> Command:
    fresh(ctx, "open", limits={"z_cash": 100, "sale_cash": 100})
    ctx.module.sell(cash=100)
    return apdu.receipt_register(ctx.module.block(cash=1).encode())


def _too_much_cash_and_vat_back(ctx: Context) -> Command:
    fresh(ctx, "open")
    return apdu.receipt_register(ctx.module.block(operation=1, cash=1, vat=1).encode())


def _too_much_back_in_full_memory(ctx: Context) -> Command:
    books = fresh(ctx, "open", blocks=3)
    books.sell(cash=10)
    books.sell(cash=10)
    return apdu.receipt_register(ctx.module.block(operation=1, cash=21).encode())


NEEDING_A_NEW_MODULE = (
    _too_much_cash_and_vat_back,
    _too_much_back_in_full_memory,
    _full_shift_and_cash,
    _shift_and_lifetime_cash,
)


@family(
    "uz.module.order.{key}",
    rows={
        "open-shift-before-time": Both(_open_again_in_the_past, StatusWord.ZREPORT_IS_NOT_CLOSED),
        "closed-shift-before-time": Both(_sell_without_shift_too_far, StatusWord.ZREPORT_IS_NOT_OPENED),
        "far-ahead-before-unsent": Both(_far_ahead_of_an_old_receipt, StatusWord.DATETIME_SYNC_WITH_SERVER),
        "time-before-empty-shift": Both(_close_empty_in_the_past, StatusWord.DATETIME_IS_IN_THE_PAST),
        "unsent-before-sums": Both(_refund_too_much_while_blocked, StatusWord.SEND_ALL_RECEIPTS_FIRST),
        "refunded-sum-before-vat": Both(_too_much_cash_and_vat_back, StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
        "refund-before-memory": Both(_too_much_back_in_full_memory, StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
        "count-before-cash": Both(_full_shift_and_cash, StatusWord.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT),
        "shift-before-lifetime": Both(
            _shift_and_lifetime_cash, StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT
        ),
    },
    target="module",
    clauses=["UNK-07"],
    requirements=["UZ-DEV-07"],
    needs=lambda row: ["fresh-module"] if row.make in NEEDING_A_NEW_MODULE else ["test-keys"],
    description="A command that two checks would refuse: {key}.",
    expectation=lambda row: f"The word of the first check, {row.word:04X}; nothing has changed.",
)
def order(ctx: Context, row: Both) -> None:
    """One cause at a time is the rule of every other case; here there are two on purpose."""
    refused(ctx, row.make(ctx), row.word)
