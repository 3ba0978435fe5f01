"""Exactly once by number: repeats, conflicts, short and full, order and gaps (uz-fiscal OF-20 … OF-24)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.control_client import Json
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import (
    Parcel,
    confirmed,
    full,
    rejected,
    short,
    taken,
)
from reference.protocol.uz.receipt import Receipt, ReceiptType


def rows(ctx: Context, terminal: Terminal) -> list[Json]:
    """The ledger's rows of a module's receipts, by number."""
    return ctx.operator.ledger(terminal)


@case(
    "uz.operator.once.repeated",
    target="operator",
    clauses=["OF-20", "S-17.5"],
    requirements=["UZ-OFD-02"],
    needs=["test-keys"],
    description="The same receipt is sent five times, each time on a new connection.",
    expectation="Five genuine acknowledgements for its number.",
)
def repeated(ctx: Context) -> None:
    """Every retry is answered from what was stored."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    for _ in range(5):
        taken(ctx, terminal, full(issued))
    ctx.check(True, confirmed(ctx, issued), "the sign is known", clause="S-11.7")


@case(
    "uz.operator.once.stored-once",
    target="operator",
    clauses=["OF-20"],
    requirements=["UZ-OFD-02"],
    needs=["control", "test-keys"],
    description="Three receipts are sent in full and short, alone and together, again and again.",
    expectation="The ledger holds each of them once, with the sums that were signed.",
)
def stored_once(ctx: Context) -> None:
    """Sums are the judge's own."""
    terminal = ctx.operator.terminal()
    issued = [terminal.issue() for _ in range(3)]
    for each in issued:
        taken(ctx, terminal, full(each), full(each))
    taken(ctx, terminal, *(full(each) for each in reversed(issued)))
    taken(ctx, terminal, *(short(each) for each in issued), *(full(each) for each in issued))
    expected = [
        (each.seq, each.sign, each.receipt.received_cash, each.receipt.received_card, _vat(each))
        for each in issued
    ]
    held = [(row["number"], row["sign"], row["cash"], row["card"], row["vat"]) for row in rows(ctx, terminal)]
    ctx.check(expected, held, "number, sign, cash, card and VAT in the ledger", clause="OF-20")


def _vat(issued: Issued) -> int:
    return sum(item.vat for item in issued.receipt.items)


@case(
    "uz.operator.once.fresh-acknowledgement",
    target="operator",
    clauses=["OF-20", "S-17.5", "TM-01"],
    requirements=["UZ-OFD-02"],
    needs=["clock", "test-keys"],
    description="A receipt is sent again an hour after it was acknowledged.",
    expectation="The second acknowledgement bears the time of the second sending.",
)
def fresh_acknowledgement(ctx: Context) -> None:
    """The operator's time, in Tashkent, to the second."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    for _ in range(2):
        before = ctx.operator.now()
        said = taken(ctx, terminal, full(issued))[0].time
        after = ctx.operator.now()
        in_time = before <= said <= after
        ctx.check_that(in_time, f"between {before} and {after}", said, "time in the AckFile", clause="OF-20")
        ctx.clock.advance(timedelta(hours=1))


CONFLICTS: dict[str, Callable[[Receipt], Receipt]] = {
    "cash": lambda receipt: replace(receipt, received_cash=receipt.received_cash + 1),
    "card": lambda receipt: replace(receipt, received_card=receipt.received_card + 1),
    "time": lambda receipt: replace(receipt, time=receipt.time + timedelta(seconds=1)),
    "name-of-an-item": lambda receipt: replace(
        receipt, items=(replace(receipt.items[0], name="Xizmat"), *receipt.items[1:])
    ),
    "vat": lambda receipt: replace(
        receipt, items=(replace(receipt.items[0], vat=receipt.items[0].vat + 1), *receipt.items[1:])
    ),
    "item-fields-only": lambda receipt: replace(
        receipt, items=(replace(receipt.items[0], units=7), *receipt.items[1:])
    ),
    "type": lambda receipt: replace(receipt, type=ReceiptType.ADVANCE),
}
"""Other receipts that a module might have signed under the same number."""


@family(
    "uz.operator.once.conflict.{key}",
    rows=CONFLICTS,
    target="operator",
    clauses=["OF-21"],
    requirements=["UZ-OFD-01", "UZ-OFD-02"],
    needs=["test-keys"],
    description="A genuine receipt comes under a number that another one has, which differs in {key}.",
    expectation="Reject, in full and as short record; the first one is still acknowledged and still known.",
)
def conflict(ctx: Context, change: Callable[[Receipt], Receipt]) -> None:
    """Which of two receipts of one number came first is all the operator can know."""
    terminal = ctx.operator.terminal()
    first = terminal.issue()
    second = terminal.sign(change(first.receipt), first.seq)
    taken(ctx, terminal, full(first))
    rejected(ctx, terminal, second.full)
    rejected(ctx, terminal, second.short)
    taken(ctx, terminal, full(first), short(first))
    ctx.check(True, confirmed(ctx, first), "the first receipt's sign is known", clause="OF-21")


@case(
    "uz.operator.once.conflict-after-short",
    target="operator",
    clauses=["OF-21", "OF-24"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A short record is held, and a full receipt of another content comes under its number.",
    expectation="Reject; the full receipt that belongs to the record is taken afterwards.",
)
def conflict_after_short(ctx: Context) -> None:
    """The short record holds the hash of the body that may complete it."""
    terminal = ctx.operator.terminal()
    first = terminal.issue()
    second = terminal.sign(CONFLICTS["name-of-an-item"](first.receipt), first.seq)
    taken(ctx, terminal, short(first))
    rejected(ctx, terminal, second.full)
    rejected(ctx, terminal, second.short)
    taken(ctx, terminal, full(first))


@case(
    "uz.operator.once.same-number-of-two-modules",
    target="operator",
    clauses=["OF-20", "OF-21"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Two modules send their receipts number 1 to 3.",
    expectation="All six are acknowledged, each for its own module.",
)
def two_modules(ctx: Context) -> None:
    """Numbers belong to a module."""
    first, second = ctx.operator.terminal(), ctx.operator.terminal()
    for _ in range(3):
        taken(ctx, first, full(first.issue()))
        taken(ctx, second, full(second.issue()))


@case(
    "uz.operator.once.any-order",
    target="operator",
    clauses=["OF-22"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Twenty receipts arrive in an order that a die has chosen, some with gaps before them.",
    expectation="Every one is acknowledged when it comes.",
)
def any_order(ctx: Context) -> None:
    """An order is no reason to refuse."""
    terminal = ctx.operator.terminal()
    issued = [terminal.issue() for _ in range(20)]
    ctx.rng.shuffle(issued)
    while issued:
        count = ctx.rng.randrange(1, 6)
        batch, issued = issued[:count], issued[count:]
        taken(ctx, terminal, *(full(each) for each in batch))


@case(
    "uz.operator.once.gaps",
    target="operator",
    clauses=["OF-22"],
    requirements=["UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="Receipts 3, 4, 8 and 9 of a module arrive, then 1, 2 and 6.",
    expectation="The ledger shows the gaps 1–2 and 5–7, and then 5 and 7.",
)
def gaps(ctx: Context) -> None:
    """What is missing up to the highest number that has come."""
    terminal = ctx.operator.terminal()
    issued = {each.seq: each for each in (terminal.issue() for _ in range(9))}
    taken(ctx, terminal, *(full(issued[number]) for number in (3, 4, 8, 9)))
    ctx.check([(1, 2), (5, 7)], _gaps(ctx, terminal), "gaps in the ledger", clause="OF-22")
    taken(ctx, terminal, *(full(issued[number]) for number in (6, 1, 2)))
    ctx.check([(5, 5), (7, 7)], _gaps(ctx, terminal), "gaps in the ledger", clause="OF-22")


def _gaps(ctx: Context, terminal: Terminal) -> list[tuple[int, int]]:
    found = ctx.control.do("receipts", terminal=terminal.id)["gaps"]
    return [(gap["first"], gap["last"]) for gap in found]


@case(
    "uz.operator.once.great-numbers",
    target="operator",
    clauses=["OF-22", "S-17.3"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A module's numbers jump to 29999, to a thousand millions and to sixteen nines.",
    expectation="Every one is acknowledged for its own number, and its sign is known.",
)
def great_numbers(ctx: Context) -> None:
    """A module that has lived before it met this operator."""
    terminal = ctx.operator.terminal()
    for number in (29_999, 1_000_000_000, 9_999_999_999_999_999):
        issued = terminal.issue(seq=number)
        taken(ctx, terminal, full(issued))
        ctx.check(True, confirmed(ctx, issued), f"the sign of {number} is known", clause="S-11.7")


@family(
    "uz.operator.once.short-and-full.{key}",
    rows={"short-first": (short, full), "full-first": (full, short)},
    target="operator",
    clauses=["OF-24"],
    requirements=["UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="A receipt comes in full and as short record: {key}.",
    expectation="Both are acknowledged, and the ledger holds it once with its items.",
)
def short_and_full(
    ctx: Context, forms: tuple[Callable[[Issued], Parcel], Callable[[Issued], Parcel]]
) -> None:
    """The body in the ledger is the receipt in clear, as the module hashed it."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    for form in forms:
        taken(ctx, terminal, form(issued))
    held = [(row["number"], row["body"]) for row in rows(ctx, terminal)]
    ctx.check([(issued.seq, issued.tlv.hex())], held, "number and body in the ledger", clause="OF-24")


@case(
    "uz.operator.once.short-only",
    target="operator",
    clauses=["OF-24", "S-11.7"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Only the short record of a receipt has come.",
    expectation="It is acknowledged, and its sign is known.",
)
def short_only(ctx: Context) -> None:
    """All four values of a query stand in the short record."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    taken(ctx, terminal, short(issued))
    ctx.check(True, confirmed(ctx, issued), "the sign is known", clause="S-11.7")


@case(
    "uz.operator.once.known-at-once",
    target="operator",
    clauses=["OF-25", "S-11.7"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Right after a receipt's acknowledgement its sign is asked for, eight times over.",
    expectation="It is known each time: what is acknowledged is stored.",
)
def known_at_once(ctx: Context) -> None:
    """An operator that stores later than it answers is caught here without killing it."""
    terminal = ctx.operator.terminal()
    for _ in range(8):
        issued = terminal.issue()
        taken(ctx, terminal, full(issued))
        ctx.check(True, confirmed(ctx, issued), "the sign is known", clause="OF-25")
