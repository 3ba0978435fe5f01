"""Mistakes in what the module says: encodings, tag lists, indexes."""

from __future__ import annotations

from dataclasses import replace

from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo, ZReportInfo
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.tagged import TaggedObject
from simulator.check import Check, altered
from simulator.defects.defect import defect
from simulator.request import Request
from simulator.rulebook import RuleBook

_BCD_TAGS = frozenset({0x02})
_ACCOUNT_TAGS = frozenset({0x80, 0x81, 0x82})


def _reversed(element: bytes) -> bytes:
    return element[:-8] + bytes.fromhex(element[-8:].hex()[::-1])


@defect("§2.4")
def bcd_digits_reversed(book: RuleBook) -> RuleBook:
    """Writes numbers of the memory info with the highest digit first."""

    def encode(answer: TaggedObject, tags: bytes | None = None) -> bytes:
        if not isinstance(answer, FiscalMemoryInfo):
            return book.encode(answer, tags)
        parts = answer.parts()
        for tag in parts:
            if tag in _BCD_TAGS:
                parts[tag] = _reversed(parts[tag])
            elif tag in _ACCOUNT_TAGS:  # tag, length, then two numbers with a head of two bytes each
                element = parts[tag]
                parts[tag] = element[:2] + _reversed(element[2:12]) + _reversed(element[12:])
        return answer.join(parts, tags)

    return replace(book, encode=encode)


@defect("§5.5")
def cash_card_swapped_in_z(book: RuleBook) -> RuleBook:
    """Swaps cash and card totals in the Z-report info."""

    def encode(answer: TaggedObject, tags: bytes | None = None) -> bytes:
        if isinstance(answer, ZReportInfo):
            answer = replace(answer, cash=answer.card, card=answer.cash)
        return book.encode(answer, tags)

    return replace(book, encode=encode)


@defect("§5.2")
def tag_filter_ignored(book: RuleBook) -> RuleBook:
    """Answers all tags whatever the tag list asks for."""
    return replace(book, encode=lambda answer, tags=None: book.encode(answer, None if tags is None else b""))


@defect("§2.4")
def lock_flag_inverted(book: RuleBook) -> RuleBook:
    """Writes 00 for no and FF for yes in the lock flag."""

    def encode(answer: TaggedObject, tags: bytes | None = None) -> bytes:
        if isinstance(answer, FiscalInfo):
            answer = replace(answer, locked=not answer.locked)
        return book.encode(answer, tags)

    return replace(book, encode=encode)


@defect("§5.2")
def z_index_from_oldest(book: RuleBook) -> RuleBook:
    """Counts Z-report indexes from the oldest."""

    def finds_none(request: Request) -> bool:
        zreports = request.state.zreports
        if request.index >= len(zreports):
            return True
        request.z, request.z_index = zreports[request.index], request.index
        return False

    info = altered(book.checks["GET_ZREPORT_INFO"], "FM-I-02", finds_none)
    file = altered(book.checks["GET_ZREPORT_FILE"], "FM-I-03", finds_none, StatusWord.NOT_FOUND)
    return replace(book, checks={**book.checks, "GET_ZREPORT_INFO": info, "GET_ZREPORT_FILE": file})


@defect("FM-I-06")
def locked_hides_info(book: RuleBook) -> RuleBook:
    """Refuses the info object while locked."""
    row = Check(2, "FM-I-06", StatusWord.LOCKED_SYNC_WITH_SERVER, lambda request: request.state.locked)
    return replace(book, checks={**book.checks, "GET_INFO": (*book.checks["GET_INFO"], row)})


@defect("FM-I-04")
def receipt_file_number_ignored(book: RuleBook) -> RuleBook:
    """Gives the newest receipt file whatever number is asked for."""

    def finds_none(request: Request) -> bool:
        receipt = request.state.held_at(request.index if not request.data else 0)
        if receipt is None:
            return True
        request.receipt = receipt
        return False

    rows = altered(book.checks["GET_RECEIPT_FILE"], "FM-I-04", finds_none)
    return replace(book, checks={**book.checks, "GET_RECEIPT_FILE": rows})
