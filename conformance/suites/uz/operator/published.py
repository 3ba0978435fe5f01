"""Published values: message frames and receipts of the vectors, as they stand (uz-fiscal §18)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.operator.exchange import TAKEN, confirmed, full, taken
from conformance.vectors import uz_vectors
from reference.protocol.uz.message import FileStatus
from reference.protocol.uz.receipt import Operation, decode_full_receipt
from reference.protocol.uz.standin import StandinError, read_sync_file
from reference.protocol.uz.total_block import TotalBlock


def _messages() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in uz_vectors()["messages"]}


@case(
    "uz.operator.vectors.state-query",
    target="operator",
    clauses=["S-18", "S-11.8"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="The published frame M1 arrives, a state query of ZZ000000000000.",
    expectation="One acknowledgement with a SyncFile for the published challenge.",
)
def state_query(ctx: Context) -> None:
    """Not a byte of the frame is the judge's own."""
    message = _messages()["M1"]
    response = ctx.operator.ask_frame(bytes.fromhex(message["frame_hex"]))
    ctx.check_in(TAKEN, response.status.code, "status code", clause="S-18")
    ctx.check([FileStatus.Acknowledge], [ack.status for ack in response.acks], "file statuses")
    challenge = bytes.fromhex(message["files"][0]["header_hex"])
    try:
        read_sync_file(response.acks[0].body, message["terminal_id"], challenge)
    except StandinError as error:
        ctx.fail(f"no module would take this SyncFile: {error}", clause="S-17.6")


@case(
    "uz.operator.vectors.sign-query",
    target="operator",
    clauses=["S-18", "S-11.7"],
    requirements=["UZ-OFD-03"],
    needs=["test-keys"],
    description="The published frame M2 arrives, which asks for a sign that no test module can have made.",
    expectation="One acknowledgement, which says not valid.",
)
def sign_query(ctx: Context) -> None:
    """The published sign is not the stand-in's sign of receipt 22."""
    response = ctx.operator.ask_frame(bytes.fromhex(_messages()["M2"]["frame_hex"]))
    ctx.check_in(TAKEN, response.status.code, "status code", clause="S-18")
    ctx.check(1, len(response.acks), "acknowledgements", clause="OF-10")
    status = response.acks[0].status
    ctx.check_that(status != FileStatus.Acknowledge, "not Acknowledge", status, "answer", clause="S-11.7")


@family(
    "uz.operator.vectors.receipt.{key}",
    rows={row["id"].lower(): row for row in uz_vectors()["receipts"]},
    target="operator",
    clauses=["S-18", "S-8.1", "CR-02"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="The published receipt {key} comes with its published bytes, hash and total block.",
    expectation="Acknowledge; its sign is valid if it is a sale, and the ledger holds the published bytes.",
)
def receipt(ctx: Context, row: dict[str, Any]) -> None:
    """Only number, sign and keys are a test module's."""
    terminal = ctx.operator.terminal()
    tlv = bytes.fromhex(row["tlv_hex"])
    block = TotalBlock.decode(bytes.fromhex(row["total_block_hex"]), strict=True)
    issued = terminal.sign_block(decode_full_receipt(tlv), tlv, block, 1)
    taken(ctx, terminal, full(issued))
    sold = issued.receipt.operation == Operation.SALE
    ctx.check(sold, confirmed(ctx, issued), "the sign is one of a sale", clause="S-11.7")
    if ctx.can("control"):
        held = [entry["body"] for entry in ctx.operator.ledger(terminal)]
        ctx.check([row["tlv_hex"]], held, "bytes in the ledger", clause="S-18")
