"""Who the module says it is, and that it stays so (uz-fiscal §0.3, §2.3, §5.1, §5.5; UZ-DEV-04)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.control_client import RefusedError
from conformance.drivers.present import present
from conformance.suites.uz.module.books import OK, begin, refused
from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.errors import StandinError
from reference.protocol.uz.objects import NO_INDEX, MemoryInfo

ATR_OVER_TCP = bytes.fromhex("3b8f800180318065b08503010101030201040105")
CPLC_HEAD = bytes.fromhex("9f7f2a")


@case(
    "uz.module.identity.atr",
    target="module",
    clauses=["FM-S-07", "EM-01"],
    needs=["raw-link"],
    description="The module is powered up over TCP.",
    expectation="One length byte and the twenty bytes of the vendor's answer to reset.",
)
def answer_to_reset(ctx: Context) -> None:
    """The vendor's bytes, wrong check byte included."""
    with ctx.module.raw() as wire:
        frame = wire.receive(1 + len(ATR_OVER_TCP))
    ctx.check(bytes((20,)), frame[:1], "length byte", clause="EM-01")
    ctx.check(ATR_OVER_TCP, frame[1:], "answer to reset", clause="FM-S-07")


@case(
    "uz.module.identity.version",
    target="module",
    clauses=["FM-S-05", "S-5.2"],
    description="GET_VERSION is asked.",
    expectation="Two bytes from 0400 to 0499, the same as tag 01 of Info.",
)
def version(ctx: Context) -> None:
    """Clients refuse any other version."""
    answer = ctx.module.demand(apdu.get_version())
    ctx.check(2, len(answer.data), "size of the version", clause="S-5.2")
    number = int.from_bytes(answer.data, "big")
    ctx.check_that(0x0400 <= number <= 0x0499, "0400 to 0499", answer.data, "applet version")
    ctx.check(number, ctx.module.info().applet_version, "version in Info", clause="S-5.5")


@case(
    "uz.module.identity.info",
    target="module",
    clauses=["ID-01", "S-5.5"],
    requirements=["UZ-DEV-04"],
    description="Info is read whole.",
    expectation="Every tag that must be there is, the terminal is a test one and the mode says test.",
)
def info(ctx: Context) -> None:
    """CPLC alone may be missing on some cards."""
    found = ctx.module.info()
    missing = [name for name in found.__dataclass_fields__ if name != "cplc" and getattr(found, name) is None]
    ctx.check([], missing, "tags missing from Info", clause="S-5.5")
    terminal = found.terminal_id or ""
    ctx.check_that(
        terminal.startswith("ZZ") and terminal[2:].isdigit() and len(terminal) == 14,
        "ZZ and twelve digits",
        terminal,
        "terminal id",
        clause="ID-01",
    )
    ctx.check(1, found.mode, "mode", clause="ID-01")
    ctx.check(terminal, ctx.module.memory().terminal_id, "terminal id in fiscal memory", clause="S-5.5")


@case(
    "uz.module.identity.factory-data",
    target="module",
    clauses=["FM-S-04"],
    requirements=["UZ-DEV-04"],
    description="GET DATA is sent before the applet is selected, and again after.",
    expectation="42 bytes of production data both times, the same as tag 02 of Info if that is there.",
)
def factory_data(ctx: Context) -> None:
    """The leading 9F7F2A may be there or not."""
    module = ctx.module
    module.power_cycle()
    before = module.transmit(apdu.get_cplc(), selected=False)
    ctx.check(OK, before.sw, "status word before selection")
    cplc = before.data.removeprefix(CPLC_HEAD)
    ctx.check(42, len(cplc), "size of the production data")
    after = module.transmit(apdu.get_cplc())
    ctx.check(before.data, after.data, "production data after selection")
    shown = module.info().cplc
    if shown is not None:
        ctx.check(cplc, shown, "CPLC in Info")


@case(
    "uz.module.identity.stays",
    target="module",
    clauses=["FM-S-04", "S-5.5"],
    requirements=["UZ-DEV-04"],
    needs=["test-keys"],
    description="The module trades, is synchronised, deselected and powered down and up.",
    expectation="Terminal id, production data, version and mode are what they were.",
)
def identity_stays(ctx: Context) -> None:
    """Nothing that a host can do changes who the module is."""
    books = begin(ctx)
    module = ctx.module
    tags = (0x01, 0x02, 0x03, 0x06, 0x07)
    before = module.info(tags)
    sold = books.sell()
    books.acknowledge(sold.seq)
    books.sync(books.now)
    module.deselect()
    module.power_cycle()
    ctx.check(before, module.info(tags), "identity afterwards")
    ctx.check(before.terminal_id, sold.sign.terminal_id, "terminal id on the receipt", clause="S-5.5")


@case(
    "uz.module.identity.taxpayer-once",
    target="module",
    clauses=["UNK-32"],
    requirements=["UZ-DEV-04"],
    needs=["fresh-module"],
    description="A module is personalised with a taxpayer's number, and another one is written over it.",
    expectation="The control API refuses the second number and the first one stays.",
)
def taxpayer_once(ctx: Context) -> None:
    """The number is in no APDU, so only the control API can be asked."""
    ctx.module.fresh(stir="123456789")
    ctx.check(True, _taxpayer_refused(ctx, "987654321"), "second taxpayer number refused")
    ctx.check(True, "123456789" in str(ctx.control.state()), "first taxpayer number is still shown")


def _taxpayer_refused(ctx: Context, stir: str) -> bool:
    try:
        ctx.control.do("set-taxpayer", stir=stir)
    except RefusedError:
        return True
    return False


@case(
    "uz.module.identity.new-module",
    target="module",
    clauses=["S-5.5", "FM-T-06", "MEM-10"],
    requirements=["UZ-DEV-04"],
    needs=["fresh-module", "clock"],
    description="A module of 20 blocks is made and read before anything is done with it.",
    expectation=(
        "No number, no shift, no receipt, no oldest unsent; its last operation is the time of its making."
    ),
)
def new_module(ctx: Context) -> None:
    """Every index says none, every counter zero."""
    made = ctx.clock.tashkent()
    ctx.module.fresh(blocks=20)
    memory = ctx.module.memory()
    zero = (0, 0, 0, 0, 0)
    counters = (
        memory.receipt_seq,
        memory.zreports_count,
        memory.receipts_count,
        memory.zreports_allocated,
        memory.receipts_allocated,
    )
    ctx.check(zero, counters, "counters of a new module", clause="S-5.5")
    ctx.check(None, memory.first_unacknowledged, "oldest unsent", clause="S-5.5")
    ctx.check((NO_INDEX, NO_INDEX), (memory.zreport_index, memory.receipt_index), "indexes", clause="S-5.5")
    ctx.check((19, 20), (memory.zreports_capacity, memory.receipts_capacity), "capacities", clause="S-5.5")
    age = abs((ctx.module.last_operation - made).total_seconds())
    ctx.check_that(
        age <= 5, f"within 5 s of {made}", ctx.module.last_operation, "last operation", clause="FM-T-06"
    )
    sizes = ctx.module.info().memory
    ctx.check((320, 3230, 3230), _sizes(sizes), "free memory in bytes", clause="MEM-10")
    ctx.module.ready("open")
    ctx.module.sell()
    ctx.check(
        (288, 3230, 3230),
        _sizes(ctx.module.info().memory),
        "free memory with two blocks taken",
        clause="MEM-10",
    )


def _sizes(memory: MemoryInfo | None) -> tuple[int, int, int]:
    memory = present(memory, "a0.80")
    return memory.persistent, memory.reset_ram, memory.deselect_ram


@family(
    "uz.module.identity.new-module-lock.{key}",
    rows={"locked": True, "unlocked": False},
    target="module",
    clauses=["EM-09", "FM-C-02"],
    requirements=["UZ-OFF-05"],
    needs=["fresh-module"],
    description="A new module that starts {key} is asked to open a shift.",
    expectation="Info says whether it is locked, and only the unlocked one opens.",
)
def new_module_lock(ctx: Context, locked: bool) -> None:
    """The vendor's emulator starts locked; the setting says otherwise."""
    ctx.module.fresh(start_locked=locked)
    ctx.check(locked, ctx.module.info().locked, "locked flag", clause="EM-09")
    word = StatusWord.LOCKED_SYNC_WITH_SERVER if locked else OK
    ctx.check(word, ctx.module.open().sw, "status word of open", clause="FM-C-02")


@case(
    "uz.module.identity.signed-challenge",
    target="module",
    clauses=["S-17.7", "FM-Q-01"],
    requirements=["UZ-DEV-01"],
    needs=["test-keys"],
    description="Two challenges of sixteen bytes are signed by the module.",
    expectation="Each answer names terminal and challenge and verifies; with one byte changed it does not.",
)
def signed_challenge(ctx: Context) -> None:
    """The operator knows a module by this."""
    module = ctx.module
    for challenge in (ctx.rng.randbytes(16), ctx.rng.randbytes(16)):
        proof = module.demand(apdu.signed_challenge(challenge)).data
        ctx.check(88, len(proof), "size of the proof", clause="S-17.7")
        ctx.check(True, _verifies(proof, challenge, module.terminal), "proof verifies", clause="S-17.7")
        at = ctx.rng.randrange(24, 88)
        forged = proof[:at] + bytes((proof[at] ^ 1,)) + proof[at + 1 :]
        ctx.check(
            False, _verifies(forged, challenge, module.terminal), f"proof with byte {at} changed verifies"
        )


def _verifies(proof: bytes, challenge: bytes, terminal: str) -> bool:
    try:
        return standin.verify_signed_challenge(proof, challenge, terminal) == terminal
    except StandinError:
        return False


@family(
    "uz.module.identity.challenge-size.{key}",
    rows={"none": 0, "short": 15, "long": 17, "double": 32},
    target="module",
    clauses=["FM-Q-01"],
    requirements=["UZ-DEV-07"],
    description=lambda size: f"A challenge of {size} bytes is to be signed.",
    expectation="6700, and nothing has changed.",
)
def challenge_size(ctx: Context, size: int) -> None:
    """Sixteen bytes and no others."""
    refused(ctx, Command(0, 0x0B, 0, 0, bytes(size)), StatusWord.WRONG_LENGTH)
