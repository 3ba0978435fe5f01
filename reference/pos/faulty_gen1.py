"""Points of sale that are wrong in a dialect of generation 1, each in one way; defects.py names them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from reference.pos.errors import DriveRefusedError
from reference.pos.fiscal.gen1 import nested
from reference.pos.fiscal.qpos import QposService
from reference.pos.fiscal.rpc1 import Rpc1Service
from reference.pos.fiscal.service import Json, Meaning, Repeat
from reference.pos.order_book import Sale

_REST_WORDS: Final = (
    (Meaning.NO_SHIFT, "9021"),
    (Meaning.SHIFT_OPEN, "9022"),
    (Meaning.TIME_WRONG, "9030"),
    (Meaning.BLOCKED, "9031"),
    (Meaning.LOCKED, "9090"),
)
_SECOND: Final = timedelta(seconds=1)


def _make_way(service: Rpc1Service | QposService, error: DriveRefusedError, time: datetime) -> None:
    """Close the shift of which the service says that it is open; else raise."""
    if service.meaning(error) is not Meaning.SHIFT_OPEN:
        raise error
    service.close_shift(time + _SECOND)


# --- JSON-RPC -------------------------------------------------------------------------------------------


class RpcSellsAgain(Rpc1Service):
    """Does not ask the module for a receipt whose answer was lost."""

    def lost(self, sale: Sale, others: Collection[int], now: datetime, qr_base: str) -> Json | None:
        """A lost answer counts as nothing done."""


class RpcRefundAsSale(Rpc1Service):
    """Has one method for everything."""

    def send(self, sale: Sale, receipt: Json) -> Json:
        """Api.SendSaleReceipt."""
        return super().send(sale, {**receipt, "Operation": 0})


class RpcRestTexts(Rpc1Service):
    """Looks for the reasons of another dialect."""

    def meaning(self, error: DriveRefusedError) -> Meaning:
        """By the words of REST."""
        return next((meaning for meaning, word in _REST_WORDS if error.says(word)), Meaning.KEPT)


class RpcOpenShiftClosed(Rpc1Service):
    """Reads `is not closed` as an order to close the shift that it wanted open."""

    def open_shift(self, time: datetime) -> None:
        """Close and open again."""
        try:
            super().open_shift(time)
        except DriveRefusedError as error:
            _make_way(self, error, time)
            super().open_shift(time + 2 * _SECOND)


class RpcSendsNothing(Rpc1Service):
    """Never has unsent receipts sent."""

    def send_receipts(self) -> int:
        """Nothing is asked."""
        return 0


class RpcNewest(Rpc1Service):
    """Counts unsent receipts from the newest."""

    def _held(self, place: int) -> Json | None:
        count = int(self._info()["ReceiptCount"])
        return super()._held(count + 1 - place)


class RpcAnySlot(Rpc1Service):
    """Takes the current slot for an open shift, whether it was opened or not."""

    def shift(self, index: int = 0) -> Json | None:
        """Open since the last operation."""
        current = self.zreport(0)
        if index or current.get("OpenTime"):
            return super().shift(index)
        return nested({**current, "OpenTime": self._info()["CurrentTime"]})


# --- QPOS -----------------------------------------------------------------------------------------------


class QposNumberAnew(QposService):
    """Gives every try a ReceiptNumber of its own."""

    def send(self, sale: Sale, receipt: Json) -> Json:
        """As many numbers as tries."""
        return super().send(replace(sale, name=f"{sale.name}/{sale.attempts}"), receipt)


class QposNumberReused(QposService):
    """Numbers every sale 1."""

    def send(self, sale: Sale, receipt: Json) -> Json:
        """The wrapper knows that number."""
        return super().send(replace(sale, name="1"), receipt)


class QposCodeAlone(QposService):
    """Looks at the code of an error, which is the same for all."""

    def meaning(self, _error: DriveRefusedError) -> Meaning:
        """50021 is 50021."""
        return Meaning.KEPT


class QposOpenShiftClosed(QposService):
    """Reads `is not closed` as an order to close the shift that it wanted open."""

    def open_shift(self, time: datetime) -> None:
        """Close and open again."""
        try:
            super().open_shift(time)
        except DriveRefusedError as error:
            _make_way(self, error, time)
            super().open_shift(time)


class QposAdvanceAsSale(QposService):
    """Sells an advance as if it were a sale."""

    def repeat(self, receipt: Json) -> Repeat:
        """As a sale."""
        return super().repeat({**receipt, "Type": 0})

    def send(self, sale: Sale, receipt: Json) -> Json:
        """SaleReceipt."""
        return super().send(sale, {**receipt, "Type": 0})


class QposSignAsNumber(QposService):
    """Reads a fiscal sign as a number: its first zeros are lost."""

    def send(self, sale: Sale, receipt: Json) -> Any:
        """Fewer than twelve digits."""
        made = super().send(sale, receipt)
        return {**made, "FiscalSign": str(made["FiscalSign"]).lstrip("0")}
