"""The checks of ZREPORT_OPEN, ZREPORT_CLOSE and RECEIPT_REGISTER, in their order (uz-fiscal §5.3).

The tables stand at the end; above them the questions, in the order of the steps.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.values import MAX_SHORT, decode_time
from simulator.check import POS_GATE, Check, length_check
from simulator.memory import ZBlock
from simulator.request import LAST_TYPE, PURCHASE, REFUND, Request, read_block

TWO_DAYS: Final = timedelta(seconds=172_800)


# --- step 1 to 4: the data itself, and who may speak -----------------------------------------------------


def _is_locked(request: Request) -> bool:
    return request.state.locked


def _lacks_pos_authentication(request: Request) -> bool:
    return request.state.pos_secret is not None and not request.session.pos_authenticated


def _reads_no_time(request: Request) -> bool:
    try:
        request.time = decode_time(request.data)
    except CodecError:
        return True
    return False


def _reads_no_receipt_time(request: Request) -> bool:
    return _reads_not(request, "uz-fiscal FM-C-04")


def _reads_no_sums(request: Request) -> bool:
    return _reads_not(request, "uz-fiscal FM-C-05")


def _reads_not(request: Request, clause: str) -> bool:
    try:
        request.block = block = read_block(request.data)
    except CodecError as error:
        return error.clause == clause
    request.time = block.time
    return False


def _is_no_type(request: Request) -> bool:
    type_ = request.block.type
    request.counted = type_ == PURCHASE or request.state.settings.count_advance_credit
    return type_ > LAST_TYPE


def _is_no_operation(request: Request) -> bool:
    operation = request.block.operation
    request.refund = operation == REFUND
    return operation > REFUND


def _counts_no_items(request: Request) -> bool:
    return not 0 < request.block.items_count <= MAX_SHORT


# --- step 5 and 6: known already, and the state of the Z-report ------------------------------------------


def _is_held_already(request: Request) -> bool:
    known = request.state.held_with(request.data)
    if known is None:
        return False
    request.receipt = known
    return True


def _has_open_z(request: Request) -> bool:
    return request.state.open_z is not None


def _has_no_open_z(request: Request) -> bool:
    return request.state.open_z is None


def _has_no_z(request: Request) -> bool:
    return not request.state.zreports


# --- step 7 to 9: time ------------------------------------------------------------------------------------


def _is_not_later(request: Request) -> bool:
    return request.time <= request.state.last_operation


def _is_far_ahead(request: Request) -> bool:
    return request.time - request.state.last_operation > TWO_DAYS


def _has_old_receipts(request: Request) -> bool:
    oldest = request.state.first_unacknowledged
    return oldest is not None and request.time - oldest > TWO_DAYS


# --- step 10: room for it ---------------------------------------------------------------------------------


def _is_empty(request: Request) -> bool:
    z = request.state.zreports[-1]
    return not z.sales and not z.refunds


def _is_out_of_z_blocks(request: Request) -> bool:
    return request.state.pool.z_block() is ZBlock.EXHAUSTED


def _has_receipts_in_the_way(request: Request) -> bool:
    return request.state.pool.z_block() is ZBlock.UNSENT


def _is_out_of_numbers(request: Request) -> bool:
    return request.state.sequence >= request.state.settings.limits.receipt_seq


def _fills_z_count(request: Request) -> bool:
    z = request.state.zreports[-1]
    return request.counted and z.sales + z.refunds >= request.state.settings.limits.z_operations


def _fills_z_cash(request: Request) -> bool:
    sums = request.state.zreports[-1].cash
    side = sums.refund if request.refund else sums.sale
    return request.counted and side + request.block.cash > request.state.settings.limits.z_cash


def _fills_z_card(request: Request) -> bool:
    sums = request.state.zreports[-1].card
    side = sums.refund if request.refund else sums.sale
    return request.counted and side + request.block.card > request.state.settings.limits.z_card


def _fills_z_vat(request: Request) -> bool:
    sums = request.state.zreports[-1].vat
    side = sums.refund if request.refund else sums.sale
    return request.counted and side + request.block.vat > request.state.settings.limits.z_vat


def _fills_cash(request: Request) -> bool:
    if request.refund or not request.counted:
        return False
    state = request.state
    return state.cash.sale + request.block.cash > state.settings.limits.sale_cash


def _fills_card(request: Request) -> bool:
    if request.refund or not request.counted:
        return False
    state = request.state
    return state.card.sale + request.block.card > state.settings.limits.sale_card


def _fills_vat(request: Request) -> bool:
    sums = request.state.vat
    side = sums.refund if request.refund else sums.sale
    return request.counted and side + request.block.vat > request.state.settings.limits.vat


def _fills_refunds(request: Request) -> bool:
    if not request.refund or not request.counted:
        return False
    state = request.state
    most = max(state.cash.refund + request.block.cash, state.card.refund + request.block.card)
    return most > state.settings.limits.refund


def _refunds_more_than_sold(request: Request) -> bool:
    if not request.refund or not request.counted:
        return False
    cash, card = request.state.cash, request.state.card
    return cash.refund + request.block.cash > cash.sale or card.refund + request.block.card > card.sale


def _refunds_more_vat_than_sold(request: Request) -> bool:
    if not request.refund or not request.counted:
        return False
    vat = request.state.vat
    return vat.refund + request.block.vat > vat.sale


def _is_out_of_receipt_blocks(request: Request) -> bool:
    return request.state.pool.receipt_block() is None


_GATE: Final = (
    Check(2, "FM-C-02", StatusWord.LOCKED_SYNC_WITH_SERVER, _is_locked),
    Check(POS_GATE, "FM-C-03", StatusWord.POS_AUTH_FAIL, _lacks_pos_authentication),
)
_CLOCK: Final = (
    Check(7, "FM-T-03", StatusWord.DATETIME_IS_IN_THE_PAST, _is_not_later),
    Check(8, "FM-T-04", StatusWord.DATETIME_SYNC_WITH_SERVER, _is_far_ahead),
    Check(9, "FM-T-05", StatusWord.SEND_ALL_RECEIPTS_FIRST, _has_old_receipts),
)

OPEN_CHECKS: Final = (
    length_check("ZREPORT_OPEN", "FM-C-01"),
    *_GATE,
    Check(4, "FM-C-04", StatusWord.INVALID_DATETIME, _reads_no_time),
    Check(6, "FM-Z-01", StatusWord.ZREPORT_IS_NOT_CLOSED, _has_open_z),
    *_CLOCK,
    Check(10, "FM-Z-05", StatusWord.ZREPORTS_MEMORY_FULL, _is_out_of_z_blocks),
    Check(10, "FM-Z-05", StatusWord.NOT_ENOUGH_MEMORY, _has_receipts_in_the_way),
)

CLOSE_CHECKS: Final = (
    length_check("ZREPORT_CLOSE", "FM-C-01"),
    *_GATE,
    Check(4, "FM-C-04", StatusWord.INVALID_DATETIME, _reads_no_time),
    Check(6, "FM-Z-02", StatusWord.ZREPORT_IS_NOT_OPENED, _has_no_z),
    Check(6, "FM-Z-03", StatusWord.ZREPORT_IS_ALREADY_CLOSED, _has_no_open_z),
    *_CLOCK,
    Check(10, "FM-Z-04", StatusWord.CANNOT_CLOSE_EMPTY_ZREPORT, _is_empty),
)

REGISTER_CHECKS: Final = (
    length_check("RECEIPT_REGISTER", "FM-C-01"),
    *_GATE,
    Check(4, "FM-C-04", StatusWord.INVALID_DATETIME, _reads_no_receipt_time),
    Check(4, "FM-C-05", StatusWord.INVALID_BCD, _reads_no_sums),
    Check(4, "FM-C-06", StatusWord.INVALID_TYPE, _is_no_type),
    Check(4, "FM-C-07", StatusWord.INVALID_OPERATION, _is_no_operation),
    Check(4, "FM-C-08", StatusWord.WRONG_DATA, _counts_no_items),
    Check(5, "FM-R-01", StatusWord.NO_ERROR, _is_held_already),
    Check(6, "FM-Z-02", StatusWord.ZREPORT_IS_NOT_OPENED, _has_no_open_z),
    *_CLOCK,
    Check(10, "FM-R-02", StatusWord.RECIPT_SEQ_MAX_VALUE_REACHED, _is_out_of_numbers),
    Check(10, "FM-R-03", StatusWord.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT, _fills_z_count),
    Check(10, "FM-R-04", StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT, _fills_z_cash),
    Check(10, "FM-R-04", StatusWord.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT, _fills_z_card),
    Check(10, "FM-R-04", StatusWord.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT, _fills_z_vat),
    Check(10, "FM-R-05", StatusWord.CASH_ACCUMULATOR_OVERFLOW, _fills_cash),
    Check(10, "FM-R-05", StatusWord.CARD_ACCUMULATOR_OVERFLOW, _fills_card),
    Check(10, "FM-R-06", StatusWord.VAT_ACCUMULATOR_OVERFLOW, _fills_vat),
    Check(10, "FM-R-07", StatusWord.CASH_CARD_ACCUMULATOR_OVERFLOW, _fills_refunds),
    Check(10, "FM-R-08", StatusWord.NOT_ENOUGH_SUM_FOR_REFUND, _refunds_more_than_sold),
    Check(10, "FM-R-09", StatusWord.NOT_ENOUGH_VAT_FOR_REFUND, _refunds_more_vat_than_sold),
    Check(10, "FM-R-10", StatusWord.RECEIPTS_MEMORY_FULL, _is_out_of_receipt_blocks),
)
