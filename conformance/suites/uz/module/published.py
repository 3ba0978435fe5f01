"""Published values: receipt vectors, and check values of the test keys (uz-fiscal §17, §18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND
from conformance.suites.uz.module.books import OK, fresh, other_terminal
from conformance.vectors import uz_vectors
from reference.protocol.uz import apdu


@dataclass(frozen=True, slots=True)
class Sign:
    """A published fiscal sign: terminal, receipt number, the twelve digits."""

    terminal: str
    seq: int
    sign: str


SIGNS = {
    "first": Sign("ZZ000000000000", 1, "271368829008"),
    "second": Sign("ZZ000000000000", 2, "263237644884"),
    "leading-zero": Sign("ZZ000000000000", 22, "049567970396"),
    "last-of-twelve-digits": Sign("ZZ000000000000", 999_999_999_999, "014027640392"),
    "other-terminal": Sign("ZZ000000000001", 1, "628688974170"),
}
CIPHER_KEY_1 = bytes.fromhex("9a8876c02b2254b8c4908ee31694f0ece5717cd3c6f835c4142b6f5e3af1bd8f")
CASH, CARD, VAT, TIME = slice(32, 40), slice(40, 48), slice(48, 56), slice(56, 64)


@family(
    "uz.module.vectors.sign.{key}",
    rows=SIGNS,
    target="module",
    clauses=["S-17.3", "TY-04"],
    requirements=["UZ-DEV-02"],
    needs=["fresh-module"],
    description=lambda row: f"Terminal {row.terminal} registers its receipt number {row.seq}.",
    expectation=lambda row: f"Fiscal sign {row.sign}.",
)
def sign(ctx: Context, row: Sign) -> None:
    """The number is preset to the one before."""
    counters = {"receipt_seq": row.seq - 1}
    with other_terminal(ctx):
        ctx.module.fresh(terminal=row.terminal, counters=counters, start_locked=False)
        ctx.check(OK, ctx.module.open().sw, "open")
        sold = ctx.module.sell()
    ctx.check((row.seq, row.sign), (sold.seq, sold.sign.fiscal_sign), "number and sign", clause="S-17.3")


@case(
    "uz.module.vectors.cipher-key",
    target="module",
    clauses=["S-17.4"],
    requirements=["UZ-DEV-01"],
    needs=["fresh-module"],
    description="Terminal ZZ000000000000 registers its first receipt.",
    expectation="The published cipher key of number 1.",
)
def cipher_key(ctx: Context) -> None:
    """The check value of the test keys."""
    with other_terminal(ctx):
        ctx.module.fresh(terminal="ZZ000000000000", start_locked=False)
        ctx.check(OK, ctx.module.open().sw, "open")
        ctx.check(CIPHER_KEY_1, ctx.module.sell().sign.cipher_key, "cipher key of number 1")


@family(
    "uz.module.vectors.receipt.{key}",
    rows={str(each["id"]).lower(): each for each in uz_vectors()["receipts"]},
    target="module",
    clauses=["S-18", "S-8.5", "S-5.5"],
    requirements=["UZ-DEV-01"],
    needs=["fresh-module"],
    description=lambda row: (
        f"The published total block {row['id']} ({row['description']}) is registered as it stands."
    ),
    expectation="It is taken, and its hash, sums, time, kinds, items and EXTRA are read back byte for byte.",
)
def receipt(ctx: Context, row: dict[str, Any]) -> None:
    """The block's own bytes against those of the object, past every codec of ours."""
    published = row["receipt"]
    time = datetime.fromisoformat(published["Time"])
    before = time - 10 * SECOND
    vat = sum(item["VAT"] for item in published["Items"])
    cash, card = published["ReceivedCash"], published["ReceivedCard"]
    counters = {"cash_sale": cash, "card_sale": card, "vat_sale": vat} if published["Operation"] else {}
    fresh(ctx, "open", last_operation=str(before), counters=counters)
    raw = bytes.fromhex(row["total_block_hex"])
    ctx.check(bytes.fromhex(row["hash_hex"]), raw[:32], "hash in the published block", clause="S-18")
    answer = ctx.module.register(raw)
    ctx.check(OK, answer.sw, "status word", clause="S-18")
    shown = ctx.module.demand(apdu.get_receipt_info(0)).data
    for name, tag, part in (
        ("time", 0x03, raw[TIME]),
        ("cash", 0x07, raw[CASH]),
        ("card", 0x08, raw[CARD]),
        ("VAT", 0x09, raw[VAT]),
        ("type", 0x05, raw[64:65]),
        ("operation", 0x06, raw[65:66]),
        ("items", 0x0A, raw[66:68]),
        ("EXTRA", 0x0E, raw[68:]),
        ("hash", 0x0F, raw[:32]),
    ):
        element = bytes((tag, len(part))) + part if part else b""
        ctx.check_that(
            element in shown, f"{element.hex()} in it", shown, f"{name} in the receipt", clause="S-5.5"
        )
    books = (cash, card, vat)
    shift = ctx.module.shift()
    side = "refund" if published["Operation"] else "sale"
    sums = tuple(getattr(account, side) for account in (shift.cash, shift.card, shift.vat))
    ctx.check(books, sums, f"{side}s of the shift", clause="ZR-06")
