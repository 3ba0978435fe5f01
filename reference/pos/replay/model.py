"""The recorded day: JSON lines, each an object whose `kind` says what it is.

    day ─► product … ─► place … ─► order | refund | shift, by time … ─► sums

Money is tiyin, amounts are thousandths, moments are ISO 8601 in UTC. References (`ref`, `of`, `product`) hold
inside the file alone: a replay gives its orders ids of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reference.pos.errors import OrderError

PlaceKind = Literal["place", "table"]
PaidBy = Literal["cash", "card", "click", "payme", "uzum"]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DayHead(_Line):
    """The first line: which day it was, and when its first event came."""

    kind: Literal["day"] = "day"
    version: Literal[1] = 1
    day: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="Tashkent's")
    begins: AwareDatetime
    shop: str = ""


class Goods(_Line):
    """A product as it was sold; `stock` is what there was before the day, null for no end."""

    kind: Literal["product"] = "product"
    ref: int
    name: str
    category: str = ""
    mxik: str
    package_code: str = ""
    unit: str = "dona"
    units: int = 0
    price: int
    cost: int = 0
    vat_percent: int = 12
    barcode: str = ""
    stock: int | None = None
    marked: bool = False


class PlaceOfDay(_Line):
    """A place or table; `surcharge` in hundredths of a percent."""

    kind: Literal["place"] = "place"
    name: str
    place_kind: PlaceKind
    surcharge: int = 0


class OrderLine(_Line):
    """A line at the price of its moment."""

    product: int
    amount: int = Field(gt=0)
    price: int = Field(ge=0)
    discount: int = Field(default=0, ge=0)
    label: str = ""


class Paid(_Line):
    """A payment that was taken."""

    kind: PaidBy
    amount: int = Field(ge=0)


class OrderEvent(_Line):
    """An order from its opening (`at`) to its end; `closed` and `end` say which, `type` is the receipt's."""

    kind: Literal["order"] = "order"
    at: AwareDatetime
    ref: str
    employee: str = ""
    place: str | None = None
    lines: tuple[OrderLine, ...] = ()
    discount: int = Field(default=0, ge=0)
    confirmed: AwareDatetime | None = None
    closed: AwareDatetime | None = None
    end: Literal["open", "confirmed", "completed", "cancelled"]
    type: int = Field(default=0, ge=0, le=2)
    payments: tuple[Paid, ...] = ()
    reason: str = ""
    total: int = Field(ge=0)


class BackLine(_Line):
    """What came back of a line: its place on the receipt, from 0."""

    line: int = Field(ge=0)
    amount: int = Field(gt=0)


class RefundEvent(_Line):
    """A refund against an order of the same day."""

    kind: Literal["refund"] = "refund"
    at: AwareDatetime
    ref: str
    of: str
    employee: str = ""
    lines: tuple[BackLine, ...]
    total: int = Field(ge=0)


class ShiftEvent(_Line):
    """The shift was closed."""

    kind: Literal["shift"] = "shift"
    at: AwareDatetime


class Sums(_Line):
    """The last line: what it all came to. `cash` and `card` are what was taken less what was given back.

    `receipts` are the orders and refunds that have their fiscal receipt; `left_out` counts refunds of other
    days' orders, which no day can replay.
    """

    kind: Literal["sums"] = "sums"
    orders: int = 0
    completed: int = 0
    cancelled: int = 0
    refunds: int = 0
    sold: int = 0
    refunded: int = 0
    cash: int = 0
    card: int = 0
    receipts: int = 0
    left_out: int = 0


Event = OrderEvent | RefundEvent | ShiftEvent
_AnyLine = Annotated[
    DayHead | Goods | PlaceOfDay | OrderEvent | RefundEvent | ShiftEvent | Sums, Field(discriminator="kind")
]
_READER: Final[TypeAdapter[Any]] = TypeAdapter(_AnyLine)


class RecordedDay(BaseModel):
    """A whole day, events by time."""

    model_config = ConfigDict(frozen=True)

    head: DayHead
    goods: tuple[Goods, ...]
    places: tuple[PlaceOfDay, ...]
    events: tuple[Event, ...]
    sums: Sums

    def lines(self) -> Iterator[str]:
        """The lines of its file."""
        everything: Iterable[BaseModel] = (self.head, *self.goods, *self.places, *self.events, self.sums)
        for one in everything:
            yield json.dumps(one.model_dump(mode="json", exclude_none=True), ensure_ascii=False) + "\n"

    def write(self, path: Path) -> None:
        """Write the file."""
        with path.open("w", encoding="utf-8") as file:
            file.writelines(self.lines())


def read_recorded(path: Path) -> RecordedDay:
    """Read a file; OrderError names the line and the rule that is broken."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise OrderError("file", f"{path}: {error}") from error
    found: dict[str, list[Any]] = {}
    for place, line in enumerate(text.splitlines(), 1):
        try:
            one = _READER.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "kind"
            raise OrderError(f"line {place}", f"{where}: {first['msg']}") from error
        found.setdefault("event" if isinstance(one, Event) else one.kind, []).append(one)
    for kind, many in (("day", "first"), ("sums", "last")):
        if len(found.get(kind, ())) != 1:
            raise OrderError("file", f"{path}: needs one line of kind {kind}, its {many}")
    events: list[Event] = sorted(found.get("event", ()), key=lambda one: one.at)
    day = RecordedDay(
        head=found["day"][0],
        goods=tuple(found.get("product", ())),
        places=tuple(found.get("place", ())),
        events=tuple(events),
        sums=found["sums"][0],
    )
    _check_references(day)
    return day


def _check_references(day: RecordedDay) -> None:
    goods, places = {one.ref for one in day.goods}, {one.name for one in day.places}
    orders = {one.ref for one in day.events if isinstance(one, OrderEvent)}
    for event in day.events:
        if isinstance(event, RefundEvent) and event.of not in orders:
            raise OrderError("of", f"refund {event.ref} is of {event.of}, which is no order of the file")
        if not isinstance(event, OrderEvent):
            continue
        if event.place is not None and event.place not in places:
            raise OrderError("place", f"order {event.ref}: {event.place!r} is no place of the file")
        if missing := [line.product for line in event.lines if line.product not in goods]:
            raise OrderError("product", f"order {event.ref}: {missing[0]} is no product of the file")
