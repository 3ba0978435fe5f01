"""A receipt of generation 1 from its JSON to its fiscal sign, in one call (uz-fiscal §3.4).

Nothing is numbered and nothing is stored when a check fails (G1-R-09). The same receipt twice makes two, as
far as the module's time lets it (G1-R-08): a client that lost the answer asks GetLastRegisteredReceipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from reference.drive.core import Core
from reference.drive.dialects.rpc1.codes import (
    Doing,
    card_code,
    drive_error,
    service_error,
)
from reference.drive.dialects.rpc1.zslots import read_slots
from reference.drive.errors import CardError, DriveError, ReceiptRefusedError
from reference.drive.gen1_store import NewUnnumbered
from reference.drive.records import Registered
from reference.drive.settings import Gen1RefundInfo
from reference.links.module import ModuleSession
from reference.protocol.uz.apdu import StatusWord, status_text
from reference.protocol.uz.errors import CodecError, ReceiptError
from reference.protocol.uz.gost import pad
from reference.protocol.uz.objects import Account, FiscalMemoryInfo, ReceiptFile, ZReportInfo
from reference.protocol.uz.receipt import Operation, Receipt, ReceiptType, encode_full_receipt, total_vat
from reference.protocol.uz.receipt_json import receipt_from_json
from reference.protocol.uz.receipt_rules import check_receipt, needs_online_check
from reference.protocol.uz.total_block import TotalBlock

_OURS: Final = ("type", "operation", "receipttype", "isrefund")
"""What the method says, whatever the body says: the last two are of older clients."""
_TERMINAL: Final = (0x03,)
_LOCKED: Final = (0x05,)
_DIFFERENCE: Final = "uz-fiscal RC-08"
_NONE: Final = Account(0, 0)


class Kind(Enum):
    """The four ways to send a receipt: type and operation."""

    SALE = (ReceiptType.PURCHASE, Operation.SALE)
    REFUND = (ReceiptType.PURCHASE, Operation.REFUND)
    ADVANCE = (ReceiptType.ADVANCE, Operation.SALE)
    CREDIT = (ReceiptType.CREDIT, Operation.SALE)


@dataclass(frozen=True, slots=True)
class Room:
    """What the module says before a registration: its counters and the open Z-report."""

    memory: FiscalMemoryInfo
    shift: ZReportInfo


class Seller:
    """Checks receipts as generation 1 does, and registers them in the core."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.settings = core.stage.settings

    # --- reading -------------------------------------------------------------------------------------

    def read(self, body: object, kind: Kind) -> Receipt:
        """The receipt in a JSON object, checked for all that needs no module (G1-R-01…G1-R-07).

        Raises Rpc1Error 65531, 65532, 65276, 65277 or 36908.
        """
        if not isinstance(body, Mapping):
            raise service_error(65532, "Receipt must be an object")
        receipt = self._parsed(body, kind)
        optional = self.settings.gen1_refund_info is Gen1RefundInfo.OPTIONAL
        bare = kind is Kind.REFUND and receipt.refund is None
        if bare and not optional:
            raise service_error(65277, "RefundInfo is undefined")
        self.check_rules(replace(receipt, operation=Operation.SALE) if bare else receipt)
        if not sum(item.price - item.discount for item in receipt.items):
            raise card_code("ERROR_RECEIPT_TOTAL_PRICE_ZERO")
        return receipt

    def _parsed(self, body: Mapping[Any, Any], kind: Kind) -> Receipt:
        given = {name: value for name, value in body.items() if str(name).lower() not in _OURS}
        members = {str(name).lower(): name for name in given}
        if "refundinfo" in members and _is_blank(given[members["refundinfo"]]):
            del given[members["refundinfo"]]
        kind_of, operation = kind.value
        try:
            return receipt_from_json(given | {"Type": int(kind_of), "Operation": int(operation)})
        except ReceiptError as error:
            if _of_refund(error):
                raise service_error(65276, str(error)) from None
            raise service_error(65532, str(error)) from None

    def check_rules(self, receipt: Receipt) -> None:
        """The codec's rules (G1-R-01…G1-R-03)."""
        try:
            check_receipt(receipt)
        except ReceiptError as error:
            if _of_refund(error):
                raise service_error(65276, str(error)) from None
            chain: tuple[str, ...] = ("failed to encode receipt", str(error))
            if error.clause == _DIFFERENCE:
                chain = ("failed to make total block", str(error), "math error")
            refused = service_error(65531, *chain)
            refused.clause = error.clause or ""
            raise refused from None

    # --- selling -------------------------------------------------------------------------------------

    def sell(self, factory_id: str, receipt: Receipt) -> Registered:
        """Register a receipt that `read` gave; Rpc1Error with the module's word in generation 1's names."""
        return self.register(factory_id, self.store(factory_id, receipt))

    def store(self, factory_id: str, receipt: Receipt) -> int:
        """Everything before the module is asked to register: its state, the refund check, the store; the
        TXID."""
        try:
            with self.core.fleet.session(factory_id) as session:
                room = self.room(session)
                self.check_room(receipt, room)
            self.check_refund(receipt)
            registrar = self.core.registrar
            terminal_id = room.memory.terminal_id or ""
            stored = registrar.encoded(factory_id.lower(), terminal_id, receipt)
            self.core.stage.pass_by("gettxid.before-store", terminal=terminal_id)
            txid = self.core.stage.receipts.keep(stored, self.core.stage.now())
            self.core.stage.pass_by("gettxid.after-store", terminal=terminal_id)
        except ReceiptRefusedError as error:
            raise service_error(65531, "failed to encode receipt", error.reason) from error
        except DriveError as error:
            raise drive_error(error, Doing.REGISTER) from error
        return txid

    def register(self, factory_id: str, txid: int) -> Registered:
        """Have the module register a stored receipt; a repeat gives the same answer."""
        try:
            return self.core.register(factory_id, txid)
        except DriveError as error:
            cash_is_short = True
            if isinstance(error, CardError) and error.sw == StatusWord.NOT_ENOUGH_SUM_FOR_REFUND:
                cash_is_short = self._cash_is_short(factory_id, txid)
            raise drive_error(error, Doing.REGISTER, cash_is_short=cash_is_short) from error

    def _cash_is_short(self, factory_id: str, txid: int) -> bool:
        """Which of the two sums the module's 9035 is about (uz-fiscal §3.6)."""
        try:
            block = self.core.stage.receipts.receipt(txid, factory_id.lower()).total_block
            cash = self.core.memory(factory_id).cash or _NONE
        except DriveError:
            return True
        return cash.refund + TotalBlock.decode(block).cash > cash.sale

    # --- the module's state --------------------------------------------------------------------------

    def room(self, session: ModuleSession) -> Room:
        """The module's counters; Rpc1Error 65279 when it is locked, 36909 without an open Z (G1-Z-05)."""
        self.require_unlocked(session)
        if not read_slots(session).is_open:
            raise card_code("ERROR_ZREPORT_IS_NOT_OPEN")
        return Room(session.get_fiscal_memory_info(), session.get_zreport_info(0))

    def require_unlocked(self, session: ModuleSession) -> None:
        """65279 while the operator has locked the module (uz-fiscal §3.5)."""
        if session.get_info(_LOCKED).locked:
            raise service_error(65279, status_text(StatusWord.LOCKED_SYNC_WITH_SERVER))

    def check_room(self, receipt: Receipt, room: Room) -> None:
        """Generation 1's limits, which are smaller than the module's (G1-Z-05…G1-Z-07)."""
        memory, shift = room.memory, room.shift
        if memory.last_operation is not None and receipt.time <= memory.last_operation:
            raise card_code("ERROR_RECEIPT_TIME_PAST")
        self.check_offline(memory, receipt.time)
        if (shift.sales or 0) + (shift.refunds or 0) >= self.settings.gen1_operations_max:
            raise card_code("ERROR_SALE_REFUND_COUNT_OVERFLOW")
        amounts = (
            (shift.cash, receipt.received_cash),
            (shift.card, receipt.received_card),
            (shift.vat, total_vat(receipt)),
        )
        for account, amount in amounts:
            known = account or _NONE
            total = known.refund if receipt.operation == Operation.REFUND else known.sale
            if total + amount > self.settings.gen1_total_max:
                raise card_code("ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW")
        if (memory.receipts_count or 0) >= self.settings.gen1_receipt_max:
            raise card_code("ERROR_RECEIPT_MEMORY_FULL")

    def check_offline(self, memory: FiscalMemoryInfo, time: datetime) -> None:
        """36889 when the oldest unsent receipt is too old (G1-Z-06)."""
        oldest = memory.first_unacknowledged
        if oldest is not None and time - oldest > timedelta(hours=self.settings.gen1_offline_hours):
            raise card_code("ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED")

    def check_refund(self, receipt: Receipt) -> None:
        """Ask the operator about RefundInfo: 65275 when it does not know it, 65274 when it is silent
        (G1-R-07)."""
        if not needs_online_check(receipt):
            return
        try:
            self.core.registrar.check_refund(receipt)
        except ReceiptRefusedError as error:
            raise service_error(65275, "refund info is not valid") from error

    # --- without the module --------------------------------------------------------------------------

    def keep_unnumbered(self, factory_id: str, receipt: Receipt) -> str:
        """Store an advance or credit for sending; the module only says its TerminalID (G1-Z-09)."""
        try:
            with self.core.fleet.session(factory_id) as session:
                terminal_id = session.get_info(_TERMINAL).terminal_id or ""
            stored = NewUnnumbered(
                factory_id.lower(),
                terminal_id,
                receipt.type,
                receipt.operation,
                receipt.time,
                ReceiptFile(terminal_id=terminal_id, type=receipt.type).encode(),
                pad(encode_full_receipt(receipt)),
            )
            self.core.stage.unnumbered.keep(stored)
        except CodecError as error:
            raise service_error(65531, "failed to encode receipt", str(error)) from error
        except DriveError as error:
            raise drive_error(error, Doing.OTHER) from error
        self.core.sender.unnumbered_kept(factory_id.lower(), terminal_id)
        return terminal_id


def _of_refund(error: ReceiptError) -> bool:
    return "RefundInfo" in str(error.field or "")


def _is_blank(value: object) -> bool:
    """An object of zero values is what Go reads where there is none (uz-fiscal G1-T-08)."""
    return isinstance(value, Mapping) and not any(value.values())
