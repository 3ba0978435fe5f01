"""Power and cable: cuts at every place of a command, and a failing card (uz-fiscal FM-S-08, EM-06, EM-07)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, Bookkeeper, begin, unchanged
from conformance.verdicts import AnswerMissing
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord

BEFORE, DECIDED, SAFE = "apdu.command", "apdu.commit", "apdu.reply"


@dataclass(frozen=True, slots=True)
class Cut:
    """A fault point, what happens there, and whether the command has taken effect by then."""

    point: str
    action: str
    took_effect: bool
    value: str = ""


CUTS = {
    "before-execution": Cut(BEFORE, "drop", False),
    "before-the-flash": Cut(DECIDED, "drop", False),
    "before-the-answer": Cut(SAFE, "drop", True),
    "in-the-flash-write": Cut("flash.write", "torn", False, "7"),
}
COMMANDS = ("register", "open", "close", "ack", "sync")


def _unanswered(ctx: Context, command: Command | bytes) -> None:
    try:
        answer = ctx.module.transmit(command)
    except AnswerMissing as missing:
        ctx.note(f"as it should be: {missing.message}")
        return
    ctx.fail(f"the cut did not happen: {answer.sw:04X} came", clause="EM-07")


def _prepared(ctx: Context, name: str) -> Bookkeeper:
    books = begin(ctx, "closed" if name == "open" else "fresh")
    if name in ("close", "ack"):
        books.sell()
    return books


def _lay(ctx: Context, cut: Cut, header: str) -> None:
    match = {} if cut.point == "flash.write" else {"apdu": f"{header}*"}
    ctx.control.add_fault(cut.point, cut.action, count=1, match=match, value=cut.value)


@family(
    "uz.module.power.register.{key}",
    rows=CUTS,
    target="module",
    clauses=["FM-S-08", "FM-R-01", "EM-07"],
    requirements=["UZ-DEV-03", "UZ-USB-02", "UZ-SVC-02"],
    needs=["faults"],
    description="The cable is cut during a registration, {key}; the host comes back, looks, and repeats it.",
    expectation=lambda cut: (
        f"The first one {'counts' if cut.took_effect else 'left no trace'}; "
        "after the repeat it is registered once."
    ),
)
def register(ctx: Context, cut: Cut) -> None:
    """Three times in a row, so that a leftover of the first would show."""
    books = _prepared(ctx, "register")
    for _ in range(3):
        block = ctx.module.block(time=books.now)
        _lay(ctx, cut, "001700")
        _unanswered(ctx, apdu.receipt_register(block.encode()))
        if cut.took_effect:
            books.ledger.register(block)
        books.compare()
        books.must(books.register(block), "the repeated registration")
        books.compare()
    books.sell()
    books.compare()


@family(
    "uz.module.power.other.{key}",
    rows={f"{name}-{where}": (name, cut) for name in COMMANDS[1:] for where, cut in CUTS.items()},
    target="module",
    clauses=["FM-S-08", "EM-07"],
    requirements=["UZ-DEV-03", "UZ-USB-02"],
    needs=["faults", "test-keys"],
    description="The cable is cut during a command ({key}); the host comes back, looks, and gives it again.",
    expectation="All of it took effect or nothing; given again, it works or says that it was done before.",
)
def other(ctx: Context, row: tuple[str, Cut]) -> None:
    """9022, 9023, 9020 and 9018 are how a module says that."""
    name, cut = row
    books = _prepared(ctx, name)
    time = books.now
    command, done_before = {
        "open": (apdu.zreport_open(time), StatusWord.ZREPORT_IS_NOT_CLOSED),
        "close": (apdu.zreport_close(time), StatusWord.ZREPORT_IS_ALREADY_CLOSED),
        "ack": (apdu.ack(ctx.module.ack_file(books.ledger.seq)), StatusWord.NOT_FOUND),
        "sync": (apdu.sync(ctx.module.sync_file(time=time)), StatusWord.WRONG_SYNC_CHALLENGE),
    }[name]
    _lay(ctx, cut, command.encode()[:3].hex())
    _unanswered(ctx, command)
    if cut.took_effect:
        _enter(books, name, time)
    books.compare()
    word = done_before if cut.took_effect else OK
    ctx.check(word, ctx.module.transmit(command).sw, "status word when given again", clause="FM-S-08")
    if not cut.took_effect:
        _enter(books, name, time)
    books.compare()


def _enter(books: Bookkeeper, name: str, time: datetime) -> None:
    ledger = books.ledger
    if name == "ack":
        ledger.acknowledge(ledger.seq)
    else:
        {"open": ledger.open, "close": ledger.close, "sync": ledger.sync}[name](time)


@case(
    "uz.module.power.cut-after-answer",
    target="module",
    clauses=["FM-S-08"],
    requirements=["UZ-DEV-03"],
    needs=["control"],
    description=(
        "Right after the answer to each of opening, registering, acknowledging and closing the power is cut."
    ),
    expectation="What was answered is there: the books agree after every cut.",
)
def cut_after_answer(ctx: Context) -> None:
    """9000 means durable."""
    books = begin(ctx, "closed")
    steps = (books.open, books.sell, books.sell, lambda: books.acknowledge(books.ledger.seq), books.close)
    for step in steps:
        step()
        ctx.control.do("power-cut")
        ctx.module.close()
        books.compare()
    books.must(books.sync(books.now, lock=True), "locking sync")
    ctx.control.do("power-cut")
    ctx.module.close()
    books.compare()
    ctx.check(True, ctx.module.info().locked, "locked after the cut")


@case(
    "uz.module.power.unplugged",
    target="module",
    clauses=["FM-S-08", "EM-06"],
    requirements=["UZ-DEV-03", "UZ-USB-01"],
    needs=["control"],
    description="The module is pulled out in the middle of a shift and put back.",
    expectation="Gone while it is out; afterwards the books agree and the next receipt has the next number.",
)
def unplugged(ctx: Context) -> None:
    """From the host's side: the connection ends, and later there is one again."""
    books = begin(ctx)
    books.sell()
    ctx.control.do("unplug")
    _unanswered(ctx, apdu.get_version())
    ctx.control.do("plug")
    books.compare()
    books.sell()
    books.compare()


@case(
    "uz.module.power.failing-card",
    target="module",
    clauses=["S-5.6"],
    requirements=["UZ-DEV-07", "UZ-DEV-03"],
    needs=["faults"],
    description="A failing card answers 6F00 before it executes a registration, an opening, a reading.",
    expectation="Nothing has changed, and the same command works when it is tried again.",
)
def failing_card(ctx: Context) -> None:
    """The hint of that word: try again."""
    books = begin(ctx, "fresh")
    block = ctx.module.block(time=books.now)
    for command in (apdu.receipt_register(block.encode()), apdu.get_receipt_file(0)):
        with unchanged(ctx):
            header = command.encode()[:3].hex()
            ctx.control.add_fault(BEFORE, "sw", count=1, match={"apdu": f"{header}*"}, value="6f00")
            ctx.check(StatusWord.UNKNOWN, ctx.module.transmit(command).sw, "status word of the failing card")
        ctx.check(OK, ctx.module.transmit(command).sw, "status word of the second try")
    books.ledger.register(block)
    books.compare()


@case(
    "uz.module.power.process-killed",
    target="module",
    clauses=["EM-08", "FM-S-08"],
    requirements=["UZ-DEV-03"],
    needs=["processes", "test-keys"],
    tags=["slow"],
    description="The module's process is killed with -9 after trade, and started again.",
    expectation="Shift, receipts, sums and identity are what they were, and trade goes on.",
)
def process_killed(ctx: Context) -> None:
    """The emulator's own power loss."""
    books = begin(ctx, "fresh")
    identity = ctx.module.info((0x02, 0x03))
    books.sell()
    books.next_shift()
    sold = books.sell()
    ctx.module.close()
    ctx.processes.kill("module")
    ctx.processes.restart("module")
    books.compare()
    ctx.check(identity, ctx.module.info((0x02, 0x03)), "identity", clause="EM-08")
    books.must(books.acknowledge(sold.seq), "acknowledge")
    books.sell()
    books.compare()


@case(
    "uz.module.power.process-dies-in-a-command",
    target="module",
    clauses=["EM-08", "FM-S-08", "FM-R-01"],
    requirements=["UZ-DEV-03"],
    needs=["processes", "faults"],
    tags=["slow"],
    description=(
        "The module's process dies during a registration, before and after the flash has it; it is repeated."
    ),
    expectation="Registered exactly once, and nothing else has changed.",
)
def process_dies(ctx: Context) -> None:
    """A crash at two fault points."""
    books = begin(ctx, "fresh")
    for point, took_effect in ((DECIDED, False), (SAFE, True)):
        block = ctx.module.block(time=books.now)
        ctx.control.add_fault(point, "crash", count=1, match={"apdu": "001700*"})
        _unanswered(ctx, apdu.receipt_register(block.encode()))
        ctx.processes.restart("module")
        if took_effect:
            books.ledger.register(block)
        books.compare()
        books.must(books.register(block), "the repeated registration")
        books.compare()
