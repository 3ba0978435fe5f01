"""Connections: frames in pieces or merged, several requests on one, silence, leaving (uz-fiscal §11.1)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import Terminal
from conformance.suites.uz.operator.exchange import (
    confirmed,
    full,
    genuine,
    idle_round,
    serves,
    short,
    taken,
)
from reference.protocol.uz.message import Response, StatusCode

CLOSING_SECONDS = 30.0
"""Real time within which a connection whose lab time is over has to be closed."""


def _query(ctx: Context, terminal: Terminal, *, tag: bytes = b"") -> bytes:
    query = ctx.operator.state_query(ctx.rng.randbytes(8), tag=tag)
    return ctx.operator.request(terminal, [query]).encode()


def _tags(response: Response) -> list[bytes | None]:
    return [ack.tag for ack in response.acks]


@case(
    "uz.operator.connection.byte-by-byte",
    target="operator",
    clauses=["OF-03"],
    requirements=["UZ-OFD-01"],
    description="A message arrives one byte in each segment.",
    expectation="It is answered as if it had come in one piece.",
)
def byte_by_byte(ctx: Context) -> None:
    """TCP is a stream of bytes, not of frames."""
    frame = _query(ctx, ctx.operator.terminal(), tag=b"piecemeal")
    response = ctx.operator.ask_frame(*(frame[at : at + 1] for at in range(len(frame))))
    ctx.check([b"piecemeal"], _tags(response), "tags of the answer", clause="OF-03")


@family(
    "uz.operator.connection.split.{key}",
    rows={
        "after-version": (1,),
        "after-tag": (2,),
        "inside-length": (3,),
        "after-length": (4,),
        "inside-terminal": (9,),
        "between-elements": (14,),
        "inside-file": (120,),
        "before-checksum": (-4,),
        "inside-checksum": (-2,),
        "before-last-byte": (-1,),
        "everywhere": (1, 2, 3, 4, 9, 14, 120, -4, -2, -1),
    },
    target="operator",
    clauses=["OF-03"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A receipt's message is cut in two, or more, and the rest comes later: {key}.",
    expectation="The receipt is acknowledged once the last byte has come, and not before.",
)
def split(ctx: Context, places: tuple[int, ...]) -> None:
    """Between the pieces another client is served, so that each is read by itself."""
    operator = ctx.operator
    terminal = operator.terminal()
    parcel = full(terminal.issue())
    frame = operator.request(terminal, [parcel.file]).encode()
    begin = 0
    with operator.connect() as wire:
        for place in places:
            end = place % len(frame)
            wire.send(frame[begin:end])
            idle_round(ctx)
            begin = end
        wire.send(frame[begin:])
        response = operator.decode(operator.receive_frame(wire, about=frame))
    ctx.check(StatusCode.OK, response.status.code, "status code", clause="OF-03")
    genuine(ctx, terminal.id, parcel, response.acks[0])


@case(
    "uz.operator.connection.merged",
    target="operator",
    clauses=["OF-03", "OF-05"],
    requirements=["UZ-OFD-01"],
    description="Three messages of different modules arrive in one segment.",
    expectation="Three answers in the same order on the same connection.",
)
def merged(ctx: Context) -> None:
    """A client that does not wait for answers must still get all of them."""
    operator = ctx.operator
    tags = [b"first", b"second", b"third"]
    with operator.connect() as wire:
        wire.send(b"".join(_query(ctx, operator.terminal(), tag=tag) for tag in tags))
        for tag in tags:
            response = operator.decode(operator.receive_frame(wire))
            ctx.check([tag], _tags(response), "tag of the next answer", clause="OF-05")


@case(
    "uz.operator.connection.one-and-a-half",
    target="operator",
    clauses=["OF-03", "OF-05"],
    requirements=["UZ-OFD-01"],
    description="A message and a part of the next arrive in one segment, the rest after the first answer.",
    expectation="Both are answered.",
)
def one_and_a_half(ctx: Context) -> None:
    """What was read too much belongs to the next frame."""
    operator = ctx.operator
    terminal = operator.terminal()
    first, second = (_query(ctx, terminal, tag=tag) for tag in (b"whole", b"half"))
    with operator.connect() as wire:
        wire.send(first + second[:20])
        answer = operator.decode(operator.receive_frame(wire))
        ctx.check([b"whole"], _tags(answer), "tag of the first answer", clause="OF-03")
        wire.send(second[20:])
        answer = operator.decode(operator.receive_frame(wire))
        ctx.check([b"half"], _tags(answer), "tag of the second answer", clause="OF-03")


@case(
    "uz.operator.connection.next-request",
    target="operator",
    clauses=["OF-05"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="One connection carries a receipt, its repeat, a query for its sign and a state sync.",
    expectation="Four answers, one after another.",
)
def next_request(ctx: Context) -> None:
    """Each request waits for the answer to the one before."""
    operator = ctx.operator
    terminal = operator.terminal()
    issued = terminal.issue()
    query = operator.verify_query(issued.seq, issued.receipt.time, issued.sign)
    files = (issued.full, issued.full, query, operator.state_query(bytes(8)))
    with operator.connect() as wire:
        for file in files:
            wire.send(operator.request(terminal, [file]).encode())
            response = operator.decode(operator.receive_frame(wire))
            ctx.check([0], [int(ack.status) for ack in response.acks], "file status", clause="OF-05")


def _crc_wrong(ctx: Context, terminal: Terminal) -> bytes:
    frame = _query(ctx, terminal)
    return frame[:-1] + bytes((frame[-1] ^ 1,))


def _no_file(ctx: Context, terminal: Terminal) -> bytes:
    return ctx.operator.request(terminal, []).encode()


def _too_many(ctx: Context, terminal: Terminal) -> bytes:
    return ctx.operator.request(terminal, [ctx.operator.state_query(bytes(8))] * 33).encode()


def _stranger(ctx: Context, _: Terminal) -> bytes:
    return ctx.operator.request("UZ724549167320", [ctx.operator.state_query(bytes(8))]).encode()


REFUSALS: dict[str, tuple[Callable[[Context, Terminal], bytes], StatusCode]] = {
    "wrong-checksum": (_crc_wrong, StatusCode.BadMessageCRC32),
    "bad-structure": (_no_file, StatusCode.BadMessageStruct),
    "too-many-files": (_too_many, StatusCode.TooManyFiles),
    "unknown-terminal": (_stranger, StatusCode.NotFound),
}


@family(
    "uz.operator.connection.after-refusal.{key}",
    rows=REFUSALS,
    target="operator",
    clauses=["OF-05"],
    requirements=["UZ-OFD-01"],
    description="A message is refused ({key}), and a good one follows on the same connection.",
    expectation="The good one is answered: after any answer the server waits for another request.",
)
def after_refusal(ctx: Context, row: tuple[Callable[[Context, Terminal], bytes], StatusCode]) -> None:
    """Where one frame ends is known in all these refusals."""
    make, code = row
    operator = ctx.operator
    terminal = operator.terminal()
    with operator.connect() as wire:
        wire.send(make(ctx, terminal))
        response = operator.decode(operator.receive_frame(wire))
        ctx.check(code, response.status.code, "status code of the refusal", clause="S-11.5")
        wire.send(_query(ctx, terminal, tag=b"next"))
        response = operator.decode(operator.receive_frame(wire))
        ctx.check([b"next"], _tags(response), "tag of the next answer", clause="OF-05")


@case(
    "uz.operator.connection.half-closed",
    target="operator",
    clauses=["OF-01"],
    requirements=["UZ-OFD-01"],
    description="A client closes its side of the connection right after its request.",
    expectation="It still gets its answer.",
    level="should",
)
def half_closed(ctx: Context) -> None:
    """The other side of a connection stays open."""
    frame = _query(ctx, ctx.operator.terminal(), tag=b"last")
    answer = ctx.operator.exchange(frame, finish=True)
    ctx.should(bool(answer), "an answer", answer, "answer to a client that sends no more", clause="OF-01")


@case(
    "uz.operator.connection.gone-before-answer",
    target="operator",
    clauses=["OF-20", "CL-04"],
    requirements=["UZ-OFD-02"],
    needs=["test-keys"],
    description="A client resets its connection after a receipt's last byte, four times, then asks properly.",
    expectation="The receipt is acknowledged and stands in the ledger once, however many of them were read.",
)
def gone_before_answer(ctx: Context) -> None:
    """A lost answer is the usual fault of a mobile network."""
    operator = ctx.operator
    terminal = operator.terminal()
    issued = terminal.issue()
    frame = operator.request(terminal, [issued.full]).encode()
    for _ in range(4):
        with operator.connect() as wire:
            wire.send(frame)
            wire.close(abruptly=True)
    taken(ctx, terminal, full(issued))
    ctx.check(True, confirmed(ctx, issued), "the sign is known", clause="S-11.7")
    if ctx.can("control"):
        ctx.check(1, len(operator.ledger(terminal)), "entries in the ledger", clause="OF-20")


@case(
    "uz.operator.connection.many-half-frames",
    target="operator",
    clauses=["OF-03", "OF-04"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Sixty clients have sent half a frame each; another one sends receipts.",
    expectation="That one is served, and then each of the sixty when its other half has come.",
)
def many_half_frames(ctx: Context) -> None:
    """Slow clients must not cost the quick ones anything."""
    operator = ctx.operator
    terminal = operator.terminal()
    frame = _query(ctx, terminal, tag=b"slow")
    wires = [operator.connect() for _ in range(60)]
    try:
        for wire in wires:
            wire.send(frame[:40])
        taken(ctx, terminal, full(terminal.issue()), short(terminal.issue()))
        for wire in wires:
            wire.send(frame[40:])
        for wire in wires:
            response = operator.decode(operator.receive_frame(wire, about=frame))
            ctx.check([b"slow"], _tags(response), "tag of a slow client's answer", clause="OF-03")
    finally:
        for wire in wires:
            wire.close()


@case(
    "uz.operator.connection.half-frame-time",
    target="operator",
    clauses=["OF-04"],
    requirements=["UZ-OFD-01"],
    needs=["clock"],
    description="Two clients have sent half a frame; one sends the rest 28 s later, the other only waits.",
    expectation="At 28 s the frame is still taken; at 31 s the other connection is closed without an answer.",
)
def half_frame_time(ctx: Context) -> None:
    """Thirty seconds of the operator's lab time."""
    operator = ctx.operator
    frame = _query(ctx, operator.terminal(), tag=b"late")
    with operator.connect() as patient, operator.connect() as lost:
        patient.send(frame[:30])
        lost.send(frame[:30])
        idle_round(ctx)
        ctx.step("28 seconds pass")
        ctx.clock.advance(28)
        patient.send(frame[30:])
        response = operator.decode(operator.receive_frame(patient, about=frame))
        ctx.check([b"late"], _tags(response), "tag of the answer after 28 s", clause="OF-04")
        ctx.step("3 more seconds pass")
        ctx.clock.advance(3)
        closed = lost.closed_by_peer(CLOSING_SECONDS)
        ctx.check(True, closed, "half a frame is given up after 31 s", clause="OF-04")
    serves(ctx)


@case(
    "uz.operator.connection.idle-time",
    target="operator",
    clauses=["OF-05"],
    requirements=["UZ-OFD-01"],
    needs=["clock"],
    description="After its answer a client sends nothing for 4 s, asks again, and then says nothing for 6 s.",
    expectation="The second request is answered; then the connection is closed.",
)
def idle_time(ctx: Context) -> None:
    """Five seconds of the operator's lab time after each answer."""
    operator = ctx.operator
    terminal = operator.terminal()
    with operator.connect() as wire:
        for tag in (b"one", b"two"):
            wire.send(_query(ctx, terminal, tag=tag))
            response = operator.decode(operator.receive_frame(wire))
            ctx.check([tag], _tags(response), "tag of the answer", clause="OF-05")
            idle_round(ctx)
            ctx.clock.advance(4 if tag == b"one" else 6)
        closed = wire.closed_by_peer(CLOSING_SECONDS)
        ctx.check(True, closed, "an idle connection is closed after 6 s", clause="OF-05")
    serves(ctx)
