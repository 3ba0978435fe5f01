"""Orders become fiscal receipts by themselves: the queue of those that wait, and what came of it (UZ-POS-01).

The shop's row says that a receipt has to be made, the till's journal how far it is; whichever of the two a
crash leaves behind, the other carries on. Nothing is sent twice: the till answers
for an order it knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update

from reference.pos.errors import DriveRefusedError, DriveUnreachableError, NotReadyError, TillError
from reference.pos.order import Line, Order
from reference.pos.order import Payment as Money
from reference.pos.order_book import Sale
from reference.pos.prints import queue
from reference.pos.shop import tables
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.settings import ShopSettings
from reference.pos.till import SECOND, Till

WAITING: Final = "waiting"
DONE: Final = "done"
REFUSED: Final = "refused"
_TABLE: Final = tables.Base.metadata.tables[tables.Fiscal.__tablename__]
_ROWS: Final = _TABLE.c
_WAITING: Final = select(func.count()).where(_ROWS.state == WAITING)
_QUEUE: Final = (
    select(_ROWS.order_id, _ROWS.body)
    .where(_ROWS.state == WAITING)
    .order_by(_ROWS.order_id)
    .limit(bindparam("most"))
)
_SHOWN: Final = (
    _ROWS.order_id.label("order"),
    *(_ROWS[name] for name in ("state", "terminal", "number", "made", "sign", "address")),
    *(_ROWS[name] for name in ("acknowledged", "reason")),
)
_ONE: Final = select(*_SHOWN).where(_ROWS.order_id == bindparam("which"))
_UNACKNOWLEDGED: Final = (
    select(*_SHOWN)
    .where(_ROWS.state == DONE, _ROWS.acknowledged.is_(False), _ROWS.sign != "")
    .order_by(_ROWS.number)
    .limit(bindparam("most"))
)
_CHANGE: Final = update(_TABLE).where(_ROWS.order_id == bindparam("which"))
TOGETHER: Final = 8
"""Receipts at most that are noted in one transaction: the guest of the first waits for the last."""
SIGN_UNKNOWN: Final = "registered, but its answer was lost and the service does not give the sign again"


@dataclass(frozen=True, slots=True)
class FiscalView:
    """The fiscal receipt of an order as pages and API show it."""

    order: str
    state: str
    terminal: str
    number: int | None
    made: str | None
    sign: str
    address: str
    acknowledged: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: receipts made, receipts refused, and why it ended early (empty: it did not)."""

    done: int
    refused: int
    trouble: str


class FiscalDesk:
    """Brings waiting orders to their receipts through the till."""

    def __init__(self, premises: Premises, till: Till) -> None:
        self._premises = premises
        self.till = till
        self._seen: tuple[int, str | None] | None = None

    def of(self, order: str) -> FiscalView | None:
        """The fiscal receipt of an order; None while it is not paid."""
        row = self._premises.asked(_ONE, {"which": order}).first()
        return None if row is None else FiscalView(*row)

    def waiting(self) -> int:
        """How many orders wait for their receipt."""
        return int(self._premises.asked(_WAITING).scalar() or 0)

    def run(self, most: int = 100, *, sure: bool = False) -> Round:
        """Bring up to `most` waiting orders, oldest first, as far as they go.

        One that the service will never take is refused and stops nobody; one that has to wait stops those
        behind it only where nothing answers or the module takes none: back in the middle of the round, it
        would give theirs the earlier number (PS-03).
        `sure`: the module was just seen ready, so it is not asked for that again. BookError: what was made
        could not be kept; it is made out again, by the same steps, once the disk has room.
        """
        self.till.book.mend()
        done = refused = 0
        trouble = ""
        made: list[Sale] = []
        began = self._premises.now
        for order_id, body in self._queue(most):
            if made and (len(made) == TOGETHER or self._premises.now - began >= SECOND):
                self._note_made(made)
                made, began = [], self._premises.now
            try:
                sale = self._carry_on(order_id, body, sure=sure or done > 0)
            except (DriveUnreachableError, NotReadyError) as error:
                trouble = str(error)
                break
            except DriveRefusedError as error:
                self._note_refused(order_id, error.reason[:500])
                refused += 1
            except TillError as error:
                trouble, sure = str(error), False
            else:
                made.append(sale)
                done += 1
        self._note_made(made)
        return Round(done, refused, trouble)

    def prove_chain(self, settings: ShopSettings) -> FiscalView:
        """Sell one thing for a tiyin and give it back: a test receipt (UZ-POS-02). TillError: it broke.

        It is no order of the shop: only the till's journal has it.
        """
        till = self.till
        number = 1
        while till.book.known(f"test-{number}"):
            number += 1
        line = Line(
            name="TEST", mxik=settings.surcharge_mxik, package_code=settings.surcharge_package, price=1_00
        )
        sale = till.sell(Order(id=f"test-{number}", lines=(line,), payment=Money(cash=1_00)))
        till.refund(f"test-{number}", f"test-{number}-refund")
        facts = _facts(sale)
        return FiscalView(order=sale.order.id, acknowledged=False, **facts)

    def look_at_acknowledgements(self, seen: tuple[int, str | None] | None = None, most: int = 500) -> int:
        """Learn from the module which receipts the operator has acknowledged: it holds those he has not.

        `seen`: how many it holds and since when, as just looked at; while that fits what is known here, it is
        not asked for them one by one. How many are known to be acknowledged now that were not before; none
        where the dialect does not show what the module holds. TillError: the module does not say.
        """
        open_receipts = self._unacknowledged(most)
        if not open_receipts or (seen is not None and self._fits(seen, len(open_receipts))):
            return 0
        held = set() if seen is not None and seen[0] == 0 else self.till.drive.held()
        if held is None:
            return 0
        gone = [replace(view, acknowledged=True) for view in open_receipts if view.number not in held]
        self._note_all([(view, {"acknowledged": True}) for view in gone])
        if seen is not None:
            self._seen = (seen[0] - len(open_receipts) + len(gone), seen[1])
        return len(gone)

    def _fits(self, seen: tuple[int, str | None], open_receipts: int) -> bool:
        """Whether a module that holds so much holds all that was open at the last look, and what came
        since."""
        unsent, oldest = seen
        return unsent > 0 and (unsent - open_receipts, oldest) == self._seen

    def _unacknowledged(self, most: int) -> list[FiscalView]:
        rows = self._premises.asked(_UNACKNOWLEDGED, {"most": most})
        return [view for row in rows if (view := FiscalView(*row)).number is not None]

    def _queue(self, most: int) -> list[tuple[str, str]]:
        return [(str(order), str(body)) for order, body in self._premises.asked(_QUEUE, {"most": most})]

    def _carry_on(self, order_id: str, body: str, *, sure: bool = False) -> Sale:
        book = self.till.book
        if not book.known(order_id):
            # The shop's row keeps it, too: on the disk here with its first step is soon enough.
            book.take(Order.model_validate_json(body), durable=False)
        sale = book.sale(order_id)
        if sale.refusal is not None:
            raise DriveRefusedError(0, sale.refusal)
        return sale if sale.answer is not None else self.till.fiscalise(sale, sure=sure, durable=False)

    def _note_made(self, sales: Sequence[Sale]) -> None:
        """Note receipts that the till has the answers to, which it keeps for good first."""
        if not sales:
            return
        self.till.book.sync()
        serial = self._serial()
        noted = [(sale.order.id, _facts(sale)) for sale in sales]
        with self._premises.writing() as changed:
            for order_id, facts in noted:
                view = FiscalView(order=order_id, acknowledged=False, **facts)
                _change(changed, view, facts | {"serial": serial})
            queue.expect_all(changed, self._premises, queue.RECEIPT, [order_id for order_id, _ in noted])

    def _note_refused(self, order_id: str, reason: str) -> None:
        view = self.of(order_id)
        if view is not None:
            facts = {"state": REFUSED, "reason": reason}
            self._note_all([(replace(view, state=REFUSED, reason=reason), facts)])

    def _note_all(self, noted: Sequence[tuple[FiscalView, dict[str, Any]]]) -> None:
        """Write facts of receipts down, all in one transaction; each with the receipt as it then is."""
        if noted:
            with self._premises.writing() as changed:
                for view, facts in noted:
                    _change(changed, view, facts)

    def _serial(self) -> str:
        """The number of the device in use; only shown, so a service that is gone again stops nothing."""
        try:
            return self.till.drive.factory_id
        except TillError:
            return ""


def _change(changed: Writing, view: FiscalView, facts: Mapping[str, Any]) -> None:
    """Write facts of a receipt down, and tell the owner how it then is."""
    changed.execute(_CHANGE, {"which": view.order, **facts})
    changed.tell(
        "fiscal", view.order, {name: getattr(view, name) for name in FiscalView.__dataclass_fields__}
    )


def _facts(sale: Sale) -> dict[str, Any]:
    answer = sale.answer
    assert answer is not None
    sign = str(answer.get("FiscalSign") or "")
    return {
        "state": DONE,
        "terminal": str(answer["TerminalID"]),
        "number": None if answer["ReceiptSeq"] is None else int(answer["ReceiptSeq"]),
        "made": str(answer["DateTime"]),
        "sign": sign,
        "address": str(answer.get("QRCodeURL") or ""),
        "reason": "" if sign or sale.order.type else SIGN_UNKNOWN,
    }
