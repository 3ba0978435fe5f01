"""Addresses of what a shop keeps: goods, places, people, settings, the link to its owner."""

from __future__ import annotations

from typing import Final

from reference.pos.shop.catalogue import ProductView
from reference.pos.shop.fiscal_desk import FiscalView
from reference.pos.shop.places import PlaceView
from reference.pos.shop.reporting import ReportState
from reference.pos.shop.settings import ShopSettings
from reference.pos.shop.staff import EmployeeView, Right
from reference.pos.web import bodies
from reference.pos.web.counter import Bound, Counter
from reference.runtime.json_routes import JsonRoute, Parameter

_SEARCH: Final = Parameter("q", "text to look for")
_CATEGORY: Final = Parameter("category", "a category")


def keeping_routes(counter: Counter) -> tuple[JsonRoute, ...]:
    """The rows, bound to one shop."""
    return (*_stocking(counter), *_running(counter))


def _stocking(counter: Counter) -> tuple[JsonRoute, ...]:
    """Goods and places."""
    bound, desks = Bound(counter), counter.desks
    changing, reading = bound.changing, bound.reading
    return (
        JsonRoute(
            "GET",
            "/products",
            "goods by name",
            reading(lambda a: desks.catalogue.search(a.query.get("q", ""), a.query.get("category", ""))),
            list[ProductView],
            query=(_SEARCH, _CATEGORY),
        ),
        JsonRoute(
            "GET", "/categories", "categories", reading(lambda _: desks.catalogue.categories()), list[str]
        ),
        JsonRoute(
            "POST",
            "/products",
            "a new product",
            changing(Right.CATALOGUE, lambda a: desks.catalogue.add(a.given)),
            ProductView,
            bodies.ProductChange,
            status=201,
        ),
        JsonRoute(
            "PATCH",
            "/products/{id}",
            "change a product",
            changing(Right.CATALOGUE, lambda a: desks.catalogue.change(a.path["id"], a.given)),
            ProductView,
            bodies.ProductChange,
        ),
        JsonRoute(
            "GET", "/places", "places and tables", reading(lambda _: desks.places.all()), list[PlaceView]
        ),
        JsonRoute(
            "POST",
            "/places",
            "a new place",
            changing(Right.CATALOGUE, lambda a: desks.places.add(a.given)),
            PlaceView,
            bodies.PlaceChange,
            status=201,
        ),
        JsonRoute(
            "PATCH",
            "/places/{id}",
            "change a place",
            changing(Right.CATALOGUE, lambda a: desks.places.change(a.path["id"], a.given)),
            PlaceView,
            bodies.PlaceChange,
        ),
    )


def _running(counter: Counter) -> tuple[JsonRoute, ...]:
    """People, settings, the owner's portal."""
    bound, desks = Bound(counter), counter.desks
    changing, reading = bound.changing, bound.reading
    return (
        JsonRoute(
            "POST",
            "/employees",
            "a new employee",
            changing(Right.STAFF, lambda a: desks.staff.add(a.given)),
            EmployeeView,
            bodies.EmployeeChange,
            status=201,
        ),
        JsonRoute(
            "PATCH",
            "/employees/{id}",
            "change an employee",
            changing(Right.STAFF, lambda a: desks.staff.change(a.path["id"], a.given)),
            EmployeeView,
            bodies.EmployeeChange,
        ),
        JsonRoute("GET", "/settings", "settings", reading(lambda _: desks.settings.read()), ShopSettings),
        JsonRoute(
            "PATCH",
            "/settings",
            "change settings",
            changing(Right.SETTINGS, lambda a: desks.settings.change(a.given)),
            ShopSettings,
            bodies.SettingsChange,
        ),
        JsonRoute("POST", "/test-receipt", "prove the chain", counter.prove_chain, FiscalView),
        JsonRoute("POST", "/owner/offer", "ask to be linked by QR code", counter.offer, ReportState),
        JsonRoute("GET", "/owner/qr", "the QR code that the owner scans", counter.qr, dict[str, str]),
        JsonRoute(
            "POST", "/owner/login", "link with a POS login", counter.link, ReportState, bodies.OwnerLogin
        ),
    )
