"""The drive killed at every step: nothing is lost and nothing doubled (UZ-SVC-02, UZ-SVC-03)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive_client import Reply
from conformance.suites.uz.drive.sync import numbers, sell
from conformance.suites.uz.drive.trade import ACKNOWLEDGED, OperatorView, accepted, begin, still_sells, until
from conformance.verdicts import AnswerMissing, TargetUnreachable

NEEDS = ("card", "control", "module-control", "operator-control", "processes")


def killed_at(ctx: Context, point: str) -> None:
    """The drive ends, as by kill -9, the next time it comes to that point."""
    ctx.control.add_fault(point, "crash")


def answered(call: Callable[[], Reply]) -> Reply | None:
    """The answer of a call, None when the drive died over it."""
    try:
        return call()
    except (AnswerMissing, TargetUnreachable):
        return None


@contextmanager
def restarted(ctx: Context) -> Iterator[None]:
    """The drive again, in its folder and at its port; inside, the operator does not answer it yet.

    So it is the drive's memory that is looked at, not what it does about it; afterwards it may send.
    """
    away = ctx.operator_control.add_fault("ofd.connect", "close", count=None)
    ctx.step("start the drive again")
    ctx.processes.restart("drive")
    yield
    ctx.operator_control.remove_fault(away["id"])


@family(
    "uz.drive.crash.first-step.{key}",
    rows={"after-store": "gettxid.after-store"},
    target="drive",
    clauses=["G2-S-01", "G2-S-05"],
    requirements=["UZ-SVC-02", "UZ-SVC-06"],
    needs=NEEDS,
    tags=["slow"],
    description="The drive is killed in GetTXID, {key}; it starts again; both steps are done.",
    expectation="No number was spent; the receipt is registered once, with the next number.",
)
def first_step(ctx: Context, point: str) -> None:
    """The POS repeats what it got no answer to."""
    drive = begin(ctx)
    number = drive.memory()["ReceiptSeq"]
    receipt = drive.receipt()
    killed_at(ctx, point)
    ctx.check(None, answered(lambda: drive.get_txid(receipt)), "answer of the killed drive")
    with restarted(ctx):
        ctx.check(number, drive.memory()["ReceiptSeq"], "last number")
        ids = {drive.txid_of(accepted(ctx, drive.get_txid(receipt), "GetTXID")) for _ in range(2)}
        ctx.check(1, len(ids), "different TXIDs", clause="G2-S-05")
        answer = accepted(ctx, drive.register_txid(ids.pop()), "registration").json
        ctx.check(number + 1, answer["ReceiptSeq"], "number")


SECOND = {
    "after-module": "register.after-fm",
    "before-store": "register.before-store",
    "after-store": "register.after-store",
}


@family(
    "uz.drive.crash.second-step.{key}",
    rows=SECOND,
    target="drive",
    clauses=["G2-S-09", "G2-S-07", "G2-S-08"],
    requirements=["UZ-SVC-02", "UZ-SVC-06", "UZ-USB-02"],
    needs=NEEDS,
    tags=["slow"],
    description="The drive is killed in RegisterTXID, {key}; it starts again; RegisterTXID is repeated, "
    "then a sync.",
    expectation="One receipt with the next number and always the same answer; the operator has it once and "
    "whole.",
)
def second_step(ctx: Context, point: str) -> None:
    """Between module and store the repeat finds out what the module knows."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    number = drive.memory()["ReceiptSeq"]
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    killed_at(ctx, point)
    ctx.check(None, answered(lambda: drive.register_txid(txid)), "answer of the killed drive")
    with restarted(ctx):
        answers = [accepted(ctx, drive.register_txid(txid), "the repeat").json for _ in range(2)]
        ctx.check(answers[0], answers[1], "answer of the second repeat", clause="G2-S-07")
        ctx.check(number + 1, answers[0]["ReceiptSeq"], "number")
        memory = drive.memory()
        ctx.check(
            (number + 1, 1), (memory["ReceiptSeq"], memory["ReceiptsCount"]), "last number, receipts held"
        )
    drive.send_all()
    view.holds_once([number + 1], clause="G2-S-08")


@case(
    "uz.drive.crash.unfinished",
    target="drive",
    clauses=["G2-S-20", "G2-S-08", "G2-S-17"],
    requirements=["UZ-SVC-02", "UZ-USB-02"],
    needs=NEEDS,
    tags=["slow"],
    description="The drive is killed after the module registered and starts again; nobody repeats or syncs.",
    expectation="It finishes the registration by itself: the operator gets the receipt whole, and the POS, "
    "when it "
    "asks at last, its sign.",
)
def unfinished(ctx: Context) -> None:
    """The POS that lost the answer may be switched off for the night."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    number = drive.memory()["ReceiptSeq"]
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    killed_at(ctx, "register.after-fm")
    answered(lambda: drive.register_txid(txid))
    with restarted(ctx):
        until(ctx, "the registration finished", lambda: bool(drive.files_count(0) | drive.files_count(1)))
    drive.send_all()
    view.holds_once([number + 1])
    answer = accepted(ctx, drive.register_txid(txid), "RegisterTXID at last").json
    ctx.check(
        (number + 1, 12), (answer["ReceiptSeq"], len(answer["FiscalSign"])), "number, length of the sign"
    )
    ctx.check(number + 1, drive.memory()["ReceiptSeq"], "last number", clause="G2-S-09")


SENDING = {
    "after-the-answer": "sync.after-send",
    "after-the-acknowledgement": "sync.after-ack",
}


@family(
    "uz.drive.crash.sending.{key}",
    rows=SENDING,
    target="drive",
    clauses=["CL-04", "CL-05", "S-4.7"],
    requirements=["UZ-SVC-02", "UZ-OFF-02", "UZ-OFD-02"],
    needs=NEEDS,
    tags=["slow"],
    description="The drive is killed in a sync of three receipts, {key}; it starts again, sells and sends.",
    expectation="In the end the module holds nothing and the operator has each receipt once and whole.",
)
def sending(ctx: Context, point: str) -> None:
    """What was Sent and not acknowledged goes again."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 3))
    killed_at(ctx, point)
    ctx.check(None, answered(lambda: drive.sync_files("FullReceipts")), "answer of the killed drive")
    with restarted(ctx):
        still_sells(ctx)
    drive.send_all()
    view.holds_once([*sold, sold[-1] + 1])
    ctx.check({}, drive.files_count(0) | drive.files_count(1), "files new or sent", clause="S-4.7")


@case(
    "uz.drive.crash.stopped",
    target="drive",
    clauses=["G2-S-07", "S-4.7"],
    requirements=["UZ-SVC-03", "UZ-SVC-02"],
    needs=NEEDS,
    tags=["slow"],
    description="The drive is killed while idle, between the two steps of a sale, with receipts waiting; "
    "started again.",
    expectation="While it is down connections are refused at once; then answers, ids, files and shift are "
    "as before.",
)
def stopped(ctx: Context) -> None:
    """The POS goes on without a restart of its own."""
    drive = begin(ctx)
    sold = sell(drive, 2)
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    before = (drive.memory(), drive.shift())
    ctx.processes.kill("drive")
    try:
        drive.list_modules()
        ctx.fail("a drive that is not there answers", clause="S-4.7")
    except (AnswerMissing, TargetUnreachable) as error:
        ctx.note(f"while it is down: {error}")
    with restarted(ctx):
        ctx.check(before, (drive.memory(), drive.shift()), "what the drive shows")
        ctx.check({}, drive.files_count(ACKNOWLEDGED), "files acknowledged")
        for each in sold:
            again = accepted(ctx, drive.register_txid(each.txid), "an earlier registration").json
            ctx.check(each.answer, again, "its answer", clause="G2-S-07")
        answer = accepted(ctx, drive.register_txid(txid), "the second step").json
        ctx.check(numbers(sold)[-1] + 1, answer["ReceiptSeq"], "number", clause="ZR-07")
    still_sells(ctx)


@case(
    "uz.drive.crash.module-process",
    target="drive",
    clauses=["FM-S-08", "EM-08"],
    requirements=["UZ-DEV-03", "UZ-USB-01"],
    needs=NEEDS,
    tags=["slow"],
    description="The module's own process is killed in the middle of a registration and started again.",
    expectation="`card connection lost`; the repeat registers once; nothing acknowledged is lost.",
)
def module_process(ctx: Context) -> None:
    """The emulator's power cut at its hardest."""
    drive = begin(ctx)
    first = int(still_sells(ctx)["ReceiptSeq"])
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    ctx.module_control.add_fault("apdu.reply", "crash", match={"apdu": "001700*"})
    reply = drive.register_txid(txid)
    ctx.check_that(not reply.ok, "an error", reply.text[:100], "answer while the module dies")
    ctx.processes.restart("module")
    answers = [accepted(ctx, drive.register_txid(txid), "the repeat").json for _ in range(2)]
    ctx.check(answers[0], answers[1], "answer of the second repeat")
    seen = (answers[0]["ReceiptSeq"], drive.memory()["ReceiptSeq"], drive.memory()["ReceiptsCount"])
    ctx.check((first + 1, first + 1, 2), seen, "number, last number, receipts held")
