"""Sums and counters, and what happens when they are full (uz-fiscal FM-R, ZR-06, ZR-10, UZ-SHF)."""

from __future__ import annotations

import pytest

from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.objects import Account
from reference.protocol.uz.values import MAX_BCD
from tests.simulator.card import SECOND, Card

SW = StatusWord


def test_sales_and_refunds_cash_card_and_vat_are_kept_apart():
    card = Card()
    card.open()
    card.sell(1000, 200, 30)
    card.sell(500, 0, 5)
    card.refund(700, 100, 9)
    z = card.z()
    assert (z.sales, z.refunds, z.first_receipt, z.last_receipt) == (2, 1, 1, 3)
    assert (z.cash, z.card, z.vat) == (Account(1500, 700), Account(200, 100), Account(35, 9))
    memory = card.memory()
    assert (memory.cash, memory.card, memory.vat) == (z.cash, z.card, z.vat)


def test_totals_of_a_z_start_anew_and_lifetime_sums_do_not():
    card = Card()
    card.open()
    card.sell(1000, 200, 30)
    card.close()
    card.open()
    assert (card.z().cash, card.z().first_receipt, card.z().last_receipt) == (Account(0, 0), 0, 0)
    card.refund(1000, 200, 30)
    assert card.z().cash == Account(0, 1000)
    assert card.memory().cash == Account(1000, 1000)
    closed = card.z(1)
    assert closed.cash == Account(1000, 0)
    assert closed.close_time is not None


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"z_cash": 2999}, SW.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT),
        ({"z_card": 1999}, SW.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT),
        ({"z_vat": 199}, SW.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT),
        ({"sale_cash": 2999}, SW.CASH_ACCUMULATOR_OVERFLOW),
        ({"sale_card": 1999}, SW.CARD_ACCUMULATOR_OVERFLOW),
        ({"vat": 199}, SW.VAT_ACCUMULATOR_OVERFLOW),
    ],
)
def test_full_on_the_sale_side_one_tiyin_too_much(limits, word):
    card = Card(limits=limits)
    card.open()
    card.sell(1500, 1000, 100)
    card.sell(1500, 1000, 100, expected=word)
    name, most = next(iter(limits.items()))
    exact = Card(limits={name: most + 1})
    exact.open()
    exact.sell(1500, 1000, 100)
    exact.sell(1500, 1000, 100)


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"z_cash": 2999}, SW.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT),
        ({"z_card": 1999}, SW.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT),
        ({"z_vat": 199}, SW.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT),
        ({"vat": 199}, SW.VAT_ACCUMULATOR_OVERFLOW),
        ({"refund": 2999}, SW.CASH_CARD_ACCUMULATOR_OVERFLOW),
    ],
)
def test_full_on_the_refund_side(limits, word):
    sold = {"cash_sale": 10**6, "card_sale": 10**6, "vat_sale": 10**6}
    card = Card(limits=limits, counters=sold)
    card.open()
    card.refund(1500, 1000, 100)
    card.refund(1500, 1000, 100, expected=word)
    name, most = next(iter(limits.items()))
    exact = Card(limits={name: most + 1}, counters=sold)
    exact.open()
    exact.refund(1500, 1000, 100)
    exact.refund(1500, 1000, 100)


def test_card_refunds_fill_their_accumulator_too():
    card = Card(limits={"refund": 1999}, counters={"card_sale": 10**6, "card_refund": 1000})
    card.open()
    card.refund(0, 1000, expected=SW.CASH_CARD_ACCUMULATOR_OVERFLOW)
    card.refund(0, 999)


def test_sale_accumulators_do_not_stop_refunds_and_the_other_way_round():
    card = Card(limits={"sale_cash": 1000, "refund": 0})
    card.open()
    card.sell(1000)
    card.refund(1, expected=SW.CASH_CARD_ACCUMULATOR_OVERFLOW)
    other = Card(limits={"sale_cash": 1000, "sale_card": 0})
    other.open()
    other.sell(1000)
    other.refund(1000)


def test_the_largest_sums_fit_exactly():
    card = Card()
    card.open()
    card.sell(MAX_BCD, MAX_BCD, MAX_BCD)
    assert card.memory().cash == Account(MAX_BCD, 0)
    card.sell(1, 0, 0, expected=SW.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT)
    card.close()
    card.open()
    card.sell(1, 0, 0, expected=SW.CASH_ACCUMULATOR_OVERFLOW)
    card.sell(0, 1, 0, expected=SW.CARD_ACCUMULATOR_OVERFLOW)
    card.sell(0, 0, 1, expected=SW.VAT_ACCUMULATOR_OVERFLOW)
    card.refund(MAX_BCD, MAX_BCD, MAX_BCD)
    card.refund(1, expected=SW.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT)


def test_operations_of_one_z():
    card = Card(limits={"z_operations": 3})
    card.open()
    card.sell()
    card.refund()
    card.sell(type=1)
    card.sell(expected=SW.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT)
    card.close()
    card.open()
    card.sell()


def test_the_real_limit_of_operations_is_29_999():
    card = Card(blocks=32767)
    card.open()
    z = card.state.zreports[-1]
    z.sales, z.refunds = 20_000, 9_998
    card.sell()
    card.sell(expected=SW.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT)


def test_receipt_numbers_end():
    card = Card(counters={"receipt_seq": MAX_BCD - 1})
    card.open()
    assert card.sell().receipt_seq == MAX_BCD
    card.sell(expected=SW.RECIPT_SEQ_MAX_VALUE_REACHED)


@pytest.mark.parametrize(
    ("cash", "card_", "vat", "word"),
    [
        (1001, 0, 0, SW.NOT_ENOUGH_SUM_FOR_REFUND),
        (0, 501, 0, SW.NOT_ENOUGH_SUM_FOR_REFUND),
        (1400, 100, 0, SW.NOT_ENOUGH_SUM_FOR_REFUND),  # together it would be enough
        (0, 0, 61, SW.NOT_ENOUGH_VAT_FOR_REFUND),
        (1000, 500, 60, SW.NO_ERROR),
    ],
)
def test_no_more_is_refunded_than_was_sold(cash, card_, vat, word):
    card = Card()
    card.open()
    card.sell(1000, 500, 60)
    card.refund(cash, card_, vat, expected=word)


def test_a_refund_counts_against_sales_of_the_lifetime():
    card = Card()
    card.open()
    card.sell(1000)
    card.close()
    card.open()
    card.refund(600)
    card.refund(401, expected=SW.NOT_ENOUGH_SUM_FOR_REFUND)
    card.refund(400)
    assert card.z().refunds == 2


def test_advance_and_credit_count_unless_told_otherwise():
    card = Card()
    card.open()
    card.sell(1000, type=1)
    card.refund(400, type=2)
    assert (card.z().sales, card.z().refunds, card.z().cash) == (1, 1, Account(1000, 400))


def test_advance_and_credit_left_out_by_setting():
    card = Card(
        count_advance_credit=False,
        limits={
            "z_operations": 1,
            "z_cash": 10,
            "sale_cash": 10,
            "z_card": 10,
            "sale_card": 10,
            "vat": 5,
            "z_vat": 5,
        },
    )
    card.open()
    card.sell(10**6, 10**6, 10**6, type=1)
    card.refund(10**6, 10**6, 10**6, type=2)
    z, memory = card.z(), card.memory()
    assert (z.sales, z.refunds, z.cash, memory.cash) == (0, 0, Account(0, 0), Account(0, 0))
    assert (z.first_receipt, z.last_receipt, memory.receipts_count) == (1, 2, 2)
    card.close(expected=SW.CANNOT_CLOSE_EMPTY_ZREPORT)
    card.sell(10, 10, 5)
    card.sell(1, expected=SW.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT)
    card.sell(1, type=1)


def test_counters_preset_by_settings_are_where_it_starts():
    card = Card(
        counters={
            "receipt_seq": 41, "cash_sale": 7, "cash_refund": 1, "card_sale": 8, "card_refund": 2,
            "vat_sale": 9, "vat_refund": 3,
        }
    )  # fmt: skip
    memory = card.memory()
    assert (memory.receipt_seq, memory.cash, memory.card, memory.vat) == (
        41, Account(7, 1), Account(8, 2), Account(9, 3),
    )  # fmt: skip
    card.open()
    assert card.sell().receipt_seq == 42


def test_limits_come_in_the_order_of_the_table():
    """With every limit exceeded at once, each raised in turn gives way to the next word."""
    limits = {
        "receipt_seq": 0, "z_operations": 0, "z_cash": 0, "z_card": 0, "z_vat": 0, "sale_cash": 0,
        "sale_card": 0, "vat": 0,
    }  # fmt: skip
    words = (
        SW.RECIPT_SEQ_MAX_VALUE_REACHED, SW.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT,
        SW.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT, SW.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT,
        SW.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT, SW.CASH_ACCUMULATOR_OVERFLOW,
        SW.CARD_ACCUMULATOR_OVERFLOW, SW.VAT_ACCUMULATOR_OVERFLOW,
    )  # fmt: skip
    for name, word in zip(list(limits), words, strict=True):
        card = Card(blocks=2, limits=limits)
        card.open()
        card.sell(1, 1, 1, expected=word)
        limits[name] = 29_999
    card = Card(blocks=2, limits=limits)
    card.open()
    card.sell(1, 1, 1)
    card.sell(1, 1, 1, expected=SW.RECEIPTS_MEMORY_FULL)


def test_refund_checks_come_in_the_order_of_the_table():
    card = Card(blocks=2, limits={"refund": 0})
    card.open()
    card.refund(1, 1, 1, expected=SW.CASH_CARD_ACCUMULATOR_OVERFLOW)
    card = Card(blocks=2)
    card.open()
    card.refund(1, 1, 1, expected=SW.NOT_ENOUGH_SUM_FOR_REFUND)
    card.refund(0, 0, 1, expected=SW.NOT_ENOUGH_VAT_FOR_REFUND)
    card.sell(5, 5, 5)
    card.refund(1, 1, 1, expected=SW.RECEIPTS_MEMORY_FULL)
    assert card.memory().last_operation == card.now
    assert card.now == card.z().open_time + SECOND
