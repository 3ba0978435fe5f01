"""Opening and closing shifts in the module (uz-fiscal §5.3, §9.3)."""

from __future__ import annotations

from conformance.cases import case
from conformance.context import Context
from reference.protocol.uz.apdu import StatusWord


@case(
    "uz.module.shift.open-twice",
    target="module",
    clauses=["FM-Z-01", "ZR-02"],
    requirements=["UZ-SHF-01"],
    description="A shift is opened while one is open.",
    expectation="9022, and nothing in the module has changed.",
)
def open_twice(ctx: Context) -> None:
    """One cause only: the time of the second opening is a good one."""
    module = ctx.module
    module.ready(shift="open")
    memory, shift = module.memory(), module.shift()
    ctx.step("open again, one second after the last operation")
    answer = module.open()
    ctx.check(StatusWord.ZREPORT_IS_NOT_CLOSED, answer.sw, "status word", clause="FM-Z-01")
    ctx.check(memory, module.memory(), "fiscal memory", clause="ZR-02")
    ctx.check(shift, module.shift(), "the open shift", clause="ZR-02")


@case(
    "uz.module.shift.close-empty",
    target="module",
    clauses=["FM-Z-04", "ZR-03"],
    requirements=["UZ-SHF-05"],
    description="A shift is closed in which nothing was sold.",
    expectation="9032, and the shift stays open.",
)
def close_empty(ctx: Context) -> None:
    """A shift opened for the case, so that it is certainly empty."""
    module = ctx.module
    module.ready(shift="fresh")
    memory = module.memory()
    ctx.step("close the empty shift")
    answer = module.close_shift()
    ctx.check(StatusWord.CANNOT_CLOSE_EMPTY_ZREPORT, answer.sw, "status word", clause="FM-Z-04")
    ctx.check(memory, module.memory(), "fiscal memory", clause="ZR-03")
    ctx.check(None, module.shift().close_time, "close time", clause="ZR-03")
