"""Order of checks, exchange, and every result code by its own cause (kz-ofd §3–§5, §8, §10, §15.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ofd_mock.kz.values import Cashier, Taxation, When
from ofd_mock.password_hashes import hashed
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.documents import Document, ReportAsk
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.service import BoundTax, GeoPosition, TicketAd, write_ad_infos, write_geo_position
from reference.protocol.kz.signs import parse_qr_address
from reference.protocol.kz.switches import Mode
from reference.protocol.kz.tickets import Payment, TaxEntry
from tests.ofd_mock.kz.counter import (
    ID,
    INN,
    NOW,
    TOKEN,
    Counter,
    ParentTicket,
    closing,
    deposit,
    line,
    offline,
    ticket,
)
from tests.protocol.kz import worked_shift

TICKET, CLOSE, SYSTEM, INFO = Command.TICKET, Command.CLOSE_SHIFT, Command.SYSTEM, Command.INFO


def test_worked_trace(counter: Counter) -> None:
    """kz-ofd §4.4, row by row; only the new tokens are the operator's own."""
    assert (counter.info(reqnum=1).token, counter.token) == (TOKEN, TOKEN)
    first = counter.send(ticket(), reqnum=2)
    second_token = first.token
    assert (first.code, first.row) == (0, "D6")
    assert second_token not in (0, TOKEN)
    repeat = counter.send(ticket(), token=TOKEN, reqnum=2)
    assert (repeat.row, repeat.token, repeat.outcome.body) == ("D1", second_token, first.outcome.body)
    assert _row(counter.send(closing(), token=TOKEN, reqnum=2)) == (9, TOKEN, "D2")
    assert _row(counter.send(ticket(), token=second_token, reqnum=2)) == (8, second_token, "D3")
    assert _row(counter.send(ticket(), token=TOKEN, reqnum=3)) == (2, TOKEN, "D4")
    assert _row(counter.system(token=TOKEN, reqnum=4)) == (2, TOKEN, "S2")
    assert _row(counter.system(token=second_token, reqnum=5)) == (0, second_token, "S1")
    wrong = replace(ticket(), total=1_00)
    assert _row(counter.send(wrong, token=second_token, reqnum=6)) == (13, second_token, "D5")
    right = counter.send(ticket(), token=second_token, reqnum=6)
    assert (right.code, right.row) == (0, "D6")
    assert right.token not in (TOKEN, second_token)
    counter.set(report_token="heal")
    assert _row(counter.report(ReportKind.X, token=0, reqnum=7)) == (0, right.token, "S4")
    assert counter.device.documents == 2


def _row(answer: Any) -> tuple[int, int, str]:
    return answer.code, answer.token, answer.row


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_worked_shift(counter: Counter, version: int) -> None:
    """kz-ofd §9.3 in every dialect that can carry it."""
    counter.version = version
    counter.now = worked_shift.at(30)
    answer = None
    counter.set(parent_check="off", checks={"T07": "off", "T23": "off"})
    for document in worked_shift.DOCUMENTS:
        answer = counter.send(document)
        assert answer.code == 0, answer.text
    answer = (
        answer
        if answer is not None and answer.message.HasField("report")
        else counter.send(closing(counter.now, withdraw_money=True))
    )
    assert answer.code == 0
    z = answer.report
    assert z.revenue == 1600_00
    assert z.cash == 0
    assert {row.operation: row.sum for row in z.non_nullable} == {0: 200_00, 2: 2220_00, 3: 420_00}
    sell = next(row for row in z.tickets if row.operation == 2)
    assert (sell.count, sell.sum) == (3, 2220_00)
    if version > 124:
        assert (sell.offline_count, sell.change_sum) == (1, 700_00)
    assert counter.info().report.shift_number == 1
    assert counter.report(ReportKind.Z).report.revenue == 1600_00
    assert counter.report(ReportKind.X).report.shift_number == 2


def test_fresh_device(counter: Counter) -> None:
    """TP-6, IN-01…06."""
    info = counter.info()
    assert (info.code, info.message.result.HasField("result_text")) == (0, False)
    report = info.message.report
    assert (report.report, report.zx_report.shift_number) == (0, 1)
    assert not report.zx_report.HasField("checksum")
    assert not report.zx_report.HasField("close_shift_time")
    service = info.message.service
    assert service.reg_info.kkm.kkm_id == str(ID)
    assert service.reg_info.org.inn == INN
    assert service.ticket_ads[0].info.version == 588
    assert not service.HasField("last_document_info")
    assert counter.report(ReportKind.Z).report.shift_number == 0
    counter.send(replace(ticket(), printed_number=7))
    info = counter.info()
    assert info.message.report.report == 1
    last = info.message.service.last_document_info
    assert (last.fr_shift_number, last.printed_document_number) == (1, 7)


def test_ticket_answer(counter: Counter) -> None:
    answer = counter.send(ticket(696_90))
    fields = parse_qr_address(answer.message.ticket.qr_code.decode("ascii"))
    assert (fields.sign, fields.rnm, fields.total, fields.time) == (
        answer.sign,
        "990000004931",
        696_90,
        NOW,
    )
    assert int(answer.sign) >= 100_000_000
    assert counter.device.state is DeviceState.ACTIVE


def test_frame_level_refusals(counter: Counter) -> None:
    """FR-07…13."""
    cases = [
        (b"", {}, 3, 0),
        (b"\xff\xff", {}, 3, 0),
        (counter.request(SYSTEM), {"version": 999}, 3, 0),
        (counter.request(TICKET), {"device": 1}, 1, TICKET),
        (counter.request(9), {}, 4, 9),
        (counter.request(55), {}, 4, 55),
        (counter.request(100), {}, 4, 100),
        (counter.request(7), {}, 5, 7),
        (counter.request(127), {}, 5, 127),
        (counter.request(TICKET), {}, 3, TICKET),
        (counter.request(CLOSE), {}, 3, CLOSE),
        (counter.request(Command.AUTH), {}, 3, Command.AUTH),
        (counter.request(Command.NOMENCLATURE), {}, 3, Command.NOMENCLATURE),
    ]
    for body, header, code, command in cases:
        answer = counter.raw(body, token=TOKEN, **header)
        assert (answer.code, answer.command, answer.token) == (code, command, TOKEN), body
        assert answer.text
    assert counter.device.documents == 0


@pytest.mark.parametrize(
    ("state", "old", "new"),
    [
        (DeviceState.DRAFT, 1, 1),
        (DeviceState.WAIT_REG, 1, 1),
        (DeviceState.REG_REFUSED, 1, 1),
        (DeviceState.REG_NO_TARIFF, 15, 19),
        (DeviceState.BLOCKED_MONEY, 15, 15),
        (DeviceState.BLOCKED_OFD, 15, 15),
        (DeviceState.WAIT_REREG, 0, 0),
        (DeviceState.WAIT_DEREG, 15, 19),
        (DeviceState.DEREGISTERED, 15, 18),
        (DeviceState.SUSPENDED, 0, 0),
        (DeviceState.ACTIVE, 0, 0),
    ],
)
def test_states(counter: Counter, state: DeviceState, old: int, new: int) -> None:
    """kz-ofd §15.5."""
    counter.change(state=state)
    assert counter.system().code == old
    assert counter.send(ticket()).code == old
    counter.change(state=state)
    counter.version = 204
    assert counter.system().code == new


def test_block_order_and_info_ad(counter: Counter) -> None:
    counter.profile(ads=(TicketAd(4, 1, "Звоните"),))
    first = counter.send(ticket(), reqnum=40)
    counter.change(state=DeviceState.BLOCKED_OFD)
    blocked = counter.system()
    assert (blocked.code, blocked.token, blocked.message.service.ticket_ads[0].text) == (
        15,
        first.token,
        "Звоните",
    )
    assert counter.system(token=5).code == 2
    assert counter.send(ticket(), token=TOKEN, reqnum=40).row == "D1"
    counter.set(block_check="before_token")
    answer = counter.system(token=5)
    assert (answer.code, answer.token) == (15, 5)
    assert counter.send(ticket(), token=TOKEN, reqnum=40).row == "D1"
    counter.change(state=DeviceState.REG_NO_TARIFF)
    counter.set(no_tariff_code=19)
    assert counter.system().code == 19


def test_no_token_yet(counter: Counter) -> None:
    counter.change(exchange=replace(counter.device.exchange, issued=0))
    counter.set(report_token="heal")
    assert counter.send(ticket(), token=0).code == 2
    assert counter.report(ReportKind.X, token=0).code == 2


def test_orders(counter: Counter) -> None:
    orders = counter.desk.orders
    orders.give(254, times=2)
    orders.give(6, When.BEFORE_TOKEN, device=ID, command=int(INFO))
    assert [counter.system().code for _ in range(3)] == [254, 254, 0]
    assert counter.info(token=1).code == 6
    assert not orders.orders
    orders.give(None, When.BEFORE)
    assert counter.system().outcome.body is None
    orders.give(255, When.AFTER, device=ID)
    lost = counter.send(ticket(), reqnum=90)
    assert (lost.code, lost.token, counter.device.documents) == (255, TOKEN, 1)
    repeat = counter.send(ticket(), reqnum=90)
    assert (repeat.row, repeat.code) == ("D1", 0)
    orders.give(None, When.AFTER)
    assert counter.send(ticket()).outcome.body is None
    orders.give(7, times=None)
    assert counter.send(ticket(), token=counter.device.exchange.issued).code == 7
    orders.clear()
    assert counter.system(token=counter.device.exchange.issued).code == 0


@pytest.mark.parametrize("inclusive", [False, True])
def test_24_hours(counter: Counter, inclusive: bool) -> None:
    """H24-01…04."""
    counter.set(shift_limit_inclusive=inclusive)
    counter.send(ticket())
    counter.now = NOW + timedelta(hours=24)
    assert counter.send(ticket(time=counter.now)).code == (11 if inclusive else 0)
    counter.now += timedelta(seconds=1)
    late = ticket(time=counter.now)
    assert counter.send(late).code == 11
    assert counter.send(deposit(1_00, counter.now)).code == 11
    assert counter.send(replace(late, offline_number=5)).code == 0
    assert counter.send(late, offline()).code == 0
    assert counter.report(ReportKind.X).code == 0
    counter.set(shift_timeout_scope="all")
    assert counter.report(ReportKind.X).code == 11
    assert counter.info().code == 0
    assert counter.send(closing(counter.now)).code == 0
    assert counter.send(late).code == 0


def test_cash(counter: Counter) -> None:
    """kz-ofd §10.5."""
    counter.send(deposit(100_00))
    assert counter.send(deposit(100_01, kind=1)).code == 14
    assert counter.send(ticket(100_01, operation=0)).code == 14
    assert counter.send(deposit(200_00, kind=1, is_offline=True)).code == 0
    counter.set(cash_check_offline=True)
    assert counter.send(deposit(1, kind=1, is_offline=True)).code == 14
    assert counter.device.counters.cash == -100_00


def test_content_and_duties(counter: Counter) -> None:
    assert counter.send(replace(ticket(), customer_iin=INN)).code == 17
    missing = replace(ticket(), operation=None)
    assert counter.send(missing).code == 15
    assert counter.system().code == 0
    counter.set(missing_field_code=3)
    assert counter.send(missing).code == 3
    counter.set(missing_field_blocks_device=True)
    assert counter.send(missing).code == 15
    assert counter.system().code == 15
    assert counter.device.state is DeviceState.BLOCKED_OFD
    assert counter.device.documents == 0
    assert set(counter.findings()) >= {"T01", "T22"}


def test_close_without_shift(counter: Counter) -> None:
    counter.set(close_without_shift="refuse")
    assert counter.send(closing()).code == 13
    counter.set()
    empty = counter.send(closing())
    assert (empty.code, empty.report.shift_number) == (0, 1)
    assert counter.send(closing()).report.shift_number == 2


def test_z_of_the_register(counter: Counter) -> None:
    counter.send(ticket())
    theirs = replace(counter.report(ReportKind.X).report, revenue=5_00, closed=NOW)
    counter.set(z_source="client")
    answer = counter.send(closing(report=theirs))
    assert answer.report.revenue == 5_00
    assert "8.2" in counter.findings()
    assert counter.info().report.revenue == 5_00


def test_cancel(counter: Counter) -> None:
    """kz-ofd §3.8, up to 2.0.2."""
    counter.version = 202
    assert counter.ask(7).code == 10
    counter.send(ticket())
    counter.info()
    assert counter.ask(7).code == 0
    assert counter.device.counters.cash == 0
    assert counter.ask(7).code == 10
    counter.send(ticket())
    counter.report(ReportKind.X)
    assert counter.ask(7).code == 10
    assert [row["cancelled"] for row in counter.documents()] == [True, False, False]


def test_rotation(counter: Counter) -> None:
    counter.set(rotate_token="never")
    assert counter.send(ticket(), reqnum=1).token == TOKEN
    assert counter.send(ticket(), reqnum=1).row == "D1"
    assert counter.send(ticket(), reqnum=2).row == "D6"
    counter.set(rotate_on=[1, 2])
    assert counter.send(deposit(1)).token == TOKEN
    counter.set(rotate_token="random")
    assert len({counter.send(ticket()).token for _ in range(12)}) in range(2, 12)


def test_second_name(counter: Counter) -> None:
    first = counter.send(ticket(), reqnum=3)
    again = counter.send(replace(ticket(), offline_number=77), offline(), token=TOKEN, reqnum=3)
    assert (again.row, again.sign) == ("D1", first.sign)
    assert [row["offline_number"] for row in counter.documents()] == [77]


def test_registration_and_place(counter: Counter) -> None:
    def other(message: Any) -> None:
        message.service.reg_info.kkm.serial_number = "OTHER"

    assert counter.send(ticket(), other).code == 0
    assert "SV-01" in counter.findings()
    counter.set(reg_info_check="on")
    assert counter.send(ticket(), other).code == 13
    assert counter.system().code == 0
    counter.version = 204
    counter.set(geo_check="on")
    assert counter.send(ticket()).code == 13

    def placed(message: Any) -> None:
        from reference.protocol.kz.dialects import dialect_for

        dialect = dialect_for(204)
        assert dialect is not None
        write_geo_position(dialect, message.service, GeoPosition(1, 2))

    assert counter.send(ticket(), placed).code == 0
    counter.set(geo_check="off", reg_info_check="off", parent_check="off")
    assert counter.send(ticket(), other).code == 0


def test_parent(counter: Counter) -> None:
    """kz-ofd §10.3."""
    sold = counter.send(replace(ticket(), offline_number=9))
    parent = ParentTicket(sold.sign, NOW, "990000004931", 100_00, False)

    def back(total: int, **changed: Any) -> Any:
        return ticket(total, operation=3, parent=replace(parent, **changed))

    counter.set(parent_check="on")
    assert counter.send(back(60_00)).code == 0
    assert counter.send(back(40_01, number="9")).code == 13
    assert counter.send(back(40_00, number="9")).code == 0
    assert counter.send(back(1_00, number="404404404404")).code == 13
    counter.send(deposit(10_00))
    assert counter.send(back(1_00, rnm="770000000000")).code == 0


def test_twin_after_token_reset(counter: Counter) -> None:
    sold = replace(ticket(), printed_number=5)
    counter.send(sold)
    counter.send(sold)
    assert "4.5" in counter.findings()
    assert counter.device.documents == 2


def test_service_part(counter: Counter) -> None:
    counter.profile(
        taxation=Taxation(101, (BoundTax(16000),)), ads=(TicketAd(0, 5, "a"), TicketAd(1, 3, "b"))
    )

    def ask(message: Any) -> None:
        message.service.get_reg_info = True
        message.service.get_binded_taxation = True
        write_ad_infos(message.service, {0: 5, 1: 2})

    service = counter.ask(SYSTEM, ask).message.service
    assert [ad.text for ad in service.ticket_ads] == ["b"]
    assert (service.binded_taxation.taxation_type, service.binded_taxation.taxes[0].percent) == (101, 16000)
    assert service.reg_info.kkm.serial_number == "ZZKZ00004931"
    assert len(counter.ask(INFO, ask).message.service.ticket_ads) == 2
    counter.set(result_text_on_ok="present")
    assert counter.system().message.result.HasField("result_text")


@pytest.mark.parametrize(("version", "wrong"), [(124, 12), (203, 1)])
def test_auth(counter: Counter, version: int, wrong: int) -> None:
    counter.version = version
    counter.profile(cashiers=(Cashier("aigul", hashed("pw"), 3, "Айгүл", (1, 2)),))

    def login(password: str) -> Any:
        def fill(message: Any) -> None:
            message.auth.login, message.auth.password = "aigul", password

        return counter.ask(Command.AUTH, fill)

    good = login("pw")
    assert (good.code, good.message.auth.result, good.message.auth.operator_code) == (0, 0, 3)
    assert list(good.message.auth.roles) == [1, 2]
    bad = login("no")
    assert bad.code == 0
    assert bad.message.auth.result == wrong or wrong == 12


GOODS: dict[str, Any] = {
    "version": 4,
    "created": "2026-09-01T10:00:00",
    "elements": [
        {
            "type": "ITEM",
            "title": "Нан",
            "id": 1,
            "title_kk": "Нан",
            "item": {
                "barcode": "4870001",
                "ntin": "0123",
                "sell_price": {"bills": 180, "coins": 0},
                "taxes": [{"taxation_type": "TRBP", "tax_type": "VAT", "tax_percent": 16000}],
            },
        }
    ],
}


def _goods(counter: Counter, **asked: Any) -> Any:
    def fill(message: Any) -> None:
        message.nomenclature.SetInParent()
        for name, value in asked.items():
            setattr(message.nomenclature, name, value)

    return counter.ask(Command.NOMENCLATURE, fill)


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_nomenclature(counter: Counter, version: int) -> None:
    """NO-01…05."""
    counter.version = version
    assert _goods(counter, current_version=0).message.nomenclature.result == 2
    counter.profile(nomenclature=GOODS)
    whole = _goods(counter, current_version=0).message.nomenclature
    assert (whole.result, whole.version, whole.elements[0].item.sell_price.bills) == (0, 4, 180)
    assert _goods(counter, current_version=4).message.nomenclature.result == 1
    assert _goods(counter).code == 3
    if version < 203:
        return
    assert len(_goods(counter, barcode="4870001").message.nomenclature.elements) == 1
    assert _goods(counter, barcode="1").message.nomenclature.result == 3
    counter.set(barcode_not_found="top")
    assert _goods(counter, barcode="1").code == (18 if version == 203 else 0)


def test_qr(counter: Counter) -> None:
    counter.version = 204

    def qr(command: int, invoice: int | None = 1, amount: int | None = None) -> Any:
        def fill(message: Any) -> None:
            message.qr.SetInParent()
            if invoice is not None:
                message.qr.invoice_id = invoice
            if amount is not None:
                message.qr.amount.bills, message.qr.amount.coins = amount, 0

        return counter.ask(command, fill)

    assert qr(101).code == 13
    assert qr(100).code == 13
    assert qr(100, None, 5).code == 13
    assert qr(100, 2**64 - 1, 5).code == 13
    first = qr(100, 1, 5)
    assert (first.code, first.message.qr.status) == (0, 0)
    assert qr(100, 1, 5).message.qr.qr_code == first.message.qr.qr_code
    assert qr(101).message.qr.qr_code == first.message.qr.qr_code


def test_what_cannot_be_kept(counter: Counter) -> None:
    """Numbers above 2⁶³−1 and names longer than a column do no harm."""
    parent = ParentTicket("x" * 300, NOW, "770000000000", 1_00, False)
    counter.send(deposit(10_00))
    answer = counter.send(replace(ticket(1_00, operation=3, parent=parent), printed_number=2**64 - 1))
    assert answer.code == 0
    row = counter.documents()[-1]
    assert (row["printed_number"], len(row["parent_sign"])) == (None, 64)


@pytest.mark.parametrize(
    "make",
    [
        lambda: deposit(MAX_TIYN),
        lambda: replace(ticket(1_00), taken=MAX_TIYN, change=MAX_TIYN - 1_00),
        lambda: ticket(1_00, items=(line(1_00, taxes=(TaxEntry(12_000, MAX_TIYN),)),)),
        lambda: ticket(1_00, items=(line(1_00), line(MAX_TIYN), line(MAX_TIYN, type=2))),
    ],
    ids=["deposit", "change", "tax", "sections"],
)
def test_no_document_makes_a_report_that_cannot_be_written(
    counter: Counter, make: Callable[[], Document]
) -> None:
    """kz-ofd RG-04: what would go beyond Money is refused, and the shift can still be reported and closed."""
    codes = [counter.send(make()).code for _ in range(4)]
    assert set(codes[1:]) <= {0, 13}
    assert counter.send(ReportAsk(ReportKind.X, counter.now)).code == 0
    assert counter.send(closing()).code == 0
    assert counter.send(replace(ticket(1_00), payments=(Payment(1, 1_00),))).code == 0


def test_a_withdrawal_at_closing_that_no_report_can_hold(counter: Counter) -> None:
    """kz-ofd §8.2, RG-04: without it the shift can be closed."""
    for document in (deposit(MAX_TIYN), deposit(MAX_TIYN, kind=1), ticket(1_00)):
        assert counter.send(document).code == 0
    refused = counter.send(closing(withdraw_money=True))
    assert (refused.code, [each.id for each in refused.outcome.findings]) == (13, ["C01", "RG-04"])
    assert counter.send(closing()).code == 0


def test_fault_of_the_rules(counter: Counter) -> None:
    """What nobody foresaw is 255 under the request's own command, and the others of the batch are served."""

    def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    good = counter.rules
    counter.rules = replace(good, book=broken)
    failed = counter.send(ticket())
    assert (failed.code, failed.command) == (255, TICKET)
    counter.rules = good
    assert counter.send(ticket()).code == 0


def test_settings() -> None:
    from pydantic import ValidationError

    from ofd_mock.kz.settings import KzSettings

    with pytest.raises(ValidationError, match="sign_range"):
        KzSettings(sign_range=(5, 6))
    with pytest.raises(ValidationError, match="T99"):
        KzSettings.model_validate({"checks": {"T99": "off"}})
    for name in ("idle_timeout_s", "shift_limit_hours", "document_max_age"):
        with pytest.raises(ValidationError, match=name):
            KzSettings.model_validate({name: float("inf")})
    assert KzSettings(checks={"T13": "off"}).switches.checks == {"T13": Mode.OFF}


def test_storno(counter: Counter) -> None:
    items = (line(100_00, "E"), line(50_00), line(100_00, "E", type=2))
    assert counter.send(ticket(50_00, items=items)).code == 0
    assert [(row.count, row.sum) for row in counter.report(ReportKind.X).report.operations] == [(2, 50_00)]
