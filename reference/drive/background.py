"""The drive's own sending: one thread that lets every module's files go when their time has come (G2-S-17).

It is woken by what happens (a receipt, a closed shift, a plugged module, a state sync) and by the lab clock;
it sends in the same way as the Sync endpoints do, and the same bookkeeping decides when (outbox.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from reference.drive.delivery import SyncItem, check_success
from reference.drive.errors import DriveError
from reference.drive.outbox import LARGEST_BATCH
from reference.drive.stage import Stage
from reference.drive.sync import Synchroniser
from reference.drive.turns import SyncTurns

LONGEST_SLEEP: Final = 3600.0
"""Lab seconds after which the sender looks around although nobody woke it."""

_log = structlog.get_logger("drive.sender")


class BackgroundSender:
    """Sends without being told to. Without `auto_send` it only finishes unfinished registrations."""

    def __init__(self, stage: Stage, sync: Synchroniser, turns: SyncTurns) -> None:
        self.stage = stage
        self.sync = sync
        self.turns = turns
        self.last_error: dict[str, str] = {}
        self.looked_at = 0.0
        """Lab time at which the last look at everything began."""
        self._ordered: dict[str, bool] = {}
        """Modules somebody told to send whatever `auto_send` says, and whether short records go too."""
        self._event = stage.clock.lab.event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    # --- being told ----------------------------------------------------------------------------------

    def receipt_registered(self, factory_id: str, terminal_id: str) -> None:
        """A receipt waits; more may follow (uz-fiscal CL-08)."""
        outbox = self.sync.outbox(factory_id)
        waiting = outbox.one_more()
        if waiting is None or waiting >= outbox.batch:
            waiting = self.stage.receipts.pending_count(terminal_id, outbox.batch)
        outbox.receipt_came(self.stage.lab_seconds(), waiting)
        self._event.set()

    def unnumbered_kept(self, factory_id: str, terminal_id: str) -> None:
        """The same of a receipt that no module numbered (uz-fiscal G1-Z-09), which not every round looks
        for."""
        self.sync.outbox(factory_id).look_at_all()
        self.receipt_registered(factory_id, terminal_id)

    def wake(self, factory_id: str) -> None:
        """Something may have to go; back-off and hold still count."""
        self.sync.outbox(factory_id).wake(self.stage.lab_seconds())
        self._event.set()

    def retry_now(self, factory_id: str) -> None:
        """The same without the back-off, for a module that was just plugged in or a person who asks."""
        self.sync.outbox(factory_id).retry_now(self.stage.lab_seconds())
        self._event.set()

    def order(self, factory_id: str, *, short: bool = False) -> None:
        """Send all of a module's files now, also without `auto_send` (uz-fiscal §3.2 ResendUnsent)."""
        self._ordered[factory_id] = short or self._ordered.get(factory_id, False)
        self.retry_now(factory_id)

    # --- running -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; modules seen already are looked at at once."""
        self._thread = threading.Thread(target=self._run, name="drive-sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the exchange in work."""
        self._stopping = True
        self._event.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        self.stage.fleet.look()
        # A jump of lab time between looking and waiting would be slept through, so jumps wake the sender too.
        with self.stage.clock.lab.wakes.listening(self._event.set):
            while True:
                self._event.clear()  # before the look at `_stopping`, so that a stop cannot be cleared away
                if self._stopping:
                    return
                self.stage.clock.wait(self._event, self.work())

    def work(self) -> float:
        """Do what is due now; lab seconds until something else is."""
        began = self.stage.lab_seconds()
        wait = LONGEST_SLEEP
        for factory_id in self._present():
            outbox = self.sync.outbox(factory_id)
            due, now = outbox.due, self.stage.lab_seconds()
            if due is not None and due <= now and not self._stopping:
                self._serve(factory_id)
                due, now = outbox.due, self.stage.lab_seconds()
            if due is not None:
                wait = min(wait, max(0.0, due - now))
        self.looked_at = began
        return wait

    def _present(self) -> list[str]:
        slots = [slot for slot in self.stage.fleet.slots if slot.admits()]
        return [seen.factory_id for slot in slots if (seen := slot.state.seen) is not None]

    def _serve(self, factory_id: str) -> None:
        """One module's turn; whatever fails here is tried again later, so nothing is raised."""
        outbox = self.sync.outbox(factory_id)
        only_receipts = outbox.begin()
        try:
            self._send(factory_id, only_receipts)
        except DriveError as error:
            self._failed(factory_id, error.reason)
        except Exception:  # noqa: BLE001 - a mistake must not end all sending; the log has the trace
            _log.exception("sending broke", factory_id=factory_id)
            self._failed(factory_id, "internal error")

    def _send(self, factory_id: str, only_receipts: bool) -> None:
        with self.turns.background(factory_id):
            short = self._ordered.pop(factory_id, None)
            if self.stage.settings.auto_send or short is not None:
                self.send_all(factory_id, short=bool(short), only_receipts=only_receipts)
                return
            with self.stage.fleet.session(factory_id) as session:
                memory = self.sync.recovery.look(session)
                self.sync.recovery.recover(session, memory)
                self.sync.recovery.recall(session, memory)

    def _failed(self, factory_id: str, reason: str) -> None:
        """Pause, unless the exchange itself said until when; tell people once."""
        outbox = self.sync.outbox(factory_id)
        outbox.look_at_all()  # a receipt that came meanwhile makes it due, and would be all it looked for
        if outbox.due is None:
            outbox.failed(self.stage.lab_seconds())
        if self.last_error.get(factory_id) != reason:
            _log.warning("sending failed", factory_id=factory_id, reason=reason)
            self.stage.record("sender.failed", factory_id=factory_id, reason=reason)
        self.last_error[factory_id] = reason

    def send_all(
        self, factory_id: str, *, short: bool = False, only_receipts: bool = False
    ) -> dict[str, int]:
        """Send everything a module has, oldest first: receipts, then Z-reports. Numbers acknowledged by kind.

        `short` also sends its own records of receipts whose full file is lost. With `only_receipts` nobody
        looks for what cannot have come since the last look: `quiet_shifts` says what of Z-reports that is.

        Raises DriveError; what was done until then stays done.
        """
        done = {"receipts": 0, "zreports": 0, "short": 0}
        steps: dict[str, Callable[[str, int], list[SyncItem]]] = {
            "receipts": partial(self.sync.full_receipts, watch_shifts=only_receipts),
            "unnumbered": self.sync.unnumbered,
            "zreports": self.sync.zreports,
        }
        if short or self.stage.settings.auto_short_receipts:
            steps["short"] = lambda one, count: self.sync.short_receipts(one, count, background=True)
        for kind, step in steps.items():
            if only_receipts and (
                kind == "unnumbered" or (kind == "zreports" and self.sync.quiet_shifts(factory_id))
            ):
                continue
            sent: set[object] = set()
            while items := step(factory_id, LARGEST_BATCH):
                done[kind] = done.get(kind, 0) + _acknowledged(items)
                if self._stopping or not check_success(items):
                    return done
                if kind == "receipts" and not self.sync.more_receipts(factory_id):
                    break
                names = {item.name for item in items}
                if names <= sent:  # a module that lists for ever what it was told is acknowledged
                    if kind == "receipts":  # found again by a look through the module; more may be waiting
                        now, delay = self.stage.lab_seconds(), self.stage.settings.send_delay
                        self.sync.outbox(factory_id).wake(now + delay)
                    break
                sent |= names
        self.last_error.pop(factory_id, None)
        return done


def _acknowledged(items: list[SyncItem]) -> int:
    return sum(item.state.text == "Acknowledged" for item in items)
