"""Keys that make documents: sales, money, reports, the end of the shift (kz-ofd §6.3 MD-01, §7, §8).

A document is built, checked and numbered under the lock; online it is made durable, then sent; offline it is
made durable and printed. Nothing is handed out that is not on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from reference.kkm.booking import shift_age
from reference.kkm.core import Turn
from reference.kkm.desk import Desk
from reference.kkm.memory import Memory, Packet
from reference.kkm.records import known_dialect
from reference.kkm.requests import cancel_body, document_body
from reference.kkm.sale import SaleBuilder
from reference.kkm.sender import Sender
from reference.kkm.texts import LOCAL_TEXTS, MODE_TEXTS, queued_text
from reference.kkm.values import (
    TICKET_KEYS,
    CancelOrder,
    DocumentKind,
    Local,
    MoneyOrder,
    Order,
    OrderFinding,
    Outcome,
    Pressed,
    TicketOrder,
    ZOrder,
)
from reference.protocol.kz.client import Action, Event, Facts, Mode
from reference.protocol.kz.counters import build_report, close_shift
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.documents import COMMAND_OF, CloseShift, Document, ReportAsk
from reference.protocol.kz.errors import KzError
from reference.protocol.kz.kinds import PlacementKind, ReportKind
from reference.protocol.kz.money import from_almaty
from reference.protocol.kz.results import result_text
from reference.protocol.kz.tickets import Operator

AUTO_CLOSER: Final = Operator(0, "auto_close_shift")
"""Who closes a shift that nobody closed (kz-ofd H24-05)."""
_PLACEMENTS: Final = {"deposit": PlacementKind.DEPOSIT, "withdraw": PlacementKind.WITHDRAWAL}


class RefusalError(Exception):
    """The register will not do it, and says why."""

    def __init__(self, local: Local, text: str = "", findings: tuple[OrderFinding, ...] = ()) -> None:
        self.local = local
        self.text = text or LOCAL_TEXTS[local]
        self.findings = findings
        super().__init__(self.text)


class DocumentKeys:
    """The document keys of one register."""

    def __init__(self, desk: Desk, sender: Sender) -> None:
        self._desk = desk
        self._sender = sender
        self._dialect = known_dialect(desk.settings.version)
        self._builder = SaleBuilder(desk.settings, self._dialect, desk.rules)

    def press(self, key: str, order: Order) -> Pressed:
        """Make the key's document and return when its outcome is known."""
        try:
            return self._press(key, order)
        except RefusalError as refusal:
            mode = self._desk.memory.mode
            return Pressed(
                Outcome.REFUSED, mode, local=refusal.local, text=refusal.text, findings=refusal.findings
            )

    def _press(self, key: str, order: Order) -> Pressed:
        desk = self._desk
        closes = desk.settings.auto_close
        while True:
            with desk.lock:
                memory = desk.look_at_limit()
                if not self.check_mode(memory):
                    return self._queue(memory, key, order)
            with desk.wire:
                with desk.lock:
                    memory = desk.look_at_limit()
                    if not self.check_mode(memory):
                        continue
                    packet = None if self._must_close(memory, key) else self._packet(memory, key, order)
                    if packet is not None:
                        desk.keep(Turn(desk.core.sent(memory, packet)), "sent")
                if packet is not None:
                    pressed = self._settled(desk.deliver())
                    if pressed.local is not Local.SHIFT_LIMIT or not closes:
                        return pressed
                    closes = False
            closed = self._press("z", ZOrder(operator=AUTO_CLOSER))
            if closed.outcome is Outcome.REFUSED:
                return closed

    def check_mode(self, memory: Memory) -> bool:
        """Whether a document leaves at once. Raises RefusalError where none may be made (kz-ofd MD-01)."""
        facts = Facts(queue_empty=not memory.pending, initialised=memory.initialised)
        row = self._desk.rules.step(memory.mode, Event.DOCUMENT_ASKED, facts)
        if memory.token == 0:
            raise RefusalError(Local.TOKEN)
        if row is not None and Action.REFUSE_LIMIT in row.actions:
            raise RefusalError(Local.OFFLINE_LIMIT)
        if row is None or Action.REFUSE in row.actions:
            raise RefusalError(Local.MODE, refusal_text(memory))
        return Action.SEND in row.actions

    def _queue(self, memory: Memory, key: str, order: Order) -> Pressed:
        desk = self._desk
        if self._must_close(memory, key):
            closed = self._queue(memory, "z", ZOrder(operator=AUTO_CLOSER))
            if closed.outcome is Outcome.REFUSED:
                return closed
            memory = desk.memory
        packet = self._packet(memory, key, order, offline=True)
        turn = desk.keep(desk.core.queued(memory, packet, desk.clock.now()), "queued")
        return self._handed_out(turn, Outcome.QUEUED, queued_text(turn.documents[0].kind))

    # --- the document -------------------------------------------------------------------------------------

    def _must_close(self, memory: Memory, key: str) -> bool:
        """Whether the shift is to be closed first. Raises RefusalError if a person must (kz-ofd H24-05)."""
        desk = self._desk
        expired = desk.rules.shift_expired(memory.counters, desk.local, desk.settings.shift_limit_hours)
        if key not in TICKET_KEYS or not expired:
            return False
        if not desk.settings.auto_close:
            raise RefusalError(Local.SHIFT_LIMIT)
        return True

    def _packet(self, memory: Memory, key: str, order: Order, *, offline: bool = False) -> Packet:
        """Build, check and encode the key's document. Raises RefusalError."""
        now = self._desk.local
        if memory.last_time is not None and self._desk.clock.now() < from_almaty(memory.last_time):
            raise RefusalError(Local.CLOCK, f"{LOCAL_TEXTS[Local.CLOCK]}: {now} < {memory.last_time}")
        number = memory.printed + 1
        if isinstance(order, CancelOrder):
            return self._cancelling(memory, order, number, now)
        kind, document = self._document(memory, key, order, number, now, offline=offline)
        # Online too: the line may break while the document is under way, and then nobody else has checked.
        if self._desk.rules.cash_short(document, memory.counters):
            raise RefusalError(Local.CASH)
        findings = tuple(self._builder.findings(document, order, memory.counters))
        if findings:
            raise RefusalError(Local.VALIDATION, findings=findings)
        try:
            body = document_body(self._dialect, document)
        except KzError as error:
            finding = OrderFinding(getattr(error, "field", ""), getattr(error, "clause", ""), str(error))
            raise RefusalError(Local.VALIDATION, findings=(finding,)) from error
        command = COMMAND_OF[type(document)]
        report = document.report if isinstance(document, (CloseShift, ReportAsk)) else None
        return Packet(number, kind, command, self._dialect.version, body, now, report=report)

    def _document(
        self, memory: Memory, key: str, order: Order, number: int, now: datetime, *, offline: bool
    ) -> tuple[DocumentKind, Document]:
        shift = memory.counters.shift_number
        mark: Callable[[Document], Document] = self._desk.rules.marked_offline if offline else _unmarked
        if isinstance(order, TicketOrder):
            ticket = self._builder.ticket(TICKET_KEYS[key], order, now, number, shift)
            return DocumentKind.TICKET, mark(ticket)
        if isinstance(order, MoneyOrder):
            placement = self._builder.placement(_PLACEMENTS[key], order, now, number, shift)
            return DocumentKind.MONEY, mark(placement)
        if isinstance(order, ZOrder):
            withdraw = order.withdraw
            report = close_shift(memory.counters, now, withdraw=withdraw, is_offline=offline).report
            closing = CloseShift(
                time=now,
                withdraw_money=withdraw,
                operator=order.operator,
                shift_number=shift,
                printed_number=number,
                report=report,
            )
            return DocumentKind.Z, mark(closing)
        report = build_report(memory.counters, ReportKind.X, now)
        return DocumentKind.X, mark(ReportAsk(ReportKind.X, now, report=report))

    def _cancelling(self, memory: Memory, order: CancelOrder, number: int, now: datetime) -> Packet:
        """The cancelling of the last ticket, up to 2.0.2 (kz-ofd §3.8). Raises RefusalError."""
        version = self._dialect.version
        if version > 202:
            raise RefusalError(Local.VERSION)
        if memory.cancellable is None or order.number not in (None, memory.cancellable):
            raise RefusalError(Local.NOTHING, "Отменить можно только последний чек")
        return Packet(
            number,
            DocumentKind.CANCEL,
            Command.CANCEL_TICKET,
            version,
            cancel_body(self._dialect),
            now,
            refers=memory.cancellable,
        )

    # --- the outcome --------------------------------------------------------------------------------------

    def _settled(self, turn: Turn) -> Pressed:
        """What became of a document that was sent."""
        self._sender.follow(turn)
        if turn.documents:
            done = turn.does(Action.FINISH)
            if done:
                return self._handed_out(turn, Outcome.DONE, "")
            return self._handed_out(turn, Outcome.QUEUED, queued_text(turn.documents[0].kind))
        memory = turn.memory
        local = Local.SHIFT_LIMIT if turn.does(Action.CLOSE_SHIFT) else Local.NONE
        code = memory.last_code
        text = memory.last_text or (result_text(code, self._dialect.version) if code is not None else "")
        if memory.mode is Mode.SERVER_BLOCKED:
            text = refusal_text(memory)
        return Pressed(Outcome.REFUSED, memory.mode, code=code, local=local, text=text)

    def _handed_out(self, turn: Turn, outcome: Outcome, text: str) -> Pressed:
        desk, document = self._desk, turn.documents[0]
        rule = desk.faults.hit("register.before-print", kind=document.kind.value)
        if rule is not None and rule.action == "delay":
            desk.clock.sleep(rule.delay)
        code = turn.memory.last_code if outcome is Outcome.DONE else None
        warned = self.warning(turn.memory)
        text = f"{text} {warned}".strip()
        return Pressed(outcome, turn.memory.mode, code=code, text=text, document=document)

    def warning(self, memory: Memory) -> str:
        """Return the warning of a shift that is nearly too long, or is (kz-ofd H24-05)."""
        hours = shift_age(memory.counters, self._desk.local).total_seconds() / 3600
        if hours < self._desk.settings.shift_warning_hours:
            return ""
        return f"Смена открыта {int(hours)} ч, закройте смену."


def _unmarked(document: Document) -> Document:
    return document


def refusal_text(memory: Memory) -> str:
    """Return why no document is made in this mode; a blocked register shows its INFO ad (kz-ofd §6.4)."""
    text = MODE_TEXTS.get(memory.mode, "")
    told = memory.last_text if memory.last_code else ""
    if told.rstrip(".") == text.rstrip("."):
        told = ""
    shown = [ad.text for ad in memory.ads if ad.type == 4] if memory.mode is Mode.SERVER_BLOCKED else []
    return " ".join(filter(None, (text, *shown, told)))
