"""What drive cases have in common: a drive that sends when told, refusals without trace, the operator's view.

`begin` gives a case a drive of its own, `still` one that is merely made ready while lab time stands still.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from conformance.context import Context
from conformance.controls import Control
from conformance.drivers.drive import DriveDriver, Shift
from conformance.drivers.drive_client import Reply
from conformance.verdicts import CaseFailed, Inconclusive
from reference.runtime.clock import real_elapsed

Json = dict[str, Any]
Row = ParamSpec("Row")

ERROR_TYPE = "errors.errorString"
MOST = 9_999_999_999_999_999
"""Largest number a receipt may carry (RC-09)."""
TRACES = ("Traceback", 'File "', "goroutine ", "panic:", "<!doctype", "<html")
"""What a client must never find in an error body."""
NEW, SENT, ACKNOWLEDGED, REJECTED, ERROR = range(5)
"""States of files (§4.7)."""
_PARTS = ("control", "module-control", "operator-control")
_PATIENCE = 30.0
"""Real seconds within which something that nothing holds up has to happen."""
_UNDER_WAY = 1.0
"""Real seconds for an exchange that the drive began by itself to show in its counters."""


def begin(ctx: Context, shift: Shift | None = "open", **settings: object) -> DriveDriver:
    """A ready drive that sends nothing by itself, with `settings` of its control reset on top.

    Where the controls are known, module, operator and drive start anew, the module with a TerminalID that
    was never seen, so that nothing an earlier case left under way touches this one. Anybody else's drive
    sends only when told (G2-S-17) and is made ready as it stands; with `settings` the case is then not
    applicable.
    """
    drive = ctx.drive
    wanted = {"auto_send": False, **settings}
    if all(ctx.can(part) for part in _PARTS):
        drive.fresh(module=new_module(ctx), drive=wanted)
    elif ctx.can("control"):
        drive.ready()
        ctx.control.reset(**wanted)
    elif settings:
        ctx.not_applicable(f"the drive has no control API to set {', '.join(settings)}")
    drive.ready(shift)
    return drive


def new_module(ctx: Context, **settings: object) -> Json:
    """Settings of a module that nobody has seen, unlocked."""
    return {"start_locked": False, "terminal": f"ZZ{ctx.rng.randrange(10**12):012d}", **settings}


def ready(ctx: Context, shift: Shift | None = "open") -> DriveDriver:
    """A ready drive, for cases that sell nothing, or do not care when it is sent."""
    ctx.drive.ready(shift)
    return ctx.drive


def still(ctx: Context, shift: Shift | None = "open") -> DriveDriver:
    """A ready drive in frozen lab time: no timer of its own sends what the case has sold.

    For cases in which no shift is closed, no state synced and no file put back while receipts wait: after
    these a drive may look around at once.
    """
    if ctx.can("clock"):
        ctx.clock.set_rate(0)
    return ready(ctx, shift)


def held_by(judge: Callable[Concatenate[Context, Row], None]) -> Callable[Concatenate[Context, Row], None]:
    """For cases about files that wait: a miss is inconclusive where these have left by themselves.

    A drive may send whenever it likes (G2-S-17), and one without a control API cannot be told not to. Only
    its own counters excuse it: files counted as acknowledged that no answer to the judge named.
    """

    @wraps(judge)
    def judged(ctx: Context, /, *row: Row.args, **names: Row.kwargs) -> None:
        try:
            judge(ctx, *row, **names)
        except (CaseFailed, LookupError) as missed:
            gone = sent_by_itself(ctx)
            if not gone:
                raise
            raise Inconclusive(
                f"the drive counts {gone} as acknowledged that no answer of a Sync named: it sends by itself "
                f"(G2-S-17), and has no control API to switch that off; seen then: {missed}"
            ) from missed

    return judged


def sent_by_itself(ctx: Context) -> str:
    """What the drive has sent since it was ready without being told, in words; empty if nothing.

    An exchange under way is given a second to end.
    """
    books = ctx.drive.books
    if books is None:
        return ""
    pause, end = threading.Event(), real_elapsed() + _UNDER_WAY
    while not (gone := books.gone()) and real_elapsed() < end:
        pause.wait(0.05)
    return gone


# refusals


def error_body(ctx: Context, reply: Reply) -> None:
    """The body is JSON with Reason and Type, and shows nothing of a program's inside (G2-T-09)."""
    try:
        body = json.loads(reply.text)
    except ValueError:
        body = None
    told = isinstance(body, dict) and bool(body.get("Reason")) and isinstance(body["Reason"], str)
    ctx.check_that(told, "JSON with a Reason", reply.text[:200], "error body", clause="G2-T-09")
    ctx.check(ERROR_TYPE, body.get("Type") if isinstance(body, dict) else None, "Type", clause="G2-T-09")
    found = [mark for mark in TRACES if mark.lower() in reply.text.lower()]
    ctx.check_that(not found, "no stack trace", reply.text[:200], "error body", clause="G2-T-09")


def refused(
    ctx: Context, reply: Reply, status: int, reason: str | Collection[str], *, clause: str = ""
) -> None:
    """An error of this status (a stand-in) whose Reason is `reason`, or one of several."""
    turned_away(ctx, reply, {status})
    allowed = (reason,) if isinstance(reason, str) else reason
    ctx.check_in(allowed, reply.reason, "Reason", clause=clause or ctx.case.clauses[0])


def refused_saying(ctx: Context, reply: Reply, status: int, part: str, *, clause: str = "") -> None:
    """An error whose Reason contains `part`."""
    turned_away(ctx, reply, {status})
    holds = part.lower() in reply.reason.lower()
    ctx.check_that(holds, f"…{part}…", reply.reason, "Reason", clause=clause or ctx.case.clauses[0])


def turned_away(ctx: Context, reply: Reply, statuses: Collection[int]) -> None:
    """An error with a readable body; which status it has, is a stand-in."""
    ctx.check_that(not reply.ok, "a status other than 200", reply.status, "status", clause="G2-T-09")
    ctx.check_in(statuses, reply.status, "status number", clause="UNK-11")
    error_body(ctx, reply)


def accepted(ctx: Context, reply: Reply, what: str = "answer", *, clause: str = "") -> Reply:
    """The answer is 200; returns it."""
    shown = f"{reply.status} {reply.text[:200]}"
    ctx.check_that(reply.ok, "200", shown, what, clause=clause or ctx.case.clauses[0])
    return reply


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a refusal must leave alone: counters, times and sums of the memory, and the last shift."""

    memory: Json
    shift: tuple[int, str]

    def apart(self) -> Picture:
        """The same without what an acknowledgement changes (FM-A-02, FM-A-03)."""
        waiting = {"ReceiptsCount", "FirstUnacknowledgedReceiptTime"}
        memory = {name: value for name, value in self.memory.items() if name not in waiting}
        status, text = self.shift
        if status == 200:
            shown = {name: value for name, value in json.loads(text).items() if name != "AcknowledgedTime"}
            text = json.dumps(shown, sort_keys=True)
        return Picture(memory, (status, text))


def picture(drive: DriveDriver) -> Picture:
    """What the drive shows now."""
    shift = drive.call("ZReport/Info", Index=0)
    return Picture(drive.memory(), (shift.status, shift.text))


@contextmanager
def unchanged(ctx: Context, clause: str = "G2-S-01") -> Iterator[None]:
    """Whatever is done inside must leave no trace."""
    before = picture(ctx.drive)
    yield
    after = picture(ctx.drive)
    if before != after and sent_by_itself(ctx):
        ctx.note("the drive sent by itself meanwhile: what that changes is not compared")
        before, after = before.apart(), after.apart()
    ctx.check(before, after, "what the drive shows afterwards", clause=clause)


@contextmanager
def unbound(ctx: Context, clause: str) -> Iterator[None]:
    """Whatever is done inside must leave the module's locks alone too."""

    def locks() -> tuple[bool, bool]:
        info = ctx.drive.info()
        return info["Locked"], info["POSLocked"]

    before = locks()
    with unchanged(ctx, clause):
        yield
    ctx.check(before, locks(), "Locked and POSLocked afterwards", clause=clause)


def still_sells(ctx: Context, clause: str = "") -> Json:
    """A good sale goes through and gets the very next number, so nothing before it has spent one."""
    drive = ctx.drive
    number = int(drive.memory()["ReceiptSeq"])
    answer = drive.sell().answer
    ctx.check(number + 1, answer["ReceiptSeq"], "number of the next good receipt", clause=clause or "ZR-07")
    return answer


# waiting


def until(ctx: Context, what: str, look: Callable[[], bool], *, clause: str = "") -> None:
    """Ask again and again until `look` is true; the case fails when that takes unreasonably long."""
    pause = threading.Event()
    end = real_elapsed() + _PATIENCE
    while not look():
        if real_elapsed() >= end:
            ctx.fail(f"{what}: not within {_PATIENCE:g} s", clause=clause or ctx.case.clauses[0])
        pause.wait(0.005)


def strikes(control: Control, rule: Json) -> int:
    """How often a fault rule has acted."""
    return next(int(laid["hits"]) for laid in control.faults()["rules"] if laid["id"] == rule["id"])


@contextmanager
def aside(call: Callable[[], Reply], *more: Callable[[], Reply]) -> Iterator[list[Future[Reply]]]:
    """Requests in threads of their own, so that the case can act while they wait for their answers."""
    calls = (call, *more)
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        yield [pool.submit(each) for each in calls]


# the operator's view


@dataclass(slots=True)
class OperatorView:
    """What reaches the operator of the drive's module from now on, and what it has stored of that.

    Needs `operator-control`.
    """

    ctx: Context
    terminal: str = field(init=False)
    _event: int = field(init=False)
    _number: int = field(init=False)
    _closed: str = field(init=False)

    def __post_init__(self) -> None:
        drive = self.ctx.drive
        memory = drive.memory()
        self.terminal = str(memory["TerminalID"])
        self._number = int(memory["ReceiptSeq"])
        self._closed = "".join(filter(str.isdigit, memory["LastOperationTime"]))
        newest = self.ctx.operator_control.journal_tail(1)
        self._event = newest[-1]["n"] if newest else 0

    def receipts(self) -> list[Json]:
        """Stored receipts with numbers given since then, in the order in which they were stored."""
        return self._rows("receipts", self._number)

    def shifts(self) -> list[Json]:
        """Stored Z-reports closed since then, in the order in which they were stored."""
        return self._rows("zreports", self._closed)

    def _rows(self, kind: str, after: object) -> list[Json]:
        answer = self.ctx.operator_control.do(kind, terminal=self.terminal, after=after, limit=1000)
        return sorted(answer[kind], key=lambda row: int(row["entry"]))

    def numbers(self) -> list[int]:
        """Numbers of the stored receipts in the order in which they were stored."""
        return [int(row["number"]) for row in self.receipts()]

    def messages(self) -> list[list[str]]:
        """File types, in hex, of every request that was answered since this view was opened."""
        return [event["data"]["files"] for event in self.events("request")]

    def disturbed(self) -> int:
        """How often a fault has struck a request since this view was opened."""
        return len(self.events("fault"))

    def events(self, kind: str) -> list[Json]:
        """Events of one kind in the operator's journal since this view was opened."""
        found = self.ctx.operator_control.journal(self._event, 1000)
        return [event for event in found if event["kind"] == kind]

    def holds_once(self, numbers: Collection[int], *, clause: str = "OF-20") -> None:
        """Each of the numbers stands in the ledger, complete, and nothing stands there twice."""
        rows = self.receipts()
        found = sorted(int(row["number"]) for row in rows)
        self.ctx.check(sorted(numbers), found, "receipts in the operator's ledger", clause=clause)
        without = [row["number"] for row in rows if not row["body"]]
        self.ctx.check([], without, "receipts of which only the short record came", clause="G2-S-17")
