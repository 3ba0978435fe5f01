"""Mistakes around GetTXID, RegisterTXID and the modules they go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from typing_extensions import override

from reference.drive.errors import DriveError, ReceiptRefusedError
from reference.drive.mistakes import Mistake
from reference.drive.records import NewReceipt, Registered, StoredReceipt
from reference.drive.recovery import Recovery
from reference.drive.registration import Registrar
from reference.drive.schema import register_log
from reference.drive.slots import Slot
from reference.drive.store import ReceiptStore
from reference.links.module import ModuleSession
from reference.protocol.uz.objects import FiscalMemoryInfo, ReceiptInfo
from reference.protocol.uz.receipt import Receipt
from reference.protocol.uz.total_block import TotalBlock

WRONG_LIMIT: Final = 9999


class _NewTxidEachTime(ReceiptStore):
    @override
    def keep(self, receipt: NewReceipt, now: datetime) -> int:
        with self.database.writing() as connection:
            number = connection.execute(sa.select(sa.func.count()).select_from(register_log)).scalar_one()
        # The hash is part of the key; a running number behind it makes every content a new one.
        return super().keep(replace(receipt, hash=receipt.hash + bytes((number % 256,))), now)


class _AnyModulesTxid(ReceiptStore):
    @override
    def receipt(self, txid: int, factory_id: str) -> StoredReceipt:
        with self.database.reading() as connection:
            owner = sa.select(register_log.c.factory_id).where(register_log.c.txid == txid)
            found = connection.execute(owner).scalar_one_or_none()
        return super().receipt(txid, found or factory_id)


class _RegistersTwice(Registrar):
    @override
    def register(self, factory_id: str, txid: int, pos_auth: str | None = None) -> Registered:
        stored = self.stage.receipts.receipt(txid, factory_id)
        if stored.answer is None:
            return super().register(factory_id, txid, pos_auth)
        with self.stage.fleet.session(factory_id) as session:
            last = session.get_fiscal_memory_info((0x03,)).last_operation or stored.time
            block = TotalBlock.decode(stored.total_block)
            sign = session.receipt_register(replace(block, time=last + timedelta(seconds=1)).encode())
        return _answer_of(stored, sign)


class _ForgetsAfterFailure(Registrar):
    @override
    def register(self, factory_id: str, txid: int, pos_auth: str | None = None) -> Registered:
        try:
            return super().register(factory_id, txid, pos_auth)
        except DriveError:
            with self.stage.receipts.database.writing() as connection:
                unfinished = sa.and_(register_log.c.txid == txid, register_log.c.receipt_seq.is_(None))
                connection.execute(sa.delete(register_log).where(unfinished))
            raise


class _StrictDifference(Registrar):
    @override
    def check_rules(self, receipt: Receipt) -> None:
        super().check_rules(receipt)
        owed = sum(item.price - item.discount - item.other for item in receipt.items)
        received = receipt.received_cash + receipt.received_card
        difference = abs(owed - received)
        if difference > WRONG_LIMIT:
            raise ReceiptRefusedError(
                f"difference {difference} between {owed} and {received} is larger than {WRONG_LIMIT}"
            )


class _TakesIsoTime(Registrar):
    @override
    def read(self, body: object) -> Receipt:
        if isinstance(body, Mapping):
            body = {name: _with_blank(str(name), value) for name, value in body.items()}
        return super().read(body)


def _with_blank(name: str, value: Any) -> Any:
    return value.replace("T", " ", 1) if name.lower() == "time" and isinstance(value, str) else value


class _TrustsRefunds(Registrar):
    @override
    def check_refund(self, receipt: Receipt) -> None:
        return


class _IgnoresPastTime(Registrar):
    @override
    def check_time(self, receipt: Receipt, last: datetime) -> None:
        return


class _RegistersInStepOne(Registrar):
    @override
    def get_txid(self, factory_id: str, body: object) -> int:
        txid = super().get_txid(factory_id, body)
        self.register(factory_id, txid)
        return txid


class _AnswersWithoutStoring(Registrar):
    @override
    def finish(self, session: ModuleSession, receipt: StoredReceipt, sign: ReceiptInfo) -> Registered:
        return _answer_of(receipt, sign)


def _answer_of(receipt: StoredReceipt, sign: ReceiptInfo) -> Registered:
    return Registered(receipt.terminal_id, sign.receipt_seq or 0, sign.time or receipt.time, sign.fiscal_sign)


class _NoRecovery(Recovery):
    @override
    def recover(self, session: ModuleSession, memory: FiscalMemoryInfo | None = None) -> int:
        return 0


class _TakesAnyModule(Slot):
    @override
    def admits(self) -> bool:
        return True


REGISTRATION_MISTAKES: Final = (
    Mistake(
        "gettxid-not-idempotent",
        "the same receipt stored twice gets two TXIDs, so a repeated click sells twice",
        "uz-fiscal G2-S-05",
        (("store", _NewTxidEachTime),),
    ),
    Mistake(
        "txid-of-any-module",
        "a TXID stored for one module is registered through another one's address",
        "uz-fiscal G2-S-10",
        (("store", _AnyModulesTxid),),
    ),
    Mistake(
        "register-twice",
        "repeating RegisterTXID makes a second receipt with the next number",
        "uz-fiscal G2-S-07",
        (("registrar", _RegistersTwice),),
    ),
    Mistake(
        "txid-deleted-after-failure",
        "a TXID the module refused once is gone, so the POS cannot try it again",
        "uz-fiscal G2-S-11",
        (("registrar", _ForgetsAfterFailure),),
    ),
    Mistake(
        "difference-limit-9999",
        "a difference of exactly 10000 tiyin between lines and money received is refused",
        "uz-fiscal RC-08",
        (("registrar", _StrictDifference),),
    ),
    Mistake(
        "accepts-iso-t",
        "a time with an ISO T between date and hour is taken",
        "uz-fiscal TM-02",
        (("registrar", _TakesIsoTime),),
    ),
    Mistake(
        "refund-not-checked",
        "a refund of a receipt the operator does not know is taken",
        "uz-fiscal G2-S-04",
        (("registrar", _TrustsRefunds),),
    ),
    Mistake(
        "past-time-not-checked",
        "GetTXID takes a time that is not after the module's last operation",
        "uz-fiscal G2-S-02",
        (("registrar", _IgnoresPastTime),),
    ),
    Mistake(
        "gettxid-registers",
        "the first step already spends a number, so an abandoned order is a fiscal receipt",
        "uz-fiscal G2-S-01",
        (("registrar", _RegistersInStepOne),),
    ),
    Mistake(
        "answer-not-stored",
        "RegisterTXID answers without having stored record, file and answer",
        "uz-fiscal G2-S-08",
        (("registrar", _AnswersWithoutStoring),),
    ),
    Mistake(
        "no-recovery",
        "a registration cut in two between module and store is never finished",
        "uz-fiscal G2-S-20",
        (("recovery", _NoRecovery),),
    ),
    Mistake(
        "foreign-module-taken",
        "another module in a known one's place is used without anybody confirming it",
        "UZ-USB-03",
        (("slot", _TakesAnyModule),),
    ),
)
