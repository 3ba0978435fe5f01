"""Frames of message version 6 at the operator (uz-fiscal §11.1, §11.6)."""

from __future__ import annotations

from conformance.cases import case
from conformance.context import Context
from reference.protocol.uz.message import FileStatus, StatusCode


@case(
    "uz.operator.frame.wrong-checksum",
    target="operator",
    clauses=["OF-13"],
    requirements=["UZ-OFD-01"],
    description="A genuine message arrives with one bit of its checksum changed.",
    expectation="BadMessageCRC32, and no acknowledgement.",
)
def wrong_checksum(ctx: Context) -> None:
    """The same message with its true checksum is taken afterwards, so nothing else was wrong with it."""
    operator = ctx.operator
    terminal = operator.terminal()
    frame = operator.request(terminal, [terminal.issue().full]).encode()
    ctx.step("send it with a changed checksum")
    response = operator.ask_frame(frame[:-1] + bytes((frame[-1] ^ 1,)))
    ctx.check(StatusCode.BadMessageCRC32, response.status.code, "status code", clause="OF-13")
    ctx.check(0, len(response.acks), "acknowledgements", clause="OF-10")
    ctx.step("send it as it was")
    taken = operator.ask_frame(frame)
    ctx.check(StatusCode.OK, taken.status.code, "status code of the true message", clause="OF-02")
    ctx.check(
        [FileStatus.Acknowledge], [ack.status for ack in taken.acks], "acknowledgements", clause="OF-10"
    )
