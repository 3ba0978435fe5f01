"""Is this sign genuine? VerifyFiscalSignQuery in both lengths, every value wrong once (uz-fiscal §11.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import answered, confirmed, full, short, status_of, taken
from reference.protocol.uz.message import File, FileStatus
from reference.protocol.uz.receipt import Operation, ReceiptType
from reference.protocol.uz.values import encode_bcd8, encode_terminal_id, encode_time

VALID, NOT = FileStatus.Acknowledge, FileStatus.Reject


def _sold(ctx: Context, **changes: object) -> tuple[Terminal, Issued]:
    terminal = ctx.operator.terminal()
    issued = terminal.issue(None, seq=None, **changes)
    taken(ctx, terminal, full(issued))
    return terminal, issued


def _query(
    issued: Issued, *, terminal: str = "", sign: str | None = None, late: int = 0, more: int = 0
) -> File:
    """A query by hand: number, time, sign, and the terminal in front when one is given."""
    header = b"".join(
        (
            encode_terminal_id(terminal) if terminal else b"",
            encode_bcd8(issued.seq + more),
            encode_time(issued.receipt.time + timedelta(seconds=late)),
            bytes.fromhex(issued.sign if sign is None else sign),
        )
    )
    return File(0xC8, 0x01, header)


def _answers(ctx: Context, sender: Terminal | str, *files: File) -> list[FileStatus]:
    acks = answered(ctx, sender, *files)
    ctx.check([b""] * len(files), [ack.body for ack in acks], "bodies of the answers", clause="S-11.7")
    return [ack.status for ack in acks]


@family(
    "uz.operator.sign.valid.{key}",
    rows={"22-bytes": False, "30-bytes": True},
    target="operator",
    clauses=["S-11.7"],
    requirements=["UZ-OFD-03", "UZ-POS-03"],
    needs=["test-keys"],
    description="A stored purchase is asked for with all four values, in a header of {key}.",
    expectation="Acknowledge without a body.",
)
def valid(ctx: Context, long: bool) -> None:
    """The guide says 30 bytes, the sample code sends 22."""
    terminal, issued = _sold(ctx)
    query = _query(issued, terminal=terminal.id if long else "")
    ctx.check(30 if long else 22, len(query.header), "bytes of the query")
    ctx.check([VALID], _answers(ctx, terminal, query), "answer", clause="S-11.7")


@case(
    "uz.operator.sign.from-another-till",
    target="operator",
    clauses=["S-11.7"],
    requirements=["UZ-POS-03"],
    needs=["test-keys"],
    description="Another till asks in a message of its own, with 30 bytes and with 22.",
    expectation="30 bytes name the receipt's module: valid; 22 bytes mean the sender's own: not.",
)
def another_till(ctx: Context) -> None:
    """Goods are often brought back to another till than they were bought at."""
    terminal, issued = _sold(ctx)
    other = ctx.operator.terminal()
    answers = _answers(ctx, other, _query(issued, terminal=terminal.id), _query(issued))
    ctx.check([VALID, NOT], answers, "answers to 30 and 22 bytes", clause="S-11.7")


WRONG_VALUES: dict[str, dict[str, object]] = {
    "number": {"more": 1},
    "time-one-second": {"late": 1},
    "time-one-day": {"late": -86_400},
    "sign-zero": {"sign": "000000000000"},
    "terminal": {"terminal": "ZZ999999999990"},
}


@family(
    "uz.operator.sign.wrong.{key}",
    rows=WRONG_VALUES,
    target="operator",
    clauses=["S-11.7"],
    requirements=["UZ-OFD-03", "UZ-POS-03"],
    needs=["test-keys"],
    description="One of the four values of a query is wrong: {key}.",
    expectation="Not valid, in either length; with all four right it is.",
)
def wrong_value(ctx: Context, changes: dict[str, object]) -> None:
    """Three right values prove nothing."""
    terminal, issued = _sold(ctx)
    long = _query(issued, **{"terminal": terminal.id, **changes})  # type: ignore[arg-type]
    queries = [long, _query(issued, terminal=terminal.id)]
    if "terminal" not in changes:
        queries.insert(0, _query(issued, **changes))  # type: ignore[arg-type]
    expected = [NOT] * (len(queries) - 1) + [VALID]
    ctx.check(expected, _answers(ctx, terminal, *queries), "answers", clause="S-11.7")


@case(
    "uz.operator.sign.every-digit",
    target="operator",
    clauses=["S-11.7", "TY-04"],
    requirements=["UZ-OFD-03"],
    needs=["test-keys"],
    description="Each of the twelve digits of a sign is changed in turn.",
    expectation="Not valid, twelve times.",
)
def every_digit(ctx: Context) -> None:
    """A comparison of less than all digits would be found here."""
    terminal, issued = _sold(ctx)
    signs = [
        issued.sign[:at] + str((int(issued.sign[at]) + 1 + ctx.rng.randrange(9)) % 10) + issued.sign[at + 1 :]
        for at in range(12)
    ]
    answers = _answers(ctx, terminal, *(_query(issued, sign=sign) for sign in signs))
    ctx.check([NOT] * 12, answers, "answers", clause="S-11.7")


@case(
    "uz.operator.sign.mixed-up",
    target="operator",
    clauses=["S-11.7"],
    requirements=["UZ-POS-03"],
    needs=["test-keys"],
    description="Sign, time and number of two receipts of one module are mixed.",
    expectation="No mixture is valid: all values must be those of one receipt.",
)
def mixed_up(ctx: Context) -> None:
    """Every value stands in the ledger, only not together."""
    terminal, first = _sold(ctx)
    second = terminal.issue()
    taken(ctx, terminal, full(second))
    later = replace(first, receipt=replace(first.receipt, time=second.receipt.time))
    queries = [_query(first, sign=second.sign), _query(later), _query(later, sign=second.sign)]
    ctx.check([NOT] * 3, _answers(ctx, terminal, *queries), "answers", clause="S-11.7")


@family(
    "uz.operator.sign.not-of-a-sale.{key}",
    rows={
        "refund": (ReceiptType.PURCHASE, Operation.REFUND),
        "advance": (ReceiptType.ADVANCE, Operation.SALE),
        "credit": (ReceiptType.CREDIT, Operation.SALE),
        "advance-refund": (ReceiptType.ADVANCE, Operation.REFUND),
        "credit-refund": (ReceiptType.CREDIT, Operation.REFUND),
    },
    target="operator",
    clauses=["S-11.7", "RC-11"],
    requirements=["UZ-POS-03"],
    needs=["test-keys"],
    description="A stored {key} is asked for with all its values.",
    expectation="Not valid: only a sale of type purchase can be given back.",
)
def not_of_a_sale(ctx: Context, row: tuple[ReceiptType, Operation]) -> None:
    """Advance and credit have no sign; twelve zeros stand for it."""
    kind, operation = row
    terminal, issued = _sold(ctx, type=kind, operation=operation)
    sign = issued.sign or "000000000000"
    queries = [_query(issued, sign=sign), _query(issued, sign=sign, terminal=terminal.id)]
    ctx.check([NOT] * 2, _answers(ctx, terminal, *queries), "answers", clause="S-11.7")


@case(
    "uz.operator.sign.not-stored",
    target="operator",
    clauses=["S-11.7"],
    requirements=["UZ-OFD-03"],
    needs=["test-keys"],
    description="A genuine receipt is asked for before it was sent, and after its short record has come.",
    expectation="Not valid, then valid.",
)
def not_stored(ctx: Context) -> None:
    """The ledger is what counts, not whether the sign could be genuine."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    ctx.check(False, confirmed(ctx, issued), "valid before it was sent", clause="S-11.7")
    taken(ctx, terminal, short(issued))
    ctx.check(True, confirmed(ctx, issued), "valid with its short record", clause="S-11.7")


@family(
    "uz.operator.sign.bad-query.{key}",
    rows={
        "empty": b"",
        "21-bytes": bytes(21),
        "23-bytes": bytes(23),
        "29-bytes": bytes(29),
        "31-bytes": bytes(31),
        "number-is-no-bcd": b"\xff" * 8 + bytes.fromhex("2026070154120000") + bytes(6),
        "time-is-none": bytes(8) + bytes(8) + bytes(6),
        "sign-is-no-bcd": bytes(8) + bytes.fromhex("2026070154120000") + b"\xaa" * 6,
    },
    target="operator",
    clauses=["S-11.7"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A query's header is none: {key}.",
    expectation="Anything but Acknowledge; the files beside it are answered as usual.",
)
def bad_query(ctx: Context, header: bytes) -> None:
    """Everything but 00 means not valid to a client."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    statuses = status_of(ctx, terminal, File(0xC8, 0x01, header), issued.full)
    ctx.check_that(
        statuses[0] != VALID, "not Acknowledge", statuses[0], "answer to the query", clause="S-11.7"
    )
    ctx.check(VALID, statuses[1], "status of the receipt beside it", clause="OF-10")
