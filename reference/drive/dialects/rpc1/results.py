"""Answers of generation 1 in the names and types its clients read (uz-fiscal §3.2…§3.4, §9.1).

Pure: objects of the module and rows of the store in, JSON-ready values out. Numbers of receipts are text
here, an absent time is an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from reference.drive.dialects.rpc1.zslots import ZSlots
from reference.drive.records import Registered
from reference.drive.settings import DriveSettings, Gen1Times
from reference.protocol.uz.objects import Account, FiscalInfo, FiscalMemoryInfo, ReceiptInfo, ZReportInfo
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.values import format_compact_time, format_json_time

Json = dict[str, Any]
_MICRO: Final = 1_000
_MILLI: Final = 1_000_000
_SECOND: Final = 1_000_000_000


class Results:
    """Answers in the style the settings ask for."""

    def __init__(self, settings: DriveSettings) -> None:
        self.settings = settings

    def base(self) -> Json:
        """BaseResponse."""
        return {"AppletVersion": self.settings.gen1_applet_version}

    def time(self, time: datetime | None) -> str:
        """A time as answers show it (uz-fiscal TM-03), blank for none."""
        if time is None:
            return ""
        dashed = self.settings.gen1_times is Gen1Times.DASHED
        return format_json_time(time) if dashed else format_compact_time(time)

    def registered(self, answer: Registered) -> Json:
        """The answer to a sale or refund. The sign is text: it may begin with zeros."""
        sign = answer.fiscal_sign or ""
        base = self.settings.qr_base
        address = qr_url(base, answer.terminal_id, answer.receipt_seq, answer.time, sign) if sign else ""
        return self.base() | {
            "TerminalID": answer.terminal_id,
            "ReceiptSeq": str(answer.receipt_seq),
            "DateTime": format_compact_time(answer.time),
            "FiscalSign": sign,
            "QRCodeURL": address,
        }

    def unnumbered(self, terminal_id: str, time: datetime) -> Json:
        """The answer to an advance or credit: no number, no sign, the time with dashes (uz-fiscal §3.4)."""
        return self.base() | {
            "TerminalID": terminal_id,
            "ReceiptSeq": "",
            "DateTime": format_json_time(time),
            "FiscalSign": "",
            "QRCodeURL": "",
        }

    def info(self, info: FiscalInfo, memory: FiscalMemoryInfo) -> Json:
        """Info (uz-fiscal §3.3)."""
        free = info.memory
        return self.base() | {
            "TerminalID": info.terminal_id or "",
            "CurrentTime": self.time(memory.last_operation),
            "CurrentReceiptSeq": str(memory.receipt_seq or 0),
            "ReceiptCount": memory.receipts_count or 0,
            "ReceiptMaxCount": self.settings.gen1_receipt_max,
            "ZReportCount": memory.zreports_count or 0,
            "ZReportMaxCount": self.settings.gen1_zreport_max,
            "AvailablePersistentMemory": free.persistent if free else 0,
            "AvailableResetMemory": free.reset_ram if free else 0,
            "AvailableDeselectMemory": free.deselect_ram if free else 0,
        }

    def memory(self, memory: FiscalMemoryInfo) -> Json:
        """Lifetime sums (uz-fiscal UNK-14)."""
        return self.base() | {"TerminalID": memory.terminal_id or ""} | _sums(memory, "")

    def zreport(self, terminal_id: str, slots: ZSlots, ordinal: int, shift: ZReportInfo) -> Json:
        """A Z-report, flat (uz-fiscal §9.1)."""
        return (
            self.base()
            | {
                "TerminalID": terminal_id,
                "Number": ordinal,
                "Count": slots.count,
                "OpenTime": self.time(shift.open_time),
                "CloseTime": self.time(shift.close_time),
                "FirstReceiptSeq": str(shift.first_receipt or 0),
                "LastReceiptSeq": str(shift.last_receipt or 0),
                "TotalSaleCount": shift.sales or 0,
                "TotalRefundCount": shift.refunds or 0,
            }
            | _sums(shift, "Total")
        )

    def held(self, number: int, count: int, receipt: ReceiptInfo) -> Json:
        """A receipt the module holds (uz-fiscal §3.2 GetReceiptInfo)."""
        return self.base() | {
            "TerminalID": receipt.terminal_id or "",
            "Number": number,
            "Count": count,
            "Sale": not receipt.operation,
            "TransactionTime": self.time(receipt.time),
            "ReceiptSeq": str(receipt.receipt_seq or 0),
            "TotalCash": receipt.cash or 0,
            "TotalCard": receipt.card or 0,
            "TotalVAT": receipt.vat or 0,
        }


def _sums(value: ZReportInfo | FiscalMemoryInfo, prefix: str) -> Json:
    sides: tuple[tuple[str, Callable[[Account], int]], ...] = (
        ("Sale", lambda account: account.sale),
        ("Refund", lambda account: account.refund),
    )
    accounts = (("Cash", value.cash), ("Card", value.card), ("VAT", value.vat))
    return {
        f"{prefix}{side}{kind}": 0 if account is None else amount(account)
        for side, amount in sides
        for kind, account in accounts
    }


def by_terminal(counts: Mapping[str, int]) -> Json:
    """`{TerminalID:{"<id>":n}, Count}`, terminals without any left out (uz-fiscal §3.2 GetUnsentCount)."""
    shown = {terminal: number for terminal, number in sorted(counts.items()) if number}
    return {"TerminalID": shown, "Count": sum(shown.values())}


def go_duration(nanoseconds: int) -> str:
    """A span as Go prints it: `230.9869ms`, `1.5s`, `0s`."""
    if not nanoseconds:
        return "0s"
    for unit, size in (("s", _SECOND), ("ms", _MILLI), ("µs", _MICRO)):
        if nanoseconds >= size:
            digits = len(str(size)) - 1
            text = f"{nanoseconds / size:.{digits}f}".rstrip("0").rstrip(".")
            return f"{text}{unit}"
    return f"{nanoseconds}ns"
