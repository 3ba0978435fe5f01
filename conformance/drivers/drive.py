"""Driver of a drive under test:
one method an endpoint of uz-fiscal §4.2, and preparation relative to what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from conformance.drivers.check_site import CheckSite, Shown
from conformance.drivers.drive_books import Books
from conformance.drivers.drive_client import DriveClient, Reply
from conformance.drivers.module import Reporter
from conformance.drivers.wire import Tap
from conformance.verdicts import AnswerUnreadable, Inconclusive, NotApplicable
from reference.protocol.uz.values import format_json_time, parse_json_time

if TYPE_CHECKING:
    from conformance.session import Session

Shift = Literal["open", "closed", "fresh", "ended"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Registered:
    """A receipt through both steps: what was sent, its transaction id, and the answer of RegisterTXID."""

    receipt: Json
    txid: int
    answer: Json


class DriveDriver(DriveClient):
    """The drive under test, speaking to its first module unless told otherwise; see docs/writing-cases.md."""

    def __init__(self, session: Session, tap: Tap, reporter: Reporter) -> None:
        super().__init__(session.target.endpoint, tap, session.seconds)
        self._session = session
        self._reporter = reporter
        self.books: Books | None = None
        """Kept from `ready` on where nobody can tell the drive not to send by itself."""

    @cached_property
    def factory(self) -> str:
        """FactoryID of the first module of FiscalDrive/List; not applicable when there is none."""
        listed = self.list_modules()
        if not listed:
            raise NotApplicable("the drive lists no module")
        return str(listed[0]["FactoryID"])

    # endpoints

    def list_modules(self) -> list[Json]:
        """FiscalDrive/List."""
        return _array(self.post("/FiscalDrive/List").demand())

    def info(self) -> Json:
        """FiscalDrive/Info."""
        return _object(self.call("Info").demand())

    def memory(self) -> Json:
        """FiscalDrive/FiscalMemory/Info."""
        return _object(self.call("FiscalMemory/Info").demand())

    def shift(self, index: int = 0) -> Json:
        """FiscalDrive/ZReport/Info by reverse index."""
        return _object(self.call("ZReport/Info", Index=index).demand())

    def call(self, name: str, *, headers: Mapping[str, str] | None = None, **parameters: object) -> Reply:
        """POST /FiscalDrive/`name`/{FactoryID} with form parameters."""
        return self.post(f"/FiscalDrive/{name}/{self.factory}", form=parameters, headers=headers)

    def open(self, time: datetime | str | None = None, *, auth: str = "") -> Reply:
        """ZReport/Open at `time` (text passes as it is),
        one second after the last operation when not given.
        """
        return self.call("ZReport/Open", headers=_auth(auth), DateTime=self._time_text(time))

    def close_shift(self, time: datetime | str | None = None, *, auth: str = "") -> Reply:
        """ZReport/Close, time as in `open`."""
        reply = self.call("ZReport/Close", headers=_auth(auth), DateTime=self._time_text(time))
        if self.books is not None and reply.ok:
            self.books.closed()
        return reply

    def get_txid(self, receipt: object) -> Reply:
        """Receipt/GetTXID with a JSON body."""
        return self.post(f"/FiscalDrive/Receipt/GetTXID/{self.factory}", json=receipt)

    def register_txid(self, txid: int, *, auth: str = "") -> Reply:
        """Receipt/RegisterTXID with a form body."""
        return self.call("Receipt/RegisterTXID", headers=_auth(auth), TXID=txid)

    def receipt_info(self, index: int = 0) -> Reply:
        """Receipt/Info by reverse index."""
        return self.call("Receipt/Info", Index=index)

    def sync_state(self) -> Reply:
        """State/Sync."""
        return self.call("State/Sync")

    def sync_files(self, kind: Literal["FullReceipts", "ZReports", "Receipts"], count: int = 32) -> Reply:
        """DataBase/Files/Sync of one kind."""
        reply = self.post(f"/DataBase/Files/Sync/{kind}/{self.factory}", form={"ItemsCount": count})
        if self.books is not None and reply.ok:
            self.books.answered(reply.json)
        return reply

    def files_count(self, status: int) -> Json:
        """DataBase/Files/Count: terminal → number of files in a state."""
        return _object(self.post("/DataBase/Files/Count", form={"Status": status}).demand())

    def unacknowledged_shifts(self) -> list[int]:
        """ZReport/UnackowledgedIndexes (the producer's spelling)."""
        return list(_array(self.call("ZReport/UnackowledgedIndexes").demand()))

    # time

    @property
    def last_operation(self) -> datetime:
        """LastOperationTime of the module, Tashkent time."""
        return parse_json_time(str(self.memory()["LastOperationTime"]))

    def next_time(self, seconds: float = 1) -> datetime:
        """Last operation plus some seconds."""
        return self.last_operation + timedelta(seconds=seconds)

    def catch_up(self, seconds: float = 2) -> None:
        """Move the lab clock on until `DateTime=now` lies after the last operation (needs `clock`)."""
        behind = (self.last_operation - self._session.clock.tashkent()).total_seconds()
        if behind + seconds > 0:
            self._session.clock.advance(behind + seconds)

    # preparation

    def ready(self, shift: Shift | None = None) -> datetime:
        """An unlocked module, everything sent and acknowledged, its shift as asked; returns the last
        operation.

        `shift` as in the module driver. Whatever fails here makes the case inconclusive.
        """
        with self._reporter.preparing(f"unlocked, all sent, shift {shift or 'as it is'}"):
            self.unlock()
            self.send_all()
            if shift is not None:
                self._bring_shift(shift)
            if "drive" not in self._session.target.controls:
                self.books = Books(self)
            return self.last_operation

    def fresh(
        self,
        *,
        module: Mapping[str, object] | None = None,
        drive: Mapping[str, object] | None = None,
        operator: Mapping[str, object] | None = None,
    ) -> None:
        """Reset module, drive and operator with these settings, where their controls are known: in this
        order, so that nothing that was under way comes to the new operator.
        """
        with self._reporter.preparing("a new module, an empty operator and an empty drive"):
            for part, settings in (("module", module), ("drive", drive), ("operator", operator)):
                if part in self._session.target.controls:
                    self._session.control(part).reset(**(settings or {}))
                elif settings is not None:
                    raise NotApplicable(f"the {part} has no control API here")
            self.__dict__.pop("factory", None)

    def unlock(self) -> None:
        """Have the operator undo what locks the module by a state sync (S-11.10, `operator-control`)."""
        info = self.info()
        if not info["Locked"] and not info["POSLocked"]:
            return
        self._session.state_page(
            change="Yes" if info["Locked"] else "",
            lock="Unlock" if info["Locked"] else "",
            pos_unlock="POS Unlock" if info["POSLocked"] else "",
            terminal=str(info["TerminalID"]),
        )
        self.sync_state().demand()
        info = self.info()
        if info["Locked"] or info["POSLocked"]:
            raise Inconclusive("the module stays locked after a state sync that unlocks it", clause="S-11.8")

    def state_page(
        self, *, change: str = "", lock: str = "", pos_unlock: str = "", terminal: str = ""
    ) -> None:
        """Set the operator's state page (S-11.10, needs `operator-control`)."""
        self._session.state_page(change=change, lock=lock, pos_unlock=pos_unlock, terminal=terminal)

    def check_page(self, **query: str) -> Shown:
        """The operator's page behind a QR address, at its control API's host (CK-01, `operator-control`)."""
        base = self._session.target.controls.get("operator")
        if base is None:
            raise NotApplicable(
                "the operator's check page is not known; give the target operator-control=URL"
            )
        with closing(CheckSite(base, self._tap, self._seconds)) as site:
            return site.page(**query)

    def send_all(self) -> None:
        """Sync receipts until the module holds none and Z-reports until none is unacknowledged.

        Receipts whose full files the drive has lost go as short records.
        """
        for left in self._while_falling(self._held):
            self.sync_files("FullReceipts").demand()
            if self._held() >= left:
                self.sync_files("Receipts").demand()
        for _ in self._while_falling(lambda: len(self.unacknowledged_shifts())):
            self.sync_files("ZReports").demand()

    def _held(self) -> int:
        return int(self.memory()["ReceiptsCount"])

    @staticmethod
    def _while_falling(count: Any) -> Iterator[int]:
        left: int = count()
        while left:
            yield left
            now: int = count()
            if now >= left:
                raise Inconclusive(f"{now} files stay unacknowledged after a sync")
            left = now

    def _bring_shift(self, shift: Shift) -> None:
        current = self.call("ZReport/Info", Index=0)
        is_open = current.ok and not current.json.get("CloseTime")
        if is_open and shift == "open":
            return
        begun = shift == "ended" and not current.ok
        if begun:
            self.open().demand()
        if is_open or begun:
            opened = self.shift(0)
            if not opened["TotalSaleCount"] + opened["TotalRefundCount"]:
                self.sell()
            self.close_shift().demand()
            self.send_all()
        if shift not in ("closed", "ended"):
            self.open().demand()

    # receipts

    def receipt(self, *, cash: int = 100_000, card: int = 0, **changes: object) -> Json:
        """A balanced JSON receipt of one item, one second after the last operation; `changes` replace fields.

        A change to None leaves the field out.
        """
        total = cash + card
        whole: Json = {
            "Time": format_json_time(self.next_time()) if "Time" not in changes else "",
            "ReceivedCash": cash,
            "ReceivedCard": card,
            "Type": 0,
            "Operation": 0,
            "Items": [self.item(price=total)],
        }
        whole.update(changes)
        return {name: value for name, value in whole.items() if value is not None}

    def item(self, *, price: int = 100_000, **changes: object) -> Json:
        """One item of a JSON receipt, VAT 12 % included; `changes` replace fields, None leaves one out."""
        whole: Json = {
            "Name": "Sinov tovari",
            "SPIC": "10999001001000000",
            "PackageCode": "1508291",
            "Units": 1,
            "Price": price,
            "Amount": 1000,
            "VATPercent": 12,
            "VAT": price * 12 // 112,
        }
        whole.update(changes)
        return {name: value for name, value in whole.items() if value is not None}

    def sell(self, receipt: Json | None = None, **fields: Any) -> Registered:
        """Both steps for a receipt (made of `fields` as in `receipt`) that the drive must take."""
        receipt = receipt or self.receipt(**fields)
        txid = self.txid_of(self.get_txid(receipt).demand())
        return Registered(receipt, txid, _object(self.register_txid(txid).demand()))

    @staticmethod
    def txid_of(reply: Reply) -> int:
        """The bare number of GetTXID's answer (HB-08)."""
        if not reply.text.strip().isdecimal():
            raise AnswerUnreadable(
                "GetTXID answers no bare number", clause="HB-08", observed=reply.text[:200]
            )
        return int(reply.text)

    def _time_text(self, time: datetime | str | None) -> str:
        if isinstance(time, str):
            return time
        return format_json_time(time or self.next_time())


def _auth(value: str) -> dict[str, str] | None:
    return {"X-POS-Auth": value} if value else None


def _object(reply: Reply) -> Json:
    if not isinstance(body := reply.json, dict):
        raise AnswerUnreadable(
            f"{reply.request} answers no JSON object", clause="S-4.3", observed=reply.text[:400]
        )
    return body


def _array(reply: Reply) -> list[Any]:
    if not isinstance(body := reply.json, list):
        raise AnswerUnreadable(
            f"{reply.request} answers no JSON array", clause="S-4.3", observed=reply.text[:400]
        )
    return body
