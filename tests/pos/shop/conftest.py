"""A café on the in-memory drive: goods, places, people, and every desk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from reference.pos.shop.catalogue import Catalogue, ProductView
from reference.pos.shop.checkout import Checkout, Paid
from reference.pos.shop.desks import Desks
from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.orders import Orders, OrderView
from reference.pos.shop.places import Places
from reference.pos.shop.premises import Premises
from reference.pos.shop.refunds import Refunds
from reference.pos.shop.settings import SettingsDesk
from reference.pos.shop.staff import EmployeeView, Staff
from reference.pos.shop.tables import Change
from reference.pos.shop.worker import Worker
from reference.runtime.database import open_engine
from tests.pos.conftest import Shop
from tests.pos.conftest import shop as shop

TEA = {"name": "Ko'k choy", "mxik": "00902001001000000", "package_code": "1500003", "price": 5_000_00}
PLOV = {"name": "Osh", "mxik": "10202001001000001", "price": 45_000_00, "cost": 20_000_00, "stock": 10_000}
WATER = {"name": "Suv", "mxik": "02201001001000000", "price": 3_333_33, "vat_percent": 12, "marked": True}


@dataclass
class Cafe:
    till: Shop
    premises: Premises
    catalogue: Catalogue
    places: Places
    staff: Staff
    orders: Orders
    checkout: Checkout
    refunds: Refunds
    settings: SettingsDesk
    fiscal: FiscalDesk
    boss: EmployeeView
    waiter: EmployeeView
    tea: ProductView
    plov: ProductView
    water: ProductView
    worker: Worker

    def order(self, *lines: tuple[ProductView, int], place: int | None = None) -> OrderView:
        made = self.orders.open(self.boss, place)
        for product, amount in lines:
            made = self.orders.add(self.boss, made.id, {"product": product.id, "amount": amount})
        return made

    def pay(self, order: OrderView, kind: str = "cash") -> Paid:
        total = self.orders.one(order.id).total
        return self.checkout.pay(self.boss, order.id, {"payments": [{"kind": kind, "amount": total}]})

    def sold(self, *lines: tuple[ProductView, int], kind: str = "cash") -> OrderView:
        made = self.order(*lines)
        self.pay(made, kind)
        self.till.bench.tick(5)
        assert self.fiscal.run().trouble == ""
        return self.orders.one(made.id)

    def desks(self) -> Desks:
        return Desks(
            self.premises,
            self.catalogue,
            self.places,
            self.staff,
            self.settings,
            self.orders,
            self.checkout,
            self.refunds,
            self.fiscal,
        )

    def changes(self) -> list[tuple[str, str]]:
        with self.premises.reading() as session:
            return [(row.kind, row.key) for row in session.scalars(select(Change).order_by(Change.n))]


@pytest.fixture
def cafe(shop: Shop, tmp_path: Any) -> Iterator[Cafe]:
    engine = open_engine(tmp_path / "shop.sqlite", {})
    premises = Premises(engine, shop.bench.clock)
    premises.open()
    staff, catalogue, settings = Staff(premises), Catalogue(premises), SettingsDesk(premises)
    boss = staff.add({"first_name": "Aziza", "role": "administrator", "pin": "123456"})
    waiter = staff.add({"first_name": "Bek", "last_name": "Aliyev", "role": "waiter", "pin": "1111"})
    yield Cafe(
        shop,
        premises,
        catalogue,
        Places(premises),
        staff,
        Orders(premises),
        Checkout(premises, settings),
        Refunds(premises),
        settings,
        fiscal := FiscalDesk(premises, shop.till),
        boss,
        waiter,
        catalogue.add(TEA),
        catalogue.add(PLOV),
        catalogue.add(WATER),
        Worker(premises, fiscal, settings, shop.client, shop.bench.lab),
    )
    engine.dispose()
