"""What cases about QPOS share: a till at the start of a case, and how an error is judged."""

from __future__ import annotations

from conformance.context import Context
from conformance.drivers.gen1 import Shift
from conformance.drivers.gen1_qpos import QposDriver, QposReply

ALL_CONTROLS = ("card", "control", "module-control", "operator-control")
ERROR = 50021


def begin(ctx: Context, shift: Shift | None = "open") -> QposDriver:
    """The till, its module unlocked and its shift as asked."""
    ctx.qpos.ready(shift)
    return ctx.qpos


def quiet(ctx: Context, shift: Shift = "open", **drive: object) -> QposDriver:
    """New parts, of which the drive sends nothing by itself."""
    ctx.qpos.fresh(drive={"auto_send": False, **drive})
    ctx.qpos.ready(shift)
    return ctx.qpos


def refused(ctx: Context, answer: QposReply, message: str, *, data: str | None = None) -> None:
    """The answer is an error with this message, under HTTP 200 and the one known code."""
    ctx.check(200, answer.reply.status, "HTTP status", clause="S-13.1")
    ctx.check(ERROR, answer.body.get("code"), "code", clause="QP-03")
    ctx.check(message, answer.message, "message", clause="QP-03")
    if data is not None:
        ctx.check(data, answer.body.get("data"), "data", clause="QP-03")


def last_number(till: QposDriver) -> int:
    """The module's last receipt number."""
    return int(till.info()["CurrentReceiptSeq"])
