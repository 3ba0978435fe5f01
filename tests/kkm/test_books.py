"""The register's books against the operator's: sums, Z reports and signs agree (KZ-NNT-01, KZ-OFF-01)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reference.kkm.values import Delivery, ItemOrder, MoneyOrder, Outcome, TicketOrder, TokenOrder
from reference.protocol.kz.client import Mode
from reference.protocol.kz.kinds import Operation, PaymentType
from reference.protocol.kz.reports import differences, figures
from reference.protocol.kz.tickets import ParentTicket, Payment
from tests.kkm.rig import BREAD, Rig
from tests.ofd_mock.kz.bench import Bench
from tests.waiting import PATIENCE

A = ItemOrder("A", 42_000, 2500, vat=12_000)
Open = Callable[..., Rig]


@pytest.fixture
def open_rig(operator: Bench, tmp_path: Path) -> Iterator[Open]:
    made: list[Rig] = []

    def open_one(**settings: Any) -> Rig:
        operator.reset()
        device = operator.order("provision")
        given = {"device_id": device["id"], "token": device["token"], "check_url": f"{operator.base}/"}
        folder = tmp_path / f"register{len(made)}"
        server = f"127.0.0.1:{operator.port}"
        made.append(Rig(folder, server, operator.clock, given | settings, owns_clock=False))
        return made[-1]

    yield open_one
    for rig in made:
        rig.close()


def books(operator: Bench, rig: Rig) -> Any:
    return operator.process.ledger.device(rig.register.settings.device_id).counters


def worked_shift(rig: Rig) -> Any:
    """kz-ofd §9.3 by keys; its seventh document is made with the line down."""
    b = ItemOrder("B", 30_000, section="2", discount=5_000)
    rig.press("deposit", MoneyOrder(500_000))
    first = rig.press("sell", TicketOrder((A, b), taken=200_000)).document
    assert first is not None
    payments = (Payment(PaymentType.CARD, 50_000), Payment(PaymentType.MOBILE, 27_000))
    rig.press("sell", TicketOrder((ItemOrder("C", 70_000),), payments=payments, markup=7_000))
    rnm = rig.register.state().registration.rnm
    parent = ParentTicket(first.sign, first.time, rnm, first.total, is_offline=False)
    one_a = ItemOrder("A", 42_000, vat=12_000)
    rig.press("sell-return", TicketOrder((one_a,), parent=parent))
    rig.press("buy", TicketOrder((ItemOrder("D", 20_000, section="3"),)))
    rig.press("withdraw", MoneyOrder(100_000))
    e = ItemOrder("E", 10_000)
    storno = ItemOrder("E", 10_000, storno=True)
    rig.offline(TicketOrder((e, ItemOrder("F", 15_000), storno), taken=15_000))
    rig.online()
    return rig.z(withdraw=True).document


def test_worked_shift(open_rig: Open, operator: Bench) -> None:
    """ZR-EX."""
    rig = open_rig()
    z = worked_shift(rig)
    assert z.report is not None
    found = figures(z.report)
    expected = {
        "operations.SELL.count": 5,
        "operations.SELL.sum": 220_000,
        "discounts.SELL.sum": 5_000,
        "markups.SELL.sum": 7_000,
        "total_result.SELL.sum": 222_000,
        "taxes[12000].SELL.sum": 11_250,
        "ticket_operations.SELL.payments.CASH.sum": 145_000,
        "ticket_operations.SELL.change_sum": 70_000,
        "ticket_operations.SELL.offline_count": 1,
        "money_placements.WITHDRAWAL.sum": 583_000,
        "revenue": 160_000,
        "non_nullable_sums.SELL": 222_000,
        "shift_number": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "cash_sum" not in found
    findings = operator.order("findings", id=rig.register.settings.device_id)["findings"]
    assert [row["check_id"] for row in findings] == []


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_own_z_is_the_operators(open_rig: Open, version: int) -> None:
    """What the register computes offline is what the operator computes when it comes (OQ-10)."""
    rig = open_rig(version=version)
    rig.deposit(100_000)
    rig.sell(TicketOrder((A,), discount=500))
    rig.offline()
    rig.press("buy", TicketOrder((ItemOrder("Металл", 3_000),)))
    rig.press("sell", TicketOrder((A, ItemOrder("B", 700)), payments=(Payment(PaymentType.CARD, 105_700),)))
    made = rig.z(withdraw=True).document
    assert made is not None
    rig.sell()
    rig.online()
    z = rig.register.document(made.number)
    assert z.report is not None
    assert z.server_report is not None
    opened_is_told = version >= 202
    ours = {name: value for name, value in figures(z.report).items() if told(name, opened_is_told)}
    theirs = {name: value for name, value in figures(z.server_report).items() if told(name, opened_is_told)}
    assert ours == theirs
    assert rig.register.state().shift.number == 2


def told(name: str, everything: bool) -> bool:
    """1.2.4 has no times, no counts of payments and no sums beside a ticket's total (kz-ofd §12.1)."""
    missing = ("_time", "offline_count", "discount_sum", "markup_sum", "change_sum")
    payment_count = ".payments." in name and name.endswith(".count")
    return everything or not (name.endswith(missing) or payment_count)


def test_either_sign_finds_the_ticket(open_rig: Open, operator: Bench) -> None:
    """OQ-12, KZ-PRT-05: the check page opens from the paper's QR address, once the ticket is delivered."""
    rig = open_rig()
    offline = rig.offline().document
    assert offline is not None

    page = offline.qr
    assert httpx.get(page, trust_env=False, timeout=PATIENCE).status_code == 404
    rig.online()
    assert httpx.get(page, trust_env=False, timeout=PATIENCE).status_code == 302
    delivered = rig.register.document(offline.number)
    assert delivered.server_sign != delivered.sign
    online = page.replace(f"i={delivered.sign}", f"i={delivered.server_sign}")
    assert (
        httpx.get(online, trust_env=False, timeout=PATIENCE).headers["location"]
        == httpx.get(page, trust_env=False, timeout=PATIENCE).headers["location"]
    )


def test_rules_of_the_operator(open_rig: Open, operator: Bench) -> None:
    """17, block, deregistration and a new token, provoked at the operator (KZ-PRT-04, KZ-TOK-01)."""
    rig = open_rig()
    device = rig.register.settings.device_id
    own = TicketOrder(BREAD.items, customer_iin="990140000017")
    assert (rig.sell(own).code, rig.mode) == (17, Mode.ONLINE)
    operator.order("block", id=device, reason="ofd")
    assert (rig.sell().code, rig.mode) == (15, Mode.SERVER_BLOCKED)
    rig.wait(60)
    assert rig.mode is Mode.SERVER_BLOCKED
    operator.order("unblock", id=device)
    rig.wait(60)
    assert rig.sell().outcome is Outcome.DONE
    token = operator.order("issue-token", id=device)["token"]
    assert (rig.sell().code, rig.mode) == (2, Mode.TOKEN_INVALID)
    assert rig.press("token", TokenOrder(token - 1 or 5)).code == 2
    rig.done("token", TokenOrder(token))
    assert rig.sell().outcome is Outcome.DONE
    assert books(operator, rig).cash == rig.register.state().cash == 20_000
    assert {one.delivery for one in rig.register.documents()} == {Delivery.DELIVERED}
    assert not differences(*[rig.done("x").document.report] * 2)  # type: ignore[union-attr, list-item]


def test_lost_answer_is_counted_once(open_rig: Open, operator: Bench) -> None:
    """KZ-PRT-03: answers lost on the way, the same ticket again, one ticket in the books."""
    rig = open_rig()
    rig.faults.add(point="register.after-send", action="drop", count=2, match={"command": "TICKET"})
    rig.sell()
    rig.faults.add(point="register.half-answer", action="drop", count=None, match={"command": "TICKET"})
    rig.losing("sell", BREAD)
    rig.faults.clear()
    rig.wait(60)
    assert rig.mode is Mode.ONLINE
    assert books(operator, rig).total("tickets.total", Operation.SELL) == 2
    assert books(operator, rig).cash == rig.register.state().cash == 20_000
