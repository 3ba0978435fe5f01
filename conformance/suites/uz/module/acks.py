"""Acknowledgements: genuine, forged, repeated, misdirected, and what they free (uz-fiscal FM-A-01 … 04)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, Bookkeeper, begin, refused, still_sells
from reference.protocol.uz import apdu, standin, values
from reference.protocol.uz.apdu import Command, StatusWord

FORGED = StatusWord.INVALID_ACK_SIGNATURE
FOREIGN = "ZZ999999999999"
NOBODY = bytes(range(32))
"""Seed of a key that belongs to no operator."""


def _ack(data: bytes, index: int = 0xFFFF) -> Command:
    return Command(0, 0x09, index >> 8, index & 0xFF, data)


def _closed_shift(ctx: Context) -> Bookkeeper:
    books = begin(ctx, "fresh")
    books.acknowledge(books.sell().seq)
    books.must(books.close(), "close")
    return books


@case(
    "uz.module.acks.receipt",
    target="module",
    clauses=["FM-A-02", "FM-A-04"],
    requirements=["UZ-OFF-04"],
    needs=["test-keys"],
    description="Of five held receipts the third, the first and the last are acknowledged.",
    expectation=("Each is gone at once: one receipt less, oldest unsent recomputed, and sums untouched."),
)
def receipt(ctx: Context) -> None:
    """The books are compared after every one."""
    books = begin(ctx, "fresh")
    sold = [books.sell() for _ in range(5)]
    for at in (2, 0, 4):
        answer = books.must(books.acknowledge(sold[at].seq), "acknowledge")
        ctx.check(b"", answer.data, "data of the answer", clause="FM-A-02")
        books.compare()
        gone = ctx.module.transmit(apdu.get_receipt_file(seq=sold[at].seq))
        ctx.check(StatusWord.NOT_FOUND, gone.sw, "file of the acknowledged receipt", clause="FM-A-02")


@case(
    "uz.module.acks.shift",
    target="module",
    clauses=["FM-A-03", "S-17.5"],
    requirements=["UZ-SHF-07"],
    needs=["test-keys"],
    description="A closed Z-report is acknowledged with an operator's time of an hour later.",
    expectation="The Z-report bears that time, leaves the list and stays readable; nothing else has changed.",
)
def shift(ctx: Context) -> None:
    """Its file stays, too, unlike that of a receipt."""
    books = _closed_shift(ctx)
    closed = books.ledger.current.close_time
    assert closed is not None
    file = ctx.module.transmit(apdu.get_zreport_file(0))
    at = closed + timedelta(hours=1)
    books.must(books.acknowledge_shift(closed, at), "acknowledge the shift")
    books.compare()
    ctx.check(at, ctx.module.shift().acknowledged, "time of acknowledgement", clause="FM-A-03")
    ctx.check([], ctx.module.unacknowledged_shifts(), "unacknowledged shifts", clause="FM-A-03")
    ctx.check(
        file.data, ctx.module.transmit(apdu.get_zreport_file(0)).data, "file afterwards", clause="FM-A-03"
    )


@case(
    "uz.module.acks.shift-in-trade",
    target="module",
    clauses=["FM-A-03", "FM-A-04"],
    requirements=["UZ-SHF-07"],
    needs=["test-keys"],
    description=(
        "Three shifts are closed, a fourth trades; they are acknowledged newest first, by wrong and right"
        " hints."
    ),
    expectation="Each time is noted on its own shift.",
)
def shift_in_trade(ctx: Context) -> None:
    """The close time names the shift, not its place."""
    books = begin(ctx, "fresh")
    for _ in range(3):
        books.sell()
        books.next_shift()
    books.sell()
    for index in (1, 2, 3):
        closed = books.ledger.shift(index).close_time
        assert closed is not None
        at = books.now + timedelta(seconds=index)
        file = ctx.module.shift_ack_file(closed, time=at)
        hint = ctx.module.shift_file(4 - index).index or 0
        books.must(ctx.module.transmit(apdu.ack(file, hint)), "acknowledge the shift")
        books.ledger.acknowledge_shift(closed, at)
        for each in range(4):
            ctx.check(books.ledger.shift(each), ctx.module.shift(each), f"shift {each}", clause="FM-A-03")


@family(
    "uz.module.acks.repeated.{key}",
    rows={"receipt": False, "shift": True},
    target="module",
    clauses=["FM-A-01"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description=(
        "The acknowledgement of a {key} is given again, byte for byte, and once more after a power cycle."
    ),
    expectation="9020 both times, and nothing has changed.",
)
def repeated(ctx: Context, of_shift: bool) -> None:
    """A host that lost the answer learns that it was taken before."""
    books = _closed_shift(ctx) if of_shift else begin(ctx, "fresh")
    if of_shift:
        file = ctx.module.shift_ack_file(books.ledger.last_operation)
    else:
        books.sell()
        file = ctx.module.ack_file(books.sell())
    ctx.check(OK, ctx.module.transmit(_ack(file)).sw, "the first time")
    refused(ctx, _ack(file), StatusWord.NOT_FOUND)
    ctx.module.power_cycle()
    refused(ctx, _ack(file), StatusWord.NOT_FOUND)


@case(
    "uz.module.acks.unknown",
    target="module",
    clauses=["FM-A-01"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Genuine acknowledgements name receipts never given, and shifts never closed.",
    expectation="9020 each time; the held receipt and the open shift stay as they are.",
)
def unknown(ctx: Context) -> None:
    """Number zero, the next number, the last possible one; the open shift's opening time; tomorrow."""
    books = begin(ctx, "fresh")
    sold = books.sell()
    opened = books.ledger.current.open_time
    for seq in (0, sold.seq + 1, 9_999_999_999_999_999):
        refused(ctx, _ack(ctx.module.ack_file(seq)), StatusWord.NOT_FOUND, what=f"number {seq}")
    for time in (opened, sold.time, sold.time + timedelta(days=1)):
        refused(ctx, _ack(ctx.module.shift_ack_file(time)), StatusWord.NOT_FOUND, what=f"shift closed {time}")
    number_as_shift = standin.make_ack_file(
        standin.AckKind.ZREPORT, ctx.module.terminal, values.encode_bcd8(sold.seq), sold.time
    )
    refused(ctx, _ack(number_as_shift), StatusWord.NOT_FOUND, what="a receipt's number as a shift")


@family(
    "uz.module.acks.forged.{key}",
    rows={
        "version": 0,
        "kind": 1,
        "terminal": 5,
        "number": 10,
        "number-end": 17,
        "time": 20,
        "signature-begin": 26,
        "signature-middle": 58,
        "signature-end": 89,
    },
    target="module",
    clauses=["FM-A-01", "S-17.5"],
    requirements=["UZ-OFD-01", "UZ-DEV-07"],
    needs=["test-keys"],
    description="One byte ({key}) of a genuine acknowledgement is changed.",
    expectation="9015, nothing has changed, and the genuine one is still taken.",
)
def forged(ctx: Context, at: int) -> None:
    """Also where the change would name another held receipt."""
    books = begin(ctx, "fresh")
    books.sell()
    sold = books.sell()
    file = ctx.module.ack_file(sold)
    refused(ctx, _ack(file[:at] + bytes((file[at] ^ 1,)) + file[at + 1 :]), FORGED, clause="FM-A-01")
    books.must(books.acknowledge(sold.seq), "the genuine acknowledgement")
    books.compare()


@family(
    "uz.module.acks.misshapen.{key}",
    rows={
        "empty": (0, StatusWord.WRONG_LENGTH),
        "one-byte": (1, FORGED),
        "cut-by-one": (89, FORGED),
        "longer-by-one": (91, FORGED),
        "body-only": (26, FORGED),
        "longest": (250, FORGED),
    },
    target="module",
    clauses=["FM-A-01", "FM-S-09"],
    requirements=["UZ-DEV-07"],
    needs=["test-keys"],
    description=lambda row: f"An acknowledgement has {row[0]} bytes.",
    expectation=lambda row: f"{row[1]:04X}, and nothing has changed.",
)
def misshapen(ctx: Context, row: tuple[int, StatusWord]) -> None:
    """A genuine one, cut or filled up with zeros."""
    size, word = row
    ctx.module.ready("open")
    file = (ctx.module.ack_file(ctx.module.sell()) + bytes(200))[:size]
    clause = "FM-S-09" if not size else "FM-A-01"
    refused(ctx, _ack(file), word, clause=clause)


@family(
    "uz.module.acks.wrong-hand.{key}",
    rows={"unknown-key": "key", "the-module-itself": "module", "a-sync-file": "sync", "unknown-kind": "kind"},
    target="module",
    clauses=["FM-A-01"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Well-formed files that are no acknowledgements of the operator: {key}.",
    expectation="9015, and nothing has changed.",
)
def wrong_hand(ctx: Context, how: str) -> None:
    """Right layout, wrong signer or wrong purpose."""
    ctx.module.ready("open")
    sold = ctx.module.sell()
    terminal = ctx.module.terminal
    id8, kind = values.encode_bcd8(sold.seq), standin.AckKind.RECEIPT
    if how == "sync":
        file = ctx.module.sync_file()
    elif how == "kind":
        file = standin.make_ack_file(3, terminal, id8, sold.time)  # type: ignore[arg-type]
    else:
        seed = standin.module_seed(terminal) if how == "module" else NOBODY
        file = standin.make_ack_file(kind, terminal, id8, sold.time, standin.signing_key(seed))
    refused(ctx, _ack(file), FORGED)


@family(
    "uz.module.acks.other-terminal.{key}",
    rows={"receipt": False, "shift": True},
    target="module",
    clauses=["FM-A-01"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine acknowledgement of another module's {key} of the same number or time.",
    expectation="9016, and nothing has changed.",
)
def other_terminal(ctx: Context, of_shift: bool) -> None:
    """Two tills of one shop share a drive."""
    if of_shift:
        books = _closed_shift(ctx)
        file = ctx.module.shift_ack_file(books.ledger.last_operation, terminal=FOREIGN)
    else:
        ctx.module.ready("open")
        file = ctx.module.ack_file(ctx.module.sell(), terminal=FOREIGN)
    refused(ctx, _ack(file), StatusWord.WRONG_TERMINAL_ID)


@case(
    "uz.module.acks.hints",
    target="module",
    clauses=["FM-A-04"],
    requirements=["UZ-OFF-04"],
    needs=["test-keys"],
    description=(
        "Receipts are acknowledged with the right index, wrong ones, one that was never used, 7FFF and FFFF."
    ),
    expectation="Each acknowledges the receipt that its file names and no other.",
)
def hints(ctx: Context) -> None:
    """Only a hint: if the record there is another one, all memory is searched."""
    books = begin(ctx, "fresh")
    sold = [books.sell() for _ in range(6)]
    places = [ctx.module.receipt_file(seq=each.seq).index or 0 for each in sold]
    for number, hint in (
        (0, places[0]),
        (1, places[2]),
        (2, places[1]),
        (3, max(places) + 1),
        (4, 0x7FFF),
        (5, None),
    ):
        books.must(books.acknowledge(sold[number].seq, hint), f"acknowledge with hint {hint}")
        books.compare()


@family(
    "uz.module.acks.bad-hint.{key}",
    rows={"8000": 0x8000, "c000": 0xC000, "fffe": 0xFFFE},
    target="module",
    clauses=["ACK-01"],
    requirements=["UZ-DEV-07"],
    needs=["test-keys"],
    description="A genuine acknowledgement comes with the index {key}.",
    expectation="9011, and nothing has changed; with FFFF it is taken.",
)
def bad_hint(ctx: Context, index: int) -> None:
    """FFFF alone says unknown."""
    books = begin(ctx, "fresh")
    sold = books.sell()
    refused(ctx, _ack(ctx.module.ack_file(sold), index), StatusWord.INVALID_INDEX)
    books.must(books.acknowledge(sold.seq), "with FFFF")


@case(
    "uz.module.acks.while-locked",
    target="module",
    clauses=["ACK-01"],
    requirements=["UZ-OFF-05", "UZ-OFF-04"],
    needs=["test-keys"],
    description="The operator locks the module; a receipt and a Z-report are acknowledged.",
    expectation="Both are taken, the module stays locked, last operation and sums are untouched.",
)
def while_locked(ctx: Context) -> None:
    """A lock stops trade, not the sending of what was traded."""
    books = begin(ctx, "fresh")
    sold = books.sell()
    books.must(books.close(), "close")
    closed = books.ledger.last_operation
    books.must(books.sync(closed, lock=True), "locking sync")
    books.must(books.acknowledge(sold.seq), "acknowledge the receipt")
    books.must(books.acknowledge_shift(closed), "acknowledge the shift")
    books.compare()
    ctx.check(True, ctx.module.info().locked, "still locked")


@case(
    "uz.module.acks.not-in-time",
    target="module",
    clauses=["ACK-01"],
    requirements=["UZ-CLK-03"],
    needs=["test-keys"],
    description="Acknowledgements bear operator's times of years ago and years ahead.",
    expectation="All are taken, and the last operation stays where it was.",
)
def not_in_time(ctx: Context) -> None:
    """An acknowledgement is no clock."""
    books = begin(ctx, "fresh")
    for days in (-3000, -1, 1, 3000):
        sold = books.sell()
        file = ctx.module.ack_file(sold, time=sold.time + timedelta(days=days))
        books.must(ctx.module.transmit(_ack(file)), f"operator's time {days} days off")
        books.ledger.acknowledge(sold.seq)
    books.compare()
    still_sells(ctx, "ACK-01")
