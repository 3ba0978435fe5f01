"""Mistakes with receipts and Z-reports: numbers, signs, sums, blocks, and when they are safe."""

from __future__ import annotations

from dataclasses import replace

from reference.protocol.uz.total_block import TotalBlock
from simulator import changes, effects
from simulator.check import Check, Question, altered
from simulator.defects.defect import defect
from simulator.defects.time import ask_no_more
from simulator.effects import Count, Effect, registering
from simulator.memory import MemoryPool
from simulator.request import PURCHASE, Request
from simulator.rulebook import RuleBook, settle
from simulator.sealing import Decision
from simulator.state import State, Sums, ZReport


def _with_effect(book: RuleBook, kind: type, effect: Effect) -> RuleBook:
    return replace(book, effects={**book.effects, kind: effect})


def _registering(book: RuleBook, question: Question, clause: str) -> RuleBook:
    rows = altered(book.checks["RECEIPT_REGISTER"], clause, question)
    return replace(book, checks={**book.checks, "RECEIPT_REGISTER": rows})


# --- numbers and signs ------------------------------------------------------------------------------------


@defect("UZ-DEV-02")
def sign_reused_after_power_cut(book: RuleBook) -> RuleBook:
    """Gives the first receipt after power-up the sign of the one before."""

    def stale(request: Request, number: int) -> str | None:
        first_of_session = request.session.registered == 0 and number > 1
        return book.sign_for(request, number - 1 if first_of_session else number)

    return replace(book, sign_for=stale)


@defect("FM-R-11")
def sign_for_advance(book: RuleBook) -> RuleBook:
    """Signs advance and credit receipts."""

    def sign(request: Request, number: int) -> str | None:
        return request.keys.fiscal_sign(number)

    return replace(book, sign_for=sign)


@defect("ZR-07")
def numbers_restart_per_z(book: RuleBook) -> RuleBook:
    """Starts receipt numbers at 1 in each Z-report."""
    opened, registered = book.effects[changes.Opened], book.effects[changes.Registered]

    def restart(state: State, change: changes.Opened) -> None:
        opened(state, change)
        state.sequence = 0

    def overwrite(state: State, change: changes.Registered) -> None:
        if change.number in state.receipts:  # the newer receipt takes the place of its namesake
            state.pool.release(state.let_go(change.number).place)
        registered(state, change)

    return _with_effect(_with_effect(book, changes.Opened, restart), changes.Registered, overwrite)


@defect("UZ-DEV-08")
def number_spent_on_refusal(book: RuleBook) -> RuleBook:
    """Spends a receipt number on a refused registration."""

    def spend(command: str, request: Request, refused: Check | None) -> tuple[Decision, ...]:
        if command == "RECEIPT_REGISTER" and refused is not None and refused.step > 5:
            request.state.sequence += 1
        return settle(command, request, refused)

    return replace(book, settle=spend)


@defect("FM-C-02")
def number_spent_when_locked(book: RuleBook) -> RuleBook:
    """Spends a receipt number on a registration while locked."""

    def spend(command: str, request: Request, refused: Check | None) -> tuple[Decision, ...]:
        if command == "RECEIPT_REGISTER" and refused is not None and refused.clause == "FM-C-02":
            request.state.sequence += 1
        return settle(command, request, refused)

    return replace(book, settle=spend)


@defect("FM-R-01")
def repeat_not_recognised(book: RuleBook) -> RuleBook:
    """Treats the same registration again as a new one."""
    return ask_no_more(book, "FM-R-01")


# --- sums -------------------------------------------------------------------------------------------------


def _counting(book: RuleBook, count: Count) -> RuleBook:
    return _with_effect(book, changes.Registered, registering(count))


@defect("UZ-SHF-03")
def refund_counted_as_sale(book: RuleBook) -> RuleBook:
    """Adds refunds to the sale side."""

    def count(state: State, z: ZReport, block: TotalBlock) -> None:
        effects.count_operation(state, z, replace(block, operation=0))

    return _counting(book, count)


@defect("UZ-SHF-03")
def vat_not_accumulated(book: RuleBook) -> RuleBook:
    """Leaves VAT out of the lifetime accumulators."""

    def count(state: State, z: ZReport, block: TotalBlock) -> None:
        before = Sums(state.vat.sale, state.vat.refund)
        effects.count_operation(state, z, block)
        state.vat = before

    return _counting(book, count)


@defect("FM-R-08")
def refund_checked_in_z(book: RuleBook) -> RuleBook:
    """Allows refunds only up to the sales of this Z-report."""

    def exceeds(request: Request) -> bool:
        z, block = request.state.zreports[-1], request.block
        over = z.cash.refund + block.cash > z.cash.sale or z.card.refund + block.card > z.card.sale
        return request.refund and request.counted and over

    return _registering(book, exceeds, "FM-R-08")


@defect("FM-R-08")
def refund_pooled(book: RuleBook) -> RuleBook:
    """Checks a refund against cash and card sales together."""

    def exceeds(request: Request) -> bool:
        cash, card, block = request.state.cash, request.state.card, request.block
        refunds = cash.refund + card.refund + block.cash + block.card
        return request.refund and request.counted and refunds > cash.sale + card.sale

    return _registering(book, exceeds, "FM-R-08")


@defect("FM-R-08")
def refund_unlimited(book: RuleBook) -> RuleBook:
    """Refunds more than was ever sold."""
    return ask_no_more(book, "FM-R-08")


@defect("ZR-06")
def z_totals_carried_over(book: RuleBook) -> RuleBook:
    """Starts a Z-report with the totals of the one before."""
    opened = book.effects[changes.Opened]

    def carry(state: State, change: changes.Opened) -> None:
        last = state.current_z
        opened(state, change)
        if last is not None:
            z = state.zreports[-1]
            z.cash = Sums(last.cash.sale, last.cash.refund)
            z.card = Sums(last.card.sale, last.card.refund)
            z.vat = Sums(last.vat.sale, last.vat.refund)

    return _with_effect(book, changes.Opened, carry)


# --- what is taken ----------------------------------------------------------------------------------------


@defect("FM-C-06")
def unknown_type_accepted(book: RuleBook) -> RuleBook:
    """Registers receipt types above 02."""

    def never(request: Request) -> bool:
        request.counted = request.block.type == PURCHASE or request.state.settings.count_advance_credit
        return False

    return _registering(book, never, "FM-C-06")


@defect("FM-C-08")
def no_items_accepted(book: RuleBook) -> RuleBook:
    """Registers a receipt without items."""
    return _registering(book, lambda request: request.block.items_count > 32767, "FM-C-08")


@defect("FM-Z-02")
def closed_z_takes_receipts(book: RuleBook) -> RuleBook:
    """Registers into the last Z-report although it is closed."""
    return _registering(book, lambda request: not request.state.zreports, "FM-Z-02")


@defect("FM-Z-01")
def second_open_accepted(book: RuleBook) -> RuleBook:
    """Opens a Z-report while one is open."""
    return ask_no_more(book, "FM-Z-01")


@defect("FM-Z-04")
def empty_z_closes(book: RuleBook) -> RuleBook:
    """Closes a Z-report without any operation."""
    return ask_no_more(book, "FM-Z-04")


@defect("MEM-03")
def freed_blocks_not_reused(book: RuleBook) -> RuleBook:
    """Never puts a receipt into an acknowledged block."""
    rows = altered(
        book.checks["RECEIPT_REGISTER"],
        "FM-R-10",
        lambda request: request.state.pool.unused_block() is None,
    )
    checks = {**book.checks, "RECEIPT_REGISTER": rows}
    return replace(book, checks=checks, receipt_block=MemoryPool.unused_block)


@defect("FM-S-08")
def answer_before_commit(book: RuleBook) -> RuleBook:
    """Answers before the flash has the change, and loses the last one with the power."""
    return replace(book, write_behind=True)
