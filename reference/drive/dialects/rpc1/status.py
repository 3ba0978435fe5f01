"""Api.Status: what the sender has done since the start (uz-fiscal §3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from reference.drive.core import Core
from reference.drive.dialects.rpc1.results import Json, go_duration
from reference.drive.gen1_store import SendTotals
from reference.protocol.uz.receipt import ReceiptType
from reference.protocol.uz.values import format_json_time, from_tashkent

FULL: Final = ("receipts", "resend")
SHORT: Final = ("short",)
SHIFTS: Final = ("zreports",)


def sender_status(core: Core) -> Json:
    """Counters by TerminalID; a terminal without any is left out, so that none at all is `{}`."""
    totals = core.stage.gen1.sent_since(core.started)
    unnumbered = core.stage.gen1.unnumbered_sent()
    online = core.stage.gen1.last_online()
    return {
        "StartTime": format_json_time(core.started),
        "Sender": {
            "LiveAddress": core.operator.address or "",
            # RFC 3339 with +05:00 (uz-fiscal TM-04)
            "LastOnlineTime": "" if online is None else from_tashkent(online).isoformat(),
            "LastSendReceiveDuration": go_duration(core.operator.last_took),
            "TotalFilesSent": _summed(totals, lambda one: one.sent),
            "FullReceiptFilesSent": _summed(_of(totals, FULL), lambda one: one.sent),
            "ReceiptFilesSent": _summed(_of(totals, SHORT), lambda one: one.sent),
            "ZReportFilesSent": _summed(_of(totals, SHIFTS), lambda one: one.sent),
            "AdvanceReceiptFilesSent": _of_type(unnumbered, ReceiptType.ADVANCE),
            "CreditReceiptFilesSent": _of_type(unnumbered, ReceiptType.CREDIT),
            "EncodedFullReceiptBodyFilesSent": {},
            "TotalAckFilesReceived": _summed(totals, lambda one: one.acknowledged),
        },
        "DB": {"ArchivedFiles": core.stage.gen1.archived()},
    }


def _of(totals: Iterable[SendTotals], kinds: tuple[str, ...]) -> list[SendTotals]:
    return [one for one in totals if one.kind in kinds]


def _summed(totals: Iterable[SendTotals], number: Callable[[SendTotals], int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in totals:
        counts[one.terminal_id] = counts.get(one.terminal_id, 0) + number(one)
    return {terminal: count for terminal, count in counts.items() if count}


def _of_type(counts: dict[tuple[str, int], int], kind: ReceiptType) -> dict[str, int]:
    return {terminal: number for (terminal, of), number in counts.items() if of == kind}
