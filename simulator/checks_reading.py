"""The checks of the GET commands (uz-fiscal §5.4, FM-I-01 … FM-I-06). None asks for the lock."""

from __future__ import annotations

from typing import Final

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.values import decode_bcd8
from simulator.check import Check, length_check
from simulator.request import Request

FIRST_INVALID_INDEX: Final = 0x8000


def _is_no_file_index(request: Request) -> bool:
    return request.index >= FIRST_INVALID_INDEX and not request.data


def _is_no_record_index(request: Request) -> bool:
    return request.index >= FIRST_INVALID_INDEX


def _finds_no_z(request: Request) -> bool:
    z = request.state.z_at(request.index)
    if z is None:
        return True
    request.z = z
    request.z_index = len(request.state.zreports) - 1 - request.index
    return False


def _has_no_z(request: Request) -> bool:
    return not request.state.zreports


def _is_open(request: Request) -> bool:
    return request.z.close_time is None


def _finds_no_receipt(request: Request) -> bool:
    receipt = request.state.held_at(request.index)
    if receipt is None:
        return True
    request.receipt = receipt
    return False


def _reads_no_number(request: Request) -> bool:
    if request.data:
        try:
            request.number = decode_bcd8(request.data)
        except CodecError:
            return True
    return False


def _finds_no_receipt_file(request: Request) -> bool:
    if not request.data:
        return _finds_no_receipt(request)
    receipt = request.state.receipts.get(request.number)
    if receipt is None:
        return True
    request.receipt = receipt
    return False


READING_CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "GET_VERSION": (length_check("GET_VERSION", "FM-S-09"),),
    "GET_INFO": (length_check("GET_INFO", "FM-S-09"),),
    "GET_FISCAL_MEMORY_INFO": (length_check("GET_FISCAL_MEMORY_INFO", "FM-S-09"),),
    "GET_UNACK_ZREPORTS_INDEXES": (length_check("GET_UNACK_ZREPORTS_INDEXES", "FM-S-09"),),
    "GET_ZREPORT_INFO": (
        length_check("GET_ZREPORT_INFO", "FM-S-09"),
        Check(2, "FM-I-01", StatusWord.INVALID_INDEX, _is_no_record_index),
        Check(3, "FM-I-02", StatusWord.NOT_FOUND, _finds_no_z),
    ),
    "GET_ZREPORT_FILE": (
        length_check("GET_ZREPORT_FILE", "FM-S-09"),
        Check(2, "FM-I-01", StatusWord.INVALID_INDEX, _is_no_record_index),
        Check(3, "FM-I-03", StatusWord.ZREPORT_IS_NOT_OPENED, _has_no_z),
        Check(3, "FM-I-03", StatusWord.NOT_FOUND, _finds_no_z),
        Check(3, "FM-I-03", StatusWord.ZREPORT_IS_NOT_CLOSED, _is_open),
    ),
    "GET_RECEIPT_INFO": (
        length_check("GET_RECEIPT_INFO", "FM-S-09"),
        Check(2, "FM-I-01", StatusWord.INVALID_INDEX, _is_no_record_index),
        Check(3, "FM-I-04", StatusWord.NOT_FOUND, _finds_no_receipt),
    ),
    "GET_RECEIPT_FILE": (
        length_check("GET_RECEIPT_FILE", "FM-S-09"),
        Check(2, "FM-I-01", StatusWord.INVALID_INDEX, _is_no_file_index),
        Check(2, "FM-S-09", StatusWord.INVALID_BCD, _reads_no_number),
        Check(3, "FM-I-04", StatusWord.NOT_FOUND, _finds_no_receipt_file),
    ),
}
