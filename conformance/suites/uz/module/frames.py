"""The TCP frame: one length byte each way, what is broken in it, what a cut in it costs (uz-fiscal §7)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.wire import Wire
from conformance.suites.uz.module.books import begin, still_sells, unchanged
from reference.protocol.uz import apdu
from reference.protocol.uz.objects import FiscalInfo

ATR_FRAME = 21
SELECT = bytes.fromhex("1300a404000e66697363616c6472697665533031")
VERSION = bytes.fromhex("050000000000")


def _selected(wire: Wire) -> None:
    wire.receive(ATR_FRAME)
    wire.send(SELECT)
    wire.receive(3)


@family(
    "uz.module.frames.broken.{key}",
    rows={
        "empty": b"",
        "one-byte": b"\x00",
        "two-bytes": b"\x00\x17",
        "header-only": bytes.fromhex("00170000"),
        "lc-above-the-data": bytes.fromhex("0017000044") + bytes(67),
        "lc-below-the-data": bytes.fromhex("0017000044") + bytes(69),
        "lc-zero-with-data": bytes.fromhex("0003000000") + bytes(8),
        "lc-without-data": bytes.fromhex("0003000008"),
        "trailing-le": bytes.fromhex("000001000000"),
        "extended-length": bytes.fromhex("00170000000044") + bytes(68),
        "longest-wrong-lc": bytes.fromhex("00170000ff") + bytes(249),
        "longest-zeros": bytes(255),
        "longest-ones": b"\xff" * 255,
    },
    target="module",
    clauses=["EM-05"],
    requirements=["UZ-DEV-07"],
    needs=["raw-link"],
    description=lambda frame: (
        f"A frame of {len(frame)} bytes that is no command: {frame[:8].hex() or 'nothing'}."
    ),
    expectation="6700, the session goes on and the applet stays selected; nothing has changed.",
)
def broken_frame(ctx: Context, frame: bytes) -> None:
    """The length byte is right, the command in it is not."""
    ctx.module.ready("open")
    with unchanged(ctx, "EM-05"), ctx.module.raw() as wire:
        _selected(wire)
        wire.send(bytes((len(frame),)) + frame)
        ctx.check(bytes.fromhex("026700"), wire.receive(3), "answer to the broken frame")
        wire.send(VERSION)
        ctx.check(bytes.fromhex("049000"), (lambda got: got[:1] + got[3:])(wire.receive(5)), "next command")
    still_sells(ctx, "EM-05")


@case(
    "uz.module.frames.in-pieces",
    target="module",
    clauses=["EM-02"],
    needs=["raw-link"],
    description="A registration arrives one byte in each segment.",
    expectation="It is registered once, as if it had come in one piece.",
)
def in_pieces(ctx: Context) -> None:
    """TCP is a stream of bytes, not of frames."""
    books = begin(ctx)
    block = ctx.module.block()
    command = apdu.receipt_register(block.encode()).encode()
    frame = bytes((len(command),)) + command
    with ctx.module.raw() as wire:
        _selected(wire)
        wire.send_pieces(*(frame[at : at + 1] for at in range(len(frame))))
        size = wire.receive(1)[0]
        ctx.check(b"\x90\x00", wire.receive(size)[-2:], "status word")
    books.ledger.register(block)
    books.compare()


@case(
    "uz.module.frames.longest",
    target="module",
    clauses=["EM-02", "TAG-01"],
    needs=["raw-link"],
    description="Info is asked for with 250 tags, which fills a frame to its last byte.",
    expectation="The whole of Info.",
)
def longest(ctx: Context) -> None:
    """255 bytes each way are a frame's most; 250 are left for data."""
    whole = ctx.module.info()
    tags = bytes(range(0x01, 0xFB))
    answer = ctx.module.transmit(apdu.get_info(tags))
    ctx.check(whole, ctx.module.read_answer(answer, FiscalInfo.decode), "Info by 250 tags", clause="EM-02")


@family(
    "uz.module.frames.cut.{key}",
    rows={"after-length": 1, "in-header": 3, "in-data": 40, "before-last-byte": -1},
    target="module",
    clauses=["EM-06", "FM-S-08"],
    requirements=["UZ-DEV-03"],
    needs=["raw-link"],
    description="The cable is cut inside a registration's frame ({key}), and the host comes back.",
    expectation=(
        "Nothing was registered, the selection is gone, and the repeated registration takes the next number."
    ),
)
def cut_inside(ctx: Context, size: int) -> None:
    """As after the last finished command."""
    books = begin(ctx)
    books.sell()
    block = ctx.module.block(time=books.now)
    command = apdu.receipt_register(block.encode()).encode()
    frame = bytes((len(command),)) + command
    with ctx.module.raw() as wire:
        _selected(wire)
        wire.send(frame[:size])
        wire.close(abruptly=True)
    answer = ctx.module.transmit(apdu.get_version(), selected=False)
    ctx.check(0x6D00, answer.sw, "status word without a new selection", clause="EM-06")
    books.compare()
    books.must(books.register(block), "the repeated registration")
    books.compare()


@case(
    "uz.module.frames.cut-before-answer",
    target="module",
    clauses=["FM-S-08", "FM-R-01", "EM-06"],
    requirements=["UZ-DEV-03", "UZ-SVC-02"],
    needs=["raw-link"],
    description="The cable is cut after the last byte of a registration, before its answer; it is repeated.",
    expectation="Whether or not the first one counted, after the repeat it is registered exactly once.",
)
def cut_before_answer(ctx: Context) -> None:
    """A host that lost an answer asks again with the same total block."""
    books = begin(ctx)
    for _ in range(4):
        block = ctx.module.block(time=books.now)
        command = apdu.receipt_register(block.encode()).encode()
        with ctx.module.raw() as wire:
            _selected(wire)
            wire.send(bytes((len(command),)) + command)
            wire.close(abruptly=True)
        before = ctx.module.memory().receipt_seq
        ctx.check_in(
            (books.ledger.seq, books.ledger.seq + 1), before, "number after the cut", clause="FM-S-08"
        )
        books.must(books.register(block), "the repeated registration")
        books.compare()
