"""What cases about generation 1 share: a till at the start of a case, and how an error is judged."""

from __future__ import annotations

from conformance.context import Context
from conformance.drivers.gen1 import Shift
from conformance.drivers.gen1_rpc import RpcDriver, RpcReply

CODES = {
    "ERROR_RECEIPT_COUNT_ZERO": 36870,
    "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS": 36871,
    "ERROR_RECEIPT_NOT_FOUND": 36872,
    "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW": 36878,
    "ERROR_RECEIPT_MEMORY_FULL": 36886,
    "ERROR_RECEIPT_TIME_PAST": 36888,
    "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED": 36889,
    "ERROR_CLOSE_ZREPORT_TIME_PAST": 36897,
    "ERROR_ZREPORT_SPACE_IS_FULL": 36898,
    "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS": 36902,
    "ERROR_CURRENT_ZREPORT_IS_EMPTY": 36907,
    "ERROR_RECEIPT_TOTAL_PRICE_ZERO": 36908,
    "ERROR_ZREPORT_IS_NOT_OPEN": 36909,
    "ERROR_SALE_REFUND_COUNT_OVERFLOW": 36911,
    "ERROR_ZREPORT_IS_ALREADY_OPEN": 36912,
    "ERROR_NOT_ENOUGH_CASH_FOR_REFUND": 36913,
    "ERROR_NOT_ENOUGH_CARD_FOR_REFUND": 36914,
    "ERROR_NOT_ENOUGH_VAT_FOR_REFUND": 36915,
    "ERROR_OPEN_ZREPORT_TIME_PAST": 36916,
    "cannot check refund info": 65274,
    "not valid refund info": 65275,
    "bad refund info passed": 65276,
    "no refund info passed": 65277,
    "card command failed": 65278,
    "fiscal drive locked": 65279,
    "cannot encode receipt": 65531,
    "illegal argument": 65532,
    "cannot connect card": 65534,
}
"""Messages of uz-fiscal §3.5 that cases wait for, and their codes."""
STAND_IN_TEXTS = ("cannot check refund info", "card command failed")
"""Messages that are ours: of these only the code is judged elsewhere."""


def begin(ctx: Context, shift: Shift | None = "open") -> RpcDriver:
    """The till, its module unlocked and its shift as asked."""
    ctx.rpc.ready(shift)
    return ctx.rpc


def quiet(ctx: Context, shift: Shift = "open", **drive: object) -> RpcDriver:
    """New parts, of which the drive sends nothing by itself; needs the controls of all three."""
    ctx.rpc.fresh(drive={"auto_send": False, **drive})
    ctx.rpc.ready(shift)
    return ctx.rpc


def refused(ctx: Context, answer: RpcReply, message: str, *, clause: str = "") -> None:
    """The answer is the error of this message, with its code, under HTTP 200."""
    ctx.check(200, answer.reply.status, "HTTP status", clause="G1-T-04")
    ctx.check(CODES[message], answer.told[0], "code", clause=clause)
    if message not in STAND_IN_TEXTS:
        ctx.check(message, answer.told[1], "message", clause="S-3.5")


def unchanged(ctx: Context, before: dict[str, object]) -> None:
    """Info is what it was: no number spent, no time moved. Held receipts may be sent meanwhile."""
    names = ("CurrentTime", "CurrentReceiptSeq", "ZReportCount")
    now = ctx.rpc.info()
    ctx.check({name: before[name] for name in names}, {name: now[name] for name in names}, "module")
