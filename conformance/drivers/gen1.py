"""What the drivers of the generation-1 dialects share: a till that sells by one call, and its preparation.

The three dialects (JSON-RPC, QPOS, the Communicator) stand before the same module, so that a case prepares
its shift by the dialect it judges (uz-fiscal §3, §13).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from conformance.drivers.drive_client import DriveClient, Reply
from conformance.drivers.module import Reporter
from conformance.drivers.wire import Tap
from conformance.verdicts import AnswerUnreadable, CaseFailed, Inconclusive, NotApplicable
from reference.links.address import parse_endpoint
from reference.protocol.uz.values import format_json_time, parse_compact_time, parse_json_time
from reference.runtime.clock import real_elapsed

if TYPE_CHECKING:
    from conformance.session import Session

Json = dict[str, Any]
Shift = Literal["open", "closed", "fresh"]

ALREADY_OPEN = "ERROR_ZREPORT_IS_ALREADY_OPEN"
EMPTY = "ERROR_CURRENT_ZREPORT_IS_EMPTY"
NOT_OPEN = "ERROR_ZREPORT_IS_NOT_OPEN"
LOCKED = "fiscal drive locked"
PATIENCE = 30.0
"""Real seconds that sending may take."""
_COMPACT = 14
_SECOND = 1.1
"""Real seconds until a clock that nobody can move shows another one."""
_MOST_LEAD = 30.0
"""Seconds by which the module's last operation may be ahead of such a clock."""
_LONGEST_WAIT = 300.0
"""Real seconds that such a clock is waited for at most."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A receipt that was taken: what was sent, and number, time, sign and QR address of the answer."""

    sent: Json
    answer: Json


class Gen1Driver(DriveClient, ABC):
    """A till of generation 1, speaking to the first module; see docs/writing-cases.md."""

    path: ClassVar[str] = ""

    def __init__(self, session: Session, tap: Tap, reporter: Reporter | None) -> None:
        super().__init__(session.target.endpoint, tap, session.seconds)
        self._session = session
        self._reporter = reporter

    # to be given by each dialect

    @abstractmethod
    def identity(self) -> tuple[str, str] | None:
        """TerminalID and applet version of the first module, None without one."""

    @abstractmethod
    def current_shift(self) -> Json:
        """The current Z slot, names as in uz-fiscal §9.1."""

    @abstractmethod
    def open_now(self) -> str:
        """Open a shift; the message of an error, blank when it went well."""

    @abstractmethod
    def close_now(self) -> str:
        """Close the shift; the message of an error, blank when it went well."""

    @abstractmethod
    def sell_now(self) -> Json:
        """Sell one thing that must be taken; the answer's fields as in uz-fiscal §3.4."""

    # time

    @property
    def now(self) -> datetime:
        """The lab clock in Tashkent."""
        return self._session.clock.tashkent()

    def tick(self, seconds: float = 1) -> datetime:
        """Let a second pass, in the lab where the clock can be moved; the time after it."""
        if "clock" in self._session.capabilities:
            self._session.clock.advance(seconds)
        else:
            threading.Event().wait(_SECOND * seconds)
        return self.now

    # preparation

    def ready(self, shift: Shift | None = None) -> None:
        """An unlocked module with its shift as asked. Whatever fails here makes the case inconclusive."""
        with self.preparing(f"unlocked, shift {shift or 'as it is'}"):
            self.unlock()
            if shift is not None:
                self._let_catch_up()
                self._bring(shift)

    def last_moment(self) -> datetime | None:
        """The time of the module's last operation, None where the dialect does not tell it."""
        return None

    def _let_catch_up(self) -> None:
        """Wait for a clock that nobody can move, when the module's last operation is far ahead of it.

        Receipts bear the second after that operation, and a run makes several in a second. A till that names
        no time names that of its clock in the end, which a module refuses when it has passed (TM-05).
        """
        if "clock" in self._session.capabilities:
            return
        last = self.last_moment()
        if last is not None and (lead := (last - self.now).total_seconds()) > _MOST_LEAD:
            threading.Event().wait(min(lead - _MOST_LEAD, _LONGEST_WAIT))

    def preparing(self, what: str) -> AbstractContextManager[None]:
        """Preparation is not what a case judges."""
        return nullcontext() if self._reporter is None else self._reporter.preparing(what)

    def fresh(
        self, *, module: Mapping[str, object] | None = None, drive: Mapping[str, object] | None = None
    ) -> None:
        """New parts with these settings, where their controls are known, as the driver of REST makes them;
        the module is not locked.
        """
        with self.preparing("a new module, an empty operator and an empty drive"):
            unlocked: dict[str, object] = {"start_locked": False, **(module or {})}
            for part, settings in (("module", unlocked), ("drive", drive or {}), ("operator", {})):
                if part not in self._session.target.controls:
                    raise NotApplicable(f"the {part} has no control API here")
                self._session.control(part).reset(**settings)

    def unlock(self) -> None:
        """Lift a lock through the operator's state page and REST, where both are known."""
        base = self._session.target.controls.get("drive")
        if base is None or "operator" not in self._session.target.controls:
            return
        place = parse_endpoint(base.removeprefix("http://").rstrip("/"), 3449)
        rest = DriveClient(place, self._tap, self._seconds)
        try:
            for module in rest.post("/FiscalDrive/List").demand().json:
                factory = module["FactoryID"]
                info = rest.post(f"/FiscalDrive/Info/{factory}").demand().json
                if info["Locked"]:
                    self._session.state_page(change="Yes", lock="Unlock", terminal=str(info["TerminalID"]))
                    rest.post(f"/FiscalDrive/State/Sync/{factory}").demand()
        finally:
            rest.close()

    @property
    def is_open(self) -> bool:
        """Whether a shift is open: exactly when the current slot has an open time (G1-Z-01)."""
        return bool(self.current_shift().get("OpenTime"))

    def _bring(self, shift: Shift) -> None:
        if self.is_open and shift == "open":
            return
        if self.is_open:
            current = self.current_shift()
            if not current["TotalSaleCount"] + current["TotalRefundCount"]:
                self.sell_now()
            self._must(self.close_now, "close")
        if shift != "closed":
            self._must(self.open_now, "open")

    def _must(self, act: Callable[[], str], what: str) -> None:
        self.tick()
        said = act()
        if LOCKED in said:
            raise NotApplicable("the module is locked, and no control API is known by which to unlock it")
        if said:
            raise Inconclusive(f"could not {what} the shift: {said}")

    def until(self, what: str, look: Callable[[], bool], *, clause: str) -> None:
        """Ask again and again until `look` is true; the case fails when that takes longer than PATIENCE."""
        end = real_elapsed() + PATIENCE
        pause = threading.Event()
        while not look():
            if real_elapsed() >= end:
                raise CaseFailed(f"{what}: not within {PATIENCE:g} s", clause=clause)
            pause.wait(0.02)

    # the wire

    def ask(self, body: object, **parts: Any) -> Reply:
        """POST a JSON body to the dialect's path."""
        return self.post(self.path, json=body, **parts)


def json_object(reply: Reply, clause: str) -> Json:
    """The JSON object of an answer; the case fails when it is none."""
    if not isinstance(body := reply.json, dict):
        raise AnswerUnreadable(
            f"{reply.request} answers no JSON object", clause=clause, observed=reply.text[:400]
        )
    return body


def parse_time(text: str) -> datetime:
    """A time of an answer, in 14 digits or with dashes (TM-03)."""
    return parse_compact_time(text) if len(text) == _COMPACT else parse_json_time(text)


def after(time: datetime, seconds: float = 1) -> str:
    """A time so many seconds later, as requests have it (TM-02)."""
    return format_json_time(time + timedelta(seconds=seconds))


def line(price: int = 100_000, **changes: object) -> Json:
    """A line of a receipt of generation 1, VAT 12 % included; a change to None leaves a field out."""
    whole: Json = {
        "Name": "Sinov tovari",
        "Barcode": "4780000000012",
        "Label": "",
        "SPIC": "10999001001000000",
        "Units": 1,
        "PackageCode": "1508291",
        "OwnerType": 0,
        "Amount": 1000,
        "Price": price,
        "Discount": 0,
        "Other": 0,
        "VAT": price * 12 // 112,
        "VATPercent": 12,
    }
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


def refund_info(answer: Mapping[str, Any], **changes: object) -> Json:
    """RefundInfo that names the receipt of an answer."""
    names = ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign")
    return {name: answer[name] for name in names} | changes
