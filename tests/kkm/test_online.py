"""Online work: INFO, bytes of requests, tokens and numbers, what each result code does (kz-ofd §3–§6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from reference.kkm.values import (
    CancelOrder,
    ItemOrder,
    Local,
    Outcome,
    Pressed,
    QrOrder,
    TicketOrder,
    TokenOrder,
    ZOrder,
)
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.frames import HEADER_SIZE
from reference.protocol.kz.kinds import AdType, Operation, PaymentType, ReportKind
from reference.protocol.kz.reports import ReportData, SumRow
from reference.protocol.kz.service import Registration, TicketAd, write_ads, write_reg_info
from reference.protocol.kz.tickets import ParentTicket, Payment
from tests.fakes.ofd import FIRST_ROTATED, Broken, Reply, ScriptedOfd
from tests.kkm.rig import BREAD, DEVICE, TOKEN, Rig
from tests.waiting import PATIENCE

PARENT = ParentTicket("1834637864", datetime(2026, 3, 1, 12, 30), "990000004931", 10_000, is_offline=False)


def test_begins_with_info(rig: Rig, ofd: ScriptedOfd) -> None:
    """§3.2, SV-02, SV-03."""
    (info,) = ofd.seen
    assert info.raw[:HEADER_SIZE].hex() == (
        "a281cb00" + len(info.raw).to_bytes(4, "little").hex() + "43130000" + "01ca9a3b" + "0100"
    )
    assert info.command is Command.INFO
    service = info.message.service
    assert service.get_reg_info
    assert service.get_binded_taxation
    assert service.reg_info.kkm.kkm_id == str(DEVICE)
    assert info.period == ("10:00:00", "10:00:00")
    state = rig.register.state()
    assert (state.mode, state.shift.number, state.shift.open, state.reqnum) == (Mode.ONLINE, 1, False, 1)


def test_sale_on_the_wire(rig: Rig, ofd: ScriptedOfd) -> None:
    """The whole TICKET of a sale: §10.1, §11."""
    order = TicketOrder(
        (
            ItemOrder("Хлеб", 42_000, 2500, vat=12_000, discount=1_000),
            ItemOrder("Молоко", 30_000, section="2"),
        ),
        taken=200_000,
    )
    pressed = rig.done("sell", order)
    ticket = ofd.seen[-1].message.ticket
    assert ofd.seen[-1].pair == (TOKEN, 2)
    assert ticket.operation == Operation.SELL
    assert [item.type for item in ticket.items] == [1, 5, 1]
    bread, discount, milk = ticket.items
    assert (bread.commodity.name, bread.commodity.section_code, bread.commodity.quantity) == (
        "Хлеб",
        "1",
        2500,
    )
    assert (bread.commodity.sum.bills, bread.commodity.sum.coins) == (1050, 0)
    assert (bread.commodity.taxes[0].percent, bread.commodity.taxes[0].sum.bills) == (12_000, 112)
    assert bread.commodity.taxes[0].sum.coins == 50
    assert bread.commodity.measure_unit_code == "796"
    assert (discount.discount.sum.bills, discount.discount.taxes[0].sum.coins) == (10, 7)
    assert discount.discount.taxes[0].sum.bills == 1
    assert not milk.commodity.taxes
    amounts = ticket.amounts
    assert (amounts.total.bills, amounts.taken.bills, amounts.change.bills) == (1340, 2000, 660)
    assert [(one.type, one.sum.bills) for one in ticket.payments] == [(PaymentType.CASH, 1340)]
    assert (ticket.fr_shift_number, ticket.printed_document_number, ticket.domain.type) == (1, 1, 0)
    assert not ticket.HasField("offline_ticket_number")
    document = pressed.document
    assert document is not None
    assert (document.sign, document.autonomous, document.total) == ("1000000001", False, 134_000)
    assert document.qr == "http://127.0.0.1/?i=1000000001"


def test_tokens_and_numbers(rig: Rig, ofd: ScriptedOfd) -> None:
    """TK-1: the token of each answer is the next to be shown, the number goes up by one."""
    rig.sell()
    rig.deposit(500)
    rig.press("x")
    rig.z()
    assert [one.pair for one in ofd.seen] == [
        (TOKEN, 1),
        (TOKEN, 2),
        (FIRST_ROTATED, 3),
        (FIRST_ROTATED + 1, 4),
        (FIRST_ROTATED + 1, 5),
    ]


@pytest.mark.parametrize("wrap", [0, 1])
def test_number_wraps(make_rig: Callable[..., Rig], ofd: ScriptedOfd, wrap: int) -> None:
    """TK-4."""
    rig = make_rig(reqnum=65_533, reqnum_wrap=wrap)
    rig.sell()
    rig.sell()
    assert [one.header.reqnum for one in ofd.seen] == [65_534, 65_535, wrap]


def test_token_of_a_refusal_is_stored(rig: Rig, ofd: ScriptedOfd) -> None:
    """TK-1, and 0 is never a token (RG-02, TP-3)."""
    ofd.then(Reply(13, token=4_000_000_000), Reply(13, token=0), to=Command.TICKET)
    assert rig.sell().code == 13
    rig.sell()
    rig.sell()
    assert [one.header.token for one in ofd.of(Command.TICKET)] == [TOKEN, 4_000_000_000, 4_000_000_000]


def test_broken_answer_is_repeated_under_its_pair(rig: Rig, ofd: ScriptedOfd) -> None:
    """TK-2: also after half an answer, 254 and 255."""
    ofd.then(Broken(), Broken(9), Reply(254), Reply(255), to=Command.TICKET)
    rig.reopen(repeat_attempts=5)
    pressed = rig.sell()
    assert pressed.outcome is Outcome.DONE
    assert [one.pair for one in ofd.of(Command.TICKET)] == [(TOKEN, 3)] * 5
    assert len(rig.register.documents()) == 1


@pytest.mark.parametrize(
    "wrong", [Reply(command=0), Reply(reqnum=77), Reply(fill=lambda response: response.ClearField("result"))]
)
def test_other_answers_are_none(rig: Rig, ofd: ScriptedOfd, wrong: Reply) -> None:
    """§3.2: another command, another number, no result."""
    ofd.then(wrong, to=Command.TICKET)
    assert rig.sell().outcome is Outcome.DONE
    assert [one.header.reqnum for one in ofd.of(Command.TICKET)] == [2, 2]


@pytest.mark.parametrize(
    ("code", "mode"),
    [
        *((code, Mode.ONLINE) for code in (10, 12, 13, 14, 16, 17)),
        *((code, Mode.HALTED) for code in (1, 3, 4, 5, 6)),
        (2, Mode.TOKEN_INVALID),
        (11, Mode.ONLINE),
        *((code, Mode.SERVER_BLOCKED) for code in (15, 19)),
    ],
)
def test_refusals_of_a_new_document(rig: Rig, ofd: ScriptedOfd, code: int, mode: Mode) -> None:
    """RC-{code}, MD-04…07: nothing is printed, nothing counted."""
    ofd.then(Reply(code, text="Отказ"), to=Command.TICKET)
    pressed = rig.sell()
    assert (pressed.outcome, pressed.mode, pressed.code) == (Outcome.REFUSED, mode, code)
    assert pressed.text.endswith("Отказ")
    assert pressed.local is (Local.SHIFT_LIMIT if code == 11 else Local.NONE)
    assert pressed.document is None
    state = rig.register.state()
    assert (state.cash, state.in_flight, state.queue_length) == (0, None, 0)
    assert not rig.register.documents()
    after = rig.sell()
    if mode is Mode.ONLINE:
        assert after.outcome is Outcome.DONE
        assert after.document is not None
        assert after.document.number == 1
    else:
        assert (after.outcome, after.local) == (Outcome.REFUSED, Local.MODE)
        assert len(ofd.of(Command.TICKET)) == 1


@pytest.mark.parametrize("code", [8, 9])
def test_number_refused(rig: Rig, ofd: ScriptedOfd, code: int) -> None:
    """RC-8, RC-9: the next number once; refused again, service is needed."""
    ofd.then(Reply(code), to=Command.TICKET)
    assert rig.sell().outcome is Outcome.DONE
    assert [one.header.reqnum for one in ofd.of(Command.TICKET)] == [2, 3]
    ofd.then(Reply(code), Reply(code), to=Command.TICKET)
    pressed = rig.sell()
    assert (pressed.outcome, pressed.mode) == (Outcome.REFUSED, Mode.HALTED)
    assert [one.header.reqnum for one in ofd.of(Command.TICKET)] == [2, 3, 4, 5]


def test_service_reset(rig: Rig, ofd: ScriptedOfd) -> None:
    """MD-12."""
    assert rig.press("service-reset").local is Local.MODE
    ofd.then(Reply(3), to=Command.TICKET)
    rig.sell()
    rig.reopen()
    assert rig.mode is Mode.HALTED
    rig.done("service-reset")
    rig.press("pulse")
    assert (rig.mode, ofd.commands()[-1]) == (Mode.ONLINE, "INFO")


def test_server_block(rig: Rig, ofd: ScriptedOfd) -> None:
    """§6.4: the INFO ad is shown, SYSTEM asked every interval with reg_info, 0 ends it."""
    dialect = dialect_for(203)

    def fill(response: Any) -> None:
        write_ads(response.service, [TicketAd(AdType.INFO, 5, "Касса заблокирована за долг")])

    assert dialect is not None
    ofd.then(Reply(15, fill=fill), to=Command.TICKET)
    ofd.then(Reply(15), Reply(0), to=Command.SYSTEM)
    rig.sell()
    assert "за долг" in rig.sell().text
    assert "за долг" in rig.register.state().refused
    rig.wait(59)
    assert not ofd.of(Command.SYSTEM)
    rig.wait(1)
    assert rig.mode is Mode.SERVER_BLOCKED
    (asked,) = ofd.of(Command.SYSTEM)
    assert asked.message.service.reg_info.kkm.kkm_id == str(DEVICE)
    assert [(one.type, one.version) for one in asked.message.service.ticket_ad_infos] == [(AdType.INFO, 5)]
    rig.wait(60)
    assert rig.mode is Mode.ONLINE
    assert ofd.commands()[-1] == "INFO"
    assert rig.sell().outcome is Outcome.DONE


def test_no_token_nothing_leaves(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """TK-3: a token must be typed in first."""
    rig = make_rig(token=0)
    assert rig.sell().local is Local.TOKEN
    assert rig.press("info").local is Local.TOKEN
    assert not ofd.seen
    assert rig.done("token", TokenOrder(77)).mode is Mode.ONLINE
    assert [one.pair for one in ofd.seen] == [(77, 1)]
    ofd.then(Reply(2), to=Command.INFO)
    refused = rig.press("token", TokenOrder(78))
    assert (refused.outcome, refused.code, refused.mode) == (Outcome.REFUSED, 2, Mode.TOKEN_INVALID)


@pytest.mark.parametrize("token", [0, 76], ids=["sender-idle", "sender-asks"])
def test_a_token_is_kept_without_a_line(make_rig: Callable[..., Rig], ofd: ScriptedOfd, token: int) -> None:
    """MD-11: kept at once, though the clock stands still; tried when the line is there."""
    rig = make_rig(token=token)
    rig.cut()
    rig.reopen()
    found: list[Pressed] = []
    key = threading.Thread(target=lambda: found.append(rig.press("token", TokenOrder(77))), daemon=True)
    key.start()
    key.join(PATIENCE)
    assert found, "the key waits for a clock that stands still"
    (pressed,) = found
    assert (pressed.outcome, pressed.code) == (Outcome.DONE, None)
    assert pressed.mode is rig.mode is (Mode.OFFLINE if token else Mode.START)
    assert pressed.text.startswith("Токен сохранён, ОФД ещё не ответил.")
    ofd.forget()
    before = len(ofd.seen)
    rig.mend()
    rig.wait(60)
    rig.wait(1)
    assert rig.mode is Mode.ONLINE
    assert ofd.seen[before].pair[0] == 77


def test_counters_are_taken_from_info(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """§3.3: an open shift, drawer, non-nullable sums, registration; the number after a closed one."""
    opened = datetime(2026, 3, 2, 8, 15)
    ofd.info = (
        ReportKind.X,
        ReportData(opened, 37, cash=5_000, non_nullable=(SumRow(Operation.SELL, 99),), opened=opened),
    )
    dialect = dialect_for(203)
    assert dialect is not None

    def told(response: Any) -> None:
        write_reg_info(
            dialect, response.service.reg_info, Registration(rnm="990000004931", org_inn="990140000017")
        )

    ofd.info_fill = told
    rig = make_rig()
    state = rig.register.state()
    assert (state.shift.open, state.shift.number, state.shift.opened) == (True, 37, opened)
    assert (state.cash, state.non_nullable[Operation.SELL]) == (5_000, 99)
    assert (state.registration.rnm, state.registration.org_inn) == ("990000004931", "990140000017")
    ofd.info = (ReportKind.Z, ReportData(opened, 37, closed=opened))
    ofd.info_fill = None
    rig.done("info")
    assert (rig.register.state().shift.number, rig.register.state().shift.open) == (38, False)


def test_clock_behind_the_operator(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """§3.3: earlier than the shift's own time the register refuses to work."""
    later = datetime(2026, 3, 2, 10, 0, 1)
    ofd.info = (ReportKind.X, ReportData(later, 3, opened=later))
    rig = make_rig()
    assert rig.sell().local is Local.CLOCK
    rig.lab.advance(1)
    assert rig.sell().outcome is Outcome.DONE


def test_clock_set_back(rig: Rig) -> None:
    """A document is never earlier than the one before; the same second is allowed."""
    rig.lab.advance(100)
    rig.sell()
    assert rig.sell().outcome is Outcome.DONE
    rig.clock.set_skew(-2)
    refused = rig.sell()
    assert (refused.outcome, refused.local) == (Outcome.REFUSED, Local.CLOCK)
    rig.lab.advance(2)
    assert rig.sell().outcome is Outcome.DONE


def test_z_of_the_answer_is_printed(rig: Rig, ofd: ScriptedOfd) -> None:
    """§8.2, OQ-10: the operator's Z sets the counters."""
    rig.deposit(1_000)
    rig.sell()

    def other(response: Any) -> None:
        response.report.zx_report.cash_sum.bills = 7_777

    ofd.then(Reply(fill=other), to=Command.CLOSE_SHIFT)
    document = rig.z().document
    assert document is not None
    assert document.report is not None
    assert (document.report.cash, document.shift) == (777_700, 1)
    state = rig.register.state()
    assert (state.cash, state.shift.number, state.shift.open) == (777_700, 2, False)
    request = ofd.of(Command.CLOSE_SHIFT)[0].message.close_shift
    assert request.z_report.cash_sum.bills == 110
    assert request.z_report.shift_number == request.fr_shift_number == 1


def test_x_shows_the_registers_own(rig: Rig, ofd: ScriptedOfd) -> None:
    """§3.2: the answer of REPORT may be ignored."""
    rig.deposit(1_000)
    document = rig.done("x").document
    assert document is not None
    assert document.report is not None
    assert document.report.cash == 1_000
    assert ofd.of(Command.REPORT)[0].message.report.zx_report.cash_sum.bills == 10


def test_findings_before_anything_leaves(rig: Rig, ofd: ScriptedOfd) -> None:
    """§10.4: everything wrong is named at once and no number is used."""
    order = TicketOrder(
        (ItemOrder("Хлеб", 10_000, storno=True), ItemOrder("", 0, 0)),
        payments=(Payment(PaymentType.CARD, 5),),
    )
    pressed = rig.sell(order)
    assert pressed.local is Local.VALIDATION
    assert {finding.rule for finding in pressed.findings} >= {"T11", "T18", "T24", "T03"}
    assert len(ofd.seen) == 1
    assert rig.register.state().reqnum == 1


def test_return_names_its_ticket(rig: Rig, ofd: ScriptedOfd) -> None:
    """T07, §10.3."""
    rig.deposit(10_000)
    missing = rig.press("sell-return", BREAD)
    assert [finding.rule for finding in missing.findings] == ["T07"]
    rig.done("sell-return", replace(BREAD, parent=PARENT))
    parent = ofd.seen[-1].message.ticket.parent_ticket
    assert (parent.parent_ticket_number, parent.kgd_kkm_id) == ("1834637864", "990000004931")


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_versions(make_rig: Callable[..., Rig], ofd: ScriptedOfd, version: int) -> None:
    """§12: every message in the version's own tables, cancelling up to 2.0.2, QR in 2.0.4."""
    rig = make_rig(version=version)
    rig.deposit(50_000)
    rig.done("sell", BREAD)
    number = ofd.seen[-1].message.ticket.printed_document_number
    assert number == ("2" if version == 124 else 2)
    cancelled = rig.press("cancel", CancelOrder())
    assert {one.header.version for one in ofd.seen} == {version}
    if version <= 202:
        assert cancelled.outcome is Outcome.DONE
        assert ofd.seen[-1].command is Command.CANCEL_TICKET
        assert rig.register.state().cash == 50_000
        assert rig.press("cancel", CancelOrder()).local is Local.NOTHING
    else:
        assert cancelled.local is Local.VERSION
        assert ofd.of(Command.TICKET)[0].message.service.security_stats.geo_position.latitude == 43_238_949
    asked = rig.press("qr", QrOrder(sum=10_000))
    if version == 204:
        assert ofd.seen[-1].message.qr.amount.bills == 100
        assert asked.details["invoice"] == ofd.seen[-1].message.qr.invoice_id
    else:
        assert asked.local is Local.VERSION
    rig.done("z", ZOrder())
    assert rig.register.state().shift.number == 2


def test_counts_of_a_shift(rig: Rig, ofd: ScriptedOfd) -> None:
    """ZR-03, ZR-15: positions without stornos; non-nullable sums outlive the shift (KZ-NNT-01)."""
    bread = ItemOrder("Хлеб", 10_000)
    rig.done("sell", TicketOrder((bread, ItemOrder("Соль", 500), replace(bread, storno=True))))
    report = rig.done("x").document
    assert report is not None
    assert report.report is not None
    assert [(row.count, row.sum) for row in report.report.operations] == [(2, 500)]
    rig.done("z", ZOrder())
    rig.sell()
    sent = ofd.of(Command.CLOSE_SHIFT)[0].message.close_shift.z_report
    assert [(row.operation, row.sum.bills) for row in sent.non_nullable_sums] == [(Operation.SELL, 5)]
    assert rig.register.state().non_nullable[Operation.SELL] == 10_500
