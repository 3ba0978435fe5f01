"""An owner portal in memory-quick SQLite, with a lab clock that stands still, and an owner with a branch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from reference.backoffice.branches import Branches, Device, Linked
from reference.backoffice.entrance import Entrance, Visitor
from reference.backoffice.intake import Change, Intake
from reference.backoffice.merchants import Merchants, stand_in
from reference.backoffice.office import BackofficeSettings, Office
from reference.backoffice.reports import Reports
from reference.backoffice.secrets import Seal
from reference.backoffice.subscriptions import Subscriptions
from reference.backoffice.tables import Sms, Subscription
from reference.runtime.clock import LabClock
from reference.runtime.database import open_engine

START = datetime(2026, 9, 1, 5, 0, tzinfo=UTC)
"""Ten in the morning in Tashkent."""
PHONE = "+998901234567"
PASSWORD = "parol-123"
NAMES = {"first_name": "Aziza", "last_name": "Sinova", "business": "Sinov choyxona"}


@dataclass
class Back:
    office: Office
    lab: LabClock
    entrance: Entrance
    branches: Branches
    intake: Intake
    reports: Reports
    subscriptions: Subscriptions
    merchants: Merchants

    def code(self) -> str:
        with self.office.reading() as session:
            text = session.scalars(select(Sms.text).order_by(Sms.id.desc()).limit(1)).one()
        return text.rsplit(" ", 1)[-1]

    def enrol(self, phone: str = PHONE) -> str:
        key = self.entrance.begin(phone)
        self.entrance.confirm(key, self.code())
        return self.entrance.finish(key, NAMES | {"password": PASSWORD, "password_repeated": PASSWORD})

    def owner(self, phone: str = PHONE, plan: str = "professional") -> Visitor:
        visitor = self.entrance.visitor(self.enrol(phone))
        with self.office.changing() as session:
            session.get_one(Subscription, visitor.owner).plan = plan
        return visitor

    def link(self, visitor: Visitor, branch: int | None = None) -> Linked:
        place = branch or self.branches.add(visitor, {"name": "Markaziy"})[0].id
        code, key = self.branches.offer(Device("Kassa 1", f"identity in branch {place}"))
        self.branches.take_offer(visitor, place, code)
        return self.branches.linked(key)

    def advance(self, seconds: float) -> None:
        self.lab.advance(seconds)


@pytest.fixture
def back(tmp_path: Path) -> Iterator[Back]:
    lab = LabClock.private(start=START, rate=0)
    engine = open_engine(tmp_path / "backoffice.sqlite", {})
    office = Office(engine, lab.part("backoffice"), BackofficeSettings.model_validate({}))
    office.open()
    yield Back(
        office,
        lab,
        Entrance(office),
        Branches(office),
        Intake(office),
        Reports(office),
        Subscriptions(office),
        Merchants(office, Seal(tmp_path / "seal.key"), stand_in),
    )
    engine.dispose()


def order(number: int, **changes: Any) -> dict[str, Any]:
    """An order as a point of sale tells it."""
    made = {
        "id": f"20260901-{number:05d}",
        "number": f"#{number:03d}",
        "day": "2026-09-01",
        "state": "completed",
        "place": 1,
        "place_name": "Stol 1",
        "employee": 2,
        "opened": "2026-09-01T05:00:00.000+00:00",
        "confirmed": None,
        "closed": "2026-09-01T05:30:00.000+00:00",
        "goods": 10_000_00,
        "discount": 0,
        "surcharge": 1_000_00,
        "total": 11_000_00,
        "refund_of": None,
        "reason": "",
        "spent": 4_000_00,
        "lines": [
            {
                "id": 1,
                "product": 7,
                "name": "Osh",
                "amount": 2000,
                "price": 5_000_00,
                "discount": 0,
                "label": "",
                "sum": 10_000_00,
            }
        ],
    }
    return made | changes


PRODUCT = {"name": "Osh", "category": "Taomlar", "price": 5_000_00, "stock": None, "active": True}
EMPLOYEE = {"first_name": "Bek", "last_name": "Aliyev", "role": "cashier", "active": True}


def changes(*told: tuple[str, str, dict[str, Any]], first: int = 1) -> list[Change]:
    """Changes in their order."""
    moment = "2026-09-01T05:00:00.000+00:00"
    return [Change(first + place, kind, key, moment, body) for place, (kind, key, body) in enumerate(told)]
