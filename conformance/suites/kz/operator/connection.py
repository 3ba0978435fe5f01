"""How bytes may arrive, who shares a connection, and when it ends (kz-ofd §2.1, §2.3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.wire import Wire
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS, serves

PRT = ("KZ-PRT-01",)
IDLE = 30
PATIENCE = 30.0
"""Real seconds in which an operator must have noticed that lab time has jumped."""


def idle_round(ctx: Context) -> None:
    """A whole exchange of another register: what was sent or answered before has been taken in by then."""
    serves(ctx.ofd.device())


def _pieces_of(size: int) -> Callable[[bytes], list[bytes]]:
    return lambda frame: [frame[at : at + size] for at in range(0, len(frame), size)]


@family(
    "kz.operator.connection.pieces.{key}",
    rows={
        "bytes": _pieces_of(1),
        "threes": _pieces_of(3),
        "header-then-body": lambda frame: [frame[:18], frame[18:]],
        "in-the-header": lambda frame: [frame[:5], frame[5:]],
        "in-the-body": lambda frame: [frame[: len(frame) // 2], frame[len(frame) // 2 :]],
        "last-byte-alone": lambda frame: [frame[:-1], frame[-1:]],
    },
    target=KIND,
    clauses=["KZ-FR-02", "KZ-S-2.3"],
    requirements=PRT,
    description="A ticket arrives in several segments: {key}.",
    expectation="It is accepted and counted once.",
)
def in_pieces(ctx: Context, cut: Callable[[bytes], list[bytes]]) -> None:
    """TCP keeps no borders."""
    device = ctx.ofd.device()
    ticket = device.ticket()
    frame = device.frame(device.request(ticket), reqnum=device.next_reqnum())
    answer = ctx.ofd.ask(*cut(frame))
    ctx.check(0, answer.code, "result code", clause="KZ-FR-02")
    device.token = answer.token
    device.books.add(ticket)
    device.compare()


@case(
    "kz.operator.connection.merged",
    target=KIND,
    clauses=["KZ-FR-06", "KZ-TR-06"],
    requirements=PRT,
    description="Twenty SYSTEM requests and half of another come in one segment, then the other half.",
    expectation="Twenty-one answers in the order of the requests.",
)
def merged(ctx: Context) -> None:
    """What is more than SIZE is the next frame."""
    device = ctx.ofd.device()
    ctx.ofd.demand_kept()
    frames = [device.frame(b"\x08\x00", reqnum=device.next_reqnum()) for _ in range(21)]
    with ctx.ofd.connect() as wire:
        wire.send(b"".join(frames[:20]) + frames[20][:11])
        for frame in frames[:20]:
            ctx.check(0, ctx.ofd.decode(ctx.ofd.receive(wire, frame), frame).code, "result code")
        wire.send(frames[20][11:])
        last = ctx.ofd.decode(ctx.ofd.receive(wire, frames[20]), frames[20])
        ctx.check(0, last.code, "result code of the last", clause="KZ-FR-06")


@case(
    "kz.operator.connection.merged-documents",
    target=KIND,
    clauses=["KZ-FR-06", "KZ-TK-D1"],
    requirements=("KZ-PRT-01", "KZ-PRT-03"),
    description="A deposit, the same frame again and SYSTEM with the old token come in one segment.",
    expectation="The deposit is accepted, repeated from the store and counted once; SYSTEM gets code 2.",
)
def merged_documents(ctx: Context) -> None:
    """Each frame is judged after the one before it has been settled."""
    device = ctx.ofd.device()
    ctx.ofd.demand_kept()
    deposit = device.deposit(100)
    old = device.token
    first = device.frame(device.request(deposit), reqnum=device.next_reqnum())
    ping = device.frame(b"\x08\x00", reqnum=device.next_reqnum())
    with ctx.ofd.connect() as wire:
        wire.send(first + first + ping)
        answers = [ctx.ofd.decode(ctx.ofd.receive(wire, each), each) for each in (first, first, ping)]
    token = answers[0].token
    ctx.check((0, 0), tuple(each.code for each in answers[:2]), "codes of the deposit", clause="KZ-TK-D1")
    ctx.check(answers[0].raw, answers[1].raw, "answer to the repeat", clause="KZ-TK-D1")
    ctx.check(0 if token == old else 2, answers[2].code, "code of SYSTEM", clause="KZ-TK-S2")
    device.token = token
    device.books.add(deposit)
    device.compare()


@family(
    "kz.operator.connection.kept.{key}",
    rows={str(version): version for version in VERSIONS},
    target=KIND,
    clauses=["KZ-TR-06", "KZ-TR-05"],
    requirements=PRT,
    description="A register of version {key} sends a shift's documents on one connection, the next on many.",
    expectation="Both Z reports are those of the judge's books.",
)
def kept_or_not(ctx: Context, version: int) -> None:
    """Nothing may hang on which connection a request came by."""
    device = ctx.ofd.device(version)
    ctx.ofd.demand_kept()

    def shift() -> None:
        device.accept(device.deposit(10_000))
        for _ in range(5):
            device.sell()
            device.accept(0)
        device.close_shift(withdraw=True)

    with device.kept():
        shift()
    shift()


@case(
    "kz.operator.connection.shared",
    target=KIND,
    clauses=["KZ-TR-06", "KZ-HD-8"],
    requirements=("KZ-PRT-01", "KZ-PRT-03"),
    needs=CONTROL,
    description="Four registers of four versions take turns on one connection.",
    expectation="Each is answered under its own ID, version and token, and counts its own.",
)
def shared(ctx: Context) -> None:
    """Several tills behind one modem."""
    devices = ctx.ofd.devices(4)
    for device, version in zip(devices, VERSIONS, strict=True):
        device.version = version
    with ctx.ofd.connect() as wire:
        for turn in range(6):
            for device in devices:
                _one_more(device, wire, turn)
    for device in devices:
        device.compare()


def _one_more(device: Device, wire: Wire, turn: int) -> None:
    with device.on(wire):
        if turn % 3 == 0:
            device.accept(device.deposit(100 + device.version))
        elif turn % 3 == 1:
            device.sell()
        else:
            device.accept(0)


@case(
    "kz.operator.connection.at-once",
    target=KIND,
    clauses=["KZ-S-2.3", "KZ-TR-06"],
    requirements=PRT,
    needs=CONTROL,
    description="Thirty registers hold connections with half a frame each; then each gets the other half.",
    expectation="All thirty are answered with code 0 and their own token.",
)
def at_once(ctx: Context) -> None:
    """Nobody waits for anybody."""
    devices = ctx.ofd.devices(30)
    with ExitStack() as ends:
        wires = [ends.enter_context(ctx.ofd.connect()) for _ in devices]
        frames = [device.frame(b"\x08\x00", reqnum=device.next_reqnum()) for device in devices]
        for wire, frame in zip(wires, frames, strict=True):
            wire.send(frame[:9])
        for wire, frame in zip(reversed(wires), reversed(frames), strict=True):
            wire.send(frame[9:])
        for device, wire, frame in zip(devices, wires, frames, strict=True):
            answer = ctx.ofd.decode(ctx.ofd.receive(wire, frame), frame)
            ctx.check((0, device.token), (answer.code, answer.token), "code and TOKEN", clause="KZ-S-2.3")


@case(
    "kz.operator.connection.garbage-beside",
    target=KIND,
    clauses=["KZ-S-2.3", "KZ-FR-03"],
    requirements=PRT,
    description="While one connection waits with half a ticket, ten others send garbage.",
    expectation="The ten are closed; the one gets its answer.",
)
def garbage_beside(ctx: Context) -> None:
    """A garbage connection never disturbs another one."""
    device = ctx.ofd.device()
    ticket = device.ticket()
    frame = device.frame(device.request(ticket), reqnum=device.next_reqnum())
    with ctx.ofd.connect() as wire:
        wire.send(frame[:40])
        for place in range(10):
            said = ctx.ofd.exchange(ctx.rng.randbytes(20 + place) + b"\0")
            ctx.check(b"", said, "answer to garbage", clause="KZ-FR-03")
        wire.send(frame[40:])
        answer = ctx.ofd.decode(ctx.ofd.receive(wire, frame), frame)
    ctx.check(0, answer.code, "result code", clause="KZ-S-2.3")
    device.token = answer.token
    device.books.add(ticket)
    device.compare()


@case(
    "kz.operator.connection.garbage-after",
    target=KIND,
    clauses=["KZ-FR-03", "KZ-FR-06"],
    requirements=PRT,
    description="A deposit and garbage come in one segment.",
    expectation="The deposit is answered and counted, then the connection is closed.",
)
def garbage_after(ctx: Context) -> None:
    """What was whole before the fault is still a request."""
    device = ctx.ofd.device()
    deposit = device.deposit(100)
    frame = device.frame(device.request(deposit), reqnum=device.next_reqnum())
    with ctx.ofd.connect() as wire:
        wire.send(frame + b"\xde\xad\xbe\xef" * 8)
        answer = ctx.ofd.decode(ctx.ofd.receive(wire, frame), frame)
        ctx.check(0, answer.code, "result code", clause="KZ-FR-06")
        ctx.check(True, wire.closed_by_peer(PATIENCE), "closed after the garbage", clause="KZ-FR-03")
    device.token = answer.token
    device.books.add(deposit)
    device.compare()


@case(
    "kz.operator.connection.half-closed",
    target=KIND,
    clauses=["KZ-FR-01", "KZ-TR-07"],
    requirements=PRT,
    description="A register closes its direction behind a whole request.",
    expectation="It still gets the answer.",
)
def half_closed(ctx: Context) -> None:
    """Some clients shut down sending to say that there will be no more."""
    device = ctx.ofd.device()
    frame = device.frame(b"\x08\x00", reqnum=device.next_reqnum())
    raw = ctx.ofd.exchange(frame, finish=True)
    ctx.check(0, ctx.ofd.decode(raw, frame).code, "result code", clause="KZ-TR-07")


@case(
    "kz.operator.connection.gone-in-mid-frame",
    target=KIND,
    clauses=["KZ-FR-02"],
    requirements=PRT,
    description="A register is cut off in the middle of a ticket, and sends it whole on a new connection.",
    expectation="The ticket is accepted and counted once.",
)
def gone_in_mid_frame(ctx: Context) -> None:
    """Half a frame is nothing, even when the cable is cut instead of the stream ended."""
    device = ctx.ofd.device()
    ticket = device.ticket()
    frame = device.frame(device.request(ticket), reqnum=device.next_reqnum())
    with ctx.ofd.connect() as wire:
        wire.send(frame[:-7])
        wire.close(abruptly=True)
    answer = ctx.ofd.ask(frame)
    ctx.check(0, answer.code, "result code", clause="KZ-FR-02")
    device.token = answer.token
    device.books.add(ticket)
    device.compare()


@case(
    "kz.operator.connection.idle",
    target=KIND,
    clauses=["KZ-TR-07"],
    requirements=PRT,
    needs=["clock", "control"],
    description="A connection stays silent for 29 s, is used, stays silent for 29 s again and then for 31 s.",
    expectation="It is open after each 29 s and closed after the 31 s.",
)
def idle(ctx: Context) -> None:
    """The time is ours."""
    device = ctx.ofd.device()
    ctx.clock.set_rate(0)
    with device.kept() as wire:
        for _ in range(2):
            idle_round(ctx)
            ctx.clock.advance(IDLE - 1)
            device.accept(0, clause="KZ-TR-07")
        idle_round(ctx)
        ctx.clock.advance(IDLE + 1)
        ctx.check(True, wire.closed_by_peer(PATIENCE), "closed after 31 s", clause="KZ-TR-07")


@case(
    "kz.operator.connection.slow",
    target=KIND,
    clauses=["KZ-FR-02", "KZ-TR-07"],
    requirements=PRT,
    needs=["clock", "control"],
    description="A deposit comes in four pieces with 29 s between them; another stops half-way for 31 s.",
    expectation="The first is accepted: the time counts from the last byte. The second is closed silently.",
)
def slow(ctx: Context) -> None:
    """A bad line is not an idle one."""
    device = ctx.ofd.device()
    deposit = device.deposit(100)
    frame = device.frame(device.request(deposit), reqnum=device.next_reqnum())
    ctx.clock.set_rate(0)
    with ctx.ofd.connect() as wire:
        for piece in (frame[:3], frame[3:20], frame[20:45]):
            wire.send(piece)
            idle_round(ctx)
            ctx.check(False, wire.closed_by_peer(0.02), "closed while it was sending", clause="KZ-FR-02")
            ctx.clock.advance(IDLE - 1)
        wire.send(frame[45:])
        answer = ctx.ofd.decode(ctx.ofd.receive(wire, frame), frame)
        ctx.check(0, answer.code, "result code", clause="KZ-FR-02")
    device.token = answer.token
    device.books.add(deposit)
    other = device.frame(device.request(device.deposit(100)), reqnum=device.next_reqnum())
    with ctx.ofd.connect() as wire:
        wire.send(other[:30])
        idle_round(ctx)
        ctx.check(False, wire.closed_by_peer(0.02), "closed at once", clause="KZ-FR-02")
        ctx.clock.advance(IDLE + 1)
        ctx.check(True, wire.closed_by_peer(PATIENCE), "closed after 31 s", clause="KZ-FR-02")
    device.compare()


@case(
    "kz.operator.connection.two-requests",
    target=KIND,
    clauses=["KZ-TR-06"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="The operator is told to serve two requests on a connection; three come.",
    expectation="Two answers, then the end of the connection.",
)
def two_requests(ctx: Context) -> None:
    """The switch `requests_per_connection`."""
    device = ctx.ofd.device()
    ctx.ofd.switch(requests_per_connection=2)
    with device.kept() as wire:
        device.accept(0)
        device.accept(0)
        ctx.check(True, wire.closed_by_peer(PATIENCE), "closed after the second", clause="KZ-TR-06")
    serves(device)
