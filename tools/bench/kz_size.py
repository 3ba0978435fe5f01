"""Figures of a large Kazakh operator: 10,000 registers, and a ledger that grows to 2 million tickets.

The ledger is grown while its operator is stopped: every register first sells one ticket over the wire, then
its document is copied in the ledger's own table, under new numbers, signs and pages, register by register in
turn as tickets really come. Nothing else is copied; counters stay those of the tickets really sold.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from ofd_mock.kz import tables
from tools.bench.figures import Figure, flat
from tools.bench.kz_fleet import Fleet, OperatorChild, operator

REGISTERS: Final = 10_000
SIZES: Final = (0, 500_000, 1_000_000, 2_000_000)
MOST_MEGABYTES: Final = 400
WINDOW: Final = 2_500
"""Tickets of one measurement, each of another register."""
ROUNDS: Final = 16
_LEDGER: Final = "ledger.sqlite"
_SIGN_PRIME: Final = 8_999_999_999_971
"""Multiples modulo a prime are signs without order that never meet; 13 digits: nor a real one."""
_COPIED: Final = {
    "number": "number + :turn",
    "sign": f"cast(1000000000000 + ((:turn * 10007 + device) * 7919 * 104729) % {_SIGN_PRIME} as text)",
    "page": "lower(hex(randomblob(18)))",
    "printed_number": "printed_number + :turn",
    "time": "strftime('%Y-%m-%dT%H:%M:%S', time, '+' || :turn || ' seconds')",
}


def memory(folder: Path) -> Figure:
    """The most memory that an operator had resident while 10,000 registers each sold a ticket, in MB.

    Its ledger stays in `folder` for `ticket_stays_flat`.
    """
    with operator(folder / "size") as server:
        sell_one_each(server, REGISTERS)
        megabytes = server.peak_memory() / 1e6
    goal = f"< {MOST_MEGABYTES} MB"
    name = f"kz: memory with {REGISTERS:,} registers"
    return Figure(name, megabytes, "MB", None, goal, megabytes < MOST_MEGABYTES)


def sell_one_each(server: OperatorChild, registers: int) -> None:
    """Make registers and let each sell a ticket."""
    with Fleet(server.provision(registers)) as fleet:
        if fleet.run(server.address).rate <= 0:
            raise AssertionError("no ticket was sold")


def ticket_stays_flat(
    folder: Path, sizes: Sequence[int] = SIZES, window: int = WINDOW, rounds: int = ROUNDS
) -> Figure:
    """Real time of a ticket, a connection each, in ledgers of growing size; needs `memory` before it.

    Every size has an operator of its own, and they sell in turn, so that a busy moment meets all. Each round
    begins with the next one, forwards and backwards by turns: an operator moves its log while the one behind
    it is measured, and each is to be behind each.
    """
    with ExitStack() as running:
        pairs = []
        for size, place in zip(sizes, grown(folder / "size", sizes), strict=True):
            server = running.enter_context(operator(place))
            step = max(1, REGISTERS // window)
            fleet = running.enter_context(Fleet(registers_of(place / _LEDGER)[::step], sold=1))
            pairs.append((size, server, fleet))
        os.sync()
        taken: dict[int, list[float]] = {size: [] for size in sizes}
        for round_ in range(rounds + 1):
            first = round_ % len(pairs)
            turn = pairs[first:] + pairs[:first]
            for size, server, fleet in turn if round_ // len(pairs) % 2 == 0 else turn[::-1]:
                taken[size].append(1e6 / fleet.run(server.address).rate)
    medians = [statistics.median(times[1:]) for times in taken.values()]
    return flat("kz: a ticket, 1st to 2,000,000th", medians, "µs", 0.2)


def grown(first: Path, sizes: Sequence[int]) -> list[Path]:
    """Folders with a ledger each: what stands in `first`, and copies of it grown to `sizes` tickets."""
    places = []
    work = first.with_name("growing.sqlite")
    shutil.copyfile(first / _LEDGER, work)
    with closing(sqlite3.connect(work, isolation_level=None)) as store:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            store.execute(f"PRAGMA {pragma}")
        # The copies follow second by second, and all of them before whatever is sold next.
        earlier = "update kz_documents set time = strftime('%Y-%m-%dT%H:%M:%S', time, '-1 day')"
        store.execute(earlier)
        turn = 0
        registers = store.execute("select count(*) from kz_documents").fetchone()[0]
        for size in sizes:
            turn = _grow(store, turn, max(0, size // registers - 1))
            place = first.with_name(f"size-{size}")
            place.mkdir()
            shutil.copyfile(work, place / _LEDGER)
            places.append(place)
    work.unlink()
    return places


def _grow(store: sqlite3.Connection, turn: int, last: int) -> int:
    """Copy every register's first document until there are `last` copies; gives their number."""
    names = [column.name for column in tables.documents.columns]
    values = [_COPIED.get(name, name) for name in names]
    copy = (
        f"insert into kz_documents ({', '.join(names)}) "  # noqa: S608 - our own column names
        f"select {', '.join(values)} from kz_documents where number = 1"
    )
    store.execute("begin")
    while turn < last:
        turn += 1
        store.execute(copy, {"turn": turn})
    store.execute("update kz_devices set documents = ?", (turn + 1,))
    store.execute("commit")
    return turn


def registers_of(ledger: Path) -> list[tuple[int, int]]:
    """IDs and tokens of all registers of a ledger."""
    with closing(sqlite3.connect(ledger)) as store:
        return store.execute("select id, issued from kz_devices order by id").fetchall()
