"""The checks of a receipt file, as tables (OF-19). No I/O.

Evidence is what is known of one file so far; a check looks at it, adds what it has found out, or raises
FileRefusedError (or an error of the protocol's codecs) with reason and clause. A deliberately faulty
operator is made by leaving a check out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol, cast

from cryptography.hazmat.primitives.asymmetric import ec

from ofd_mock.uz.registry import Enrolment
from reference.protocol.uz.gost import BLOCK
from reference.protocol.uz.gost_many import decrypt_many, digests
from reference.protocol.uz.message import File, FileType
from reference.protocol.uz.objects import ReceiptFile
from reference.protocol.uz.receipt import Receipt, ReceiptType, decode_full_receipt, total_vat
from reference.protocol.uz.receipt_rules import LIMIT_DIFFERENCE
from reference.protocol.uz.standin import ModuleKeys, open_receipt_file
from reference.protocol.uz.standin_records import ReceiptRecord

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
    digest: bytes = b""
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


def check_whole_blocks(evidence: Evidence) -> None:
    """There is a body, and it can be decrypted."""
    size = len(evidence.file.body)
    if not size or size % BLOCK:
        raise FileRefusedError(f"a body of {size} bytes is no multiple of {BLOCK}", "uz-fiscal CR-03")


def open_bodies(waiting: Sequence[Evidence]) -> None:
    """Decrypt and hash the bodies of several files together, which costs a third of one after the other."""
    cleared = decrypt_many([(evidence.record.cipher_key, evidence.file.body) for evidence in waiting])
    for evidence, clear, digest in zip(waiting, cleared, digests(cleared), strict=True):
        evidence.clear, evidence.digest = clear, digest


def check_hash(evidence: Evidence) -> None:
    """Its hash = ITEMS_HASH."""
    if evidence.digest != evidence.record.items_hash:
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
        "hash": check_hash,
        "tlv": check_tlv,
        "sums": check_sums,
        "agreement": check_agreement,
    }
)
"""What a file with a body must pass once `open_bodies` has decrypted it (OF-19)."""


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


def module_of(terminal: str, generation_1: bool, enrolment: Enrolment | None) -> Module:
    """Whose files are to be checked, from what the registry knows."""
    return Module(terminal, generation_1, None if enrolment is None else enrolled_keys(enrolment))
