"""What the point of sale does by itself: receipts of paid orders, the day's end, looks at the service."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from reference.pos.errors import BookError, TillError
from reference.pos.fiscal.service import FiscalService
from reference.pos.prints import queue
from reference.pos.prints.spool import PrinterState
from reference.pos.shop.drive_state import DriveState, day_is_over, look_at
from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.premises import Premises
from reference.pos.shop.reporting import BATCH, Reporter, ReportState
from reference.pos.shop.settings import SettingsDesk
from reference.protocol.uz.values import parse_json_time, to_tashkent
from reference.runtime.clock import LabClock

LOOK_SECONDS: Final = 1.0
"""Lab seconds between looks: a pulled key is noticed within two (UZ-USB-01)."""
SECOND_NS: Final = 1_000_000_000
GATHER_NS: Final = SECOND_NS
"""Lab time that changes wait for others to go to the owner with them (BX-BRN-02: he sees them live)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the point of sale stands: the service, orders that wait, and what stopped the last round.

    `report`: how far the owner has been told; None without an owner's portal. `printer`: how it stands with
    the printer, where the point of sale has a queue for one.
    """

    drive: DriveState
    waiting: int
    trouble: str
    notices: tuple[str, ...]
    report: ReportState | None = None
    printer: PrinterState | None = None


class Worker:
    """One thread; `kick` makes it look at once, `after_round` hears of every round.

    Everything that speaks to the service takes `lock`.
    """

    def __init__(
        self,
        premises: Premises,
        desk: FiscalDesk,
        settings: SettingsDesk,
        drive: FiscalService,
        lab: LabClock,
        reporter: Reporter | None = None,
    ) -> None:
        self._premises = premises
        self._desk = desk
        self._settings = settings
        self._drive = drive
        self._lab = lab
        self._reporter = reporter
        self.after_round: Callable[[], None] = lambda: None
        self._kick = lab.event()
        self._ending = threading.Event()
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="pos-worker", daemon=True)
        self._waits_since: int | None = None
        self._looked: int | None = None
        self._standing = Standing(DriveState(False, "not asked yet"), desk.waiting(), "", ())

    @property
    def standing(self) -> Standing:
        """As of the last look."""
        return self._standing

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round in work."""
        self._ending.set()
        self._kick.set()
        if self._thread.is_alive():
            self._thread.join()

    def kick(self) -> None:
        """Something is to be done."""
        self._kick.set()

    def round(self) -> Standing:
        """One look and whatever is to be done, the owner told as well; where things stand after it."""
        return self._round(prompt=True)

    def _round(self, *, prompt: bool) -> Standing:
        """`prompt`: what the owner is to learn does not wait for more to go with it."""
        with self.lock:
            drive, trouble = self._receipts(prompt=prompt)
            if drive.reachable:
                closed, late = self._end_of_day(drive)
                trouble = late or trouble
                if closed:
                    drive = self._look()
            notices = tuple(self._desk.till.notices.texts)
            report = self._tell(prompt=prompt)
            self._standing = Standing(drive, self._desk.waiting(), trouble, notices, report)
        self.after_round()
        return self._standing

    def _receipts(self, *, prompt: bool) -> tuple[DriveState, str]:
        """Make what waits into receipts; the service after that, and what stands in their way.

        A service that was away is looked at first: until it is back, no order is begun. A look that is due
        comes first, too, and serves the receipts behind it (HB-06). `prompt`: a look comes last, so that it
        shows what is made now.
        """
        drive, sure = self._standing.drive, False
        if not drive.reachable or (self._until_look() <= 0 and not prompt):
            drive = self._look()
            if not drive.reachable:
                return drive, ""
            sure = self._ready(drive)
        try:
            made = self._desk.run(sure=sure)
        except BookError as error:
            return drive, str(error)
        news = made.trouble or made.refused or (made.done and drive.shift_opened is None)
        if prompt or news:
            drive = self._look()
        return drive, made.trouble if drive.reachable else ""

    def _ready(self, drive: DriveState) -> bool:
        """Whether a look showed a module that sells: today's shift, and no trouble."""
        if drive.trouble or drive.locked or drive.shift_opened is None:
            return False
        return parse_json_time(drive.shift_opened).date() == to_tashkent(self._premises.now).date()

    def _until_look(self) -> float:
        """Lab seconds until the service has to be looked at again."""
        if self._looked is None:
            return 0.0
        return LOOK_SECONDS - (self._lab.now_ns() - self._looked) / SECOND_NS

    def _look(self) -> DriveState:
        """A look, and what is acknowledged by it: receipts that come after are not counted in it."""
        self._looked = self._lab.now_ns()
        drive = look_at(self._drive, to_tashkent(self._premises.now))
        self._acknowledged(drive)
        return drive

    def _tell(self, *, prompt: bool) -> ReportState | None:
        """The owner learns; by itself at most once in a lab second, so that changes go together."""
        if self._reporter is None:
            return None
        state = self._reporter.state()
        now = self._lab.now_ns()
        if not state.waiting:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = now
        due = self._waits_since is None or now - self._waits_since >= GATHER_NS or state.waiting >= BATCH
        if not due and not prompt:
            return state
        self._waits_since = None
        return self._reporter.run()

    def close_shift(self) -> dict[str, Any]:
        """Close the shift now; its Z-report. TillError: the service would not."""
        with self.lock:
            return self._close()

    def _close(self) -> dict[str, Any]:
        self._desk.run()
        report = self._desk.till.close_day()
        with self._premises.writing() as changed:
            key = f"{report['TerminalID']}-{report['OpenTime']}"
            changed.tell("shift", key, report)
            queue.expect_all(changed, self._premises, queue.SHIFT, [key])
        self._desk.till.notices.texts.clear()
        self._looked = None  # what was seen before has no shift any more
        return report

    def _end_of_day(self, drive: DriveState) -> tuple[bool, str]:
        """Whether the shift was closed now, and why it could not be."""
        if drive.shift_opened is None:
            return False, ""
        opened = parse_json_time(drive.shift_opened)
        now = to_tashkent(self._premises.now)
        if not day_is_over(opened, now, self._settings.read().close_at):
            return False, ""
        try:
            self._close()
        except TillError as error:
            return False, str(error)
        return True, ""

    def _acknowledged(self, drive: DriveState) -> None:
        if not drive.reachable or drive.trouble:
            return
        seen = None if drive.unsent is None else (drive.unsent, drive.oldest_unsent)
        try:
            self._desk.look_at_acknowledgements(seen)
        except TillError as error:
            structlog.get_logger("pos").info("acknowledgements are not known", reason=str(error))

    def _run(self) -> None:
        log = structlog.get_logger("pos")
        while not self._ending.is_set():
            self._kick.clear()
            try:
                self._round(prompt=False)
            except SQLAlchemyError as error:
                log.warning("the shop's book did not answer", exc_info=error)
                self._standing = replace(self._standing, trouble="the shop's database does not answer")
            except TillError as error:
                log.warning("the till stopped", reason=str(error))
            self._premises.clock.wait(self._kick, self._premises.clock.deadline(self._rest()))

    def _rest(self) -> float:
        """Lab seconds until something is to be done by itself; a round that came to nothing rests, too."""
        due = self._until_look()
        if self._waits_since is not None:
            due = min(due, (self._waits_since + GATHER_NS - self._lab.now_ns()) / SECOND_NS)
        return due if due > 0 else LOOK_SECONDS
