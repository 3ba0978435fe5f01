"""Sessions: selection, what works without it, foreign commands, a second host (uz-fiscal §5.1, §7)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.wire import Wire
from conformance.suites.uz.module.books import OK, begin, unchanged
from conformance.verdicts import AnswerMissing
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord

INSTRUCTIONS = (0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x09, 0x0B, 0x0C, 0x11, 0x17)
CARD_INSTRUCTIONS = (0xA4, 0xC0, 0xCA)
"""SELECT, GET RESPONSE and GET DATA belong to the card, not to the applet."""
HEADERS = {
    "GET_VERSION": "00000000",
    "GET_INFO": "00000100",
    "GET_FISCAL_MEMORY_INFO": "00000200",
    "GET_UNACK_ZREPORTS_INDEXES": "00000300",
    "GET_ZREPORT_INFO": "00010000",
    "GET_ZREPORT_FILE": "00020000",
    "ZREPORT_OPEN": "00030000",
    "ZREPORT_CLOSE": "00030100",
    "GET_RECEIPT_INFO": "00050000",
    "GET_RECEIPT_FILE": "00060000",
    "ACK": "0009ffff",
    "SIGNED_CHALLENGE_AUTH": "000b0000",
    "POS_LOCK": "000c0000",
    "POS_CHALLENGE": "000c0100",
    "POS_AUTH": "000c0200",
    "SYNC": "00110000",
    "RECEIPT_REGISTER": "00170000",
    "RECEIPT_RESCAN": "00170100",
}
"""CLA INS P1 P2 of every instruction, as the guide prints them."""
ATR_FRAME = 21
CLOSING_SECONDS = 30.0
"""Real seconds in which a module must have noticed that lab time has jumped: only a hang takes so long."""
PATIENCE = 0.15
"""Real seconds in which silence counts as silence."""


@case(
    "uz.module.session.select",
    target="module",
    clauses=["FM-S-02", "FM-S-03", "FM-S-01"],
    description="The applet is selected by its name, deselected and selected again.",
    expectation="9000 without data; fourteen bytes and 9000; 9000 without data.",
)
def select(ctx: Context) -> None:
    """The usual beginning and end of a session."""
    module = ctx.module
    module.power_cycle()
    command = bytes.fromhex("00a404000e66697363616c6472697665533031")
    for what in ("first", "second"):
        chosen = module.transmit(command, selected=False)
        ctx.check((b"", OK), (chosen.data, chosen.sw), f"{what} selection", clause="FM-S-02")
        left = module.transmit(bytes.fromhex("00a4040000"), selected=False)
        ctx.check((14, OK), (len(left.data), left.sw), "deselection", clause="FM-S-03")


@case(
    "uz.module.session.usual-sequence",
    target="module",
    clauses=["FM-S-05"],
    description="Three times: connect, GET DATA, select, version, memory, deselect, disconnect.",
    expectation="Every step works every time, and the memory reads the same.",
)
def usual_sequence(ctx: Context) -> None:
    """What a drive does for every operation."""
    module = ctx.module
    seen = []
    for _ in range(3):
        module.power_cycle()
        ctx.check(OK, module.transmit(apdu.get_cplc(), selected=False).sw, "GET DATA")
        ctx.check(OK, module.select().sw, "select")
        module.demand(apdu.get_version())
        seen.append(module.memory())
        ctx.check(OK, module.deselect().sw, "deselect")
        module.close()
    ctx.check([seen[0]] * 3, seen, "memory in the three sessions")


@family(
    "uz.module.session.not-selected.{key}",
    rows={"after-power-up": False, "after-deselect": True},
    target="module",
    clauses=["FM-S-06"],
    requirements=["UZ-DEV-07"],
    description="Every applet instruction is sent while the applet is not selected, {key}.",
    expectation="6D00 each time, and nothing has changed.",
)
def not_selected(ctx: Context, deselect: bool) -> None:
    """Well-formed commands without data: the selection alone is missing."""
    module = ctx.module
    with unchanged(ctx):
        module.power_cycle()
        if deselect:
            module.select()
            module.deselect()
        for name, header in HEADERS.items():
            answer = module.transmit(bytes.fromhex(header) + b"\x00", selected=False)
            ctx.check(StatusWord.INS_NOT_SUPPORTED, answer.sw, f"status word of {name}")
        module.close()


@case(
    "uz.module.session.other-application",
    target="module",
    clauses=["FM-S-02"],
    requirements=["UZ-DEV-07"],
    description="An application that the card does not have is selected after power-up.",
    expectation="No 9000, and the fiscal applet can be selected afterwards.",
)
def other_application(ctx: Context) -> None:
    """Which word refuses is the card's own affair."""
    module = ctx.module
    module.power_cycle()
    answer = module.transmit(apdu.select(b"fiscaldriveS99"), selected=False)
    ctx.check_that(not answer.ok, "any refusal", answer.sw, "status word for a foreign name")
    ctx.check(OK, module.select().sw, "selection of the fiscal applet")


@case(
    "uz.module.session.foreign-class",
    target="module",
    clauses=["ISO-01"],
    requirements=["UZ-DEV-07"],
    description="GET_VERSION and a registration are sent with other class bytes than 00.",
    expectation="6E00 each time, and nothing has changed.",
)
def foreign_class(ctx: Context) -> None:
    """One bit away from 00, the usual proprietary ones, and the last."""
    ctx.module.ready("open")
    block = ctx.module.block().encode()
    with unchanged(ctx):
        for cla in (0x01, 0x02, 0x04, 0x0C, 0x10, 0x40, 0x80, 0x90, 0xB0, 0xFE):
            for command in (Command(cla, 0, 0, 0), Command(cla, 0x17, 0, 0, block)):
                answer = ctx.module.transmit(command)
                ctx.check(StatusWord.CLA_NOT_SUPPORTED, answer.sw, f"status word for class {cla:02X}")


@case(
    "uz.module.session.unknown-instruction",
    target="module",
    clauses=["FM-S-06"],
    requirements=["UZ-DEV-07"],
    description="Every instruction code that neither table nor card knows is sent.",
    expectation="6D00 each time, and nothing has changed.",
)
def unknown_instruction(ctx: Context) -> None:
    """Odd codes and 6x, 9x are no instructions by ISO 7816 either; they get the same word."""
    wrong = []
    with unchanged(ctx):
        for ins in range(256):
            if ins in INSTRUCTIONS or ins in CARD_INSTRUCTIONS:
                continue
            answer = ctx.module.transmit(Command(0, ins, 0, 0))
            if answer.sw != StatusWord.INS_NOT_SUPPORTED:
                wrong.append(f"{ins:02X}: {answer.sw:04X}")
        ctx.check([], wrong, "codes not answered with 6D00")


@family(
    "uz.module.session.wrong-parameters.{key}",
    rows={
        "get": (0x00, {0x0000, 0x0100, 0x0200, 0x0300}),
        "shift": (0x03, {0x0000, 0x0100}),
        "challenge": (0x0B, {0x0000}),
        "pos": (0x0C, {0x0000, 0x0100, 0x0200}),
        "sync": (0x11, {0x0000}),
        "receipt": (0x17, {0x0000, 0x0100}),
    },
    target="module",
    clauses=["FM-S-06"],
    requirements=["UZ-DEV-07"],
    description=lambda row: f"Instruction {row[0]:02X} is sent with P1 P2 that are not in the table.",
    expectation="6A86 each time, and nothing has changed.",
)
def wrong_parameters(ctx: Context, row: tuple[int, set[int]]) -> None:
    """The neighbours of what is allowed, single bits, and the extremes."""
    ins, allowed = row
    tried = {value + step for value in allowed for step in (1, 0x0100)}
    tried |= {1 << bit for bit in range(16)} | {0x00FF, 0xFF00, 0xFFFF, 0x0101}
    with unchanged(ctx):
        for value in sorted(tried - allowed):
            answer = ctx.module.transmit(Command(0, ins, value >> 8, value & 0xFF))
            ctx.check(StatusWord.INCORRECT_P1P2, answer.sw, f"status word for P1 P2 {value:04X}")


@case(
    "uz.module.session.select-again",
    target="module",
    clauses=["FM-S-02", "FM-S-08"],
    requirements=["UZ-DEV-03"],
    description="In the middle of a shift the applet is selected again, deselected, and powered down.",
    expectation="Shift, receipts and sums are what they were, and the next receipt has the next number.",
)
def select_again(ctx: Context) -> None:
    """No session holds anything that counts."""
    books = begin(ctx)
    module = ctx.module
    for interrupt in (module.select, module.deselect, module.power_cycle):
        books.sell()
        interrupt()
        books.compare()
    books.sell()
    books.compare()


@case(
    "uz.module.session.second-host-waits",
    target="module",
    clauses=["EM-04"],
    requirements=["UZ-DEV-03"],
    needs=["raw-link"],
    description="A second host connects while the first has the module, and the first then goes.",
    expectation="The second gets its answer to reset only when the first has gone, and then works.",
)
def second_host_waits(ctx: Context) -> None:
    """One session at a time: two hosts never mix their commands."""
    with ctx.module.raw() as first:
        first.receive(ATR_FRAME)
        with ctx.module.raw() as second:
            ctx.check(True, _silent(ctx, second), "second host hears nothing while the first is there")
            first.send(bytes.fromhex("0500a4040000"))
            ctx.check(16, first.receive(17)[0], "the first host is still served")
            first.close()
            frame = second.receive(ATR_FRAME)
            ctx.check(20, frame[0], "length of the second host's answer to reset")
            second.send(bytes.fromhex("0500ca9f7f00"))
            size = second.receive(1)[0]
            ctx.check(b"\x90\x00", second.receive(size)[-2:], "status word for the second host")


@case(
    "uz.module.session.second-host-gives-up",
    target="module",
    clauses=["EM-04"],
    needs=["raw-link", "clock"],
    description="A second host waits for its turn while lab time passes.",
    expectation=(
        "After 14 s it still waits, after 16 s its connection is closed; the first host is served throughout."
    ),
)
def second_host_gives_up(ctx: Context) -> None:
    """Fifteen seconds of lab time."""
    ctx.clock.stand()
    with ctx.module.raw() as first:
        first.receive(ATR_FRAME)
        with ctx.module.raw() as second:
            ctx.check(True, _silent(ctx, second), "second host hears nothing")
            _round(first)
            ctx.clock.advance(13)
            ctx.check(False, second.closed_by_peer(PATIENCE), "closed before 15 s")
            ctx.clock.advance(3)
            ctx.check(True, second.closed_by_peer(CLOSING_SECONDS), "closed after 15 s")
        ctx.check(16, _round(first), "the first host is still served")


def _round(wire: Wire) -> int:
    """Two exchanges, the length of the last answer: who came before them has been noticed by then."""
    for _ in range(2):
        wire.send(bytes.fromhex("0500a4040000"))
        answer = wire.receive(17)
    return answer[0]


def _silent(ctx: Context, wire: Wire) -> bool:
    try:
        wire.receive(1, seconds=PATIENCE)
    except AnswerMissing as missing:
        ctx.note(f"as it should be: {missing.message}")
        return True
    return False
