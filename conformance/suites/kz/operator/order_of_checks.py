"""Two causes at once: the earlier one in the order of checks answers (kz-ofd §5.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from conformance.cases import family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_operator import UNKNOWN_ID, Answer
from conformance.suites.kz.operator.steps import CONTROL, KIND, wrong_total
from conformance.suites.kz.operator.token import rotated, sold
from reference.protocol.kz.documents import Document
from reference.protocol.kz.frames import encode_frame
from reference.protocol.kz.tickets import Operator, Ticket

PRT = ("KZ-PRT-04",)
STRANGER = 0x5EED_0BAD
NAMELESS = Operator(None, "")
GARBAGE = b"\x08"
MUCH = 900_000_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two causes: `send` makes the request that has both; `code` is what the earlier one is worth."""

    causes: str
    code: int
    send: Callable[[Context, Device], Answer]
    needs: tuple[str, ...] = CONTROL
    stand_in: bool = True


def _raw(
    device: Device, body: bytes, *, id: int | None = None, token: int | None = None, version: int = 203
) -> Answer:
    shown = device.token if token is None else token
    number = device.id if id is None else id
    return device.ofd.ask(encode_frame(version, number, shown, device.next_reqnum(), body))


def _ask(make: Callable[[Device], Any], **given: Any) -> Callable[[Context, Device], Answer]:
    return lambda _, device: device.ask(make(device), **given)


def _late(make: Callable[[Device], Any]) -> Callable[[Context, Device], Answer]:
    """The same when a shift has been open for more than a day."""

    def send(ctx: Context, device: Device) -> Answer:
        device.sell()
        ctx.clock.advance(25 * 3600)
        return device.ask(make(device))

    return send


def _blocked(make: Callable[[Device], Any], **given: Any) -> Callable[[Context, Device], Answer]:
    def send(ctx: Context, device: Device) -> Answer:
        ctx.ofd.do("block", device)
        return device.ask(make(device), **given)

    return send


def _ordered(make: Callable[[Device], Any], when: str = "before") -> Callable[[Context, Device], Answer]:
    def send(ctx: Context, device: Device) -> Answer:
        ctx.ofd.order(254, device, when=when)
        return device.ask(make(device))

    return send


def _no_part(device: Device) -> Any:
    return device.request(1)


def _no_operator(device: Device) -> Document:
    return replace(device.ticket(), operator=NAMELESS)


def _seller_as_customer(device: Device, **fields: Any) -> Ticket:
    return device.ticket(customer_iin=device.identity.org_inn, **fields)


def _no_operator_wrong_total(device: Device) -> Document:
    return replace(wrong_total(device), operator=NAMELESS)


def _wrong_total_no_cash(device: Device) -> Document:
    return device.ticket(
        goods.line(MUCH), operation=goods.BUY, total=MUCH + 1, payments=goods.paid(cash=MUCH + 1)
    )


def _no_operator_no_cash(device: Device) -> Document:
    bought = device.ticket(goods.line(MUCH), operation=goods.BUY)
    return replace(bought, operator=NAMELESS)


def _before_token(ctx: Context, device: Device) -> Answer:
    ctx.ofd.switch(block_check="before_token")
    ctx.ofd.do("block", device)
    return device.ask(device.ticket(), token=STRANGER)


def _stored_while_ordered(ctx: Context, device: Device) -> Answer:
    device.sell()
    ctx.ofd.order(254, device, command=1)
    return device.repeat()


def _before_token_ordered(ctx: Context, device: Device) -> Answer:
    ctx.ofd.order(254, device, when="before-token")
    return device.ask(device.ticket(), token=STRANGER)


def _blocked_and_ordered(ctx: Context, device: Device) -> Answer:
    ctx.ofd.order(254, device, command=1)
    ctx.ofd.do("block", device)
    return device.ask(device.ticket())


def _blocked_garbage(ctx: Context, device: Device) -> Answer:
    ctx.ofd.do("block", device)
    return _raw(device, GARBAGE)


def _same_number_wrong_total(ctx: Context, device: Device) -> Answer:
    token, _, _ = sold(device)
    rotated(ctx, device, token)
    return device.ask(wrong_total(device), reqnum=device.reqnum)


def _same_pair_no_part(_: Context, device: Device) -> Answer:
    device.sell()
    assert device.last is not None
    sale = device.last
    return device.ask(device.request(6), token=sale.token, reqnum=sale.reqnum)


PAIRS: dict[str, Pair] = {
    "version-before-id": Pair(
        "an unknown version and an unknown ID",
        3,
        lambda _, device: _raw(device, b"\x08\0", id=UNKNOWN_ID, version=77),
        (),
    ),
    "id-before-body": Pair(
        "an unknown ID and a body that is none", 1, lambda _, device: _raw(device, GARBAGE, id=UNKNOWN_ID), ()
    ),
    "id-before-command": Pair(
        "an unknown ID and an unknown command",
        1,
        lambda _, device: _raw(device, b"\x08\x63", id=UNKNOWN_ID),
        (),
    ),
    "body-before-token": Pair(
        "a body that is none and a wrong token",
        3,
        lambda _, device: _raw(device, GARBAGE, token=STRANGER),
        (),
    ),
    "unknown-command-before-token": Pair(
        "an unknown command and a wrong token",
        4,
        lambda _, device: _raw(device, b"\x08\x63", token=STRANGER),
        (),
    ),
    "unsupported-command-before-token": Pair(
        "an unsupported command and a wrong token",
        5,
        lambda _, device: _raw(device, b"\x08\x07", token=STRANGER),
        (),
    ),
    "command-before-block": Pair(
        "an unknown command from a blocked register", 4, _blocked(lambda device: device.request(99))
    ),
    "body-before-block": Pair(
        "a body that is none from a blocked register",
        3,
        _blocked_garbage,
    ),
    "token-before-part": Pair(
        "a wrong token and a missing part", 2, _ask(_no_part, token=STRANGER), (), stand_in=False
    ),
    "token-before-content": Pair(
        "a wrong token and wrong sums", 2, _ask(wrong_total, token=STRANGER), (), stand_in=False
    ),
    "number-before-content": Pair(
        "the last REQNUM with the new token and wrong sums", 8, _same_number_wrong_total, (), stand_in=False
    ),
    "pair-before-part": Pair(
        "the last pair under another command, without its part", 9, _same_pair_no_part, (), stand_in=False
    ),
    "token-before-block": Pair(
        "a wrong token of a blocked register", 2, _blocked(lambda d: d.ticket(), token=STRANGER)
    ),
    "block-before-token": Pair(
        "a wrong token of a blocked register, with the switch for it", 15, _before_token
    ),
    "stored-before-order": Pair("a repeat while 254 is ordered", 0, _stored_while_ordered),
    "order-before-token": Pair(
        "a wrong token while 254 is ordered for the place before it",
        254,
        _before_token_ordered,
    ),
    "block-before-order": Pair(
        "a blocked register while 254 is ordered",
        15,
        _blocked_and_ordered,
    ),
    "block-before-part": Pair("a missing part from a blocked register", 15, _blocked(_no_part)),
    "block-before-content": Pair("wrong sums from a blocked register", 15, _blocked(wrong_total)),
    "order-before-part": Pair("a missing part while 254 is ordered", 254, _ordered(_no_part)),
    "order-before-content": Pair("wrong sums while 254 is ordered", 254, _ordered(wrong_total)),
    "part-before-limit": Pair(
        "a missing part in a shift open too long", 3, _late(_no_part), ("control", "clock")
    ),
    "limit-before-duty": Pair(
        "a missing field in a shift open too long", 11, _late(_no_operator), ("control", "clock")
    ),
    "limit-before-content": Pair(
        "wrong sums in a shift open too long", 11, _late(wrong_total), ("control", "clock")
    ),
    "limit-before-cash": Pair(
        "a withdrawal of more than there is in a shift open too long",
        11,
        _late(lambda device: device.withdrawal(MUCH)),
        ("control", "clock"),
    ),
    "duty-before-content": Pair("a missing field and wrong sums", 15, _ask(_no_operator_wrong_total), ()),
    "duty-before-cash": Pair("a missing field and too little cash", 15, _ask(_no_operator_no_cash), ()),
    "content-before-cash": Pair("wrong sums and too little cash", 13, _ask(_wrong_total_no_cash), ()),
    "customer-before-cash": Pair(
        "the seller as customer and too little cash",
        17,
        _ask(lambda d: _seller_as_customer(d, operation=goods.BUY)),
    ),
    "duty-before-customer": Pair(
        "a missing field and the seller as customer",
        15,
        _ask(lambda d: replace(_seller_as_customer(d), operator=NAMELESS)),
    ),
}


@family(
    "kz.operator.order.{key}",
    rows=PAIRS,
    target=KIND,
    clauses=lambda row: ["KZ-S-5.1", f"KZ-RC-{row.code}"],
    requirements=PRT,
    needs=lambda row: row.needs,
    description=lambda row: f"A request has two causes to be refused: {row.causes}.",
    expectation=lambda row: f"Code {row.code}; nothing is counted.",
)
def two_causes(ctx: Context, row: Pair) -> None:
    """Each cause alone has its own case elsewhere."""
    device = ctx.ofd.device()
    answer = row.send(ctx, device)
    ctx.check(row.code, answer.code, "result code", clause="KZ-S-5.1")
    if ctx.can("control"):
        ctx.ofd.do("unblock", device)
    device.compare()
