"""Stand-in files of module and operator, where the real formats are not public (uz-fiscal §17.4 … §17.7).

The module makes receipt files, Z-report files and signed challenges, which the operator opens; the operator
makes ack and sync files, which the module reads. Makers sign at creation; readers verify and raise
StandinError with the reason. Keys default to the public test keys of standin_keys.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from reference.protocol.uz import gost
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.errors import StandinError as StandinError
from reference.protocol.uz.errors import StandinReason as StandinReason
from reference.protocol.uz.objects import NO_INDEX, ReceiptFile, ZReportFile
from reference.protocol.uz.standin_keys import SIGNATURE_SIZE as SIGNATURE_SIZE
from reference.protocol.uz.standin_keys import ModuleKeys as ModuleKeys
from reference.protocol.uz.standin_keys import module_keys as module_keys
from reference.protocol.uz.standin_keys import module_seed as module_seed
from reference.protocol.uz.standin_keys import ofd_seed as ofd_seed
from reference.protocol.uz.standin_keys import public_key as public_key
from reference.protocol.uz.standin_keys import sign as sign
from reference.protocol.uz.standin_keys import signing_key as signing_key
from reference.protocol.uz.standin_keys import verifies as verifies
from reference.protocol.uz.standin_records import ReceiptRecord as ReceiptRecord
from reference.protocol.uz.standin_records import ZReportRecord as ZReportRecord
from reference.protocol.uz.standin_records import record_of_block as record_of_block
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.values import (
    decode_bcd8,
    decode_terminal_id,
    decode_time,
    encode_bcd8,
    encode_terminal_id,
    encode_time,
)

FILE_VERSION: Final = b"\x01"
ACK_SIZE: Final = 90
SYNC_SIZE: Final = 90
CHALLENGE_FILE_SIZE: Final = 88

_R: Final = StandinReason
ACK_REFUSALS: Final[Mapping[StandinReason, StatusWord]] = {
    **dict.fromkeys(
        (_R.LENGTH, _R.VERSION, _R.KIND, _R.SIGNATURE, _R.RECORD), StatusWord.INVALID_ACK_SIGNATURE
    ),
    _R.TERMINAL: StatusWord.WRONG_TERMINAL_ID,
}
"""What the module answers to an AckFile that `read_ack_file` refuses (uz-fiscal §17.5)."""
SYNC_REFUSALS: Final[Mapping[StandinReason, StatusWord]] = {
    **dict.fromkeys((_R.LENGTH, _R.VERSION, _R.SIGNATURE, _R.RECORD), StatusWord.INVALID_SYNC_SIGNATURE),
    _R.TERMINAL: StatusWord.WRONG_TERMINAL_ID,
    _R.CHALLENGE: StatusWord.WRONG_SYNC_CHALLENGE,
}
"""What the module answers to a SyncFile that `read_sync_file` refuses (uz-fiscal §17.6)."""

_RECEIPT_LABEL: Final = b"UZ-TEST-RECEIPT/1"
_ZREPORT_LABEL: Final = b"UZ-TEST-ZREPORT/1"
_ACK_LABEL: Final = b"UZ-TEST-ACK/1"
_SYNC_LABEL: Final = b"UZ-TEST-SYNC/1"
_AUTH_LABEL: Final = b"UZ-TEST-AUTH/1"


def _refusal(reason: StandinReason, text: str, clause: str) -> StandinError:
    return StandinError(text, reason=reason, clause=f"uz-fiscal {clause}")


def _keys(keys: ModuleKeys | None, terminal_id: str) -> ModuleKeys:
    try:
        return keys or module_keys(terminal_id)
    except CodecError as error:
        raise _refusal(_R.TERMINAL, error.text, "ID-01") from None


# --- module to operator: receipt and Z-report files -----------------------------------------------------


def _receipt_message(terminal_id: str, receipt_seq: int, type_: int, data: bytes) -> bytes:
    return b"".join(
        (
            _RECEIPT_LABEL,
            encode_terminal_id(terminal_id),
            encode_bcd8(receipt_seq, "receipt_seq"),
            bytes((type_,)),
            data,
        )
    )


def make_receipt_file(
    keys: ModuleKeys, terminal_id: str, receipt_seq: int, record: ReceiptRecord, index: int = NO_INDEX
) -> ReceiptFile:
    """The a5 object of a registered receipt, encrypted and signed (uz-fiscal §17.4); `index` is absolute."""
    ((data, signature),) = seal_receipts([(keys, terminal_id, receipt_seq, record.type, record.encode())])
    return ReceiptFile(terminal_id, receipt_seq, signature, data, record.type, index)


def seal_receipts(wanted: Sequence[tuple[ModuleKeys, str, int, int, bytes]]) -> list[tuple[bytes, bytes]]:
    """Encrypted data and signature (tags 04 and 03 of a5) for each (keys, terminal id, number, type, record).

    Many together cost a third a piece, because they are encrypted in one go.
    """
    bodies = gost.encrypt_many([(keys.transport, gost.pad(record)) for keys, _, _, _, record in wanted])
    return [
        (data, sign(keys.signing, _receipt_message(terminal_id, receipt_seq, type_, data)))
        for (keys, terminal_id, receipt_seq, type_, _), data in zip(wanted, bodies, strict=True)
    ]


def open_receipt_file(file: ReceiptFile, keys: ModuleKeys | None = None) -> ReceiptRecord:
    """The record in a receipt file whose signature verifies; its keys default to the terminal's test keys.

    StandinError: RECORD (a tag is missing, the record is unreadable or its type is not the signed one),
    TERMINAL (no ZZ id and no keys given), SIGNATURE.
    """
    terminal_id, seq, signature, data, type_ = _present(
        file.terminal_id, file.receipt_seq, file.signature, file.data, file.type
    )
    keys = _keys(keys, terminal_id)
    if not verifies(keys.public, signature, _receipt_message(terminal_id, seq, type_, data)):
        raise _refusal(
            _R.SIGNATURE, f"receipt file {seq} of {terminal_id}: signature is not the module's", "§17.4"
        )
    try:
        record = ReceiptRecord.decode(gost.decrypt(keys.transport, data))
    except CodecError as error:
        raise _refusal(_R.RECORD, f"receipt file {seq} of {terminal_id}: {error}", "§17.4") from None
    if record.type != type_:
        raise _refusal(_R.RECORD, f"file says type {type_}, its record {record.type}", "§17.4")
    return record


def make_zreport_file(
    keys: ModuleKeys, terminal_id: str, record: ZReportRecord, index: int = NO_INDEX
) -> ZReportFile:
    """The a4 object of a closed Z-report, encrypted and signed (uz-fiscal §17.4); `index` is absolute."""
    data = gost.encrypt(keys.transport, gost.pad(record.encode()))
    message = _ZREPORT_LABEL + encode_terminal_id(terminal_id) + encode_time(record.close_time) + data
    return ZReportFile(terminal_id, record.close_time, sign(keys.signing, message), data, index)


def open_zreport_file(file: ZReportFile, keys: ModuleKeys | None = None) -> ZReportRecord:
    """The record in a Z-report file whose signature verifies; errors as `open_receipt_file`."""
    terminal_id, close_time, signature, data = _present(
        file.terminal_id, file.close_time, file.signature, file.data
    )
    keys = _keys(keys, terminal_id)
    message = _ZREPORT_LABEL + encode_terminal_id(terminal_id) + encode_time(close_time) + data
    if not verifies(keys.public, signature, message):
        raise _refusal(
            _R.SIGNATURE, f"Z-report file of {terminal_id}: signature is not the module's", "§17.4"
        )
    try:
        record = ZReportRecord.decode(gost.decrypt(keys.transport, data))
    except CodecError as error:
        raise _refusal(_R.RECORD, f"Z-report file of {terminal_id}: {error}", "§17.4") from None
    if record.close_time != close_time:
        raise _refusal(_R.RECORD, f"file closed {close_time}, its record {record.close_time}", "§17.4")
    return record


def _present(*values: Any) -> tuple[Any, ...]:
    if None in values:
        raise _refusal(_R.RECORD, "a tag of the file is missing", "§5.5")
    return values


# --- operator to module: ack and sync files -------------------------------------------------------------


def _seal(label: bytes, body: bytes, key: ec.EllipticCurvePrivateKey | None) -> bytes:
    return body + sign(key or signing_key(ofd_seed()), label + body)


def _unseal(label: bytes, data: bytes, key: ec.EllipticCurvePublicKey | None, clause: str) -> bytes:
    if not (_is_operators(label, bytes(data)) if key is None else _is_signed(label, data, key)):
        raise _refusal(_R.SIGNATURE, "the signature is not the operator's", clause)
    return data[:-SIGNATURE_SIZE]


def _is_signed(label: bytes, data: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    return verifies(key, data[-SIGNATURE_SIZE:], label + data[:-SIGNATURE_SIZE])


@lru_cache(maxsize=512)
def _is_operators(label: bytes, data: bytes) -> bool:
    """By the operator's own key: the same file is read by who gets it, who passes it on and who shows it."""
    return _is_signed(label, data, public_key(ofd_seed()))


def _check_head(data: bytes, size: int, clause: str) -> None:
    if len(data) != size:
        raise _refusal(_R.LENGTH, f"{len(data)} bytes, not {size}", clause)
    if data[:1] != FILE_VERSION:
        raise _refusal(_R.VERSION, f"version {data[0]:02x}, not 01", clause)


def _terminal_and_time(body: bytes, own: str | None, clause: str) -> tuple[str, datetime]:
    try:
        terminal_id = decode_terminal_id(body[2:10])
    except CodecError as error:
        raise _refusal(_R.TERMINAL, error.text, clause) from None
    if own is not None and own != terminal_id:
        raise _refusal(_R.TERMINAL, f"made for {terminal_id}, not for {own}", clause)
    try:
        return terminal_id, decode_time(body[18:26])
    except CodecError as error:
        raise _refusal(_R.RECORD, error.text, clause) from None


class AckKind(IntEnum):
    """What an AckFile acknowledges."""

    RECEIPT = 1
    ZREPORT = 2


@dataclass(frozen=True, slots=True)
class AckContents:
    """A verified AckFile; `id8` is the receipt number as BCD8 or the close time of the Z-report."""

    kind: AckKind
    terminal_id: str
    id8: bytes
    time: datetime

    @property
    def receipt_seq(self) -> int:
        """The receipt number; CodecError if `id8` is none."""
        return decode_bcd8(self.id8, "receipt_seq")

    @property
    def close_time(self) -> datetime:
        """The close time of the Z-report; CodecError if `id8` is none."""
        return decode_time(self.id8, "close_time")


def make_ack_file(
    kind: AckKind, terminal_id: str, id8: bytes, time: datetime, key: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """The operator's acknowledgement, 90 bytes (uz-fiscal §17.5); the key defaults to the operator's."""
    if len(id8) != 8:
        raise CodecError(f"{len(id8)} bytes, not 8", field="id8", clause="uz-fiscal §17.5")
    body = b"".join((FILE_VERSION, bytes((kind,)), encode_terminal_id(terminal_id), id8, encode_time(time)))
    return _seal(_ACK_LABEL, body, key)


def read_ack_file(
    data: bytes, terminal_id: str | None = None, key: ec.EllipticCurvePublicKey | None = None
) -> AckContents:
    """What an AckFile says, checked in this order: LENGTH, VERSION, KIND, SIGNATURE, TERMINAL, RECORD.

    `terminal_id`, if given, must be the file's. The reason is a key of ACK_REFUSALS.
    """
    _check_head(data, ACK_SIZE, "§17.5")
    if data[1] not in (AckKind.RECEIPT, AckKind.ZREPORT):
        raise _refusal(_R.KIND, f"kind {data[1]:02x}, not 01 or 02", "§17.5")
    body = _unseal(_ACK_LABEL, data, key, "§17.5")
    owner, time = _terminal_and_time(body, terminal_id, "§17.5")
    return AckContents(AckKind(body[1]), owner, body[10:18], time)


class SyncFlags(IntFlag):
    """What a SyncFile does besides setting the time; LOCKED counts only with CHANGE_LOCK."""

    NONE = 0
    CHANGE_LOCK = 1
    LOCKED = 2
    UNDO_POS_LOCK = 4


@dataclass(frozen=True, slots=True)
class SyncContents:
    """A verified SyncFile; `lock` is the new lock state, None to leave it as it is."""

    flags: SyncFlags
    terminal_id: str
    challenge: bytes
    time: datetime

    @property
    def lock(self) -> bool | None:
        """True lock, False unlock, None no change."""
        return bool(self.flags & SyncFlags.LOCKED) if self.flags & SyncFlags.CHANGE_LOCK else None

    @property
    def undo_pos_lock(self) -> bool:
        """Whether the module is to forget its binding to a POS."""
        return bool(self.flags & SyncFlags.UNDO_POS_LOCK)


def make_sync_file(
    flags: SyncFlags,
    terminal_id: str,
    challenge: bytes,
    time: datetime,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The operator's state sync for one SyncChallenge, 90 bytes (uz-fiscal §17.6)."""
    if len(challenge) != 8:
        raise CodecError(f"{len(challenge)} bytes, not 8", field="challenge", clause="uz-fiscal §17.6")
    body = b"".join(
        (FILE_VERSION, bytes((flags,)), encode_terminal_id(terminal_id), challenge, encode_time(time))
    )
    return _seal(_SYNC_LABEL, body, key)


def read_sync_file(
    data: bytes,
    terminal_id: str | None = None,
    challenge: bytes | None = None,
    key: ec.EllipticCurvePublicKey | None = None,
) -> SyncContents:
    """What a SyncFile says, checked in this order: LENGTH, VERSION, SIGNATURE, TERMINAL, RECORD, CHALLENGE.

    `terminal_id` and `challenge`, if given, must be the file's. The reason is a key of SYNC_REFUSALS.
    """
    _check_head(data, SYNC_SIZE, "§17.6")
    body = _unseal(_SYNC_LABEL, data, key, "§17.6")
    owner, time = _terminal_and_time(body, terminal_id, "§17.6")
    if challenge is not None and challenge != body[10:18]:
        raise _refusal(
            _R.CHALLENGE, f"made for challenge {body[10:18].hex()}, not {challenge.hex()}", "§17.6"
        )
    return SyncContents(SyncFlags(body[1]), owner, body[10:18], time)


# --- signed challenge ---------------------------------------------------------------------------------


def make_signed_challenge(keys: ModuleKeys, terminal_id: str, challenge: bytes) -> bytes:
    """The module's proof that it is that terminal, 88 bytes (uz-fiscal §17.7)."""
    if len(challenge) != 16:
        raise CodecError(f"{len(challenge)} bytes, not 16", field="challenge", clause="uz-fiscal §17.7")
    body = encode_terminal_id(terminal_id) + challenge
    return body + sign(keys.signing, _AUTH_LABEL + body)


def verify_signed_challenge(
    data: bytes, challenge: bytes, terminal_id: str | None = None, keys: ModuleKeys | None = None
) -> str:
    """The TerminalID that signed `challenge`; StandinError: LENGTH, TERMINAL, CHALLENGE, SIGNATURE."""
    if len(data) != CHALLENGE_FILE_SIZE:
        raise _refusal(_R.LENGTH, f"{len(data)} bytes, not {CHALLENGE_FILE_SIZE}", "§17.7")
    try:
        owner = decode_terminal_id(data[:8])
    except CodecError as error:
        raise _refusal(_R.TERMINAL, error.text, "§17.7") from None
    if terminal_id is not None and owner != terminal_id:
        raise _refusal(_R.TERMINAL, f"signed by {owner}, not by {terminal_id}", "§17.7")
    if data[8:24] != challenge:
        raise _refusal(_R.CHALLENGE, f"another challenge was signed: {data[8:24].hex()}", "§17.7")
    if not verifies(_keys(keys, owner).public, data[24:], _AUTH_LABEL + data[:24]):
        raise _refusal(_R.SIGNATURE, f"the signature is not that of {owner}", "§17.7")
    return owner
