"""The ways a point of sale can be wrong, each a class in place of a right one; defects.py names them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Any, Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError, TillError
from reference.pos.fiscal.rest import RestService
from reference.pos.fiscal.service import Meaning
from reference.pos.order_book import Sale
from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.orders import Orders
from reference.pos.shop.reporting import Reporter
from reference.pos.till import Till
from reference.protocol.uz.values import format_json_time, parse_compact_time, parse_json_time

Json = dict[str, Any]
THOUSAND: Final = 1000
_DAY: Final = timedelta(days=1)
_TASHKENT: Final = timedelta(hours=5)


# --- what goes into a receipt ---------------------------------------------------------------------------


class _Rewrites(RestService, ABC):
    """Base of mistakes in a receipt: `wrong` changes it before it is stored."""

    def get_txid(self, receipt: Json) -> int:
        """Store what `wrong` makes of it."""
        changed = {**receipt, "Items": [dict(item) for item in receipt["Items"]]}
        self.wrong(changed)
        return super().get_txid(changed)

    @abstractmethod
    def wrong(self, receipt: Json) -> None:
        """Change the receipt."""


class UnitPrice(_Rewrites):
    """Writes the price of one unit where the sum of the line belongs."""

    def wrong(self, receipt: Json) -> None:
        """As price tags have it."""
        for item in receipt["Items"]:
            item["Price"] = item["Price"] * THOUSAND // item["Amount"]


class VatOnTop(_Rewrites):
    """Reckons VAT on the net sum instead of inside it."""

    def wrong(self, receipt: Json) -> None:
        """As if prices were without VAT."""
        for item in receipt["Items"]:
            net = item["Price"] - item["Discount"] - item["Other"]
            item["VAT"] = net * item["VATPercent"] // 100


class WholePieces(_Rewrites):
    """Writes amounts in whole units."""

    def wrong(self, receipt: Json) -> None:
        """One is one."""
        for item in receipt["Items"]:
            item["Amount"] = max(1, item["Amount"] // THOUSAND)


class DiscountLost(_Rewrites):
    """Takes the discount off the sum and does not name it."""

    def wrong(self, receipt: Json) -> None:
        """The operator sees a cheaper good."""
        for item in receipt["Items"]:
            item["Price"], item["Discount"] = item["Price"] - item["Discount"], 0


class CardAsCash(_Rewrites):
    """Books whatever was not cash as cash."""

    def wrong(self, receipt: Json) -> None:
        """One sum for all."""
        receipt["ReceivedCash"] += receipt["ReceivedCard"]
        receipt["ReceivedCard"] = 0


class KindLost(_Rewrites):
    """Makes every receipt a purchase."""

    def wrong(self, receipt: Json) -> None:
        """No advance, no credit."""
        receipt["Type"] = 0


class CodeAsNumber(_Rewrites):
    """Reads a MXIK as a number: its first zeros are lost."""

    def wrong(self, receipt: Json) -> None:
        """Sixteen digits."""
        for item in receipt["Items"]:
            item["SPIC"] = item["SPIC"].lstrip("0")


class LabelLost(_Rewrites):
    """Asks for the marking code and does not send it."""

    def wrong(self, receipt: Json) -> None:
        """The code stays in the till."""
        for item in receipt["Items"]:
            item["Label"] = ""


class RefundAllCash(_Rewrites):
    """Gives everything back in cash."""

    def wrong(self, receipt: Json) -> None:
        """Whatever came in."""
        if receipt["Operation"]:
            receipt["ReceivedCash"] += receipt["ReceivedCard"]
            receipt["ReceivedCard"] = 0


class RefundDashes(_Rewrites):
    """Writes the time of the sale in RefundInfo with dashes and colons."""

    def wrong(self, receipt: Json) -> None:
        """As times stand elsewhere."""
        named = receipt.get("RefundInfo")
        if named:
            time = parse_compact_time(named["DateTime"])
            receipt["RefundInfo"] = {**named, "DateTime": format_json_time(time)}


# --- how it goes on when something breaks ---------------------------------------------------------------


class NewReceiptOnCut(RestService):
    """Makes a new receipt when the answer to a registration is lost."""

    def register(self, txid: int) -> Json:
        """A lost answer counts as nothing done."""
        try:
            return super().register(txid)
        except DriveUnreachableError:
            raise DriveRefusedError(500, "9021 - ZREPORT_IS_NOT_OPENED") from None


class GivesUpOnCut(RestService):
    """Takes a lost answer for a refusal and forgets the order."""

    def register(self, txid: int) -> Json:
        """A lost answer counts as no."""
        try:
            return super().register(txid)
        except DriveUnreachableError:
            raise DriveRefusedError(400, "no answer") from None


class SignAsNumber(RestService):
    """Reads a fiscal sign as a number: its first zeros are lost."""

    def register(self, txid: int) -> Json:
        """Fewer than twelve digits."""
        made = super().register(txid)
        return {**made, "FiscalSign": str(made["FiscalSign"]).lstrip("0")}


class SyncsNothing(RestService):
    """Never syncs the state."""

    def sync_state(self) -> None:
        """Nothing is asked."""


class SendsNothing(RestService):
    """Never has unsent receipts sent."""

    def send_receipts(self) -> int:
        """Nothing is sent."""
        return 0


class LockUnread(RestService):
    """Does not read the lock before a sale, nor shows it."""

    def info(self) -> Json:
        """Never locked."""
        told = super().info()
        return {**told, "Locked": False}


class AnyModule(RestService):
    """Uses whatever module is there."""

    @property
    def factory_id(self) -> str:
        """The first of the list, each time anew; the one it had is back when the mistake is over."""
        had, self._factory_id = self._factory_id, ""
        try:
            return super().factory_id
        finally:
            self._factory_id = had


class OpensEarly(RestService):
    """Opens a shift as soon as it looks."""

    def shift(self, index: int = 0) -> Json | None:
        """The newest, opened if none is open."""
        told = super().shift(index)
        if index or not (told is None or told.get("CloseTime")):
            return told
        self.open_shift(self.last_operation() + timedelta(seconds=1))
        return super().shift(index)


class YesterdayUnseen(RestService):
    """Takes yesterday's shift for today's."""

    def shift(self, index: int = 0) -> Json | None:
        """Opened a day later."""
        told = super().shift(index)
        if told is None:
            return None
        opened = parse_json_time(str(told["OpenTime"]))
        return {**told, "OpenTime": format_json_time(opened + _DAY)}


class UnsentHidden(RestService):
    """Shows that everything is sent."""

    def memory(self) -> Json:
        """Nothing is unsent."""
        told = super().memory()
        return {**told, "ReceiptsCount": 0}


class ThreeDays(RestService):
    """Reckons the block three days after the oldest unsent receipt."""

    def memory(self) -> Json:
        """A day later."""
        told = super().memory()
        oldest = told.get("FirstUnacknowledgedReceiptTime")
        if not oldest:
            return told
        later = parse_json_time(str(oldest)) + _DAY
        return {**told, "FirstUnacknowledgedReceiptTime": format_json_time(later)}


class WorldTime(Till):
    """Writes times of UTC, not of Tashkent."""

    def now(self) -> datetime:
        """Five hours early."""
        return super().now() - _TASHKENT


class OpenShiftEndsOrder(Till):
    """Takes a shift that somebody else has opened for the end of the order."""

    def _open_shift(self) -> None:
        self._with_good_time(self.drive.open_shift)

    def _waits(self, order_id: str, error: DriveRefusedError) -> TillError:
        if self.drive.meaning(error) is not Meaning.SHIFT_OPEN:
            return super()._waits(order_id, error)
        self.book.refuse(order_id, error.reason)
        return error


class RefundGivenUp(Till):
    """Takes the operator's first ignorance for his last word, however much is still to be sent."""

    def _tell_operator(self, sale: Sale) -> None:  # noqa: ARG002 - the mistake
        self._send_backlog()


class NewestFirst(FiscalDesk):
    """Registers what waits beginning with the newest."""

    def _queue(self, most: int) -> list[tuple[str, str]]:
        return super()._queue(most)[::-1]


class AcknowledgementsUnasked(FiscalDesk):
    """Never asks what the operator has acknowledged."""

    def look_at_acknowledgements(self, *_: Any, **__: Any) -> int:
        """Nothing is learned."""
        return 0


# --- goods ----------------------------------------------------------------------------------------------


class SellsAnything(Orders):
    """Does not look at best-before days and marking codes."""

    def _require_saleable(self, *_: Any, **__: Any) -> None:
        """Everything may be sold."""


# --- the owner ------------------------------------------------------------------------------------------


class FromTheBeginning(Reporter):
    """Reports everything anew each time."""

    def _next(self, _acknowledged: int) -> list[tuple[int, str]]:
        return super()._next(0)


class SkipsOnError(Reporter):
    """Takes any answer for an acknowledgement."""

    def _understood(self, kept: Any, status: int, told: Json) -> bool:
        if status in (401, 409):
            return super()._understood(kept, status, told)
        changes = self._next(kept.acknowledged)
        kept.acknowledged = int(told.get("acknowledged", changes[-1][0] if changes else 0))
        return True


class GapIgnored(Reporter):
    """Does not go back to the number that the portal wants."""

    def _understood(self, kept: Any, status: int, told: Json) -> bool:
        if told.get("error", {}).get("rule") == "gap":
            return False
        return super()._understood(kept, status, told)


class CutUnnoticed(Reporter):
    """Goes on as if it were linked when the owner has cut the link."""

    def _understood(self, kept: Any, status: int, told: Json) -> bool:
        if status == 401:
            return False
        return super()._understood(kept, status, told)
