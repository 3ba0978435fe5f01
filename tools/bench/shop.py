"""`kassalab bench shop`: a café's month through the whole chain, the owner's dashboard, the till's page.

The dashboard is asked over HTTP of a portal with a million orders, on SQLite and, where a server is
installed, on PostgreSQL; its floor is the same portal's answer that asks nothing of the orders.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed
from reference.runtime.database import open_engine
from tools.bench import shop_orders
from tools.bench.children import BenchError
from tools.bench.figures import Figure, shown
from tools.bench.postgres import postgresql
from tools.bench.shop_paint import paints
from tools.demo_shop import peak_megabytes, run_shop_month
from tools.shop_month.plan import DAYS, RECEIPTS
from tools.shop_month.stand import OWNER, PASSWORD, PHONE, Api

ORDERS: Final = 1_000_000
ASKED: Final = 400
LOADS: Final = 20
LEAST_RECEIPTS: Final = 5_000
MOST_MONTH_SECONDS: Final = 60.0
MOST_DASHBOARD: Final = 200.0
"""Milliseconds."""
MOST_PAINT: Final = 1.0
"""Seconds."""
SEED: Final = 1
_PATIENCE: Final = 60.0
_TOLD: Final = 400
"""Changes in one request."""


def figures(
    folder: Path,
    days: int = DAYS,
    receipts: int = RECEIPTS,
    orders: int = ORDERS,
    asked: int = ASKED,
    loads: int = LOADS,
) -> Iterator[Figure]:
    """Every figure, as each is ready."""
    place = folder / "shop"
    place.mkdir()
    yield from month(place, days, receipts)
    with postgresql() as url:
        databases = {"SQLite": str(place / "owner.sqlite")} | ({"PostgreSQL": url} if url else {})
        yield from dashboard(place, databases, orders, asked)
    yield from paint(place, loads)


def month(place: Path, days: int, receipts: int) -> Iterator[Figure]:
    """The café's month: every receipt through till, drive, module and operator, every sum in the portal."""
    outcome = run_shop_month(place, SEED, lambda _: None, days, receipts)
    shutil.rmtree(place / "lab-shop")
    title = f"shop: a month of {outcome.receipts:,} receipts"
    holds = outcome.seconds <= MOST_MONTH_SECONDS
    yield Figure(title, outcome.seconds, "s", None, f"≤ {MOST_MONTH_SECONDS:g} s", holds)
    yield shown(f"{title}, each", 1000 * outcome.seconds / outcome.receipts, "ms")
    for part in ("pos", "backoffice"):
        yield shown(f"{title}, memory of {part}", outcome.memory[part], "MB")


class OwnersPortal:
    """`python -m reference.backoffice` on a database, with an owner's session at it."""

    def __init__(self, folder: Path, database: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "reference.backoffice", "--port", "0", "--seed", "1"]
        command += ["--dir", str(folder), "--database", database]
        log = folder / "portal.log"
        with log.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"the portal did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        self.api = Api(json.loads(line)["addresses"]["backoffice"])

    def enrol(self) -> None:
        """Register the owner of the benchmark."""
        ask = self.api.ask
        key = ask("POST", "/enrolments", {"phone": PHONE})["key"]
        code = str(ask("GET", "/outbox")[0]["text"]).rsplit(" ", 1)[-1]
        ask("POST", f"/enrolments/{key}/confirm", {"code": code})
        names = OWNER | {"password": PASSWORD, "password_repeated": PASSWORD}
        self.api.key = ask("POST", f"/enrolments/{key}/finish", names)["session"]

    def take(self, orders: int) -> None:
        """Link a point of sale and have it tell the first day."""
        ask = self.api.ask
        branch = ask("POST", "/branches", {"name": "Markaziy"})["branch"]["id"]
        offer = ask(
            "POST", "/sync/offers", {"device": "Kassa 1", "identity": "a shop for benchmarks", "newest": 0}
        )
        ask("POST", f"/branches/{branch}/links", {"code": offer["code"]})
        made = f"{shop_orders.FIRST_DAY}T03:00:00.000+00:00"
        told = [
            {"n": n, "kind": each.kind, "key": each.key, "made": made, "body": each.body}
            for n, each in enumerate(shop_orders.first_day(orders), 1)
        ]
        for place in range(0, len(told), _TOLD):
            ask("POST", "/sync/changes", {"changes": told[place : place + _TOLD]}, key=offer["key"])

    def log_in(self) -> None:
        """A session of the owner."""
        known = {"phone": PHONE, "password": PASSWORD}
        self.api.key = self.api.ask("POST", "/sessions", known, key="")["session"]

    def timed(self, path: str) -> tuple[float, Any]:
        """Real seconds of an answer, and the answer."""
        began = real_elapsed()
        told = self.api.ask("GET", path)
        return real_elapsed() - began, told

    def __enter__(self) -> OwnersPortal:
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        self.process.terminate()
        self.process.wait(_PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()


def fill(place: Path, database: str, orders: int) -> int:
    """A portal's database with so many orders, whole days; how many days. BenchError: the sums are wrong."""
    a_day = min(orders, shop_orders.DAY_ORDERS)
    days = orders // a_day
    with OwnersPortal(place, database) as portal:
        portal.enrol()
        portal.take(a_day)
    engine = open_engine(database, {}, large=True)
    try:
        shop_orders.repeat(engine, days)
        counted = shop_orders.recounted(engine)
        for name, sums in shop_orders.summed(engine).items():
            if sums != counted:
                raise BenchError(f"the sums by {name} say {sums}, the orders {counted}")
    finally:
        engine.dispose()
    return days


def questions(rng: Random, days: int, count: int) -> list[str]:
    """Dashboards that an owner asks for: a day, a week, a month, a year, of all branches or one."""
    found = []
    for _ in range(count):
        span = min(rng.choice((1, 7, 7, 7, 30, 30, 90, 365)), days)
        last = shop_orders.FIRST_DAY + timedelta(days=rng.randrange(span - 1, days))
        branch = rng.choice(("", "&branch=1"))
        found.append(f"/dashboard?first={last - timedelta(days=span - 1)}&last={last}{branch}")
    return found


def dashboard(place: Path, databases: dict[str, str], orders: int, asked: int) -> Iterator[Figure]:
    """The 95th of 100 dashboards on each database, both asked in turn; both have to say the same."""
    taken: dict[str, list[float]] = {name: [] for name in databases}
    floors: dict[str, list[float]] = {name: [] for name in databases}
    with ExitStack() as running:
        portals = {}
        for name, database in databases.items():
            days = fill(place / f"fill-{name.lower()}", database, orders)
            portals[name] = running.enter_context(OwnersPortal(place / name.lower(), database))
            portals[name].log_in()
        for number, path in enumerate(questions(generator(2, "bench dashboards"), days, asked)):
            said = []
            for name, portal in portals.items():
                seconds, told = portal.timed(path)
                said.append(told)
                if number >= asked // 20:  # the first ones warm it
                    taken[name].append(seconds)
                    floors[name].append(portal.timed("/me")[0])
            if any(each != said[0] for each in said):
                raise BenchError(f"{path}: the databases say different things")
        memory = {name: peak_megabytes(portal.process.pid) for name, portal in portals.items()}
    for name in databases:
        value, floor = (1000 * _p95(column[name]) for column in (taken, floors))
        title = f"shop: dashboard over {orders:,} orders, {name}"
        yield Figure(title, value, "ms", floor, f"p95 ≤ {MOST_DASHBOARD:g} ms", value <= MOST_DASHBOARD)
        yield shown(f"{title}, memory", memory[name], "MB")


def paint(place: Path, loads: int) -> Iterator[Figure]:
    """The till's order screen in headless Chromium: first paint, and when its goods can be tapped."""
    found = paints(place, loads)
    title = f"shop: till with {found.products} products"
    first = _p95(found.first)
    holds = first <= MOST_PAINT
    yield Figure(f"{title}, first paint, p95 of {loads}", first, "s", None, f"≤ {MOST_PAINT:g} s", holds)
    yield shown(f"{title}, first paint, median", statistics.median(found.first), "s")
    yield shown(f"{title}, goods to be tapped, p95", _p95(found.usable), "s")
    yield shown(f"{title}, memory of pos", found.memory, "MB")


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
