"""Figures of the Kazakh wire: a ticket from its bytes to those of the answer, and what counting it costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from reference.protocol.kz.counters import DeviceCounters, apply_ticket
from reference.protocol.kz.dialects import Command, Dialect, fallback_dialect
from reference.protocol.kz.documents import from_message, to_message
from reference.protocol.kz.envelope import encode_response, new_response, read_request
from reference.protocol.kz.exchange import DeviceExchange, decide
from reference.protocol.kz.frames import FrameReader, encode_frame
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.signs import qr_address
from reference.protocol.kz.tickets import Ticket
from reference.protocol.kz.validation import Context, cash_finding, shift_finding, validate, verdict
from reference.runtime.chance import generator
from tools.bench.children import BenchError
from tools.bench.figures import Figure, at_most_times, flat, timed

NOON: Final = datetime(2026, 3, 2, 12)
TICKETS: Final = 200
GOAL_RATIO: Final = 60
_EXCHANGE: Final = DeviceExchange(issued=1000)
_DEVICE: Final = 4931


def ticket_to_answer(rounds: int = 15) -> Figure:
    """Parsing, checking, counting and answering a ticket, in µs; the floor is protobuf alone."""
    dialect = fallback_dialect()
    rng = generator(1, "bench")
    tickets = [random_ticket(rng, dialect.version, NOON) for _ in range(TICKETS)]
    frames = [
        encode_frame(dialect.version, _DEVICE, 1000, 2, to_message(dialect, ticket).SerializeToString())
        for ticket in tickets
    ]
    counters = DeviceCounters(cash=10**12)
    for ticket in tickets:
        counters = apply_ticket(counters, ticket)
    context = Context(now=NOON, last_time=NOON, org_inn="941240000193", counters=counters)

    def answer_all() -> None:
        for frame in frames:
            answer(dialect, frame, context)

    def bare() -> None:
        for frame in frames:
            dialect.messages.Request.FromString(frame[18:]).SerializeToString()

    value = timed(answer_all, rounds) / TICKETS * 1e6
    floor = timed(bare, rounds) / TICKETS * 1e6
    return at_most_times("kz: ticket to answer", value, "µs", floor, GOAL_RATIO)


def answer(dialect: Dialect, data: bytes, context: Context) -> bytes:
    """What a server does with a TICKET frame, without storing it. Raises BenchError if it would refuse."""
    [frame] = FrameReader().feed(data)
    decision = decide(_EXCHANGE, frame.header.token, frame.header.reqnum, Command.TICKET)
    envelope = read_request(dialect, frame.body)
    ticket = from_message(dialect, envelope.message, envelope.command)
    if not decision.counted or not isinstance(ticket, Ticket) or ticket.time is None:
        raise BenchError("the ticket did not get to its checks")
    refusals = (
        shift_finding(Command.TICKET, context),
        verdict(validate(ticket, dialect, context)),
        cash_finding(ticket, context),
    )
    if any(refusals):
        raise BenchError(f"a generated ticket was refused: {refusals}")
    apply_ticket(context.counters, ticket)
    response = new_response(dialect, 0)
    response.ticket.ticket_number = "4000000001"
    address = qr_address(
        "http://127.0.0.1:7778/", "4000000001", "999900000001", ticket.total or 0, ticket.time
    )
    response.ticket.qr_code = address.encode()
    body = encode_response(Command.TICKET, response)
    return encode_frame(dialect.version, _DEVICE, 2000, frame.header.reqnum, body)


def counting_stays_flat(rounds: int = 15) -> Figure:
    """Booking one ticket, in µs, into shifts of 100, 1000 and 10 000 tickets."""
    rng = generator(2, "bench")
    tickets = [random_ticket(rng, 203, NOON + timedelta(seconds=place)) for place in range(10_000)]
    counters = DeviceCounters()
    values = []
    for place, ticket in enumerate(tickets, 1):
        counters = apply_ticket(counters, ticket)
        if place in (100, 1000, 10_000):
            work = partial(_book, counters, tickets[:TICKETS])
            values.append(timed(work, rounds) / TICKETS * 1e6)
    return flat("kz: booking a ticket in a long shift", values, "µs", 0.3)


def _book(counters: DeviceCounters, tickets: list[Ticket]) -> None:
    for ticket in tickets:
        apply_ticket(counters, ticket)
