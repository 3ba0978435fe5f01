"""Every address of the point of sale in one table."""

from __future__ import annotations

from typing import Any

from reference.pos.shop.worker import Standing
from reference.pos.web import bodies
from reference.pos.web.counter import Counter
from reference.pos.web.keeping_routes import keeping_routes
from reference.pos.web.paper_routes import paper_routes
from reference.pos.web.selling_routes import selling_routes
from reference.runtime.json_routes import JsonRoute


def routes_of(counter: Counter) -> tuple[JsonRoute, ...]:
    """The table, bound to one shop."""
    return (*_coming(counter), *keeping_routes(counter), *selling_routes(counter), *paper_routes(counter))


def _coming(counter: Counter) -> tuple[JsonRoute, ...]:
    """Who is at the till, and where things stand."""
    return (
        JsonRoute(
            "GET", "/people", "who can come to the till", counter.people, list[dict[str, Any]], public=True
        ),
        JsonRoute(
            "POST", "/sessions", "come with a PIN", counter.come, dict[str, Any], bodies.Coming, True, 201
        ),
        JsonRoute("GET", "/me", "who is at the till", counter.me, dict[str, Any]),
        JsonRoute("DELETE", "/sessions", "leave the till", counter.go, dict[str, bool], public=True),
        JsonRoute(
            "GET", "/standing", "service, shift, unsent receipts, waiting orders", counter.standing, Standing
        ),
        JsonRoute("POST", "/standing", "the same after one more look", counter.look, Standing),
    )
