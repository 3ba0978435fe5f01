"""GetTXID and RegisterTXID: how an order becomes a fiscal receipt in two steps (uz-fiscal §4.5).

GetTXID checks, encodes and stores; it spends no number (G2-S-01). RegisterTXID has the module number and sign
it, and stores answer and files together before it answers (G2-S-08). Every step may be repeated: equal
content has one TXID (G2-S-05), a TXID one answer (G2-S-07), and what a crash cut in two is finished from the
module's memory (G2-S-20).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from reference.drive.errors import (
    CardAnswerError,
    ReceiptRefusedError,
    RefundUncheckedError,
    UnreachableError,
)
from reference.drive.queries import OperatorQueries
from reference.drive.records import NewReceipt, Registered, StoredReceipt
from reference.drive.settings import RefundCheck
from reference.drive.stage import Stage
from reference.links.errors import StatusWordError
from reference.links.module import ModuleSession
from reference.protocol.uz.apdu import StatusWord, status_text
from reference.protocol.uz.errors import CodecError, ReceiptError
from reference.protocol.uz.gost import encrypt, pad
from reference.protocol.uz.objects import ReceiptInfo
from reference.protocol.uz.receipt import Receipt, encode_full_receipt
from reference.protocol.uz.receipt_json import receipt_from_json
from reference.protocol.uz.receipt_rules import check_receipt, needs_online_check
from reference.protocol.uz.total_block import total_block_for

FUTURE: Final = timedelta(days=2)
"""How far ahead of the last operation a time may be (uz-fiscal FM-T-04)."""
POS_DIGEST: Final = 32
_TERMINAL_AND_LAST: Final = (0x01, 0x03)
_POS_LOCKED: Final = (0x08,)


def prove_pos(session: ModuleSession, pos_auth: str | None) -> None:
    """Hand the value of X-POS-Auth to a POS-locked module; any other module ignores it (uz-fiscal G2-P-03,
    G2-P-05).

    Raises StatusWordError 9093 for a wrong value, also for one that is no digest at all.
    """
    if pos_auth is not None and session.get_info(_POS_LOCKED).pos_locked:
        session.pos_auth(pos_digest(pos_auth))


def pos_digest(pos_auth: str | None) -> bytes:
    """The 32 bytes in an X-POS-Auth header; what is no digest at all fails as a wrong one does."""
    try:
        digest = bytes.fromhex((pos_auth or "").strip())
    except ValueError:
        digest = b""
    if len(digest) != POS_DIGEST:
        raise StatusWordError(StatusWord.POS_AUTH_FAIL, "POS_AUTH")
    return digest


class Registrar:
    """The two steps. Safe from several threads: the module's slot lets one in at a time."""

    def __init__(self, stage: Stage, queries: OperatorQueries) -> None:
        self.stage = stage
        self.queries = queries
        self.settled: set[int] = set()
        """TXIDs of which the module is known not to hold a record; tried again, they leave this set."""
        self._finished: dict[str, int] = {}
        """By module, how many receipts were finished in this process; who has the module's slot counts on."""

    # --- step one ------------------------------------------------------------------------------------

    def get_txid(self, factory_id: str, body: object) -> int:
        """Store the JSON receipt `body` for a module and give its TXID.

        Raises ReceiptRefusedError with the text of the rule, OperatorError when a refund cannot be checked,
        and what Fleet.session raises. A failure leaves nothing behind (UZ-SVC-06).
        """
        receipt = self.read(body)
        terminal_id, last = self._module_time(factory_id)
        self.check_time(receipt, last)
        self.check_rules(receipt)
        if needs_online_check(receipt):
            self.check_refund(receipt)
        stored = self.encoded(factory_id.lower(), terminal_id, receipt)
        self.stage.pass_by("gettxid.before-store", terminal=terminal_id)
        txid = self.stage.receipts.keep(stored, self.stage.now())
        self.stage.pass_by("gettxid.after-store", terminal=terminal_id)
        return txid

    def read(self, body: object) -> Receipt:
        """The receipt in parsed JSON."""
        try:
            return receipt_from_json(body)
        except ReceiptError as error:
            raise ReceiptRefusedError(str(error)) from error

    def _module_time(self, factory_id: str) -> tuple[str, datetime]:
        with self.stage.fleet.session(factory_id) as session:
            memory = session.get_fiscal_memory_info(_TERMINAL_AND_LAST)
        if memory.terminal_id is None or memory.last_operation is None:
            raise CardAnswerError("GET_FISCAL_MEMORY_INFO: TerminalID or last operation is missing")
        return memory.terminal_id, memory.last_operation

    def check_time(self, receipt: Receipt, last: datetime) -> None:
        """Refuse what the module would refuse by time (uz-fiscal G2-S-02, G2-S-12)."""
        if receipt.time <= last:
            raise ReceiptRefusedError("receipt time is in the past")
        if self.stage.settings.gettxid_check_future and receipt.time - last > FUTURE:
            raise ReceiptRefusedError(status_text(StatusWord.DATETIME_SYNC_WITH_SERVER))

    def check_rules(self, receipt: Receipt) -> None:
        """The codec's rules (uz-fiscal G2-S-03)."""
        try:
            check_receipt(receipt)
        except ReceiptError as error:
            raise ReceiptRefusedError(str(error)) from error

    def check_refund(self, receipt: Receipt) -> None:
        """Ask the operator whether the receipt to be refunded exists (uz-fiscal G2-S-04, CL-07)."""
        check = self.stage.settings.refund_check
        if receipt.refund is None or check is RefundCheck.OFF:
            return
        try:
            known = self.queries.knows(receipt.refund)
        except UnreachableError as error:
            if check is RefundCheck.WHEN_ONLINE:
                return
            raise RefundUncheckedError from error
        if not known:
            raise ReceiptRefusedError("RefundInfo is not valid")

    def encoded(self, factory_id: str, terminal_id: str, receipt: Receipt) -> NewReceipt:
        """The receipt as bytes with its TotalBlock; ReceiptRefusedError for a value that has no bytes."""
        try:
            content = pad(encode_full_receipt(receipt))
            block = total_block_for(receipt, content)
            total_block = block.encode()
        except CodecError as error:
            raise ReceiptRefusedError(str(error)) from error
        return NewReceipt(
            factory_id=factory_id,
            terminal_id=terminal_id,
            type=receipt.type,
            operation=receipt.operation,
            hash=block.items_hash,
            total_block=total_block,
            content=content,
            time=receipt.time,
        )

    # --- step two ------------------------------------------------------------------------------------

    def register(self, factory_id: str, txid: int, pos_auth: str | None = None) -> Registered:
        """Have the module register a stored receipt; the same answer for every repeat (uz-fiscal G2-S-07).

        Raises RecordNotFoundError, and what Fleet.session raises. After CardLostError repeat it: the module
        answers the same TotalBlock the same (G2-S-09).
        """
        finished = self._finished.get(factory_id.lower())
        receipt = self.stage.receipts.receipt(txid, factory_id.lower())
        if receipt.answer is not None:
            return receipt.answer
        with self.stage.fleet.session(factory_id) as session:
            if self._finished.get(factory_id.lower()) != finished:
                # Another request may have finished it while this one waited for the module.
                receipt = self.stage.receipts.receipt(txid, factory_id.lower())
                if receipt.answer is not None:
                    return receipt.answer
            prove_pos(session, pos_auth)
            self.settled.discard(txid)
            self.stage.pass_by("register.before-fm", terminal=receipt.terminal_id)
            try:
                sign = session.receipt_register(receipt.total_block)
            except StatusWordError:
                # Another process on this database may have finished it, and the module gone on since.
                if (late := self.stage.receipts.receipt(txid, factory_id.lower()).answer) is not None:
                    return late
                raise
            self.stage.pass_by("register.after-fm", terminal=receipt.terminal_id)
            return self.finish(session, receipt, sign)

    def finish(self, session: ModuleSession, receipt: StoredReceipt, sign: ReceiptInfo) -> Registered:
        """Encrypt, fetch the record file, and store both with the answer (uz-fiscal G2-S-08)."""
        if (
            sign.terminal_id is None
            or sign.receipt_seq is None
            or sign.time is None
            or sign.cipher_key is None
        ):
            raise CardAnswerError("RECEIPT_REGISTER: a field of FiscalSignInfo is missing")
        body = encrypt(sign.cipher_key, receipt.content)
        header = session.get_receipt_file(seq=sign.receipt_seq)
        answer = Registered(sign.terminal_id, sign.receipt_seq, sign.time, sign.fiscal_sign)
        self.stage.pass_by("register.before-store", terminal=sign.terminal_id)
        stored = self.stage.receipts.finish(receipt, answer, header, body, self.stage.now())
        self._finished[session.factory_id] = self._finished.get(session.factory_id, 0) + 1
        self.stage.pass_by("register.after-store", terminal=sign.terminal_id)
        self.stage.record(
            "receipt.registered", terminal=sign.terminal_id, receipt_seq=sign.receipt_seq, txid=receipt.txid
        )
        return stored
