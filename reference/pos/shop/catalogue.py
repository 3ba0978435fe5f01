"""The catalogue: goods with their codes, prices and stock (BX-PRD-01, UZ-POS-04, UZ-POS-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.premises import Premises, Writing
from reference.runtime.forms import Form
from reference.runtime.refusals import RefusedError, UnknownError
from reference.runtime.words import Words

MOST_PRICE: Final = 10**13
"""Tiyin: far above any price, far below what a receipt holds."""
MOST_STOCK: Final = 10**12
FIELDS: Final = (
    "name",
    "category",
    "mxik",
    "package_code",
    "unit",
    "units",
    "price",
    "cost",
    "vat_percent",
    "barcode",
    "stock",
    "marked",
    "best_before",
    "active",
)
_BARCODE: Final = Words("Bu shtrix-kod band", "Такой штрихкод уже есть", "Another product has this barcode")
_SHORT: Final = Words("Omborda yetarli emas", "Недостаточно на складе", "There is not enough in stock")

_TABLE: Final = tables.Base.metadata.tables[tables.Product.__tablename__]
_ROWS: Final = _TABLE.c
_TAKE: Final = (
    update(_TABLE)
    .where(_ROWS.id == bindparam("product"), _ROWS.stock >= bindparam("amount"))
    .values(stock=_ROWS.stock - bindparam("amount"))
)


@dataclass(frozen=True, slots=True)
class Good:
    """What a product is while it is sold; `counted`: how much is left of it changes with every sale."""

    id: int
    name: str
    mxik: str
    package_code: str
    unit: str
    units: int
    price: int
    cost: int
    vat_percent: int
    barcode: str
    marked: bool
    best_before: str | None
    active: bool
    counted: bool


_GOOD: Final[Select[Any]] = select(
    *(_ROWS[each.name] for each in fields(Good) if each.name != "counted"), _ROWS.stock.is_not(None)
).where(_ROWS.id == bindparam("product"))


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product as pages and API show it."""

    id: int
    name: str
    category: str
    mxik: str
    package_code: str
    unit: str
    units: int
    price: int
    cost: int
    vat_percent: int
    barcode: str
    stock: int | None
    marked: bool
    best_before: str | None
    active: bool


class Catalogue:
    """The desk for goods."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def add(self, given: Mapping[str, Any]) -> ProductView:
        """A new product. InvalidError names every wrong field."""
        with self._premises.changing() as session:
            row = tables.Product(**_read(given, {}))
            self._require_free_barcode(session, row)
            session.add(row)
            session.flush()
            return self._told(session, row)

    def change(self, product: int, given: Mapping[str, Any]) -> ProductView:
        """Change the fields that are given; orders that have it keep what they had."""
        with self._premises.changing() as session:
            row = _find(session, product)
            for name, value in _read(given, asdict(view_of(row))).items():
                setattr(row, name, value)
            self._require_free_barcode(session, row)
            return self._told(session, row)

    def one(self, product: int) -> ProductView:
        """One product; UnknownError."""
        with self._premises.reading() as session:
            return view_of(_find(session, product))

    def by_barcode(self, barcode: str) -> ProductView:
        """The active product of a barcode; UnknownError."""
        table = tables.Product
        query = select(table).where(table.barcode == barcode, table.active, table.barcode != "")
        with self._premises.reading() as session:
            row = session.scalars(query.limit(1)).first()
            if row is None:
                raise UnknownError("product")
            return view_of(row)

    def search(
        self, text: str = "", category: str = "", *, inactive: bool = False, limit: int = 200
    ) -> list[ProductView]:
        """Products whose name, barcode or MXIK holds `text`, by name."""
        table = tables.Product
        query = select(table).order_by(func.lower(table.name), table.id).limit(limit)
        if text:
            query = query.where(_holds(text))
        if category:
            query = query.where(table.category == category)
        if not inactive:
            query = query.where(table.active)
        with self._premises.reading() as session:
            return [view_of(row) for row in session.scalars(query)]

    def categories(self) -> list[str]:
        """Categories of active products, by name."""
        table = tables.Product
        query = select(table.category).where(table.active, table.category != "").distinct()
        with self._premises.reading() as session:
            return sorted(session.scalars(query))

    def _told(self, session: Session, row: tables.Product) -> ProductView:
        view = view_of(row)
        self._premises.tell(session, "product", row.id, asdict(view))
        return view

    def _require_free_barcode(self, session: Session, row: tables.Product) -> None:
        table = tables.Product
        query = select(table.id).where(table.barcode == row.barcode, table.active)
        others = [each for each in session.scalars(query) if each != row.id]
        if row.barcode and row.active and others:
            raise RefusedError("barcode", _BARCODE)


def good(premises: Premises, product: int) -> Good:
    """A product as it is sold, remembered until goods change; UnknownError."""
    known = premises.memory.of(Good)
    found = known.get(product)
    if found is None:
        with premises.looking() as connection:
            row = connection.execute(_GOOD, {"product": product}).first()
        if row is None:
            raise UnknownError("product")
        found = known[product] = Good(*row)
    return found


def _find(session: Session, product: int) -> tables.Product:
    row = session.get(tables.Product, product)
    if row is None:
        raise UnknownError("product")
    return row


def view_of(row: tables.Product) -> ProductView:
    """A row as a view."""
    return ProductView(row.id, **{name: getattr(row, name) for name in FIELDS})


def take_from_stock(writing: Writing, product: Good, amount: int) -> None:
    """Take thousandths from the stock, or put them back when negative; RefusedError: too few."""
    if product.counted and not writing.execute(_TAKE, {"product": product.id, "amount": amount}).rowcount:
        raise RefusedError("stock", _SHORT)


def _holds(text: str) -> ColumnElement[bool]:
    table = tables.Product
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = f"%{escaped}%"
    return or_(
        table.name.ilike(pattern, escape="\\"),
        table.barcode.like(pattern, escape="\\"),
        table.mxik.like(pattern, escape="\\"),
    )


def _read(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    form = Form(given, FIELDS, {name: before[name] for name in FIELDS if name in before})
    read = {
        "name": form.text("name", 63, least=1),
        "category": form.text("category", 100),
        "mxik": form.text("mxik", 17, least=17, pattern="[0-9]{17}"),
        "package_code": form.text("package_code", 20, pattern="[0-9]*"),
        "unit": form.text("unit", 20) or "dona",
        "units": form.number("units", 0, 10**9, otherwise=0),
        "price": form.number("price", 0, MOST_PRICE),
        "cost": form.number("cost", 0, MOST_PRICE, otherwise=0),
        "vat_percent": form.number("vat_percent", 0, 99, otherwise=12),
        "barcode": form.text("barcode", 13, pattern="[0-9]*"),
        "stock": form.number_or_none("stock", 0, MOST_STOCK),
        "marked": form.mark("marked"),
        "best_before": form.day("best_before"),
        "active": form.mark("active", otherwise=True),
    }
    form.done()
    return read
