"""`kassalab bench portal`: lists, filters and archives over 5 million documents; users beside tickets.

The ledger stands in SQLite and, where a PostgreSQL server is installed, there as well; both portals are asked
in turn, so that a busy moment meets both. The floor of a list is the same portal's page that asks nothing of
the ledger.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import sqlalchemy as sa

from ofd_mock.kz import tables
from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed
from reference.runtime.database import open_engine
from tools.bench.children import BenchError
from tools.bench.figures import Figure, at_least, shown
from tools.bench.kz_fleet import Fleet, OperatorChild, operator
from tools.bench.portal_ledger import FIRST_DAY, PASSWORD, Shop, build
from tools.bench.portal_users import Setting
from tools.bench.postgres import postgresql

REGISTERS: Final = 5
DOCUMENTS: Final = 1_000_000
"""Of each register, and so of the archive."""
ASKED: Final = 400
MOST_MILLISECONDS: Final = 150.0
MOST_MEGABYTES: Final = 250.0
MOST_FIRST_SECONDS: Final = 1.0
USERS: Final = 200
PAUSE: Final = 3.0
RATE: Final = 1_000
_SELLING: Final = 250
"""Registers that sell while people browse: each four tickets a second."""
_PATIENCE: Final = 600.0
_FORMATS: Final = ("json", "csv", "xlsx", "pdf")


def figures(
    folder: Path,
    registers: int = REGISTERS,
    documents: int = DOCUMENTS,
    asked: int = ASKED,
    seconds: float = 30.0,
) -> Iterator[Figure]:
    """Every figure, as each is ready; the ledgers stand below `folder`."""
    place = folder / "portal"
    place.mkdir()
    ledger = place / "ledger.sqlite"
    shop = built(ledger, registers, documents)
    with postgresql() as url:
        databases = {"SQLite": str(ledger)}
        if url is not None:
            databases["PostgreSQL"] = url
            built(url, registers, documents)
        yield from lists(place, databases, shop, asked)
    yield from archive(place, ledger, shop)
    yield from crowd(place, shop, seconds)


def built(database: Path | str, registers: int, documents: int) -> Shop:
    """The shop, in an empty database."""
    engine = open_engine(database, {}, large=True)
    try:
        return build(engine, registers, documents)
    finally:
        engine.dispose()


class Portal:
    """`python -m ofd_mock.portal` on a database, and the owner's session at it."""

    def __init__(self, folder: Path, database: str, login: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "ofd_mock.portal",
            "--port",
            "0",
            "--seed",
            "1",
            "--dir",
            str(folder),
        ]
        command += ["--database", database, "--authority", str(folder / "pki"), "--authority-bits", "2048"]
        self._log = folder / "portal.log"
        with self._log.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"the portal did not start: {self._log.read_text(encoding='utf-8')[-2000:]}")
        self.url: str = json.loads(line)["addresses"]["portal"]
        self.client = httpx.Client(base_url=f"{self.url}/api", timeout=_PATIENCE)
        made = self.client.post("/login", json={"login": login, "password": PASSWORD})
        self.session: str = made.json()["session"]
        self.client.headers["Authorization"] = f"Bearer {self.session}"

    def ask(self, path: str) -> float:
        """Real seconds of an answer. BenchError for any but 200."""
        began = real_elapsed()
        answer = self.client.get(path)
        taken = real_elapsed() - began
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"{path} was answered {answer.status_code}: {answer.text[:300]}")
        return taken

    def peak_memory(self) -> float:
        """The most megabytes that ever were resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return int(kilobytes) / 1000

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(_PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()


def questions(shop: Shop, rng: Random, count: int) -> list[str]:
    """Lists that people ask for: the newest page, a page deep inside, a day, a month, a shift, reports."""
    found = []
    for _ in range(count):
        card = rng.choice(shop.registers)
        day = rng.randrange(shop.days)
        first = (FIRST_DAY + timedelta(days=day)).date()
        month = first + timedelta(days=30)
        queries = (
            "transactions",
            f"transactions?place={rng.randrange(1, shop.documents)}.0",
            f"transactions?first={first}&last={first}",
            f"transactions?first={first}&last={month}",
            f"transactions?shift={day + 1}",
            f"transactions?first={first}&last={month}&shift={day + 1}",
            f"z-reports?first={first}&last={month}",
            "z-reports",
            f"x-reports?first={first}&last={month}",
            f"shifts?place={day + 1}",
        )
        found.append(f"/cards/{card}/{rng.choice(queries)}")
    return found


def lists(place: Path, databases: dict[str, str], shop: Shop, asked: int) -> Iterator[Figure]:
    """The 95th of 100 lists, over HTTP, the portal asked by one person."""
    total = len(shop.registers) * shop.documents
    taken: dict[str, list[float]] = {name: [] for name in databases}
    floors: dict[str, list[float]] = {name: [] for name in databases}
    with ExitStack() as running:
        portals = {
            name: running.enter_context(Portal(place / name.lower(), database, shop.login))
            for name, database in databases.items()
        }
        for number, path in enumerate(questions(shop, generator(2, "bench lists"), asked)):
            for name, portal in portals.items():
                seconds, floor = portal.ask(path), portal.ask("/me")
                if number >= asked // 20:  # the first ones warm it
                    taken[name].append(seconds)
                    floors[name].append(floor)
    for name in databases:
        value, floor = (1000 * _p95(column[name]) for column in (taken, floors))
        goal = f"p95 ≤ {MOST_MILLISECONDS:g} ms"
        title = f"portal: lists over {total:,} documents, {name}"
        yield Figure(title, value, "ms", floor, goal, value <= MOST_MILLISECONDS)


def archive(place: Path, ledger: Path, shop: Shop) -> Iterator[Figure]:
    """One register's whole archive in all formats: first bytes, time, memory, and whether it adds up."""
    card = shop.registers[0]
    target = place / "archive.zip"
    with Portal(place / "archive", str(ledger), shop.login) as portal:
        began = real_elapsed()
        body = {"table": "transactions", "formats": list(_FORMATS)}
        key = portal.client.post(f"/cards/{card}/archives", json=body).json()["key"]
        first = None
        with (
            portal.client.stream("GET", f"/cards/{card}/archives/{key}/file") as answer,
            target.open("wb") as file,
        ):
            for chunk in answer.iter_bytes():
                first = first or real_elapsed() - began
                file.write(chunk)
        taken, memory = real_elapsed() - began, portal.peak_memory()
    name = f"portal: archive of {shop.documents:,} documents"
    seconds = 99.0 if first is None else first
    yield Figure(
        f"{name}, first bytes",
        seconds,
        "s",
        None,
        f"≤ {MOST_FIRST_SECONDS:g} s",
        seconds <= MOST_FIRST_SECONDS,
    )
    yield Figure(f"{name}, memory", memory, "MB", None, f"< {MOST_MEGABYTES:g} MB", memory < MOST_MEGABYTES)
    yield shown(f"{name}, {', '.join(_FORMATS)}", taken, "s")
    wrong = abs(_packed(target) - _booked(ledger, card))
    yield Figure(f"{name}, off the ledger by", wrong, "tiyn", None, "= 0", wrong == 0)
    shutil.rmtree(place / "archive")


def _packed(path: Path) -> int:
    """Tiyn of all tickets, as an archive says."""
    with zipfile.ZipFile(path) as packed:
        summary: dict[str, Any] = json.loads(packed.read("archive.json"))
    return sum(int(one["sum"]) for one in summary["tickets"].values())


def _booked(ledger: Path, card: int) -> int:
    """Tiyn of all tickets, as the ledger's rows say."""
    columns = tables.documents.c
    query = sa.select(sa.func.sum(columns.total)).where(columns.device == card, columns.command == 1)
    engine = open_engine(ledger, {})
    try:
        with engine.connect() as connection:
            return int(connection.scalar(query) or 0)
    finally:
        engine.dispose()


def crowd(place: Path, shop: Shop, seconds: float) -> Iterator[Figure]:
    """Users who browse while the operator takes tickets into the same ledger."""
    with (
        operator(place) as server,
        Portal(place / "crowd", str(place / "ledger.sqlite"), shop.login) as portal,
    ):
        devices = server.provision(_SELLING)
        paths = [f"/api{path}" for path in questions(shop, generator(3, "bench crowd"), 500)]
        address = portal.url.removeprefix("http://")
        setting = Setting(address, portal.session, paths, USERS, seconds, PAUSE)
        command = [sys.executable, "-m", "tools.bench.portal_users"]
        with (
            Fleet(devices) as fleet,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as users,
        ):
            assert users.stdin is not None
            assert users.stdout is not None
            users.stdin.write(json.dumps(asdict(setting)) + "\n")
            users.stdin.flush()
            heard: list[str] = []
            told_by = users.stdout
            listener = threading.Thread(target=lambda: heard.append(told_by.readline()))
            listener.start()
            sold, failed = _sell(server, fleet, listener)
            told = json.loads(heard[0] or "{}")
            if not told:
                raise BenchError("the users' process ended")
    wrong = told["wrong"] + failed
    answered = told["answered"]
    name = f"portal: {USERS} users beside {RATE:,} tickets/s"
    yield Figure(f"{name}, errors of {answered:,} pages", wrong, "errors", None, "= 0", wrong == 0)
    yield at_least(f"{name}, tickets taken", sold, "tickets/s", RATE)
    yield shown(f"{name}, a page, p95", 1000 * _p95(told["seconds"]), "ms")


def _sell(server: OperatorChild, fleet: Fleet, users: threading.Thread) -> tuple[float, int]:
    """Sell at the rate until the users have gone: tickets a second, and rounds that failed."""
    pause, sold, failed = threading.Event(), 0, 0
    began = real_elapsed()
    due = 0.0
    while users.is_alive():
        run = fleet.run(server.address, kept=True)
        sold += run.answered
        failed += len(run.failed)
        due += _SELLING / (RATE * 1.02)
        pause.wait(max(0.0, due - (real_elapsed() - began)))
    return sold / (real_elapsed() - began), failed


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
