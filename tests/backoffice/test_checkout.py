"""The stand-ins of Payme and Click: paid, paid twice, late, too late, refused (BX-SUB-02)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from reference.backoffice import payme, tables
from reference.backoffice.checkout import Checkout, Phase, Way
from reference.backoffice.click import Click
from reference.backoffice.entrance import Visitor
from reference.backoffice.payme import Payme
from reference.runtime.refusals import RefusedError, UnknownError
from tests.backoffice.conftest import Back

PROVIDERS = ("payme", "click")


@pytest.fixture
def checkout(back: Back) -> Checkout:
    return Checkout(back.office, back.subscriptions, Payme(back.office), Click(back.office))


@pytest.fixture
def visitor(back: Back) -> Visitor:
    return back.owner(plan="trial")


def chosen(back: Back, visitor: Visitor, provider: str) -> int:
    return back.subscriptions.choose(visitor, "professional", 1, provider).id


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("way", [Way.PAY, Way.TWICE])
def test_paid_once_however_often_it_is_said(
    back: Back, checkout: Checkout, visitor: Visitor, provider: str, way: Way
) -> None:
    invoice = chosen(back, visitor, provider)
    assert checkout.show(visitor, invoice).phase is Phase.CHECKING
    said = checkout.go(visitor, invoice, way)
    names = {
        "payme": ["CheckPerformTransaction", "CreateTransaction", "PerformTransaction"],
        "click": ["prepare", "complete"],
    }[provider]
    assert [each.call for each in said] == names + names[-1:] * (way is Way.TWICE)
    # Click is told that it is paid already; Payme hears the same answer again.
    again = -4 if (provider, way) == ("click", Way.TWICE) else 0
    assert [each.code for each in said] == [0] * (len(said) - 1) + [again]
    assert checkout.show(visitor, invoice).phase is Phase.PAID
    view = back.subscriptions.view(visitor)
    assert (view.plan.key, view.until[:10]) == ("professional", "2026-10-01")
    with pytest.raises(RefusedError) as caught:
        checkout.go(visitor, invoice, Way.PAY)
    assert caught.value.rule == "invoice"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_money_and_another_try(back: Back, checkout: Checkout, visitor: Visitor, provider: str) -> None:
    invoice = chosen(back, visitor, provider)
    checkout.go(visitor, invoice, Way.FAIL)
    assert checkout.show(visitor, invoice).phase is Phase.FAILED
    assert back.subscriptions.view(visitor).plan.key == "trial"
    checkout.go(visitor, invoice, Way.PAY)
    assert checkout.show(visitor, invoice).phase is Phase.PAID


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_late_word_counts_when_it_comes(
    back: Back, checkout: Checkout, visitor: Visitor, provider: str
) -> None:
    invoice = chosen(back, visitor, provider)
    with pytest.raises(RefusedError) as caught:
        checkout.deliver(visitor, invoice)
    assert caught.value.rule == "held"
    checkout.go(visitor, invoice, Way.LATE)
    standing = checkout.show(visitor, invoice)
    assert (standing.phase, standing.held) == (Phase.CHECKING, True)
    with pytest.raises(RefusedError):
        checkout.go(visitor, invoice, Way.PAY)
    back.advance(3600)
    assert [each.code for each in checkout.deliver(visitor, invoice)] == [0]
    assert checkout.show(visitor, invoice).phase is Phase.PAID


def test_payme_s_word_after_twelve_hours_is_refused(back: Back, checkout: Checkout, visitor: Visitor) -> None:
    invoice = chosen(back, visitor, "payme")
    checkout.go(visitor, invoice, Way.LATE)
    back.advance(12 * 3600 + 1)
    said = checkout.deliver(visitor, invoice)
    assert [(each.call, each.code) for each in said] == [
        ("PerformTransaction", payme.NOT_NOW),
        ("CancelTransaction", 0),
    ]
    assert checkout.show(visitor, invoice).phase is Phase.FAILED
    assert back.subscriptions.view(visitor).plan.key == "trial"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_late_word_for_an_invoice_that_was_replaced_gives_the_money_back(
    back: Back, checkout: Checkout, visitor: Visitor, provider: str
) -> None:
    first = chosen(back, visitor, provider)
    checkout.go(visitor, first, Way.LATE)
    second = back.subscriptions.choose(visitor, "start", 1, provider).id
    said = checkout.deliver(visitor, first)
    assert said[0].code != 0
    assert checkout.show(visitor, first).phase is Phase.CANCELLED
    with back.office.reading() as session:
        states = session.execute(select(tables.Receipt.invoice, tables.Receipt.state)).all()
    assert (first, 2) not in [tuple(row) for row in states]
    checkout.go(visitor, second, Way.PAY)
    assert back.subscriptions.view(visitor).plan.key == "start"


def test_another_owner_s_invoice_is_not_there(back: Back, checkout: Checkout, visitor: Visitor) -> None:
    invoice = chosen(back, visitor, "click")
    other = back.owner("+998907654321")
    for act in (
        lambda: checkout.show(other, invoice),
        lambda: checkout.go(other, invoice, Way.PAY),
        lambda: checkout.deliver(other, invoice),
    ):
        with pytest.raises(UnknownError):
            act()
