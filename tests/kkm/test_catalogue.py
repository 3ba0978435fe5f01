"""The goods on the page's buttons."""

from __future__ import annotations

from reference.kkm.catalogue import GOODS, UNITS
from reference.kkm.orders import Item


def test_every_good_can_be_sold() -> None:
    for good in GOODS:
        item = Item(name=good.name, price=good.price, section=good.section, unit=good.unit, vat=good.vat)
        assert item.order().price == good.price > 0
        assert good.unit in UNITS
    assert len({good.name for good in GOODS}) == len(GOODS)
