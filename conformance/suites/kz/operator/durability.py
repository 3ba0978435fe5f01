"""Answered means durable: the operator is killed with -9 and asked again (kz-ofd TK-2, TK-D1)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import line
from conformance.drivers.kz_operator import PART
from conformance.suites.kz.operator.repeat import once, prepared

PRT = ("KZ-PRT-03", "KZ-NNT-01")
NEEDS = ("processes", "control", "faults")


def _restarted(ctx: Context) -> None:
    ctx.step("the operator is killed with -9 and started again")
    ctx.processes.kill(PART)
    ctx.processes.restart(PART)


@case(
    "kz.operator.durable.killed-after-answers",
    target="operator-kz",
    clauses=["KZ-TK-2", "KZ-TK-D1", "KZ-ZR-15"],
    requirements=PRT,
    needs=NEEDS,
    tags=["slow"],
    description="The operator is killed right after its answer to the last of thirty documents.",
    expectation="Started again it has them all, repeats the last answers, and goes on counting.",
)
def after_answers(ctx: Context) -> None:
    """The last answer is read, and the next moment the process is gone."""
    devices = ctx.ofd.devices(3)
    for turn in range(9):
        for device in devices:
            device.accept(device.deposit(100 + turn) if turn % 3 == 0 else device.ticket(line(500 + turn)))
    lasts = [device.sell(line(777)) for device in devices]
    _restarted(ctx)
    for device, last in zip(devices, lasts, strict=True):
        ctx.check(last.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")
        once(ctx, device)
        device.sell()
        device.close_shift(withdraw=True)


@family(
    "kz.operator.durable.killed-in-a-request.{key}",
    rows={
        "before-storing-a-ticket": ("ofd-kz.before-commit", "ticket"),
        "after-storing-a-closing": ("ofd-kz.after-commit", "close-shift"),
    },
    target="operator-kz",
    clauses=["KZ-TK-2", "KZ-TK-D1", "KZ-TK-D6"],
    requirements=PRT,
    needs=NEEDS,
    tags=["slow"],
    description="The operator dies in the middle of a request: {key}.",
    expectation="After its start the repeat is answered with code 0, and the document is counted once.",
)
def in_a_request(ctx: Context, row: tuple[str, str]) -> None:
    """No answer came, so the register repeats; whether it was stored it cannot know."""
    point, kind = row
    device = ctx.ofd.device()
    what = prepared(device, kind)
    ctx.control.add_fault(point, "crash", match={"device": str(device.id)})
    device.send_and_lose(what)
    ctx.processes.restart(PART)
    again = device.repeat()
    ctx.check(0, again.code, "result code of the repeat", clause="KZ-TK-2")
    ctx.check(again.raw, device.repeat().raw, "answer to a second repeat", clause="KZ-TK-D1")
    once(ctx, device)
    device.sell()
    device.compare()


@case(
    "kz.operator.durable.states",
    target="operator-kz",
    clauses=["KZ-S-15.5", "KZ-S-4.5", "KZ-TK-D5"],
    level="stand-in",
    requirements=("KZ-PRT-03", "KZ-TOK-01"),
    needs=NEEDS,
    tags=["slow"],
    description="The operator is killed with a blocked register, a new token and a refused document.",
    expectation="The block and the new token are still there; the refused pair is still free.",
)
def states(ctx: Context) -> None:
    """What the portal has done is as durable as what registers send."""
    blocked, renewed, refused = ctx.ofd.devices(3)
    for device in (blocked, renewed, refused):
        device.sell()
    ctx.ofd.do("block", blocked)
    token = ctx.ofd.do("issue-token", renewed)["token"]
    number = refused.next_reqnum()
    refused.refuse(13, refused.ticket(total=1, payments=()), reqnum=number)
    _restarted(ctx)
    blocked.refuse(15, 0)
    renewed.refuse(2, 0)
    renewed.token = token
    renewed.sell()
    refused.accept(refused.ticket(), reqnum=number)
    for device in (renewed, refused):
        _whole(device)


def _whole(device: Device) -> None:
    device.compare()
    device.close_shift(withdraw=True)
