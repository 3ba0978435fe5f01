"""Whether a file is what it says: the checks of OF-19, OF-23 and OF-27 for all types of files. No I/O.

Files of requests go in, an Intent comes out for each: the verified contents, or a Refusal with reason and
clause. Receipts are worked on in two goes, so that the bodies of all files at hand are decrypted and hashed
together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

from ofd_mock.uz.receipt_checks import (
    BODY_CHECKS,
    FULL_TYPES,
    RECORD_CHECKS,
    Check,
    Evidence,
    FileRefusedError,
    Module,
    check_whole_blocks,
    open_bodies,
    require_own,
    require_sums,
)
from ofd_mock.uz.values import (
    Intent,
    Refusal,
    SignQuery,
    SyncQuery,
    UnsignedReceipt,
    VerifiedReceipt,
    VerifiedZReport,
)
from reference.protocol.uz import gost
from reference.protocol.uz.errors import CodecError, StandinError
from reference.protocol.uz.message import File, FileStatus, FileType, decode_verify_query
from reference.protocol.uz.objects import ReceiptFile, ZReportFile
from reference.protocol.uz.receipt import decode_full_receipt, total_vat
from reference.protocol.uz.standin import ModuleKeys, open_zreport_file
from reference.protocol.uz.values import format_compact_time

CHALLENGE_SIZE: Final = 8

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Verifier:
    """The checks in force. Its answers depend on nothing but the file and whose it is."""

    record_checks: Mapping[str, Check] = field(default_factory=lambda: RECORD_CHECKS)
    body_checks: Mapping[str, Check] = field(default_factory=lambda: BODY_CHECKS)
    any_version: bool = False
    check_own_zreport: bool = True

    def begin(self, file: File, module: Module) -> Intent | Evidence:
        """What the file brings, why it is not taken, or, for a receipt with a body, how far it has come."""
        known = file.type in FileType.__members__.values()
        if not known or (not self.any_version and file.version != FileType(file.type).file_version):
            reason = f"type {file.type:02x} version {file.version:02x} is not known"
            return _refusal(file, module, FileStatus.UnrecognizedType, reason, "uz-fiscal OF-23")
        return _guarded(file, module, lambda: self._open(file, module))

    def finish(self, evidence: Evidence) -> Intent:
        """The same for a receipt whose body `open_bodies` has decrypted."""

        def check() -> VerifiedReceipt:
            for check in self.body_checks.values():
                check(evidence)
            return _receipt_of(evidence, evidence.clear)

        return _guarded(evidence.file, evidence.module, check)

    def _open(self, file: File, module: Module) -> Intent | Evidence:
        match file.type:
            case FileType.SyncStateQuery:
                return open_sync_query(file)
            case FileType.VerifyFiscalSignQuery:
                return open_sign_query(file, module)
            case FileType.ZReport:
                return self.open_zreport(file, module)
        header = ReceiptFile.decode(file.header)
        if module.generation_1 and file.type != FileType.ShortReceipt and is_unsigned(header):
            return open_unsigned(file, header, module)
        evidence = Evidence(module, file, header)
        for check in self.record_checks.values():
            check(evidence)
        if file.type == FileType.ShortReceipt:
            return _receipt_of(evidence, None)
        check_whole_blocks(evidence)
        return evidence

    def open_zreport(self, file: File, module: Module) -> VerifiedZReport:
        """A Z-report file through its checks (OF-27)."""
        header = ZReportFile.decode(file.header)
        if self.check_own_zreport:
            require_own(header.terminal_id, module)
        record = open_zreport_file(header, cast("ModuleKeys | None", module.keys))
        return VerifiedZReport(
            terminal=module.terminal,
            close_time=format_compact_time(record.close_time),
            ordinal=record.ordinal,
            open_time=format_compact_time(record.open_time),
            sales=record.sales,
            refunds=record.refunds,
            first=record.first_receipt,
            last=record.last_receipt,
            cash=(record.cash.sale, record.cash.refund),
            card=(record.card.sale, record.card.refund),
            vat=(record.vat.sale, record.vat.refund),
            content=record.encode(),
            header=file.header,
        )


def verify_all(work: Sequence[tuple[Verifier, Module, Sequence[File]]]) -> list[list[Intent]]:
    """One intent per file, in the same order; the files of all modules go through the costly part
    together.
    """
    begun = [[verifier.begin(file, module) for file in files] for verifier, module, files in work]
    waiting = [draft for drafts in begun for draft in drafts if isinstance(draft, Evidence)]
    if waiting:
        open_bodies(waiting)
    return [
        [verifier.finish(draft) if isinstance(draft, Evidence) else draft for draft in drafts]
        for (verifier, _, _), drafts in zip(work, begun, strict=True)
    ]


def _guarded(file: File, module: Module, work: Callable[[], _Result]) -> _Result | Refusal:
    """What `work` gives, or the Refusal that its error means."""
    try:
        return work()
    except FileRefusedError as error:
        reason, clause = str(error), error.clause
    except StandinError as error:
        of_zreport = file.type == FileType.ZReport
        reason, clause = error.text, "uz-fiscal OF-27" if of_zreport else "uz-fiscal OF-19"
    except CodecError as error:
        reason, clause = str(error), error.clause or "uz-fiscal OF-19"
    return _refusal(file, module, FileStatus.Error, reason, clause)


def _receipt_of(evidence: Evidence, body: bytes | None) -> VerifiedReceipt:
    record = evidence.record
    return VerifiedReceipt(
        terminal=evidence.module.terminal,
        number=evidence.header.receipt_seq or 0,
        type=record.type,
        operation=record.operation,
        time=format_compact_time(record.time),
        sign=record.fiscal_sign,
        cash=record.cash,
        card=record.card,
        vat=record.vat,
        items_count=record.items_count,
        content=record.encode(),
        header=evidence.file.header,
        body=body,
    )


def open_sync_query(file: File) -> SyncQuery:
    """A state sync carries the module's challenge and nothing else (uz-fiscal §11.4)."""
    if len(file.header) != CHALLENGE_SIZE:
        raise FileRefusedError(f"SyncChallenge has {len(file.header)} bytes, not 8", "uz-fiscal §11.4")
    return SyncQuery(file.header)


def open_sign_query(file: File, module: Module) -> SignQuery:
    """A query about a sign, in either length (uz-fiscal §11.7)."""
    query = decode_verify_query(file.header, module.terminal)
    return SignQuery(query.terminal_id, query.receipt_seq, format_compact_time(query.time), query.fiscal_sign)


def is_unsigned(header: ReceiptFile) -> bool:
    """Whether a header has nothing but terminal and type (G1-Z-09)."""
    return header.receipt_seq is None and header.signature is None and header.data is None


def open_unsigned(file: File, header: ReceiptFile, module: Module) -> UnsignedReceipt:
    """An advance or credit receipt of a generation-1 terminal, in clear (G1-Z-09)."""
    require_own(header.terminal_id, module)
    receipt = decode_full_receipt(file.body)
    expected = FULL_TYPES[file.type]
    if file.type == FileType.PurchaseReceipt:
        raise FileRefusedError("a purchase must be signed", "uz-fiscal G1-Z-09")
    if header.type != expected or receipt.type != expected:
        raise FileRefusedError(
            f"file type {file.type:02x} holds a receipt of type {receipt.type}", "uz-fiscal G1-Z-09"
        )
    require_sums(receipt)
    return UnsignedReceipt(
        terminal=module.terminal,
        type=receipt.type,
        operation=receipt.operation,
        time=format_compact_time(receipt.time),
        cash=receipt.received_cash,
        card=receipt.received_card,
        vat=total_vat(receipt),
        items_count=len(receipt.items),
        digest=gost.digest(file.body),
        body=file.body,
    )


def _refusal(file: File, module: Module, status: FileStatus, reason: str, clause: str) -> Refusal:
    return Refusal(status, reason, clause, module.terminal, file.type, file.header, file.body)
