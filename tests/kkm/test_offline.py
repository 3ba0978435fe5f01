"""Offline work: the packet in flight, the queue, signs, the 72 hours (kz-ofd §6.3, §6.5, §7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from reference.kkm.values import (
    AddressOrder,
    Delivery,
    DocumentKind,
    ItemOrder,
    Local,
    MoneyOrder,
    Outcome,
    Pressed,
    TicketOrder,
    TokenOrder,
    ZOrder,
)
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.kinds import Operation, ReportKind
from reference.protocol.kz.reports import ReportData, SumRow
from tests.fakes.ofd import FIRST_ROTATED, Broken, Reply, ScriptedOfd, Silent
from tests.kkm.rig import BREAD, HOUR, TOKEN, Rig
from tests.kkm.test_online import PARENT
from tests.waiting import PATIENCE

UNIX = 1_772_427_605
"""10:00:05 in Almaty, when the first ticket of `Rig.offline` goes offline."""


def test_silence_goes_offline(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-1, MD-03: silence until the transaction time is over; the ticket is handed out all the same."""
    silences = [Silent(), Silent(), Silent()]
    ofd.then(*silences, to=Command.TICKET)
    found: list[Pressed] = []
    thread = threading.Thread(target=lambda: found.append(rig.sell()))
    thread.start()
    for silence in silences:
        assert silence.asked.wait(PATIENCE)
        rig.lab.advance(2)
    thread.join(PATIENCE)
    assert (found[0].outcome, found[0].mode) == (Outcome.QUEUED, Mode.OFFLINE)
    assert [one.pair for one in ofd.of(Command.TICKET)] == [(TOKEN, 2)] * 3


def test_packet_in_flight(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-2, OQ-3: that very packet, its pair, its own number, the period; first to leave, before any ping."""
    ofd.then(*(Broken() for _ in range(3)), to=Command.TICKET)
    pressed = rig.losing("sell", BREAD)
    document = pressed.document
    assert document is not None
    assert (document.autonomous, document.offline_number, document.sign) == (True, UNIX, str(UNIX))
    assert document.delivery is Delivery.WAITING
    assert document.qr.startswith(f"http://127.0.0.1:7778/?i={UNIX}&f=")
    state = rig.register.state()
    assert state.in_flight is not None
    assert (state.in_flight.number, state.in_flight.reqnum, state.queue_length) == (1, 2, 0)
    assert state.offline_since == datetime(2026, 3, 2, 10)
    ofd.then(Broken(), to=Command.TICKET)
    rig.wait(59)
    assert len(ofd.seen) == 4
    rig.wait(1)
    rig.wait(60)
    repeats = ofd.seen[4:6]
    assert [one.command for one in repeats] == [Command.TICKET] * 2
    assert [one.pair for one in repeats] == [(TOKEN, 2)] * 2
    assert [one.period for one in repeats] == [("10:00:00", "10:01:05"), ("10:00:00", "10:02:05")]
    first, last = ofd.seen[1].message.ticket, repeats[1].message.ticket
    assert last.offline_ticket_number == UNIX
    last.ClearField("offline_ticket_number")
    assert last == first
    assert rig.mode is Mode.ONLINE
    assert ofd.commands()[-1] == "INFO"
    delivered = rig.register.document(1)
    assert (delivered.delivery, delivered.sign) == (Delivery.DELIVERED, str(UNIX))
    assert delivered.server_sign == "1000000005"


def test_queue_in_order(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-4, OQ-6, OQ-7: the order of origin, marks of each kind, present token, fresh numbers."""
    rig.offline()
    for key, order in (
        ("deposit", MoneyOrder(700)),
        ("sell", BREAD),
        ("x", None),
        ("z", ZOrder()),
        ("sell", BREAD),
    ):
        pressed = rig.press(key, order)
        assert pressed.outcome is Outcome.QUEUED
        assert pressed.text.startswith("Чек автономный" if key == "sell" else "Документ автономный")
    before = len(ofd.seen)
    rig.online()
    sent = ofd.seen[before:]
    assert [one.command.name for one in sent] == [
        "TICKET",
        "MONEY_PLACEMENT",
        "TICKET",
        "REPORT",
        "CLOSE_SHIFT",
        "TICKET",
        "INFO",
    ]
    assert [one.pair for one in sent] == [
        (TOKEN, 2),
        (FIRST_ROTATED, 3),
        (FIRST_ROTATED + 1, 4),
        (FIRST_ROTATED + 2, 5),
        (FIRST_ROTATED + 2, 6),
        (FIRST_ROTATED + 3, 7),
        (FIRST_ROTATED + 4, 8),
    ]
    flight, money, ticket, report, closing, last = (one.message for one in sent[:6])
    assert [one.ticket.offline_ticket_number for one in (flight, ticket, last)] == [UNIX, UNIX + 1, UNIX + 2]
    assert money.money_placement.is_offline
    assert report.report.is_offline
    assert closing.close_shift.is_offline
    assert closing.close_shift.z_report.cash_sum.bills == 207
    assert {one.period for one in sent[:6]} == {("10:00:00", "10:01:05")}
    assert rig.mode is Mode.ONLINE
    assert [one.delivery for one in rig.register.documents()] == [Delivery.DELIVERED] * 6


def test_ping_when_nothing_is_in_flight(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-3, MD-09: SYSTEM with the period opens the attempt, then the queue."""
    ofd.then(*(Broken() for _ in range(3)), to=Command.TICKET)
    rig.losing("sell", BREAD)
    rig.sell()
    ofd.then(Reply(0), to=Command.TICKET)
    ofd.then(Reply(254), to=Command.TICKET)
    before = len(ofd.seen)
    rig.wait(60)
    rig.register.close()
    rig.reopen()
    assert ofd.commands()[before : before + 3] == ["TICKET", "TICKET", "TICKET"]
    assert rig.mode is Mode.ONLINE
    rig.reopen()
    rig.cut()
    rig.losing("info")
    assert rig.mode is Mode.OFFLINE
    rig.sell()
    rig.mend()
    before = len(ofd.seen)
    rig.wait(60)
    assert ofd.commands()[before:] == ["SYSTEM", "TICKET", "INFO"]
    assert ofd.seen[before].period[0] < ofd.seen[before].period[1]


def test_key_press_never_waits_offline(rig: Rig, ofd: ScriptedOfd) -> None:
    """A silent OFD holds the sender, not the cashier; the new document goes to the tail (OQ-5)."""
    rig.offline()
    silent = Silent()
    ofd.then(silent, to=Command.TICKET)
    rig.mend()
    rig.lab.advance(60)
    assert silent.asked.wait(PATIENCE)
    assert rig.sell().outcome is Outcome.QUEUED
    state = rig.register.state()
    assert (state.queue_length, state.mode) == (1, Mode.OFFLINE)
    rig.wait(5)
    rig.wait(60)
    assert rig.mode is Mode.ONLINE


def test_stored_numbers(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """OQ-7, `queue_reqnum`=stored: the number under which a message was queued."""
    rig = make_rig(queue_reqnum="stored")
    rig.offline()
    rig.sell()
    rig.sell()
    assert rig.register.state().reqnum == 4
    before = len(ofd.seen)
    rig.online()
    assert [one.header.reqnum for one in ofd.seen[before : before + 3]] == [2, 3, 4]


@pytest.mark.parametrize("code", [3, 4, 5, 6, 8, 9, 11, 13, 14, 16, 17])
def test_refused_message_blocks_the_queue(rig: Rig, ofd: ScriptedOfd, code: int) -> None:
    """OQ-8, MD-06, MD-07, MD-10: nothing leaves until a person removes it; then the queue goes on."""
    rig.offline()
    rig.sell()
    ofd.then(Reply(code), to=Command.TICKET)
    rig.online()
    before = len(ofd.seen)
    assert rig.mode is Mode.QUEUE_BLOCKED
    assert rig.sell().local is Local.MODE
    rig.wait(HOUR)
    rig.reopen()
    assert rig.mode is Mode.QUEUE_BLOCKED
    assert len(ofd.seen) == before
    removed = rig.done("remove-head").document
    assert removed is not None
    assert (removed.number, removed.delivery) == (1, Delivery.REMOVED)
    rig.press("pulse")
    assert rig.mode is Mode.ONLINE
    assert [one.message.ticket.printed_document_number for one in ofd.of(Command.TICKET)[-1:]] == [2]
    assert rig.press("remove-head").local is Local.MODE


@pytest.mark.parametrize(
    ("code", "mode"), [(1, Mode.HALTED), (2, Mode.TOKEN_INVALID), (15, Mode.SERVER_BLOCKED)]
)
def test_states_of_their_own_keep_the_queue(rig: Rig, ofd: ScriptedOfd, code: int, mode: Mode) -> None:
    """RC-1, RC-2, RC-15 for a queued message."""
    rig.offline()
    rig.sell()
    ofd.then(Reply(code), to=Command.TICKET)
    rig.online()
    state = rig.register.state()
    assert (state.mode, state.queue_length) == (mode, 1)
    assert state.in_flight is not None
    if mode is Mode.HALTED:
        rig.done("service-reset")
    elif mode is Mode.TOKEN_INVALID:
        rig.done("token", TokenOrder(4_100_000_000))
    else:
        rig.wait(60)
    rig.press("pulse")
    assert rig.mode is Mode.ONLINE
    tickets = ofd.of(Command.TICKET)
    assert [one.message.ticket.printed_document_number for one in tickets[-2:]] == [1, 2]
    if mode is Mode.TOKEN_INVALID:
        assert ofd.of(Command.INFO)[-2].header.token == 4_100_000_000
        assert tickets[-2].header.token == 4_100_000_000
        assert tickets[-2].header.reqnum != tickets[0].header.reqnum
    else:
        assert tickets[-2].pair == tickets[0].pair


def test_counters_wait_for_the_queue(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-13, §3.3: INFO's counters are taken only when nothing is queued."""
    rig.offline()
    rig.reopen()
    rig.sell()
    assert rig.register.state().cash == 20_000
    ofd.info = (
        ReportKind.Z,
        ReportData(datetime(2026, 3, 2, 9), 4, cash=123, non_nullable=(SumRow(2, 50_000),)),
    )
    rig.online()
    state = rig.register.state()
    assert (state.mode, state.cash, state.non_nullable[Operation.SELL]) == (Mode.ONLINE, 123, 50_000)


def test_counters_not_taken_while_queued(rig: Rig, ofd: ScriptedOfd) -> None:
    """§3.3: the INFO of a start with a queue leaves the counters alone, and the queue leaves after it."""
    rig.cut()
    rig.losing("info")
    rig.sell()
    rig.mend()
    ofd.info = (ReportKind.Z, ReportData(datetime(2026, 3, 2, 9), 4, cash=123))
    ofd.then(Reply(254), to=Command.TICKET)
    rig.reopen()
    state = rig.register.state()
    assert (state.mode, state.cash, state.shift.number) == (Mode.OFFLINE, 10_000, 1)
    assert ofd.commands()[-2:] == ["INFO", "TICKET"]


def test_queue_survives_a_loss_of_power(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-14: queue, packet in flight, token, REQNUM, start of the spell."""
    rig.deposit(1_000)
    rig.offline()
    for _ in range(3):
        rig.sell()
    before = rig.register.state()
    rig.reopen()
    after = rig.register.state()
    for field in ("reqnum", "queue_length", "head", "in_flight", "offline_since", "cash", "shift"):
        assert getattr(after, field) == getattr(before, field), field
    assert [one.delivery for one in rig.register.documents()[1:]] == [Delivery.WAITING] * 4
    rig.online()
    tickets = ofd.of(Command.TICKET)
    assert [one.message.ticket.printed_document_number for one in tickets] == [2, 3, 4, 5]
    assert [one.pair for one in tickets] == [(FIRST_ROTATED + n, 3 + n) for n in range(4)]


def test_limit_of_72_hours(rig: Rig, ofd: ScriptedOfd) -> None:
    """H72-01…05: from the first failed attempt, over it and not at it; delivery goes on and ends it."""
    rig.offline()
    rig.lab.advance(72 * HOUR - 5)
    assert rig.mode is Mode.OFFLINE
    assert rig.register.state().offline_left_seconds == 0
    assert rig.press("x").outcome is Outcome.QUEUED
    rig.lab.advance(1)
    for key, order in (("sell", BREAD), ("deposit", MoneyOrder(5)), ("x", None), ("z", ZOrder())):
        assert rig.press(key, order).local is Local.OFFLINE_LIMIT
    assert rig.mode is Mode.OFFLINE_EXPIRED
    rig.reopen()
    assert rig.sell().local is Local.OFFLINE_LIMIT
    rig.online()
    state = rig.register.state()
    assert (state.mode, state.offline_since, state.offline_left_seconds) == (Mode.ONLINE, None, None)


def test_limit_inclusive(make_rig: Callable[..., Rig]) -> None:
    """H72-03, `offline_limit_inclusive`."""
    rig = make_rig(offline_limit_inclusive=True)
    rig.offline()
    rig.lab.advance(72 * HOUR - 6)
    assert rig.mode is Mode.OFFLINE
    rig.lab.advance(1)
    assert rig.mode is Mode.OFFLINE_EXPIRED


def test_spell_lasts_until_the_queue_is_empty(rig: Rig, ofd: ScriptedOfd) -> None:
    """H72-02: one delivered message does not end the spell."""
    rig.offline()
    rig.sell()
    ofd.then(Reply(0), Reply(254), to=Command.TICKET)
    rig.online()
    state = rig.register.state()
    assert (state.mode, state.offline_since) == (Mode.OFFLINE, datetime(2026, 3, 2, 10))


def test_own_drawer(rig: Rig) -> None:
    """OQ-11: offline the register checks its own cash; the whole of it may leave."""
    rig.offline()
    assert rig.press("withdraw", MoneyOrder(10_001)).local is Local.CASH
    buy = TicketOrder((ItemOrder("Металл", 10_001),))
    assert rig.press("buy", buy).local is Local.CASH
    assert rig.press("withdraw", MoneyOrder(10_000)).outcome is Outcome.QUEUED
    assert rig.register.state().cash == 0


def test_z_made_offline(rig: Rig, ofd: ScriptedOfd) -> None:
    """OQ-10: the register's own Z is printed, the operator's kept beside it; numbers go on."""
    rig.offline()
    z = rig.z(withdraw=True).document
    assert z is not None
    assert z.report is not None
    assert (z.kind, z.report.shift_number, z.report.cash, z.autonomous) == (DocumentKind.Z, 1, 0, True)
    rig.sell()
    assert rig.register.state().shift.number == 2

    rig.online()
    kept = rig.register.document(z.number)
    assert kept.server_report is not None
    assert (kept.server_report.shift_number, kept.report) == (1, z.report)


def test_invalid_token_reaction_offline(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """§6.3 `invalid_token_reaction`=offline: one client sells on and queues."""
    rig = make_rig(invalid_token_reaction="offline")
    ofd.then(Reply(2), to=Command.TICKET)
    pressed = rig.sell()
    assert (pressed.outcome, pressed.mode) == (Outcome.QUEUED, Mode.OFFLINE)
    assert len(ofd.of(Command.TICKET)) == 1


def test_code_7_goes_offline_at_once(rig: Rig, ofd: ScriptedOfd) -> None:
    """RC-7: no repeats."""
    ofd.then(Reply(7), to=Command.TICKET)
    pressed = rig.sell()
    assert (pressed.outcome, pressed.mode) == (Outcome.QUEUED, Mode.OFFLINE)
    assert len(ofd.of(Command.TICKET)) == 1


def test_start_without_a_line(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """§6.2 START: never initialised it stays, initialised it works offline."""
    rig = make_rig()
    rig.cut()
    rig.reopen()
    rig.wait(5)
    assert rig.mode is Mode.OFFLINE
    assert rig.sell().outcome is Outcome.QUEUED
    fresh = make_rig(server="127.0.0.1:1")
    fresh.wait(5)
    assert (fresh.mode, fresh.sell().local) == (Mode.START, Local.MODE)
    rig.mend()


def test_address_key(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """The address outlives a restart; live services are refused (ID-02)."""
    rig = make_rig(server="127.0.0.1:1")
    assert rig.press("address", AddressOrder("proxy.oofd.kz:7777")).local is Local.VALIDATION
    rig.done("address", AddressOrder(ofd.address))
    rig.wait(60)
    rig.reopen()
    assert (rig.mode, rig.register.state().server) == (Mode.ONLINE, ofd.address)


def test_numbers_of_one_second(rig: Rig) -> None:
    """§13.2: +1 until unused on that date."""
    rig.offline()
    signs = []
    for _ in range(3):
        document = rig.sell().document
        assert document is not None
        signs.append(document.offline_number)
    assert signs == [UNIX + 1, UNIX + 2, UNIX + 3]


def test_returns_offline(rig: Rig, ofd: ScriptedOfd) -> None:
    """A purchase's return brings cash in, a purchase takes it (ZR-13)."""
    rig.offline()
    rig.press("buy", TicketOrder((ItemOrder("Металл", 4_000),)))
    rig.press("buy-return", replace(BREAD, parent=PARENT))
    assert rig.register.state().cash == 10_000 - 4_000 + 10_000
