"""Whether a file is what it says: the checks of OF-19, OF-23 and OF-27, one after another. No I/O.

A file of a request goes in, an Intent comes out: the verified contents, or a Refusal with reason and
clause. The checks of a receipt are a table, so that a deliberately faulty operator can be made by leaving
one out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol, cast

from cryptography.hazmat.primitives.asymmetric import ec

from ofd_mock.uz.registry import Enrolment
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
from reference.protocol.uz.receipt import Receipt, ReceiptType, decode_full_receipt, total_vat
from reference.protocol.uz.receipt_rules import LIMIT_DIFFERENCE
from reference.protocol.uz.standin import ModuleKeys, open_receipt_file, open_zreport_file
from reference.protocol.uz.standin_records import ReceiptRecord
from reference.protocol.uz.values import format_compact_time

CHALLENGE_SIZE: Final = 8
SPIC_DIGITS: Final = 17

FULL_TYPES: Final[Mapping[int, int]] = MappingProxyType(
    {
        FileType.PurchaseReceipt: ReceiptType.PURCHASE,
        FileType.AdvanceReceipt: ReceiptType.ADVANCE,
        FileType.CreditReceipt: ReceiptType.CREDIT,
    }
)
"""The receipt type that each file type with a body must hold (uz-fiscal §11.4)."""


class FileRefusedError(Exception):
    """A file breaks a check; `clause` says which, str() why."""

    def __init__(self, reason: str, clause: str = "uz-fiscal OF-19") -> None:
        super().__init__(reason)
        self.clause = clause


class Keys(Protocol):
    """What the operator needs of a module's keys to open its files."""

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """Verifies what the module signs."""

    @property
    def transport(self) -> bytes:
        """Opens the records in its files, 32 bytes."""


@dataclass(frozen=True, slots=True)
class EnrolledKeys:
    """Keys of a module with a seed of its own (uz-fiscal §17.1)."""

    public: ec.EllipticCurvePublicKey
    transport: bytes


@lru_cache(maxsize=4096)
def enrolled_keys(enrolment: Enrolment) -> EnrolledKeys:
    """The keys in an enrolment; ValueError when the public key is no point of P-256."""
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + enrolment.public_key)
    return EnrolledKeys(point, enrolment.transport_key)


@dataclass(frozen=True, slots=True)
class Module:
    """Who sends, as far as its files are concerned; `keys` None means the public test keys of the
    terminal.
    """

    terminal: str
    generation_1: bool = False
    keys: Keys | None = None


@dataclass(slots=True)
class Evidence:
    """A receipt file on its way through the checks; each fills in what it has found out."""

    module: Module
    file: File
    header: ReceiptFile
    record: ReceiptRecord = field(init=False)
    clear: bytes = b""
    receipt: Receipt = field(init=False)


Check = Callable[[Evidence], None]


def check_terminal(evidence: Evidence) -> None:
    """TerminalID in the header = 8a.01."""
    require_own(evidence.header.terminal_id, evidence.module)


def check_record(evidence: Evidence) -> None:
    """Signature valid, record readable, a number given."""
    evidence.record = open_receipt_file(evidence.header, cast("ModuleKeys | None", evidence.module.keys))
    if not evidence.header.receipt_seq:
        raise FileRefusedError("the receipt has no number")


def check_type(evidence: Evidence) -> None:
    """The type agrees with the file type; a short record may be of any type there is."""
    expected = FULL_TYPES.get(evidence.file.type)
    found = evidence.record.type
    if expected is not None and found != expected:
        raise FileRefusedError(f"file type {evidence.file.type:02x} holds a receipt of type {found}")
    if expected is None and found not in FULL_TYPES.values():
        raise FileRefusedError(f"there is no receipt type {found}")
    if evidence.record.operation not in (0, 1):
        raise FileRefusedError(f"there is no operation {evidence.record.operation}")


def check_body(evidence: Evidence) -> None:
    """The body decrypts."""
    evidence.clear = gost.decrypt(evidence.record.cipher_key, evidence.file.body)


def check_hash(evidence: Evidence) -> None:
    """Its hash = ITEMS_HASH."""
    if gost.digest(evidence.clear) != evidence.record.items_hash:
        raise FileRefusedError("the hash of the body is not the ITEMS_HASH of the record")


def check_tlv(evidence: Evidence) -> None:
    """TLV readable."""
    evidence.receipt = decode_full_receipt(evidence.clear)


def check_sums(evidence: Evidence) -> None:
    """Sums obey RC-07, RC-08."""
    require_sums(evidence.receipt)


def check_agreement(evidence: Evidence) -> None:
    """Time and sums equal the record's, and so do type and operation."""
    receipt, record = evidence.receipt, evidence.record
    for name, said, signed in (
        ("time", receipt.time, record.time),
        ("cash", receipt.received_cash, record.cash),
        ("card", receipt.received_card, record.card),
        ("VAT", total_vat(receipt), record.vat),
        ("type", receipt.type, record.type),
        ("operation", receipt.operation, record.operation),
    ):
        if said != signed:
            raise FileRefusedError(f"the {name} of the body is {said}, the record says {signed}")


def check_spic(evidence: Evidence) -> None:
    """Every item has a SPIC of 17 digits; only on demand (UNK-20)."""
    for item in evidence.receipt.items:
        if len(item.spic) != SPIC_DIGITS or not item.spic.isdecimal():
            raise FileRefusedError(f"SPIC {item.spic!r} is not {SPIC_DIGITS} digits", "uz-fiscal UNK-20")


RECORD_CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {"terminal": check_terminal, "record": check_record, "type": check_type}
)
"""What every receipt file must pass, in this order (OF-19)."""
BODY_CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "body": check_body,
        "hash": check_hash,
        "tlv": check_tlv,
        "sums": check_sums,
        "agreement": check_agreement,
    }
)
"""What a file with a body must pass after that (OF-19)."""


def require_own(terminal: str | None, module: Module) -> None:
    """The file is of the module that sends it, else FileRefusedError."""
    if terminal != module.terminal:
        raise FileRefusedError(f"a file of {terminal} in a message of {module.terminal}")


def require_sums(receipt: Receipt) -> None:
    """RC-07 and RC-08, else FileRefusedError."""
    owed = 0
    for item in receipt.items:
        if item.discount + item.other > item.price:
            raise FileRefusedError(
                f"item total discount {item.discount + item.other} exceeds price {item.price}",
                "uz-fiscal RC-07",
            )
        owed += item.price - item.discount - item.other
    received = receipt.received_cash + receipt.received_card
    difference = abs(owed - received)
    if difference > LIMIT_DIFFERENCE:
        raise FileRefusedError(
            f"difference {difference} between {owed} and {received} is larger than {LIMIT_DIFFERENCE}",
            "uz-fiscal RC-08",
        )


@dataclass(frozen=True, slots=True)
class Verifier:
    """The checks in force. Its answers depend on nothing but the file and whose it is."""

    record_checks: Mapping[str, Check] = field(default_factory=lambda: RECORD_CHECKS)
    body_checks: Mapping[str, Check] = field(default_factory=lambda: BODY_CHECKS)
    any_version: bool = False
    check_own_zreport: bool = True

    def verify(self, file: File, module: Module) -> Intent:
        """What the file brings, or why it is not taken."""
        known = file.type in FileType.__members__.values()
        if not known or (not self.any_version and file.version != FileType(file.type).file_version):
            reason = f"type {file.type:02x} version {file.version:02x} is not known"
            return _refusal(file, module, FileStatus.UnrecognizedType, reason, "uz-fiscal OF-23")
        try:
            return self._open(file, module)
        except FileRefusedError as error:
            reason, clause = str(error), error.clause
        except StandinError as error:
            reason, clause = (
                error.text,
                "uz-fiscal OF-27" if file.type == FileType.ZReport else "uz-fiscal OF-19",
            )
        except CodecError as error:
            reason, clause = str(error), error.clause or "uz-fiscal OF-19"
        return _refusal(file, module, FileStatus.Error, reason, clause)

    def _open(self, file: File, module: Module) -> Intent:
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
        return self.open_receipt(file, header, module)

    def open_receipt(self, file: File, header: ReceiptFile, module: Module) -> VerifiedReceipt:
        """A receipt file through all its checks; raises what the first broken check raises."""
        evidence = Evidence(module, file, header)
        for check in self.record_checks.values():
            check(evidence)
        short = file.type == FileType.ShortReceipt
        if not short:
            for check in self.body_checks.values():
                check(evidence)
        record = evidence.record
        return VerifiedReceipt(
            terminal=module.terminal,
            number=header.receipt_seq or 0,
            type=record.type,
            operation=record.operation,
            time=format_compact_time(record.time),
            sign=record.fiscal_sign,
            cash=record.cash,
            card=record.card,
            vat=record.vat,
            items_count=record.items_count,
            content=record.encode(),
            header=file.header,
            body=None if short else evidence.clear,
        )

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


def module_of(terminal: str, generation_1: bool, enrolment: Enrolment | None) -> Module:
    """Whose files are to be checked, from what the registry knows."""
    return Module(terminal, generation_1, None if enrolment is None else enrolled_keys(enrolment))
