"""The till killed as by kill -9 at each write of its journal, over real sockets: one receipt each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reference.drive.app import create_app
from reference.drive.dialects.ports import FaceServers
from reference.runtime.clock import LabClock
from reference.runtime.serving import HttpServer
from tests.drive.conftest import START
from tests.pos.fiscal.conftest import DIALECTS, FACES

LIMIT = 1 << 20
SCRIPT = """
import json, os, sys
from pathlib import Path
from reference.pos.errors import TillError
from reference.pos.fiscal.address import open_service
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import FAULT_POINT, OrderBook
from reference.pos.till import Till
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points

address, clock, folder, most = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
line = Line(name="Non", price=500_000, mxik="01905001001000000", package_code="1500001")


def till(lab, faults=None):
    return Till(open_service(address), OrderBook(folder / "orders.journal", faults), lab.part("pos"))


def sell(point, stage, skip):
    lab = LabClock.attach(clock)
    lab.advance(5)
    faults = FaultPoints(journal_points(FAULT_POINT), lab.part("pos"), "pos", journal_actions(FAULT_POINT))
    faults.add(point=point, action="crash", skip=skip)
    order = Order(id=f"{stage}-{skip}", lines=(line,), payment=Payment(cash=500_000))
    till(lab, faults).sell(order)


told = []
for stage, point in (("write", FAULT_POINT), ("sync", FAULT_POINT.split(".")[0] + ".sync")):
    for skip in range(most):
        child = os.fork()
        if not child:
            sell(point, stage, skip)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        lab = LabClock.attach(clock)
        lab.advance(60)
        again = till(lab)
        name = f"{stage}-{skip}"
        taken = again.book.known(name)
        again.finish_pending()
        answer = again.book.sale(name).answer if taken else None
        made = None if answer is None else [answer["ReceiptSeq"], answer["FiscalSign"]]
        told.append([name, status, taken, made])
        again.book.close()
        lab.close()
print(json.dumps(told))
"""
SYNCS = {"rest": 4, "rpc1": 4, "qpos": 4, "communicator": 4}
"""Taken, prepared, attempted (REST: with the TXID), answered."""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_killed_at_each_write_and_sync_of_the_journal(make_bench: Any, tmp_path: Path, dialect: str) -> None:
    bench = make_bench(lab=LabClock.create(tmp_path / "clock", START, rate=0.0))
    bench.tick(60)
    bench.open_shift()
    with HttpServer(create_app(bench.drive), "127.0.0.1", 0) as rest:
        faces = FaceServers(bench.drive, "127.0.0.1", dict.fromkeys(FACES.values(), 0), LIMIT)
        faces.start()
        try:
            url = rest.url if dialect == "rest" else faces.addresses[FACES[dialect]]
            where = [
                f"{dialect}:{url}",
                str(tmp_path / "clock"),
                str(tmp_path / "till"),
                str(SYNCS[dialect]),
            ]
            environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
            ran = subprocess.run(
                [sys.executable, "-c", SCRIPT, *where],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
        finally:
            faces.stop()
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert len(told) == 2 * SYNCS[dialect]
    assert all(status == 137 for _, status, _, _ in told), "each was killed"
    assert [name for name, _, taken, _ in told if not taken] == ["write-0"], "before the order was kept"
    sold = [tuple(answer) for _, _, taken, answer in told if taken]
    everything = bench.core.stage.gen1.between(
        bench.factory_id, START.replace(tzinfo=None), bench.now() + timedelta(1)
    )
    truth = sorted((one.answer.receipt_seq, one.answer.fiscal_sign) for one in everything)
    assert sorted(sold) == truth
    assert bench.number == len(sold)
