"""The store against the module's memory: what a crash or a broken link cut in two (uz-fiscal G2-S-20,
UZ-USB-02), and what an operator acknowledged wrongly (CL-05).

A registration is unfinished when its TXID has no answer. Whether the module took it is decided by asking: the
hash of each held record against the hashes of the unfinished ones. Without this a short-record sync could
erase a receipt whose sign the POS never got.

An operator that acknowledges another receipt than it was sent leaves a file that is done here and held there.
Nobody would send it again, and 48 hours later the module would refuse to sell (FM-T-05).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from reference.drive.records import StoredReceipt
from reference.drive.registration import Registrar
from reference.drive.stage import Stage
from reference.links.errors import StatusWordError
from reference.links.module import ModuleSession
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.objects import FISCAL_SIGN_TAGS, FiscalMemoryInfo, ReceiptInfo
from reference.protocol.uz.values import MAX_SHORT

_HASH: Final = (0x0F,)
_LOOK: Final = (0x01, 0x03, 0x04, 0x06)
_NUMBER_AND_HASH: Final = (0x02, 0x0F)
_LOCKS: Final = (0x05, 0x08)


class Recovery:
    """Compares the store with a module's memory."""

    def __init__(self, stage: Stage, registrar: Registrar) -> None:
        self.stage = stage
        self.registrar = registrar
        self._looked: dict[str, tuple[int, datetime | None]] = {}
        """By module: how many records it rightly held, and since when, at the last look through all."""

    def look(self, session: ModuleSession) -> FiscalMemoryInfo:
        """What `recover` and `recall` go by, and the TerminalID: one command for both of them."""
        return session.get_fiscal_memory_info(_LOOK)

    def recover(self, session: ModuleSession, memory: FiscalMemoryInfo | None = None) -> int:
        """Finish the unfinished registrations that the module of `session` holds; how many there were.

        `memory` is what `look` gave in this session, if anybody looked. Nothing done here changes it.

        A registration whose time lies outside first unacknowledged … last operation cannot be held, and one
        that was looked for in vain is not looked for again until somebody tries to register it.
        """
        memory = memory or self.look(session)
        if memory.first_unacknowledged is None or memory.last_operation is None:
            return 0
        unfinished = self.stage.receipts.unfinished(
            session.factory_id, memory.first_unacknowledged, memory.last_operation
        )
        wanted = {one.hash: one for one in unfinished if one.txid not in self.registrar.settled}
        found = self._find(session, dict(wanted)) if wanted else {}
        for index, receipt in found.items():
            answer = self.registrar.finish(session, receipt, self._sign(session, index, receipt))
            self.stage.record("registration.recovered", txid=receipt.txid, receipt_seq=answer.receipt_seq)
        done = {receipt.txid for receipt in found.values()}
        self.registrar.settled |= {one.txid for one in wanted.values()} - done
        return len(found)

    def recall(self, session: ModuleSession, memory: FiscalMemoryInfo | None = None) -> list[int]:
        """Put back to New what is Acknowledged here and still held by the module of `session`; its numbers.

        Looked for only when no file waits to be sent, and not again while the module holds what it held when
        the last look found nothing: refused receipts stay in it, and each costs a command to read.
        """
        memory = memory or self.look(session)
        terminal_id, number = memory.terminal_id or "", memory.receipts_count or 0
        picture = number, memory.first_unacknowledged
        if not number or self._looked.get(session.factory_id) == picture:
            return []
        if self.stage.receipts.pending_count(terminal_id, 1):
            return []
        infos = _held(session, _NUMBER_AND_HASH)
        held = {one.receipt_seq: one.items_hash or b"" for one in infos if one.receipt_seq is not None}
        numbers = self.stage.receipts.recall(terminal_id, held, self.stage.now())
        if numbers:
            self.stage.record("files.recalled", factory_id=session.factory_id, numbers=numbers)
        else:
            self._looked[session.factory_id] = picture
        return numbers

    def _find(self, session: ModuleSession, wanted: dict[bytes, StoredReceipt]) -> dict[int, StoredReceipt]:
        found: dict[int, StoredReceipt] = {}
        for index, info in enumerate(_held(session, _HASH)):
            if info.items_hash in wanted:
                found[index] = wanted.pop(info.items_hash)
            if not wanted:
                break
        return found

    def _sign(self, session: ModuleSession, index: int, receipt: StoredReceipt) -> ReceiptInfo:
        """The sign again: by repeating the registration, or by reading where a lock forbids that."""
        locks = session.get_info(_LOCKS)
        if not locks.pos_locked and not locks.locked:
            return session.receipt_register(receipt.total_block)
        return session.get_receipt_info(index, FISCAL_SIGN_TAGS)


def _held(session: ModuleSession, tags: tuple[int, ...]) -> Iterator[ReceiptInfo]:
    """Every held record, newest first, each a command: 9020 ends the visit (uz-fiscal §5.2)."""
    for index in range(MAX_SHORT + 1):
        try:
            yield session.get_receipt_info(index, tags)
        except StatusWordError as error:
            if error.sw == StatusWord.NOT_FOUND:
                return
            raise
