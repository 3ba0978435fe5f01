"""What the REST dialect shows, spelled exactly as the producer's guide spells it, misspellings too (uz-fiscal
§4.3).

Pure: objects of the module and rows of the store go in, JSON-ready values come out. The tag tables here also
say which names and numbers `Tags` understands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from reference.drive.delivery import SyncItem
from reference.drive.records import FileEntry, FileState, Registered
from reference.drive.slots import SlotState
from reference.protocol.uz.objects import (
    Account,
    FiscalInfo,
    FiscalMemoryInfo,
    MemoryInfo,
    ReceiptInfo,
    ZReportInfo,
)
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.values import format_json_time

NOT_CONFIRMED: Final = "not confirmed: another module was here before"
"""Description in List of a module that is refused (UZ-USB-03)."""
RECEIPT_TYPES: Final = ("Purchase", "Advance", "Credit")
OPERATIONS: Final = ("Sale", "Refund")


class Shown(NamedTuple):
    """One field of an answer: its tag in the module's object, its JSON name, the attribute, how it is
    shown."""

    tag: int
    name: str
    attribute: str
    show: Callable[[Any], Any]
    on_request: bool = False


def _as_is(value: Any) -> Any:
    return value


def _hex_short(value: int) -> str:
    return f"{value:04x}"


def _account(value: Account) -> dict[str, int]:
    return {"Sale": value.sale, "Refund": value.refund}


def _memory(value: MemoryInfo) -> dict[str, int]:
    return {
        "AvailablePersistentMemory": value.persistent,
        "AvailableResetMemory": value.reset_ram,
        "AvailableDeselectMemory": value.deselect_ram,
    }


def _hex(value: bytes) -> str:
    return value.hex()


def _named(names: Sequence[str]) -> Callable[[int], str]:
    return lambda value: names[value] if value < len(names) else str(value)


INFO: Final = (
    Shown(0x01, "AppletVersion", "applet_version", _hex_short),
    Shown(0x03, "TerminalID", "terminal_id", _as_is),
    Shown(0x04, "SyncChallenge", "sync_challenge", _hex),
    Shown(0x05, "Locked", "locked", _as_is),
    Shown(0x06, "JCREVersion", "jcre_version", _hex_short),
    Shown(0x08, "POSLocked", "pos_locked", _as_is),
    Shown(0x09, "POSAuth", "pos_auth", _as_is),
    Shown(0x80, "MemoryInfo", "memory", _memory),
)
MEMORY: Final = (
    Shown(0x01, "TerminalID", "terminal_id", _as_is),
    Shown(0x02, "ReceiptSeq", "receipt_seq", _as_is),
    Shown(0x03, "LastOperationTime", "last_operation", format_json_time),
    Shown(0x04, "FirstUnacknowledgedReceiptTime", "first_unacknowledged", format_json_time),
    Shown(0x05, "ZReportsCount", "zreports_count", _as_is),
    Shown(0x06, "ReceiptsCount", "receipts_count", _as_is),
    Shown(0x80, "CashAccomulator", "cash", _account),
    Shown(0x81, "CardAccomulator", "card", _account),
    Shown(0x82, "VATAccomulator", "vat", _account),
)
ZREPORT: Final = (
    Shown(0x01, "TerminalID", "terminal_id", _as_is),
    Shown(0x02, "OpenTime", "open_time", format_json_time),
    Shown(0x03, "CloseTime", "close_time", format_json_time),
    Shown(0x04, "TotalSaleCount", "sales", _as_is),
    Shown(0x05, "TotalRefundCount", "refunds", _as_is),
    Shown(0x80, "TotalCash", "cash", _account),
    Shown(0x81, "TotalCard", "card", _account),
    Shown(0x82, "TotalVAT", "vat", _account),
    Shown(0x08, "FirstReceiptSeq", "first_receipt", _as_is),
    Shown(0x06, "LastReceiptSeq", "last_receipt", _as_is),
    Shown(0x07, "AcknowledgedTime", "acknowledged", format_json_time),
)
RECEIPT: Final = (
    Shown(0x01, "TerminalID", "terminal_id", _as_is),
    Shown(0x02, "ReceiptSeq", "receipt_seq", _as_is),
    Shown(0x03, "Time", "time", format_json_time),
    Shown(0x04, "FiscalSign", "fiscal_sign", _as_is),
    Shown(0x05, "ReceiptType", "type", _named(RECEIPT_TYPES)),
    Shown(0x06, "OperationType", "operation", _named(OPERATIONS)),
    Shown(0x07, "ReceivedCash", "cash", _as_is),
    Shown(0x08, "ReceivedCard", "card", _as_is),
    Shown(0x09, "TotalVAT", "vat", _as_is),
    Shown(0x0A, "ItemsCount", "items_count", _as_is),
    Shown(0x0E, "Extra", "extra", _hex, on_request=True),
    Shown(0x0F, "ItemsHash", "items_hash", _hex, on_request=True),
)


def wanted_tags(table: Sequence[Shown], asked: Iterable[str]) -> tuple[int, ...]:
    """The tags to read: those asked for by number or name, unknown ones ignored; none asked means all but the
    fields given on request only (uz-fiscal §4.3)."""
    names = {row.name.lower(): row.tag for row in table}
    tags = {names.get(text.lower(), _number(text)) for text in asked}
    chosen = tuple(row.tag for row in table if row.tag in tags)
    return chosen or tuple(row.tag for row in table if not row.on_request)


def _number(text: str) -> int:
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        return -1


def shown(
    table: Sequence[Shown], value: FiscalInfo | FiscalMemoryInfo | ZReportInfo | ReceiptInfo
) -> dict[str, Any]:
    """The fields of a module's object that it carries, in the guide's order and spelling."""
    fields = ((row, getattr(value, row.attribute)) for row in table)
    return {row.name: row.show(content) for row, content in fields if content is not None}


def listed_module(state: SlotState) -> dict[str, str]:
    """One entry of List. A module that is refused says so in its Description."""
    assert state.seen is not None
    return {
        "ReaderName": state.link,
        "ATR": state.seen.atr.hex(),
        "Description": NOT_CONFIRMED if state.foreign else "",
        "FactoryID": state.seen.factory_id,
        "AppletVersion": state.seen.version,
    }


def registered(answer: Registered, qr_base: str) -> dict[str, Any]:
    """The answer of RegisterTXID; advance and credit carry neither sign nor QR (uz-fiscal §4.3, QR-03)."""
    sign = answer.fiscal_sign or ""
    address = qr_url(qr_base, answer.terminal_id, answer.receipt_seq, answer.time, sign) if sign else ""
    return {
        "TerminalID": answer.terminal_id,
        "ReceiptSeq": answer.receipt_seq,
        "DateTime": format_json_time(answer.time),
        "FiscalSign": sign,
        "QRCodeURL": address,
    }


def listed_file(row: FileEntry) -> dict[str, Any]:
    """One entry of Files/List."""
    entry: dict[str, Any] = {
        "TXID": row.txid,
        "TerminalID": row.terminal_id,
        "ReceiptSeq": row.receipt_seq,
        "Time": format_json_time(row.time),
        "Version": row.version,
        "ReceiptType": row.type,
        "OperationType": row.operation,
    }
    if row.state_changed_at is not None:
        entry["StatusChangeTime"] = format_json_time(row.state_changed_at)
    if row.message is not None:
        entry["Message"] = row.message
    return entry


def synced(items: Sequence[SyncItem]) -> dict[str, Any]:
    """The answer of a Sync call; FailsCount only when something failed (uz-fiscal §4.3)."""
    successes = sum(item.state == FileState.ACKNOWLEDGED for item in items)
    answer: dict[str, Any] = {"Items": [_synced_item(item) for item in items], "SuccessfulsCount": successes}
    if successes < len(items):
        answer["FailsCount"] = len(items) - successes
    return answer


def _synced_item(item: SyncItem) -> dict[str, Any]:
    entry: dict[str, Any] = {"TerminalID": item.terminal_id}
    if isinstance(item.name, datetime):
        entry["CloseTime"] = format_json_time(item.name)
    else:
        entry["ReceiptSeq"] = item.name
    entry["StatusText"] = item.state.text
    if item.state != FileState.ACKNOWLEDGED:
        entry["Status"] = int(item.state)
    return entry
