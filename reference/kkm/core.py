"""What an event makes of the memory: sending, answers, silence, the queue, a person (kz-ofd §6.3, §7).

Events go in, a `Turn` comes out: the next memory, the documents to be printed or marked, the row of the mode
table that said so. Nothing here sends, waits or stores; one event, one turn, one durable record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from reference.kkm.memory import Memory, Packet
from reference.kkm.printing import NO_SIGN, Printer, answered_report
from reference.kkm.records import known_dialect
from reference.kkm.requests import packet_document
from reference.kkm.rules import Rules
from reference.kkm.settings import RegisterSettings
from reference.kkm.values import Delivery, DocumentKind, PrintedDocument
from reference.protocol.kz.client import Action, Event, Facts, Mode, Transition, event_of
from reference.protocol.kz.counters import cancel_ticket
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.service import read_ads, read_reg_info

KEPT_WHEN_OFF: Final = (Mode.QUEUE_BLOCKED, Mode.TOKEN_INVALID, Mode.HALTED)
"""Modes that only a person ends: a loss of power does not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the operator: `response` is the parsed message, in the tables of `version`."""

    version: int
    command: int
    token: int
    code: int
    text: str
    response: Any


@dataclass(frozen=True, slots=True)
class Turn:
    """What an event leads to. `row` None: the mode table has an empty cell there."""

    memory: Memory
    documents: tuple[PrintedDocument, ...] = ()
    row: Transition | None = None

    def does(self, action: Action) -> bool:
        """Whether the row names this action."""
        return self.row is not None and action in self.row.actions


class Core:
    """The decisions of one register. `find` gives a printed document by its number."""

    def __init__(
        self, settings: RegisterSettings, rules: Rules, find: Callable[[int], PrintedDocument]
    ) -> None:
        self.settings = settings
        self.rules = rules
        self.printer = Printer(settings)
        self._find = find

    # --- power and the clock ------------------------------------------------------------------------------

    def power_on(self, memory: Memory, now: datetime) -> Turn:
        """Begin at START; what is in flight leaves first, so there the spell goes on (kz-ofd TP-1, OQ-3).

        A packet whose key was never answered is printed now, as recovered, with an autonomous sign.
        """
        memory = self.rules.remembered(memory)
        if memory.mode not in KEPT_WHEN_OFF:
            mode = Mode.START if memory.in_flight is None else Mode.OFFLINE
            memory = replace(memory, mode=mode)
        packet = memory.in_flight
        if packet is None or packet.handed:
            return Turn(memory)
        since = memory.offline_since or now
        return self._handed_over(replace(memory, offline_since=since), packet, now, recovered=True)

    def limited(self, memory: Memory, now: datetime) -> Memory:
        """Return the memory with the 72 hours looked at (kz-ofd MD-08, H72-01…03)."""
        if memory.offline_since is None or memory.mode is not Mode.OFFLINE:
            return memory
        settings = self.settings
        elapsed = now - memory.offline_since
        if not self.rules.offline_expired(
            elapsed, settings.offline_limit_hours, settings.offline_limit_inclusive
        ):
            return memory
        row = self.rules.step(memory.mode, Event.LIMIT_PASSED, _facts(memory))
        return memory if row is None else replace(memory, mode=row.next)

    # --- documents ----------------------------------------------------------------------------------------

    def numbered(self, memory: Memory) -> Memory:
        """Return the memory with the next REQNUM taken (kz-ofd TK-1, TK-4)."""
        return replace(memory, reqnum=self._next(memory.reqnum))

    def sent(self, memory: Memory, packet: Packet) -> Memory:
        """Return the memory with a packet in flight under the present token and a fresh REQNUM."""
        memory = self.numbered(memory)
        pair = replace(packet, token=memory.token, reqnum=memory.reqnum)
        return replace(memory, in_flight=pair, last_time=_later(memory.last_time, packet.time))

    def repeated(self, memory: Memory) -> Memory:
        """Return the memory before what is in flight leaves again: under the same pair (kz-ofd TK-2)."""
        return self.rules.repeated(memory, self._next)

    def next_sent(self, memory: Memory) -> Memory:
        """Return the memory with the head of the queue in flight (kz-ofd OQ-4, OQ-7)."""
        place = self.rules.next_queued(memory.queue)
        packet = replace(memory.queue[place], queued=True)
        queue = (*memory.queue[:place], *memory.queue[place + 1 :])
        memory = replace(memory, queue=queue)
        if packet.reqnum is None or self.settings.queue_reqnum == "fresh":
            return self.sent(memory, packet)
        return replace(memory, in_flight=replace(packet, token=memory.token))

    def queued(self, memory: Memory, packet: Packet, now: datetime) -> Turn:
        """Put a document at the tail, printed with an autonomous sign (kz-ofd MD-01, OQ-2, OQ-5, OQ-6)."""
        if self.settings.queue_reqnum == "stored":
            memory = self.numbered(memory)
            packet = replace(packet, reqnum=memory.reqnum)
        memory, packet, document = self._autonomous(memory, packet, now)
        return Turn(replace(memory, queue=(*memory.queue, packet)), (document,))

    def answered(self, memory: Memory, packet: Packet, answer: Answer, *, again: bool = False) -> Turn:
        """Settle the packet in flight by its answer (kz-ofd MD-02…MD-07)."""
        memory = self._heard(memory, answer)
        event = self._event(answer)
        facts = Facts(queue_empty=not memory.queue, initialised=memory.initialised, again=again)
        row = self.rules.step(memory.mode, event, facts)
        if event is Event.ANSWER_OK:
            turn = self._accepted(replace(memory, in_flight=None), packet, answer)
            return self._moved(turn, row)
        if row is None or event is Event.TIME_OVER:
            return Turn(memory, (), row)
        if Action.NEW_NUMBER in row.actions:
            return Turn(self.sent(memory, packet), (), row)
        if not packet.handed or Action.DROP in row.actions:
            memory = replace(memory, in_flight=None)
        return self._moved(Turn(memory), row)

    def lost(self, memory: Memory, since: datetime, now: datetime) -> Turn:
        """The transaction time is over, `since` was its first failed attempt (kz-ofd MD-03, OQ-1, H72-01).

        What was being sent is kept, printed with an autonomous sign.
        """
        row = self.rules.step(memory.mode, Event.TIME_OVER, _facts(memory))
        if row is None:
            return Turn(memory)
        memory = replace(memory, mode=row.next)
        if Action.START_CLOCK in row.actions and memory.offline_since is None:
            memory = replace(memory, offline_since=since)
        packet = memory.in_flight
        if packet is None or packet.handed:
            return Turn(memory, (), row)
        return replace(self._handed_over(memory, packet, now), row=row)

    # --- service commands ---------------------------------------------------------------------------------

    def served(self, memory: Memory, answer: Answer, *, again: bool = False) -> Turn:
        """Settle the answer of a service command (kz-ofd §3.3, §3.4, §6.4)."""
        memory = self._heard(memory, answer)
        if answer.command == Command.INFO and answer.code == 0:
            memory = self._informed(memory, answer)
        row = self.rules.step(memory.mode, self._event(answer), replace(_facts(memory), again=again))
        return self._moved(Turn(memory), row)

    # --- a person -----------------------------------------------------------------------------------------

    def typed(self, memory: Memory, token: int) -> Turn:
        """A token was typed in: what is in flight becomes the head of the queue (kz-ofd MD-11, OQ-3)."""
        packet = memory.in_flight
        queue = memory.queue
        if packet is not None:
            queue = (replace(packet, token=None, reqnum=None, queued=True), *queue)
        memory = replace(memory, token=token, queue=queue, in_flight=None)
        row = self.rules.step(memory.mode, Event.TOKEN_TYPED, _facts(memory))
        if row is None and memory.mode not in (Mode.QUEUE_BLOCKED, Mode.HALTED):
            memory = replace(memory, mode=Mode.START)
        return self._moved(Turn(memory), row)

    def removed(self, memory: Memory) -> Turn:
        """The refused message is taken out by a person (kz-ofd MD-10)."""
        row = self.rules.step(memory.mode, Event.MESSAGE_REMOVED, _facts(memory))
        packet = memory.in_flight
        if row is None or not memory.pending:
            return Turn(memory)
        if packet is None:
            packet, memory = memory.queue[0], replace(memory, queue=memory.queue[1:])
        gone = replace(self._find(packet.number), delivery=Delivery.REMOVED)
        return self._moved(Turn(replace(memory, in_flight=None), (gone,)), row)

    def reset(self, memory: Memory) -> Turn:
        """Service has been here (kz-ofd MD-12); what is in flight still leaves before INFO (kz-ofd TP-1)."""
        row = self.rules.step(memory.mode, Event.SERVICE_RESET, _facts(memory))
        if row is None:
            return Turn(memory)
        mode = row.next if memory.in_flight is None else Mode.OFFLINE
        return Turn(replace(memory, mode=mode, last_code=None, last_text=""), (), row)

    # --- inside -------------------------------------------------------------------------------------------

    def _next(self, reqnum: int) -> int:
        return self.rules.next_reqnum(reqnum, self.settings.reqnum_wrap)

    def _event(self, answer: Answer) -> Event:
        blocks = self.settings.invalid_token_blocks
        return event_of(answer.code, answer.version, invalid_token_blocks=blocks)

    def _heard(self, memory: Memory, answer: Answer) -> Memory:
        """Store what every answer brings: token, result, ads (kz-ofd TK-1, §3.5)."""
        ads = {ad.type: ad for ad in memory.ads}
        for ad in read_ads(answer.response.service):
            if ad.type not in ads or ad.version >= ads[ad.type].version:
                ads[ad.type] = ad
        return replace(
            memory,
            token=self.rules.take_token(memory.token, answer.token, answer.code),
            last_code=answer.code,
            last_text=answer.text,
            ads=tuple(ads[kind] for kind in sorted(ads)),
        )

    def _moved(self, turn: Turn, row: Transition | None) -> Turn:
        if row is None:
            return turn
        memory = replace(turn.memory, mode=row.next)
        if Action.CLEAR_CLOCK in row.actions:
            memory = replace(memory, offline_since=None)
        if row.mode is not Mode.TOKEN_INVALID and Action.SEND_INFO in row.actions and row.next is Mode.ONLINE:
            memory = replace(memory, info_due=True)
        return replace(turn, memory=memory, row=row)

    def _accepted(self, memory: Memory, packet: Packet, answer: Answer) -> Turn:
        report = answered_report(answer.version, answer.response) if packet.kind is DocumentKind.Z else None
        sign = self.printer.online_sign(memory, packet, answer.response)
        if packet.handed:
            done = replace(self._find(packet.number), delivery=Delivery.DELIVERED)
            known = replace(done, server_sign=sign.text, server_report=report)
            return Turn(memory, (known,))
        document = self.printer.printed(memory, packet, sign, delivery=Delivery.DELIVERED, report=report)
        memory = self._booked(memory, packet)
        if report is not None and self.rules.may_take_over(memory):
            counters = self.rules.take_over(memory.counters, ReportKind.Z, report)
            memory = replace(memory, counters=counters)
        return Turn(memory, (document,))

    def _handed_over(self, memory: Memory, packet: Packet, now: datetime, *, recovered: bool = False) -> Turn:
        memory, packet, document = self._autonomous(memory, packet, now, recovered=recovered)
        return Turn(replace(memory, in_flight=self.rules.kept_in_flight(packet)), (document,))

    def _autonomous(
        self, memory: Memory, packet: Packet, now: datetime, *, recovered: bool = False
    ) -> tuple[Memory, Packet, PrintedDocument]:
        """Give a document its autonomous sign and book it (kz-ofd OQ-2, OQ-3, §13.2)."""
        sign = NO_SIGN
        if packet.kind is DocumentKind.TICKET:
            local = to_almaty(now)
            number = self.rules.offline_number(memory, local, int(now.timestamp()))
            packet = replace(packet, body=self._with_number(packet, number))
            memory = replace(memory, autonomous=(local.date(), number))
            sign = self.printer.autonomous_sign(memory, packet, number)
        packet = replace(packet, handed=True)
        document = self.printer.printed(memory, packet, sign, delivery=Delivery.WAITING, recovered=recovered)
        return self._booked(memory, packet), packet, document

    def _with_number(self, packet: Packet, number: int) -> bytes:
        request = known_dialect(packet.version).messages.Request.FromString(packet.body)
        self.rules.number_offline(request.ticket, number)
        body: bytes = request.SerializeToString()
        return body

    def _booked(self, memory: Memory, packet: Packet) -> Memory:
        document = packet_document(packet)
        counters = memory.counters
        if document is not None:
            counters = self.rules.book(counters, document)
        elif packet.refers is not None:
            ticket = self._find(packet.refers).ticket
            counters = counters if ticket is None else cancel_ticket(counters, ticket)
        return replace(
            memory,
            counters=counters,
            printed=max(memory.printed, packet.number),
            last_time=_later(memory.last_time, packet.time),
            cancellable=packet.number if packet.kind is DocumentKind.TICKET else None,
        )

    def _informed(self, memory: Memory, answer: Answer) -> Memory:
        """Take over what INFO says (kz-ofd §3.3, OQ-13)."""
        service, report = answer.response.service, answered_report(answer.version, answer.response)
        memory = replace(memory, initialised=True, info_due=False)
        if service.HasField("reg_info"):
            told = read_reg_info(known_dialect(answer.version), service.reg_info)
            memory = replace(memory, registration=told)
        if report is None:
            return memory
        for moment in (report.opened, report.closed):
            memory = replace(memory, last_time=_later(memory.last_time, moment))
        if not self.rules.may_take_over(memory):
            return memory
        kind = answer.response.report.report
        return replace(memory, counters=self.rules.take_over(memory.counters, kind, report))


def _facts(memory: Memory) -> Facts:
    return Facts(queue_empty=not memory.pending, initialised=memory.initialised)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
