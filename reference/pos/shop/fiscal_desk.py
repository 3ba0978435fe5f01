"""Orders become fiscal receipts by themselves: the queue of those that wait, and what came of it (UZ-POS-01).

The shop's row says that a receipt has to be made, the till's journal how far it is; whichever of the two a
crash leaves behind, the other carries on. Nothing is sent twice: the till answers
for an order it knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from reference.pos.errors import DriveRefusedError, DriveUnreachableError, NotReadyError, TillError
from reference.pos.order import Line, Order
from reference.pos.order import Payment as Money
from reference.pos.order_book import Sale
from reference.pos.prints import queue
from reference.pos.shop import tables
from reference.pos.shop.premises import Premises
from reference.pos.shop.rows import ByKey
from reference.pos.shop.settings import ShopSettings
from reference.pos.till import Till

WAITING: Final = "waiting"
DONE: Final = "done"
REFUSED: Final = "refused"
_BY_ORDER: Final = ByKey(tables.Fiscal, tables.Fiscal.order)
_ROWS: Final = tables.Base.metadata.tables[tables.Fiscal.__tablename__].c
_WAITING: Final = select(func.count()).where(_ROWS.state == WAITING)
_QUEUE: Final = (
    select(_ROWS.order_id, _ROWS.body)
    .where(_ROWS.state == WAITING)
    .order_by(_ROWS.order_id)
    .limit(bindparam("most"))
)
_UNACKNOWLEDGED: Final = (
    select(_ROWS.number, _ROWS.order_id)
    .where(_ROWS.state == DONE, _ROWS.acknowledged.is_(False), _ROWS.sign != "")
    .order_by(_ROWS.number)
    .limit(bindparam("most"))
)
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
        with self._premises.reading() as session:
            row = _BY_ORDER.find(session, order)
            return None if row is None else _view(row)

    def waiting(self) -> int:
        """How many orders wait for their receipt."""
        with self._premises.reading() as session:
            return int(session.scalar(_WAITING) or 0)

    def run(self, most: int = 100) -> Round:
        """Bring up to `most` waiting orders, oldest first, as far as they go.

        One that the service will never take is refused and stops nobody; one that has to wait stops those
        behind it only where nothing answers or the module takes none: back in the middle of the round, it
        would give theirs the earlier number (PS-03).
        """
        done = refused = 0
        trouble = ""
        for order_id, body in self._queue(most):
            try:
                sale = self._carry_on(order_id, body, sure=done > 0)
            except (DriveUnreachableError, NotReadyError) as error:
                return Round(done, refused, str(error))
            except DriveRefusedError as error:
                self._note(order_id, {"state": REFUSED, "reason": error.reason[:500]})
                refused += 1
            except TillError as error:
                trouble = str(error)
            else:
                self._note(order_id, _facts(sale) | {"serial": self._serial()})
                done += 1
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
        open_numbers = self._unacknowledged(most)
        if not open_numbers or (seen is not None and self._fits(seen, len(open_numbers))):
            return 0
        held = set() if seen is not None and seen[0] == 0 else self.till.drive.held()
        if held is None:
            return 0
        gone = [order for number, order in open_numbers if number not in held]
        self._note_all([(order, {"acknowledged": True}) for order in gone])
        if seen is not None:
            self._seen = (seen[0] - len(open_numbers) + len(gone), seen[1])
        return len(gone)

    def _fits(self, seen: tuple[int, str | None], open_receipts: int) -> bool:
        """Whether a module that holds so much holds all that was open at the last look, and what came
        since."""
        unsent, oldest = seen
        return unsent > 0 and (unsent - open_receipts, oldest) == self._seen

    def _unacknowledged(self, most: int) -> list[tuple[int, str]]:
        with self._premises.reading() as session:
            rows = session.execute(_UNACKNOWLEDGED, {"most": most})
            return [(number, order) for number, order in rows if number is not None]

    def _queue(self, most: int) -> list[tuple[str, str]]:
        with self._premises.reading() as session:
            return [(str(order), str(body)) for order, body in session.execute(_QUEUE, {"most": most})]

    def _carry_on(self, order_id: str, body: str, *, sure: bool = False) -> Sale:
        book = self.till.book
        if not book.known(order_id):
            book.take(Order.model_validate_json(body))
        sale = book.sale(order_id)
        if sale.refusal is not None:
            raise DriveRefusedError(0, sale.refusal)
        return sale if sale.answer is not None else self.till.fiscalise(sale, sure=sure)

    def _note(self, order_id: str, facts: dict[str, Any]) -> None:
        self._note_all([(order_id, facts)])

    def _note_all(self, noted: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Write facts of receipts down, all in one transaction."""
        if not noted:
            return
        with self._premises.changing() as session:
            for order_id, facts in noted:
                row = _BY_ORDER.one(session, order_id)
                for name, value in facts.items():
                    setattr(row, name, value)
                if facts.get("state") == DONE:
                    queue.expect(session, self._premises.now, queue.RECEIPT, order_id)
                self._tell(session, row)

    def _serial(self) -> str:
        """The number of the device in use; only shown, so a service that is gone again stops nothing."""
        try:
            return self.till.drive.factory_id
        except TillError:
            return ""

    def _tell(self, session: Session, row: tables.Fiscal) -> None:
        view = _view(row)
        body = {name: getattr(view, name) for name in FiscalView.__dataclass_fields__}
        self._premises.tell(session, "fiscal", row.order, body)


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


def _view(row: tables.Fiscal) -> FiscalView:
    names = FiscalView.__dataclass_fields__
    return FiscalView(**{name: getattr(row, name) for name in names})
