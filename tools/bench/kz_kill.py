"""Figure of the Kazakh operator's promise: killed under load, it has every acknowledged ticket, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

import sqlalchemy as sa

from ofd_mock.kz import tables
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock
from reference.runtime.database import open_engine
from tools.bench.children import BenchError
from tools.bench.figures import Figure
from tools.bench.kz_fleet import Fleet, OperatorChild

KILLS: Final = 20
REGISTERS: Final = 10_000
_LEAST_SECONDS, _MOST_SECONDS = 0.3, 1.2
"""Real seconds of load before a kill."""
_FOR_EVER: Final = 1_000_000


def acknowledged_is_kept(folder: Path, *, kills: int = KILLS, registers: int = REGISTERS) -> Figure:
    """Acknowledged tickets that are missing or stand twice after `kills` times kill -9 and a new start.

    The same registers go on with the same ledger every time; whoever got no answer sends its ticket again.
    BenchError if a register is refused after a kill, or if too few tickets were sold to mean anything.
    """
    place = folder / "kill"
    log = folder / "kill.log"
    rng = generator(1, "bench kills")
    operator = OperatorChild(place, log)
    told: list[tuple[int, str]] = []
    cut = 0
    try:
        with Fleet(operator.provision(registers), told=True) as fleet:
            for _ in range(kills):
                acknowledged, unanswered = _killed(operator, fleet, rng)
                told += acknowledged
                cut += unanswered
                operator = OperatorChild(place, log)
            run = fleet.run(operator.address)
            if run.failed:
                raise BenchError(run.failed[0])
            told += run.told
    finally:
        operator.stop()
    if not cut or len(told) <= registers:
        raise BenchError(f"{len(told)} tickets were sold, {cut} cut off: the kills met no load")
    faults = wrong(place / "ledger.sqlite", told)
    name = f"kz: {len(told):,} tickets, {kills} kills: lost or doubled"
    return Figure(name, len(faults), "tickets", None, "0 tickets", not faults)


def _killed(operator: OperatorChild, fleet: Fleet, rng: Random) -> tuple[tuple[tuple[int, str], ...], int]:
    """Kill the operator while it works; gives what was acknowledged, and how many clients were cut off."""
    fleet.begin(operator.address, rounds=_FOR_EVER)
    wait = LabClock.private()
    try:
        wait.part("bench").sleep(rng.uniform(_LEAST_SECONDS, _MOST_SECONDS))
    finally:
        wait.close()
    operator.kill()
    run = fleet.end()
    return run.told, len(run.failed)


def wrong(ledger: Path, told: Iterable[tuple[int, str]]) -> list[str]:
    """What the ledger has otherwise than was acknowledged, a sentence each.

    Every register's tickets must be those it was told, in that order, numbered without a gap.
    """
    expected: dict[int, list[str]] = {}
    for device, sign in told:
        expected.setdefault(device, []).append(sign)
    engine = open_engine(str(ledger), {})
    table = tables.documents
    query = sa.select(table.c.device, table.c.number, table.c.sign).order_by(table.c.device, table.c.number)
    held: dict[int, list[str]] = {}
    faults = []
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    engine.dispose()
    for device, _, sign in rows:
        held.setdefault(device, []).append(sign)
    faults += [f"{device}: {old} is followed by {new}" for device, old, new in _gaps(rows)]
    for device in expected.keys() | held.keys():
        missing = Counter(expected.get(device, ()))
        missing.subtract(held.get(device, ()))
        faults += [f"{device}: sign {sign} stands {count:+d}" for sign, count in missing.items() if count]
        if not any(missing.values()) and expected.get(device) != held.get(device):
            faults.append(f"{device}: the order is another")
    return faults


def _gaps(rows: Iterable[Any]) -> list[tuple[int, int, int]]:
    return [
        (after.device, before.number, after.number)
        for before, after in pairwise(rows)
        if before.device == after.device and after.number != before.number + 1
    ]
