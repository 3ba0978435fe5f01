"""States of a register and what the wire answers in each (kz-ofd §15.5, §6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS, ask_x, refused_without_a_trace
from reference.protocol.kz.service import read_ads
from reference.protocol.kz.tickets import Operator

PRT = ("KZ-PRT-04",)
INFO_AD = 4


@dataclass(frozen=True, slots=True)
class State:
    """A state, the code of its answer before 2.0.4 and from it on (0: served), and what it then becomes."""

    name: str
    code: int
    code_204: int
    after: str = ""


STATES = (
    State("DRAFT", 1, 1),
    State("WAIT_REG", 1, 1),
    State("REG_REFUSED", 1, 1),
    State("REG_NO_TARIFF", 15, 19),
    State("READY", 0, 0, "ACTIVE"),
    State("ACTIVE", 0, 0, "ACTIVE"),
    State("SUSPENDED", 0, 0, "ACTIVE"),
    State("BLOCKED_MONEY", 15, 15),
    State("BLOCKED_OFD", 15, 15),
    State("WAIT_REREG", 0, 0, "WAIT_REREG"),
    State("WAIT_DEREG", 15, 19),
    State("DEREGISTERED", 15, 18),
)


@family(
    "kz.operator.state.{key}",
    rows={
        f"{state.name.lower().replace('_', '-')}-{version}": (state, version)
        for state in STATES
        for version in VERSIONS
    },
    target=KIND,
    clauses=["KZ-S-15.5", "KZ-S-5.1"],
    level="stand-in",
    requirements=("KZ-PRT-04", "KZ-TOK-01"),
    needs=CONTROL,
    description="A register that has sold is put into a state, and asks and sells: {key}.",
    expectation="Every command gets the state's code and nothing is counted, or all is served.",
)
def state(ctx: Context, row: tuple[State, int]) -> None:
    """REPORT and INFO are refused like the rest."""
    wanted, version = row
    device = ctx.ofd.device(version)
    device.sell()
    ctx.ofd.do("set-state", device, state=wanted.name)
    code = wanted.code_204 if version == 204 else wanted.code
    if not code:
        for asked in (0, 5, ask_x(device), device.ticket()):
            device.accept(asked, clause="KZ-S-15.5")
        became = ctx.control.state()["devices"].get(str(device.id), {}).get("state", wanted.after)
        ctx.check(wanted.after, became, "state after a ticket", clause="KZ-S-15.5")
        return
    for what in (0, 5, ask_x(device), device.ticket(), device.deposit(100), device.closing()):
        device.refuse(code, what, clause="KZ-S-15.5")
    ctx.check(1, len(ctx.ofd.documents(device)), "documents in the ledger", clause="KZ-S-15.5")


@case(
    "kz.operator.blocked.for-a-while",
    target=KIND,
    clauses=["KZ-S-6.4", "KZ-S-3.4", "KZ-RC-15"],
    requirements=PRT,
    needs=CONTROL,
    description="A register is blocked in mid-shift, polls with SYSTEM, and is unblocked.",
    expectation="SYSTEM gets 15 while it lasts and 0 after it; the shift goes on as it was.",
)
def for_a_while(ctx: Context) -> None:
    """A block changes neither token nor sums."""
    device = ctx.ofd.device()
    device.sell()
    for reason in ("ofd", "money"):
        ctx.ofd.do("block", device, reason=reason)
        for _ in range(3):
            device.refuse(15, 0, clause="KZ-S-6.4")
        device.refuse(15, device.ticket())
        ctx.ofd.do("unblock", device)
        device.accept(0, clause="KZ-S-6.4")
        device.compare()
    device.sell()
    device.close_shift()


@case(
    "kz.operator.blocked.told-by-an-ad",
    target=KIND,
    clauses=["KZ-S-6.4", "KZ-S-3.5"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A blocked register polls that does not hold the newest INFO ad, then one that does.",
    expectation="Code 15 comes with the ad, then without.",
)
def told_by_an_ad(ctx: Context) -> None:
    """The INFO ad is what a blocked register shows."""
    device = ctx.ofd.device()
    text = "TEST касса заблокирована за неуплату"
    ctx.ofd.do("set-ads", device, ads=[{"type": INFO_AD, "version": 7, "text": text}])
    ctx.ofd.do("block", device)
    said = [ad.text for ad in read_ads(device.refuse(15, 0).message.service)]
    ctx.check([text], said, "ads with code 15", clause="KZ-S-6.4")

    def held(service: Any) -> None:
        service.ticket_ad_infos.add(version=7).type = INFO_AD

    answer = device.refuse(15, device.request(0, service=held))
    ctx.check([], read_ads(answer.message.service), "ads that it holds already", clause="KZ-S-3.5")


@case(
    "kz.operator.blocked.missing-field-is-no-block",
    target=KIND,
    clauses=["KZ-TP-10", "KZ-S-10.4", "KZ-RC-15"],
    requirements=PRT,
    description="A ticket without its operator gets 15; SYSTEM follows.",
    expectation="SYSTEM gets 0, and the next ticket is accepted.",
)
def missing_field(ctx: Context) -> None:
    """Code 15 has three causes, and only two of them keep SYSTEM at 15."""
    device = ctx.ofd.device()
    refused_without_a_trace(ctx, device, 15, _nameless(device), clause="KZ-TP-10")
    device.accept(0, clause="KZ-TP-10")
    device.sell()


@case(
    "kz.operator.blocked.missing-field-blocks",
    target=KIND,
    clauses=["KZ-S-10.4"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `missing_field_blocks_device` a ticket without its operator comes, and SYSTEM.",
    expectation="Both get 15, until the register is unblocked.",
)
def missing_field_blocks(ctx: Context) -> None:
    """The other reading of the same text."""
    device = ctx.ofd.device()
    ctx.ofd.switch(missing_field_blocks_device=True)
    device.refuse(15, _nameless(device))
    device.refuse(15, 0)
    ctx.ofd.do("unblock", device)
    device.sell()


@family(
    "kz.operator.blocked.missing-field-code.{key}",
    rows={"13": 13, "3": 3},
    target=KIND,
    clauses=["KZ-S-10.4"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `missing_field_code`={key} a ticket without its operator comes.",
    expectation="It gets that code.",
)
def missing_field_code(ctx: Context, code: int) -> None:
    """Which code a breach gets is a decision."""
    device = ctx.ofd.device()
    ctx.ofd.switch(missing_field_code=code)
    refused_without_a_trace(ctx, device, code, _nameless(device), clause="KZ-S-10.4")


def _nameless(device: Device) -> Any:
    return device.ticket(operator=Operator())


@family(
    "kz.operator.state.no-tariff-code.{key}",
    rows={"before-204": ("no_tariff_code", 203, 19), "204": ("no_tariff_code_204", 204, 15)},
    target=KIND,
    clauses=["KZ-S-15.5"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="The switch for a register without a tariff is turned round: {key}.",
    expectation="The other of the two codes.",
)
def no_tariff_code(ctx: Context, row: tuple[str, int, int]) -> None:
    """`no_tariff_code`=15/19."""
    name, version, code = row
    device = ctx.ofd.device(version)
    ctx.ofd.switch(**{name: code})
    ctx.ofd.do("disconnect", device)
    answer = device.ask(0)
    ctx.check(code, answer.code, "result code", clause="KZ-S-15.5")
