"""A day of work in steps, each of which can be cut anywhere and is carried on as the people of a shop would:
started again, looked at, and finished."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from reference.drive.errors import DriveError
from reference.pos.errors import TillError
from reference.pos.order import Line, Order, Payment
from reference.runtime.chance import generator
from tools.crashpoints.cuts import Cut, Target
from tools.crashpoints.proof import Unproven, books_agree, recovered
from tools.crashpoints.shop import Flaws, Shop

START: Final = datetime(2026, 7, 1, 4, 0, 0, tzinfo=UTC)
"""09:00 in Tashkent."""
STEP_SECONDS: Final = 90.0
RESTART_SECONDS: Final = 20.0
SETTLING_SECONDS: Final = 5.0
RECEIPTS: Final = 40
SENT_EVERY: Final = 5
OUTAGE_FROM: Final = 21
"""The sale at which the operator stops answering."""
REFUNDED: Final = 3
TRIES: Final = 12
"""How often people try to get on with a step before they would call somebody."""
BROWN_OUTS: Final = 3

Action = Callable[[Shop], None]


class NotYet(Exception):  # noqa: N818 - the step's own word for "try again"
    """A step is not done; the text says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `do` may be repeated: it looks first how far the step has come. `sold` and `refunded` are
    the orders that must be receipts when it is done, `online` whether the operator answers during it."""

    name: str
    do: Action
    sold: int = 0
    refunded: int = 0
    online: bool = True
    closed: bool = False
    delivered: bool = False


class Day:
    """The steps and orders of a day; the same for the same seed."""

    def __init__(self, seed: int, receipts: int = RECEIPTS) -> None:
        chance = generator(seed, "crash points")
        self.seed = seed
        self.orders = [self._order(chance, number) for number in range(1, receipts + 1)]
        self.steps = list(self._steps())

    def __reduce__(self) -> tuple[type[Day], tuple[int, int]]:
        return Day, (self.seed, len(self.orders))

    def _order(self, chance: Random, number: int) -> Order:
        lines = tuple(
            Line(
                name=f"Non {number}.{place}",
                price=chance.randrange(10, 900) * 100,
                amount=chance.choice((1000, 1000, 2000, 1500)),
                mxik="01905001001000000",
                package_code="1500001",
                vat_percent=chance.choice((0, 12)),
            )
            for place in range(chance.randrange(1, 4))
        )
        owed = sum(line.net for line in lines)
        cash = chance.choice((owed, 0, owed // 2))
        return Order(id=f"order-{number}", lines=lines, payment=Payment(cash=cash, card=owed - cash))

    def _steps(self) -> Sequence[Step]:
        steps = [Step("open", _open)]
        count = len(self.orders)
        outage = min(OUTAGE_FROM, count // 2 + 1)
        refunded = 0
        for number, order in enumerate(self.orders, 1):
            online = number < outage
            if number == outage:
                if (number - 1) % SENT_EVERY:
                    steps.append(Step(f"send {number - 1}", _send, number - 1))
                refunded = 1
                steps.append(Step("refund", _refund(f"order-{min(REFUNDED, number - 1)}"), number - 1, 1))
            steps.append(Step(f"sale {number}", _sale(order), number, refunded, online))
            if number % SENT_EVERY == 0 and online:
                steps.append(Step(f"send {number}", _send, number, refunded))
            if number == (outage + count) // 2:
                steps.append(Step(f"send {number} in vain", _send_in_vain, number, refunded, online))
                steps.append(Step("tidy the flash", _tidy, number, refunded, online))
        steps.append(Step("sync", _send, count, refunded, delivered=True))
        steps.append(Step("close", _close, count, refunded, closed=True))
        steps.append(Step("send the shift", _send, count, refunded, closed=True, delivered=True))
        return steps

    # --- walking ---------------------------------------------------------------------------------

    def walk(self, shop: Shop, step: Step, target: Target | None = None) -> None:
        """Do one step, cut at `target`, and see it through; Unproven says what is wrong then."""
        shop.online = step.online
        shop.watch.begin(target)
        shop.pass_time(STEP_SECONDS)
        for number in range(TRIES):
            try:
                if number:
                    shop.pass_time(RESTART_SECONDS)
                    shop.watch.shake()
                    if shop.start():
                        recovered(shop)
                step.do(shop)
                break
            except Cut as cut:
                shop.fall(cut)
            except (TillError, DriveError, NotYet) as error:
                trouble = str(error)
            except Unproven:
                raise
            except Exception as error:
                raise Unproven(f"a part broke: {''.join(traceback.format_exception(error)[-2:])}") from error
        else:
            raise Unproven(f"not done after {TRIES} tries: {trouble}")
        shop.watch.calm()
        shop.watch.rest()
        shop.pass_time(SETTLING_SECONDS)
        if not shop.whole:
            shop.start()
        books_agree(
            shop, self.orders[: step.sold], step.refunded, closed=step.closed, delivered=step.delivered
        )


def start_day(day: Day, folder: Path, flaws: Flaws) -> Shop:
    """A new shop on the morning of `day`."""
    shop = Shop(folder, START, day.seed, flaws)
    shop.start()
    return shop


def _open(shop: Shop) -> None:
    if shop.till.drive.locked():
        shop.till.drive.sync_state()
    shop.till.start_day()


def _sale(order: Order) -> Action:
    def sell(shop: Shop) -> None:
        if not shop.till.book.known(order.id):
            shop.till.sell(order)
        _finish(shop, order.id)

    return sell


def _refund(order_id: str) -> Action:
    def give_back(shop: Shop) -> None:
        refund = f"{order_id}-back"
        if not shop.till.book.known(refund):
            shop.till.refund(order_id, refund)
        _finish(shop, refund)

    return give_back


def _finish(shop: Shop, order_id: str) -> None:
    """The till carries on what it knows, and the guest gets the paper."""
    shop.till.finish_pending()
    sale = shop.till.book.sale(order_id)
    if sale.refusal is not None:
        raise Unproven(f"order {order_id} was refused: {sale.refusal}")
    if sale.answer is None:
        raise NotYet(f"order {order_id} has no answer: {'; '.join(shop.till.notices.texts)}")
    shop.witness.printed(order_id, sale.answer)


def _send(shop: Shop) -> None:
    shop.drive.core.sender.send_all(shop.factory_id)
    held = shop.module.slot.module.state
    if held.pool.unacknowledged or any(not z.acknowledged for z in held.zreports if z.close_time):
        raise NotYet("the module still waits for acknowledgements")


def _send_in_vain(shop: Shop) -> None:
    try:
        shop.drive.core.sender.send_all(shop.factory_id)
    except DriveError as error:
        if error.status == 404:
            raise
        return
    raise Unproven("the operator does not answer, and the drive says all is sent")


def _tidy(shop: Shop) -> None:
    rack = shop.module.rack
    rack.store.compact(rack.states, now=True)


def _close(shop: Shop) -> None:
    shift = shop.till.drive.shift()
    if shift is None:
        raise Unproven("the shift is gone")
    if not shift.get("CloseTime"):
        shop.till.close_day()
