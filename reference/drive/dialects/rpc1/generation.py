"""Generation 1 over the core: one method here for each of FiscalDriveAPI's (uz-fiscal §3.2, §3.6).

All three dialects call these; a method takes the read `Fields` and gives the JSON-ready result, or raises
Rpc1Error. The module below is an 0400 one, so slots, limits and codes are translated here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from reference.drive.core import Core
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.rpc1.codes import Doing, card_code, drive_error, service_error
from reference.drive.dialects.rpc1.results import Json, Results, by_terminal
from reference.drive.dialects.rpc1.sale import Kind, Seller
from reference.drive.dialects.rpc1.status import sender_status
from reference.drive.dialects.rpc1.zslots import ZSlots, read_slot, read_slots, unacknowledged
from reference.drive.errors import DriveError
from reference.drive.records import FileState
from reference.links.module import ModuleSession

STATS_NUMBERS: Final = 16
"""Length of LastUnAckZReportsNumbers, unused places 0 (uz-fiscal §3.2)."""
COUNTS_AFTER_CLOSE: Final = "0324"
"""From this applet on CloseZReport tells what still has to go (uz-fiscal §3.2)."""
ABOUT_NOW: Final = timedelta(seconds=60)
"""How far ahead of the PC the module's last operation may be to count as now."""
_TERMINAL: Final = (0x03,)
_LAST: Final = (0x03,)
_COUNT: Final = (0x06,)
_WINDOW: Final = (0x04,)


class Generation1:
    """FiscalDriveAPI for the time of one request."""

    seller: type[Seller] = Seller

    def __init__(self, core: Core) -> None:
        self.core = core
        self.settings = core.stage.settings
        self.results = Results(self.settings)
        self.sales = self.seller(core)

    # --- modules -------------------------------------------------------------------------------------

    def factory_id(self, params: Fields) -> str:
        """Which module is meant; missing or empty, the only one plugged in, else 65534 (G1-T-09)."""
        given = params.text("FactoryID").strip().lower()
        if given:
            return given
        plugged = self.plugged()
        if len(plugged) != 1:
            raise service_error(65534, f"FactoryID is missing and {len(plugged)} fiscal drives are connected")
        return plugged[0]

    def plugged(self) -> list[str]:
        """FactoryIDs of the modules there are, after a fresh look when none is known."""
        states = self.core.fleet.states()
        if not any(state.present for state in states):
            states = self.core.fleet.look()
        return [state.seen.factory_id for state in states if state.seen is not None]

    @contextmanager
    def session(self, params: Fields, doing: Doing) -> Iterator[ModuleSession]:
        """A session with the module meant; what it refuses becomes generation 1's word for it."""
        factory_id = self.factory_id(params)
        with self.translating(doing), self.core.fleet.session(factory_id) as session:
            yield session

    @contextmanager
    def translating(self, doing: Doing) -> Iterator[None]:
        """Errors of the core as generation 1's."""
        try:
            yield
        except DriveError as error:
            raise drive_error(error, doing) from error

    def ping(self, params: Fields) -> Json:
        """Api.Ping: the message comes back."""
        return {"Message": params.text("Message")}

    def list_drives(self, _params: Fields) -> Json:
        """Api.ListFiscalDrives."""
        found = [state.seen.factory_id for state in self.core.fleet.look() if state.seen is not None]
        return {"FactoryID": found}

    def info(self, params: Fields) -> Json:
        """Api.GetInfo."""
        with self.session(params, Doing.OTHER) as session:
            return self.results.info(session.get_info(), session.get_fiscal_memory_info())

    def memory(self, params: Fields) -> Json:
        """Api.GetFiscalMemoryInfo (UNK-14)."""
        with self.session(params, Doing.OTHER) as session:
            return self.results.memory(session.get_fiscal_memory_info())

    def status(self, _params: Fields) -> Json:
        """Api.Status."""
        with self.translating(Doing.OTHER):
            return sender_status(self.core)

    # --- shifts --------------------------------------------------------------------------------------

    def open_zreport(self, params: Fields) -> Json:
        """Api.OpenZReport: 36912 while one is open (G1-Z-04)."""
        with self.session(params, Doing.OPEN) as session:
            time = params.time("Time", self.next_time(session))
            slots = self.unlocked_slots(session)
            if slots.is_open:
                raise card_code("ERROR_ZREPORT_IS_ALREADY_OPEN")
            if slots.opened >= self.settings.gen1_zreport_max:
                raise card_code("ERROR_ZREPORT_SPACE_IS_FULL")
            self.sales.check_offline(session.get_fiscal_memory_info(_WINDOW), time)
            session.zreport_open(time)
        return self.results.base()

    def close_zreport(self, params: Fields) -> Json:
        """Api.CloseZReport: 36907 when it is empty or not open (G1-Z-04)."""
        with self.session(params, Doing.CLOSE) as session:
            time = params.time("Time", self.next_time(session))
            if not self.unlocked_slots(session).is_open:
                raise card_code("ERROR_CURRENT_ZREPORT_IS_EMPTY")
            self.sales.check_offline(session.get_fiscal_memory_info(_WINDOW), time)
            factory_id = session.factory_id
            terminal_id = session.get_info(_TERMINAL).terminal_id or ""
            session.zreport_close(time)
            unsent = len(unacknowledged(session, read_slots(session)))
        self.core.sender.wake(factory_id)
        if self.settings.gen1_applet_version < COUNTS_AFTER_CLOSE:
            return self.results.base()
        states = self.core.stage.zreports.counts().get(terminal_id, {})
        errors = states.get(FileState.REJECTED, 0) + states.get(FileState.ERROR, 0)
        return self.results.base() | {
            "UnsentZReportsCount": unsent,
            "AwaitingToSendZReportsCount": max(0, unsent - errors),
            "ErrorsCount": errors,
        }

    def next_time(self, session: ModuleSession) -> datetime:
        """What a missing Time means: now, or the second after the last operation when that is about now.

        Clients that leave Time out call more than once a second, and a module takes one operation in each
        (TM-05).
        """
        now = self.core.stage.now()
        last = session.get_fiscal_memory_info(_LAST).last_operation
        if last is None or not now <= last < now + ABOUT_NOW:
            return now
        return last + timedelta(seconds=1)

    def unlocked_slots(self, session: ModuleSession) -> ZSlots:
        """The slots; 65279 when the module is locked, which it says before anything else (FM-C-02)."""
        self.sales.require_unlocked(session)
        return read_slots(session)

    def zreport_count(self, params: Fields) -> Json:
        """Api.GetZReportCount: slots with the current one (G1-Z-02)."""
        with self.session(params, Doing.READ_ZREPORT) as session:
            return self.results.base() | {"Count": read_slots(session).count}

    def zreport_info(self, params: Fields) -> Json:
        """Api.GetZReportInfo: Number counts back from the current slot, 0."""
        return self._zreport(params, lambda slots: slots.ordinal(params.number("Number")))

    def zreport_info_by_number(self, params: Fields) -> Json:
        """Api.GetZReportInfoByNumber: Number 1 is the first ever."""
        return self._zreport(params, lambda slots: slots.check(params.number("Number")))

    def _zreport(self, params: Fields, choose: Callable[[ZSlots], int]) -> Json:
        with self.session(params, Doing.READ_ZREPORT) as session:
            slots = read_slots(session)
            ordinal = choose(slots)
            terminal_id = session.get_info(_TERMINAL).terminal_id or ""
            return self.results.zreport(terminal_id, slots, ordinal, read_slot(session, slots, ordinal))

    def zreports_stats(self, params: Fields) -> Json:
        """Api.GetZReportsStats."""
        with self.session(params, Doing.READ_ZREPORT) as session:
            slots = read_slots(session)
            waiting = unacknowledged(session, slots)
        last = waiting[-STATS_NUMBERS:]
        return self.results.base() | {
            "TotalClosedUnAckZReportsCount": len(waiting),
            "LastUnAckZReportsNumbers": last + [0] * (STATS_NUMBERS - len(last)),
            "TotalClosedZReportsCount": slots.closed,
        }

    def send_zreport(self, params: Fields) -> Json:
        """Api.SendZReport: a test aid, all that wait go (uz-fiscal §3.2)."""
        return self._send_zreport(params, lambda slots: slots.ordinal(params.number("Number")))

    def send_zreport_by_number(self, params: Fields) -> Json:
        """Api.SendZReportByNumber."""
        return self._send_zreport(params, lambda slots: slots.check(params.number("Number")))

    def _send_zreport(self, params: Fields, choose: Callable[[ZSlots], int]) -> Json:
        with self.session(params, Doing.READ_ZREPORT) as session:
            slots = read_slots(session)
            if choose(slots) > slots.closed:
                raise card_code("ERROR_CURRENT_ZREPORT_IS_EMPTY")  # only what is closed can be sent
            factory_id = session.factory_id
        self.core.sender.order(factory_id)
        return self.results.base()

    # --- receipts ------------------------------------------------------------------------------------

    def send(self, params: Fields, kind: Kind) -> Json:
        """Api.SendSaleReceipt and its three sisters (uz-fiscal §3.4)."""
        return self.send_body(self.factory_id(params), params.get("Receipt"), kind)

    def send_body(self, factory_id: str, body: object, kind: Kind) -> Json:
        """The same for a module that is known."""
        receipt = self.sales.read(body, kind)
        if kind in (Kind.ADVANCE, Kind.CREDIT):
            terminal_id = self.sales.keep_unnumbered(factory_id, receipt)
            return self.results.unnumbered(terminal_id, receipt.time)
        return self.results.registered(self.sales.sell(factory_id, receipt))

    def receipt_count(self, params: Fields) -> Json:
        """Api.GetReceiptCount: receipts the operator has not acknowledged."""
        with self.session(params, Doing.READ_RECEIPT) as session:
            count = session.get_fiscal_memory_info(_COUNT).receipts_count or 0
            return self.results.base() | {"Count": count}

    def receipt_info(self, params: Fields) -> Json:
        """Api.GetReceiptInfo: Number 1 is the oldest unsent; 36870 when there is none."""
        number = params.number("Number")
        with self.session(params, Doing.READ_RECEIPT) as session:
            count = session.get_fiscal_memory_info(_COUNT).receipts_count or 0
            if not count:
                raise card_code("ERROR_RECEIPT_COUNT_ZERO")
            if not 1 <= number <= count:
                raise card_code("ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS")
            return self.results.held(number, count, session.get_receipt_info(count - number))

    def last_registered(self, params: Fields) -> Json:
        """Api.GetLastRegisteredReceipt, also when the answer got lost; 36872 before the first."""
        with self.session(params, Doing.READ_RECEIPT) as session:
            self.core.recovery.recover(session)
            answer = self.core.stage.gen1.last_registered(session.factory_id)
        if answer is None:
            raise card_code("ERROR_RECEIPT_NOT_FOUND")
        return self.results.registered(answer)

    def rescan(self, params: Fields) -> Json:
        """Api.RescanReceipts."""
        with self.session(params, Doing.READ_RECEIPT) as session:
            session.receipt_rescan()
            first = session.get_fiscal_memory_info(_WINDOW).first_unacknowledged
        return self.results.base() | {"FirstReceiptTime": self.results.time(first)}

    # --- sending -------------------------------------------------------------------------------------

    def send_short(self, params: Fields) -> Json:
        """Api.SendReceipt: records of the module whose full receipt is lost are queued."""
        factory_id = self.factory_id(params)
        with self.translating(Doing.READ_RECEIPT):
            queued = self.core.sync.short_queue(factory_id)
        self.core.sender.order(factory_id, short=True)
        return self.results.base() | {"QueuedToSendCount": queued}

    def unsent(self, _params: Fields) -> Json:
        """Api.GetUnsentCount."""
        with self.translating(Doing.OTHER):
            return by_terminal(self.core.stage.gen1.unsent())

    def resend(self, params: Fields) -> Json:
        """Api.ResendUnsent: now, without waiting for the timer."""
        given = params.text("FactoryID").strip().lower()
        for factory_id in [given] if given else self.plugged():
            self.core.sender.order(factory_id)
        return self.results.base()

    # --- known through the Communicator only ---------------------------------------------------------

    def acknowledge(self, _params: Fields) -> dict[str, Any]:
        """Acks go to the module as they come, so none ever waits (uz-fiscal §3.2)."""
        return {"Errors": [], **self.results.base(), "SuccessCount": 0, "ErrorCount": 0}

    def ack_count(self, _params: Fields) -> dict[str, Any]:
        """How many acks wait for the module: none (uz-fiscal §3.2)."""
        return by_terminal({})
