"""Plans, invoices, Payme and Click, renewal by the lab clock (BX-SUB), and Multicard (BX-PAY)."""

import base64
import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from reference.backoffice import payme as codes
from reference.backoffice.click import Click
from reference.backoffice.entrance import Visitor
from reference.backoffice.payme import Payme
from reference.backoffice.subscriptions import State
from reference.backoffice.tables import Merchant
from reference.runtime.refusals import InvalidError, RefusedError, UnknownError
from tests.backoffice.conftest import Back

RIGHT = "Basic " + base64.b64encode(b"Paycom:test-payme-key").decode()
PRICE = 249_000_00


@pytest.fixture
def visitor(back: Back) -> Visitor:
    return back.owner(plan="trial")


def call(back: Back, method: str, authorization: str = RIGHT, **params: Any) -> dict[str, Any]:
    answer = Payme(back.office).answer(authorization, {"id": 7, "method": method, "params": params})
    assert (answer["id"], answer["jsonrpc"]) == (7, "2.0")
    return answer.get("result") or answer["error"]


def create(back: Back, invoice: int, key: str = "tx-1", amount: int = PRICE) -> dict[str, Any]:
    account = {"invoice": str(invoice)}
    return call(back, "CreateTransaction", id=key, time=1, amount=amount, account=account)


# --- Payme ---------------------------------------------------------------------------------------------


def test_payme_pays_an_invoice_once(back: Back, visitor: Visitor) -> None:
    """BX-SUB-02: the callback comes twice"""
    invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
    account = {"invoice": str(invoice.id)}
    assert call(back, "CheckPerformTransaction", amount=PRICE, account=account) == {"allow": True}
    made = create(back, invoice.id)
    assert (made["state"], create(back, invoice.id)) == (1, made)
    assert back.subscriptions.invoice(visitor, invoice.id).state == "waiting"
    done = call(back, "PerformTransaction", id="tx-1")
    back.advance(5)
    assert call(back, "PerformTransaction", id="tx-1") == done
    assert back.subscriptions.invoice(visitor, invoice.id).state == "paid"
    seen = back.subscriptions.view(visitor)
    assert (seen.plan.key, seen.state, seen.until[:10]) == ("professional", State.ACTIVE, "2026-10-01")
    checked = call(back, "CheckTransaction", id="tx-1")
    assert (checked["state"], checked["perform_time"], checked["reason"]) == (2, done["perform_time"], None)
    listed = call(back, "GetStatement", **{"from": 0, "to": 2**52})["transactions"]
    assert [(each["id"], each["amount"], each["state"]) for each in listed] == [("tx-1", PRICE, 2)]


def test_a_statement_goes_by_payme_s_own_times(back: Back, visitor: Visitor) -> None:
    """Its protocol: by the time that CreateTransaction gave, edges included, the oldest first."""
    for number, (key, time) in enumerate((("tx-1", 3_000), ("tx-2", 1_000), ("tx-3", 2_000))):
        invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
        account = {"invoice": str(invoice.id)}
        given = {"id": key, "time": time, "amount": PRICE, "account": account}
        assert call(back, "CreateTransaction", **given)["state"] == 1, number
        call(back, "PerformTransaction", id=key)
        back.advance(60)

    def listed(first: int, last: int) -> list[tuple[str, int]]:
        told = call(back, "GetStatement", **{"from": first, "to": last})
        return [(each["id"], each["time"]) for each in told.get("transactions", [])]

    assert listed(0, 9_999) == [("tx-2", 1_000), ("tx-3", 2_000), ("tx-1", 3_000)]
    assert listed(2_000, 3_000) == [("tx-3", 2_000), ("tx-1", 3_000)]
    assert listed(1_001, 1_999) == []


def test_a_transaction_has_a_time(back: Back, visitor: Visitor) -> None:
    invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
    given: dict[str, Any] = {"id": "tx-1", "amount": PRICE, "account": {"invoice": str(invoice.id)}}
    refused = call(back, "CreateTransaction", **given)
    assert (refused["code"], refused["data"]) == (codes.REQUEST, "time")


def test_payme_refuses_by_its_codes(back: Back, visitor: Visitor) -> None:
    invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
    account = {"invoice": str(invoice.id)}
    assert call(back, "CheckPerformTransaction", amount=1, account=account)["code"] == codes.AMOUNT
    for account in ({"invoice": "999"}, {"invoice": "x"}, {}, {"invoice": "1" * 30}):
        refused = call(back, "CheckPerformTransaction", amount=PRICE, account=account)
        assert (refused["code"], refused["data"]) == (codes.ACCOUNT, "invoice")
    assert call(back, "PerformTransaction", id="none")["code"] == codes.UNKNOWN
    assert call(back, "Nothing")["code"] == codes.METHOD
    assert call(back, "CheckTransaction", "Basic x", id="x")["code"] == codes.RIGHTS
    assert call(back, "CheckTransaction", "", id="x")["code"] == codes.RIGHTS
    assert call(back, "CheckTransaction", id=5)["code"] == codes.REQUEST
    assert Payme(back.office).answer(RIGHT, None)["error"]["code"] == codes.PARSE
    assert Payme(back.office).answer(RIGHT, [])["error"]["code"] == codes.REQUEST
    create(back, invoice.id)
    assert create(back, invoice.id, "tx-2")["code"] == codes.ACCOUNT


def test_a_transaction_that_waits_too_long_is_cancelled(back: Back, visitor: Visitor) -> None:
    """BX-SUB-02: the callback comes late"""
    invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
    create(back, invoice.id)
    back.advance(12 * 3600)
    assert call(back, "CheckTransaction", id="tx-1")["state"] == 1
    back.advance(1)
    assert call(back, "PerformTransaction", id="tx-1")["code"] == codes.NOT_NOW
    checked = call(back, "CheckTransaction", id="tx-1")
    assert (checked["state"], checked["reason"]) == (-1, 4)
    assert create(back, invoice.id, "tx-2")["state"] == 1


def test_payme_cancels_before_and_after(back: Back, visitor: Visitor) -> None:
    invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
    create(back, invoice.id)
    gone = call(back, "CancelTransaction", id="tx-1", reason=3)
    assert (gone["state"], call(back, "CancelTransaction", id="tx-1", reason=3)) == (-1, gone)
    assert call(back, "PerformTransaction", id="tx-1")["code"] == codes.NOT_NOW
    create(back, invoice.id, "tx-2")
    call(back, "PerformTransaction", id="tx-2")
    assert call(back, "CancelTransaction", id="tx-2", reason=5)["state"] == -2
    assert back.subscriptions.view(visitor).state is State.EXPIRED
    assert back.subscriptions.invoice(visitor, invoice.id).state == "cancelled"


# --- Click ---------------------------------------------------------------------------------------------


def click(back: Back, action: int, invoice: int, **changes: Any) -> dict[str, Any]:
    form = {
        "click_trans_id": "501",
        "service_id": "1",
        "merchant_trans_id": str(invoice),
        "amount": "249000.00",
        "action": str(action),
        "error": "0",
        "sign_time": "2026-09-01 10:00:00",
    } | {name: str(value) for name, value in changes.items()}
    prepared = form.get("merchant_prepare_id", "") if action == 1 else ""
    parts = (
        form["click_trans_id"],
        form["service_id"],
        "test-click-key",
        form["merchant_trans_id"],
        prepared,
        form["amount"],
        form["action"],
        form["sign_time"],
    )
    form.setdefault("sign_string", hashlib.md5("".join(parts).encode()).hexdigest())
    return Click(back.office).answer(form)


def test_click_pays_an_invoice_once(back: Back, visitor: Visitor) -> None:
    """BX-SUB-02"""
    invoice = back.subscriptions.choose(visitor, "professional", 1, "click").id
    prepared = click(back, 0, invoice)
    assert (prepared["error"], click(back, 0, invoice)) == (0, prepared)
    number = prepared["merchant_prepare_id"]
    done = click(back, 1, invoice, merchant_prepare_id=number)
    assert (done["error"], done["merchant_confirm_id"]) == (0, number)
    assert click(back, 1, invoice, merchant_prepare_id=number)["error"] == -4
    assert click(back, 0, invoice)["error"] == -4
    assert back.subscriptions.view(visitor).plan.key == "professional"


def test_click_refuses_by_its_codes(back: Back, visitor: Visitor) -> None:
    invoice = back.subscriptions.choose(visitor, "professional", 1, "click").id
    assert click(back, 0, invoice, sign_string="0" * 32)["error"] == -1
    assert click(back, 0, invoice, service_id=2)["error"] == -1
    assert click(back, 0, invoice, amount="1")["error"] == -2
    assert click(back, 0, invoice, amount="many")["error"] == -2
    assert click(back, 2, invoice)["error"] == -3
    assert click(back, 0, 999)["error"] == -5
    assert click(back, 1, invoice, merchant_prepare_id=9)["error"] == -6
    assert Click(back.office).answer({})["error"] == -8
    number = click(back, 0, invoice)["merchant_prepare_id"]
    assert click(back, 1, invoice, merchant_prepare_id=number, error=-5017)["error"] == -9
    assert click(back, 1, invoice, merchant_prepare_id=number)["error"] == -9
    assert back.subscriptions.invoice(visitor, invoice).state == "waiting"


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"amount": "9e999999"}, -2), ({"amount": "sNaN"}, -2), ({"click_trans_id": "5" * 65}, -8)],
)
def test_click_is_answered_whatever_it_says(
    back: Back, visitor: Visitor, changes: dict[str, str], error: int
) -> None:
    invoice = back.subscriptions.choose(visitor, "professional", 1, "click").id
    assert [click(back, 0, invoice, **changes)["error"] for _ in range(2)] == [error] * 2


def test_payme_is_answered_whatever_numbers_it_says(back: Back, visitor: Visitor) -> None:
    invoice = back.subscriptions.choose(visitor, "professional", 1, "payme")
    assert call(back, "GetStatement", **{"from": 10**30, "to": 1})["code"] == codes.REQUEST
    create(back, invoice.id)
    assert call(back, "CancelTransaction", id="tx-1", reason=10**30)["state"] == -1
    assert call(back, "CheckTransaction", id="tx-1")["reason"] is None


# --- subscriptions -------------------------------------------------------------------------------------


def test_a_new_choice_cancels_the_one_before(back: Back, visitor: Visitor) -> None:
    first = back.subscriptions.choose(visitor, "start", 1, "payme")
    second = back.subscriptions.choose(visitor, "network", 12, "click")
    assert back.subscriptions.invoice(visitor, first.id).state == "cancelled"
    assert (second.amount, second.state) == (5_900_000_00, "waiting")
    assert create(back, first.id, amount=99_000_00)["code"] == codes.ACCOUNT
    for plan, months, provider in (
        ("trial", 1, "payme"),
        ("gold", 1, "payme"),
        ("start", 2, "payme"),
        ("start", 1, "atmos"),
    ):
        with pytest.raises(InvalidError):
            back.subscriptions.choose(visitor, plan, months, provider)
    with pytest.raises(UnknownError):
        back.subscriptions.invoice(back.owner("+998907654321"), first.id)


def test_it_ends_and_can_be_stopped(back: Back, visitor: Visitor) -> None:
    """BX-SUB-01"""
    back.advance(14 * 86_400 - 1)
    assert back.subscriptions.view(visitor).days_left == 1
    back.advance(1)
    assert (back.subscriptions.view(visitor).state, back.subscriptions.view(visitor).days_left) == (
        State.EXPIRED,
        0,
    )
    back.subscriptions.stop(visitor.owner, True)
    assert back.subscriptions.view(visitor).state is State.STOPPED
    with pytest.raises(RefusedError):
        back.subscriptions.choose(visitor, "start", 1, "payme")


def test_a_saved_card_renews_by_the_lab_clock(back: Back, visitor: Visitor) -> None:
    """BX-SUB-01"""
    with pytest.raises(RefusedError) as caught:
        back.subscriptions.renew_by_itself(visitor, True)
    assert caught.value.rule == "card"
    invoice = back.subscriptions.choose(visitor, "start", 1, "payme")
    create(back, invoice.id, amount=99_000_00)
    call(back, "PerformTransaction", id="tx-1")
    back.subscriptions.save_card(visitor, "Visa", "4242", "12/28")
    back.subscriptions.renew_by_itself(visitor, True)
    due = back.subscriptions.next_due()
    assert due is not None
    back.advance((due - back.office.now).total_seconds() - 1)
    assert back.subscriptions.keep_up() == 0
    back.advance(1)
    assert (back.subscriptions.keep_up(), back.subscriptions.keep_up()) == (1, 0)
    seen = back.subscriptions.view(visitor)
    assert (seen.until[:10], seen.card) == ("2026-11-01", "Visa •••• 4242 12/28")
    back.subscriptions.forget_card(visitor)
    assert not back.subscriptions.view(visitor).renews


# --- Multicard -----------------------------------------------------------------------------------------


def test_the_secret_is_sealed_and_never_shown(back: Back, visitor: Visitor) -> None:
    """BX-PAY-01"""
    branch = back.branches.add(visitor, {"name": "Markaziy"})[0].id
    assert not back.merchants.view(visitor, branch).has_secret
    with pytest.raises(InvalidError) as caught:
        back.merchants.save(visitor, branch, {"store": "test-1", "application": ""})
    assert {each.field for each in caught.value.findings} == {"application", "secret"}
    given = {"store": "test-1", "application": "test-app", "secret": "test-very-secret"}
    saved = back.merchants.save(visitor, branch, given)
    assert (saved.token, saved.has_secret) == (True, True)
    assert "test-very-secret" not in repr(saved)
    with back.office.reading() as session:
        assert b"very-secret" not in session.scalars(select(Merchant.secret)).one()
    kept = back.merchants.save(visitor, branch, {"store": "test-2", "application": "test-app", "secret": ""})
    assert kept.token
    back.advance(86_400)
    assert not back.merchants.view(visitor, branch).token
    wrong = back.merchants.save(visitor, branch, given | {"secret": "other"})
    assert not wrong.token
