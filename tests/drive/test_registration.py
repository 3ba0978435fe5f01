from __future__ import annotations

import pytest

from reference.drive.errors import CardLostError, ReceiptRefusedError
from tests.drive.conftest import Bench
from tests.drive.doubles import losing, sale


def test_sale_in_two_steps(shop: Bench) -> None:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    assert (txid, shop.number) == (1, 0)
    answer = shop.core.register(shop.factory_id, txid)
    assert (answer.receipt_seq, answer.fiscal_sign, shop.number) == (1, "271368829008", 1)
    assert shop.core.register(shop.factory_id, txid) == answer
    assert shop.number == 1


def test_link_lost(shop: Bench) -> None:
    for how in ("before", "after"):
        txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
        shop.card.lose = losing("001700", how)
        with pytest.raises(CardLostError):
            shop.core.register(shop.factory_id, txid)
        shop.core.register(shop.factory_id, txid)
    assert shop.number == 2


def test_past(shop: Bench) -> None:
    with pytest.raises(ReceiptRefusedError, match="receipt time is in the past"):
        shop.core.get_txid(shop.factory_id, sale(shop.now()))


def test_sync(shop: Bench) -> None:
    for _ in range(3):
        shop.register()
    items = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert [(item.name, item.state.text) for item in items] == [(n, "Acknowledged") for n in (1, 2, 3)]
    assert shop.held == []
