"""Bodies of the API: shapes and bounds; what a value may mean is the desks' to say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reference.pos.prints.escpos import Pages, QrBy
from reference.pos.shop.catalogue import MOST_PRICE, MOST_STOCK
from reference.pos.shop.orders import MOST_AMOUNT

Money = Annotated[int, Field(ge=0, le=MOST_PRICE, description="tiyin")]
Amount = Annotated[int, Field(ge=0, le=MOST_AMOUNT, description="thousandths of the unit")]
Id = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Body(BaseModel):
    """Base: nothing unknown, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Coming(Body):
    """An employee comes to the till."""

    employee: Id
    pin: str = Field(max_length=20)


class ProductChange(Body):
    """Fields of a product that change."""

    name: str | None = Field(None, max_length=63)
    category: str | None = Field(None, max_length=100)
    mxik: str | None = Field(None, pattern=r"^[0-9]{17}$")
    package_code: str | None = Field(None, pattern=r"^[0-9]{0,20}$")
    unit: str | None = Field(None, max_length=20)
    units: int | None = Field(None, ge=0, le=10**9)
    price: Money | None = None
    cost: Money | None = None
    vat_percent: int | None = Field(None, ge=0, le=99)
    barcode: str | None = Field(None, pattern=r"^[0-9]{0,13}$")
    stock: int | None = Field(None, ge=0, le=MOST_STOCK, description="null: without end")
    marked: bool | None = None
    best_before: str | None = Field(None, max_length=10, description="YYYY-MM-DD")
    active: bool | None = None


class PlaceChange(Body):
    """Fields of a place that change."""

    name: str | None = Field(None, max_length=100)
    kind: Literal["place", "table"] | None = None
    surcharge: int | None = Field(None, ge=0, le=100_00, description="hundredths of a percent")
    active: bool | None = None


class EmployeeChange(Body):
    """Fields of an employee that change."""

    first_name: str | None = Field(None, max_length=100)
    last_name: str | None = Field(None, max_length=100)
    role: Literal["cashier", "waiter", "cook", "manager", "administrator"] | None = None
    pin: str | None = Field(None, pattern=r"^[0-9]{4,6}$")
    active: bool | None = None


class SettingsChange(Body):
    """Settings that change."""

    name: str | None = Field(None, max_length=100)
    stir: str | None = Field(None, max_length=14)
    address: str | None = Field(None, max_length=200)
    phone: str | None = Field(None, max_length=13)
    paper: Literal[58, 80] | None = None
    surcharge_name: str | None = Field(None, max_length=63)
    surcharge_mxik: str | None = Field(None, max_length=17)
    surcharge_package: str | None = Field(None, max_length=20)
    surcharge_vat: int | None = Field(None, ge=0, le=99)
    close_at: str | None = Field(None, max_length=5)
    apps: Literal["confirm", "wait", "fail"] | None = None
    printer: str | None = Field(None, max_length=260)
    printer_qr: QrBy | None = None
    printer_pages: Pages | None = None


class PlaceWanted(Body):
    """Where an order is; null: over the counter."""

    place: Id | None = None


class LineBody(Body):
    """A product into an order."""

    product: Id
    amount: Annotated[int, Field(ge=1, le=MOST_AMOUNT)] = 1000
    label: str = Field("", max_length=255, description="marking code")


class NewOrder(PlaceWanted):
    """A new order: where it is, and its first lines."""

    lines: list[LineBody] = Field(default_factory=list, max_length=200)


class LineChange(Body):
    """What changes of a line; amount 0 takes it out."""

    amount: Amount | None = None
    discount: Money | None = None


class Discount(Body):
    """A discount on the whole order."""

    discount: Money


class Reason(Body):
    """Why."""

    reason: str = Field("", max_length=255)


class PaymentBody(Body):
    """One payment."""

    kind: Literal["cash", "card", "click", "payme", "uzum"]
    amount: Money


class PayBody(Body):
    """How an order is paid. `kind`: 0 purchase, 1 advance, 2 credit."""

    payments: list[PaymentBody] = Field(min_length=1, max_length=10)
    kind: int = Field(0, ge=0, le=2)


class OwnerLogin(Body):
    """A branch's POS login at the owner's portal."""

    login: str = Field(max_length=32)
    password: str = Field(max_length=128)


class AppAnswer(Body):
    """What a payment application says."""

    confirmed: bool


class RefundLine(Body):
    """What comes back of a line: its place on the receipt, from 0."""

    line: int = Field(ge=0, le=500)
    amount: Annotated[int, Field(ge=1, le=MOST_AMOUNT)]


class RefundBody(Body):
    """What comes back; without `lines` all that is left."""

    lines: list[RefundLine] | None = Field(None, min_length=1, max_length=200)
    restock: bool = True
