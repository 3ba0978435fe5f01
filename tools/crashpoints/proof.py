"""What must be true of a shop after every step, however it was cut: the same receipts, each once, in every
book, and the same sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ofd_mock.uz import tables
from reference.drive.records import FileState
from reference.drive.schema import receipt_files, register_log, zreport_files
from reference.pos.order import Order
from reference.protocol.uz.total_block import TotalBlock
from tools.crashpoints.shop import Shop


class Unproven(Exception):  # noqa: N818 - a finding
    """A book does not say what it must; the text names both sides."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Tiyin sold and given back, and how many receipts that were."""

    receipts: int = 0
    cash_sale: int = 0
    cash_refund: int = 0
    card_sale: int = 0
    card_refund: int = 0
    vat_sale: int = 0
    vat_refund: int = 0


def books_agree(shop: Shop, orders: Sequence[Order], refunds: int, *, closed: bool, delivered: bool) -> None:
    """Raise Unproven unless till, drive and module know exactly these orders (and so many refunds), and the
    operator nothing else; `delivered`: it knows them all."""
    if shop.witness.faults:
        raise Unproven("; ".join(shop.witness.faults))
    answers = _till_answers(shop, orders, refunds)
    sums = _till_sums(shop, answers)
    numbers = sorted(int(answer["ReceiptSeq"]) for answer in answers.values())
    _same("receipt numbers of the till", numbers, list(range(1, sums.receipts + 1)))
    _same("paper that guests hold", shop.witness.paper, answers)
    signs = {int(answer["ReceiptSeq"]): str(answer["FiscalSign"]) for answer in answers.values()}
    _same("different signs", len(set(signs.values())), len(signs))
    _module(shop, sums, closed=closed)
    _drive(shop, sums, signs, delivered=delivered)
    _operator(shop, sums, signs, closed=closed, delivered=delivered)


def recovered(shop: Shop) -> None:
    """Raise Unproven unless a drive that has just been started knows every receipt that the module holds,
    though no till has come back yet (uz-fiscal G2-S-20)."""
    held = {receipt.number for receipt in shop.module.slot.module.state.held()}
    with shop.drive.core.stage.receipts.database.reading() as connection:
        known = set(connection.execute(sa.select(receipt_files.c.receipt_seq)).scalars())
    _same("receipts the module holds and the drive does not know after its start", held - known, set())


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Unproven(f"{what}: {found!r}, not {expected!r}")


def _till_answers(shop: Shop, orders: Sequence[Order], refunds: int) -> dict[str, dict[str, Any]]:
    book = shop.till.book
    _same("orders in the till's book", len(book), len(orders) + refunds)
    _same("orders without an answer", [sale.order.id for sale in book.pending()], [])
    sales = [book.sale(order.id) for order in orders]
    sales += [refund for order in orders for refund in book.refunds_of(order.id)]
    _same("refused orders", [sale.order.id for sale in sales if sale.refusal is not None], [])
    return {sale.order.id: sale.answer for sale in sales if sale.answer is not None}


def _till_sums(shop: Shop, answers: dict[str, dict[str, Any]]) -> Sums:
    rows = []
    for order_id in answers:
        order = shop.till.book.sale(order_id).order
        vat = sum(line.vat for line in order.lines)
        rows.append((order.refund_of is not None, order.payment.cash, order.payment.card, vat))
    return _summed(rows)


def _summed(rows: Sequence[tuple[bool, int, int, int]]) -> Sums:
    def total(place: int, back: bool) -> int:
        return sum(row[place] for row in rows if row[0] == back)

    return Sums(
        len(rows),
        total(1, False),
        total(1, True),
        total(2, False),
        total(2, True),
        total(3, False),
        total(3, True),
    )


def _module(shop: Shop, sums: Sums, *, closed: bool) -> None:
    state = shop.module.slot.module.state
    _same("last receipt number of the module", state.sequence, sums.receipts)
    _same("shifts of the module", len(state.zreports), 1)
    z = state.zreports[0]
    _same("whether the shift is closed", z.close_time is not None, closed)
    for name, of in (("module", state), ("shift", z)):
        found = Sums(
            state.sequence if of is state else z.sales + z.refunds,
            of.cash.sale,
            of.cash.refund,
            of.card.sale,
            of.card.refund,
            of.vat.sale,
            of.vat.refund,
        )
        _same(f"sums of the {name}", found, sums)


def _drive(shop: Shop, sums: Sums, signs: dict[int, str], *, delivered: bool) -> None:
    database = shop.drive.core.stage.receipts.database
    with database.reading() as connection:
        log = connection.execute(
            sa.select(
                register_log.c.receipt_seq, register_log.c.fiscal_sign, register_log.c.total_block
            ).where(register_log.c.receipt_seq.is_not(None))
        ).all()
        states = connection.execute(sa.select(receipt_files.c.receipt_seq, receipt_files.c.state))
        files = {int(number): int(state) for number, state in states}
        zreports = connection.execute(sa.select(zreport_files.c.state)).scalars().all()
    _same("registrations of the drive", sorted((row[0], row[1]) for row in log), sorted(signs.items()))
    blocks = [TotalBlock.decode(row[2]) for row in log]
    rows = [(block.operation == 1, block.cash, block.card, block.vat) for block in blocks]
    _same("sums of the drive", _summed(rows), sums)
    _same("files of the drive", sorted(files), sorted(signs))
    held = {receipt.number for receipt in shop.module.slot.module.state.held()}
    lost = held & {number for number, state in files.items() if state == FileState.ACKNOWLEDGED}
    _same("acknowledged at the drive and held by the module", lost, set())
    final = {FileState(state) for state in files.values()} & {FileState.REJECTED, FileState.ERROR}
    _same("files that were refused", final, set())
    if delivered:
        ends = {FileState(state) for state in [*files.values(), *zreports]}
        _same("states of files", ends, {FileState.ACKNOWLEDGED})
        _same("receipts the module still holds", held, set())


def _operator(shop: Shop, sums: Sums, signs: dict[int, str], *, closed: bool, delivered: bool) -> None:
    table, shifts = tables.receipts, tables.zreports
    columns = table.c
    with shop.operator.ledger.reading() as connection:
        found = connection.execute(
            sa.select(
                columns.number,
                columns.sign,
                columns.operation,
                columns.cash,
                columns.card,
                columns.vat,
                columns.body.is_not(None),
            )
        ).all()
        zreports = connection.execute(sa.select(shifts)).mappings().all()
    entered = sorted((row[0], row[1]) for row in found)
    known = [
        (number, sign) for number, sign in sorted(signs.items()) if any(number == row[0] for row in found)
    ]
    _same("receipts at the operator", entered, sorted(signs.items()) if delivered else known)
    _same("short records at the operator", [row[0] for row in found if not row[6]], [])
    held = {receipt.number for receipt in shop.module.slot.module.state.held()}
    missing = set(signs) - held - {row[0] for row in found}
    _same("receipts the module let go of and the operator lacks", missing, set())
    if delivered:
        rows = [(row[2] == 1, row[3], row[4], row[5]) for row in found]
        _same("sums of the operator", _summed(rows), sums)
    _same("shifts at the operator", len(zreports), int(closed and delivered))
    for z in zreports:
        said = Sums(
            z["sales"] + z["refunds"],
            z["cash_sale"],
            z["cash_refund"],
            z["card_sale"],
            z["card_refund"],
            z["vat_sale"],
            z["vat_refund"],
        )
        _same("sums of the shift at the operator", said, sums)
