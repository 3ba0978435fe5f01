"""Brings papers to the printer by itself: a thread of its own, so that a slow printer holds up no receipt.

Printing knows nothing of the fiscal service: whatever happens here, no receipt is lost or made again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from reference.pos.prints import queue
from reference.pos.prints.escpos import Device, as_escpos
from reference.pos.prints.printer import NONE, PrinterError, Whereabouts, send
from reference.pos.prints.queue import PrintView
from reference.pos.prints.shelf import document_of
from reference.pos.shop import tables
from reference.pos.shop.moments import written
from reference.pos.shop.premises import Premises
from reference.pos.shop.settings import ShopSettings, settings_in, settings_of
from reference.runtime.clock import LabClock
from reference.runtime.refusals import DeskError, RefusedError
from reference.runtime.words import Words

LOOK_SECONDS: Final = 1.0
"""Lab seconds between looks at what waits."""
PATIENCE: Final = timedelta(minutes=10)
"""Lab time after which a paper that could not be printed waits for a person: its guest has gone."""
MOST: Final = 50
_TABLE: Final = tables.Base.metadata.tables[tables.Print.__tablename__]
_CHANGE: Final = update(_TABLE).where(_TABLE.c.id == bindparam("which"))
_CRASHED: Final = "the point of sale ended while printing: look at the printer"
_NO_PRINTER: Final = Words("Printer sozlanmagan", "Принтер не настроен", "No printer is set")


@dataclass(frozen=True, slots=True)
class PrinterState:
    """The printer as the cashier sees it: its setting, papers that wait or are `lost`, and what is wrong.

    Lost are those that never came out whole and nobody has asked for again.
    """

    printer: str
    waiting: int
    lost: int
    trouble: str


class Spool:
    """The papers of one shop on their way to its printer; `kick` makes it look at once."""

    def __init__(self, premises: Premises, where: Whereabouts, lab: LabClock) -> None:
        self._premises = premises
        self._where = where
        self._kick = lab.event()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="pos-printer", daemon=True)
        self._trouble = ""
        self._note_crash()

    # --- asking --------------------------------------------------------------------------------------

    def again(self, kind: str, key: str) -> PrintView:
        """Print a paper once more. UnknownError: there is none; RefusedError: there is no printer."""
        with self._premises.changing() as session:
            if settings_in(session).printer == NONE:
                raise RefusedError("printer", _NO_PRINTER)
            document_of(session, kind, key)
            asked = queue.ask_again(session, self._premises.now, kind, key)
        self.kick()
        return asked

    def newest(self, most: int = MOST) -> list[PrintView]:
        """What was to be printed, newest first."""
        query = select(tables.Print).order_by(tables.Print.id.desc()).limit(most)
        with self._premises.reading() as session:
            return [queue.view_of(row) for row in session.scalars(query)]

    def state(self) -> PrinterState:
        """The printer as it now stands."""
        printer = settings_of(self._premises).printer
        if printer == NONE:
            return PrinterState(printer, 0, 0, "")
        with self._premises.reading() as session:
            waiting = session.scalar(select(func.count()).where(tables.Print.state == queue.WAITING)) or 0
            return PrinterState(printer, waiting, queue.lost(session), self._trouble)

    # --- printing ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the paper in work."""
        self._ending.set()
        self._kick.set()
        if self._thread.is_alive():
            self._thread.join()

    def kick(self) -> None:
        """Something may be to be printed."""
        if settings_of(self._premises).printer != NONE:
            self._kick.set()

    def round(self) -> int:
        """Print what waits, oldest first; how many papers came out.

        A printer that cannot be reached ends the round: what it did not get is tried again in the next.
        """
        done = 0
        with self._lock:
            settings = settings_of(self._premises)
            for row in [] if settings.printer == NONE else self._waiting():
                trouble, went = self._print(row, settings)
                self._trouble = trouble
                done += went
                if trouble:
                    break
        return done

    def _print(self, row: PrintView, settings: ShopSettings) -> tuple[str, bool]:
        """One paper; what went wrong, and whether it came out."""
        try:
            with self._premises.reading() as session:
                document = document_of(session, row.kind, row.key, copy=row.copy)
            device = Device(settings.printer_qr, settings.printer_pages)
            data = as_escpos(document, settings.paper, device)
        except DeskError as error:
            self._note(row.id, queue.FAILED, error.words.en)
            return error.words.en, False
        self._note(row.id, queue.SENDING)
        try:
            send(settings.printer, data, self._where)
        except PrinterError as error:
            self._note(row.id, queue.BROKEN if error.begun else self._later(row), str(error))
            structlog.get_logger("pos").warning("a paper was not printed", key=row.key, reason=str(error))
            return str(error), False
        self._note(row.id, queue.DONE)
        return "", True

    def _later(self, row: PrintView) -> str:
        """Where a paper goes that the printer has nothing of."""
        late = written(self._premises.now - PATIENCE)
        return queue.FAILED if row.asked < late else queue.WAITING

    def _waiting(self) -> list[PrintView]:
        table = tables.Print
        query = select(table).where(table.state == queue.WAITING).order_by(table.id).limit(MOST)
        with self._premises.reading() as session:
            return [queue.view_of(row) for row in session.scalars(query)]

    def _note(self, number: int, state: str, reason: str = "") -> None:
        with self._premises.writing() as changed:  # of no row where the shop was reset meanwhile
            changed.execute(_CHANGE, {"which": number, "state": state, "reason": reason[:255]})

    def _note_crash(self) -> None:
        """What was on its way when the process ended: only a person can see whether it came out."""
        table = tables.Print
        change = update(table).where(table.state == queue.SENDING)
        with self._premises.changing() as session:
            session.execute(change.values(state=queue.BROKEN, reason=_CRASHED))

    def _run(self) -> None:
        while not self._ending.is_set():
            self._kick.clear()
            try:
                self.round()
            except SQLAlchemyError as error:
                structlog.get_logger("pos").warning("the shop's book did not answer", exc_info=error)
            clock = self._premises.clock
            clock.wait(self._kick, clock.deadline(LOOK_SECONDS))
