"""What points of sale may tell: shapes and bounds of every kind of change, so that no page meets what it
cannot show. Fields that nobody here asks for are kept as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from reference.backoffice.moments import moment_of
from reference.runtime.json_refusals import FIELD
from reference.runtime.refusals import Finding, InvalidError

LARGEST: Final = 2**53 - 1
"""Sums and amounts beyond it are no shop's."""
YEARS: Final = range(2000, 2200)


def _moment(text: str) -> str:
    moment = moment_of(text)
    if moment.tzinfo is None:
        raise ValueError("a moment has its offset from UTC")
    if moment.year not in YEARS:
        raise ValueError(f"a moment is of the years {YEARS.start} to {YEARS.stop - 1}")
    return text


def _clean(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a text holds no NUL")
    return text


Number = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
Text = Annotated[str, AfterValidator(_clean)]
Name = Annotated[str, Field(max_length=32), AfterValidator(_clean)]
"""What a point of sale calls a thing of its own."""
Key = Name | Number


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class ProductTold(_Told):
    """A product: price in tiyin, stock in thousandths or None."""

    name: Text
    category: Text
    price: Number
    stock: Number | None
    active: bool


class EmployeeTold(_Told):
    """An employee."""

    first_name: Text
    last_name: Text
    role: Literal["cashier", "waiter", "cook", "manager", "administrator"]
    active: bool


class LineTold(_Told):
    """A line of an order."""

    product: Key | None
    amount: Number
    sum: Number


class OrderTold(_Told):
    """An order or a refund; one that is completed was closed."""

    state: Literal["open", "confirmed", "completed", "cancelled"]
    employee: Key
    opened: Moment
    closed: Moment | None
    total: Number
    spent: Number = 0
    surcharge: Number = 0
    refund_of: Text | None
    lines: list[LineTold] = []

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if self.state == "completed" and self.closed is None:
            raise ValueError("closed: a completed order was closed")
        return self


class PaymentTold(_Told):
    """A payment; negative when the money went back."""

    order: Annotated[Text, Field(max_length=32)]
    kind: Annotated[Text, Field(max_length=16)]
    group: Literal["cash", "card", "mobile"]
    amount: Number
    state: Literal["pending", "confirmed", "failed", "returned"]
    made: Moment
    employee: Key


class FiscalTold(_Told):
    """How far the receipt of an order is."""

    order: Annotated[Text, Field(max_length=32)]
    state: Literal["waiting", "done", "refused"]
    acknowledged: bool = False


MODELS: Final[Mapping[str, type[_Told]]] = {
    "product": ProductTold,
    "employee": EmployeeTold,
    "order": OrderTold,
    "payment": PaymentTold,
    "fiscal": FiscalTold,
}
"""By kind of change; the others are taken as they are."""


_NAMES: Final[TypeAdapter[str]] = TypeAdapter(Name, config=ConfigDict(strict=True))
_REPORTS: Final[TypeAdapter[str]] = TypeAdapter(
    Annotated[Text, Field(max_length=64)], config=ConfigDict(strict=True)
)
"""Z-reports bear longer names than things of the shop do."""


def check(where: str, kind: str, key: str, body: Mapping[str, Any]) -> None:
    """InvalidError that names what is wrong with a change below `where`: its key, every field of its body."""
    found: list[Finding] = []
    try:
        (_REPORTS if kind == "shift" else _NAMES).validate_python(key)
    except ValidationError as error:
        found += [_finding(f"{where}.key", each) for each in error.errors(include_url=False)]
    model = MODELS.get(kind)
    try:
        if model is not None:
            model.model_validate(dict(body))
    except ValidationError as error:
        found += [_finding(f"{where}.body", each) for each in error.errors(include_url=False)]
    if found:
        raise InvalidError(found)


def _finding(where: str, error: Mapping[str, Any]) -> Finding:
    # A rule about several fields has no place of its own: it begins with the name of the one to be mended.
    place = list(error["loc"])
    if not place and not where.endswith(".key"):
        place = [str(error.get("ctx", {}).get("error", "")).partition(":")[0]]
    return Finding(".".join((where, *map(str, place))), str(error["type"]), FIELD)
