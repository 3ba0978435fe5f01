"""What cases about the Communicator share: a till at the start of a case, and how an error is judged."""

from __future__ import annotations

import base64
import binascii

from conformance.context import Context
from conformance.drivers.gen1 import Shift
from conformance.drivers.gen1_communicator import CommunicatorDriver, CommunicatorReply

ALL_CONTROLS = ("card", "control", "module-control", "operator-control")


def begin(ctx: Context, shift: Shift | None = "open") -> CommunicatorDriver:
    """The till, its module unlocked, its shift as asked, a second after whatever was before."""
    till = ctx.communicator
    till.ready(shift)
    till.tick()
    return till


def quiet(ctx: Context, shift: Shift = "open", **drive: object) -> CommunicatorDriver:
    """New parts, of which the drive sends nothing by itself."""
    till = ctx.communicator
    till.fresh(drive={"auto_send": False, **drive})
    till.ready(shift)
    till.tick()
    return till


def refused(ctx: Context, answer: CommunicatorReply, text: str, *, clause: str = "EP-02") -> None:
    """The answer is an error whose text contains this one: texts vary around the name (S-13.2)."""
    ctx.check(True, answer.body.get("error"), "error", clause="S-13.2")
    ctx.check_that(text in answer.text, text, answer.text, "message", clause=clause)


def check_paycheck(ctx: Context, paycheck: object) -> None:
    """A PDF in base64 that shows TEST."""
    try:
        data = base64.b64decode(str(paycheck), validate=True)
    except binascii.Error:
        ctx.fail("the paycheck is no base64", clause="EP-04")
    ctx.check(b"%PDF-", data[:5], "the paycheck's first bytes", clause="EP-04")
    ctx.check_that(b"TEST" in data, "TEST in the text of the page", len(data), "paycheck", clause="ID-03")
