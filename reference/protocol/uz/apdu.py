"""Commands to applet 0400 and its answers (uz-fiscal §5.1, §5.2): instruction table, command codec, builders.

Host to module: a builder makes a `Command`, `Command.encode` its bytes. Module to host: `split_response`.
The module decodes with `Command.decode` and finds the row of the table with `find_instruction`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.status_words import ISO_WORDS as ISO_WORDS
from reference.protocol.uz.status_words import StatusWord as StatusWord
from reference.protocol.uz.status_words import status_text as status_text
from reference.protocol.uz.status_words import status_word as status_word
from reference.protocol.uz.values import encode_bcd8, encode_time

AID: Final = b"fiscaldriveS01"
ATR_VENDOR: Final = bytes.fromhex("3b8f800180318065b08503010101030201040105")
"""ATR of the vendor's emulator; its check byte is wrong by ISO 7816-3 (uz-fiscal FM-S-07)."""
ATR_ISO: Final = ATR_VENDOR[:-1] + b"\x68"
"""The same with the right check byte, for shells whose host stacks verify it (uz-fiscal FM-S-07)."""
APPLET_VERSION: Final = 0x0400
JCRE_VERSION: Final = 0x0300
DESELECT_ANSWER: Final = bytes.fromhex("6f0c8408a000000151000000a500")
CPLC_PREFIX: Final = bytes.fromhex("9f7f2a")
CPLC_SIZE: Final = 42
MAX_DATA: Final = 255
UNKNOWN_INDEX: Final = 0xFFFF
"""P1P2 of ACK when the record's place is not known (uz-fiscal §5.2)."""


@dataclass(frozen=True, slots=True)
class DataRule:
    """What a command's data holds and which sizes in bytes it may have."""

    text: str
    sizes: frozenset[int]

    def allows(self, size: int) -> bool:
        """Whether data of this size passes the length check (uz-fiscal FM-C-01, FM-S-09: else 6700)."""
        return size in self.sizes


def _rule(text: str, *sizes: int | range) -> DataRule:
    return DataRule(text, frozenset(n for s in sizes for n in (s if isinstance(s, range) else (s,))))


_NONE: Final = _rule("none", 0)
_TAGS: Final = _rule("tag list, one byte a tag; empty = all", range(MAX_DATA + 1))
_TIME: Final = _rule("BCDDateTime", 8)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One row of uz-fiscal §5.2. `p1` and `p2` are both None where P1P2 carries an index."""

    name: str
    ins: int
    p1: int | None
    p2: int | None
    data: DataRule
    answer: str
    clause: str

    @property
    def indexed(self) -> bool:
        """Whether P1P2 is an index."""
        return self.p1 is None

    @property
    def header(self) -> str:
        """`00 01 XX YY`, as the table of the spec prints it."""
        places = "XX YY" if self.p1 is None or self.p2 is None else f"{self.p1:02X} {self.p2:02X}"
        return f"00 {self.ins:02X} {places}"


def _row(
    name: str,
    header: str,
    data: DataRule,
    answer: str = "none",
    clause: str = "§5.2",
    *,
    indexed: bool = False,
) -> Instruction:
    ins, p1, p2 = bytes.fromhex(header if not indexed else f"{header}0000")
    clause = f"uz-fiscal {clause}"
    if indexed:
        return Instruction(name, ins, None, None, data, answer, clause)
    return Instruction(name, ins, p1, p2, data, answer, clause)


INSTRUCTIONS: Final[tuple[Instruction, ...]] = (
    _row("GET_VERSION", "00 00 00", _NONE, "short: 0400"),
    _row("GET_INFO", "00 01 00", _TAGS, "a0 Info", "FM-I-06"),
    _row("GET_FISCAL_MEMORY_INFO", "00 02 00", _TAGS, "a1 FiscalMemoryInfo", "FM-I-06"),
    _row(
        "GET_UNACK_ZREPORTS_INDEXES",
        "00 03 00",
        _NONE,
        "short count, then that many short reverse indexes",
        "FM-I-05",
    ),
    _row("GET_ZREPORT_INFO", "01", _TAGS, "a2 ZReportInfo", "FM-I-02", indexed=True),
    _row("GET_ZREPORT_FILE", "02", _NONE, "a4 ZReportFile", "FM-I-03", indexed=True),
    _row("ZREPORT_OPEN", "03 00 00", _TIME, clause="FM-Z-01"),
    _row("ZREPORT_CLOSE", "03 01 00", _TIME, clause="FM-Z-02"),
    _row("GET_RECEIPT_INFO", "05", _TAGS, "a3 ReceiptInfo", "FM-I-04", indexed=True),
    _row(
        "GET_RECEIPT_FILE",
        "06",
        _rule("empty, or ReceiptSeq as BCD8 (then P1P2 is ignored)", 0, 8),
        "a5 ReceiptFile",
        "FM-I-04",
        indexed=True,
    ),
    _row("ACK", "09", _rule("AckFile", range(1, MAX_DATA + 1)), clause="FM-A-01", indexed=True),
    _row("SIGNED_CHALLENGE_AUTH", "0b 00 00", _rule("challenge", 16), "signed challenge", "FM-Q-01"),
    _row("POS_LOCK", "0c 00 00", _rule("secret (32), SHA-256 of it (32)", 64), clause="FM-P-01"),
    _row("POS_CHALLENGE", "0c 01 00", _NONE, "challenge, 32 bytes", "FM-P-02"),
    _row("POS_AUTH", "0c 02 00", _rule("SHA-256 of secret and challenge", 32), clause="FM-P-03"),
    _row("SYNC", "11 00 00", _rule("SyncFile", range(1, MAX_DATA + 1)), clause="FM-Y-01"),
    _row("RECEIPT_REGISTER", "17 00 00", _rule("TotalBlock", range(68, 101)), "a3 FiscalSignInfo", "FM-R-01"),
    _row("RECEIPT_RESCAN", "17 01 00", _NONE),
)
"""The applet's commands, in the order of uz-fiscal §5.2. Builders, dispatch and documents read this table."""

CARD_INSTRUCTIONS: Final[tuple[Instruction, ...]] = (
    _row("SELECT", "a4 04 00", _rule("AID; empty = deselect", range(17)), "none", "FM-S-02"),
    _row("GET_DATA_CPLC", "ca 9f 7f", _NONE, "9F7F2A, then CPLC, 42 bytes", "FM-S-04"),
)
"""What the card answers whether the applet is selected or not."""

_BY_NAME: Final = {row.name: row for row in (*INSTRUCTIONS, *CARD_INSTRUCTIONS)}
_FIXED: Final = {(row.ins, row.p1, row.p2): row for row in _BY_NAME.values() if not row.indexed}
_INDEXED: Final = {row.ins: row for row in _BY_NAME.values() if row.indexed}
_KNOWN_INS: Final = frozenset(row.ins for row in _BY_NAME.values())


def instruction(name: str) -> Instruction:
    """The row called `name`; KeyError if there is none."""
    return _BY_NAME[name]


def find_instruction(ins: int, p1: int, p2: int) -> Instruction | StatusWord:
    """The row a command header means, or the word to refuse it with: 6D00, 6A86 (uz-fiscal FM-S-06)."""
    row = _FIXED.get((ins, p1, p2)) or _INDEXED.get(ins)
    if row is not None:
        return row
    return StatusWord.INCORRECT_P1P2 if ins in _KNOWN_INS else StatusWord.INS_NOT_SUPPORTED


class Command(NamedTuple):
    """One command APDU: CLA INS P1 P2 Lc data (uz-fiscal FM-S-01).

    A named tuple, not a dataclass, because a busy module decodes 60 000 of them a second.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""

    def encode(self) -> bytes:
        """The bytes, Lc always there; CodecError above 255 data bytes or for a header value above a byte."""
        if len(self.data) > MAX_DATA:
            raise CodecError(
                f"{len(self.data)} bytes, at most {MAX_DATA}", field="data", clause="uz-fiscal FM-S-01"
            )
        try:
            return bytes((self.cla, self.ins, self.p1, self.p2, len(self.data))) + self.data
        except ValueError:
            raise CodecError(
                f"{self[:4]} are not four bytes", field="header", clause="uz-fiscal FM-S-01"
            ) from None

    @classmethod
    def decode(cls, data: bytes, *, trailing_le: bool = False) -> Command:
        """The command in `data`. `trailing_le` tolerates one Le byte after the data (uz-fiscal FM-S-10).

        CodecError under 5 bytes or when Lc does not match (uz-fiscal EM-05: answer 6700).
        """
        size = len(data)
        if size == 5 and not data[4]:
            return cls(data[0], data[1], data[2], data[3])
        if size < 5:
            raise CodecError(
                f"command has {size} bytes, at least 5", field="command", clause="uz-fiscal EM-05"
            )
        surplus = size - 5 - data[4]
        if surplus == 0 or (trailing_le and surplus == 1):
            return cls(data[0], data[1], data[2], data[3], bytes(data[5 : 5 + data[4]]))
        raise CodecError(
            f"Lc says {data[4]} data bytes, {size - 5} are there", field="Lc", clause="uz-fiscal EM-05"
        )

    @property
    def p1p2(self) -> int:
        """P1P2 as one number, 0…65535."""
        return self.p1 << 8 | self.p2

    @property
    def title(self) -> str:
        """Name of the instruction, for people; the header in hex if it is none."""
        row = find_instruction(self.ins, self.p1, self.p2)
        if self.cla == 0 and isinstance(row, Instruction):
            return "DESELECT" if row.name == "SELECT" and not self.data else row.name
        return bytes(self[:4]).hex(" ")


def split_response(response: bytes) -> tuple[bytes, int]:
    """Answer data and status word; CodecError under 2 bytes (uz-fiscal FM-S-01)."""
    if len(response) < 2:
        raise CodecError(f"{len(response)} bytes, at least 2", field="response", clause="uz-fiscal FM-S-01")
    return response[:-2], response[-2] << 8 | response[-1]


def decode_cplc(answer: bytes) -> bytes:
    """The 42 CPLC bytes of a GET DATA answer, with or without the leading 9F7F2A (uz-fiscal FM-S-04)."""
    cplc = answer.removeprefix(CPLC_PREFIX)
    if len(cplc) != CPLC_SIZE:
        raise CodecError(f"{len(cplc)} bytes, not {CPLC_SIZE}", field="CPLC", clause="uz-fiscal FM-S-04")
    return cplc


def decode_indexes(answer: bytes) -> tuple[int, ...]:
    """Reverse indexes in an answer to GET_UNACK_ZREPORTS_INDEXES; CodecError if count and size disagree."""
    numbers = tuple(int.from_bytes(answer[at : at + 2], "big") for at in range(0, len(answer), 2))
    if len(answer) % 2 or not numbers or numbers[0] != len(numbers) - 1:
        raise CodecError(f"{answer.hex()} is no counted list", field="indexes", clause="uz-fiscal FM-I-05")
    return numbers[1:]


# --- builders ----------------------------------------------------------------------------------------


def _command(name: str, data: bytes = b"", index: int = 0) -> Command:
    row = _BY_NAME[name]
    if not row.data.allows(len(data)):
        raise CodecError(
            f"{len(data)} bytes, wanted: {row.data.text}", field=f"{name} data", clause=row.clause
        )
    if row.p1 is not None and row.p2 is not None:
        return Command(0, row.ins, row.p1, row.p2, data)
    if not 0 <= index <= 0xFFFF:
        raise CodecError(f"{index} does not fit P1P2", field=f"{name} index", clause=row.clause)
    return Command(0, row.ins, index >> 8, index & 0xFF, data)


def select(aid: bytes = AID) -> Command:
    """Select the applet (uz-fiscal FM-S-02)."""
    return _command("SELECT", aid)


def deselect() -> Command:
    """Give the card back to its manager (uz-fiscal FM-S-03)."""
    return _command("SELECT")


def get_cplc() -> Command:
    """Factory data of the card, before or after select (uz-fiscal FM-S-04)."""
    return _command("GET_DATA_CPLC")


def get_version() -> Command:
    """Ask for the applet version."""
    return _command("GET_VERSION")


def get_info(tags: Iterable[int] = ()) -> Command:
    """Ask for the Info object or the given top-level tags of it; no tags = all."""
    return _command("GET_INFO", bytes(tags))


def get_fiscal_memory_info(tags: Iterable[int] = ()) -> Command:
    """Ask for FiscalMemoryInfo."""
    return _command("GET_FISCAL_MEMORY_INFO", bytes(tags))


def get_unack_zreports() -> Command:
    """Ask for the reverse indexes of closed Z-reports the operator has not acknowledged."""
    return _command("GET_UNACK_ZREPORTS_INDEXES")


def get_zreport_info(index: int = 0, tags: Iterable[int] = ()) -> Command:
    """Ask for ZReportInfo by reverse index, 0 = the last opened."""
    return _command("GET_ZREPORT_INFO", bytes(tags), index)


def get_zreport_file(index: int = 0) -> Command:
    """Ask for the file of a closed Z-report by reverse index."""
    return _command("GET_ZREPORT_FILE", index=index)


def zreport_open(time: datetime) -> Command:
    """Open a Z-report at a Tashkent local time."""
    return _command("ZREPORT_OPEN", encode_time(time))


def zreport_close(time: datetime) -> Command:
    """Close the open Z-report at a Tashkent local time."""
    return _command("ZREPORT_CLOSE", encode_time(time))


def get_receipt_info(index: int = 0, tags: Iterable[int] = ()) -> Command:
    """Ask for ReceiptInfo of a held receipt by reverse index, 0 = the newest."""
    return _command("GET_RECEIPT_INFO", bytes(tags), index)


def get_receipt_file(index: int = 0, seq: int | None = None) -> Command:
    """Ask for the file of a held receipt by reverse index or, if given, by receipt number."""
    return _command("GET_RECEIPT_FILE", b"" if seq is None else encode_bcd8(seq, "ReceiptSeq"), index)


def ack(file: bytes, index: int | None = None) -> Command:
    """Hand over an AckFile; the absolute index of its record, if known, spares the module a search."""
    return _command("ACK", file, UNKNOWN_INDEX if index is None else index)


def signed_challenge(challenge: bytes) -> Command:
    """Let the module sign a challenge of 16 bytes."""
    return _command("SIGNED_CHALLENGE_AUTH", challenge)


def pos_lock(secret: bytes) -> Command:
    """Bind the module to the POS that knows the secret of 32 bytes (uz-fiscal FM-P-01)."""
    return _command("POS_LOCK", secret + sha256(secret).digest())


def pos_challenge() -> Command:
    """Ask for the challenge the next POS_AUTH must answer (uz-fiscal FM-P-02)."""
    return _command("POS_CHALLENGE")


def pos_auth_digest(secret: bytes, challenge: bytes) -> bytes:
    """SHA-256(secret ‖ challenge), also the value of the X-POS-Auth header (uz-fiscal G2-P-03)."""
    return sha256(secret + challenge).digest()


def pos_auth(secret: bytes, challenge: bytes) -> Command:
    """Prove knowledge of the secret for the next open, close or register (uz-fiscal FM-P-03)."""
    return _command("POS_AUTH", pos_auth_digest(secret, challenge))


def sync(file: bytes) -> Command:
    """Hand over a SyncFile (uz-fiscal FM-Y-01)."""
    return _command("SYNC", file)


def receipt_register(total_block: bytes) -> Command:
    """Register a receipt by its TotalBlock of 68…100 bytes (uz-fiscal §8.5)."""
    return _command("RECEIPT_REGISTER", total_block)


def receipt_rescan() -> Command:
    """Let the module recompute the time of its first unacknowledged receipt."""
    return _command("RECEIPT_RESCAN")
